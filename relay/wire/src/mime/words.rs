//! Encoded words (RFC 2047), and text made safe to show.
//!
//! Not mail-parser's: it decodes UTF-7 and lets CR, LF through (CRATES §3); one charset table serves
//! headers and bodies.

use super::{charset::Charset, decode};

/// Decodes the encoded words of an unfolded value. White space between two of them goes (§6.2).
/// What does not follow the grammar, or has an unknown charset, stays as written.
///
/// ```abnf
/// encoded-word = "=?" charset ["*" language] "?" ("B" / "Q") "?" encoded-text "?="
/// ```
#[must_use]
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Octets of neighbouring words in one charset are decoded together: some mailers cut inside a
    // character (forbidden by §5, met every day).
    let mut waiting: Option<(Charset, Vec<u8>)> = None;
    while let Some(at) = rest.find("=?") {
        let before = &rest[..at];
        let Some((charset, bytes, after)) = word(&rest[at..]) else {
            flush(&mut waiting, &mut out);
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        let blank = before.bytes().all(|b| matches!(b, b' ' | b'\t'));
        match &mut waiting {
            Some((same, all)) if blank && *same == charset => all.extend_from_slice(&bytes),
            _ => {
                let joined = waiting.is_some() && blank;
                flush(&mut waiting, &mut out);
                if !joined {
                    out.push_str(before);
                }
                waiting = Some((charset, bytes));
            }
        }
        rest = after;
    }
    flush(&mut waiting, &mut out);
    out.push_str(rest);
    out
}

fn flush(waiting: &mut Option<(Charset, Vec<u8>)>, out: &mut String) {
    if let Some((charset, bytes)) = waiting.take() {
        out.push_str(&charset.decode(&bytes).0);
    }
}

/// Reads one encoded word at the start of `text`: its charset, octets, and what follows.
fn word(text: &str) -> Option<(Charset, Vec<u8>, &str)> {
    /// RFC 2047 §2 says 75 for a whole word; mailers exceed it. A bound keeps the search linear.
    const WORD_MAX: usize = 2_000;
    let inner = text.strip_prefix("=?")?;
    let bytes = inner.as_bytes();
    let window = &bytes[..bytes.len().min(WORD_MAX)];
    let first = window.iter().take(64).position(|b| *b == b'?')?;
    let method = *window.get(first + 1)?;
    if window.get(first + 2) != Some(&b'?') {
        return None;
    }
    let start = first + 3;
    let length = window[start..].iter().position(|b| *b == b'?')?;
    let end = start + length;
    if window.get(end + 1) != Some(&b'=') {
        return None;
    }
    let charset = Charset::of_label(inner.get(..first)?)?;
    let encoded = &window[start..end];
    let octets = match method.to_ascii_lowercase() {
        b'q' => decode::q(encoded),
        b'b' => decode::b(encoded),
        _ => return None,
    };
    Some((charset, octets, inner.get(end + 2..)?))
}

/// Text from outside, made safe to show on one line: controls, line and paragraph separators, bidi
/// overrides and zero-width marks go (RELIABILITY S-15); white space runs become one space.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            space = true;
        } else if !is_invisible(c) {
            if space && !out.is_empty() {
                out.push(' ');
            }
            space = false;
            out.push(c);
        }
    }
    out
}

/// Marks that change how other characters are read without being seen.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The first `count` characters, with an ellipsis when cut.
pub(super) fn cut(text: &str, count: usize) -> String {
    match text.char_indices().nth(count) {
        None => text.to_owned(),
        Some(_) => {
            let mut short: String = text.chars().take(count.saturating_sub(1)).collect();
            short.truncate(short.trim_end().len());
            short.push('…');
            short
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_words_of_rfc_2047_and_of_mailers() {
        for (text, want) in [
            ("plain", "plain"),
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
            ("=?utf-8?B?w4l0w6k=?=", "Été"),
            ("=?utf-8?B?w4l0w6k?=", "Été"),
            ("=?UTF-8?q?R=C3=A9sultats?= de =?utf-8?q?bact=C3=A9rio?=", "Résultats de bactério"),
            ("x =?utf-8?Q?=C3?= =?utf-8?Q?=A9?= y", "x é y"),
            ("=?windows-1252?Q?=80uro?=", "€uro"),
            ("=?utf-8*fr?Q?=C3=A9?=", "é"),
            ("=?nope?Q?a?=", "=?nope?Q?a?="),
            ("=?utf-7?Q?+AGE-?=", "=?utf-7?Q?+AGE-?="),
            ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
            ("=?utf-8?Q?a", "=?utf-8?Q?a"),
            ("=?utf-8?Q?a?", "=?utf-8?Q?a?"),
            ("=?", "=?"),
            ("a=?utf-8?Q?b?=c", "abc"),
            ("=?utf-8?Q??=", ""),
        ] {
            assert_eq!(decode(text), want, "{text}");
        }
    }

    #[test]
    fn decoded_line_breaks_and_marks_do_not_reach_people() {
        assert_eq!(clean(&decode("=?utf-8?Q?a=0D=0AX-Evil:_b?=")), "a X-Evil: b");
        assert_eq!(clean("ordo\u{202e}fdp.exe\0\u{200b}!"), "ordofdp.exe !");
        assert_eq!(clean("\u{2028}a\u{85}b  c \t"), "a b c");
    }

    #[test]
    fn long_text_is_cut_at_characters() {
        assert_eq!(cut("éééé", 4), "éééé");
        assert_eq!(cut("ééé éé", 5), "ééé…");
    }

    proptest! {
        #[test]
        fn any_text_decodes_without_panic_and_cleans_for_good(text in "\\PC{0,60}(=\\?utf-8\\?[qb]\\?\\PC{0,20}\\?=)?") {
            let once = clean(&decode(&text));
            prop_assert_eq!(clean(&once), once.clone());
            prop_assert!(!once.chars().any(char::is_control));
        }
    }
}
