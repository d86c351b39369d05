//! ENVELOPE, BODY and BODYSTRUCTURE (RFC 3501 §7.4.2, §9) from the summary made at delivery.

use super::enabled::Strings;
use super::reply::{header_text, nstring, number, string, utf8_string};
use crate::mime::{Content, Envelope, EnvelopeAddress, Part};

/// Whether extension data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// BODY
    Short,
    /// BODYSTRUCTURE
    Extended,
}

/// `envelope`
pub(super) fn envelope(out: &mut Vec<u8>, envelope: &Envelope, strings: Strings) {
    out.push(b'(');
    nstring(out, envelope.date.as_deref());
    out.push(b' ');
    header_text(out, envelope.subject.as_deref(), strings);
    let Envelope { from, sender, reply_to, to, cc, bcc, .. } = envelope;
    for list in [from, sender, reply_to, to, cc, bcc] {
        out.push(b' ');
        addresses(out, list, strings);
    }
    out.push(b' ');
    nstring(out, envelope.in_reply_to.as_deref());
    out.push(b' ');
    nstring(out, envelope.message_id.as_deref());
    out.push(b')');
}

/// `"(" 1*address ")" / nil`
fn addresses(out: &mut Vec<u8>, list: &[EnvelopeAddress], strings: Strings) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for address in list {
        out.push(b'(');
        header_text(out, address.name.as_deref(), strings);
        for text in [&address.route, &address.mailbox, &address.host] {
            out.push(b' ');
            nstring(out, text.as_deref());
        }
        out.push(b')');
    }
    out.push(b')');
}

/// `body`
pub(super) fn body(out: &mut Vec<u8>, part: &Part, form: Form, strings: Strings) {
    out.push(b'(');
    match &part.content {
        Content::Multipart(parts) if !parts.is_empty() => {
            parts.iter().for_each(|part| body(out, part, form, strings));
            multipart_end(out, part, form, strings);
        }
        // The grammar knows no multipart without parts: it has one, which is all that is there.
        Content::Multipart(_) | Content::Leaf if part.kind == "multipart" => {
            out.extend_from_slice(b"(\"text\" \"plain\" NIL NIL NIL \"7bit\" ");
            number(out, part.size());
            out.push(b' ');
            number(out, part.lines);
            if form == Form::Extended {
                out.extend_from_slice(b" NIL NIL NIL NIL");
            }
            out.push(b')');
            multipart_end(out, part, form, strings);
        }
        Content::Message { envelope: inner, root } if promises_an_envelope(part, strings) => {
            fields(out, part, "message", &part.subtype, strings);
            out.push(b' ');
            envelope(out, inner, strings);
            out.push(b' ');
            body(out, root, form, strings);
            out.push(b' ');
            number(out, part.lines);
            one_part_end(out, part, form, strings);
        }
        Content::Multipart(_) | Content::Leaf | Content::Message { .. } => {
            match promises_an_envelope(part, strings) {
                // One that was not looked into has none.
                true => fields(out, part, "application", "octet-stream", strings),
                false => fields(out, part, &part.kind, &part.subtype, strings),
            }
            if part.kind == "text" {
                out.push(b' ');
                number(out, part.lines);
            }
            one_part_end(out, part, form, strings);
        }
    }
    out.push(b')');
}

/// Whether its type is followed by the letter it holds (RFC 3501 §9 `body-type-msg`). MESSAGE GLOBAL came with
/// RFC 9051 (§9 `media-message`): to who does not read UTF-8 it is a file.
fn promises_an_envelope(part: &Part, strings: Strings) -> bool {
    part.kind == "message"
        && match part.subtype.as_str() {
            "rfc822" => true,
            "global" => strings == Strings::Utf8,
            _ => false,
        }
}

/// `media-type SP body-fields`
fn fields(out: &mut Vec<u8>, part: &Part, kind: &str, subtype: &str, strings: Strings) {
    string(out, kind);
    out.push(b' ');
    string(out, subtype);
    out.push(b' ');
    parameters(out, &part.parameters, strings);
    out.push(b' ');
    nstring(out, part.id.as_deref());
    out.push(b' ');
    header_text(out, part.description.as_deref(), strings);
    out.push(b' ');
    string(out, part.encoding.as_str());
    out.push(b' ');
    number(out, part.size());
}

/// `body-fld-param`
fn parameters(out: &mut Vec<u8>, list: &[(String, String)], strings: Strings) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for (index, (name, value)) in list.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        // Raw UTF-8 in a file name, as broken programs write it, is shown the way RFC 2231 §4 writes it.
        if value.is_ascii() || name.contains('*') {
            string(out, name);
            out.push(b' ');
            string(out, value);
        } else if strings == Strings::Utf8 {
            string(out, name);
            out.push(b' ');
            utf8_string(out, value);
        } else {
            string(out, &format!("{name}*"));
            out.push(b' ');
            string(out, &percent_encoded(value));
        }
    }
    out.push(b')');
}

fn percent_encoded(value: &str) -> String {
    let mut text = String::from("UTF-8''");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// `SP media-subtype [SP body-ext-mpart]`
fn multipart_end(out: &mut Vec<u8>, part: &Part, form: Form, strings: Strings) {
    out.push(b' ');
    string(out, &part.subtype);
    if form == Form::Extended {
        out.push(b' ');
        parameters(out, &part.parameters, strings);
        extension(out, part, strings);
    }
}

/// `[SP body-ext-1part]`
fn one_part_end(out: &mut Vec<u8>, part: &Part, form: Form, strings: Strings) {
    if form == Form::Extended {
        out.push(b' ');
        nstring(out, part.md5.as_deref());
        extension(out, part, strings);
    }
}

/// `SP body-fld-dsp SP body-fld-lang SP body-fld-loc`
fn extension(out: &mut Vec<u8>, part: &Part, strings: Strings) {
    out.push(b' ');
    match &part.disposition {
        Some(disposition) => {
            out.push(b'(');
            string(out, &disposition.kind);
            out.push(b' ');
            parameters(out, &disposition.parameters, strings);
            out.push(b')');
        }
        None => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    match part.language.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        [one] => string(out, one),
        several => {
            out.push(b'(');
            for (index, tag) in several.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                string(out, tag);
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(out, part.location.as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{Head, Scanner};

    fn shown(letter: &str, strings: Strings) -> String {
        let (head, rest) = letter.split_at(letter.find("\r\n\r\n").unwrap() + 4);
        let head = Head::parse(head.as_bytes().to_vec()).unwrap();
        let mut scanner = Scanner::new(&head);
        scanner.push(rest.as_bytes());
        let mut out = Vec::new();
        body(&mut out, &scanner.finish().root, Form::Short, strings);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_letter_in_utf8_is_a_letter_for_who_reads_utf8_and_a_file_for_others() {
        let inner = "From: x@labo.example\r\nSubject: d\u{e9}part\r\n\r\nBonjour\r\n";
        let letter =
            format!("Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{inner}");
        let from = "((NIL NIL \"x\" \"labo.example\"))";
        assert_eq!(
            shown(&letter, Strings::Utf8),
            format!(
                "(\"message\" \"global\" NIL NIL NIL \"8BIT\" {} (NIL \"d\u{e9}part\" {from} {from} {from} \
                 NIL NIL NIL NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7BIT\" 9 1) 4)",
                inner.len()
            )
        );
        let file = format!("(\"message\" \"global\" NIL NIL NIL \"8BIT\" {})", inner.len());
        assert_eq!(shown(&letter, Strings::Ascii), file);
    }

    #[test]
    fn an_encoding_that_nobody_knows_is_not_called_binary() {
        let letter = "Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin\r\n";
        assert_eq!(shown(letter, Strings::Ascii), "(\"image\" \"png\" NIL NIL NIL \"X-UNKNOWN\" 7)");
    }
}
