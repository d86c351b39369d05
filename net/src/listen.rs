//! One door: a bound address, its accept loop, its conversations and their graceful end.

use crate::accept::{Accepted, Acceptor, ConnInfo, Door, Tls, handshake};
use crate::drive::{Ending, Side, Terms, drive};
use crate::stop::StopSignal;
use crate::tally::{Session, SessionEnd};
use crate::{World, limits};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinError, JoinSet};
use wire::Machine;

/// A bound address, connections already queueing.
#[derive(Debug)]
pub struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) address: SocketAddr,
}

/// A door cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", hint(.cause))]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub cause: io::Error,
}

/// What a door did until it was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Connections let in.
    pub accepted: u64,
    /// Of these, ended by a panic.
    pub panicked: u64,
    /// Of these, cut off because they did not finish in time after the stop.
    pub aborted: u64,
}

impl Listener {
    /// Binds a TCP address; port 0 takes a free one. Must be called inside a tokio runtime.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restart must not wait for the kernel to forget the connections of the last run.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let tcp = socket.listen(limits::BACKLOG)?;
            let address = tcp.local_addr()?;
            Ok(Self { tcp, address })
        };
        bound().map_err(|cause| BindError { address, cause })
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// What to do about a failed bind.
fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "another program (or another Pli) has this port",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE; give it, or choose a higher port"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        _ => "the system refused",
    }
}

/// Opens a door for machines: one task per connection, each with the machine and the world that
/// `make` gives it (after the TLS handshake where TLS comes first).
///
/// Returns after the stop, when every conversation has ended: machines are told
/// `Input::Stopping`, and those that have not closed within `door.drain` are cut off. A panic in a
/// machine or a world ends that connection alone; it is logged and counted.
pub async fn serve<M, W, F>(listener: Listener, door: Door, stop: StopSignal, make: F) -> Served
where
    M: Machine + 'static,
    W: World<M> + 'static,
    F: Fn(&ConnInfo) -> (M, W) + Send + Sync + 'static,
{
    let make = Arc::new(make);
    let mut acceptor = Acceptor::new(listener, door.clone(), stop.clone());
    let mut conversations = JoinSet::new();
    let mut served = Served::default();
    loop {
        tokio::select! {
            accepted = acceptor.accept() => match accepted {
                Some(accepted) => {
                    served.accepted += 1;
                    let terms = terms(&door, &accepted.info, &stop);
                    conversations.spawn(converse(accepted, terms, Arc::clone(&make)));
                }
                None => break,
            },
            Some(ended) = conversations.join_next() => ended.unwrap_or_else(|error| served.note(&door, &error)),
        }
    }
    drop(acceptor);
    let drained = async {
        while let Some(ended) = conversations.join_next().await {
            ended.unwrap_or_else(|error| served.note(&door, &error));
        }
    };
    if tokio::time::timeout(door.drain, drained).await.is_err() {
        conversations.abort_all();
        while let Some(ended) = conversations.join_next().await {
            ended.unwrap_or_else(|error| served.note(&door, &error));
        }
    }
    served
}

fn terms(door: &Door, info: &ConnInfo, stop: &StopSignal) -> Terms {
    let starttls = match &door.tls {
        Tls::StartTls(config) => Some(Arc::clone(config)),
        Tls::Off | Tls::Implicit(_) => None,
    };
    let side = Side::Accepted { starttls, info: info.clone(), gate: door.gate.clone() };
    Terms { side, clock: door.clock.clone(), stop: stop.clone() }
}

async fn converse<M, W, F>(accepted: Accepted, terms: Terms, make: Arc<F>)
where
    M: Machine,
    W: World<M>,
    F: Fn(&ConnInfo) -> (M, W),
{
    let Accepted { info, mut stream, admission, tls } = accepted;
    tracing::debug!(door = info.door, peer = %info.peer, "connection open");
    let mut session = Session::begin(admission.gate(), info.door);
    if let Some(config) = tls
        && let Err(error) = handshake(&mut stream, config, admission.gate(), info.door).await
    {
        session.ends(SessionEnd::NoTls);
        error.log(&info);
        return;
    }
    let (machine, world) = make(&info);
    let ending = drive(stream, machine, world, terms).await;
    session.ends(match ending {
        Ending::Closed => SessionEnd::Closed,
        Ending::Gone | Ending::Unreadable | Ending::CutOff => SessionEnd::Gone,
    });
    tracing::debug!(door = info.door, peer = %info.peer, ?ending, "connection closed");
    drop(admission);
}

impl Served {
    fn note(&mut self, door: &Door, error: &JoinError) {
        if error.is_panic() {
            self.panicked += 1;
            door.gate.count_panic();
            // The payload may quote what a peer sent; the panic hook has printed place and text.
            tracing::error!(door = door.name, "a conversation panicked; its connection was closed");
        } else {
            self.aborted += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caps;
    use crate::testing::{House, Note, Pki};
    use certs::Service;
    use std::time::Duration;

    #[tokio::test]
    async fn a_stop_lets_everybody_say_goodbye() {
        let pki = Pki::new(Service::Mailbox);
        let house = House::open(Tls::Implicit(pki.server.clone()));
        let mut idle = house.tls(&pki.client()).await;
        idle.line().await;
        let mut listening = house.tls(&pki.client()).await;
        listening.line().await;
        listening.send("listen\n").await;
        assert_eq!(listening.line().await, "listening");
        let address = house.address;

        house.stop();
        for client in [&mut idle, &mut listening] {
            assert_eq!(client.line().await, "stopping");
            assert_eq!(client.line().await, "");
        }
        let gate = house.gate.clone();
        assert_eq!(house.served().await, Served { accepted: 2, panicked: 0, aborted: 0 });
        assert_eq!(gate.counts().open, 0);
        let doors = gate.doors();
        let ended: Vec<_> = doors.sessions.iter().map(|ended| (ended.end, ended.count)).collect();
        assert_eq!(ended, [(SessionEnd::Closed, 2)]);
        let [agreed] = &doors.handshakes[..] else { panic!("{doors:?}") };
        assert_eq!((agreed.version, agreed.count), ("TLS1.3", 2));
        assert!(agreed.group.starts_with("X25519"), "{agreed:?}");
        assert!(doors.failures.is_empty(), "{doors:?}");
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is closed");
    }

    #[tokio::test]
    async fn who_does_not_finish_in_time_after_a_stop_is_cut_off() {
        let mut house = House::open_with(Tls::Off, Caps::default(), Duration::from_millis(20));
        let mut client = house.plain().await;
        client.send("never\n").await;
        assert_eq!(client.line().await, "hello plain");
        client.send("echo unheard\n").await;
        house.stop();
        assert_eq!(client.line().await, "");
        assert_eq!(house.note().await, Note::Dropped);
        assert_eq!(house.served().await.aborted, 1);
    }

    #[tokio::test]
    async fn a_panic_ends_one_connection_and_is_counted() {
        let house = House::open(Tls::Off);
        let mut bystander = house.plain().await;
        assert_eq!(bystander.line().await, "hello plain");
        for order in ["panic\n", "worldpanic\n"] {
            let mut client = house.plain().await;
            assert_eq!(client.line().await, "hello plain");
            client.send(order).await;
            assert_eq!(client.line().await, "", "{order}");
        }
        bystander.send("echo alive\n").await;
        assert_eq!(bystander.line().await, "alive");
        let gate = house.gate.clone();
        assert_eq!(house.served().await, Served { accepted: 3, panicked: 2, aborted: 0 });
        assert_eq!(gate.counts().panicked, 2);
        assert_eq!(gate.counts().open, 0, "places are given back");
    }

    #[tokio::test]
    async fn five_hundred_idle_listeners_hear_one_event_and_hold_up_nobody() {
        const MANY: usize = 500;
        let pki = Pki::new(Service::Mailbox);
        let caps = Caps { total: 1_000, per_address: 1_000 };
        let house = House::open_with(Tls::Implicit(pki.server.clone()), caps, Duration::from_secs(5));
        let config = pki.client();
        let mut clients = Vec::new();
        for _ in 0..MANY {
            let mut client = house.tls(&config).await;
            client.send("listen\n").await;
            clients.push(client);
        }
        for client in &mut clients {
            client.line().await;
            assert_eq!(client.line().await, "listening");
        }
        assert_eq!(house.gate.counts().open, MANY as u64);

        let mut other = house.tls(&config).await;
        other.line().await;
        other.send("ask x\n").await;
        assert_eq!(other.line().await, "answer x");

        house.events.send_replace(1);
        for client in &mut clients {
            assert_eq!(client.line().await, "event 1");
        }
        assert_eq!(house.served().await.accepted, MANY as u64 + 1);
    }

    #[tokio::test]
    async fn a_new_configuration_is_used_by_the_next_connection() {
        let (old, new) = (Pki::new(Service::Mailbox), Pki::new(Service::Mailbox));
        let house = House::open(Tls::Implicit(old.server.clone()));
        let mut first = house.tls(&old.client()).await;
        first.line().await;
        old.server.store(new.server.load_full());
        let mut second = house.tls(&new.client()).await;
        second.line().await;
        for client in [&mut first, &mut second] {
            client.send("echo both\n").await;
            assert_eq!(client.line().await, "both");
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_said_in_words_that_help() {
        let first = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(first.address().port(), 0);
        let error = Listener::bind(first.address()).unwrap_err().to_string();
        assert!(error.contains("another program") && error.contains(&first.address().to_string()), "{error}");
    }
}
