//! BDAT (RFC 3030): a letter in chunks whose octets are counted, never looked at for an end.
//!
//! The chunk of a command that is refused is read away to its last octet before the refusal is said:
//! what it holds is a letter's, and no octet of it may become a command (RELIABILITY S-03). Where its
//! length is not known, or absurd, the session ends instead.

use super::{Question, Server, State, Then};
use crate::Actions;
use crate::smtp::letter::{Letter, Progress};
use crate::smtp::limits::SWALLOWED_LETTERS;
use crate::smtp::{Ask, Discard, Reply, command};
use names::Timestamp;

/// One chunk that is coming in.
pub(super) struct Chunk {
    /// Octets that are still to come.
    left: u64,
    length: Length,
    fate: Fate,
    ends: Timestamp,
}

/// What one BDAT said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Octets of the chunk.
    pub octets: u64,
    /// Whether it is the last of its letter.
    pub place: Place,
}

/// Where in its letter a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Others follow.
    Inside,
    /// `LAST`
    Last,
}

/// What becomes of a chunk.
enum Fate {
    Kept(Box<Letter>),
    /// Read away; then this is said.
    Swallowed(Reply, Blame),
}

/// Whose fault it is that a chunk is swallowed.
#[derive(Clone, Copy)]
enum Blame {
    /// The client should not have sent it.
    Client,
    /// The world did not want it.
    World,
}

impl Server {
    pub(super) fn bdat(&mut self, argument: &str, out: &mut Actions<Ask>) {
        let length = match command::bdat(argument) {
            Ok(length) => length,
            // Nobody knows what follows.
            Err(reply) => return self.say_and_close(&reply, out),
        };
        if self.tls.is_none() {
            return self.say_and_close(&Reply::tls_first(), out);
        }
        if length.octets > self.config.limits.letter.saturating_mul(SWALLOWED_LETTERS) {
            return self.say_and_close(&Reply::chunk_absurd(self.config.limits.letter), out);
        }
        if length.octets == 0 && length.place == Place::Inside {
            self.idle(out);
            if matches!(self.state, State::Closed) {
                return;
            }
        }
        if let Err(reply) = self.may_send_chunk() {
            if let Some(transaction) = &mut self.transaction {
                // A letter whose first chunk was refused must not be made of the others.
                transaction.spoiled = true;
            }
            return self.swallow(length, reply, Blame::Client);
        }
        let begun =
            self.transaction.as_mut().map(|transaction| (transaction.utf8, transaction.letter.take()));
        match begun {
            Some((_, Some(letter))) => self.keep(length, letter, out),
            Some((utf8, None)) => {
                let trace = self.trace(utf8);
                self.ask(Ask::Data(trace), Question::Begin(Some(length)), out);
            }
            // `may_send_chunk` has looked.
            None => self.swallow(length, Reply::bad_sequence("MAIL first"), Blame::Client),
        }
    }

    fn may_send_chunk(&self) -> Result<(), Reply> {
        if !self.client.as_ref().is_some_and(|client| client.extended) {
            return Err(Reply::bad_sequence("EHLO first"));
        }
        self.may_address()?;
        match &self.transaction {
            None => Err(Reply::bad_sequence("MAIL first")),
            Some(transaction) if transaction.spoiled => Err(Reply::bad_sequence("RSET first")),
            Some(transaction) if transaction.recipients == 0 => Err(Reply::no_recipients()),
            Some(_) => Ok(()),
        }
    }

    /// The world's word on a letter whose first chunk was announced.
    pub(super) fn chunks_begin(&mut self, length: Length, may: Result<(), Reply>, out: &mut Actions<Ask>) {
        match may {
            Ok(()) => {
                let limits = &self.config.limits;
                let letter = Letter::by_chunks(limits, self.seen.plus(limits.data_time));
                self.keep(length, Box::new(letter), out);
            }
            Err(reply) => {
                self.transaction = None;
                self.swallow(length, reply, Blame::World);
            }
        }
    }

    fn keep(&mut self, length: Length, letter: Box<Letter>, out: &mut Actions<Ask>) {
        let ends = letter.ends();
        self.await_chunk(Chunk { left: length.octets, length, fate: Fate::Kept(letter), ends });
        if self.seen > ends {
            self.silence(out);
        }
    }

    fn swallow(&mut self, length: Length, reply: Reply, blame: Blame) {
        let ends = self.seen.plus(self.config.limits.data_time);
        self.await_chunk(Chunk { left: length.octets, length, fate: Fate::Swallowed(reply, blame), ends });
    }

    fn await_chunk(&mut self, chunk: Chunk) {
        self.deadline = self.seen.plus(self.config.limits.data_silence).min(chunk.ends);
        self.state = State::Chunk(chunk);
    }

    /// Takes what has come of a chunk; returns how many octets were its own.
    pub(super) fn chunk(&mut self, bytes: &[u8], out: &mut Actions<Ask>) -> usize {
        let State::Chunk(chunk) = &mut self.state else { return 0 };
        if self.seen > chunk.ends {
            self.silence(out);
            return 0;
        }
        let limits = &self.config.limits;
        self.deadline = self.seen.plus(limits.data_silence).min(chunk.ends);
        let count = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(bytes.len());
        match &mut chunk.fate {
            // Where it stands is judged when the chunk has come.
            Fate::Kept(letter) => drop(letter.take(&bytes[..count], limits, out)),
            Fate::Swallowed(..) => {}
        }
        chunk.left -= count as u64;
        count
    }

    /// Goes on with a chunk as far as what has come allows; says whether there is more to do.
    pub(super) fn chunk_goes_on(&mut self, out: &mut Actions<Ask>) -> bool {
        let State::Chunk(chunk) = &self.state else { return false };
        if chunk.left == 0 {
            self.chunk_done(out);
            return true;
        }
        let count = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(self.lines.unread().len());
        if count == 0 {
            return false;
        }
        let bytes = self.lines.take(count);
        self.chunk(&bytes, out);
        true
    }

    fn chunk_done(&mut self, out: &mut Actions<Ask>) {
        let chunk = match std::mem::replace(&mut self.state, State::Command) {
            State::Chunk(chunk) => chunk,
            other => {
                self.state = other;
                return;
            }
        };
        self.await_command();
        match chunk.fate {
            Fate::Swallowed(reply, Blame::Client) => self.error(&reply, out),
            Fate::Swallowed(reply, Blame::World) => self.refused(&reply, out),
            Fate::Kept(mut letter) => {
                let limits = &self.config.limits;
                let progress = match (letter.refusal(limits), chunk.length.place) {
                    (Some(why), _) => Progress::Bad { read: 0, why },
                    (None, Place::Last) => letter.finish(limits, out),
                    (None, Place::Inside) => Progress::More,
                };
                match progress {
                    Progress::Whole { size, .. } => self.ask(Ask::Finish { size }, Question::Finish, out),
                    Progress::Bad { why, .. } => self.give_up(why, why.then(), out),
                    Progress::Endless => self.give_up(Discard::TooLarge, Then::Close, out),
                    Progress::More => {
                        if let Some(transaction) = &mut self.transaction {
                            transaction.letter = Some(letter);
                        }
                        self.say(&Reply::chunk_taken(chunk.length.octets));
                    }
                }
            }
        }
    }

    /// The peer fell silent in a chunk, or took too long over it.
    pub(super) fn chunk_abandoned(&mut self, why: Discard, out: &mut Actions<Ask>) {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Chunk(Chunk { fate: Fate::Kept(_), .. }) => self.give_up(why, Then::Close, out),
            State::Chunk(Chunk { fate: Fate::Swallowed(..), .. }) => {
                self.say_and_close(&Reply::too_slow(), out);
            }
            other => self.state = other,
        }
    }
}
