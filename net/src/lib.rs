//! Listeners, the one loop that pumps machines over sockets, limits shared by all doors, stop.
//!
//! A door of mail is one call of [`serve`]: it takes a bound [`Listener`], what the door is like
//! ([`Door`]), a [`StopSignal`] and a function that makes a machine and its world for each
//! connection. The web doors accept with [`Acceptor`] and pump hyper themselves; both share one
//! [`Gate`], so that connection caps and sign-in delays hold over all doors together.
//!
//! ```text
//! let gate = Gate::new(Caps::default());
//! let (stop, signal) = Stop::new();
//! let listener = Listener::bind("127.0.0.1:0".parse()?)?;
//! let door = Door { name: "submission", tls: Tls::StartTls(config), gate, clock, busy: b"421 busy\r\n", drain: DRAIN };
//! let served = net::serve(listener, door, signal, |connection| (machine(connection), world(connection)));
//! ```
//!
//! The way out is [`dial`]: it connects to an address and pumps a machine that speaks first or second,
//! over the same loop.
#![warn(missing_docs)]

mod accept;
mod dial;
mod drive;
pub mod fetch;
mod gate;
mod limits;
mod lingering;
mod list_refresh;
mod listen;
mod refusal;
mod socket;
mod stop;
mod stream;
mod surge;
mod tally;
#[cfg(test)]
mod testing;
mod world;

pub use accept::{Accepted, Acceptor, ConnInfo, Connection, Door, HandshakeError, Tls};
pub use certs::PeerInfo;
pub use dial::{Connector, Dialled, Target, TlsBegins, dial};
pub use gate::{Admission, Caps, Counts, Crowded, Gate, RetryAfter};
pub use limits::DRAIN;
pub use lingering::{HearOut, Lingering};
pub use list_refresh::{ListRefresh, RefreshError, Refreshed, list_urls};
pub use listen::{BindError, Listener, Served, serve};
pub use stop::{Stop, StopSignal};
pub use stream::Stream;
pub use tally::{DoorCounts, Handshakes, SessionEnd, Sessions};
pub use world::World;
