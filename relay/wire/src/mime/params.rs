//! Content-Type, Content-Disposition and their parameters (RFC 2045 §5.1, RFC 2183, RFC 2231).

use super::{charset, charset::Charset, decode, limits, structure::Ambiguity, words};

/// A content field, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentField {
    /// What stands before the first semicolon, in lower case, comments and spaces removed.
    pub value: String,
    /// Parameters as written, names in lower case.
    pub parameters: Vec<(String, String)>,
    /// Why another reader could see something else.
    pub ambiguity: Option<Ambiguity>,
}

/// Reads `value *( ";" attribute "=" ( token / quoted-string ) )`.
///
/// Forgives what gateways write (spaces around `=`, unquoted spaces in file names, empty parameters)
/// and says so only where readers truly differ: comments, a parameter twice, an open quote.
pub(super) fn parse(text: &str) -> ContentField {
    let mut field = ContentField::default();
    let mut pieces = pieces(text, &mut field.ambiguity).into_iter();
    field.value =
        pieces.next().unwrap_or_default().text.split_whitespace().collect::<String>().to_ascii_lowercase();
    for piece in pieces.take(limits::PARAMETERS) {
        let Some((name, value)) = piece.text.split_once('=') else {
            if !piece.text.trim().is_empty() {
                field.ambiguity.get_or_insert(Ambiguity::MalformedContentType);
            }
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        let value = piece.quoted.unwrap_or_else(|| value.trim().to_owned());
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            field.ambiguity.get_or_insert(Ambiguity::MalformedContentType);
            continue;
        }
        if field.parameters.iter().any(|(n, _)| *n == name) {
            field.ambiguity.get_or_insert(Ambiguity::RepeatedParameter);
            continue; // The first one counts.
        }
        field.parameters.push((name, value));
    }
    let boundaries = |(name, _): &&(String, String)| name == "boundary" || name.starts_with("boundary*");
    if field.parameters.iter().filter(boundaries).count() > 1
        && field.parameters.iter().any(|(name, _)| name == "boundary")
    {
        field.ambiguity.get_or_insert(Ambiguity::RepeatedParameter);
    }
    field
}

#[derive(Default)]
struct Piece {
    /// The piece without comments; of a quoted string only the quotes are gone.
    text: String,
    /// The content of its quoted string, when there is one after the `=`.
    quoted: Option<String>,
}

/// Cuts at the semicolons outside quotes and comments.
fn pieces(text: &str, ambiguity: &mut Option<Ambiguity>) -> Vec<Piece> {
    let mut pieces = vec![Piece::default()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let last = pieces.len() - 1;
        let piece = &mut pieces[last];
        match c {
            ';' => pieces.push(Piece::default()),
            '"' if piece.text.trim_end().ends_with('=') && piece.quoted.is_none() => {
                let mut inner = String::new();
                let mut closed = false;
                while let Some(c) = chars.next() {
                    match c {
                        '"' => {
                            closed = true;
                            break;
                        }
                        '\\' => inner.extend(chars.next()),
                        c => inner.push(c),
                    }
                }
                if !closed {
                    ambiguity.get_or_insert(Ambiguity::MalformedContentType);
                }
                piece.quoted = Some(inner);
            }
            '(' => {
                let mut depth = 1_usize;
                while let Some(c) = chars.next() {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        '\\' => drop(chars.next()),
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                // Unquoted file names with parentheses are common and harmless; a comment in a type
                // or beside a boundary is read differently by different programs.
                let start: String = piece.text.trim_start().chars().take(8).collect();
                let start = start.to_ascii_lowercase();
                if !(start.starts_with("name") || start.starts_with("filename")) {
                    ambiguity.get_or_insert(Ambiguity::Comment);
                }
            }
            c if piece.quoted.is_some() => {
                if !c.is_whitespace() {
                    ambiguity.get_or_insert(Ambiguity::MalformedContentType);
                }
            }
            c => piece.text.push(c),
        }
    }
    pieces
}

impl ContentField {
    /// A parameter decoded: RFC 2231 continuations and charsets first, then plain, where encoded
    /// words are decoded too (forbidden by RFC 2047 §5, written by Outlook).
    pub(super) fn decoded(&self, name: &str) -> Option<String> {
        extended(&self.parameters, name)
            .or_else(|| self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| words::decode(v)))
    }

    /// The boundary: plain, else put together from RFC 2231 pieces.
    pub(super) fn boundary(&self) -> Option<String> {
        let plain = self.parameters.iter().find(|(n, _)| n == "boundary").map(|(_, v)| v.clone());
        plain.or_else(|| extended(&self.parameters, "boundary"))
    }
}

/// RFC 2231: `name*=charset'language'text`, `name*0=…`, `name*1*=…`.
fn extended(parameters: &[(String, String)], name: &str) -> Option<String> {
    let find = |key: &str| parameters.iter().find(|(n, _)| n == key).map(|(_, v)| v.as_str());
    if let Some(value) = find(&format!("{name}*")) {
        let (charset, text) = charset_of(value);
        return Some(to_text(&decode::percent(text.as_bytes()), charset));
    }
    let mut octets = Vec::new();
    let mut charset = None;
    let mut found = false;
    for i in 0..limits::PARAMETERS {
        if let Some(value) = find(&format!("{name}*{i}*")) {
            let mut text = value;
            if i == 0 {
                (charset, text) = charset_of(value);
            }
            octets.extend(decode::percent(text.as_bytes()));
        } else if let Some(value) = find(&format!("{name}*{i}")) {
            octets.extend_from_slice(value.as_bytes());
        } else {
            break;
        }
        found = true;
    }
    found.then(|| to_text(&octets, charset))
}

fn charset_of(value: &str) -> (Option<Charset>, &str) {
    let mut parts = value.splitn(3, '\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(text)) => (Charset::of_label(charset), text),
        _ => (None, value),
    }
}

fn to_text(octets: &[u8], charset: Option<Charset>) -> String {
    match charset {
        Some(charset) => charset.decode(octets).0,
        None => charset::guess(octets).0,
    }
}

/// A file name made safe to show: one line, no path, no invisible marks, at most 120 characters with
/// its ending kept.
pub(super) fn safe_filename(name: &str) -> Option<String> {
    let name = words::clean(name);
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim().trim_start_matches('.');
    let name: String = name
        .chars()
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    if name.chars().count() <= limits::FILENAME_CHARS {
        return Some(name).filter(|n| !n.is_empty());
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 8 => (stem, format!(".{ending}")),
        _ => (name.as_str(), String::new()),
    };
    let short = words::cut(stem, limits::FILENAME_CHARS - ending.chars().count());
    Some(format!("{short}{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_mailers_write_them() {
        for (text, value, name, want) in [
            ("text/plain; charset=utf-8", "text/plain", "charset", Some("utf-8")),
            ("TEXT/Plain;CHARSET=\"UTF-8\"", "text/plain", "charset", Some("UTF-8")),
            ("application/pdf; name=a b.pdf", "application/pdf", "name", Some("a b.pdf")),
            ("application/pdf; name=\"a;b.pdf\"; x=y", "application/pdf", "name", Some("a;b.pdf")),
            ("application/pdf; name=\"a\\\"b.pdf\"", "application/pdf", "name", Some("a\"b.pdf")),
            ("application/pdf;", "application/pdf", "name", None),
            ("attachment; filename = \"x.pdf\"", "attachment", "filename", Some("x.pdf")),
            (
                "attachment; filename*=utf-8''r%C3%A9sultat.pdf",
                "attachment",
                "filename",
                Some("résultat.pdf"),
            ),
            (
                "attachment; filename*=iso-8859-1'fr'r%E9sultat.pdf",
                "attachment",
                "filename",
                Some("résultat.pdf"),
            ),
            ("attachment; filename*=windows-1252''%80.pdf", "attachment", "filename", Some("€.pdf")),
            (
                "attachment; filename*0=\"un tres \"; filename*1=\"long.pdf\"",
                "attachment",
                "filename",
                Some("un tres long.pdf"),
            ),
            (
                "attachment; filename*1*=%A9t.pdf; filename*0*=utf-8''%C3",
                "attachment",
                "filename",
                Some("ét.pdf"),
            ),
            (
                "attachment; filename*0*=utf-8''a%20; filename*1=\"b%20.pdf\"",
                "attachment",
                "filename",
                Some("a b%20.pdf"),
            ),
            (
                "attachment; filename=old.pdf; filename*=utf-8''n%C3%A9w.pdf",
                "attachment",
                "filename",
                Some("néw.pdf"),
            ),
            (
                "attachment; filename=\"=?utf-8?Q?r=C3=A9sultat.pdf?=\"",
                "attachment",
                "filename",
                Some("résultat.pdf"),
            ),
            ("attachment; filename*=nope''a.pdf", "attachment", "filename", Some("a.pdf")),
            ("attachment; filename*=a.pdf", "attachment", "filename", Some("a.pdf")),
        ] {
            let field = parse(text);
            assert_eq!(field.value, value, "{text}");
            assert_eq!(field.decoded(name).as_deref(), want, "{text}");
            assert_eq!(field.ambiguity, None, "{text}");
        }
    }

    #[test]
    fn what_readers_see_differently_is_told() {
        for (text, want) in [
            ("multipart/mixed; boundary=a; boundary=b", Ambiguity::RepeatedParameter),
            ("multipart/mixed; boundary=a; boundary*0=b", Ambiguity::RepeatedParameter),
            ("multipart/mixed; boundary=a; boundary*=utf-8''b", Ambiguity::RepeatedParameter),
            ("multipart/mixed; boundary=\"a", Ambiguity::MalformedContentType),
            ("multipart/mixed; boundary=\"a\"b", Ambiguity::MalformedContentType),
            ("multipart/mixed; boundary (x) =a", Ambiguity::Comment),
            ("multipart/mixed (x); boundary=a", Ambiguity::Comment),
            ("text/plain; charset", Ambiguity::MalformedContentType),
            ("text/plain; =x", Ambiguity::MalformedContentType),
        ] {
            assert_eq!(parse(text).ambiguity, Some(want), "{text}");
        }
    }

    #[test]
    fn the_boundary_of_rfc_2231_pieces_is_put_together() {
        assert_eq!(
            parse("multipart/mixed; boundary*0=\"ab\"; boundary*1=\"cd\"").boundary().as_deref(),
            Some("abcd")
        );
        assert_eq!(parse("multipart/mixed; boundary=\"=_a b\"").boundary().as_deref(), Some("=_a b"));
    }

    #[test]
    fn file_names_are_safe_to_show() {
        for (name, want) in [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\x\\lettre.pdf", Some("lettre.pdf")),
            (".htaccess", Some("htaccess")),
            ("a\r\nb.pdf", Some("a b.pdf")),
            ("ordo\u{202e}fdp.exe", Some("ordofdp.exe")),
            ("<img src=x>.pdf", Some("_img src=x_.pdf")),
            ("..", None),
            ("", None),
            ("dossier/", None),
        ] {
            assert_eq!(safe_filename(name).as_deref(), want, "{name:?}");
        }
        let long = safe_filename(&format!("{}.pdf", "é".repeat(5_000))).unwrap();
        assert_eq!(long.chars().count(), limits::FILENAME_CHARS);
        assert!(long.ends_with("….pdf"));
    }
}
