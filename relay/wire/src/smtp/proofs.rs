//! What holds for every session, whatever comes.

use super::session::{ENVELOPE, Session, well_formed};
use super::stage::SmtpStage;
use crate::transcript::{Cut, Stage, Transcript, play, play_every_way, tls_facts};
use crate::{Action, Actions, Input, Machine};
use names::Timestamp;
use proptest::prelude::*;

/// Signed in over implicit TLS, as most mail programs are.
const PRELUDE: &str = "Setup: implicit-tls\nS: 220 *\nC: EHLO pc\nS~ 250\nC: AUTH PLAIN AGRyAHB3\nS: 235 *\n";

#[test]
fn every_transcript_plays_whole_and_cut_at_every_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts/smtp");
    let mut played = 0;
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{name} does not say which rule it shows");
        let result = Transcript::parse(&text).and_then(|read| play_every_way(&read, SmtpStage::default));
        if let Err(why) = result {
            failures.push(format!("{name}: {why}"));
        }
        played += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(played >= 40, "only {played} transcripts were found");
}

/// RELIABILITY S-01: 9 pairs around the dot × 3 line ends of the smuggled part, and the forms
/// with NUL and doubled CR.
#[test]
fn no_form_of_smuggling_makes_two_letters_out_of_one() {
    let ends = ["\r\n", "\n", "\r"];
    let mut forms: Vec<(String, &str)> = Vec::new();
    for smuggled in ends {
        for before in ends {
            for after in ends {
                forms.push((format!("{before}.{after}"), smuggled));
            }
        }
        for form in [
            "\r\n\0.\r\n",
            "\r\n.\0\r\n",
            "\r\n.\r\r\n",
            "\r\r\n.\r\r\n",
            "\r\r\n.\r\n",
            "\n\n.\r\n",
            "\r\n.\n",
            "\n.\r\n",
            "\r\n\r.\r\n",
            "\r\n.\r\0\n",
        ] {
            forms.push((form.to_owned(), smuggled));
        }
    }
    for (form, end) in forms {
        let second =
            ["MAIL FROM:<x@a.example>", "RCPT TO:<p@b.example>", "DATA", "Subject: smuggled", "", "x"]
                .join(end);
        let letter = format!("Subject: first\r\n\r\ntext{form}{second}\r\n.\r\n");
        let mut session = Session::signed_in(SmtpStage::default());
        session.bytes(ENVELOPE);
        session.bytes(letter.as_bytes());
        let accepted = session.stage.accepted.len();
        assert!(accepted <= 1, "{form:?} with {end:?}: {accepted} letters");
        // The true end followed by clean commands is pipelining; DATA must still wait for 354.
        let clean = form == "\r\n.\r\n";
        assert_eq!(accepted, usize::from(clean), "{form:?} with {end:?}");
        assert!(session.closed, "{form:?} with {end:?}: what follows is not trusted");
        assert_eq!(session.codes()[3], if clean { "250" } else { "550" }, "{form:?} with {end:?}");
    }
}

/// What makes the test above able to fail: two honest letters in one session are two.
#[test]
fn two_honest_letters_are_two() {
    let mut session = Session::signed_in(SmtpStage::default());
    for _ in 0..2 {
        session.bytes(ENVELOPE);
        session.bytes(b"Subject: x\r\n\r\ntext\r\n.\r\n");
    }
    assert_eq!(session.stage.accepted.len(), 2);
    assert!(!session.closed);
}

#[test]
fn a_letter_may_have_the_limit_and_not_one_octet_more() {
    let limit = 300_000;
    for (over, code) in [(0, "250"), (1, "552")] {
        let mut stage = SmtpStage::default();
        stage.config.limits.letter = limit as u64;
        let mut session = Session::signed_in(stage);
        session.bytes(ENVELOPE);
        let line = [b"x".repeat(998).as_slice(), b"\r\n"].concat();
        let mut letter = line.repeat(limit / line.len());
        letter.extend_from_slice(&[b"y".repeat(over).as_slice(), b"\r\n"].concat());
        letter.drain(..2);
        assert_eq!(letter.len(), limit + over);
        for chunk in [letter.as_slice(), b".\r\n"].concat().chunks(7_001) {
            session.bytes(chunk);
        }
        assert_eq!(session.codes().last().unwrap(), code);
        assert!(!session.closed);
        assert_eq!(session.stage.accepted, if over == 0 { vec![letter] } else { vec![] });
    }
}

#[test]
fn a_refused_letter_without_end_is_not_swallowed_for_ever() {
    let mut stage = SmtpStage::default();
    stage.config.limits.letter = 10_000;
    let mut session = Session::signed_in(stage);
    session.bytes(ENVELOPE);
    for _ in 0..40 {
        session.bytes(&[b"x".repeat(998).as_slice(), b"\r\n"].concat());
    }
    assert!(session.closed);
    assert_eq!(session.codes().last().unwrap(), "552");
    assert!(session.stage.accepted.is_empty());
}

/// RELIABILITY S-16: the deadline is for the whole line, not for the next byte.
#[test]
fn a_byte_now_and_then_does_not_buy_time() {
    let mut session = Session::signed_in(SmtpStage::default());
    let began = session.now;
    for byte in b"N".repeat(2_000) {
        if session.closed {
            break;
        }
        let left = session.machine.patience().as_millis() as i64;
        assert!(left <= began.plus(5 * names::MINUTE).since(session.now).max(10));
        session.now = session.now.plus(10 * names::SECOND);
        session.bytes(&[byte]);
    }
    assert!(session.closed);
    assert_eq!(session.codes().last().unwrap(), "421");
    assert!(session.now.since(began) <= 5 * names::MINUTE + 10 * names::SECOND);
}

#[test]
fn a_letter_has_a_deadline_for_each_read_and_one_for_all() {
    let mut session = Session::signed_in(SmtpStage::default());
    session.bytes(ENVELOPE);
    let began = session.now;
    while !session.closed {
        assert!(session.machine.patience().as_secs() <= 180);
        session.now = session.now.plus(2 * names::MINUTE);
        session.bytes(b"x\r\n");
    }
    let took = session.now.since(began);
    assert!((30 * names::MINUTE..=33 * names::MINUTE).contains(&took), "{took}");
    assert_eq!(session.codes().last().unwrap(), "421");
    assert!(session.stage.accepted.is_empty());
}

/// RELIABILITY S-17.
#[test]
fn a_million_recipients_are_not_borne() {
    let mut session = Session::signed_in(SmtpStage::default());
    session.bytes(b"MAIL FROM:<dr@a.example>\r\n");
    for _ in 0..1_000 {
        session.bytes(&b"RCPT TO:<p@b.example>\r\n".repeat(1_000));
    }
    assert!(session.closed);
    let codes = session.codes();
    assert_eq!(codes.iter().filter(|code| *code == "250").count(), 101);
    assert_eq!(codes.iter().filter(|code| *code == "452").count(), 200);
    assert_eq!(codes.last().unwrap(), "421");
}

#[test]
fn a_peer_that_leaves_in_the_middle_leaves_nothing_behind() {
    let mut session = Session::signed_in(SmtpStage::default());
    session.bytes(ENVELOPE);
    session.bytes(b"Subject: x\r\n");
    session.input(Input::Gone);
    assert!(session.closed);
    assert_eq!(session.stage.asked().last().unwrap(), "discard Disconnect");
}

fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"EHLO pc\r\n",
        b"HELO pc\r\n",
        b"STARTTLS\r\n",
        b"AUTH PLAIN AGRyAHB3\r\n",
        b"AUTH LOGIN\r\n",
        b"ZHI=\r\n",
        b"*\r\n",
        b"MAIL FROM:<dr@a.example>\r\n",
        b"RCPT TO:<p@b.example>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b"HELP\r\n",
        b"text\r\n",
        b".\r\n",
        b"..\r\n",
        b"\r",
        b"\n",
        b"\0",
        b".",
        b"\r\n",
        b"BDAT 3 LAST\r\n",
        b"BDAT 6\r\n",
        b"BDAT 0 LAST\r\n",
        b"bdat 9 last\r\n",
        b"BDAT 401\r\n",
        b"BDAT x\r\n",
        b"\xff\xfe\r\n",
        b" ",
        b"MAIL FROM:<",
        b"QUIT\r\n",
    ];
    let fragment = prop_oneof![
        20 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(fragment, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_comes_the_replies_are_well_formed_and_letters_are_clean(
        input in fragments(), secured: bool, sizes in prop::collection::vec(1_usize..50, 1..20)
    ) {
        let mut stage = SmtpStage::default();
        stage.implicit_tls = secured;
        stage.config.limits.text_line = 60;
        stage.config.limits.letter = 400;
        let mut session = Session::new(stage);
        if secured {
            session.bytes(b"EHLO pc\r\nAUTH PLAIN AGRyAHB3\r\n");
            session.bytes(ENVELOPE);
        }
        let mut rest = input.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (first, later) = rest.split_at((*size).min(rest.len()));
            session.bytes(first);
            rest = later;
        }
        session.input(Input::Gone);
        prop_assert!(well_formed(&session.sent), "{:?}", String::from_utf8_lossy(&session.sent));
        for letter in &session.stage.accepted {
            let text = String::from_utf8_lossy(letter).replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n', '\0']));
            // Chunks may end without a line end; DATA cannot.
            let chunks = input.windows(4).any(|four| four == b"BDAT");
            prop_assert!(chunks || letter.is_empty() || letter.ends_with(b"\r\n"));
            prop_assert!(letter.len() <= 400);
        }
    }

    #[test]
    fn a_letter_cut_anywhere_is_the_same_letter(
        letter in fragments(), cut in any::<prop::sample::Index>()
    ) {
        let stream = [letter.as_slice(), b"\r\n.\r\n"].concat();
        let mut results = Vec::new();
        for cut in [0, 1 + cut.index(stream.len())] {
            let mut session = Session::signed_in(SmtpStage::default());
            session.bytes(ENVELOPE);
            // Only the letter: when its end comes early, what follows must not matter here.
            let mut unstuffer = crate::stuffing::Unstuffer::new(998);
            let end = unstuffer.push(&stream, &mut Vec::new()).unwrap_or(stream.len());
            let (first, second) = stream[..end].split_at(cut.min(end));
            session.bytes(first);
            session.bytes(second);
            results.push((session.codes(), session.stage.accepted.clone(), session.closed));
        }
        prop_assert_eq!(&results[0], &results[1]);
    }
}

/// RELIABILITY T-01: on a running server these bytes go to the handshake and break it.
#[test]
fn clear_text_where_the_handshake_was_due_ends_the_session() {
    let mut stage = SmtpStage::default();
    let mut machine = stage.machine();
    let mut actions = |input| {
        let mut out = Actions::default();
        machine.step(input, Timestamp(0), &mut out);
        out.drain().collect::<Vec<_>>()
    };
    assert!(matches!(actions(Input::Open(None))[..], [Action::Send(_)]));
    assert!(matches!(actions(Input::Bytes(b"STARTTLS\r\n"))[..], [Action::Send(_), Action::StartTls]));
    assert!(matches!(actions(Input::Bytes(b"NOOP\r\n"))[..], [Action::Close]));
    assert!(actions(Input::Secured(tls_facts())).iter().all(|action| matches!(action, Action::Close)));
}

/// RELIABILITY S-05.
#[test]
fn bytes_before_the_greeting_end_the_session() {
    let mut stage = SmtpStage::default();
    let mut machine = stage.machine();
    let mut out = Actions::default();
    machine.step(Input::Bytes(b"EHLO pc\r\n"), Timestamp(0), &mut out);
    let actions: Vec<_> = out.drain().collect();
    assert!(matches!(&actions[..], [Action::Send(reply), Action::Close] if reply.starts_with(b"554 ")));
}

/// RFC 2920 §3.2: one write for one group.
#[test]
fn the_replies_of_a_group_go_out_together() {
    let mut session = Session::signed_in(SmtpStage::default());
    session.writes = 0;
    session.bytes(
        &[b"MAIL FROM:<dr@a.example>\r\n".as_slice(), &b"RCPT TO:<p@b.example>\r\n".repeat(50), b"DATA\r\n"]
            .concat(),
    );
    assert_eq!(session.codes().len(), 52);
    assert_eq!(session.writes, 1);
}

#[test]
fn the_prelude_of_these_tests_is_true() {
    let read = Transcript::parse(PRELUDE).unwrap();
    play(&read, SmtpStage::default(), Cut::Nowhere).unwrap();
}
