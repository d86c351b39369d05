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

    /// Queues any other action.
    pub fn push(&mut self, action: Action<Ask>) {
        self.seal();
        match action {
            Action::Send(bytes) => self.1.extend_from_slice(&bytes),
            other => self.0.push(other),
        }
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
