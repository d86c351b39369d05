//! What we say, read by somebody else's grammar (imap-codec, its leniencies switched off).

use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::body::{BodyStructure, SpecificFields};
use imap_codec::imap_types::core::NString;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::response::{Data, Response};
use proptest::prelude::*;

use super::stage::{Session, letter, short};
use super::world::Post;

/// Reads an answer to its last octet.
fn read(said: &[u8]) -> Vec<Response<'_>> {
    let mut rest = said;
    let mut responses = Vec::new();
    while !rest.is_empty() {
        match ResponseCodec::default().decode(rest) {
            Ok((after, response)) => {
                responses.push(response);
                rest = after;
            }
            Err(error) => panic!("{error:?} at {:?}", String::from_utf8_lossy(rest)),
        }
    }
    responses
}

/// Sizes of the leaves a structure tells, by path.
fn sizes(structure: &BodyStructure<'_>, path: &str, out: &mut Vec<(String, u32)>) {
    match structure {
        BodyStructure::Single { body, .. } => {
            let path = if path.is_empty() { "1".to_owned() } else { path.to_owned() };
            out.push((path.clone(), body.basic.size));
            if let SpecificFields::Message { body_structure, .. } = &body.specific {
                match body_structure.as_ref() {
                    multi @ BodyStructure::Multi { .. } => sizes(multi, &path, out),
                    single @ BodyStructure::Single { .. } => sizes(single, &format!("{path}.1"), out),
                }
            }
        }
        BodyStructure::Multi { bodies, .. } => {
            for (index, body) in bodies.as_ref().iter().enumerate() {
                let dot = if path.is_empty() { "" } else { "." };
                sizes(body, &format!("{path}{dot}{}", index + 1), out);
            }
        }
    }
}

/// Fetches all there is of one letter, and holds each part's octets against the size told.
fn judge(raw: &[u8]) {
    let post = Post::usual();
    post.deliver("INBOX", raw);
    let mut session = Session::signed_in(&post);
    session.command("s SELECT INBOX");
    session.said();
    session.bytes(b"a FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER])\r\n");
    let said = std::mem::take(&mut session.sent);
    let mut told = Vec::new();
    for response in read(&said) {
        if let Response::Data(Data::Fetch { items, .. }) = response {
            for item in items {
                if let MessageDataItem::BodyStructure(structure) = item {
                    sizes(&structure, "", &mut told);
                }
            }
        }
    }
    assert!(!told.is_empty(), "a letter has at least one part");
    for (path, size) in told {
        session.bytes(format!("b FETCH 1 BODY.PEEK[{path}]\r\n").as_bytes());
        let said = std::mem::take(&mut session.sent);
        let found = read(&said).into_iter().find_map(|response| match response {
            Response::Data(Data::Fetch { items, .. }) => items.into_iter().find_map(|item| match item {
                MessageDataItem::BodyExt { data: NString(Some(data)), .. } => Some(data.into_inner().len()),
                _ => None,
            }),
            _ => None,
        });
        assert_eq!(found, Some(size as usize), "part {path} of {:?}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn letters_of_every_shape_are_told_in_the_grammar() {
    for name in ["mixed", "forward", "raw", "headless"] {
        judge(&letter(name).unwrap());
    }
    let broken = "Content-Type: multipart/mixed; boundary=x\r\n\r\nno part\r\n";
    judge(broken.as_bytes());
    judge(b"Content-Type: message/rfc822\r\n\r\n");
    judge(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nRnJvbTogYQ0KDQo=\r\n");
    judge(b"Content-Type: text\r\nContent-Language: fr, en\r\nContent-MD5: Q2hlY2s=\r\n\r\nx\r\n");
    judge(b"From: \r\nTo: undisclosed-recipients:;\r\nSubject: \r\nDate: x\ty\r\n\r\nx\r\n");
}

#[test]
fn every_answer_is_in_the_grammar() {
    let post = Post::usual();
    for index in 0..4 {
        post.deliver("INBOX", &short(index));
    }
    let mut session = Session::signed_in(&post);
    for command in [
        "a CAPABILITY",
        "a NOOP",
        "a ID NIL",
        "a NAMESPACE",
        "a LIST \"\" *",
        "a LSUB \"\" %",
        "a LIST \"\" \"\"",
        "a STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
        "a SELECT Nowhere",
        "a BOGUS",
        "a CREATE ..",
        "a EXAMINE INBOX",
        "a EXPUNGE",
        "a SELECT INBOX",
        "a STORE 1:2 FLAGS (\\Deleted $Work)",
        "a FETCH 1:* ALL",
        "a FETCH 1:* FULL",
        "a FETCH 1 (BODY[1] BODY[2] BODY[TEXT]<0.3> RFC822 RFC822.HEADER RFC822.TEXT)",
        "a UID FETCH 3 BODY.PEEK[HEADER.FIELDS (From \"Sub\\\\ject\")]",
        "a SEARCH ALL",
        "a SEARCH SEEN",
        "a SEARCH CHARSET X ALL",
        "a COPY 3 Corbeille",
        "a COPY 3 Nowhere",
        "a MOVE 4 Corbeille",
        "a EXPUNGE",
        "a APPEND INBOX {12+}\r\nSubject: x\r\n",
        "a UNSELECT",
        "a LOGOUT",
    ] {
        session.bytes(format!("{command}\r\n").as_bytes());
        let said = std::mem::take(&mut session.sent);
        assert!(!read(&said).is_empty(), "{command}");
    }
    assert!(session.closed);
}

/// Header values as the world sends them: quotes, escapes, folds, raw octets, lists gone wrong.
fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("<a@b.example>".to_owned()),
        Just(", ".to_owned()),
        Just(": ;".to_owned()),
        Just("\r\n ".to_owned()),
        Just("é€😀".to_owned()),
        Just("=?utf-8?q?=C3=A9?=".to_owned()),
        Just("(x)".to_owned()),
        Just("; name=".to_owned()),
        Just("; boundary=z".to_owned()),
        Just("\t".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_header_holds_the_answer_is_in_the_grammar(
        fields in prop::collection::vec((0usize..12, value()), 0..8), body in "[ -~\r\n]{0,60}"
    ) {
        const NAMES: [&str; 12] = [
            "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "Content-Type",
            "Content-Disposition", "Content-Description", "Content-ID",
        ];
        let mut raw = String::new();
        for (name, value) in fields {
            let before = if NAMES[name] == "Content-Type" { "multipart/mixed" } else { "x" };
            raw.push_str(&format!("{}: {before}{value}\r\n", NAMES[name]));
        }
        judge(format!("X: y\r\n{raw}\r\n{body}").as_bytes());
    }
}
