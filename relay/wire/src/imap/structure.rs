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
pub(super) fn envelope<S: AsRef<str>>(out: &mut Vec<u8>, envelope: &Envelope<S>, strings: Strings) {
    out.push(b'(');
    nstring(out, shown(&envelope.date));
    out.push(b' ');
    header_text(out, shown(&envelope.subject), strings);
    let Envelope { from, sender, reply_to, to, cc, bcc, .. } = envelope;
    for list in [from, sender, reply_to, to, cc, bcc] {
        out.push(b' ');
        addresses(out, list, strings);
    }
    out.push(b' ');
    nstring(out, shown(&envelope.in_reply_to));
    out.push(b' ');
    nstring(out, shown(&envelope.message_id));
    out.push(b')');
}

/// `"(" 1*address ")" / nil`
fn addresses<S: AsRef<str>>(out: &mut Vec<u8>, list: &[EnvelopeAddress<S>], strings: Strings) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for address in list {
        out.push(b'(');
        header_text(out, shown(&address.name), strings);
        for text in [&address.route, &address.mailbox, &address.host] {
            out.push(b' ');
            nstring(out, shown(text));
        }
        out.push(b')');
    }
    out.push(b')');
}

/// `body`
pub(super) fn body<S: AsRef<str>>(out: &mut Vec<u8>, part: &Part<S>, form: Form, strings: Strings) {
    out.push(b'(');
    match &part.content {
        Content::Multipart(parts) if !parts.is_empty() => {
            parts.iter().for_each(|part| body(out, part, form, strings));
            multipart_end(out, part, form, strings);
        }
        // The grammar knows no multipart without parts: it has one, which is all that is there.
        Content::Multipart(_) | Content::Leaf if part.kind.as_ref() == "multipart" => {
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
            fields(out, part, "message", part.subtype.as_ref(), strings);
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
                false => fields(out, part, part.kind.as_ref(), part.subtype.as_ref(), strings),
            }
            if part.kind.as_ref() == "text" {
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
fn promises_an_envelope<S: AsRef<str>>(part: &Part<S>, strings: Strings) -> bool {
    part.kind.as_ref() == "message"
        && match part.subtype.as_ref() {
            "rfc822" => true,
            "global" => strings == Strings::Utf8,
            _ => false,
        }
}

/// `media-type SP body-fields`
fn fields<S: AsRef<str>>(out: &mut Vec<u8>, part: &Part<S>, kind: &str, subtype: &str, strings: Strings) {
    string(out, kind);
    out.push(b' ');
    string(out, subtype);
    out.push(b' ');
    parameters(out, &part.parameters, strings);
    out.push(b' ');
    nstring(out, shown(&part.id));
    out.push(b' ');
    header_text(out, shown(&part.description), strings);
    out.push(b' ');
    string(out, part.encoding.as_str());
    out.push(b' ');
    number(out, part.size());
}

/// `body-fld-param`
fn parameters<S: AsRef<str>>(out: &mut Vec<u8>, list: &[(S, S)], strings: Strings) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for (index, (name, value)) in list.iter().enumerate() {
        let (name, value) = (name.as_ref(), value.as_ref());
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
fn multipart_end<S: AsRef<str>>(out: &mut Vec<u8>, part: &Part<S>, form: Form, strings: Strings) {
    out.push(b' ');
    string(out, part.subtype.as_ref());
    if form == Form::Extended {
        out.push(b' ');
        parameters(out, &part.parameters, strings);
        extension(out, part, strings);
    }
}

/// `[SP body-ext-1part]`
fn one_part_end<S: AsRef<str>>(out: &mut Vec<u8>, part: &Part<S>, form: Form, strings: Strings) {
    if form == Form::Extended {
        out.push(b' ');
        nstring(out, shown(&part.md5));
        extension(out, part, strings);
    }
}

/// `SP body-fld-dsp SP body-fld-lang SP body-fld-loc`
fn extension<S: AsRef<str>>(out: &mut Vec<u8>, part: &Part<S>, strings: Strings) {
    out.push(b' ');
    match &part.disposition {
        Some(disposition) => {
            out.push(b'(');
            string(out, disposition.kind.as_ref());
            out.push(b' ');
            parameters(out, &disposition.parameters, strings);
            out.push(b')');
        }
        None => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    match part.language.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        [one] => string(out, one.as_ref()),
        several => {
            out.push(b'(');
            for (index, tag) in several.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                string(out, tag.as_ref());
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    nstring(out, shown(&part.location));
}

fn shown<S: AsRef<str>>(text: &Option<S>) -> Option<&str> {
    text.as_ref().map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::{Head, Scanner};

    fn structure(letter: &str, strings: Strings) -> String {
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
            structure(&letter, Strings::Utf8),
            format!(
                "(\"message\" \"global\" NIL NIL NIL \"8BIT\" {} (NIL \"d\u{e9}part\" {from} {from} {from} \
                 NIL NIL NIL NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7BIT\" 9 1) 4)",
                inner.len()
            )
        );
        let file = format!("(\"message\" \"global\" NIL NIL NIL \"8BIT\" {})", inner.len());
        assert_eq!(structure(&letter, Strings::Ascii), file);
    }

    #[test]
    fn an_encoding_that_nobody_knows_is_not_called_binary() {
        let letter = "Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin\r\n";
        assert_eq!(structure(letter, Strings::Ascii), "(\"image\" \"png\" NIL NIL NIL \"X-UNKNOWN\" 7)");
    }

    #[test]
    fn what_is_empty_is_said_to_be_there_and_what_is_absent_is_not() {
        let head = Head::parse(b"Date:\r\nSubject: \r\nMessage-ID:\r\n\r\n".to_vec()).unwrap();
        let mut out = Vec::new();
        envelope(&mut out, &Envelope::of(&head), Strings::Ascii);
        assert_eq!(String::from_utf8(out).unwrap(), "(\"\" \"\" NIL NIL NIL NIL NIL NIL NIL \"\")");
    }
}
