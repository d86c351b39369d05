//! Letters for tests: read whole or cut, and invented as trees.

use proptest::prelude::*;

use super::{Head, HeadReader, Part, Scanner, Structure, Summary};

/// Reads a letter given in one piece.
pub(super) fn read(letter: &[u8]) -> (Head, Structure) {
    read_in(letter, &[])
}

/// Reads a letter cut at these octets.
pub(super) fn read_in(letter: &[u8], cuts: &[usize]) -> (Head, Structure) {
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([letter.len()]) {
        let cut = cut.clamp(from, letter.len());
        pieces.push(&letter[from..cut]);
        from = cut;
    }
    let mut reader = Some(HeadReader::new());
    let mut parsed: Option<(Head, Scanner)> = None;
    for piece in pieces {
        if let Some((_, scanner)) = &mut parsed {
            scanner.push(piece);
        } else if let Some((head, used)) = reader.as_mut().and_then(|r| r.push(piece).unwrap()) {
            let mut scanner = Scanner::new(&head);
            scanner.push(&piece[used..]);
            parsed = Some((head, scanner));
        }
    }
    let (head, scanner) = parsed.unwrap_or_else(|| {
        let head = reader.take().unwrap().finish().unwrap();
        let scanner = Scanner::new(&head);
        (head, scanner)
    });
    (head, scanner.finish())
}

/// A letter of lines, each ended by CRLF.
pub(super) fn lines(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// One line a part: path, type, offsets; nested by indentation. For comparing by eye.
pub(super) fn drawn(letter: &[u8]) -> String {
    let (head, structure) = read(letter);
    let body = &letter[head.len().min(letter.len())..];
    let summary = Summary::of(&head, &structure);
    let mut out = String::new();
    for (path, part) in summary.leaves() {
        let path: Vec<String> = path.iter().map(u32::to_string).collect();
        let name = part.filename.as_deref().unwrap_or("-");
        out.push_str(&format!("{} {} {name} {:?}\n", path.join("."), part.media_type(), text(body, part)));
    }
    out
}

fn text(body: &[u8], part: &Part) -> String {
    String::from_utf8_lossy(octets(body, part)).into_owned()
}

/// The octets of a part's body.
pub(super) fn octets<'a>(body: &'a [u8], part: &Part) -> &'a [u8] {
    &body[part.body_start as usize..part.body_end as usize]
}

/// An invented part.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf { media: &'static str, encoding: &'static str, name: Option<&'static str>, lines: Vec<String> },
    Multipart { subtype: &'static str, preamble: bool, epilogue: bool, children: Vec<Node> },
    Message(Box<Node>),
}

impl Node {
    /// As a letter; every multipart has a boundary of its own, none a prefix of another.
    pub(super) fn letter(&self) -> Vec<u8> {
        let mut out = b"From: a@b.fr\r\nSubject: s\r\nMIME-Version: 1.0\r\n".to_vec();
        let mut count = 0;
        self.write(&mut out, &mut count);
        out
    }

    fn write(&self, out: &mut Vec<u8>, count: &mut usize) {
        match self {
            Self::Leaf { media, encoding, name, lines } => {
                let name = name.map(|n| format!("; name=\"{n}\"")).unwrap_or_default();
                out.extend(format!("Content-Type: {media}{name}\r\n").bytes());
                if !encoding.is_empty() {
                    out.extend(format!("Content-Transfer-Encoding: {encoding}\r\n").bytes());
                }
                out.extend(b"\r\n");
                out.extend(lines.join("\r\n").bytes());
            }
            Self::Multipart { subtype, preamble, epilogue, children } => {
                *count += 1;
                let boundary = format!("={count}_edge=");
                out.extend(
                    format!("Content-Type: multipart/{subtype};\r\n\tboundary=\"{boundary}\"\r\n\r\n")
                        .bytes(),
                );
                if *preamble {
                    out.extend(b"This is a multi-part message in MIME format.\r\n");
                }
                for child in children {
                    out.extend(format!("--{boundary}\r\n").bytes());
                    child.write(out, count);
                    out.extend(b"\r\n");
                }
                out.extend(format!("--{boundary}--").bytes());
                if *epilogue {
                    out.extend(b"\r\nafter\r\n");
                }
            }
            Self::Message(root) => {
                out.extend(b"Content-Type: message/rfc822\r\n\r\n");
                out.extend(b"From: \"X\" <x@y.fr>\r\nTo: z@y.fr\r\nSubject: nested\r\n");
                root.write(out, count);
            }
        }
    }
}

/// Trees as mailers make them, with lines that look like delimiters here and there.
pub(super) fn node() -> impl Strategy<Value = Node> {
    let line = prop_oneof![
        4 => "[a-zA-Z0-9 .,]{0,40}",
        1 => Just("--".to_owned()),
        1 => Just("-- ".to_owned()),
        1 => "--[a-z=]{1,10}(--)?",
        1 => Just("--=1_edg".to_owned()),
        1 => Just("From: nobody".to_owned()),
        1 => Just(String::new()),
    ];
    let leaf = (
        prop_oneof![
            Just(("text/plain; charset=utf-8", "")),
            Just(("text/html; charset=\"utf-8\"", "7bit")),
            Just(("text/plain", "quoted-printable")),
            Just(("application/pdf", "base64")),
            Just(("image/png", "base64")),
            Just(("application/octet-stream", "8bit")),
        ],
        prop::option::of(Just("file.bin")),
        prop::collection::vec(line, 0..6),
    )
        .prop_map(|((media, encoding), name, lines)| {
            let lines = if encoding == "base64" {
                lines
                    .iter()
                    .map(|line| super::encode::base64_line(line.as_bytes()).replace('=', ""))
                    .collect()
            } else {
                lines
            };
            Node::Leaf { media, encoding, name, lines }
        });
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => (
                prop_oneof![Just("mixed"), Just("alternative"), Just("related"), Just("signed")],
                any::<bool>(),
                any::<bool>(),
                prop::collection::vec(inner.clone(), 1..4),
            )
                .prop_map(|(subtype, preamble, epilogue, children)| Node::Multipart {
                    subtype,
                    preamble,
                    epilogue,
                    children
                }),
            // mail-parser 0.11.9 panics on a nested letter that is itself nothing but a nested letter.
            1 => inner.prop_map(|root| match root {
                Node::Message(_) => root,
                root => Node::Message(Box::new(root)),
            }),
        ]
    })
}
