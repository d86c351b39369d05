//! Letters made to hurt (RELIABILITY M-01, M-02): linear time, bounded memory, no panic.

use std::time::{Duration, Instant};

use super::{Ambiguity, Content, Head, HeadReader, Refusal, Scanner, Structure, Summary, testing::read};

/// All that a scanner may hold: one header block, the strings of the tree, first octets, two excerpts.
const RETAINED: usize = 4 * 1024 * 1024;

fn scan(head: &str, body: &[u8]) -> Structure {
    let head = Head::parse(format!("{head}\r\n\r\n")).unwrap();
    let mut scanner = Scanner::new(&head);
    for chunk in body.chunks(64 * 1024) {
        scanner.push(chunk);
        assert!(scanner.retained() <= RETAINED, "{} octets held", scanner.retained());
    }
    let structure = scanner.finish();
    // What comes after the scan must bear it too.
    assert_eq!(
        Summary::decode(&Summary::of(&head, &structure).encode()).unwrap().body_len,
        body.len() as u64
    );
    assert!(structure.leaf_views().len() <= 1_000);
    structure
}

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b";

#[test]
fn too_many_parts_make_one_opaque_part() {
    for count in [999, 1_000, 100_000] {
        let body = format!("{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(count));
        let structure = scan(MIXED, body.as_bytes());
        if count < 1_000 {
            assert_eq!((structure.refused, structure.leaves.len()), (None, count));
        } else {
            assert_eq!(structure.refused, Some(Refusal::Parts), "{count}");
            assert!(matches!(structure.root.content, Content::Leaf) && structure.leaves.is_empty());
            assert_eq!(structure.root.body_end, body.len() as u64);
            assert_eq!(structure.root.lines, body.matches('\n').count() as u64);
        }
    }
}

#[test]
fn too_deep_a_letter_makes_one_opaque_part() {
    for (depth, want) in [(31, None), (32, Some(Refusal::Depth)), (100_000, Some(Refusal::Depth))] {
        let multiparts: String = (0..depth)
            .map(|i| format!("--b{i}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", i + 1))
            .collect();
        let structure = scan("Content-Type: multipart/mixed; boundary=b0", multiparts.as_bytes());
        assert_eq!(structure.refused, want, "{depth} multiparts");
        let letters = "Content-Type: message/rfc822\r\n\r\n".repeat(depth);
        let structure = scan("Content-Type: message/rfc822", letters.as_bytes());
        assert_eq!(structure.refused, want, "{depth} nested letters");
    }
}

#[test]
fn headers_that_fill_memory_make_one_opaque_part() {
    let part = format!("--b\r\nContent-Type: text/plain; name=\"{}\"\r\n\r\nx\r\n", "n".repeat(60_000));
    assert_eq!(scan(MIXED, part.repeat(50).as_bytes()).refused, Some(Refusal::Headers));
    let nested =
        format!("--b\r\nContent-Type: message/rfc822\r\n\r\nTo: {}\r\n\r\nx\r\n", "a@b.fr,".repeat(8_000));
    assert_eq!(scan(MIXED, nested.repeat(50).as_bytes()).refused, Some(Refusal::Headers));
    let parameters: String = (0..3_000).map(|i| format!("; p{i}=x")).collect();
    let structure =
        scan(MIXED, format!("--b\r\nContent-Type: text/plain{parameters}\r\n\r\nx\r\n--b--").as_bytes());
    assert_eq!(structure.root.children()[0].parameters.len(), super::limits::PARAMETERS);
}

#[test]
fn a_million_boundaries_and_endless_lines_are_just_read() {
    let ends = "--b--\r\n".repeat(1_000_000);
    assert_eq!(scan(MIXED, ends.as_bytes()).ambiguity, Some(Ambiguity::NoParts));
    let prefixes = "--bbbbbbbb\r\n".repeat(1_000_000);
    assert_eq!(scan(MIXED, prefixes.as_bytes()).ambiguity, Some(Ambiguity::NoParts));
    let line = vec![b'-'; 10_000_000];
    assert_eq!(scan(MIXED, &line).body_len, 10_000_000);
    let header = [&b"--b\r\n"[..], &[b'x'; 5_000_000]].concat();
    assert_eq!(scan(MIXED, &header).ambiguity, Some(Ambiguity::NoEndMark.min(Ambiguity::MalformedHeader)));
    assert_eq!(scan(MIXED, &vec![b'\r'; 1_000_000]).ambiguity, Some(Ambiguity::NoParts));
}

#[test]
fn three_hundred_thousand_header_fields_are_refused_early() {
    let fields = "a: b\r\n".repeat(300_000);
    let mut reader = HeadReader::new();
    let refused_after =
        fields.as_bytes().chunks(4_096).position(|chunk| reader.push(chunk).is_err()).unwrap();
    assert!(refused_after <= 26, "{refused_after} chunks");
    let structure = scan(MIXED, format!("--b\r\n{fields}\r\nx\r\n--b--\r\n").as_bytes());
    assert_eq!(structure.ambiguity, Some(Ambiguity::MalformedHeader));
    assert_eq!(structure.leaves.len(), 1);
}

/// The shortest of a few tries: the others were disturbed by whoever else uses the machine.
const TRIES: usize = 4;
/// Below this the clock and the neighbours say more than the reader.
const FLOOR: Duration = Duration::from_millis(5);

#[test]
fn the_last_eighth_of_a_letter_takes_no_longer_than_the_first() {
    // Were anything quadratic, the last eighth would take fifteen times as long as the first.
    const QP: &str = "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable";
    const BASE64: &str = "Content-Transfer-Encoding: base64";
    for (name, head, line) in [
        ("parts", MIXED, "--b\r\n\r\nx\r\n"),
        ("prefix lines", MIXED, "--bb\r\n"),
        ("end marks", MIXED, "--b--\r\n"),
        ("one line", MIXED, "--b "),
        ("bare CR", "To: a@b.fr", "\r"),
        ("header fields", MIXED, "a: b\r\n"),
        ("depth", "Content-Type: message/rfc822", "Content-Type: message/rfc822\r\n\r\n"),
        ("soft breaks", QP, "=\r\n"),
        ("broken escapes", QP, "= = \t"),
        ("white space", QP, " "),
        ("base64 junk", BASE64, "=*Y"),
        ("references", "Content-Type: text/html", "cid:x "),
        ("tags", "Content-Type: text/html", "<!-- <style><"),
    ] {
        let head = Head::parse(format!("{head}\r\n\r\n")).unwrap();
        let eighth = line.repeat(250_000 / line.len());
        let mut times = [Duration::MAX; 8];
        for _ in 0..TRIES {
            let mut scanner = Scanner::new(&head);
            for best in &mut times {
                let start = Instant::now();
                for chunk in eighth.as_bytes().chunks(32 * 1024) {
                    scanner.push(chunk);
                }
                *best = start.elapsed().min(*best);
            }
        }
        assert!(times[7] <= times[0].max(FLOOR) * 5, "{name}: {times:?}");
    }
}

#[test]
fn eight_times_the_header_takes_about_eight_times_as_long() {
    // A quadratic reader would take 64 times as long.
    for (name, field, filler) in [
        ("encoded words", "Subject: ", "=?a?q?"),
        ("joined words", "Subject: ", "=?utf-8?q?=C3?= "),
        ("comments", "From: ", "((a)"),
        ("quotes", "Content-Type: text/plain; x=", "\\\"("),
        ("folds", "To: a", "\r\n ,"),
        ("addresses", "To: a", ",a@b.fr"),
        ("groups", "To: a", ":;"),
        ("brackets", "References: ", "<a"),
        ("parameters", "Content-Type: multipart/mixed", ";b*1=(x)"),
        ("file names", "Content-Disposition: attachment; filename*=utf-8''", "%41/"),
    ] {
        let time = |octets: usize| {
            let letter = format!("{field}{}\r\n\r\nx", filler.repeat(octets / filler.len()));
            let run = |_| {
                let start = Instant::now();
                let (head, structure) = read(letter.as_bytes());
                let _ = (
                    head.subject(),
                    head.author(),
                    head.to(),
                    head.references(),
                    Summary::of(&head, &structure),
                );
                start.elapsed()
            };
            (0..TRIES).map(run).min().unwrap()
        };
        let (once, eight) = (time(7_500), time(60_000));
        assert!(eight <= once.max(FLOOR) * 24, "{name}: {once:?}, then {eight:?}");
    }
}
