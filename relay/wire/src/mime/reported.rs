//! Reading reports (RFC 3464, RFC 8098): which letter they speak of, and nothing more. What a report
//! claims to have happened is shown as it came and changes nothing here.

use super::{Content, Head, Part, Structure, limits};

/// What a report says of the letter it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// `Original-Envelope-Id` (RFC 3464 §2.2.1).
    pub envelope_id: Option<String>,
    /// `Original-Message-ID` (RFC 8098 §3.2.5) and the Message-ID of the returned letter, without
    /// brackets.
    pub message_ids: Vec<String>,
}

/// The parts of a report that say which letter it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces<'a> {
    /// `message/delivery-status` or `message/disposition-notification`.
    pub facts: Option<&'a Part>,
    /// `text/rfc822-headers`.
    pub headers: Option<&'a Part>,
    /// Message-ID as written in a letter that was returned whole.
    pub returned: Option<&'a str>,
}

/// The pieces of a report; `None` when the letter is none (RFC 6522 §3).
#[must_use]
pub fn pieces(structure: &Structure) -> Option<Pieces<'_>> {
    if !structure.root.is("multipart", "report") {
        return None;
    }
    let mut found = Pieces { facts: None, headers: None, returned: None };
    for part in structure.root.children() {
        let facts = part.kind == "message"
            && matches!(
                part.subtype.as_str(),
                "delivery-status"
                    | "disposition-notification"
                    | "global-delivery-status"
                    | "global-disposition-notification"
            );
        if facts {
            found.facts = found.facts.or(Some(part));
        } else if part.is("text", "rfc822-headers") || part.is("message", "global-headers") {
            found.headers = found.headers.or(Some(part));
        } else if let Content::Message { envelope, .. } = &part.content {
            found.returned = found.returned.or(envelope.message_id.as_deref().filter(|id| !id.is_empty()));
        }
    }
    Some(found)
}

impl Reported {
    /// Reads what the pieces say; `facts` and `headers` are decoded from their transfer encoding and
    /// may be cut at [`limits::REPORT_PIECE`].
    #[must_use]
    pub fn read(facts: &[u8], headers: &[u8], returned: Option<&str>) -> Self {
        let mut reported = Self::default();
        // Per-recipient blocks follow after an empty line; what is asked for stands in the first of a
        // DSN and in the only one of an MDN.
        if let Some(head) = block(facts) {
            reported.envelope_id = head.field("Original-Envelope-Id").map(|field| field.unfolded());
            reported.envelope_id =
                reported.envelope_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
            let ids = head.field("Original-Message-ID").map(|field| field.unfolded());
            reported.message_ids.extend(ids.as_deref().and_then(bare));
        }
        let of_headers = block(headers).and_then(|head| head.message_id());
        for id in [of_headers, returned.and_then(bare)].into_iter().flatten() {
            if !reported.message_ids.contains(&id) {
                reported.message_ids.push(id);
            }
        }
        reported
    }

    /// Whether it names a letter at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.envelope_id.is_none() && self.message_ids.is_empty()
    }
}

/// The first block of header fields in these octets.
fn block(octets: &[u8]) -> Option<Head> {
    let start = octets.iter().position(|octet| !b"\r\n".contains(octet))?;
    let octets = &octets[start..octets.len().min(start + limits::REPORT_PIECE)];
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 2);
    let mut block = octets[..end].to_vec();
    if !block.ends_with(b"\r\n") {
        // Cut in the middle of a line: that line is not to be believed.
        let whole = block.windows(2).rposition(|two| two == b"\r\n").map(|at| at + 2);
        match whole {
            Some(whole) if octets.len() == limits::REPORT_PIECE => block.truncate(whole),
            Some(_) | None => block.extend_from_slice(b"\r\n"),
        }
    }
    block.extend_from_slice(b"\r\n");
    Head::parse(block).ok()
}

/// `<id>` without its brackets.
fn bare(text: &str) -> Option<String> {
    let text = text.trim();
    let id = text.strip_prefix('<').and_then(|id| id.split('>').next()).unwrap_or(text).trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{octets, read};
    use super::*;

    fn reported(letter: &str) -> Option<Reported> {
        let letter = letter.replace('\n', "\r\n");
        let (_, structure) = read(letter.as_bytes());
        let body = letter.split_once("\r\n\r\n").unwrap().1.as_bytes();
        let found = pieces(&structure)?;
        let of = |part: Option<&Part>| part.map(|part| octets(body, part).to_vec()).unwrap_or_default();
        Some(Reported::read(&of(found.facts), &of(found.headers), found.returned))
    }

    const POSTFIX: &str = "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.example
Original-Envelope-Id: QQ314159
X-Postfix-Queue-ID: 4FqX

Final-Recipient: rfc822; a@far.example
Original-Message-ID: <not-here@x>
Action: failed
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

From: dr@near.example
Message-ID: <one@near.example>
Subject: x
--b--
";

    #[test]
    fn a_delivery_status_names_its_letter_twice() {
        let found = reported(POSTFIX).unwrap();
        assert_eq!(found.envelope_id.as_deref(), Some("QQ314159"));
        assert_eq!(found.message_ids, ["one@near.example"]);
    }

    #[test]
    fn a_read_receipt_names_its_letter_in_its_facts() {
        let found = reported(
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\n\
             Lu.\n--b\nContent-Type: message/disposition-notification\n\nReporting-UA: x\n\
             Original-Message-ID: <two@near.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n\
             --b\nContent-Type: message/rfc822\n\nMessage-ID: <two@near.example>\nFrom: a@b.example\n\nHello\n--b--\n",
        )
        .unwrap();
        assert_eq!(found, Reported { envelope_id: None, message_ids: vec!["two@near.example".to_owned()] });
    }

    #[test]
    fn what_is_no_report_or_names_nothing_is_told_apart() {
        assert_eq!(reported("Content-Type: text/plain\n\nMessage-ID: <a@b>\n"), None);
        let empty = reported("Content-Type: multipart/report; boundary=b\n\n--b\n\nHello\n--b--\n").unwrap();
        assert!(empty.is_empty());
    }

    #[test]
    fn a_returned_header_cut_at_the_limit_is_read_up_to_its_last_whole_line() {
        let mut long = b"Message-ID: <a@b.example>\r\n".to_vec();
        while long.len() < limits::REPORT_PIECE {
            long.extend_from_slice(&[b"X-Long: ", "y".repeat(900).as_bytes(), b"\r\n"].concat());
        }
        let found = Reported::read(b"", &long[..limits::REPORT_PIECE], None);
        assert_eq!(found.message_ids, ["a@b.example"]);
        assert!(Reported::read(b"\r\n\r\n", b"Mess", Some(" ")).is_empty());
    }
}
