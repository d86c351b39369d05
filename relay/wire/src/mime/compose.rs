//! Letters that Pli itself writes.

use names::{Address, Timestamp};

use super::encode::{self, Folder};

/// A letter to be written: the patient's answer, or a notice.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Who writes, with the name the directory gives.
    pub from: Person<'a>,
    /// `Sender`, when somebody else sends it.
    pub sender: Option<Person<'a>>,
    /// To whom.
    pub to: &'a [Person<'a>],
    /// In copy.
    pub cc: &'a [Person<'a>],
    /// The subject as people read it.
    pub subject: &'a str,
    /// Message-ID without brackets; the caller makes it unique.
    pub message_id: &'a str,
    /// Message-ID of the letter this one answers, without brackets.
    pub in_reply_to: Option<&'a str>,
    /// `References`, oldest first, without brackets ([`references`]).
    pub references: &'a [String],
    /// The text.
    pub text: &'a str,
    /// Files.
    pub attachments: &'a [File<'a>],
    /// More fields, as `("X-MSS-NIL", "1234")`: values of plain text.
    pub fields: &'a [(&'a str, &'a str)],
}

/// A name and an address.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Shown name; empty for none.
    pub name: &'a str,
    /// Address.
    pub address: &'a Address,
}

/// A file to attach.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name.
    pub name: &'a str,
    /// As `application/pdf`; anything that is no media type becomes `application/octet-stream`.
    pub media_type: &'a str,
    /// Its octets.
    pub content: &'a [u8],
}

/// A letter ready to be stored: header block with its empty line, and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// Header block, empty line included.
    pub head: Vec<u8>,
    /// All after it; CRLF only, lines of at most 998 octets, ASCII.
    pub body: Vec<u8>,
}

impl Letter<'_> {
    /// Writes the letter, dated `now`.
    #[must_use]
    pub fn compose(&self, now: Timestamp) -> Composed {
        let mut head = self.fields_only(now);
        let mut body = Vec::new();
        if self.attachments.is_empty() {
            text_head(&mut head);
            encode::quoted_printable(self.text, &mut body);
        } else {
            let boundary = boundary(self.message_id);
            head.extend(content_type("multipart/mixed", &[format!("boundary=\"{boundary}\"")]));
            head.extend_from_slice(b"\r\n");
            open(&boundary, &mut body);
            text_head(&mut body);
            encode::quoted_printable(self.text, &mut body);
            for file in self.attachments {
                open(&boundary, &mut body);
                file.write(&mut body);
            }
            end(&boundary, &mut body);
        }
        Composed { head, body }
    }

    /// The header fields up to MIME-Version.
    pub(super) fn fields_only(&self, now: Timestamp) -> Vec<u8> {
        let mut head = encode::field("Date", &now.rfc5322());
        head.extend(people("From", &[self.from]));
        if let Some(sender) = self.sender {
            head.extend(people("Sender", &[sender]));
        }
        for (name, list) in [("To", self.to), ("Cc", self.cc)] {
            if !list.is_empty() {
                head.extend(people(name, list));
            }
        }
        head.extend(encode::text_field("Subject", self.subject));
        head.extend(ids("Message-ID", [self.message_id]));
        if let Some(id) = self.in_reply_to {
            head.extend(ids("In-Reply-To", [id]));
        }
        if !self.references.is_empty() {
            head.extend(ids("References", self.references.iter().map(String::as_str)));
        }
        for (name, value) in self.fields {
            head.extend(encode::text_field(name, value));
        }
        head.extend_from_slice(b"MIME-Version: 1.0\r\n");
        head
    }
}

impl File<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let media_type =
            if is_media_type(self.media_type) { self.media_type } else { "application/octet-stream" };
        // Both forms of the name: `name` for old readers, `filename` as RFC 2183 wants.
        out.extend(content_type(media_type, &encode::parameter("name", self.name)));
        let mut disposition = Folder::new("Content-Disposition");
        let pieces = encode::parameter("filename", self.name);
        parameters(&mut disposition, "attachment", &pieces);
        out.extend(disposition.end());
        out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
        encode::base64_lines(self.content, out);
    }
}

/// `Re: ` before a subject that has none yet, in any of the forms French mailers write.
#[must_use]
pub fn answer_subject(subject: &str) -> String {
    let subject = encode::one_line(subject);
    let lower = subject.to_lowercase();
    if ["re:", "re :", "ré:", "ré :", "rép:", "rép :"].iter().any(|prefix| lower.starts_with(prefix)) {
        subject
    } else {
        format!("Re: {subject}")
    }
}

/// The `References` of an answer (RFC 5322 §3.6.4): the parent's, or its In-Reply-To when that is one
/// id, then the parent itself. The first and the last ones stay when there are too many.
#[must_use]
pub fn references(
    parent_references: &[String],
    parent_in_reply_to: &[String],
    parent_id: &str,
) -> Vec<String> {
    /// Ids kept: a thousand-letter exchange must not fill the header block.
    const KEPT: usize = 30;
    let mut all: Vec<String> = match (parent_references, parent_in_reply_to) {
        ([], [one]) => vec![one.clone()],
        ([], _) => Vec::new(),
        (references, _) => references.to_vec(),
    };
    all.retain(|id| id != parent_id);
    if all.len() >= KEPT {
        all.drain(1..all.len() - (KEPT - 2));
    }
    all.push(parent_id.to_owned());
    all
}

fn people(name: &str, list: &[Person<'_>]) -> Vec<u8> {
    let mut folder = Folder::new(name);
    for (i, person) in list.iter().enumerate() {
        let comma = if i + 1 < list.len() { "," } else { "" };
        if encode::one_line(person.name).is_empty() {
            folder.word(&format!("{}{comma}", person.address));
        } else {
            for word in encode::encoded_or_plain(person.name, true) {
                folder.word(&word);
            }
            folder.word(&format!("<{}>{comma}", person.address));
        }
    }
    folder.end()
}

/// Ids in brackets; characters that could end an id or a line are left out.
fn ids<'a>(name: &str, list: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut folder = Folder::new(name);
    for id in list {
        let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
        folder.word(&format!("<{id}>"));
    }
    folder.end()
}

fn is_media_type(text: &str) -> bool {
    let token =
        |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    text.len() <= 100
        && text.split_once('/').is_some_and(|(kind, subtype)| {
            token(kind)
                && token(subtype)
                && !matches!(kind.to_ascii_lowercase().as_str(), "multipart" | "message")
        })
}

/// A boundary no body can hold: quoted-printable never writes `=_`, base64 never `_`.
pub(super) fn boundary(seed: &str) -> String {
    let safe: String = seed.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("=_pli_{safe}")
}

pub(super) fn open(boundary: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
}

pub(super) fn end(boundary: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
}

pub(super) fn text_head(out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
    );
}

pub(super) fn content_type(media_type: &str, pieces: &[String]) -> Vec<u8> {
    let mut folder = Folder::new("Content-Type");
    parameters(&mut folder, media_type, pieces);
    folder.end()
}

fn parameters(folder: &mut Folder, value: &str, pieces: &[String]) {
    let all: Vec<&str> = std::iter::once(value).chain(pieces.iter().map(String::as_str)).collect();
    for (i, piece) in all.iter().enumerate() {
        let semicolon = if i + 1 < all.len() { ";" } else { "" };
        folder.word(&format!("{piece}{semicolon}"));
    }
}

#[cfg(test)]
mod tests {
    use names::Address;
    use proptest::prelude::*;

    use super::{
        super::{
            Decoder, Head, Structure, limits, params,
            testing::{octets, read},
            text_of, words,
        },
        *,
    };

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn letter(composed: &Composed) -> (Head, Structure) {
        read(&[&composed.head[..], &composed.body].concat())
    }

    fn content(composed: &Composed, path: &[u32]) -> Vec<u8> {
        let (_, structure) = letter(composed);
        let part = super::super::parts::find(&structure.root, path).unwrap().part;
        let mut out = Vec::new();
        let mut decoder = Decoder::new(part.encoding);
        decoder.push(octets(&composed.body, part), &mut out);
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn the_answer_of_a_patient() {
        let (patient, doctor) =
            (address("279035121518989@patient.mssante.fr"), address("dr.martin@cabinet.mssante.fr"));
        let photo = [0xff, 0xd8, 0xff, 0xe0].repeat(100);
        let composed = Letter {
            from: Person { name: "Hélène DURAND", address: &patient },
            sender: None,
            to: &[Person { name: "Dr_Marie_MARTIN", address: &doctor }],
            cc: &[],
            subject: &answer_subject("Vos résultats"),
            message_id: "abc.1@patient.mssante.fr",
            in_reply_to: Some("r@cabinet.mssante.fr"),
            references: &references(&["q@cabinet.mssante.fr".into()], &[], "r@cabinet.mssante.fr"),
            text: "Bonjour docteur,\n\nvoici la photo.\n",
            attachments: &[File { name: "plaie été.jpg", media_type: "image/jpeg", content: &photo }],
            fields: &[],
        }
        .compose(Timestamp(1_795_318_467_000));
        assert_eq!(
            String::from_utf8_lossy(&composed.head),
            "Date: Sun, 22 Nov 2026 03:34:27 +0000\r\nFrom: =?utf-8?B?SMOpbMOobmUgRFVSQU5E?= <279035121518989@patient.mssante.fr>\r\n\
             To: \"Dr_Marie_MARTIN\" <dr.martin@cabinet.mssante.fr>\r\nSubject: =?utf-8?B?UmU6IFZvcyByw6lzdWx0YXRz?=\r\n\
             Message-ID: <abc.1@patient.mssante.fr>\r\nIn-Reply-To: <r@cabinet.mssante.fr>\r\n\
             References: <q@cabinet.mssante.fr> <r@cabinet.mssante.fr>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"=_pli_abc1patientmssantefr\"\r\n\r\n"
        );
        assert_eq!(content(&composed, &[1]), b"Bonjour docteur,\r\n\r\nvoici la photo.");
        assert_eq!(content(&composed, &[2]), photo);
        assert_eq!(super::super::oracle::compare(&[&composed.head[..], &composed.body].concat()), Ok(()));
    }

    #[test]
    fn subjects_are_answered_once() {
        for (given, want) in [
            ("x", "Re: x"),
            ("Re: x", "Re: x"),
            ("RE : x", "RE : x"),
            ("Rép: x", "Rép: x"),
            ("Retour", "Re: Retour"),
            ("", "Re: "),
        ] {
            assert_eq!(answer_subject(given), want);
        }
    }

    #[test]
    fn references_grow_and_are_bounded() {
        let ids = |n: usize| (0..n).map(|i| format!("{i}@x")).collect::<Vec<_>>();
        assert_eq!(references(&[], &[], "p@x"), ["p@x"]);
        assert_eq!(references(&[], &ids(1), "p@x"), ["0@x", "p@x"]);
        assert_eq!(references(&[], &ids(2), "p@x"), ["p@x"]);
        assert_eq!(references(&ids(2), &ids(1), "p@x"), ["0@x", "1@x", "p@x"]);
        let many = references(&ids(500), &[], "p@x");
        assert_eq!(
            (many.len(), many[0].as_str(), many[1].as_str(), many[29].as_str()),
            (30, "0@x", "472@x", "p@x")
        );
    }

    proptest! {
        /// RELIABILITY S-12.
        #[test]
        fn whatever_people_write_reads_back_as_meant_and_nothing_more(
            name in "\\PC{0,60}|[\\x00-\\x7f]{0,60}|=\\?utf-8\\?q\\?a=0d=0aBcc\\?=",
            subject in "\\PC{0,200}|[\\x00-\\x7f\u{2028}é]{0,200}| *=\\?utf-8\\?q\\?a=0d=0aBcc\\?=",
            text in "(\\PC|[\\x00-\\x7f]|\r\n){0,300}",
            file in "\\PC{0,150}|[\\x00-\\x7f]{0,80}",
            media in "[a-z]{1,8}/[a-z.+-]{1,8}|\\PC{0,20}|[\\x00-\\x7f]{0,30}",
            id in "[\\x00-\\x7fé]{1,40}",
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            attach in any::<bool>(),
        ) {
            let address = address("a@b.fr");
            let files = [File { name: &file, media_type: &media, content: &bytes }];
            let composed = Letter {
                from: Person { name: &name, address: &address },
                sender: Some(Person { name: &name, address: &address }),
                to: &[Person { name: &name, address: &address }, Person { name: &name, address: &address }],
                cc: &[],
                subject: &subject,
                message_id: &id,
                in_reply_to: Some(&id),
                references: &[id.clone(), id.clone()],
                text: &text,
                attachments: if attach { &files } else { &[] },
                fields: &[("X-Note", &subject)],
            }
            .compose(Timestamp(0));
            let (head, structure) = letter(&composed);
            let names: Vec<_> = head.fields().map(|f| f.name().to_owned()).collect();
            let mut want = vec!["Date", "From", "Sender", "To", "Subject", "Message-ID", "In-Reply-To", "References", "X-Note", "MIME-Version", "Content-Type"];
            if !attach {
                want.push("Content-Transfer-Encoding");
            }
            prop_assert_eq!(names, want);
            let clean = words::clean(&subject);
            prop_assert_eq!(head.field("X-Note").unwrap().decoded(), clean.clone());
            prop_assert_eq!(head.subject(), words::cut(&clean, limits::SUBJECT_CHARS));
            let author = head.author().unwrap();
            prop_assert_eq!(author.name.unwrap_or_default(), words::cut(&words::clean(&name), limits::NAME_CHARS));
            prop_assert_eq!(head.to().mailboxes.len(), 2);
            prop_assert!(head.to().refused.is_empty());
            prop_assert_eq!(structure.ambiguity, None);
            let whole = [&composed.head[..], &composed.body].concat();
            prop_assert!(whole.is_ascii() && whole.ends_with(b"\r\n"));
            for line in std::str::from_utf8(&whole).unwrap().split("\r\n") {
                prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']));
            }
            let path: &[u32] = &[1];
            let written = text_of(&content(&composed, path), Some("utf-8")).text;
            let unified = |t: &str| t.replace("\r\n", "\n").replace('\r', "\n").trim_end_matches('\n').to_owned();
            prop_assert_eq!(unified(&written), unified(&text));
            if attach {
                prop_assert_eq!(structure.root.children().len(), 2);
                prop_assert_eq!(structure.root.children()[1].filename.clone(), params::safe_filename(&file));
                prop_assert_eq!(content(&composed, &[2]), bytes);
            }
        }
    }
}
