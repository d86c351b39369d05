//! `xtext` (RFC 3461 §4): how any octet is written in a parameter.

/// Reads it. What comes out is printable ASCII, blanks included, or it is not read: no encoded line end
/// or NUL gets into a report or a further command (RELIABILITY S-12).
///
/// ```abnf
/// xtext = *( %d33-42 / %d44-60 / %d62-126 / "+" 2(DIGIT / "A"-"F") )
/// ```
pub fn decoded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let octet = match byte {
            b'+' => hexadecimal(bytes.next()?)? * 16 + hexadecimal(bytes.next()?)?,
            b'=' => return None,
            byte if byte.is_ascii_graphic() => byte,
            _ => return None,
        };
        if !(b' '..=b'~').contains(&octet) {
            return None;
        }
        out.push(char::from(octet));
    }
    Some(out)
}

fn hexadecimal(figure: u8) -> Option<u8> {
    match figure {
        b'0'..=b'9' => Some(figure - b'0'),
        b'A'..=b'F' => Some(figure - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_is_read_in_one_way_only() {
        for (case, text, want) in [
            ("plain", "QQ314159", Some("QQ314159")),
            ("nothing", "", Some("")),
            ("plus and equals", "a+2Bb+3Dc", Some("a+b=c")),
            ("blank", "a+20b", Some("a b")),
            ("small figures", "a+2bb", None),
            ("cut", "a+2", None),
            ("bare plus", "a+", None),
            ("equals", "a=b", None),
            ("line end", "a+0D+0AB", None),
            ("NUL", "a+00", None),
            ("DEL", "a+7F", None),
            ("beyond ASCII", "a+E9", None),
            ("raw UTF-8", "é", None),
        ] {
            assert_eq!(decoded(text).as_deref(), want, "{case}");
        }
    }
}
