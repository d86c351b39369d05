//! A machine and its world, driven by hand.

use super::stage::SmtpStage;
use super::{Answer, Server};
use crate::transcript::{Stage, tls_facts};
use crate::{Action, Actions, Input, Machine};
use names::Timestamp;
use std::collections::VecDeque;

/// What goes before a letter by DATA.
pub const ENVELOPE: &[u8] = b"MAIL FROM:<dr@a.example>\r\nRCPT TO:<p@b.example>\r\nDATA\r\n";

/// A machine and its world, driven by hand.
pub struct Session {
    pub machine: Server,
    pub stage: SmtpStage,
    pub now: Timestamp,
    pub sent: Vec<u8>,
    pub writes: u32,
    pub closed: bool,
}

impl Session {
    pub fn new(mut stage: SmtpStage) -> Self {
        let machine = stage.machine();
        let tls = stage.tls();
        let now = Timestamp(1_795_318_467_000);
        let mut session = Self { machine, stage, now, sent: Vec::new(), writes: 0, closed: false };
        session.input(Input::Open(tls));
        session
    }

    /// A session that may send a letter at once.
    pub fn signed_in(mut stage: SmtpStage) -> Self {
        stage.implicit_tls = true;
        let mut session = Self::new(stage);
        session.bytes(b"EHLO pc\r\nAUTH PLAIN AGRyAHB3\r\n");
        session.sent.clear();
        session
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.input(Input::Bytes(bytes));
        }
    }

    pub fn input(&mut self, input: Input<'_, Answer>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if self.closed {
                return;
            }
            let mut out = Actions::default();
            self.machine.step(input, self.now, &mut out);
            for action in out.drain() {
                assert!(!self.closed, "nothing may follow Close");
                match action {
                    Action::Send(bytes) => {
                        self.sent.extend_from_slice(&bytes);
                        self.writes += 1;
                    }
                    Action::Push(piece) => self.stage.pushed(&piece),
                    Action::Ask(ask) => {
                        inputs.extend(self.stage.answer(ask).into_iter().map(Input::Answer));
                    }
                    Action::Close => self.closed = true,
                    Action::StartTls => inputs.push_back(Input::Secured(tls_facts())),
                    Action::Pull(_) => panic!("this machine pulls nothing"),
                }
            }
        }
    }

    pub fn codes(&self) -> Vec<String> {
        let text = String::from_utf8(self.sent.clone()).unwrap();
        text.lines().filter(|line| line.get(3..4) == Some(" ")).map(|line| line[..3].to_owned()).collect()
    }
}

pub fn well_formed(sent: &[u8]) -> bool {
    sent.ends_with(b"\r\n")
        && sent.split_inclusive(|&b| b == b'\n').all(|line| {
            line.len() <= 512
                && line.ends_with(b"\r\n")
                && line[..3].iter().all(u8::is_ascii_digit)
                && matches!(line[3], b' ' | b'-')
                && line[..line.len() - 2].iter().all(|b| (b' '..=b'~').contains(b))
        })
}
