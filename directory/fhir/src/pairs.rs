//! The pairs of a query string or a posted form.

use crate::{Trouble, limits};

/// A name and its value, decoded.
pub type Pair = (String, String);

/// Reads `a=b&c=d`; what is no UTF-8 or no percent sign is refused rather than guessed.
pub fn parse(text: &str) -> Result<Vec<Pair>, Trouble> {
    if text.len() > limits::QUERY_OCTETS {
        return Err(Trouble::long_query());
    }
    let parts = text.split('&').filter(|part| !part.is_empty());
    let pairs: Vec<Pair> = parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect::<Result<_, Trouble>>()?;
    if pairs.len() > limits::PARAMETERS {
        return Err(Trouble::too_costly(format!("at most {} parameters are read", limits::PARAMETERS)));
    }
    Ok(pairs)
}

/// Writes them again.
#[must_use]
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(&mut text, name);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

fn decode(text: &str) -> Result<String, Trouble> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        octets.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or_else(bad_escape)?;
                rest = after;
                let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(bad_escape);
                let value = digit(digits[0])? * 16 + digit(digits[1])?;
                u8::try_from(value).map_err(|_| bad_escape())?
            }
            other => *other,
        });
    }
    let text = String::from_utf8(octets).map_err(|_| Trouble::invalid("the query is not UTF-8"))?;
    if text.contains('\0') {
        return Err(Trouble::invalid("the query holds a NUL"));
    }
    Ok(text)
}

fn bad_escape() -> Trouble {
    Trouble::invalid("a percent sign of the query is not followed by two hexadecimal digits")
}

/// RFC 3986 §2.3: unreserved signs stand for themselves, and those that make a link readable.
fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',' => {
                into.push(char::from(byte));
            }
            byte => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                into.push('%');
                into.push(char::from(DIGITS[usize::from(byte >> 4)]));
                into.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_are_decoded_or_refused() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let read = parse("family=Le+F%C3%A8vre&&active&a=b=c").unwrap();
        assert_eq!(read, [pair("family", "Le Fèvre"), pair("active", ""), pair("a", "b=c")]);
        for (case, text) in
            [("half an escape", "a=%4"), ("no digits", "a=%zz"), ("no UTF-8", "a=%E9"), ("a NUL", "a=%00")]
        {
            assert_eq!(parse(text).unwrap_err().status.as_u16(), 400, "{case}");
        }
        assert_eq!(parse(&"a=b&".repeat(31)).unwrap_err().status.as_u16(), 400);
        assert_eq!(parse(&"a".repeat(10_000)).unwrap_err().status.as_u16(), 414);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(pairs in proptest::collection::vec(("[a-z_:]{1,8}", "\\PC{0,20}"), 0..8)) {
            let text = write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            prop_assert_eq!(parse(&text).unwrap(), pairs);
        }
    }
}
