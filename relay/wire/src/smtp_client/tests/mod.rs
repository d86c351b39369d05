//! Conversations with the bare machine, each played whole, byte by byte, and cut in two at every byte.

mod hostile;
mod letters;
mod opening;

use super::{
    Answer, Ask, Capabilities, Client, Config, ContentKind, Envelope, EnvelopeRecipient, Failure,
    RecipientOutcome, Settled, Why,
};
use crate::{Action, Actions, Input, Machine, TlsFacts};
use bytes::Bytes;
use names::{Address, Domain, SECOND, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_795_318_467_000);

/// A letter for the world to hand over.
#[derive(Clone)]
struct Letter {
    envelope: Envelope,
    /// What the store gives out; `None` in it is where it fails.
    content: Vec<Option<Bytes>>,
}

/// A machine, its world, and what came of it.
struct Stage {
    machine: Client,
    now: Timestamp,
    letters: VecDeque<Letter>,
    sent: Vec<u8>,
    ready: Vec<Capabilities>,
    settled: Vec<Settled>,
    failed: Vec<Failure>,
    handshakes: u32,
    closed: bool,
    /// Whether the handshake succeeds at once, as it mostly does.
    tls_succeeds: bool,
    /// Letters come when `<LETTER>` says so, not as soon as the machine listens.
    slow_letters: bool,
}

impl Stage {
    fn new(letters: &[Letter]) -> Self {
        let config = Config::new(Domain::parse("mx.nous.example").unwrap());
        Self {
            machine: Client::new(Arc::new(config)),
            now: NOW,
            letters: letters.iter().cloned().collect(),
            sent: Vec::new(),
            ready: Vec::new(),
            settled: Vec::new(),
            failed: Vec::new(),
            handshakes: 0,
            closed: false,
            tls_succeeds: true,
            slow_letters: false,
        }
    }

    fn input(&mut self, input: Input<'_, Answer>) {
        let mut actions = Actions::default();
        self.machine.step(input, self.now, &mut actions);
        let actions: Vec<Action<Ask>> = actions.drain().collect();
        for action in actions {
            assert!(!self.closed, "{action:?} after the close");
            match action {
                Action::Send(bytes) => self.sent.extend_from_slice(&bytes),
                Action::Ask(ask) => {
                    let answer = self.answer(ask);
                    self.input(Input::Answer(answer));
                }
                Action::Pull(Ask::Content) => self.content(),
                Action::Pull(ask) => panic!("{ask:?} is not pulled"),
                Action::Push(_) => panic!("a client pushes nothing"),
                Action::StartTls => {
                    self.handshakes += 1;
                    if self.tls_succeeds {
                        self.input(Input::Secured(TlsFacts::default()));
                    }
                }
                Action::Close => self.closed = true,
            }
        }
        if self.machine.listening() && !self.closed && !self.slow_letters {
            self.letter_comes();
        }
    }

    fn letter_comes(&mut self) {
        assert!(self.machine.listening(), "a letter comes to a machine that does not listen");
        let event = self.next();
        self.input(Input::Event(event));
    }

    fn next(&self) -> Answer {
        match self.letters.front() {
            Some(letter) => Answer::Transaction(Box::new(letter.envelope.clone())),
            None => Answer::Quit,
        }
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Ready(capabilities) => {
                self.ready.push(capabilities);
                if self.slow_letters { Answer::Done } else { self.next() }
            }
            Ask::Settled(settled) => {
                let letter = self.letters.pop_front().expect("a letter was handed over");
                assert_eq!(settled.outcomes.len(), letter.envelope.recipients.len());
                self.settled.push(settled);
                Answer::Done
            }
            Ask::Failed(failure) => {
                self.failed.push(failure);
                Answer::Done
            }
            Ask::Content => panic!("content is pulled"),
        }
    }

    fn content(&mut self) {
        let letter = self.letters.front().expect("a letter is being sent").clone();
        for piece in letter.content {
            let Some(piece) = piece else { return self.input(Input::Answer(Answer::Unreadable)) };
            self.input(Input::Answer(Answer::Chunk(piece)));
            if self.letters.front().is_none_or(|first| first.envelope != letter.envelope) {
                return; // it was broken off
            }
        }
        self.input(Input::End);
    }

    fn say(&mut self, bytes: &[u8], cut: Cut) {
        let mut given = |bytes: &[u8]| {
            if !bytes.is_empty() && !self.closed {
                self.input(Input::Bytes(bytes));
            }
        };
        match cut {
            Cut::Nowhere => given(bytes),
            Cut::Everywhere => bytes.iter().for_each(|byte| given(&[*byte])),
            Cut::Before(place) => {
                let (first, second) = bytes.split_at(place.min(bytes.len()));
                given(first);
                given(second);
            }
        }
    }

    /// What came of it, in few words.
    fn story(&self) -> Vec<String> {
        let mut story: Vec<String> = self.failed.iter().map(|failure| format!("failed: {failure}")).collect();
        for settled in &self.settled {
            let outcomes: Vec<String> = settled.outcomes.iter().map(brief).collect();
            let unheard = if settled.unheard { " unheard" } else { "" };
            story.push(format!("{}{unheard}", outcomes.join(", ")));
        }
        if self.closed {
            story.push("closed".to_owned());
        }
        story
    }
}

/// As `refused 5.1.1 RCPT`.
fn brief(outcome: &RecipientOutcome) -> String {
    let (class, subject, detail) = outcome.status();
    let (word, why) = match outcome {
        RecipientOutcome::Accepted { .. } => ("accepted", None),
        RecipientOutcome::Refused { why } => ("refused", Some(why)),
        RecipientOutcome::Deferred { why } => ("deferred", Some(why)),
        RecipientOutcome::Unknown { why } => return format!("unknown {class}.{subject}.{detail}: {why}"),
    };
    let at = match why {
        None => String::new(),
        Some(Why::Reply { to, .. }) => format!(" {to}"),
        Some(why) => format!(": {why}"),
    };
    format!("{word} {class}.{subject}.{detail}{at}")
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    Nowhere,
    Everywhere,
    /// Before this byte of each group of the server's lines.
    Before(usize),
}

/// Plays a conversation: `S:` lines are said, `C:` lines must be all that was sent since. `<GONE>`,
/// `<SILENCE>`, `<STOPPING>`, `<LETTER>` (where they are slow), `<AFTER n>` (seconds pass) are what they say.
fn play(stage: &mut Stage, text: &str, cut: Cut) {
    let mut group = Vec::new();
    let mut checked = stage.sent.len();
    let mut lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("S: ").or_else(|| (line == "S:").then_some("")) {
            group.extend_from_slice(words.replace("<CRLF>", "\r\n").replace("<LF>", "\n").as_bytes());
            group.extend_from_slice(b"\r\n");
            if !lines.peek().is_some_and(|next| next.starts_with("S:")) {
                stage.say(&std::mem::take(&mut group), cut);
            }
        } else if let Some(words) = line.strip_prefix("C:") {
            let mut want = words.trim_start().as_bytes().to_vec();
            want.extend_from_slice(b"\r\n");
            let sent = &stage.sent[checked..];
            let shown = String::from_utf8_lossy(sent);
            assert!(sent.starts_with(&want), "{cut:?}: wanted {line:?}, was sent {shown:?}");
            checked += want.len();
        } else {
            match line {
                "<GONE>" => stage.input(Input::Gone),
                "<SILENCE>" => stage.input(Input::Silence),
                "<STOPPING>" => stage.input(Input::Stopping),
                "<LETTER>" => stage.letter_comes(),
                other => {
                    let seconds = other.strip_prefix("<AFTER ").and_then(|rest| rest.strip_suffix('>'));
                    let seconds: i64 = seconds.expect("a line of a conversation").parse().unwrap();
                    stage.now = stage.now.plus(seconds * SECOND);
                }
            }
        }
    }
    let rest = String::from_utf8_lossy(&stage.sent[checked..]).into_owned();
    assert_eq!(rest, "", "{cut:?}: sent and not told");
}

/// Plays it with every cut, from an open connection; the story must always be this one.
fn converse(case: &str, letters: &[Letter], text: &str, story: &[&str]) {
    let said = |line: &str| line.trim_start().strip_prefix("S:").map_or(0, |words| words.len() + 2);
    let lines: Vec<&str> = text.lines().collect();
    let groups = lines.split(|line| said(line) == 0);
    let longest = groups.map(|group| group.iter().map(|line| said(line)).sum::<usize>()).max().unwrap_or(0);
    let cuts = [Cut::Nowhere, Cut::Everywhere].into_iter().chain((1..longest).map(Cut::Before));
    for cut in cuts {
        let mut stage = Stage::new(letters);
        stage.input(Input::Open(None));
        play(&mut stage, text, cut);
        assert_eq!(stage.story(), story, "{case}, {cut:?}");
    }
}

/// The opening of a session whose peer offers this (keywords parted by `|`), up to the first letter.
fn opened(offers: &str) -> String {
    let mut text = "S: 220 eux.example ESMTP
        C: EHLO mx.nous.example
        S: 250-eux.example
        S: 250-PIPELINING
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 2.0.0 go
        C: EHLO mx.nous.example\n"
        .to_owned();
    let lines: Vec<&str> =
        ["eux.example"].into_iter().chain(offers.split('|').filter(|o| !o.is_empty())).collect();
    for (index, line) in lines.iter().enumerate() {
        let separator = if index + 1 == lines.len() { ' ' } else { '-' };
        text.push_str(&format!("S: 250{separator}{line}\n"));
    }
    text
}

const BYE: &str = "C: QUIT\nS: 221 bye\n";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn letter(recipients: &[&str]) -> Letter {
    let recipient = |text: &&str| EnvelopeRecipient {
        address: address(&format!("{text}@eux.example")),
        notify: None,
        original: None,
    };
    Letter {
        envelope: Envelope {
            sender: Some(address("dr@nous.example")),
            recipients: recipients.iter().map(recipient).collect(),
            size: 12,
            content: ContentKind::SevenBit,
            ret: None,
            envelope_id: None,
            require_tls: false,
            deliver_by: None,
        },
        content: vec![Some(Bytes::from_static(b"S: 1\r\n\r\nx\r\n"))],
    }
}
