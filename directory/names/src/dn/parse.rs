//! Reading RFC 4514 text, strictly where it decides who is named, freely in its layout.

use std::iter::Peekable;
use std::str::Chars;

use super::{Attribute, DistinguishedNameError as Error, Value, escape, hexadecimal, kinds, prepare};

/// Octets of a name: the longest of the national list takes some 200.
pub(super) const OCTETS: usize = 4096;

/// Attributes of one part, in the order written.
type Part = Vec<Attribute>;

pub(super) fn parts(text: &str) -> Result<Vec<Part>, Error> {
    if text.len() > OCTETS {
        return Err(Error::TooLong);
    }
    if text.trim().is_empty() {
        return Err(Error::Empty);
    }
    let mut reader = Reader { rest: text.chars().peekable() };
    let mut parts = vec![Vec::new()];
    loop {
        let attribute = reader.attribute()?;
        if let Some(part) = parts.last_mut() {
            part.push(attribute);
        }
        match reader.rest.next() {
            None => return Ok(parts),
            Some('+') => {}
            // RFC 2253 §4: a semicolon does what a comma does. Bare in a value it is not allowed.
            Some(',' | ';') => parts.push(Vec::new()),
            Some(_) => return Err(Error::Bare),
        }
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn attribute(&mut self) -> Result<Attribute, Error> {
        let kind = self.kind()?;
        self.space();
        let value = match self.rest.peek() {
            Some('#') => self.hexadecimal()?,
            Some('"') => Value::Text(self.quoted()?),
            Some(_) | None => Value::Text(self.bare()?),
        };
        let prepared = match &value {
            Value::Text(text) => {
                let mut prepared = String::with_capacity(text.len());
                let _ = escape(&prepare::prepare(text)?, &mut prepared);
                prepared
            }
            Value::Bytes(bytes) => format!("#{}", hexadecimal(bytes)),
        };
        Ok(Attribute { kind, value, prepared })
    }

    fn kind(&mut self) -> Result<String, Error> {
        let mut kind = String::new();
        loop {
            match self.rest.next() {
                Some('=') => break,
                None | Some(',' | ';' | '+') => return Err(Error::NoEquals),
                Some(character) => kind.push(character),
            }
        }
        kinds::canonical(kind.trim()).ok_or(Error::Kind)
    }

    fn space(&mut self) {
        while self.rest.next_if(|character| character.is_whitespace()).is_some() {}
    }

    /// §3 `string`: up to a separator; spaces at the ends are layout unless escaped.
    fn bare(&mut self) -> Result<String, Error> {
        let mut value = Vec::new();
        let mut significant = 0;
        while let Some(&character) = self.rest.peek() {
            match character {
                ',' | ';' | '+' => break,
                '"' | '<' | '>' | '\0' => return Err(Error::Bare),
                '\\' => {
                    self.rest.next();
                    self.escaped(&mut value)?;
                    significant = value.len();
                }
                other => {
                    self.rest.next();
                    push(&mut value, other);
                    if !other.is_whitespace() {
                        significant = value.len();
                    }
                }
            }
        }
        value.truncate(significant);
        String::from_utf8(value).map_err(|_| Error::Utf8)
    }

    /// RFC 2253 §4: between quotes, only a quote and a backslash have a meaning.
    fn quoted(&mut self) -> Result<String, Error> {
        self.rest.next();
        let mut value = Vec::new();
        loop {
            match self.rest.next() {
                None | Some('\0') => return Err(Error::Bare),
                Some('"') => break,
                Some('\\') => self.escaped(&mut value)?,
                Some(other) => push(&mut value, other),
            }
        }
        self.space();
        String::from_utf8(value).map_err(|_| Error::Utf8)
    }

    /// §3 `pair`, after its backslash.
    fn escaped(&mut self, value: &mut Vec<u8>) -> Result<(), Error> {
        let first = self.rest.next().ok_or(Error::Escape)?;
        if let Some(high) = first.to_digit(16) {
            let low = self.rest.next().and_then(|low| low.to_digit(16)).ok_or(Error::Escape)?;
            value.push(u8::try_from(high * 16 + low).map_err(|_| Error::Escape)?);
            return Ok(());
        }
        match first {
            ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => {
                push(value, first);
                Ok(())
            }
            _ => Err(Error::Escape),
        }
    }

    /// §3 `hexstring`. Bytes that are the encoding of a text are that text: a certificate whose reader
    /// did not know the type is the same certificate.
    fn hexadecimal(&mut self) -> Result<Value, Error> {
        self.rest.next();
        let mut digits = Vec::new();
        while let Some(digit) = self.rest.peek().and_then(|digit| digit.to_digit(16)) {
            self.rest.next();
            digits.push(digit);
        }
        self.space();
        if digits.is_empty() || digits.len() % 2 != 0 {
            return Err(Error::Hexadecimal);
        }
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).map_err(|_| Error::Hexadecimal))
            .collect::<Result<_, _>>()?;
        Ok(match text_of(&bytes) {
            Some(text) => Value::Text(text),
            None => Value::Bytes(bytes),
        })
    }
}

fn push(value: &mut Vec<u8>, character: char) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// BER tags of strings (X.690 §8.23): UTF8, Numeric, Printable, Teletex, IA5, Visible, Universal, BMP.
fn text_of(ber: &[u8]) -> Option<String> {
    let (tag, contents) = contents(ber)?;
    match tag {
        0x0c => String::from_utf8(contents.to_vec()).ok(),
        // Teletex beyond ASCII is read differently by everybody: left as bytes.
        0x12 | 0x13 | 0x14 | 0x16 | 0x1a => {
            contents.is_ascii().then(|| contents.iter().copied().map(char::from).collect())
        }
        0x1c if contents.len() % 4 == 0 => contents
            .chunks_exact(4)
            .map(|four| char::from_u32(four.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))))
            .collect(),
        0x1e if contents.len() % 2 == 0 => {
            let units = contents.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        _ => None,
    }
}

/// Tag and contents of one value in definite form that fills its bytes.
fn contents(ber: &[u8]) -> Option<(u8, &[u8])> {
    let (&tag, rest) = ber.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, contents) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    (contents.len() == length).then_some((tag, contents))
}

/// DER of a text, the other way.
pub(super) fn utf8_string(text: &str) -> Vec<u8> {
    let mut der = vec![0x0c];
    match u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, low @ 0..=0x7f] => der.push(low),
        [0, low] => der.extend([0x81, low]),
        [high, low] => der.extend([0x82, high, low]),
    }
    der.extend_from_slice(text.as_bytes());
    der
}
