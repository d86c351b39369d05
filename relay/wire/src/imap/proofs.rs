//! Properties of the machine: whatever comes it stands, and no number ever points at a neighbour.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::stage::{Session, letter, short};
use super::world::Post;
use super::*;
use crate::mime::Summary;
use crate::{Action, Actions, Input, Machine};

/// Words that reach deep into the grammar when put together at random.
const WORDS: &[&str] = &[
    "a ",
    "b ",
    "LOGIN ",
    "AUTHENTICATE PLAIN",
    "SELECT ",
    "INBOX",
    "FETCH ",
    "UID ",
    "STORE ",
    "SEARCH ",
    "1:*",
    "1,2",
    "*",
    " ",
    "(",
    ")",
    "BODY[",
    "]",
    "<0.5>",
    "FLAGS",
    "+FLAGS.SILENT ",
    "\\Seen",
    "{3}\r\n",
    "{3+}\r\n",
    "{0}\r\n",
    "\r\n",
    "\n",
    "\"",
    "\\",
    "APPEND ",
    "IDLE",
    "DONE",
    "\r\nDONE\r\n",
    "COPY ",
    "MOVE ",
    "EXPUNGE",
    "OR ",
    "NOT ",
    "SUBJECT ",
    "HEADER.FIELDS (",
    "1.2.MIME",
    "CREATE ",
    "LIST ",
    "\"\" ",
    "&AOk-",
    "&",
    "-",
    "STATUS ",
    "(MESSAGES)",
    "ID NIL",
    "CLOSE",
    "LOGOUT",
    "\0",
    "\u{e9}",
    "99999999999999999999",
    "RENAME ",
    "x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_words_never_break_the_machine(picks in prop::collection::vec(0..WORDS.len(), 0..60), cut in 1usize..40) {
        let post = Post::usual();
        post.deliver("INBOX", &letter("mixed").unwrap());
        let text: String = picks.into_iter().map(|pick| WORDS[pick]).collect();
        let mut session = Session::signed_in(&post);
        session.command("s SELECT INBOX");
        for piece in text.as_bytes().chunks(cut) {
            if session.closed {
                break;
            }
            session.bytes(piece);
        }
    }

    #[test]
    fn random_bytes_never_break_the_machine(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut session = Session::new(&Post::usual());
        session.bytes(&bytes);
    }
}

/// What a client believes, from the answers alone: the UID behind each number, once it has learnt it.
#[derive(Default)]
struct Client {
    list: Vec<Option<u32>>,
}

impl Client {
    /// Reads the lines of an answer as RFC 3501 §7 has them.
    fn hear(&mut self, text: &str, subjects: &BTreeMap<u32, String>) {
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("* ") else { continue };
            let mut words = rest.splitn(3, ' ');
            let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let Ok(number) = first.parse::<usize>() else { continue };
            match second {
                "EXISTS" => {
                    assert!(number >= self.list.len(), "EXISTS never shrinks: {line}");
                    self.list.resize(number, None);
                }
                "EXPUNGE" => drop(self.list.remove(number - 1)),
                "FETCH" => {
                    let items = words.next().unwrap_or_default();
                    let uid = items.split_once("UID ").map(|(_, rest)| {
                        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                        rest[..end].parse::<u32>().unwrap()
                    });
                    let Some(uid) = uid else { continue };
                    let known = &mut self.list[number - 1];
                    assert!(known.is_none_or(|known| known == uid), "number {number} moved: {line}");
                    *known = Some(uid);
                    // The content shown under a UID is that message's, never a neighbour's.
                    if let Some((_, subject)) = items.split_once("ENVELOPE (") {
                        assert!(subject.contains(&subjects[&uid]), "{uid} shows another letter: {line}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Noop,
    Fetch(u32, u32),
    UidFetch(u32, u32),
    Store(u32, u32),
    UidStore(u32),
    Expunge,
    UidExpunge(u32),
    Search,
    UidSearch,
    Move(u32),
    Copy(u32),
    Append,
    Idle,
    Deliver,
    Vanish(u32),
    Flag(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let number = 1u32..12;
    prop_oneof![
        Just(Step::Noop),
        (number.clone(), number.clone()).prop_map(|(a, b)| Step::Fetch(a, b)),
        (number.clone(), number.clone()).prop_map(|(a, b)| Step::UidFetch(a, b)),
        (number.clone(), number.clone()).prop_map(|(a, b)| Step::Store(a, b)),
        number.clone().prop_map(Step::UidStore),
        Just(Step::Expunge),
        number.clone().prop_map(Step::UidExpunge),
        Just(Step::Search),
        Just(Step::UidSearch),
        number.clone().prop_map(Step::Move),
        number.clone().prop_map(Step::Copy),
        Just(Step::Append),
        Just(Step::Idle),
        Just(Step::Deliver),
        number.clone().prop_map(Step::Vanish),
        number.prop_map(Step::Flag),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn two_sessions_never_mistake_one_message_for_another(
        steps in prop::collection::vec((any::<bool>(), step()), 1..50)
    ) {
        let post = Post::usual();
        let mut subjects = BTreeMap::new();
        let mut next = 1u32;
        let mut deliver = |subjects: &mut BTreeMap<u32, String>| {
            let uid = post.deliver("INBOX", &short(1_000 + next));
            subjects.insert(uid, format!("letter {}", 1_000 + next));
            next += 1;
        };
        for _ in 0..5 {
            deliver(&mut subjects);
        }
        let mut pair = [0, 1].map(|_| (Session::signed_in(&post), Client::default()));
        for (session, client) in &mut pair {
            let text = session.command("s SELECT INBOX");
            client.hear(&text, &subjects);
        }
        for (second, step) in steps {
            let (session, client) = &mut pair[usize::from(second)];
            let size = client.list.len() as u32;
            let within = |n: u32| n.min(size.max(1));
            let command = match step {
                Step::Noop => "x NOOP".to_owned(),
                Step::Fetch(a, b) => format!("x FETCH {}:{} (UID FLAGS ENVELOPE)", within(a), within(b)),
                Step::UidFetch(a, b) => format!("x UID FETCH {a}:{b} (ENVELOPE)"),
                Step::Store(a, b) => format!("x STORE {}:{} +FLAGS (\\Deleted)", within(a), within(b)),
                Step::UidStore(a) => format!("x UID STORE {a} +FLAGS.SILENT (\\Deleted)"),
                Step::Expunge => "x EXPUNGE".to_owned(),
                Step::UidExpunge(a) => format!("x UID EXPUNGE {a}:*"),
                Step::Search => "x SEARCH ALL".to_owned(),
                Step::UidSearch => "x UID SEARCH UNDELETED".to_owned(),
                Step::Move(a) => format!("x MOVE {} Corbeille", within(a)),
                Step::Copy(a) => format!("x COPY {} Corbeille", within(a)),
                Step::Append => {
                    let raw = short(5_000);
                    let uid = post.all()[&FolderName::parse("INBOX").unwrap()].uid_next;
                    subjects.insert(uid, "letter 5000".to_owned());
                    format!("x APPEND INBOX {{{}+}}\r\n{}", raw.len(), String::from_utf8(raw).unwrap())
                }
                Step::Idle => "x IDLE\r\nDONE".to_owned(),
                Step::Deliver => { deliver(&mut subjects); continue }
                Step::Vanish(a) => { post.vanish("INBOX", &UidSet::range(a..=a)); continue }
                Step::Flag(a) => { post.flag("INBOX", a, Flags::of(&[SystemFlag::Flagged])); continue }
            };
            let text = session.command(&command);
            prop_assert!(text.lines().any(|line| line.starts_with("x ")), "{command}: {text}");
            if command.starts_with("x FETCH") || command.starts_with("x STORE") || command.starts_with("x SEARCH") {
                prop_assert!(!text.contains("EXPUNGE\r\n"), "{command}: {text}");
            }
            client.hear(&text, &subjects);
            if let Some(found) = text.lines().find_map(|line| line.strip_prefix("* SEARCH ")) {
                for number in found.split(' ').map(|n| n.parse::<usize>().unwrap()) {
                    let is_uid = command.starts_with("x UID");
                    prop_assert!(is_uid || number <= client.list.len(), "{command}: {text}");
                }
            }
        }
        // At rest both sessions see the folder as it is.
        let folder: Vec<u32> =
            post.all()[&FolderName::parse("INBOX").unwrap()].letters.iter().map(|letter| letter.uid).collect();
        for (session, client) in &mut pair {
            let text = session.command("y NOOP");
            client.hear(&text, &subjects);
            prop_assert_eq!(client.list.len(), folder.len());
            let text = session.command("z FETCH 1:* (UID ENVELOPE)");
            client.hear(&text, &subjects);
            let seen: Vec<u32> = client.list.iter().map(|uid| uid.expect("all were fetched")).collect();
            prop_assert_eq!(&seen, &folder);
        }
    }
}

#[test]
fn a_letter_is_never_held_whole() {
    // 25 MB pass through in 64 KiB pieces; what the machine sends or pushes at once stays small.
    let post = Post::usual();
    let mut session = Session::signed_in(&post);
    let size = 25_000_000usize;
    let mut largest = 0;
    let mut pushed = 0;
    let mut out = Actions::default();
    let now = names::Timestamp(0);
    let line = format!("a APPEND INBOX {{{size}}}\r\n");
    session.machine.step(Input::Bytes(line.as_bytes()), now, &mut out);
    assert!(matches!(out.drain().next(), Some(Action::Ask(Ask::Append { .. }))));
    session.machine.step(Input::Answer(Answer::Outcome(Ok(()))), now, &mut out);
    assert!(matches!(out.drain().next(), Some(Action::Send(_))));
    let read = vec![b'x'; 16 * 1024];
    while pushed < size {
        session.machine.step(Input::Bytes(&read[..read.len().min(size - pushed)]), now, &mut out);
        for action in out.drain() {
            let Action::Push(piece) = action else { panic!("only pushes") };
            pushed += piece.len();
            largest = largest.max(piece.len());
        }
    }
    session.machine.step(Input::Bytes(b"\r\n"), now, &mut out);
    assert!(matches!(out.drain().next(), Some(Action::Ask(Ask::Finish))));
    assert!(largest <= limits::PUSH, "{largest}");
}

#[test]
fn a_row_that_breaks_its_word_ends_the_connection_without_a_word() {
    let post = Post::usual();
    post.deliver("INBOX", &short(1));
    let asked = FetchItems::of(vec![FetchItem::Content(Content {
        section: Section { path: vec![], text: SectionText::Whole },
        partial: None,
        label: Label::Body,
        reading: Reading::Peeks,
    })]);
    let described = asked.describe(3, 2, None::<&Summary>, Strings::Ascii);
    let row = |uid| {
        Answer::Row(FetchRow {
            uid,
            flags: Flags::new(),
            newly_seen: false,
            received: names::Timestamp(0),
            size: 5,
            modseq: 1,
            saved: names::Timestamp(0),
            object: None,
            described: described.clone(),
        })
    };
    let chunk = |text: &'static [u8]| Answer::Chunk(bytes::Bytes::from_static(text));
    for (case, answers, end) in [
        ("too few octets", vec![row(1), chunk(b"abc")], true),
        ("too many octets", vec![row(1), chunk(b"abcdef")], false),
        ("a row inside a row", vec![row(1), row(1)], false),
        ("octets without a row", vec![chunk(b"a")], false),
        (
            "a refusal inside a row",
            vec![row(1), Answer::Refused(Refusal::new(Code::Unavailable, "x"))],
            false,
        ),
    ] {
        let mut session = Session::signed_in(&post);
        session.command("s SELECT INBOX");
        let mut out = Actions::default();
        session.machine.step(Input::Bytes(b"a FETCH 1 BODY.PEEK[]\r\n"), names::Timestamp(0), &mut out);
        assert!(
            matches!(out.drain().next(), Some(Action::Pull(Ask::Fetch { items, .. })) if *items == asked)
        );
        let mut actions = Vec::new();
        for answer in answers {
            session.machine.step(Input::Answer(answer), names::Timestamp(0), &mut out);
            actions.extend(out.drain());
        }
        if end {
            session.machine.step(Input::End, names::Timestamp(0), &mut out);
            actions.extend(out.drain());
        }
        assert!(matches!(actions.last(), Some(Action::Close)), "{case}: {actions:?}");
        let said =
            |text: &[u8]| actions.iter().any(|a| matches!(a, Action::Send(sent) if sent.ends_with(text)));
        assert!(!said(b"FETCH done\r\n") && !said(b"back\r\n"), "{case}: nothing may be said in a literal");
    }
}

#[test]
fn a_row_for_a_message_the_client_does_not_know_is_swallowed() {
    let post = Post::usual();
    post.deliver("INBOX", &short(1));
    let mut session = Session::signed_in(&post);
    session.command("s SELECT INBOX");
    let mut out = Actions::default();
    session.machine.step(Input::Bytes(b"a FETCH 1 BODY.PEEK[TEXT]\r\n"), names::Timestamp(0), &mut out);
    let Some(Action::Pull(Ask::Fetch { items, strings, .. })) = out.drain().next() else { panic!("a pull") };
    let described = items.describe(3, 2, None::<&Summary>, strings);
    for answer in [
        Answer::Row(FetchRow {
            uid: 77,
            flags: Flags::new(),
            newly_seen: false,
            received: names::Timestamp(0),
            size: 5,
            modseq: 1,
            saved: names::Timestamp(0),
            object: None,
            described: described.clone(),
        }),
        Answer::Chunk(bytes::Bytes::from_static(b"no")),
    ] {
        session.machine.step(Input::Answer(answer), names::Timestamp(0), &mut out);
    }
    assert_eq!(out.drain().count(), 0);
}

#[test]
fn a_stop_waits_for_the_command_under_way() {
    let post = Post::usual();
    post.deliver("INBOX", &short(1));
    let mut session = Session::signed_in(&post);
    session.command("s SELECT INBOX");
    let mut out = Actions::default();
    let now = names::Timestamp(0);
    session.machine.step(Input::Bytes(b"a SEARCH ALL\r\n"), now, &mut out);
    session.machine.step(Input::Stopping, now, &mut out);
    session.machine.step(Input::End, now, &mut out);
    session.machine.step(Input::Answer(Answer::Changes(Changes::default())), now, &mut out);
    let sent: Vec<u8> = out
        .drain()
        .filter_map(|action| if let Action::Send(bytes) = action { Some(bytes.to_vec()) } else { None })
        .flatten()
        .collect();
    let sent = String::from_utf8(sent).unwrap();
    assert_eq!(
        sent,
        "* SEARCH\r\na OK SEARCH done\r\n* BYE [UNAVAILABLE] the server stops; please come back\r\n"
    );
}

#[test]
fn an_event_that_crosses_done_is_told_with_the_next_command() {
    let post = Post::usual();
    let mut session = Session::signed_in(&post);
    session.command("s SELECT INBOX");
    session.command("a IDLE");
    assert!(session.machine.listening());
    post.deliver("INBOX", &short(1));
    let late = session.world.changes();
    session.command("DONE");
    assert!(!session.machine.listening());
    session.input(Input::Event(Answer::Changes(late)));
    assert_eq!(session.said(), "");
    assert_eq!(session.command("b NOOP"), "* 1 EXISTS\r\nb OK NOOP done\r\n");
}

#[test]
fn a_message_come_and_gone_within_one_report_never_existed() {
    let post = Post::usual();
    post.deliver("INBOX", &short(1));
    let mut session = Session::signed_in(&post);
    session.command("s SELECT INBOX");
    session.command("a IDLE");
    let both = Changes {
        arrived: UidSet::range(2..=3),
        vanished: UidSet::range(2..=2),
        flags: vec![FlagChange { uid: 2, flags: Flags::new(), modseq: 9 }],
        ..Changes::default()
    };
    session.input(Input::Event(Answer::Changes(both)));
    assert_eq!(session.said(), "* 2 EXISTS\r\n");
    // An older UID that turns up late must not shift the numbers of those known.
    let older = Changes { arrived: UidSet::range(2..=2), ..Changes::default() };
    session.input(Input::Event(Answer::Changes(older)));
    assert_eq!(session.said(), "");
}

#[test]
fn patience_follows_the_state() {
    let post = Post::usual();
    let mut session = Session::new(&post);
    assert_eq!(session.machine.patience(), limits::PATIENCE_BEFORE_SIGN_IN);
    session.command("a LOGIN dr pw");
    assert_eq!(session.machine.patience(), limits::PATIENCE);
    session.bytes(b"b NO");
    assert_eq!(session.machine.patience(), limits::PATIENCE_INSIDE);
    session.bytes(b"OP\r\nc IDLE\r\n");
    assert_eq!(session.machine.patience(), limits::PATIENCE);
}
