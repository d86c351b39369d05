//! SEARCH and SORT against the plainest evaluation there is: each letter was written here, and is asked
//! again of what it was written from. Trees of keys are drawn at random; both engines, one folder.

use std::cmp::Ordering;

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Drawing, TestRunner};

/// Words of subjects, names and texts. What is looked for is made of them.
const WORDS: [&str; 10] =
    ["bilan", "glycémie", "ÉTAT", "cœur", "Cholestérol", "rendez-vous", "Hélène", "urgent", "à", "Straße"];
const LETTERS: u32 = 30;
const QUESTIONS: usize = 100;

/// What a letter was written from.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) raw: Vec<u8>,
    /// Name and value of each field, decoded.
    fields: Vec<(&'static str, String)>,
    subject: String,
    mailbox: String,
    /// Texts that a search looks into.
    texts: Vec<String>,
    /// Days since the first of November: as the Date field says it, and of the internal date.
    sent: u8,
    pub(super) came: u8,
    /// Seconds of that month, in UTC.
    sent_at: i64,
    came_at: i64,
    pub(super) flags: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    All,
    Flag(&'static str),
    Field(&'static str, String),
    Header(&'static str, String),
    Body(String),
    Text(String),
    Sent(&'static str, u8),
    Came(&'static str, u8),
    Larger(u32),
    Smaller(u32),
    Uids(u32, u32),
    Not(Box<Ask>),
    Or(Box<Ask>, Box<Ask>),
    And(Vec<Ask>),
}

fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.replace(['é', 'è'], "e").replace('à', "a").replace('œ', "oe").replace('ß', "ss")
}

fn holds(text: &str, needle: &str) -> bool {
    plain(text).contains(&plain(needle))
}

impl Ask {
    pub(super) fn of(&self, letter: &Written, uid: u32) -> bool {
        let when = |when: &str, day: u8, of: u8| match when {
            "BEFORE" => of < day,
            "SINCE" => of >= day,
            _ => of == day,
        };
        let field = |name: &str, text: &str| {
            letter.fields.iter().any(|field| field.0.eq_ignore_ascii_case(name) && holds(&field.1, text))
        };
        match self {
            Self::All => true,
            Self::Flag(flag) => letter.flags.contains(flag),
            Self::Field(name, text) if text.is_empty() => *name == "FROM" || *name == "SUBJECT",
            Self::Field(name, text) | Self::Header(name, text) => field(name, text),
            Self::Body(text) => letter.texts.iter().any(|own| holds(own, text)),
            Self::Text(text) => {
                let field = |field: &(&str, String)| holds(&format!("{}: {}", field.0, field.1), text);
                letter.fields.iter().any(field) || letter.texts.iter().any(|own| holds(own, text))
            }
            Self::Sent(how, day) => when(how, *day, letter.sent),
            Self::Came(how, day) => when(how, *day, letter.came),
            Self::Larger(octets) => letter.raw.len() > *octets as usize,
            Self::Smaller(octets) => letter.raw.len() < *octets as usize,
            Self::Uids(from, to) => (*from..=*to).contains(&uid),
            Self::Not(ask) => !ask.of(letter, uid),
            Self::Or(one, other) => one.of(letter, uid) || other.of(letter, uid),
            Self::And(all) => all.iter().all(|ask| ask.of(letter, uid)),
        }
    }

    /// As a mail program writes it.
    pub(super) fn keys(&self) -> String {
        let text = |text: &str| match text.is_ascii() {
            true => format!("\"{text}\""),
            false => format!("{{{}+}}\r\n{text}", text.len()),
        };
        let day = |day: u8| format!("{day}-Nov-2026");
        match self {
            Self::All => "ALL".to_owned(),
            Self::Flag(flag) => match flag.strip_prefix('\\') {
                Some(flag) => flag.to_uppercase(),
                None => format!("KEYWORD {flag}"),
            },
            Self::Field(name, needle) => format!("{name} {}", text(needle)),
            Self::Header(name, needle) => format!("HEADER {name} {}", text(needle)),
            Self::Body(needle) => format!("BODY {}", text(needle)),
            Self::Text(needle) => format!("TEXT {}", text(needle)),
            Self::Sent(how, at) => format!("SENT{how} {}", day(*at)),
            Self::Came(how, at) => format!("{how} {}", day(*at)),
            Self::Larger(octets) => format!("LARGER {octets}"),
            Self::Smaller(octets) => format!("SMALLER {octets}"),
            Self::Uids(from, to) => format!("UID {from}:{to}"),
            Self::Not(ask) => format!("NOT {}", ask.keys()),
            Self::Or(one, other) => format!("OR {} {}", one.keys(), other.keys()),
            Self::And(all) => format!("({})", all.iter().map(Self::keys).collect::<Vec<_>>().join(" ")),
        }
    }
}

/// A word or two as somebody types them.
fn needle() -> impl Strategy<Value = String> {
    let word = prop::sample::select(&WORDS[..]);
    (word.clone(), prop::option::of(word), 0..3_u8).prop_map(|(one, two, typed)| {
        let text = two.map_or(one.to_owned(), |two| format!("{one} {two}"));
        match typed {
            0 => text,
            1 => plain(&text),
            _ => plain(&text).to_uppercase(),
        }
    })
}

pub(super) fn ask() -> impl Strategy<Value = Ask> {
    let how = prop::sample::select(&["BEFORE", "ON", "SINCE"][..]);
    let leaf = prop_oneof![
        1 => Just(Ask::All),
        2 => prop::sample::select(&["\\Seen", "\\Flagged", "urgent"][..]).prop_map(Ask::Flag),
        3 => (prop::sample::select(&["SUBJECT", "FROM", "TO", "CC"][..]), needle()).prop_map(|(f, t)| Ask::Field(f, t)),
        2 => (prop::sample::select(&["X-Motif", "subject", "X-Nul"][..]), needle()).prop_map(|(f, t)| Ask::Header(f, t)),
        4 => needle().prop_map(Ask::Body),
        4 => needle().prop_map(Ask::Text),
        1 => prop::sample::select(&["X-MOTIF: urg", "content-type: text/html", "mime-version: 1.0"][..])
            .prop_map(|text| Ask::Text(text.to_owned())),
        2 => (how.clone(), 1..28_u8).prop_map(|(how, day)| Ask::Sent(how, day)),
        2 => (how, 1..28_u8).prop_map(|(how, day)| Ask::Came(how, day)),
        1 => (300..30_000_u32).prop_map(Ask::Larger),
        1 => (300..2_000_u32).prop_map(Ask::Smaller),
        1 => (1..=LETTERS, 0..LETTERS).prop_map(|(from, more)| Ask::Uids(from, from + more)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ask| Ask::Not(Box::new(ask))),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| Ask::Or(Box::new(one), Box::new(other))),
            prop::collection::vec(inner, 1..4).prop_map(Ask::And),
        ]
    })
}

fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), count).prop_map(|words| words.join(" "))
}

fn quoted(octets: &[u8]) -> String {
    let mut out = String::new();
    for (at, octet) in octets.iter().enumerate() {
        if at % 23 == 22 {
            out.push_str("=\r\n");
        }
        match octet {
            b'a'..=b'z' | b' ' => out.push(char::from(*octet)),
            octet => out.push_str(&format!("={octet:02X}")),
        }
    }
    out + "=\r\n"
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    let whole = base64::engine::general_purpose::STANDARD.encode(octets);
    whole.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
}

/// A part of this kind with a text: its fields and body, and what a search finds in it.
fn part(kind: u8, text: &str, long: bool) -> (String, Vec<String>) {
    // Beyond what is kept beside the head, so that the end stands in another frame or file.
    let long = if long { "lorem ipsum\r\n".repeat(6_000) } else { String::new() };
    let text = format!("{long}{text}");
    let latin: Vec<u8> = text.replace('œ', "oe").chars().map(|c| c as u32 as u8).collect();
    let fields = |kind: &str, encoding: &str| {
        format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n")
    };
    let html = format!("<p>{text}</p>");
    match kind {
        0 => (fields("text/plain; charset=utf-8", "8bit") + &text + "\r\n", vec![text]),
        1 => (fields("text/plain; charset=iso-8859-1", "quoted-printable") + &quoted(&latin), vec![text]),
        2 => (fields("text/plain; charset=UTF-8", "quoted-printable") + &quoted(text.as_bytes()), vec![text]),
        3 => (fields("text/html; charset=utf-8", "base64") + &base64(html.as_bytes()), vec![html]),
        4 => (fields("application/pdf", "base64") + &base64(text.as_bytes()), Vec::new()),
        5 => {
            let subject = plain(&text).replace("\r\n", " ");
            let inner = "Content-Type: text/plain; charset=utf-8\r\n";
            let letter = format!("X-Dedans: {}\r\n{inner}\r\n{text}\r\n", &subject[subject.len().min(9)..]);
            let head = format!("X-Dedans: {}\r\n{inner}", &subject[subject.len().min(9)..]);
            (fields("message/rfc822", "8bit") + &letter, vec![head, text])
        }
        kind => {
            let (first, mut texts) = part(kind % 6, &text, false);
            let (second, more) = part((kind / 6) % 5, "urgent à Hélène", false);
            texts.extend(more);
            let body = format!("--cut{kind}\r\n{first}\r\n--cut{kind}\r\n{second}\r\n--cut{kind}--\r\n");
            (format!("Content-Type: multipart/mixed; boundary=cut{kind}\r\n\r\n{body}"), texts)
        }
    }
}

pub(super) fn written() -> impl Strategy<Value = Written> {
    let texts = (words(1..4), words(1..3), words(1..3), words(1..8));
    let dates = (1..28_u8, 0..20_i64, 1..28_u8, 0..86_400_i64);
    let flags = prop::sample::subsequence(vec!["\\Seen", "\\Flagged", "urgent"], 0..=3);
    (texts, 0..36_u8, prop::bool::weighted(0.06), dates, flags).prop_map(
        |((subject, name, motif, text), kind, long, (sent, hour, came, second), flags)| {
            let (entity, texts) = part(kind, &text, long);
            let mailbox = format!("m{}", text.len() % 7);
            let fields = vec![
                ("Subject", subject.clone()),
                ("From", format!("{name} <{mailbox}@x.example>")),
                ("To", "marie@cabinet.example".to_owned()),
                ("X-Motif", motif.clone()),
                ("Date", format!("{sent} Nov 2026 {hour:02}:00:00 +0300")),
                ("MIME-Version", "1.0".to_owned()),
                ("Content-Type", entity.split_once("\r\n").unwrap().0["Content-Type: ".len()..].to_owned()),
            ];
            let mut head = format!(
                "Subject: =?utf-8?B?{}?=\r\nFrom: =?utf-8?B?{}?= <{mailbox}@x.example>\r\nTo: marie@cabinet.example\r\n",
                base64(subject.as_bytes()).replace("\r\n", ""),
                base64(name.as_bytes()).replace("\r\n", ""),
            );
            head.push_str(&format!("X-Motif: {}\r\n", motif.replacen(' ', "\r\n ", 1)));
            head.push_str(&format!("Date: {sent} Nov 2026 {hour:02}:00:00 +0300\r\nMIME-Version: 1.0\r\n"));
            let mut fields = fields;
            if let Some(line) = entity.split("\r\n").nth(1).filter(|line| !line.is_empty()) {
                fields.push(("Content-Transfer-Encoding", line["Content-Transfer-Encoding: ".len()..].to_owned()));
            }
            Written {
                raw: (head + &entity).into_bytes(),
                fields,
                subject,
                mailbox,
                texts,
                sent,
                came,
                sent_at: i64::from(sent) * 86_400 + (hour - 3) * 3_600,
                came_at: i64::from(came) * 86_400 + second,
                flags,
            }
        },
    )
}

pub(super) fn numbers(said: &str, word: &str) -> Vec<u32> {
    let begin = format!("* {word}");
    let line = said.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{said}"));
    line[begin.len()..].split_whitespace().map(|number| number.parse().unwrap()).collect()
}

const SORTS: [&str; 5] = ["ARRIVAL", "DATE", "SIZE", "SUBJECT", "FROM"];

fn compared(by: &str, one: &Written, other: &Written) -> Ordering {
    match by {
        "ARRIVAL" => one.came_at.cmp(&other.came_at),
        "DATE" => one.sent_at.cmp(&other.sent_at),
        "SIZE" => one.raw.len().cmp(&other.raw.len()),
        "SUBJECT" => plain(&one.subject).cmp(&plain(&other.subject)),
        _ => one.mailbox.cmp(&other.mailbox),
    }
}

#[tokio::test]
async fn search_and_sort_answer_what_the_letters_say() {
    for home in homes().await {
        let mut drawn = TestRunner::new_with_rng(
            Drawing::default(),
            prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
        );
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let mut letters: Vec<(u32, Written)> = Vec::new();
        for uid in 1..=LETTERS {
            let letter = written().new_tree(&mut drawn).unwrap().current();
            let (minutes, seconds) = (letter.came_at / 60, letter.came_at % 60);
            let (hours, minutes) = (minutes / 60 % 24, minutes % 60);
            let date = format!("\"{:02}-Nov-2026 {hours:02}:{minutes:02}:{seconds:02} +0000\"", letter.came);
            let how = format!("Archive ({}) {date}", letter.flags.join(" "));
            let said = appending::append(&mut client, &how, &letter.raw).await;
            assert!(said.contains("x OK"), "{said}\n{}", String::from_utf8_lossy(&letter.raw));
            letters.push((uid, letter));
        }
        client.ok("SELECT Archive").await;
        client.ok("UID STORE 7,19:20 +FLAGS.SILENT (\\Deleted)").await;
        client.ok("EXPUNGE").await;
        letters.retain(|(uid, _)| ![7, 19, 20].contains(uid));
        let mut some = 0;
        for number in 0..QUESTIONS {
            if number == QUESTIONS / 2 {
                // What the first half found out is in the store; the second half asks a door that began anew.
                home.gists_kept().await;
                assert_eq!(home.count("SELECT COUNT(*) FROM gist").await, 2, "{}", home.house.engine);
                client = Client::signed_in(&home.anew(), DOCTOR, DOCTORS_PASSWORD).await;
                client.ok("SELECT Archive").await;
            }
            if number == QUESTIONS * 3 / 4 {
                client.ok("UID STORE 11 +FLAGS.SILENT (\\Deleted)").await;
                client.ok("EXPUNGE").await;
                letters.retain(|(uid, _)| *uid != 11);
                assert_eq!(home.count("SELECT COUNT(*) FROM gist").await, 0, "{}", home.house.engine);
            }
            let ask = ask().new_tree(&mut drawn).unwrap().current();
            let mut want: Vec<&(u32, Written)> =
                letters.iter().filter(|(uid, letter)| ask.of(letter, *uid)).collect();
            some += usize::from(!want.is_empty() && want.len() < letters.len());
            let uids: Vec<u32> = want.iter().map(|(uid, _)| *uid).collect();
            let keys = ask.keys();
            let said = client.ok(&format!("UID SEARCH CHARSET UTF-8 {keys}")).await;
            assert_eq!(numbers(&said, "SEARCH"), uids, "{} {ask:?}", home.house.engine);
            let pick = prop::sample::select(&SORTS[..]);
            let (by, back, then) =
                (pick.clone(), any::<bool>(), pick).new_tree(&mut drawn).unwrap().current();
            let back_word = if back { "REVERSE " } else { "" };
            want.sort_by(|(_, one), (_, other)| {
                let first = compared(by, one, other);
                let first = if back { first.reverse() } else { first };
                first.then_with(|| compared(then, one, other))
            });
            let uids: Vec<u32> = want.iter().map(|(uid, _)| *uid).collect();
            let said = client.ok(&format!("UID SORT ({back_word}{by} {then}) UTF-8 {keys}")).await;
            assert_eq!(numbers(&said, "SORT"), uids, "{} {back_word}{by} {then} {ask:?}", home.house.engine);
        }
        assert!(some > QUESTIONS / 3, "most questions find all or nothing: {some}");
    }
}
