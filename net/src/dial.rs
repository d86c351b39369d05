//! The way out: connects to a server and pumps a machine that speaks the client's side.

#[cfg(test)]
mod bad_peers;
mod fault;
#[cfg(test)]
mod tests;

pub(crate) use fault::{said_by_tls, unreadable};

use crate::drive::{Drive, Ending, Side, Terms, tell};
use crate::stop::StopSignal;
use crate::{Stream, World, limits, refusal};
use names::Clock;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use wire::{Input, LinkFault, Machine, TlsFault};

/// Where to, and how it is secured.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which host.
    pub address: SocketAddr,
    /// When TLS begins.
    pub begins: TlsBegins,
    /// The name its certificate must be for.
    pub name: ServerName<'static>,
    /// How TLS is spoken: roots, lists of the revoked, our certificate.
    pub tls: Arc<ClientConfig>,
    /// The same with a small key share, so that the ClientHello fits into one packet.
    ///
    /// A post-quantum key share makes it longer than that, and there are middleboxes that drop the
    /// second packet or reset the connection. When the handshake breaks like that, one more connection
    /// is made with this configuration. It checks the peer exactly as the other one does; only the key
    /// exchange is the classical one. None: no second try.
    pub small: Option<Arc<ClientConfig>>,
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsBegins {
    /// When the machine says so (`Action::StartTls`).
    StartTls,
    /// Before the first byte.
    AtOnce,
}

/// How a session was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialled {
    /// The long ClientHello did not get through and the small one did: begin with the small one at
    /// this host for some days.
    pub small_hello: bool,
}

/// What a session needs for its handshake.
pub struct Connector {
    pub(crate) name: ServerName<'static>,
    pub(crate) config: Arc<ClientConfig>,
    /// Whether a handshake that was cut off will be tried again, so that the machine need not know.
    pub(crate) again: bool,
}

/// Connects, and pumps a machine of `make` until the session is over; its last word is what the world
/// was told. When there is no connection, or no TLS on it, the machine hears `Input::Failed` with the
/// reason and tells the world.
///
/// `make` is called once, or twice when the handshake is tried again with `target.small`; the world
/// hears nothing of the first try. After the stop the machine is told `Input::Stopping`.
///
/// The world is lent: what it learned can be read from it afterwards.
pub async fn dial<M: Machine, W: World<M>>(
    target: &Target,
    make: impl Fn() -> M,
    world: &mut W,
    clock: Clock,
    stop: StopSignal,
) -> Dialled {
    let again = target.small.is_some();
    let connector = |config: &Arc<ClientConfig>, again| Connector {
        name: target.name.clone(),
        config: Arc::clone(config),
        again,
    };
    let terms =
        |connector| Terms { side: Side::Dialled(connector), clock: clock.clone(), stop: stop.clone() };
    let (first, _) = session(target, make(), &mut *world, terms(connector(&target.tls, again))).await;
    match (first, &target.small) {
        (Ending::CutOff, Some(small)) => {
            tracing::info!(address = %target.address, "the handshake was cut off; trying a small ClientHello");
            let (_, secured) = session(target, make(), world, terms(connector(small, false))).await;
            Dialled { small_hello: secured }
        }
        (Ending::CutOff | Ending::Closed | Ending::Gone | Ending::Unreadable, _) => Dialled::default(),
    }
}

/// One connection: how it ended, and whether it was ever secured.
async fn session<M: Machine, W: World<M>>(
    target: &Target,
    machine: M,
    world: W,
    mut terms: Terms,
) -> (Ending, bool) {
    let connected = tokio::select! {
        biased;
        () = terms.stop.given() => Err(None),
        connected = connect(target.address) => connected.map_err(Some),
    };
    let mut stream = match connected {
        Ok(stream) => stream,
        Err(fault) => {
            let input = fault.map_or(Input::Stopping, Input::Failed);
            tell(input, machine, world, terms).await;
            return (Ending::Gone, false);
        }
    };
    if target.begins == TlsBegins::AtOnce
        && let Side::Dialled(connector) = &terms.side
        && let Err(fault) = connector.secure(&mut stream).await
    {
        if connector.again && fault.is_cut_off() {
            return (Ending::CutOff, false);
        }
        tell(Input::Failed(LinkFault::Tls(fault)), machine, world, terms).await;
        return (Ending::Gone, false);
    }
    let mut drive = Drive::new(stream, machine, world, terms);
    let ending = drive.run().await;
    (ending, drive.secured)
}

async fn connect(address: SocketAddr) -> Result<Stream, LinkFault> {
    match tokio::time::timeout(limits::CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(tcp)) => {
            // Commands are written in whole groups; waiting to join them costs a round trip.
            if let Err(cause) = tcp.set_nodelay(true) {
                tracing::debug!(%address, %cause, "cannot switch Nagle's delay off");
            }
            Ok(Stream::plain(tcp))
        }
        Ok(Err(cause)) => Err(match cause.kind() {
            io::ErrorKind::ConnectionRefused => LinkFault::Refused,
            io::ErrorKind::TimedOut => LinkFault::NoAnswer,
            _ => LinkFault::Unreachable(cause.to_string()),
        }),
        Err(_) => Err(LinkFault::NoAnswer),
    }
}

impl Connector {
    /// The client's handshake, within its deadline.
    pub(crate) async fn secure(&self, stream: &mut Stream) -> Result<(), TlsFault> {
        let handshake = stream.secure_as_client(self.name.clone(), Arc::clone(&self.config));
        match tokio::time::timeout(limits::HANDSHAKE, handshake).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => {
                if let Some(refusal) = certs::Refusal::of_io(&cause) {
                    refusal::log(&refusal, "out", &self.name.to_str());
                }
                Err(fault::of_handshake(&cause))
            }
            Err(_) => Err(TlsFault::Slow),
        }
    }
}
