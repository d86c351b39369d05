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
