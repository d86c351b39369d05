//! One letter on its way: which commands are out, and how each recipient stands.

use super::reply::Class;
use super::{
    Capabilities, ContentKind, Envelope, Failure, Ours, PeerReply, Phase, RecipientOutcome, Size, TimeLeft,
    Why,
};
use crate::smtp::ByMode;
use names::Domain;
use std::collections::{BTreeSet, VecDeque};

/// A transaction that is not settled.
pub(super) struct Transaction {
    envelope: Box<Envelope>,
    /// One for each recipient, in the envelope's order.
    standing: Vec<Standing>,
    /// Commands whose replies have not come, oldest first.
    sent: VecDeque<Verb>,
    /// The first recipient whose RCPT has not been sent.
    next: usize,
    mail: Progress,
    data: Progress,
    /// Whether the peer answered anything to it.
    heard: bool,
}

/// How a recipient stands.
enum Standing {
    /// RCPT is not sent, or not answered.
    Waiting,
    /// RCPT was accepted.
    Accepted,
    Over(RecipientOutcome),
}

/// A command that is said once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unsaid,
    Said,
    Accepted,
    Refused,
}

/// A command of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Reset,
    Mail,
    Rcpt(usize),
    Data,
}

/// What the reply to a command asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The next command, or the end when there is none.
    GoOn,
    /// The letter.
    Begin,
    /// 354 although nobody would get the letter: a lone dot (RFC 2920 §3.1).
    Nobody,
    /// It cannot go on over this connection.
    Broken(Failure),
}

impl Verb {
    pub(super) fn phase(self) -> Phase {
        match self {
            Verb::Reset => Phase::Reset,
            Verb::Mail => Phase::Mail,
            Verb::Rcpt(_) => Phase::Rcpt,
            Verb::Data => Phase::Data,
        }
    }
}

impl Transaction {
    /// Judges what can be judged before a word is said.
    pub(super) fn new(envelope: Box<Envelope>, peer: &Capabilities) -> Self {
        let standing = envelope.recipients.iter().map(|_| Standing::Waiting).collect();
        let mut transaction = Self {
            envelope,
            standing,
            sent: VecDeque::new(),
            next: 0,
            mail: Progress::Unsaid,
            data: Progress::Unsaid,
            heard: false,
        };
        match transaction.obstacle(peer) {
            Some(ours) => transaction.finish(|| RecipientOutcome::Refused { why: Why::Ours(ours) }),
            None => transaction.make_room(peer),
        }
        transaction
    }

    /// What the letter needs and the peer does not have.
    fn obstacle(&self, peer: &Capabilities) -> Option<Ours> {
        let envelope = &self.envelope;
        if envelope.require_tls && !peer.require_tls {
            return Some(Ours::RequireTls);
        }
        if let (Some(least), Some(TimeLeft { seconds: left, mode: ByMode::Return })) =
            (peer.deliver_by, envelope.deliver_by)
            && left < i64::try_from(least.max(1)).unwrap_or(i64::MAX)
        {
            return Some(Ours::TooSoon { left, least });
        }
        if let Some(Size::Octets(limit)) = peer.size
            && envelope.size > limit
        {
            return Some(Ours::TooLarge { size: envelope.size, limit });
        }
        if !peer.utf8 && envelope.needs_utf8() {
            let address = envelope.has_utf8_address();
            return Some(if address { Ours::Utf8Address } else { Ours::Utf8Letter });
        }
        (envelope.content == ContentKind::EightBit && !peer.eight_bit).then_some(Ours::EightBit)
    }

    /// RFC 9422 §4: who is one too many waits for the next letter.
    fn make_room(&mut self, peer: &Capabilities) {
        let mut domains: BTreeSet<&Domain> = BTreeSet::new();
        let mut taken = 0;
        for (recipient, standing) in self.envelope.recipients.iter().zip(&mut self.standing) {
            let domain = recipient.address.domain();
            let room = peer.most_recipients.is_none_or(|most| taken < most);
            let known = domains.contains(domain);
            if room && (known || peer.most_domains.is_none_or(|most| (domains.len() as u64) < most)) {
                domains.insert(domain);
                taken += 1;
            } else {
                *standing = Standing::Over(RecipientOutcome::Deferred { why: Why::Ours(Ours::TooMany) });
            }
        }
    }

    /// Whether every recipient has an outcome and no reply is awaited.
    pub(super) fn is_over(&self) -> bool {
        self.sent.is_empty() && self.standing.iter().all(|standing| matches!(standing, Standing::Over(_)))
    }

    /// Whether the peer has answered anything to it.
    pub(super) fn heard(&self) -> bool {
        self.heard
    }

    /// The command whose reply comes next.
    pub(super) fn awaits(&self) -> Option<Verb> {
        self.sent.front().copied()
    }

    /// Appends the commands that may be sent now: one after the other, or as many as `room` when the
    /// peer takes groups (RFC 2920).
    pub(super) fn say(&mut self, peer: &Capabilities, reset: bool, room: usize, out: &mut Vec<u8>) {
        if reset && self.mail == Progress::Unsaid && self.sent.is_empty() && !self.is_over() {
            out.extend_from_slice(b"RSET\r\n");
            self.sent.push_back(Verb::Reset);
        }
        while self.sent.len() < room {
            let Some(verb) = self.next() else { return };
            match verb {
                Verb::Reset => {}
                Verb::Mail => {
                    self.envelope.mail(peer, out);
                    self.mail = Progress::Said;
                }
                Verb::Rcpt(index) => {
                    self.envelope.recipients[index].rcpt(peer, out);
                    self.next = index + 1;
                }
                Verb::Data => {
                    out.extend_from_slice(b"DATA\r\n");
                    self.data = Progress::Said;
                }
            }
            self.sent.push_back(verb);
        }
    }

    fn next(&self) -> Option<Verb> {
        if self.is_over() {
            return None;
        }
        match self.mail {
            Progress::Unsaid => return Some(Verb::Mail),
            Progress::Refused => return None,
            Progress::Said | Progress::Accepted => {}
        }
        let waiting = |index: &usize| matches!(self.standing[*index], Standing::Waiting);
        if let Some(index) = (self.next..self.standing.len()).find(waiting) {
            return Some(Verb::Rcpt(index));
        }
        let hope = self.standing.iter().any(|standing| !matches!(standing, Standing::Over(_)));
        (self.data == Progress::Unsaid && hope).then_some(Verb::Data)
    }

    /// Takes the reply to the oldest command.
    pub(super) fn hear(&mut self, reply: PeerReply) -> Heard {
        let Some(verb) = self.sent.pop_front() else {
            return Heard::Broken(Failure::OutOfStep { at: Phase::Mail });
        };
        let at = verb.phase();
        if reply.is_farewell() {
            // RFC 5321 §3.8: 421 may come at any command, and then it is the answer to all of them.
            self.end_by(at, &reply);
            return Heard::Broken(Failure::Farewell { at, reply });
        }
        self.heard = true;
        let class = match verb {
            Verb::Rcpt(_) => reply.class_for_rcpt(),
            Verb::Reset | Verb::Mail | Verb::Data => reply.class(),
        };
        match (verb, class) {
            (Verb::Reset, Class::Done) => Heard::GoOn,
            (Verb::Reset, Class::GoOn | Class::Later | Class::Never) => Heard::Broken(Failure::Reset(reply)),
            (Verb::Mail, Class::Done) => {
                self.mail = Progress::Accepted;
                Heard::GoOn
            }
            (Verb::Mail, Class::Later | Class::Never) => {
                self.mail = Progress::Refused;
                self.end_by(at, &reply);
                Heard::GoOn
            }
            (Verb::Rcpt(index), Class::Done) => {
                if matches!(self.standing[index], Standing::Waiting) {
                    self.standing[index] = Standing::Accepted;
                }
                Heard::GoOn
            }
            (Verb::Rcpt(index), class @ (Class::Later | Class::Never)) => {
                if matches!(self.standing[index], Standing::Waiting) {
                    self.standing[index] = Standing::Over(refusal(class, at, reply));
                }
                Heard::GoOn
            }
            (Verb::Data, Class::GoOn) => {
                self.data = Progress::Accepted;
                if self.standing.iter().any(|standing| matches!(standing, Standing::Accepted)) {
                    Heard::Begin
                } else if self.mail == Progress::Accepted {
                    Heard::Nobody
                } else {
                    // It refused MAIL and yet wants a letter: whose, nobody knows. Nothing is sent.
                    Heard::Broken(Failure::OutOfStep { at })
                }
            }
            (Verb::Data, Class::Later | Class::Never) => {
                self.data = Progress::Refused;
                self.end_by(at, &reply);
                Heard::GoOn
            }
            (Verb::Mail | Verb::Rcpt(_), Class::GoOn) | (Verb::Data, Class::Done) => {
                Heard::Broken(Failure::OutOfStep { at })
            }
        }
    }

    /// Takes the reply to the end of the letter, or says that it made no sense.
    pub(super) fn hear_final(&mut self, reply: PeerReply) -> Option<Failure> {
        match reply.class() {
            Class::Done => {
                self.finish(|| RecipientOutcome::Accepted { reply: reply.clone() });
                None
            }
            Class::Later | Class::Never => {
                self.end_by(Phase::Final, &reply);
                reply.is_farewell().then_some(Failure::Farewell { at: Phase::Final, reply })
            }
            Class::GoOn => Some(Failure::OutOfStep { at: Phase::Final }),
        }
    }

    /// The peer's refusal is the outcome of all who have none.
    fn end_by(&mut self, to: Phase, reply: &PeerReply) {
        self.finish(|| refusal(reply.class(), to, reply.clone()));
    }

    /// Gives all who have none the same outcome.
    pub(super) fn finish(&mut self, outcome: impl Fn() -> RecipientOutcome) {
        for standing in &mut self.standing {
            if !matches!(standing, Standing::Over(_)) {
                *standing = Standing::Over(outcome());
            }
        }
    }

    /// One outcome for each recipient; `rest` for those who have none.
    pub(super) fn outcomes(mut self, rest: impl Fn() -> RecipientOutcome) -> Vec<RecipientOutcome> {
        self.finish(&rest);
        let outcomes = self.standing.into_iter().map(|standing| match standing {
            Standing::Over(outcome) => outcome,
            Standing::Waiting | Standing::Accepted => rest(),
        });
        outcomes.collect()
    }
}

fn refusal(class: Class, to: Phase, reply: PeerReply) -> RecipientOutcome {
    let why = Why::Reply { to, reply };
    match class {
        Class::Never => RecipientOutcome::Refused { why },
        Class::Done | Class::GoOn | Class::Later => RecipientOutcome::Deferred { why },
    }
}
