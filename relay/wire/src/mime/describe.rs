//! What a part's header block says of it (RFC 2045, RFC 2046, RFC 2183).

use super::{
    decode::Encoding,
    head::Head,
    limits,
    params::{self, ContentField},
    part::{Content, Disposition, Part},
    structure::Ambiguity,
};

/// A nested letter that we look into.
pub(super) fn is_nested(part: &Part) -> bool {
    part.kind == "message" && matches!(part.subtype.as_str(), "rfc822" | "global")
}

/// Octets of a part's strings.
pub(super) fn octets(part: &Part) -> usize {
    let pairs = |pairs: &[(String, String)]| -> usize {
        pairs.iter().map(|(a, b)| a.len() + b.len() + size_of::<(String, String)>()).sum()
    };
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    part.kind.len()
        + part.subtype.len()
        + pairs(&part.parameters)
        + part.disposition.as_ref().map_or(0, |d| d.kind.len() + pairs(&d.parameters))
        + [&part.id, &part.description, &part.md5, &part.location, &part.filename]
            .into_iter()
            .map(text)
            .sum::<usize>()
        + part.language.iter().map(String::len).sum::<usize>()
}

/// A part that we do not look into.
pub(super) fn opaque() -> Part {
    Part {
        kind: "application".into(),
        subtype: "octet-stream".into(),
        parameters: Vec::new(),
        id: None,
        description: None,
        encoding: Encoding::SevenBit,
        md5: None,
        disposition: None,
        language: Vec::new(),
        location: None,
        filename: None,
        header_start: 0,
        body_start: 0,
        body_end: 0,
        lines: 0,
        decoded_len: 0,
        content: Content::Leaf,
    }
}

/// What a header block says of its part, the boundary when it is a multipart that can be cut, and why
/// another reader might disagree.
pub(super) fn describe(head: &Head, in_digest: bool) -> (Part, Option<String>, Option<Ambiguity>) {
    /// Fields that may stand once (RFC 2045 §3, RFC 2183 §2).
    const ONCE: [&str; 4] =
        ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"];
    let mut ambiguity = None;
    if ONCE.into_iter().any(|name| head.count(name) > 1) {
        ambiguity.get_or_insert(Ambiguity::RepeatedField);
    }
    let content = |name: &str| head.field(name).map(|field| params::parse(&field.unfolded()));
    let text = |name: &str| head.field(name).map(|field| field.unfolded()).filter(|text| !text.is_empty());

    let type_field = content("Content-Type");
    let encoding_field = content("Content-Transfer-Encoding");
    let disposition_field = content("Content-Disposition");
    for field in [&type_field, &encoding_field].into_iter().flatten() {
        if let Some(found) = field.ambiguity {
            ambiguity.get_or_insert(found);
        }
    }

    let (kind, subtype, known) = media_type(type_field.as_ref(), in_digest);
    if !known {
        ambiguity.get_or_insert(Ambiguity::MalformedContentType);
    }
    let encoding = encoding_field.map_or(Encoding::SevenBit, |field| Encoding::parse(&field.value));
    if encoding == Encoding::Unknown {
        ambiguity.get_or_insert(Ambiguity::UnknownEncoding);
    }
    let type_field = type_field.filter(|_| known).unwrap_or_default();
    let filename = disposition_field
        .as_ref()
        .and_then(|field| field.decoded("filename"))
        .or_else(|| type_field.decoded("name"))
        .and_then(|name| params::safe_filename(&name));
    let boundary = type_field.boundary();
    let mut part = Part {
        kind,
        subtype,
        id: text("Content-ID"),
        description: text("Content-Description"),
        encoding,
        md5: text("Content-MD5"),
        disposition: disposition_field
            .filter(|field| !field.value.is_empty())
            .map(|field| Disposition { kind: field.value, parameters: field.parameters }),
        language: text("Content-Language")
            .map(|tags| {
                tags.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
            })
            .unwrap_or_default(),
        location: text("Content-Location").map(|text| text.split_whitespace().collect()),
        filename,
        parameters: type_field.parameters,
        ..opaque()
    };
    let multipart = part.kind == "multipart";
    if encoding.is_encoded() && (multipart || is_nested(&part)) {
        ambiguity.get_or_insert(Ambiguity::EncodedContainer);
    }
    let boundary = boundary
        .map(|boundary| boundary.trim_end_matches([' ', '\t']).to_owned())
        .filter(|boundary| multipart && (1..=limits::BOUNDARY_OCTETS).contains(&boundary.len()));
    if multipart && boundary.is_none() {
        ambiguity.get_or_insert(Ambiguity::NoBoundary);
    }
    // What cannot be entered is shown as a file: a multipart without parts or a nested letter without
    // envelope has no form in IMAP.
    if (multipart && boundary.is_none()) || (encoding.is_encoded() && is_nested(&part)) {
        (part.kind, part.subtype) = ("application".into(), "octet-stream".into());
    }
    (part, boundary, ambiguity)
}

/// Type and subtype in lower case, and whether the field could be read. Absent: text/plain, in a
/// digest message/rfc822 (RFC 2045 §5.2, RFC 2046 §5.1.5).
fn media_type(field: Option<&ContentField>, in_digest: bool) -> (String, String, bool) {
    let default = if in_digest { ("message", "rfc822") } else { ("text", "plain") };
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    match field.map(|field| field.value.as_str()) {
        None => (default.0.into(), default.1.into(), true),
        Some(value) => match value.split_once('/') {
            Some((kind, subtype)) if token(kind) && token(subtype) => (kind.into(), subtype.into(), true),
            // RFC 2045 §5.2: what cannot be read is text/plain for some readers; a file is safer.
            _ => ("application".into(), "octet-stream".into(), false),
        },
    }
}
