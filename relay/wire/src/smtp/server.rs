//! The state machine of one session. What each command does is in [`verbs`]; chunks are in [`chunks`].

mod chunks;
mod verbs;

use self::chunks::Chunk;
pub(super) use self::chunks::{Length, Place};
use super::command::{self, Verb};
use super::letter::{Letter, Progress};
use super::limits::{AUTH_LINE, COMMAND_LINE, SHORTEST_PATIENCE, WORLD_TIME};
use super::tally::Tally;
use super::{Accepted, Answer, Ask, Config, Discard, Reply};
use crate::lines::{Lines, Next};
use crate::sasl::Exchange;
use crate::{Action, Actions, Input, Machine, TlsFacts};
use names::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// One session of an SMTP door.
///
/// Replies of one pipelined group are held and sent together, when the peer has nothing more to be
/// read (RFC 2920 §3.2), before a letter, a handshake or the end, and after each accepted letter.
pub struct Server {
    config: Arc<Config>,
    state: State,
    lines: Lines,
    /// Replies not sent yet.
    held: Vec<u8>,
    client: Option<Client>,
    tls: Option<TlsFacts>,
    signed_in: bool,
    transaction: Option<Transaction>,
    tally: Tally,
    /// When the peer must have finished what it is at.
    deadline: Timestamp,
    seen: Timestamp,
    stopping: bool,
    gone: bool,
}

/// What the next input means.
enum State {
    /// Before the connection is open.
    Fresh,
    /// A command line.
    Command,
    /// An answer to a challenge of AUTH.
    Challenge(Challenge),
    /// The octets of a letter.
    Letter(Box<Letter>),
    /// The octets of a chunk.
    Chunk(Chunk),
    /// The world's answer.
    Asked(Question),
    /// The facts of a handshake.
    Handshake,
    /// Nothing.
    Closed,
}

/// A sign-in under way, and the refusal that waits until the client has heard what is wrong with its
/// token.
struct Challenge {
    exchange: Exchange,
    refusal: Option<Reply>,
}

/// The question whose answer we wait for, and what follows it.
enum Question {
    SignIn(Exchange),
    Sender {
        utf8: bool,
    },
    Recipient,
    Reset(Reply, Then),
    /// For a letter by DATA, or by chunks of which this is the first.
    Begin(Option<Length>),
    Finish,
    Discard(Reply, Then),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Close,
}

impl Discard {
    /// A break makes the end doubtful: somebody on the path may have seen another one, so what follows
    /// is not read as commands (RELIABILITY S-01).
    fn then(self) -> Then {
        match self {
            Self::BareCr(_) | Self::BareLf(_) | Self::Nul(_) => Then::Close,
            Self::LongLine(_) | Self::TooLarge => Then::GoOn,
            Self::TooSlow | Self::Disconnect => Then::Close,
        }
    }
}

/// Who the client says it is.
struct Client {
    name: String,
    /// EHLO, not HELO.
    extended: bool,
}

/// A letter being addressed.
struct Transaction {
    utf8: bool,
    recipients: u32,
    /// What has come of it, between two chunks.
    letter: Option<Box<Letter>>,
    /// A chunk of it was refused: it can only be begun anew.
    spoiled: bool,
}

impl Transaction {
    /// Whether BDAT was said in it.
    fn is_in_chunks(&self) -> bool {
        self.letter.is_some() || self.spoiled
    }
}

impl Machine for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, input: Input<'_, Answer>, now: Timestamp, out: &mut Actions<Ask>) {
        self.seen = now;
        match input {
            Input::Open(tls) => self.open(tls),
            Input::Bytes(bytes) => self.bytes(bytes, out),
            Input::Answer(answer) => self.answer(answer, out),
            Input::Secured(tls) => self.secured(tls, out),
            Input::Silence => self.silence(out),
            Input::Stopping => self.stopping = true,
            Input::Gone | Input::Failed(_) => self.gone(out),
            // Never asked for: this machine pulls nothing and listens to nothing.
            Input::End | Input::Event(_) => {}
        }
        self.run(out);
        if !matches!(self.state, State::Asked(_)) {
            self.flush(out);
        }
    }

    fn patience(&self) -> Duration {
        let left = match self.state {
            State::Command | State::Challenge(_) | State::Letter(_) | State::Chunk(_) => {
                self.deadline.since(self.seen)
            }
            State::Fresh | State::Asked(_) | State::Handshake | State::Closed => WORLD_TIME,
        };
        Duration::from_millis(u64::try_from(left.max(SHORTEST_PATIENCE)).unwrap_or_default())
    }
}

impl Server {
    /// A session that has not begun; [`Input::Open`] begins it. On an implicit-TLS port (465) the
    /// driver opens it with the facts of the handshake, and STARTTLS is then not offered.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            state: State::Fresh,
            lines: Lines::default(),
            held: Vec::new(),
            client: None,
            tls: None,
            signed_in: false,
            transaction: None,
            tally: Tally::default(),
            deadline: Timestamp::default(),
            seen: Timestamp::default(),
            stopping: false,
            gone: false,
        }
    }

    fn open(&mut self, tls: Option<TlsFacts>) {
        if matches!(self.state, State::Fresh) {
            self.tls = tls;
            self.say(&Reply::greeting(&self.config));
            self.await_command();
        }
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Actions<Ask>) {
        match &mut self.state {
            State::Command | State::Challenge(_) => {
                self.lines.push(bytes);
                if self.seen > self.deadline {
                    self.silence(out);
                }
            }
            State::Letter(_) => self.letter(bytes, out),
            State::Chunk(_) if self.lines.unread().is_empty() => {
                let own = self.chunk(bytes, out);
                self.lines.push(&bytes[own..]);
            }
            State::Chunk(_) => self.lines.push(bytes),
            State::Asked(_) => self.lines.push(bytes),
            // RELIABILITY S-05: who speaks before the greeting does not listen.
            State::Fresh => self.say_and_close(&Reply::spoke_too_early(), out),
            // RELIABILITY T-01: clear text where a handshake was due.
            State::Handshake => self.close(out),
            State::Closed => {}
        }
    }

    fn secured(&mut self, tls: TlsFacts, out: &mut Actions<Ask>) {
        match self.state {
            State::Handshake => {}
            State::Closed => return,
            State::Fresh
            | State::Command
            | State::Challenge(_)
            | State::Letter(_)
            | State::Chunk(_)
            | State::Asked(_) => {
                return self.close(out);
            }
        }
        // RFC 3207 §4.2: what was said before the handshake was never said.
        self.tls = Some(tls);
        self.client = None;
        self.lines.clear();
        self.await_command();
    }

    fn silence(&mut self, out: &mut Actions<Ask>) {
        match self.state {
            State::Command | State::Challenge(_) => self.say_and_close(&Reply::too_slow(), out),
            State::Letter(_) => self.give_up(Discard::TooSlow, Then::Close, out),
            State::Chunk(_) => self.chunk_abandoned(Discard::TooSlow, out),
            // The world and the handshake have clocks of their own.
            State::Fresh | State::Asked(_) | State::Handshake | State::Closed => {}
        }
    }

    fn gone(&mut self, out: &mut Actions<Ask>) {
        self.gone = true;
        match self.state {
            State::Letter(_) => self.give_up(Discard::Disconnect, Then::Close, out),
            State::Chunk(_) => self.chunk_abandoned(Discard::Disconnect, out),
            State::Asked(_) | State::Closed => {}
            State::Fresh | State::Command | State::Challenge(_) | State::Handshake => self.close(out),
        }
    }

    /// Reads on as long as there is something to read and nobody to wait for.
    fn run(&mut self, out: &mut Actions<Ask>) {
        loop {
            match self.state {
                State::Command | State::Challenge(_) => {}
                State::Chunk(_) => match self.chunk_goes_on(out) {
                    true => continue,
                    false => return,
                },
                State::Fresh | State::Letter(_) | State::Asked(_) | State::Handshake | State::Closed => {
                    return;
                }
            }
            if self.stopping {
                return self.say_and_close(&Reply::stopping(), out);
            }
            let challenged = matches!(self.state, State::Challenge(_));
            match self.lines.next(self.line_limit()) {
                Next::Incomplete => return,
                Next::Line(line) => self.line(&Zeroizing::new(line), out),
                Next::TooLong if challenged => {
                    self.await_command();
                    self.error(&Reply::auth_line_too_long(), out);
                }
                // A chunk may follow, and nobody knows how long it is.
                Next::TooLong if command::is_bdat(&self.lines.too_long_head()) => {
                    return self.say_and_close(&Reply::line_too_long(), out);
                }
                Next::TooLong => self.error(&Reply::line_too_long(), out),
                Next::Broken(_) => return self.say_and_close(&Reply::bad_framing(), out),
                Next::Endless => return self.say_and_close(&Reply::line_endless(), out),
            }
        }
    }

    /// RFC 4954 §4 gives AUTH longer lines than other commands.
    fn line_limit(&self) -> usize {
        let auth = self.lines.unread().get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        if auth || matches!(self.state, State::Challenge(_)) { AUTH_LINE } else { COMMAND_LINE }
    }

    fn line(&mut self, line: &[u8], out: &mut Actions<Ask>) {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Challenge(challenge) => {
                self.await_command();
                self.challenge_answered(challenge, line, out);
            }
            State::Command => {
                self.await_command();
                match command::split(line) {
                    // Somebody else may read a BDAT here, and know how much of a letter follows.
                    Ok((Verb::Unknown, _)) if command::is_bdat(line) => {
                        self.say_and_close(&Reply::bad_chunk(), out);
                    }
                    Ok((verb, argument)) => self.command(verb, argument, out),
                    Err(reply) if command::is_bdat(line) => self.say_and_close(&reply, out),
                    Err(reply) => self.error(&reply, out),
                }
            }
            // `run` reads lines in these two states only.
            other @ (State::Fresh
            | State::Letter(_)
            | State::Chunk(_)
            | State::Asked(_)
            | State::Handshake
            | State::Closed) => self.state = other,
        }
    }

    fn letter(&mut self, bytes: &[u8], out: &mut Actions<Ask>) {
        let State::Letter(letter) = &mut self.state else { return };
        let limits = &self.config.limits;
        if self.seen > letter.ends() {
            return self.give_up(Discard::TooSlow, Then::Close, out);
        }
        self.deadline = self.seen.plus(limits.data_silence).min(letter.ends());
        match letter.take(bytes, limits, out) {
            Progress::More => {}
            Progress::Whole { read, size } => {
                self.lines.push(&bytes[read..]);
                self.ask(Ask::Finish { size }, Question::Finish, out);
            }
            Progress::Bad { read, why } => {
                self.lines.push(&bytes[read..]);
                self.give_up(why, why.then(), out);
            }
            Progress::Endless => self.give_up(Discard::TooLarge, Then::Close, out),
        }
    }

    fn give_up(&mut self, why: Discard, then: Then, out: &mut Actions<Ask>) {
        let reply = Reply::discarded(why, &self.config);
        self.ask(Ask::Discard(why), Question::Discard(reply, then), out);
    }

    fn answer(&mut self, answer: Answer, out: &mut Actions<Ask>) {
        let question = match std::mem::replace(&mut self.state, State::Closed) {
            State::Asked(question) => question,
            State::Closed => return,
            State::Fresh
            | State::Command
            | State::Challenge(_)
            | State::Letter(_)
            | State::Chunk(_)
            | State::Handshake => {
                return self.say_and_close(&Reply::confused(), out);
            }
        };
        self.await_command();
        match (question, answer) {
            (Question::Begin(_), Answer::Data(Ok(()))) if self.gone => {
                self.give_up(Discard::Disconnect, Then::Close, out);
            }
            _ if self.gone => self.close(out),
            (Question::SignIn(mut exchange), Answer::Challenge(challenge)) => {
                exchange.challenged();
                self.challenge(exchange, &challenge);
            }
            (Question::SignIn(_), Answer::Authenticated(Ok(()))) => {
                self.signed_in = true;
                self.say(&Reply::signed_in());
            }
            (Question::SignIn(exchange), Answer::Authenticated(Err(reply))) => {
                self.attempt_refused(exchange, reply, out);
            }
            (Question::Sender { utf8 }, Answer::Sender(Ok(()))) => {
                self.transaction = Some(Transaction { utf8, recipients: 0, letter: None, spoiled: false });
                self.say(&Reply::sender_ok());
            }
            (Question::Recipient, Answer::Recipient(Ok(()))) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients += 1;
                }
                self.say(&Reply::recipient_ok());
            }
            (Question::Sender { .. }, Answer::Sender(Err(reply)))
            | (Question::Recipient, Answer::Recipient(Err(reply))) => self.refused(&reply, out),
            (Question::Begin(Some(length)), Answer::Data(may)) => self.chunks_begin(length, may, out),
            (Question::Begin(None), Answer::Data(Ok(()))) => self.begin_letter(out),
            (Question::Begin(None), Answer::Data(Err(reply)))
            | (Question::Finish, Answer::Finished(Err(reply))) => {
                self.transaction = None;
                self.refused(&reply, out);
            }
            (Question::Finish, Answer::Finished(Ok(accepted))) => self.accepted(&accepted, out),
            (Question::Reset(reply, then), Answer::Done) => {
                self.transaction = None;
                self.say_then(&reply, then, out);
            }
            (Question::Discard(reply, then), Answer::Done) => {
                self.transaction = None;
                match then {
                    Then::GoOn => self.refused(&reply, out),
                    Then::Close => self.say_and_close(&reply, out),
                }
            }
            (
                Question::SignIn(_)
                | Question::Sender { .. }
                | Question::Recipient
                | Question::Reset(..)
                | Question::Begin(_)
                | Question::Finish
                | Question::Discard(..),
                Answer::Done
                | Answer::Challenge(_)
                | Answer::Authenticated(_)
                | Answer::Sender(_)
                | Answer::Recipient(_)
                | Answer::Data(_)
                | Answer::Finished(_),
            ) => self.say_and_close(&Reply::confused(), out),
        }
    }

    fn begin_letter(&mut self, out: &mut Actions<Ask>) {
        let limits = &self.config.limits;
        let letter = Letter::by_data(limits, self.seen.plus(limits.data_time));
        self.deadline = self.seen.plus(limits.data_silence).min(letter.ends());
        self.state = State::Letter(Box::new(letter));
        if self.lines.unread().is_empty() {
            self.say(&Reply::begin_letter());
            self.flush(out);
        } else {
            // Bytes that came while the world was thinking: see `data`.
            self.ask(
                Ask::Discard(Discard::Disconnect),
                Question::Discard(Reply::spoke_too_early(), Then::Close),
                out,
            );
        }
    }

    fn accepted(&mut self, accepted: &Accepted, out: &mut Actions<Ask>) {
        self.transaction = None;
        self.tally.letter_accepted();
        self.say(&Reply::accepted(accepted));
        self.flush(out);
    }

    /// Forgets the letter being addressed, if any, and says `reply`.
    fn reset(&mut self, reply: Reply, then: Then, out: &mut Actions<Ask>) {
        if matches!(self.state, State::Closed) {
            return; // the tally is full
        }
        match self.transaction {
            Some(_) => self.ask(Ask::Reset, Question::Reset(reply, then), out),
            None => self.say_then(&reply, then, out),
        }
    }

    fn ask(&mut self, ask: Ask, question: Question, out: &mut Actions<Ask>) {
        out.push(Action::Ask(ask));
        self.state = State::Asked(question);
    }

    fn await_command(&mut self) {
        self.state = State::Command;
        self.deadline = self.seen.plus(self.config.limits.command_time);
    }

    /// Counts a command that does nothing.
    fn idle(&mut self, out: &mut Actions<Ask>) {
        if self.tally.idle(&self.config.limits) {
            self.say_and_close(&Reply::too_many_errors(), out);
        }
    }

    fn chat(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        self.idle(out);
        if !matches!(self.state, State::Closed) {
            self.say(reply);
        }
    }

    /// The client did wrong: says so, until it has done so too often.
    fn error(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        if self.tally.error(&self.config.limits) {
            self.say_and_close(&Reply::too_many_errors(), out);
        } else {
            self.say_until_farewell(reply, out);
        }
    }

    /// The world, or a limit, said no to a well-formed wish.
    fn refused(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        if self.tally.refused(&self.config.limits) {
            self.say_and_close(&Reply::too_many_errors(), out);
        } else {
            self.say_until_farewell(reply, out);
        }
    }

    /// RFC 5321 §3.8: after 421 the channel is closed, whoever said it.
    fn say_until_farewell(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        self.say_then(reply, if reply.is_farewell() { Then::Close } else { Then::GoOn }, out);
    }

    fn say_then(&mut self, reply: &Reply, then: Then, out: &mut Actions<Ask>) {
        self.say(reply);
        match then {
            Then::GoOn => {}
            Then::Close => self.close(out),
        }
    }

    fn say_and_close(&mut self, reply: &Reply, out: &mut Actions<Ask>) {
        self.say_then(reply, Then::Close, out);
    }

    fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.held);
    }

    fn flush(&mut self, out: &mut Actions<Ask>) {
        out.send(&self.held);
        self.held.clear();
    }

    fn close(&mut self, out: &mut Actions<Ask>) {
        self.flush(out);
        out.push(Action::Close);
        self.state = State::Closed;
        self.lines.clear();
    }
}
