//! Debian's Postfix as the server of another operator: its own folder, its own doors, mutual TLS both ways.

use crate::limits::{DOORS, NOTICE};
use crate::loopback::{Ports, at};
use crate::programs::Tool;
use crate::smtp::SmtpClient;
use crate::socket::{Socket, showing};
use crate::trust_space::{Member, Route};
use crate::until::{Limit, until};
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What a foreign operator is made of.
pub struct Foreign<'a> {
    /// Who it is.
    pub member: &'a Member,
    /// The authorities it believes, PEM.
    pub roots: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// The names of its mailboxes in that domain. One called `defunct` takes letters and loses them.
    pub mailboxes: &'a [&'a str],
    /// Where others are.
    pub routes: &'a [Route],
}

/// A running Postfix. Needs root, as Postfix does.
pub struct Postfix {
    /// Its doors: `mx` for operators, `submission` for its own people, without TLS or password.
    pub ports: Ports,
    folder: TempDir,
    child: Child,
}

/// The account Postfix runs under, and the one its mailboxes belong to.
const OWNER: &str = "postfix";
const KEEPER: &str = "nobody";

impl Postfix {
    /// Starts it and waits for its doors.
    ///
    /// # Panics
    /// When it does not start; with its log.
    #[must_use]
    pub fn open(ports: Ports, foreign: &Foreign<'_>) -> Self {
        let folder = tempfile::Builder::new().prefix("pli-postfix-").tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name);
        for name in ["etc", "queue", "data", "mail"] {
            std::fs::create_dir(path(name)).expect("a folder can be made");
        }
        foreign
            .member
            .identity
            .write(&path("chain.pem"), &path("key.pem"))
            .expect("certificates can be written");
        write(&path("roots.pem"), foreign.roots);
        write(&path("etc/main.cf"), &main_cf(folder.path(), foreign));
        write(&path("etc/master.cf"), &master_cf(folder.path(), ports));
        let mailboxes = foreign.mailboxes.iter().map(|name| format!("{name}@{} {name}/\n", foreign.domain));
        write(&path("boxes"), &mailboxes.collect::<String>());
        let routes = foreign.routes.iter();
        let ways = routes.clone().map(|way| format!("{} smtp:[127.0.0.1]:{}\n", way.domain, way.port));
        let lost = format!("defunct@{} lost:\n", foreign.domain);
        write(&path("transport"), &ways.chain([lost]).collect::<String>());
        let matched = routes.map(|way| format!("[127.0.0.1]:{} secure match={}\n", way.port, way.host));
        write(&path("tls"), &matched.collect::<String>());
        // EX_NOUSER of sysexits.h, which the pipe daemon makes a permanent failure of.
        write(&path("lost"), "#!/bin/sh\ncat > /dev/null\nexit 67\n");
        Tool::new("chmod").arg("755").arg(path("lost")).run().ok();
        // Its daemons give up root's rights and still have to pass through the folder.
        Tool::new("chmod").arg("755").arg(folder.path()).run().ok();
        Tool::new("chown").arg(OWNER).arg(path("data")).run().ok();
        Tool::new("chown").arg(KEEPER).arg(path("mail")).run().ok();
        let log = std::fs::File::create(path("log")).expect("the log can be written");
        let child = Command::new("postfix")
            .arg("-c")
            .arg(path("etc"))
            .arg("start-fg")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .expect("Postfix is installed: scripts/test sees to it");
        let mut postfix = Self { ports, folder, child };
        let limit = Limit(DOORS, "Postfix to open its doors");
        until(limit, || {
            let ended = postfix.child.try_wait().expect("our own child");
            assert!(ended.is_none(), "Postfix ended: {ended:?}\n{}", postfix.log());
            let open = |port| TcpStream::connect(at(port)).is_ok();
            (open(ports.mx) && open(ports.submission)).then_some(())
        });
        postfix
    }

    /// A program of one of its own people, EHLO said, no TLS.
    pub fn submission(&self) -> io::Result<SmtpClient> {
        let mut client = SmtpClient(Socket::clear(self.ports.submission, showing("", None))?);
        client.answer()?;
        client.expect("EHLO poste.example", 250)?;
        Ok(client)
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The letters in a mailbox, as it keeps them: its own trace on top, lines ended by LF.
    #[must_use]
    pub fn letters(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let folder = self.folder.path().join("mail").join(mailbox).join("new");
        let paths = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        paths.filter_map(|path: PathBuf| std::fs::read(path).ok()).collect()
    }

    /// Waits for a letter in a mailbox.
    ///
    /// # Panics
    /// When none comes; with its log.
    #[must_use]
    pub fn wait(&self, mailbox: &str, what: &'static str, wanted: impl Fn(&str) -> bool) -> Vec<u8> {
        until(Limit(NOTICE, what), || {
            let mut letters = self.letters(mailbox).into_iter();
            letters.find(|letter| wanted(&String::from_utf8_lossy(letter)))
        })
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "a story that fails shows what the server said")]
            {
                eprintln!("Postfix's log:\n{}", self.log());
            }
        }
        // It tells its daemons to end, and waits for them.
        let stop = Command::new("postfix").arg("-c").arg(self.folder.path().join("etc")).arg("stop").output();
        if stop.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn main_cf(folder: &Path, foreign: &Foreign<'_>) -> String {
    let Foreign { member, domain, .. } = foreign;
    let at = folder.display();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {at}/queue\ndata_directory = {at}/data\n\
         maillog_file = /dev/stdout\nmail_owner = {OWNER}\n\
         myhostname = {host}\nmydomain = {domain}\nmyorigin = {domain}\nmydestination =\n\
         inet_protocols = ipv4\ninet_interfaces = 127.0.0.1\nmynetworks =\n\
         alias_maps =\nalias_database =\nlocal_recipient_maps =\nbiff = no\n\
         queue_run_delay = 2s\nminimal_backoff_time = 2s\nmaximal_backoff_time = 5s\n\
         virtual_mailbox_domains = {domain}\nvirtual_mailbox_base = {at}/mail\n\
         virtual_mailbox_maps = texthash:{at}/boxes\n\
         virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n\
         transport_maps = texthash:{at}/transport\n\
         smtp_dns_support_level = disabled\n\
         smtp_tls_security_level = secure\nsmtp_tls_policy_maps = texthash:{at}/tls\n\
         smtp_tls_CAfile = {at}/roots.pem\nsmtp_tls_loglevel = 1\n\
         smtp_tls_cert_file = {at}/chain.pem\nsmtp_tls_key_file = {at}/key.pem\n\
         smtpd_tls_security_level = encrypt\nsmtpd_tls_ask_ccert = yes\nsmtpd_tls_req_ccert = yes\n\
         smtpd_tls_CAfile = {at}/roots.pem\nsmtpd_tls_loglevel = 1\nsmtpd_tls_received_header = yes\n\
         smtpd_tls_cert_file = {at}/chain.pem\nsmtpd_tls_key_file = {at}/key.pem\n\
         smtpd_relay_restrictions = reject_unauth_destination\n\
         smtpd_recipient_restrictions = reject_unauth_destination\n",
        host = member.host,
    )
}

fn master_cf(folder: &Path, ports: Ports) -> String {
    format!(
        "127.0.0.1:{mx} inet n - n - - smtpd\n\
         127.0.0.1:{submission} inet n - n - - smtpd\n  -o smtpd_tls_security_level=none\n  \
         -o smtpd_tls_req_ccert=no\n  -o mynetworks=127.0.0.0/8\n  \
         -o smtpd_relay_restrictions=permit_mynetworks,reject\n  \
         -o smtpd_recipient_restrictions=permit_mynetworks,reject\n\
         pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n\
         verify unix - - n - 1 verify\nflush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\n\
         proxywrite unix - - n - 1 proxymap\nsmtp unix - - n - - smtp\nrelay unix - - n - - smtp\n\
         showq unix n - n - - showq\nerror unix - - n - - error\nretry unix - - n - - error\n\
         discard unix - - n - - discard\nlocal unix - n n - - local\nvirtual unix - n n - - virtual\n\
         anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n\
         postlog unix-dgram n - n - 1 postlogd\n\
         lost unix - n n - - pipe user={KEEPER} argv={lost}\n",
        mx = ports.mx,
        submission = ports.submission,
        lost = folder.join("lost").display(),
    )
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
