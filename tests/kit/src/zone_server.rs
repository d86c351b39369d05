//! Debian's NSD: a server of DNS that is not ours, with a zone file that somebody publishes.

use crate::limits::DOORS;
use crate::loopback::{Ports, at};
use crate::programs::Tool;
use crate::until::{Limit, until};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running NSD. It answers for every name there is.
pub struct ZoneServer {
    address: SocketAddr,
    folder: TempDir,
    child: Child,
    serial: u32,
}

impl ZoneServer {
    /// Starts it with a zone that names nobody.
    ///
    /// # Panics
    /// When it does not start; with its log.
    #[must_use]
    pub fn open() -> Self {
        let folder = tempfile::Builder::new().prefix("pli-nsd-").tempdir().expect("a folder can be made");
        let port = Ports::find().mx;
        let path = |name: &str| folder.path().join(name);
        let (zones, log) = (folder.path().display(), path("log"));
        let configuration = format!(
            "server:\n ip-address: 127.0.0.1@{port}\n do-ip6: no\n server-count: 1\n username: \"\"\n \
             database: \"\"\n zonesdir: \"{zones}\"\n pidfile: \"{zones}/pid\"\n xfrdir: \"{zones}\"\n \
             xfrdfile: \"{zones}/xfrd\"\n zonelistfile: \"{zones}/list\"\n logfile: \"{}\"\n\
             remote-control:\n control-enable: no\n\
             zone:\n name: \".\"\n zonefile: \"zone\"\n",
            log.display()
        );
        std::fs::write(path("nsd.conf"), configuration).expect("the configuration can be written");
        std::fs::write(path("zone"), zone(1, "")).expect("the zone can be written");
        let child = Command::new("nsd")
            .arg("-d")
            .arg("-c")
            .arg(path("nsd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("NSD is installed: scripts/test sees to it");
        let mut server = Self { address: at(port), folder, child, serial: 1 };
        until(Limit(DOORS, "NSD to open its door"), || {
            let ended = server.child.try_wait().expect("our own child");
            assert!(ended.is_none(), "NSD ended: {ended:?}\n{}", server.log());
            TcpStream::connect(server.address).is_ok().then_some(())
        });
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes these lines of a zone file instead of those before. NSD takes a moment to read them.
    pub fn publish(&mut self, lines: &str) {
        self.serial += 1;
        std::fs::write(self.folder.path().join("zone"), zone(self.serial, lines))
            .expect("the zone can be written");
        Tool::new("kill").arg("-HUP").arg(self.child.id().to_string()).run().ok();
    }

    /// What it has logged; a line of the zone that it does not understand stands there.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for ZoneServer {
    fn drop(&mut self) {
        // TERM: its children end with it.
        let _ = Tool::new("kill").arg(self.child.id().to_string()).run();
        let _ = self.child.wait();
    }
}

fn zone(serial: u32, lines: &str) -> String {
    format!(
        "$ORIGIN .\n$TTL 1\n@ IN SOA ns.example. root.example. {serial} 60 60 60 1\n@ IN NS ns.example.\n\
         ns.example. IN A 127.0.0.1\n{lines}"
    )
}
