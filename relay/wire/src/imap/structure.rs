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
        Content::Message { envelope: inner, root } if part.subtype == "rfc822" => {
            fields(out, part, "message", "rfc822", strings);
            out.push(b' ');
            envelope(out, inner, strings);
            out.push(b' ');
            body(out, root, form, strings);
            out.push(b' ');
            number(out, part.lines);
            one_part_end(out, part, form, strings);
        }
        Content::Multipart(_) | Content::Leaf | Content::Message { .. } => {
            match (part.kind.as_str(), part.subtype.as_str()) {
                // MESSAGE RFC822 promises an envelope (RFC 3501 §9 `body-type-msg`); one that was not
                // looked into has none.
                ("message", "rfc822") => fields(out, part, "application", "octet-stream", strings),
                (kind, subtype) => fields(out, part, kind, subtype, strings),
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
