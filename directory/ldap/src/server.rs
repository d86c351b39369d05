//! One connection as a machine without a socket: bytes in; questions, bytes, TLS and close out.

mod operate;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ldap3_proto::proto::LdapResultCode as Code;
use names::{Address, Timestamp};
use wire::{Action, Actions, Input, Machine, TlsFacts};

use crate::answer::{self, Choice, Outcome};
use crate::ber;
use crate::controls::{SortFault, Viewed, Wishes};
use crate::dn::Target;
use crate::entry::Entry;
use crate::filter::Filter;
use crate::gatekeeper::{Credentials, Refused};
use crate::message::{self, Message, Reply, Request, Scope, Unread, Why};
use crate::reason::Reason;
use crate::tally::Tally;
use crate::{Readers, Settings, limits};

/// What the machine wants to know.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Who is it?
    Enter(Credentials),
    /// They are nobody again.
    Leave,
    /// Entries, as a stream; an [`Answer::Ended`] is the last item.
    Search(Box<Question>),
    /// Whether an entry has a value.
    Compare(Box<Comparison>),
}

/// A search, read and allowed.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    /// Where.
    pub target: Target,
    /// How far below.
    pub scope: Scope,
    /// Which.
    pub filter: Filter,
    /// Entries at most; 0 is no wish.
    pub size: u32,
    /// Seconds at most; 0 is no wish.
    pub seconds: u32,
    /// In which order, in which parts.
    pub wishes: Wishes,
}

/// A compare request.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// The entry.
    pub target: Target,
    /// An equality, or what is undefined.
    pub assertion: Filter,
}

/// What the world says.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// They are in, by this mailbox; or not.
    Entered(Result<Address, Refused>),
    /// Entries of the search under way.
    Entries(Vec<Entry>),
    /// It is over.
    Ended(Box<Ended>),
    /// What a comparison found.
    Compared(Outcome),
    /// Heard.
    Done,
}

/// How a search ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Ended {
    /// The result.
    pub outcome: Outcome,
    /// The way to the next page, when pages were wished for; empty on the last.
    pub cookie: Option<Vec<u8>>,
    /// Whether it is in order, when that was wished for.
    pub sorted: Option<Result<(), SortFault>>,
    /// The window, when one was wished for.
    pub viewed: Option<Viewed>,
    /// The asker's rights have ended: they are nobody again.
    pub out: bool,
}

impl Ended {
    /// With nothing but a result.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Self {
        Self { outcome, cookie: None, sorted: None, viewed: None, out: false }
    }
}

/// The server's side of one connection.
pub struct Server {
    settings: Arc<Settings>,
    /// Refusals are counted where they are said: what the client reads is what the operator sees.
    tally: Tally,
    /// Received and not looked at.
    buffer: Vec<u8>,
    link: Link,
    caller: Option<Address>,
    state: State,
    /// Binds and faulty requests that were refused.
    refused: u32,
    faults: u32,
    /// The server stops, or the peer is gone: nothing more is begun.
    stopping: bool,
}

/// What carries the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    /// No TLS yet.
    Clear,
    /// TLS, without a certificate of the client.
    Secured,
    /// TLS, and the client showed a certificate.
    Shown,
}

enum State {
    /// The next request may be looked at.
    Ready,
    /// Waiting for [`Answer::Entered`].
    Entering(i32),
    /// Waiting for the answer to [`Ask::Leave`], then this is sent.
    Leaving(Vec<u8>),
    /// Entries come.
    Searching { id: i32, choice: Choice, ended: bool },
    /// Waiting for [`Answer::Compared`].
    Comparing(i32),
    /// Waiting for the handshake.
    Securing,
    /// It is over.
    Closed,
}

impl Server {
    /// A machine for a new connection.
    #[must_use]
    pub fn new(settings: Arc<Settings>, tally: Tally) -> Self {
        Self {
            settings,
            tally,
            buffer: Vec::new(),
            link: Link::Clear,
            caller: None,
            state: State::Ready,
            refused: 0,
            faults: 0,
            stopping: false,
        }
    }

    /// Looks at requests as long as none has to wait for an answer.
    fn go_on(&mut self, out: &mut Actions<Ask>) {
        let mut at = 0;
        // Taken out, so that requests can be borrowed while the machine moves.
        let mut buffer = std::mem::take(&mut self.buffer);
        while matches!(self.state, State::Ready) && !self.stopping {
            let rest = &buffer[at..];
            match ber::frame(rest, limits::MESSAGE) {
                Ok(Some(length)) => {
                    let (one, behind) = rest.split_at(length);
                    at += length;
                    self.request(one, behind, out);
                }
                Ok(None) => break,
                Err(ber::Broken::Long) => self.lost("the message is too long", out),
                Err(_) => self.lost("this is not LDAP", out),
            }
        }
        // A StartTLS, or the end, forgets what was sent behind it (RELIABILITY T-01).
        if matches!(self.state, State::Securing | State::Closed) {
            buffer.clear();
        } else {
            buffer.drain(..at);
        }
        if buffer.is_empty() {
            buffer = Vec::new();
        }
        self.buffer = buffer;
    }

    fn request(&mut self, bytes: &[u8], behind: &[u8], out: &mut Actions<Ask>) {
        match message::read(bytes, &self.settings.arc) {
            Ok(message) => self.operate(message, behind, out),
            Err(Unread::Lost(text)) => self.lost(text, out),
            Err(Unread::Faulty { id, reply, why }) => {
                let outcome = match why {
                    Why::Protocol(text) => Outcome::new(Code::ProtocolError, text),
                    Why::NotText => Outcome::new(Code::InvalidAttributeSyntax, "a value is not UTF-8"),
                    Why::TooMuch(text) => Outcome::new(Code::UnwillingToPerform, text),
                };
                self.refuse(id, reply, outcome, out);
                self.faults += 1;
                if self.faults >= limits::FAULTS {
                    self.end(Code::ProtocolError, "too many faulty requests", out);
                }
            }
        }
    }

    fn refuse(&mut self, id: i32, reply: Reply, outcome: Outcome, out: &mut Actions<Ask>) {
        self.count(&outcome);
        answer::outcome(out.text(), id, reply, outcome, Vec::new());
    }

    fn count(&self, outcome: &Outcome) {
        if let Some(reason) = outcome.reason {
            self.tally.refused(reason);
        }
    }

    /// Where the next message begins cannot be known.
    fn lost(&mut self, text: &str, out: &mut Actions<Ask>) {
        self.tally.refused(Reason::Malformed);
        self.end(Code::ProtocolError, text, out);
    }

    /// Says why, and closes.
    fn end(&mut self, code: Code, text: &str, out: &mut Actions<Ask>) {
        if !matches!(self.state, State::Closed) {
            answer::notice(out.text(), code, text);
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut Actions<Ask>) {
        self.state = State::Closed;
        out.push(Action::Close);
    }

    /// Takes what was asked for.
    fn answered(&mut self, answer: Answer, out: &mut Actions<Ask>) {
        match (std::mem::replace(&mut self.state, State::Ready), answer) {
            (State::Entering(id), Answer::Entered(entered)) => self.entered(id, entered, out),
            (State::Leaving(then), Answer::Done) => out.send(&then),
            (State::Searching { id, choice, ended: false }, Answer::Entries(entries)) => {
                for entry in &entries {
                    answer::entry(out.text(), id, entry, &choice);
                }
                self.state = State::Searching { id, choice, ended: false };
            }
            (State::Searching { id, choice, .. }, Answer::Ended(ended)) => {
                self.ended(id, *ended, out);
                self.state = State::Searching { id, choice, ended: true };
            }
            (State::Comparing(id), Answer::Compared(outcome)) => {
                self.refuse(id, Reply::Compare, outcome, out);
            }
            (State::Closed, _) => self.state = State::Closed,
            // The world answered something else than it was asked.
            _ => self.end(Code::Unavailable, "an error of this server", out),
        }
    }
}

impl Machine for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: Input<'_, Answer>, _now: Timestamp, out: &mut Actions<Ask>) {
        match input {
            Input::Open(None) => {}
            Input::Open(Some(facts)) => self.link = link(&facts),
            Input::Bytes(bytes) => {
                if !matches!(self.state, State::Closed) {
                    self.buffer.extend_from_slice(bytes);
                }
            }
            Input::Answer(answer) => self.answered(answer, out),
            Input::End => match std::mem::replace(&mut self.state, State::Ready) {
                State::Searching { ended: true, .. } => {}
                State::Closed => self.state = State::Closed,
                _ => self.end(Code::Unavailable, "an error of this server", out),
            },
            Input::Secured(facts) => {
                self.link = link(&facts);
                self.state = State::Ready;
            }
            Input::Silence => self.end(Code::Unavailable, "nothing was heard for a long time", out),
            Input::Stopping => self.stopping = true,
            Input::Gone => {
                self.stopping = true;
                self.state = State::Closed;
            }
            // We listen to no events and open no connections.
            Input::Event(_) | Input::Failed(_) => {}
        }
        self.go_on(out);
        if self.stopping && matches!(self.state, State::Ready | State::Securing) {
            self.end(Code::Unavailable, "the server stops", out);
        }
    }

    fn patience(&self) -> Duration {
        if !self.buffer.is_empty() {
            limits::HALF
        } else if self.caller.is_some() || self.settings.readers == Readers::Everybody {
            limits::IDLE
        } else {
            limits::STRANGER
        }
    }
}

fn link(facts: &TlsFacts) -> Link {
    if facts.client_certificate { Link::Shown } else { Link::Secured }
}

/// Whether a message behind this one abandons it: what nobody waits for is not begun.
fn is_abandoned(id: i32, mut behind: &[u8], arc: &str) -> bool {
    while let Ok(Some(length)) = ber::frame(behind, limits::MESSAGE) {
        let (one, rest) = behind.split_at(length);
        match message::read(one, arc) {
            Ok(Message { request: Request::Abandon(other), .. }) if other == id => return true,
            Ok(Message { request: Request::Unbind, .. }) | Err(Unread::Lost(_)) => return false,
            Ok(_) | Err(Unread::Faulty { .. }) => behind = rest,
        }
    }
    false
}
