//! What holds for letters in chunks, whatever is counted and whatever is lied about (RFC 3030,
//! RELIABILITY S-01, S-03).

use super::session::{ENVELOPE, Session, well_formed};
use super::stage::SmtpStage;
use crate::Input;
use crate::stuffing::stuff;
use proptest::prelude::*;

const ADDRESSED: &[u8] = b"MAIL FROM:<dr@a.example>\r\nRCPT TO:<p@b.example>\r\n";

fn session() -> Session {
    let mut session = Session::signed_in(SmtpStage::default());
    session.bytes(ADDRESSED);
    session.sent.clear();
    session
}

fn in_chunks(letter: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut rest = letter;
    for size in sizes.iter().cycle() {
        let (chunk, later) = rest.split_at((*size).min(rest.len()));
        let mark = if later.is_empty() { " LAST" } else { "" };
        stream.extend_from_slice(format!("BDAT {}{mark}\r\n", chunk.len()).as_bytes());
        stream.extend_from_slice(chunk);
        if later.is_empty() {
            return stream;
        }
        rest = later;
    }
    stream
}

/// RELIABILITY S-01 in a chunk: 9 pairs around the dot × 3 line ends of the smuggled part, and the
/// forms with NUL and doubled CR. What is clean is one letter, octet for octet; the rest is refused.
#[test]
fn no_form_of_smuggling_in_a_chunk_makes_two_letters() {
    let ends = ["\r\n", "\n", "\r"];
    let mut forms: Vec<String> =
        ends.iter().flat_map(|before| ends.iter().map(move |after| format!("{before}.{after}"))).collect();
    forms.extend(
        [
            "\r\n\0.\r\n",
            "\r\n.\0\r\n",
            "\r\n.\r\r\n",
            "\r\r\n.\r\n",
            "\n\n.\r\n",
            "\r\n\r.\r\n",
            "\r\n.\r\0\n",
        ]
        .map(str::to_owned),
    );
    for form in &forms {
        for end in ends {
            let smuggled = ["MAIL FROM:<x@a.example>", "RCPT TO:<p@b.example>", "BDAT 3 LAST", "x"].join(end);
            let letter = format!("Subject: first\r\n\r\ntext{form}{smuggled}\r\n");
            let clean = !letter.replace("\r\n", "").contains(['\r', '\n', '\0']);
            for sizes in [&[10_000][..], &[7], &[1]] {
                let mut session = session();
                session.bytes(&in_chunks(letter.as_bytes(), sizes));
                let letters = if clean { vec![letter.clone().into_bytes()] } else { Vec::new() };
                assert_eq!(session.stage.accepted, letters, "{form:?} with {end:?} by {sizes:?}");
                let last = if clean { "250" } else { "550" };
                assert_eq!(session.codes().last().unwrap(), last, "{form:?} with {end:?} by {sizes:?}");
                assert_eq!(session.closed, !clean, "{form:?} with {end:?} by {sizes:?}");
            }
        }
    }
}

/// RELIABILITY S-03: whoever thinks that this is a BDAT thinks that a letter follows.
#[test]
fn a_chunk_of_unknown_length_ends_the_session() {
    let long = [b"BDAT 25".as_slice(), &b" ".repeat(3_000), b"LAST"].concat();
    let forms: [&[u8]; 19] = [
        b"BDAT",
        b"BDAT ",
        b"BDAT LAST",
        b"BDAT x",
        b"BDAT -25 LAST",
        b"BDAT +25 LAST",
        b"BDAT 0x19 LAST",
        b"BDAT 2 5",
        b"BDAT 25 LAST LAST",
        b"BDAT 25  LAST",
        b"BDAT  25 LAST",
        b"BDAT 25 LA",
        b"BDAT\t25 LAST",
        b"BDAT25 LAST",
        b"BDAT 25 LAST\xff",
        b"BDAT 25\x0b",
        b"bdat 000000000000000000025",
        b"BDAT 99999999999999999999 LAST",
        &long,
    ];
    for form in forms {
        let mut session = session();
        session.bytes(&[form, b"\r\nMAIL FROM:<x@a.example>\r\n"].concat());
        let form = String::from_utf8_lossy(form).into_owned();
        assert!(session.closed, "{form}");
        assert_eq!(session.codes().len(), 1, "{form}");
        assert!(session.codes()[0].starts_with('5'), "{form}");
    }
    // What makes it able to fail: the same with a length that is understood.
    let mut session = session();
    session.bytes(b"BDAT 25 LAST\r\nMAIL FROM:<x@a.example>\r\n\r\n");
    assert!(!session.closed && session.stage.accepted.len() == 1);
}

/// RELIABILITY S-18, and RFC 3030 §2: a chunk is read away to its last octet.
#[test]
fn a_letter_in_chunks_may_have_the_limit_and_not_one_octet_more() {
    let limit = 100_000;
    for (size, last, closed) in [
        (limit, "250", false),
        (limit + 1, "552", false),
        (2 * limit, "552", false),
        (2 * limit + 1, "552", true),
    ] {
        for chunks in [size, limit / 3] {
            let mut stage = SmtpStage::default();
            stage.config.limits.letter = limit as u64;
            let mut session = Session::signed_in(stage);
            session.bytes(ADDRESSED);
            let line = [b"x".repeat(498).as_slice(), b"\r\n"].concat();
            let mut letter = line.repeat(size / line.len());
            letter.resize(size, b'y');
            for part in in_chunks(&letter, &[chunks]).chunks(7_001) {
                session.bytes(part);
            }
            let codes = session.codes();
            if chunks == size {
                assert_eq!(codes.last().unwrap(), last, "{size}");
                assert_eq!(session.closed, closed, "{size}");
            }
            session.bytes(b"NOOP\r\n");
            assert_eq!(session.closed, closed && chunks == size, "{size} by {chunks}");
            let letters = if size == limit { vec![letter] } else { vec![] };
            assert_eq!(session.stage.accepted, letters, "{size} by {chunks}");
        }
    }
}

/// RELIABILITY S-16: chunks buy no time that DATA would not have.
#[test]
fn chunks_now_and_then_have_the_deadline_of_one_letter() {
    let mut session = session();
    let began = session.now;
    while !session.closed {
        session.now = session.now.plus(2 * names::MINUTE);
        session.bytes(b"BDAT 3\r\nx\r\n");
    }
    let took = session.now.since(began);
    // The first chunk comes after two minutes, and each is looked at when it comes.
    assert!((32 * names::MINUTE..=34 * names::MINUTE).contains(&took), "{took}");
    assert_eq!(session.codes().last().unwrap(), "421");
}

/// RELIABILITY S-17.
#[test]
fn a_million_empty_chunks_are_not_borne() {
    let mut session = session();
    for _ in 0..1_000 {
        session.bytes(&b"BDAT 0\r\n".repeat(1_000));
    }
    assert!(session.closed);
    // EHLO was one of the hundred.
    assert_eq!(session.codes().len(), 100);
    assert_eq!(session.codes().last().unwrap(), "421");
}

#[test]
fn a_pipelined_letter_in_chunks_is_answered_in_one_write_up_to_its_acceptance() {
    let mut session = Session::signed_in(SmtpStage::default());
    session.writes = 0;
    session.bytes(&[ADDRESSED, &in_chunks(b"Subject: x\r\n\r\ntext\r\n", &[5])].concat());
    assert_eq!(session.codes(), ["250"; 6]);
    assert_eq!(session.writes, 1);
}

/// What an ideal reader makes of a stream: lines, and after a BDAT so many octets. Written without a
/// look at the machine; it stops where a machine must hang up.
fn ideal(mut stream: &[u8], limit: usize) -> Vec<Vec<u8>> {
    let mut accepted = Vec::new();
    let mut recipients: Option<u32> = None;
    let mut letter: Option<Vec<u8>> = None;
    let mut spoiled = false;
    while let Some(end) = stream.iter().position(|b| b"\r\n\0".contains(b)) {
        if !stream[end..].starts_with(b"\r\n") {
            break;
        }
        let line = stream[..end].to_vec();
        stream = &stream[end + 2..];
        match (line.as_slice(), recipients) {
            (b"MAIL FROM:<dr@a.example>", None) => recipients = Some(0),
            (b"RCPT TO:<p@b.example>", Some(count)) if letter.is_none() && !spoiled => {
                recipients = Some(count + 1);
            }
            (b"RSET", _) => (recipients, letter, spoiled) = (None, None, false),
            (line, _) if line.starts_with(b"BDAT") => {
                let text = std::str::from_utf8(line).unwrap();
                let last = text.ends_with(" LAST");
                let figures = text.trim_end_matches(" LAST").strip_prefix("BDAT ");
                let Some(count) = figures.and_then(|figures| figures.parse::<usize>().ok()) else { break };
                if count > 2 * limit || count > stream.len() {
                    break;
                }
                let (chunk, rest) = stream.split_at(count);
                stream = rest;
                match recipients {
                    None => {}
                    Some(0) => spoiled = true,
                    Some(_) if spoiled => {}
                    Some(_) => {
                        let whole = letter.get_or_insert_default();
                        whole.extend_from_slice(chunk);
                        if is_broken(whole, last) {
                            break;
                        }
                        if last && whole.len() <= limit {
                            accepted.push(std::mem::take(whole));
                        }
                        if last || whole.len() > limit {
                            (recipients, letter) = (None, None);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    accepted
}

fn is_broken(letter: &[u8], last: bool) -> bool {
    letter.iter().enumerate().any(|(at, byte)| match byte {
        0 => true,
        b'\n' => at == 0 || letter[at - 1] != b'\r',
        b'\r' if at + 1 == letter.len() => last,
        b'\r' => letter[at + 1] != b'\n',
        _ => false,
    })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"text\r\n",
        b".\r\n",
        b"\r\n",
        b"MAIL FROM:<dr@a.example>\r\n",
        b"RCPT TO:<p@b.example>\r\n",
        b"BDAT 5 LAST\r\n",
        b"BDAT 60\r\n",
        b"RSET\r\n",
        b"\xe9",
    ];
    let bad: Vec<&'static [u8]> = vec![b"\r", b"\n", b"\0"];
    let word = prop_oneof![30 => prop::sample::select(words), 1 => prop::sample::select(bad)];
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

/// Commands and chunks; one chunk in eight is not as long as it says.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let commands: Vec<&'static [u8]> = vec![
        b"MAIL FROM:<dr@a.example>\r\n",
        b"RCPT TO:<p@b.example>\r\n",
        ADDRESSED,
        b"RSET\r\n",
        b"NOOP\r\n",
    ];
    let lie = prop_oneof![14 => Just(0_i64), 1 => -3_i64..4, 1 => Just(1_000_i64)];
    let chunk = (content(), lie, any::<bool>()).prop_map(|(content, lie, last)| {
        let said = (content.len() as i64 + lie).max(0);
        let mark = if last { " LAST" } else { "" };
        [format!("BDAT {said}{mark}\r\n").as_bytes(), &content].concat()
    });
    let step = prop_oneof![3 => prop::sample::select(commands).prop_map(<[u8]>::to_vec), 4 => chunk];
    prop::collection::vec(step, 1..14).prop_map(|steps| [ADDRESSED, &steps.concat()].concat())
}

const SMALL: usize = 120;

fn lenient() -> SmtpStage {
    let mut stage = SmtpStage::default();
    let limits = &mut stage.config.limits;
    limits.letter = SMALL as u64;
    (limits.errors, limits.junk, limits.refusals) = (u32::MAX, u32::MAX, u32::MAX);
    stage
}

fn clean_letter() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec("[.a-zé ]{0,12}", 0..12)
        .prop_map(|lines| lines.iter().map(|line| format!("{line}\r\n")).collect::<String>().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_is_counted_the_letters_are_those_of_an_ideal_reader(
        stream in streams(), sizes in prop::collection::vec(1_usize..60, 1..12)
    ) {
        let want = ideal(&stream, SMALL);
        let mut whole = Session::signed_in(lenient());
        whole.bytes(&stream);
        prop_assert_eq!(&whole.stage.accepted, &want);
        let mut cut = Session::signed_in(lenient());
        let mut rest = stream.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (first, later) = rest.split_at((*size).min(rest.len()));
            cut.bytes(first);
            rest = later;
        }
        prop_assert_eq!(&cut.stage.accepted, &want);
        prop_assert_eq!(&cut.sent, &whole.sent);
        prop_assert_eq!(cut.closed, whole.closed);
        cut.input(Input::Gone);
        prop_assert!(well_formed(&cut.sent));
    }

    #[test]
    fn data_and_chunks_of_the_same_octets_give_the_same_letter(
        letter in clean_letter(), sizes in prop::collection::vec(0_usize..40, 1..6)
    ) {
        prop_assume!(sizes.iter().any(|size| *size > 0));
        let mut by_data = Session::signed_in(SmtpStage::default());
        by_data.bytes(ENVELOPE);
        by_data.bytes(&stuff(&letter).unwrap());
        let mut by_chunks = session();
        by_chunks.bytes(&in_chunks(&letter, &sizes));
        prop_assert_eq!(&by_data.stage.accepted, &vec![letter]);
        prop_assert_eq!(&by_data.stage.accepted, &by_chunks.stage.accepted);
        prop_assert_eq!(by_data.codes().pop(), by_chunks.codes().pop());
    }

    /// Octets that are no letter are refused by both roads, for the same reason.
    #[test]
    fn data_and_chunks_refuse_the_same_octets(letter in content()) {
        let letter = [letter.as_slice(), b"end\r\n"].concat();
        let mut by_chunks = session();
        by_chunks.bytes(&in_chunks(&letter, &[7]));
        let mut by_data = Session::signed_in(SmtpStage::default());
        by_data.bytes(ENVELOPE);
        // Not `stuff`, which refuses what is not clean: dots doubled after true line ends only.
        let mut stuffed = Vec::new();
        for (at, byte) in letter.iter().enumerate() {
            if *byte == b'.' && (at == 0 || letter[..at].ends_with(b"\r\n")) {
                stuffed.push(b'.');
            }
            stuffed.push(*byte);
        }
        by_data.bytes(&[stuffed.as_slice(), b".\r\n"].concat());
        prop_assert_eq!(&by_data.stage.accepted, &by_chunks.stage.accepted);
        prop_assert_eq!(by_data.codes().pop(), by_chunks.codes().pop());
        prop_assert_eq!(by_data.closed, by_chunks.closed);
    }
}

/// What makes the model worth something: streams often hold letters that are accepted.
#[test]
fn the_streams_of_the_model_often_hold_letters() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let letters = |_| ideal(&streams().new_tree(&mut runner).unwrap().current(), SMALL).len();
    let accepted: usize = (0..1_000).map(letters).sum();
    assert!(accepted > 500, "{accepted} letters in 1,000 streams");
}
