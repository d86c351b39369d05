//! What a machine is: one side of a protocol, without its socket.

use bytes::Bytes;
use names::Timestamp;
use std::time::Duration;

/// One side of one protocol conversation.
///
/// The driver calls [`Machine::step`] with one input at a time and carries out the actions in
/// order. After an [`Action::Ask`], [`Action::Pull`] or [`Action::StartTls`] the machine keeps any
/// bytes it has not looked at, and the driver gives it nothing but the answer it waits for (or
/// `Gone`, `Stopping`). A machine therefore never sees more than one read's worth of unread bytes.
pub trait Machine: Send {
    /// What it wants to know from the world.
    type Ask: Send;
    /// What the world says.
    type Answer: Send;

    /// Takes one input and appends what is to be done.
    fn step(&mut self, input: Input<'_, Self::Answer>, now: Timestamp, out: &mut Actions<Self::Ask>);

    /// How long the peer may stay silent in the present state before the driver says
    /// [`Input::Silence`].
    fn patience(&self) -> Duration;

    /// Whether the machine wants [`Input::Event`]s now, while it also waits for bytes (IMAP IDLE).
    fn listening(&self) -> bool {
        false
    }
}

/// What comes into a machine.
#[derive(Debug)]
pub enum Input<'a, Answer> {
    /// The connection is open; on an implicit-TLS port the handshake is done and its facts are here.
    Open(Option<TlsFacts>),
    /// Bytes from the peer, at least one.
    Bytes(&'a [u8]),
    /// The answer to the one open [`Action::Ask`], or the next item of the open [`Action::Pull`].
    Answer(Answer),
    /// The open pull has no further item.
    End,
    /// The TLS handshake asked for by [`Action::StartTls`] is done.
    Secured(TlsFacts),
    /// Something changed while [`Machine::listening`].
    Event(Answer),
    /// The peer was silent longer than [`Machine::patience`].
    Silence,
    /// The connection could not be made or secured: nothing can be said any more. Only a machine
    /// that opens its connections is told; the others hear [`Input::Gone`].
    Failed(LinkFault),
    /// The server stops: say goodbye and close as soon as the protocol allows.
    Stopping,
    /// The peer has gone; no action but none may be expected to reach it.
    Gone,
}

/// What a machine may know of the TLS under it. Who the peer is, is for the world to judge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// As `TLS1.3`.
    pub version: String,
    /// As `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// Whether the peer showed a certificate that was accepted.
    pub client_certificate: bool,
    /// Channel binding `tls-exporter` (RFC 9266), 32 bytes, when the version gives one.
    pub exporter: Option<Vec<u8>>,
}

/// Why there is no connection, or no TLS on it. The texts are for logs and reports: they name what
/// went wrong, not the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// No answer in time.
    #[error("no answer to the connection")]
    NoAnswer,
    /// The network says no.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The TLS handshake failed.
    #[error("no TLS: {0}")]
    Tls(TlsFault),
}

/// Why a TLS handshake that we began failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The chain leads to no root that we trust.
    #[error("the peer's certificate is of an unknown issuer")]
    UnknownIssuer,
    /// Its time is over.
    #[error("the peer's certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("the peer's certificate is not valid yet")]
    NotYetValid,
    /// It stands on a revocation list.
    #[error("the peer's certificate is revoked")]
    Revoked,
    /// Whether it is revoked cannot be known: a list is missing or too old.
    #[error("whether the peer's certificate is revoked cannot be known")]
    RevocationUnknown,
    /// It is for another host.
    #[error("the peer's certificate is not for this host")]
    WrongName,
    /// It is for another purpose, malformed, or wrong in some other way.
    #[error("the peer's certificate cannot be accepted: {0}")]
    BadCertificate(String),
    /// The peer ended the handshake with this alert: mostly it does not like our certificate.
    #[error("the peer broke the handshake off: {0}")]
    Alert(String),
    /// No version or cipher in common.
    #[error("nothing in common: {0}")]
    Incompatible(String),
    /// What the peer sent is no TLS.
    #[error("what the peer sent is not TLS")]
    NotTls,
    /// The connection was closed or reset in the middle. Some middleboxes do that to a ClientHello
    /// that is longer than one packet.
    #[error("the connection broke in the handshake")]
    Dropped,
    /// The handshake was not done in time. Middleboxes that swallow the second packet of a long
    /// ClientHello look like that too.
    #[error("the handshake took too long")]
    Slow,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl TlsFault {
    /// Whether it broke as it does when something on the way cannot carry a long ClientHello: no
    /// answer, a reset, or a server that reads half of it and calls it malformed. A certificate or a
    /// policy is never the reason then.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        match self {
            TlsFault::Dropped | TlsFault::Slow | TlsFault::NotTls => true,
            TlsFault::Alert(alert) => alert == "decode error" || alert == "unexpected message",
            TlsFault::UnknownIssuer
            | TlsFault::Expired
            | TlsFault::NotYetValid
            | TlsFault::Revoked
            | TlsFault::RevocationUnknown
            | TlsFault::WrongName
            | TlsFault::BadCertificate(_)
            | TlsFault::Incompatible(_)
            | TlsFault::Other(_) => false,
        }
    }
}

impl LinkFault {
    /// The enhanced status code (RFC 3463), of class 4.
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            LinkFault::Refused | LinkFault::NoAnswer | LinkFault::Unreachable(_) => (4, 4, 1),
            LinkFault::Tls(_) => (4, 7, 5),
        }
    }
}

/// What a machine wants done, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<Ask> {
    /// Send these bytes.
    Send(Bytes),
    /// Ask the world; one [`Input::Answer`] follows.
    Ask(Ask),
    /// Ask the world for a stream; any number of [`Input::Answer`], then [`Input::End`]. Between two
    /// items the driver waits until the peer has taken what was sent.
    Pull(Ask),
    /// A piece of a streamed body for the world, in order; no answer. The driver reads nothing more
    /// from the peer until the world has taken it.
    Push(Bytes),
    /// Start TLS now. Bytes the peer sent before it are the machine's to reject.
    StartTls,
    /// Flush, then close.
    Close,
}

/// The actions of one step; neighbouring sends are joined into one.
#[derive(Debug)]
pub struct Actions<Ask>(Vec<Action<Ask>>, Vec<u8>);

impl<Ask> Default for Actions<Ask> {
    fn default() -> Self {
        Self(Vec::new(), Vec::new())
    }
}

impl<Ask> Actions<Ask> {
    /// Queues bytes to send.
    pub fn send(&mut self, bytes: &[u8]) {
        self.1.extend_from_slice(bytes);
    }

    /// Where bytes to send are put, for who writes many small pieces.
    pub fn text(&mut self) -> &mut Vec<u8> {
        &mut self.1
    }

    /// Queues any other action.
    pub fn push(&mut self, action: Action<Ask>) {
        self.seal();
        match action {
            Action::Send(bytes) => self.1.extend_from_slice(&bytes),
            other => self.0.push(other),
        }
    }

    /// Actions whose bytes go on behind `held`: one buffer takes what many steps send.
    #[must_use]
    pub fn behind(held: Vec<u8>) -> Self {
        Self(Vec::new(), held)
    }

    /// The bytes to send, when that is all there is to do.
    pub fn into_bytes(self) -> Result<Vec<u8>, Self> {
        if self.0.is_empty() { Ok(self.1) } else { Err(self) }
    }

    /// Takes all actions, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Action<Ask>> {
        self.seal();
        self.0.drain(..)
    }

    fn seal(&mut self) {
        if !self.1.is_empty() {
            self.0.push(Action::Send(Bytes::from(std::mem::take(&mut self.1))));
        }
    }
}
