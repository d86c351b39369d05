//! The scanner against mail-parser: two readers, one tree (RELIABILITY M-03).

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use proptest::prelude::*;

use super::{
    Content, Decoder, Part,
    testing::{node, octets, read, read_in},
};

/// One leaf as either reader sees it; offsets from the start of the letter.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    depth: usize,
    media: String,
    name: Option<String>,
    start: usize,
    end: usize,
}

fn ours(part: &Part, head: usize, depth: usize, out: &mut Vec<Seen>) {
    match &part.content {
        Content::Leaf => out.push(Seen {
            depth,
            media: part.media_type(),
            name: part.filename.clone(),
            start: head + part.body_start as usize,
            end: head + part.body_end as usize,
        }),
        Content::Multipart(parts) => parts.iter().for_each(|part| ours(part, head, depth + 1, out)),
        Content::Message { root, .. } => ours(root, head, depth + 1, out),
    }
}

fn theirs(message: &Message<'_>, part: &MessagePart<'_>, depth: usize, out: &mut Vec<Seen>) {
    match &part.body {
        PartType::Multipart(ids) => {
            for id in ids {
                theirs(message, &message.parts[*id as usize], depth + 1, out);
            }
        }
        PartType::Message(nested) => theirs(nested, &nested.parts[0], depth + 1, out),
        _ => out.push(Seen {
            depth,
            media: part
                .content_type()
                .map_or("text/plain".into(), |c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or("")))
                .to_lowercase(),
            name: part.attachment_name().map(str::to_owned),
            start: part.raw_body_offset() as usize,
            end: part.raw_end_offset() as usize,
        }),
    }
}

/// Same leaves, types, names and octets.
pub(super) fn compare(letter: &[u8]) -> Result<(), String> {
    let (head, structure) = read(letter);
    let mut mine = Vec::new();
    ours(&structure.root, head.len(), 0, &mut mine);
    let message = MessageParser::default().parse(letter).ok_or("mail-parser sees nothing")?;
    let mut other = Vec::new();
    theirs(&message, &message.parts[0], 0, &mut other);
    if mine == other { Ok(()) } else { Err(format!("ours {mine:#?}\ntheirs {other:#?}")) }
}

/// Pieces that mean something to a scanner, in any order.
const SHREDS: [&str; 16] = [
    "--b\r\n",
    "--b--\r\n",
    "--bb\r\n",
    "\r\n",
    "\r",
    "\n",
    "--b",
    "Content-Type: multipart/mixed; boundary=bb\r\n",
    "Content-Type: message/rfc822\r\n",
    "--bb--",
    "Content-Transfer-Encoding: base64\r\n",
    "x",
    "=",
    "=\r\n",
    "\0",
    "a: b\r\n",
];

proptest! {
    #[test]
    fn two_readers_see_the_same_parts(node in node()) {
        let letter = node.letter();
        compare(&letter).map_err(|why| TestCaseError::fail(format!("{why}\n{}", String::from_utf8_lossy(&letter))))?;
    }

    #[test]
    fn however_the_octets_are_cut_the_structure_is_the_same(node in node(), mut cuts in prop::collection::vec(0_usize..2_000, 0..40)) {
        let letter = node.letter();
        cuts.sort_unstable();
        prop_assert_eq!(read_in(&letter, &cuts), read(&letter));
    }

    #[test]
    fn leaves_decode_to_the_sizes_that_are_told(node in node()) {
        let letter = node.letter();
        let (head, structure) = read(&letter);
        for leaf in structure.leaf_views() {
            let mut decoder = Decoder::new(leaf.part.encoding);
            let mut out = Vec::new();
            decoder.push(octets(&letter[head.len()..], leaf.part), &mut out);
            decoder.finish(&mut out);
            prop_assert_eq!(out.len() as u64, leaf.part.decoded_len);
            prop_assert_eq!(leaf.first, &out[..out.len().min(512)]);
        }
    }

    #[test]
    fn any_octets_at_all_are_read_without_panic_in_any_cut(
        body in prop::collection::vec(prop::sample::select(&SHREDS[..]), 0..60),
        mut cuts in prop::collection::vec(0_usize..400, 0..40),
    ) {
        let mut letter = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
        letter.extend(body.concat().bytes());
        cuts.sort_unstable();
        prop_assert_eq!(read_in(&letter, &cuts), read(&letter));
    }
}

#[test]
fn every_cut_of_one_letter_gives_the_same_structure() {
    let letter = b"From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:x@y\">\r\n--b \r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\nepi";
    let whole = read(letter);
    for cut in 0..=letter.len() {
        assert_eq!(read_in(letter, &[cut]), whole, "cut at {cut}");
    }
    let every: Vec<usize> = (0..letter.len()).collect();
    assert_eq!(read_in(letter, &every), whole);
    assert_eq!(whole.1.cid_references, ["x@y"]);
    assert_eq!(whole.1.ambiguity, None);
}
