//! A session driven by hand, and what must hold for it whatever comes.

pub mod ldap;

use names::{Address, Domain, QueueId, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use wire::sasl::Mechanism;
use wire::smtp::{Accepted, Answer, Ask, Config, Role, Server};
use wire::{Action, Actions, Input, Machine, TlsFacts};

/// Octets of a letter, for all targets.
pub const LETTER: u64 = 4_096;

/// What a session did.
#[derive(Debug, PartialEq, Eq)]
pub struct Played {
    /// All that was sent.
    pub sent: Vec<u8>,
    /// Letters committed.
    pub accepted: Vec<Vec<u8>>,
    /// Whether it hung up.
    pub closed: bool,
}

/// A door of `role` with everything on.
pub fn config(role: Role) -> Config {
    let hostname = Domain::parse("smtp.house.example").expect("a domain");
    let postmaster = Address::parse("postmaster@house.example").expect("an address");
    let mut config = Config::new(role, hostname, postmaster);
    config.mechanisms = Mechanism::ALL.to_vec();
    config.limits.letter = LETTER;
    config.limits.errors = u32::MAX;
    config.limits.junk = u32::MAX;
    config.limits.refusals = u32::MAX;
    config
}

/// Plays `prelude` in one read, then `input` in reads of `read` octets, against a world that takes all.
pub fn play(config: &Config, prelude: &[u8], input: &[u8], read: usize) -> Played {
    let mut session = Session {
        machine: Server::new(Arc::new(config.clone())),
        letter: Vec::new(),
        played: Played { sent: Vec::new(), accepted: Vec::new(), closed: false },
    };
    let facts = TlsFacts {
        version: "TLS1.3".to_owned(),
        cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
        client_certificate: true,
        exporter: Some(vec![7; 32]),
    };
    session.input(Input::Open(Some(facts)));
    for part in std::iter::once(prelude).chain(input.chunks(read.max(1))) {
        if !part.is_empty() {
            session.input(Input::Bytes(part));
        }
    }
    session.played
}

struct Session {
    machine: Server,
    letter: Vec<u8>,
    played: Played,
}

impl Session {
    fn input(&mut self, input: Input<'_, Answer>) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            if self.played.closed {
                return;
            }
            let mut out = Actions::default();
            self.machine.step(input, Timestamp(1_795_318_467_000), &mut out);
            for action in out.drain() {
                assert!(!self.played.closed, "nothing may follow Close");
                match action {
                    Action::Send(bytes) => self.played.sent.extend_from_slice(&bytes),
                    Action::Push(piece) => self.letter.extend_from_slice(&piece),
                    Action::Ask(ask) => inputs.push_back(Input::Answer(self.answer(ask))),
                    Action::Close => self.played.closed = true,
                    Action::StartTls | Action::Pull(_) => panic!("neither is asked for inside TLS"),
                }
            }
        }
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Authenticate { .. } | Ask::Respond(_) => Answer::Authenticated(Ok(())),
            Ask::Sender { .. } => Answer::Sender(Ok(())),
            Ask::Recipient { .. } => Answer::Recipient(Ok(())),
            Ask::Data(_) => {
                self.letter.clear();
                Answer::Data(Ok(()))
            }
            Ask::Finish { size } => {
                assert_eq!(size, self.letter.len() as u64);
                self.played.accepted.push(std::mem::take(&mut self.letter));
                Answer::Finished(Ok(Accepted { queue: QueueId(1) }))
            }
            Ask::Discard(_) | Ask::Reset => {
                self.letter.clear();
                Answer::Done
            }
        }
    }
}

/// What must hold for every session.
pub fn check(played: &Played) {
    for line in played.sent.split_inclusive(|&b| b == b'\n') {
        assert!(line.len() <= 512 && line.ends_with(b"\r\n"), "{line:?}");
        assert!(line[..3].iter().all(u8::is_ascii_digit) && matches!(line[3], b' ' | b'-'), "{line:?}");
        assert!(line[..line.len() - 2].iter().all(|b| (b' '..=b'~').contains(b)), "{line:?}");
    }
    for letter in &played.accepted {
        assert!(letter.len() as u64 <= LETTER);
        for (at, byte) in letter.iter().enumerate() {
            match byte {
                0 => panic!("a NUL"),
                b'\r' => assert_eq!(letter.get(at + 1), Some(&b'\n'), "a CR alone"),
                b'\n' => assert!(at > 0 && letter[at - 1] == b'\r', "an LF alone"),
                _ => {}
            }
        }
    }
}
