//! A session of LDAP driven by hand, against a world that lets everybody in and has nothing.

use ldap::{Answer, Ask, Base, Ended, Outcome, Readers, Server, Settings};
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::LdapResultCode;
use names::{Address, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio_util::codec::Decoder as _;
use wire::{Action, Actions, Input, Machine, TlsFacts};

/// What a session did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// All that was sent.
    pub sent: Vec<u8>,
    /// Questions that reached the world.
    pub asked: Vec<String>,
    /// Whether it hung up.
    pub closed: bool,
}

/// Plays `input` in reads of `read` octets.
pub fn play(secured: bool, input: &[u8], read: usize) -> Played {
    let base = Base::parse("ou=bal,o=mssante,c=fr").expect("a name");
    let readers = if secured { Readers::SignedIn } else { Readers::Everybody };
    let settings = Settings { base, arc: ldap::ARC.to_owned(), readers };
    let mut session = Session {
        machine: Server::new(Arc::new(settings), ldap::Tally::default()),
        played: Played::default(),
    };
    session.input(Input::Open(secured.then(TlsFacts::default)));
    for part in input.chunks(read.max(1)) {
        session.input(Input::Bytes(part));
    }
    session.played
}

struct Session {
    machine: Server,
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
                    Action::Ask(ask) => inputs.push_back(Input::Answer(self.answer(&ask))),
                    Action::Pull(ask) => {
                        inputs.push_back(Input::Answer(self.answer(&ask)));
                        inputs.push_back(Input::End);
                    }
                    // The handshake is done in no time.
                    Action::StartTls => inputs.push_back(Input::Secured(TlsFacts::default())),
                    Action::Close => self.played.closed = true,
                    Action::Push(_) => panic!("nothing is pushed"),
                }
            }
        }
    }

    fn answer(&mut self, ask: &Ask) -> Answer {
        self.played.asked.push(format!("{ask:?}"));
        let outcome = || Outcome::plain(LdapResultCode::Success);
        match ask {
            Ask::Enter(_) => {
                Answer::Entered(Ok(Address::parse("somebody@house.example").expect("an address")))
            }
            Ask::Leave => Answer::Done,
            Ask::Search(_) => Answer::Ended(Box::new(Ended::plain(outcome()))),
            Ask::Compare(_) => Answer::Compared(outcome()),
        }
    }
}

/// What must hold for every session: whole messages, and nothing else, read by a reader that is not ours.
pub fn check(played: &Played) {
    let (mut rest, mut codec) = (bytes::BytesMut::from(&played.sent[..]), LdapCodec::default());
    while !rest.is_empty() {
        let before = rest.len();
        codec.decode(&mut rest).expect("an answer is LDAP").expect("an answer is whole");
        assert!(rest.len() < before);
    }
}
