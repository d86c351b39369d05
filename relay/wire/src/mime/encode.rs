//! Writing header fields and bodies that re-parse to what was meant, whatever the text (RELIABILITY
//! S-12): only CRLF, no line over 76 characters where a fold is possible.

use super::words;

/// Characters of a header line before it is folded (RFC 5322 §2.1.1).
const LINE: usize = 76;

/// A field whose value is written as it is (ASCII or UTF-8), folded at its spaces. Controls become
/// spaces, so a value can never be more than one field.
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    debug_assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
    let flat: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut folder = Folder::new(name);
    for word in flat.split(' ').filter(|word| !word.is_empty()) {
        folder.word(word);
    }
    folder.end()
}

/// A field of free text (`Subject`): encoded words where it is not plain ASCII.
pub(super) fn text_field(name: &str, text: &str) -> Vec<u8> {
    let mut folder = Folder::new(name);
    for word in encoded_or_plain(text, false) {
        folder.word(&word);
    }
    folder.end()
}

/// Lays words on lines of at most 76 characters.
pub(super) struct Folder {
    out: String,
    column: usize,
    first: bool,
}

impl Folder {
    /// Begins a field.
    pub(super) fn new(name: &str) -> Self {
        Self { out: format!("{name}:"), column: name.len() + 1, first: true }
    }

    /// Adds a word after a space, on a new line when it would not fit.
    pub(super) fn word(&mut self, word: &str) {
        let width = word.chars().count() + 1;
        // The first word stays on the line of the name: a line of white space alone is forbidden.
        if !self.first && self.column + width > LINE {
            self.out.push_str("\r\n");
            self.column = 0;
        }
        self.out.push(' ');
        self.out.push_str(word);
        self.column += width;
        self.first = false;
    }

    /// Ends the field.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.out.push_str("\r\n");
        self.out.into_bytes()
    }
}

/// The words of a text: itself when it is printable ASCII that no reader can misunderstand and has
/// no run of spaces, else encoded words. In a `phrase` (display name) the plain form is a quoted string.
pub(super) fn encoded_or_plain(text: &str, phrase: bool) -> Vec<String> {
    let text = one_line(text);
    let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'))
        && !text.contains("=?")
        && !text.contains("  ")
        && text.split(' ').all(|word| word.len() <= LINE);
    if !plain {
        return encoded_words(&text);
    }
    if !phrase {
        return text.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect();
    }
    // A quoted string is not folded: Thunderbird and Outlook accept lines up to 998.
    if text.len() > LINE { encoded_words(&text) } else { vec![quoted(&text)] }
}

/// A quoted string (RFC 5322 §3.2.4).
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// What a text is once written and read again: one line, trimmed, nothing invisible.
pub(super) fn one_line(text: &str) -> String {
    words::clean(text)
}

/// Encoded words of at most 75 characters, whole characters in each (RFC 2047 §2, §5).
fn encoded_words(text: &str) -> Vec<String> {
    /// Octets that become 52 characters of base64: with the frame and a field's name below 76.
    const OCTETS: usize = 39;
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(OCTETS);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        out.push(format!("=?utf-8?B?{}?=", base64_line(&rest.as_bytes()[..end])));
        rest = &rest[end..];
    }
    out
}

/// `name=value` of a Content-Type or Content-Disposition: a token, a quoted string, or RFC 2231
/// pieces (`name*0*=utf-8''…`).
pub(super) fn parameter(name: &str, value: &str) -> Vec<String> {
    /// Characters of one RFC 2231 piece.
    const PIECE: usize = 50;
    let value = one_line(value);
    let ascii = value.bytes().all(|b| matches!(b, b' '..=b'~')) && !value.contains("=?");
    if ascii && value.len() <= PIECE {
        return vec![format!("{name}={}", quoted(&value))];
    }
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for octet in value.bytes() {
        let escaped = if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
            char::from(octet).to_string()
        } else {
            format!("%{octet:02X}")
        };
        if piece.len() + escaped.len() > PIECE {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push_str(&escaped);
    }
    pieces.push(piece);
    match pieces.as_slice() {
        [one] => vec![format!("{name}*=utf-8''{one}")],
        all => all
            .iter()
            .enumerate()
            .map(|(i, piece)| {
                let charset = if i == 0 { "utf-8''" } else { "" };
                format!("{name}*{i}*={charset}{piece}")
            })
            .collect(),
    }
}

/// base64 without line breaks.
pub(super) fn base64_line(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

/// base64 in lines of 76 (RFC 2045 §6.8), each with its CRLF.
pub(super) fn base64_lines(bytes: &[u8], out: &mut Vec<u8>) {
    /// Octets that fill a line of 76 characters.
    const OCTETS: usize = 57;
    out.reserve(bytes.len() / OCTETS * 78 + 80);
    for line in bytes.chunks(OCTETS) {
        out.extend_from_slice(base64_line(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Text as quoted-printable (RFC 2045 §6.7): any line break becomes CRLF, lines of at most 76; ends
/// with a CRLF.
pub(super) fn quoted_printable(text: &str, out: &mut Vec<u8>) {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = unified.strip_suffix('\n').unwrap_or(&unified);
    for line in body.split('\n') {
        let bytes = line.as_bytes();
        let mut column = 0;
        for (i, octet) in bytes.iter().enumerate() {
            let last = i + 1 == bytes.len();
            let line_start = column == 0 || column + 1 > LINE - usize::from(!last);
            let plain = match octet {
                b'=' => false,
                b' ' | b'\t' => !last,
                // "From " and a lone dot are hurt by old transports (RFC 2049 §3).
                b'F' | b'.' => !line_start,
                octet => octet.is_ascii_graphic(),
            };
            let width = if plain { 1 } else { 3 };
            if column + width > LINE - usize::from(!last) {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(*octet);
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
            }
            column += width;
        }
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn fields_are_folded_and_never_two() {
        assert_eq!(text(field("A", "b")), "A: b\r\n");
        assert_eq!(text(field("A", "")), "A:\r\n");
        assert_eq!(text(field("A", "b\r\nC: d")), "A: b C: d\r\n");
        let long = text(field("Received", &"word ".repeat(40)));
        assert!(long.lines().all(|line| line.len() <= 76 && !line.trim().is_empty()));
        assert_eq!(long.matches("word").count(), 40);
    }

    #[test]
    fn free_text_is_plain_when_it_can_be() {
        for (given, want) in [
            ("Bonjour docteur", "S: Bonjour docteur\r\n"),
            ("Été", "S: =?utf-8?B?w4l0w6k=?=\r\n"),
            ("=?utf-8?Q?x?=", "S: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"),
            ("a\r\nb", "S: a b\r\n"),
            ("", "S:\r\n"),
        ] {
            assert_eq!(text(text_field("S", given)), want, "{given}");
        }
    }

    #[test]
    fn parameters_are_quoted_or_cut_into_rfc_2231_pieces() {
        assert_eq!(parameter("filename", "a \"b\".pdf"), [r#"filename="a \"b\".pdf""#]);
        assert_eq!(parameter("filename", "é.pdf"), ["filename*=utf-8''%C3%A9.pdf"]);
        let pieces = parameter("filename", &"é".repeat(30));
        assert!(
            pieces.len() > 1
                && pieces[0].starts_with("filename*0*=utf-8''")
                && pieces[1].starts_with("filename*1*=%")
        );
    }

    #[test]
    fn no_line_begins_with_what_old_transports_hurt() {
        let mut out = Vec::new();
        quoted_printable(&format!(".\nFrom x\n{}From y\n", "a".repeat(75)), &mut out);
        let out = text(out);
        assert!(out.split("\r\n").all(|line| !line.starts_with("From ") && !line.starts_with('.')), "{out}");
    }
}
