//! The state machine of one connection.

use super::limits::{PIPELINED, SHORTEST_PATIENCE, WORLD_TIME};
use super::reply::{Class, Replies};
use super::transaction::{Heard, Transaction, Verb};
use super::{
    Answer, Ask, Capabilities, Config, Envelope, Failure, Ours, Phase, RecipientOutcome, Settled, Why,
};
use crate::stuffing::{Stuffer, Unclean};
use crate::{Action, Actions, Input, Machine};
use bytes::Bytes;
use names::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// One connection to another operator's server, from its greeting to QUIT.
pub struct Client {
    config: Arc<Config>,
    state: State,
    replies: Replies,
    peer: Capabilities,
    secured: bool,
    /// A transaction stands open on the other side: RSET before the next.
    open: bool,
    /// Letters begun.
    letters: u64,
    /// When the peer must have answered.
    deadline: Timestamp,
    seen: Timestamp,
    stopping: bool,
    gone: bool,
}

/// What the next input means.
enum State {
    /// Before the connection is open.
    Fresh,
    /// The greeting.
    Greeting,
    /// The answer to EHLO.
    Hello,
    /// The answer to STARTTLS.
    StartTls,
    /// The facts of a handshake.
    Handshake,
    /// The world's first letter.
    Ready,
    /// The world's next letter, or the peer's farewell: who keeps a connection must hear it close.
    Idle,
    /// Answers to RSET, MAIL, RCPT, DATA.
    Envelope(Box<Transaction>),
    /// Pieces of the letter, from the world.
    Content(Box<Transaction>, Stuffer),
    /// The answer to a lone dot; nobody gets anything.
    Nobody(Box<Transaction>),
    /// The answer to the end of the letter.
    Final(Box<Transaction>),
    /// That the world has taken what we told it.
    Told(Then),
    /// The answer to QUIT.
    Quitting,
    /// Nothing.
    Closed,
}

/// What follows when the world has taken what we told it.
#[derive(Clone, Copy)]
enum Then {
    Next,
    Quit,
    Close,
}

impl Machine for Client {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: Input<'_, Answer>, now: Timestamp, out: &mut Actions<Ask>) {
        self.seen = now;
        match input {
            Input::Open(tls) => self.open(tls.is_some()),
            Input::Bytes(bytes) => self.bytes(bytes, out),
            Input::Answer(answer) => self.answer(answer, out),
            Input::End => self.end(out),
            Input::Secured(_) => self.secured(out),
            Input::Failed(fault) => {
                self.gone = true;
                self.broken(Failure::Link(fault), out);
            }
            Input::Silence => self.silence(out),
            Input::Stopping => self.stop(out),
            Input::Gone => {
                self.gone = true;
                self.broken(Failure::Gone { at: self.phase() }, out);
            }
            Input::Event(answer) => self.event(answer, out),
        }
        self.run(out);
    }

    fn patience(&self) -> Duration {
        let left = match self.state {
            State::Greeting
            | State::Hello
            | State::StartTls
            | State::Envelope(_)
            | State::Nobody(_)
            | State::Final(_)
            | State::Quitting => self.deadline.since(self.seen),
            State::Content(..) => self.config.limits.block_time,
            State::Fresh | State::Handshake | State::Ready | State::Idle | State::Told(_) | State::Closed => {
                WORLD_TIME
            }
        };
        Duration::from_millis(u64::try_from(left.max(SHORTEST_PATIENCE)).unwrap_or_default())
    }

    fn listening(&self) -> bool {
        matches!(self.state, State::Idle)
    }
}

impl Client {
    /// A session that has not begun; [`Input::Open`] begins it. Where TLS comes first, the driver
    /// opens it with the facts of the handshake.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            state: State::Fresh,
            replies: Replies::default(),
            peer: Capabilities::default(),
            secured: false,
            open: false,
            letters: 0,
            deadline: Timestamp::default(),
            seen: Timestamp::default(),
            stopping: false,
            gone: false,
        }
    }

    fn open(&mut self, secured: bool) {
        if matches!(self.state, State::Fresh) {
            self.secured = secured;
            self.state = State::Greeting;
            self.deadline = self.seen.plus(self.config.limits.greeting_time);
        }
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Actions<Ask>) {
        match self.state {
            // RELIABILITY T-02: clear text where a handshake was due.
            State::Handshake => self.fail(Failure::Injected, Then::Close, out),
            State::Fresh | State::Closed => {}
            State::Idle => {
                self.replies.push(bytes);
                self.rest(out);
            }
            State::Greeting
            | State::Hello
            | State::StartTls
            | State::Ready
            | State::Envelope(_)
            | State::Content(..)
            | State::Nobody(_)
            | State::Final(_)
            | State::Told(_)
            | State::Quitting => {
                self.replies.push(bytes);
                self.run(out);
                // What came in time is read before the time is looked at.
                if self.awaits_reply() && self.seen > self.deadline {
                    self.silence(out);
                }
            }
        }
    }

    fn secured(&mut self, out: &mut Actions<Ask>) {
        if !matches!(self.state, State::Handshake) {
            return;
        }
        // RFC 3207 §4.2: what was said before the handshake was never said.
        self.secured = true;
        self.replies.clear();
        self.peer = Capabilities::default();
        self.hello(out);
    }

    fn silence(&mut self, out: &mut Actions<Ask>) {
        if matches!(self.state, State::Idle) {
            return self.quit(out);
        }
        if self.awaits_reply() || matches!(self.state, State::Content(..)) {
            self.broken(Failure::TooSlow { at: self.phase() }, out);
        }
        // The world and the handshake have clocks of their own.
    }

    fn stop(&mut self, out: &mut Actions<Ask>) {
        self.stopping = true;
        match self.state {
            State::Fresh | State::Greeting | State::Handshake => {
                self.fail(Failure::Stopping, Then::Close, out)
            }
            State::Hello | State::StartTls => self.fail(Failure::Stopping, Then::Quit, out),
            State::Idle => self.quit(out),
            // An open transaction is finished; the other states end by themselves.
            State::Ready
            | State::Envelope(_)
            | State::Content(..)
            | State::Nobody(_)
            | State::Final(_)
            | State::Told(_)
            | State::Quitting
            | State::Closed => {}
        }
    }

    /// Reads replies as long as one is awaited.
    fn run(&mut self, out: &mut Actions<Ask>) {
        while self.awaits_reply() {
            match self.replies.next() {
                Ok(None) => return,
                Ok(Some(reply)) => self.reply(reply, out),
                Err(fault) => self.broken(Failure::NotSmtp { at: self.phase(), fault }, out),
            }
        }
    }

    fn awaits_reply(&self) -> bool {
        match self.state {
            State::Greeting
            | State::Hello
            | State::StartTls
            | State::Envelope(_)
            | State::Nobody(_)
            | State::Final(_)
            | State::Quitting => true,
            State::Fresh
            | State::Handshake
            | State::Ready
            | State::Idle
            | State::Content(..)
            | State::Told(_)
            | State::Closed => false,
        }
    }

    fn phase(&self) -> Phase {
        match &self.state {
            State::Fresh | State::Greeting => Phase::Greeting,
            State::Hello => Phase::Hello,
            State::StartTls | State::Handshake => Phase::StartTls,
            State::Envelope(transaction) => transaction.awaits().map_or(Phase::Mail, Verb::phase),
            State::Content(..) => Phase::Content,
            State::Nobody(_) => Phase::Data,
            State::Final(_) => Phase::Final,
            State::Ready | State::Idle | State::Told(_) | State::Quitting | State::Closed => Phase::Mail,
        }
    }

    fn reply(&mut self, reply: super::PeerReply, out: &mut Actions<Ask>) {
        let last = if reply.is_farewell() { Then::Close } else { Then::Quit };
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Greeting if reply.is_ready() => self.hello(out),
            State::Greeting => self.fail(Failure::Greeting(reply), last, out),
            State::Hello if reply.class() == Class::Done => {
                self.peer = Capabilities::read(&reply);
                if self.secured { self.ready(out) } else { self.start_tls(out) }
            }
            State::Hello => self.fail(Failure::Hello(reply), last, out),
            State::StartTls if reply.is_ready() => {
                if self.replies.is_empty() {
                    out.push(Action::StartTls);
                    self.state = State::Handshake;
                } else {
                    self.fail(Failure::Injected, Then::Close, out);
                }
            }
            State::StartTls => self.fail(Failure::StartTlsRefused(reply), last, out),
            State::Envelope(transaction) => self.envelope_reply(transaction, reply, out),
            State::Nobody(transaction) => {
                self.open = false;
                self.settle(*transaction, if reply.is_farewell() { Then::Close } else { Then::Next }, out);
            }
            State::Final(mut transaction) => {
                self.open = false;
                match transaction.hear_final(reply) {
                    None => self.settle(*transaction, Then::Next, out),
                    Some(failure) => {
                        transaction.finish(|| RecipientOutcome::Unknown { why: failure.clone() });
                        self.settle(*transaction, Then::Close, out);
                    }
                }
            }
            State::Quitting => self.close(out),
            // `run` reads replies in the states above only.
            other @ (State::Fresh
            | State::Handshake
            | State::Ready
            | State::Idle
            | State::Content(..)
            | State::Told(_)
            | State::Closed) => self.state = other,
        }
    }

    fn hello(&mut self, out: &mut Actions<Ask>) {
        out.send(format!("EHLO {}\r\n", self.config.hostname).as_bytes());
        self.state = State::Hello;
        self.deadline = self.seen.plus(self.config.limits.command_time);
    }

    fn start_tls(&mut self, out: &mut Actions<Ask>) {
        if !self.peer.starttls {
            self.fail(Failure::NoStartTls, Then::Quit, out);
        } else if !self.replies.is_empty() {
            self.fail(Failure::Injected, Then::Close, out);
        } else {
            out.send(b"STARTTLS\r\n");
            self.state = State::StartTls;
            self.deadline = self.seen.plus(self.config.limits.command_time);
        }
    }

    /// Asks for the first letter.
    fn ready(&mut self, out: &mut Actions<Ask>) {
        if !self.replies.is_empty() {
            self.fail(Failure::OutOfStep { at: Phase::Hello }, Then::Close, out);
        } else if self.stopping {
            self.fail(Failure::Stopping, Then::Quit, out);
        } else {
            out.push(Action::Ask(Ask::Ready(self.peer.clone())));
            self.state = State::Ready;
        }
    }

    /// Listens for the next letter, if there can be another one.
    fn rest(&mut self, out: &mut Actions<Ask>) {
        // Words that answer nothing: its farewell, or it counts replies as we do not.
        if self.gone || !self.replies.is_empty() {
            self.close(out);
        } else if self.stopping || self.peer.most_letters.is_some_and(|most| self.letters >= most) {
            self.quit(out);
        } else {
            self.state = State::Idle;
        }
    }

    fn event(&mut self, answer: Answer, out: &mut Actions<Ask>) {
        match (std::mem::replace(&mut self.state, State::Closed), answer) {
            (State::Idle, Answer::Transaction(envelope)) => self.begin(envelope, out),
            (State::Idle, Answer::Quit | Answer::Chunk(_) | Answer::Unreadable | Answer::Done) => {
                self.quit(out)
            }
            // An event is given to who listens.
            (other, _) => self.state = other,
        }
    }

    fn begin(&mut self, envelope: Box<Envelope>, out: &mut Actions<Ask>) {
        let transaction = Box::new(Transaction::new(envelope, &self.peer));
        if transaction.is_over() {
            return self.settle(*transaction, Then::Next, out);
        }
        self.letters += 1;
        if self.gone {
            self.state = State::Envelope(transaction);
            return self.broken(Failure::Gone { at: Phase::Mail }, out);
        }
        self.go_on(transaction, out);
    }

    /// Says the next commands, or settles when there are none.
    fn go_on(&mut self, mut transaction: Box<Transaction>, out: &mut Actions<Ask>) {
        let room = if self.peer.pipelining { PIPELINED } else { 1 };
        let mut commands = Vec::new();
        transaction.say(&self.peer, self.open, room, &mut commands);
        out.send(&commands);
        let Some(verb) = transaction.awaits() else {
            return self.settle(*transaction, Then::Next, out);
        };
        let limits = &self.config.limits;
        let time = match verb {
            Verb::Reset => limits.command_time,
            Verb::Mail => limits.mail_time,
            Verb::Rcpt(_) => limits.rcpt_time,
            Verb::Data => limits.data_time,
        };
        self.deadline = self.seen.plus(time);
        self.state = State::Envelope(transaction);
    }

    fn envelope_reply(
        &mut self,
        mut transaction: Box<Transaction>,
        reply: super::PeerReply,
        out: &mut Actions<Ask>,
    ) {
        let done = reply.class() == Class::Done;
        match transaction.awaits() {
            Some(Verb::Reset) if done => self.open = false,
            Some(Verb::Mail) if done => self.open = true,
            Some(Verb::Reset | Verb::Mail | Verb::Rcpt(_) | Verb::Data) | None => {}
        }
        match transaction.hear(reply) {
            Heard::GoOn => self.go_on(transaction, out),
            Heard::Begin if self.replies.is_empty() => {
                out.push(Action::Pull(Ask::Content));
                self.state = State::Content(transaction, Stuffer::default());
            }
            // One reply too many: which of them was for which recipient, nobody knows.
            Heard::Begin => {
                self.state = State::Envelope(transaction);
                self.broken(Failure::OutOfStep { at: Phase::Data }, out);
            }
            Heard::Nobody => {
                out.send(b".\r\n");
                self.deadline = self.seen.plus(self.config.limits.final_time);
                self.state = State::Nobody(transaction);
            }
            Heard::Broken(failure) => {
                self.state = State::Envelope(transaction);
                self.broken(failure, out);
            }
        }
    }

    fn answer(&mut self, answer: Answer, out: &mut Actions<Ask>) {
        match (std::mem::replace(&mut self.state, State::Closed), answer) {
            (State::Ready, Answer::Transaction(envelope)) => self.begin(envelope, out),
            (State::Ready, Answer::Done) => self.rest(out),
            (State::Ready, Answer::Quit | Answer::Chunk(_) | Answer::Unreadable) => self.quit(out),
            (State::Content(transaction, stuffer), Answer::Chunk(piece)) => {
                self.piece(transaction, stuffer, &piece, out);
            }
            (
                State::Content(mut transaction, _),
                Answer::Unreadable | Answer::Transaction(_) | Answer::Quit | Answer::Done,
            ) => {
                transaction.finish(|| RecipientOutcome::Deferred { why: Why::Ours(Ours::Unreadable) });
                self.settle(*transaction, Then::Close, out);
            }
            (State::Told(Then::Next), _) => self.rest(out),
            (State::Told(Then::Quit), _) if !self.gone => self.quit(out),
            (State::Told(_), _) => self.close(out),
            // Answers to nothing.
            (
                other @ (State::Fresh
                | State::Greeting
                | State::Hello
                | State::StartTls
                | State::Handshake
                | State::Idle
                | State::Envelope(_)
                | State::Nobody(_)
                | State::Final(_)
                | State::Quitting
                | State::Closed),
                _,
            ) => self.state = other,
        }
    }

    /// One piece of the letter. When it cannot be sent as it is, the connection is given up without
    /// an end mark: the only way for a letter begun with DATA not to arrive.
    fn piece(
        &mut self,
        mut transaction: Box<Transaction>,
        mut stuffer: Stuffer,
        piece: &Bytes,
        out: &mut Actions<Ask>,
    ) {
        let mut stuffed = Vec::with_capacity(piece.len() + piece.len() / 64 + 2);
        let obstacle = match stuffer.push(piece, &mut stuffed) {
            Err(Unclean(at)) => Some(Ours::Unclean(at)),
            Ok(()) if !self.peer.eight_bit && !piece.is_ascii() => Some(Ours::EightBit),
            Ok(()) => None,
        };
        match obstacle {
            None => {
                out.push(Action::Send(Bytes::from(stuffed)));
                self.state = State::Content(transaction, stuffer);
            }
            Some(ours) => {
                transaction.finish(|| RecipientOutcome::Refused { why: Why::Ours(ours) });
                self.settle(*transaction, Then::Close, out);
            }
        }
    }

    fn end(&mut self, out: &mut Actions<Ask>) {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Content(mut transaction, stuffer) => {
                let mut mark = Vec::new();
                match stuffer.finish(&mut mark) {
                    Ok(()) => {
                        out.send(&mark);
                        self.deadline = self.seen.plus(self.config.limits.final_time);
                        self.state = State::Final(transaction);
                    }
                    Err(Unclean(at)) => {
                        let why = Why::Ours(Ours::Unclean(at));
                        transaction.finish(|| RecipientOutcome::Refused { why: why.clone() });
                        self.settle(*transaction, Then::Close, out);
                    }
                }
            }
            other => self.state = other,
        }
    }

    /// The session can go no further: what is open is settled, or the failure told.
    fn broken(&mut self, failure: Failure, out: &mut Actions<Ask>) {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Fresh | State::Greeting | State::Hello | State::StartTls | State::Handshake => {
                self.fail(failure, Then::Close, out);
            }
            State::Content(mut transaction, _) => {
                // What it said while we were sending is the better reason.
                let why = match self.replies.next() {
                    Ok(Some(reply)) => Why::Reply { to: Phase::Content, reply },
                    Ok(None) | Err(_) => Why::Session(failure),
                };
                transaction.finish(|| RecipientOutcome::Deferred { why: why.clone() });
                self.settle(*transaction, Then::Close, out);
            }
            State::Envelope(mut transaction) | State::Nobody(mut transaction) => {
                transaction.finish(|| RecipientOutcome::Deferred { why: Why::Session(failure.clone()) });
                self.settle(*transaction, Then::Close, out);
            }
            State::Final(mut transaction) => {
                transaction.finish(|| RecipientOutcome::Unknown { why: failure.clone() });
                self.settle(*transaction, Then::Close, out);
            }
            // The world is thinking; its answer comes first.
            State::Ready => self.state = State::Ready,
            State::Told(_) => self.state = State::Told(Then::Close),
            State::Idle | State::Quitting => self.close(out),
            State::Closed => {}
        }
    }

    fn settle(&mut self, transaction: Transaction, then: Then, out: &mut Actions<Ask>) {
        let closed = matches!(then, Then::Close);
        let unheard = closed && self.letters > 1 && !transaction.heard();
        let rest =
            || RecipientOutcome::Deferred { why: Why::Session(Failure::OutOfStep { at: Phase::Data }) };
        let settled = Settled { outcomes: transaction.outcomes(rest), dsn: self.peer.dsn, unheard };
        out.push(Action::Ask(Ask::Settled(settled)));
        self.state = State::Told(then);
    }

    fn fail(&mut self, failure: Failure, then: Then, out: &mut Actions<Ask>) {
        out.push(Action::Ask(Ask::Failed(failure)));
        self.state = State::Told(then);
    }

    /// RFC 5321 §4.1.1.10 wants QUIT, and that its answer is waited for; briefly.
    fn quit(&mut self, out: &mut Actions<Ask>) {
        if self.gone {
            return self.close(out);
        }
        out.send(b"QUIT\r\n");
        self.state = State::Quitting;
        self.deadline = self.seen.plus(self.config.limits.quit_time);
    }

    fn close(&mut self, out: &mut Actions<Ask>) {
        self.replies.clear();
        out.push(Action::Close);
        self.state = State::Closed;
    }
}
