//! A peer that says anything, goes at any time; and what is sent whatever the letter holds.

use super::{Cut, Letter, Stage, letter};
use crate::Input;
use crate::stuffing::Unstuffer;
use bytes::Bytes;
use proptest::prelude::*;

/// What a peer may do.
#[derive(Clone, Debug)]
enum Move {
    Say(Vec<u8>),
    Gone,
    Silence,
    Stopping,
    Wait(i64),
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        4 => Just("250"), 2 => Just("354"), 1 => Just("220"), 1 => Just("421"), 1 => Just("450"), 1 => Just("550"),
        1 => Just("552"), 1 => Just("221"), 1 => Just("999"),
    ];
    let reply = (
        code,
        prop_oneof![4 => Just(" "), 1 => Just("-"), 1 => Just("")],
        "[ -~]{0,12}",
        prop_oneof![
            8 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("")
        ],
    );
    let reply =
        reply.prop_map(|(code, separator, text, end)| format!("{code}{separator}{text}{end}").into_bytes());
    let offer = Just(b"250-x\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250 STARTTLS\r\n".to_vec());
    prop_oneof![6 => reply, 3 => offer, 1 => proptest::collection::vec(any::<u8>(), 0..40)]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        30 => words().prop_map(Move::Say),
        1 => Just(Move::Gone),
        1 => Just(Move::Silence),
        1 => Just(Move::Stopping),
        2 => (0..200_000i64).prop_map(Move::Wait),
    ];
    proptest::collection::vec(one, 0..40)
}

/// Gets past the opening, so that most of the noise falls on letters.
fn open(stage: &mut Stage) {
    stage.input(Input::Open(None));
    for reply in ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 x\r\n", "250-x\r\n250 PIPELINING\r\n"] {
        stage.say(reply.as_bytes(), Cut::Nowhere);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// No panic; every letter handed over is settled exactly once with one outcome for each recipient
    /// (`Stage::answer` counts); and when the peer has gone the session is over.
    #[test]
    fn whatever_a_peer_does_each_recipient_has_one_outcome(
        opened in any::<bool>(),
        moves in moves(),
        counts in proptest::collection::vec(1..4usize, 0..4),
    ) {
        let letters: Vec<Letter> = counts.iter().map(|count| letter(&["a", "b", "c"][..*count])).collect();
        let mut stage = Stage::new(&letters);
        match opened {
            true => open(&mut stage),
            false => stage.input(Input::Open(None)),
        }
        for one in moves {
            if stage.closed {
                break;
            }
            match one {
                Move::Say(bytes) => stage.say(&bytes, Cut::Nowhere),
                Move::Gone => stage.input(Input::Gone),
                Move::Silence => stage.input(Input::Silence),
                Move::Stopping => stage.input(Input::Stopping),
                Move::Wait(time) => stage.now = stage.now.plus(time),
            }
        }
        if !stage.closed {
            stage.input(Input::Gone);
        }
        prop_assert!(stage.closed, "the session is over");
        // A failure is told only when no letter was taken over.
        prop_assert!(stage.failed.len() <= 1);
        prop_assert!(stage.failed.is_empty() || stage.settled.is_empty());
        prop_assert_eq!(stage.letters.len() + stage.settled.len(), letters.len());
    }

    /// A peer that never stops talking is given up within its time.
    #[test]
    fn silence_ends_every_wait(moves in moves()) {
        let mut stage = Stage::new(&[letter(&["a", "b"]), letter(&["c"])]);
        open(&mut stage);
        for one in moves {
            if let (Move::Say(bytes), false) = (one, stage.closed) {
                stage.say(&bytes, Cut::Nowhere);
            }
        }
        for _ in 0..3 {
            if !stage.closed {
                stage.now = stage.now.plus(601_000);
                stage.input(Input::Silence);
            }
        }
        prop_assert!(stage.closed);
    }

    /// RELIABILITY S-02: whatever the stored letter holds and however it comes out of the store, what
    /// is sent holds no bare CR or LF and one end mark, and reads back as the letter; or it has no end.
    #[test]
    fn sent_data_has_one_end_and_no_bare_line_ends(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[a.]{0,6}".prop_map(String::into_bytes),
                Just(b"\r\n".to_vec()),
                Just(b"\r\n.\r\n".to_vec()),
                Just(b"..\r\n".to_vec()),
                prop_oneof![Just(b"\r".to_vec()), Just(b"\n".to_vec()), Just(b"\n.\n".to_vec())],
            ],
            0..12,
        ),
    ) {
        let whole: Vec<u8> = pieces.concat();
        let mut one = letter(&["a"]);
        one.content = pieces.into_iter().map(|piece| Some(Bytes::from(piece))).collect();
        let mut stage = Stage::new(&[one]);
        open(&mut stage);
        let before = stage.sent.len();
        stage.say(b"250 x\r\n250 x\r\n354 x\r\n", Cut::Nowhere);
        let data = &stage.sent[before..];
        let text = String::from_utf8_lossy(data);
        let clean = !text.replace("\r\n", "").contains(['\r', '\n']);
        if stage.closed {
            let honest = !String::from_utf8_lossy(&whole).replace("\r\n", "").contains(['\r', '\n']);
            prop_assert!(!honest, "a clean letter was refused");
            prop_assert!(!data.starts_with(b".\r\n") && !text.contains("\r\n.\r\n"), "{text:?}");
        } else {
            prop_assert!(clean, "{text:?}");
            let mut read = Vec::new();
            let mut unstuffer = Unstuffer::new(998);
            prop_assert_eq!(unstuffer.push(data, &mut read), Some(data.len()), "one end, at the end");
            prop_assert_eq!(unstuffer.fault(), None);
            if !whole.is_empty() && !whole.ends_with(b"\r\n") {
                read.truncate(read.len() - 2); // the line end that the end mark needs
            }
            prop_assert_eq!(read, whole);
        }
    }
}
