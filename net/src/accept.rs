//! Taking connections in: caps, TLS before the first byte, a place in the count until they end.

use crate::gate::{Admission, Gate};
use crate::listen::Listener;
use crate::stop::StopSignal;
use crate::tally::{Session, SessionEnd};
use crate::{Stream, limits, refusal};
use arc_swap::ArcSwap;
use names::Clock;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What a door is like.
#[derive(Clone)]
pub struct Door {
    /// Its name in logs.
    pub name: &'static str,
    /// When TLS begins.
    pub tls: Tls,
    /// The limits it shares with the other doors.
    pub gate: Gate,
    /// Where the machines' `now` comes from.
    pub clock: Clock,
    /// What a peer over the cap is told before it is shut out, where no TLS comes first.
    pub busy: &'static [u8],
    /// How long its connections may take to finish after a stop ([`DRAIN`](crate::DRAIN)).
    pub drain: Duration,
}

/// When TLS begins. The configuration is read for each connection, so that it can be swapped.
#[derive(Clone)]
pub enum Tls {
    /// Never: for `pli demo` on loopback only.
    Off,
    /// When the machine says so (`Action::StartTls`).
    StartTls(Arc<ArcSwap<ServerConfig>>),
    /// Before the first byte.
    Implicit(Arc<ArcSwap<ServerConfig>>),
}

/// What is known of a connection before anything was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnInfo {
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Where it arrived.
    pub local: SocketAddr,
    /// The door's name.
    pub door: &'static str,
}

/// A bound door: hands out admitted connections until the stop.
pub struct Acceptor {
    listener: Listener,
    door: Door,
    stop: StopSignal,
}

/// A connection that was let in. TLS, if it comes first, is still to be done with
/// [`Accepted::finish`] *in the connection's own task*, so that a slow handshake holds up nobody.
#[derive(Debug)]
pub struct Accepted {
    /// Where it comes from and where it arrived.
    pub info: ConnInfo,
    pub(crate) stream: Stream,
    pub(crate) admission: Admission,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// Why a connection never came to speak.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer took longer than any honest one does.
    #[error("the TLS handshake took too long")]
    Slow,
    /// We refused the peer's certificate, or that it showed none.
    #[error("{refusal}")]
    Refused {
        /// Why, and whose it was.
        refusal: certs::Refusal,
    },
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Failed {
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// An open connection for those who pump it themselves (hyper): an `AsyncRead + AsyncWrite` that
/// counts under the caps until it is dropped.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    _session: Session,
    _admission: Admission,
}

impl Acceptor {
    /// A door at this listener.
    #[must_use]
    pub fn new(listener: Listener, door: Door, stop: StopSignal) -> Self {
        Self { listener, door, stop }
    }

    /// The next connection under the caps; `None` once the stop is given (the listener is closed
    /// when the acceptor is dropped). Never fails: what the system refuses is waited out.
    ///
    /// Cancel-safe.
    pub async fn accept(&mut self) -> Option<Accepted> {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.given() => return None,
                accepted = self.listener.tcp.accept() => accepted,
            };
            let (tcp, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(cause) => {
                    self.pause(&cause).await;
                    continue;
                }
            };
            match self.door.gate.admit(peer.ip()) {
                Ok(admission) => return Some(self.let_in(tcp, peer, admission)),
                Err(crowded) => {
                    tracing::debug!(door = self.door.name, peer = %peer, "connection refused: {crowded}");
                    if !matches!(self.door.tls, Tls::Implicit(_)) {
                        // One attempt: a fresh socket's buffer is empty, and a flood is not waited for.
                        let _ = tcp.try_write(self.door.busy);
                    }
                }
            }
        }
    }

    fn let_in(&self, tcp: TcpStream, peer: SocketAddr, admission: Admission) -> Accepted {
        // Replies are written whole; waiting to join them with later ones only costs the peer time.
        if let Err(cause) = tcp.set_nodelay(true) {
            tracing::debug!(door = self.door.name, %cause, "cannot switch Nagle's delay off");
        }
        let local = tcp.local_addr().unwrap_or(self.listener.address);
        let tls = match &self.door.tls {
            Tls::Off | Tls::StartTls(_) => None,
            Tls::Implicit(config) => Some(config.load_full()),
        };
        let info = ConnInfo { peer, local, door: self.door.name };
        Accepted { info, stream: Stream::plain(tcp), admission, tls }
    }

    /// Out of descriptors or memory (EMFILE, ENFILE, ENOBUFS): the connection stays in the
    /// kernel's queue and `accept` would fail again at once, so wait. A peer that hung up in the
    /// queue (ECONNABORTED) costs nothing.
    async fn pause(&self, cause: &io::Error) {
        match cause.kind() {
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted => {}
            _ => {
                tracing::warn!(door = self.door.name, %cause, "cannot accept connections; trying again");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Accepted {
    /// Does the TLS handshake where TLS comes first.
    pub async fn finish(mut self) -> Result<Connection, HandshakeError> {
        let mut session = Session::begin(self.admission.gate(), self.info.door);
        if let Some(config) = self.tls.take() {
            session.ends(SessionEnd::NoTls);
            handshake(&mut self.stream, config, self.admission.gate(), self.info.door).await?;
        }
        session.ends(SessionEnd::Closed);
        Ok(Connection { stream: self.stream, _session: session, _admission: self.admission })
    }
}

/// A TLS handshake within its deadline.
pub(crate) async fn handshake(
    stream: &mut Stream,
    config: Arc<ServerConfig>,
    gate: &Gate,
    door: &'static str,
) -> Result<(), HandshakeError> {
    let error = match tokio::time::timeout(limits::HANDSHAKE, stream.secure(config)).await {
        Ok(Ok(())) => {
            let (version, group) = stream.agreed();
            gate.tally().secured(door, version, group);
            return Ok(());
        }
        Ok(Err(cause)) => match certs::Refusal::of_io(&cause) {
            Some(refusal) => HandshakeError::Refused { refusal },
            None => HandshakeError::Failed { cause },
        },
        Err(_) => HandshakeError::Slow,
    };
    gate.tally().failed(door, &error);
    Err(error)
}

impl HandshakeError {
    /// A refused certificate is a line; anything else is a passer-by.
    pub fn log(&self, info: &ConnInfo) {
        let (door, peer) = (info.door, info.peer.ip());
        match self {
            Self::Refused { refusal } => refusal::log(refusal, door, &peer),
            Self::Slow => tracing::debug!(door, %peer, "{self}"),
            Self::Failed { cause } => tracing::debug!(door, %peer, %cause, "{self}"),
        }
    }
}

impl Connection {
    /// Whether TLS is on.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.stream.is_secured()
    }

    /// The client's certificate, if one was shown and accepted.
    pub fn peer(&self) -> Result<Option<certs::PeerInfo>, certs::PeerError> {
        self.stream.peer()
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Client, House, Pki, stopped_clock};
    use crate::{Caps, Stop};
    use certs::Service;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn door(tls: Tls, gate: &Gate) -> Door {
        let drain = crate::DRAIN;
        Door { name: "web", tls, gate: gate.clone(), clock: stopped_clock(), busy: b"", drain }
    }

    #[tokio::test]
    async fn a_connection_over_the_cap_is_told_and_shut_out_until_another_leaves() {
        let caps = Caps { total: 10, per_address: 2 };
        let house = House::open_with(Tls::Off, caps, Duration::from_secs(5));
        let mut first = house.plain().await;
        let mut second = house.plain().await;
        assert_eq!(first.line().await, "hello plain");
        assert_eq!(second.line().await, "hello plain");
        let mut third = house.plain().await;
        assert_eq!(third.line().await, "busy");
        assert_eq!(third.line().await, "");
        assert_eq!(house.gate.counts().crowded, 1);

        first.send("quit\n").await;
        assert_eq!(first.line().await, "bye");
        assert_eq!(first.line().await, "");
        drop(first);
        // The place is free once the session's task has ended: its world is dropped before that.
        while house.gate.counts().open > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(house.plain().await.line().await, "hello plain");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_never_comes_is_given_up() {
        let pki = Pki::new(Service::Mailbox);
        let house = House::open(Tls::Implicit(pki.server.clone()));
        let mut client = house.plain().await;
        let began = tokio::time::Instant::now();
        assert_eq!(client.line().await, "");
        let waited = began.elapsed();
        assert!(waited >= limits::HANDSHAKE && waited < limits::HANDSHAKE * 2, "{waited:?}");
    }

    #[tokio::test]
    async fn web_doors_get_a_stream_that_counts_until_it_is_dropped() {
        let pki = Pki::new(Service::Web);
        for tls in [Tls::Off, Tls::Implicit(pki.server.clone())] {
            let gate = Gate::new(Caps::default());
            let (stop, signal) = Stop::new();
            let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.address();
            let secured = matches!(tls, Tls::Implicit(_));
            let mut acceptor = Acceptor::new(listener, door(tls, &gate), signal);

            let config = pki.client();
            let client = tokio::spawn(async move {
                let client = Client::new(TcpStream::connect(address).await.unwrap());
                if secured {
                    let mut client = client.secure(&config).await;
                    client.send("GET\n").await;
                    client.line().await
                } else {
                    let mut client = client;
                    client.send("GET\n").await;
                    client.line().await
                }
            });
            let accepted = acceptor.accept().await.unwrap();
            assert_eq!((accepted.info.door, accepted.info.local), ("web", address));
            let mut connection = accepted.finish().await.unwrap();
            assert_eq!(connection.is_secured(), secured);
            assert_eq!(connection.peer().unwrap(), None);
            let mut request = [0; 4];
            connection.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"GET\n");
            connection.write_all(b"page\n").await.unwrap();
            connection.flush().await.unwrap();
            assert_eq!(client.await.unwrap(), "page");
            assert_eq!(gate.counts().open, 1);
            drop(connection);
            assert_eq!(gate.counts().open, 0);

            stop.stop();
            assert!(acceptor.accept().await.is_none());
        }
    }
}
