//! BER as LDAP restricts it (RFC 4511 §5.1): definite lengths in short or long form, single-octet tags.

/// What is not BER as LDAP wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("an element is not complete")]
    Short,
    #[error("a length in indefinite form")]
    Indefinite,
    #[error("a length that is too large")]
    Long,
    #[error("an element of another kind was expected")]
    Kind,
    #[error("a number out of range")]
    Number,
    #[error("a text that is not UTF-8")]
    Text,
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The bit of a tag that says "holds elements".
const CONSTRUCTED: u8 = 0x20;
/// The number of a tag that goes on in the next octets; LDAP has none.
const MANY: u8 = 0x1f;

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

/// Octets of the head (tag and length) and of the body; none when more octets are needed to know.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>, Broken> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if tag & MANY == MANY {
        return Err(Broken::Kind);
    }
    match first {
        0..=0x7f => Ok(Some((2, usize::from(first)))),
        0x80 => Err(Broken::Indefinite),
        // RFC 4511 §5.1 wants no shortest form: leading zeros are fine, as many as a length may have.
        0x81..=0x88 => {
            let octets = usize::from(first & 0x7f);
            let Some(length) = bytes.get(2..2 + octets) else { return Ok(None) };
            let length = length.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
            Ok(Some((2 + octets, usize::try_from(length).map_err(|_| Broken::Long)?)))
        }
        0x89..=0xff => Err(Broken::Long),
    }
}

/// The octets of the message at the start of what was received; none while it is not complete.
pub(crate) fn frame(bytes: &[u8], most: usize) -> Result<Option<usize>, Broken> {
    match bytes.first() {
        None => return Ok(None),
        Some(&SEQUENCE) => {}
        Some(_) => return Err(Broken::Kind),
    }
    let Some((head, body)) = head(bytes)? else { return Ok(None) };
    let whole = head.checked_add(body).filter(|whole| *whole <= most).ok_or(Broken::Long)?;
    Ok((bytes.len() >= whole).then_some(whole))
}

/// Whether everything in it is whole and stands no deeper than `depth`: what is read later cannot surprise.
pub(crate) fn check(bytes: &[u8], depth: usize) -> Result<(), Depth> {
    // The ends of the elements that are open; no recursion, whatever is sent.
    let mut ends = Vec::with_capacity(depth);
    let mut at = 0;
    loop {
        while ends.last() == Some(&at) {
            ends.pop();
        }
        let end = ends.last().copied().unwrap_or(bytes.len());
        if at == end {
            return Ok(());
        }
        let (head, body) = head(&bytes[at..end])?.ok_or(Broken::Short)?;
        let stop = (at + head).checked_add(body).filter(|stop| *stop <= end).ok_or(Broken::Short)?;
        if bytes[at] & CONSTRUCTED == 0 {
            at = stop;
            continue;
        }
        if ends.len() == depth {
            return Err(Depth::TooDeep);
        }
        ends.push(stop);
        at += head;
    }
}

/// What [`check`] finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Depth {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("elements are nested too deeply")]
    TooDeep,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of what comes next.
    pub(crate) fn ahead(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn element(&mut self) -> Result<Element<'a>, Broken> {
        let (head, body) = head(self.rest)?.ok_or(Broken::Short)?;
        let end = head.checked_add(body).ok_or(Broken::Long)?;
        let element = Element {
            tag: *self.rest.first().ok_or(Broken::Short)?,
            body: self.rest.get(head..end).ok_or(Broken::Short)?,
        };
        self.rest = &self.rest[end..];
        Ok(element)
    }

    /// The body of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Broken> {
        let element = self.element()?;
        if element.tag == tag { Ok(element.body) } else { Err(Broken::Kind) }
    }

    /// The same when it may be absent.
    pub(crate) fn maybe(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Broken> {
        if self.ahead() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    pub(crate) fn inside(&mut self, tag: u8) -> Result<Self, Broken> {
        self.expect(tag).map(Self::new)
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Broken> {
        integer(self.expect(INTEGER)?)
    }

    pub(crate) fn enumerated(&mut self) -> Result<i64, Broken> {
        integer(self.expect(ENUMERATED)?)
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Broken> {
        boolean(self.expect(BOOLEAN)?)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Broken> {
        text(self.expect(OCTETS)?)
    }
}

/// Two's complement, any number of octets that fits (X.690 §8.3).
pub(crate) fn integer(body: &[u8]) -> Result<i64, Broken> {
    let (&first, rest) = body.split_first().ok_or(Broken::Number)?;
    let sign = if first & 0x80 == 0 { 0 } else { 0xff };
    let extra = body.len().saturating_sub(8);
    if body[..extra].iter().any(|octet| *octet != sign) {
        return Err(Broken::Number);
    }
    if extra > 0 && (body[extra] & 0x80 == 0) != (sign == 0) {
        return Err(Broken::Number);
    }
    let start = i64::from(first as i8);
    Ok(rest.iter().fold(start, |number, octet| number << 8 | i64::from(*octet)))
}

/// RFC 4511 §5.1 writes TRUE as FF; others are read too.
pub(crate) fn boolean(body: &[u8]) -> Result<bool, Broken> {
    match body {
        [octet] => Ok(*octet != 0),
        _ => Err(Broken::Kind),
    }
}

pub(crate) fn text(body: &[u8]) -> Result<&str, Broken> {
    std::str::from_utf8(body).map_err(|_| Broken::Text)
}

/// Writes the few small values that stand inside controls.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn element(mut self, tag: u8, body: &[u8]) -> Self {
        self.0.push(tag);
        match u32::try_from(body.len()).unwrap_or(u32::MAX) {
            short @ 0..=0x7f => self.0.push(short as u8),
            long => {
                self.0.push(0x84);
                self.0.extend(long.to_be_bytes());
            }
        }
        self.0.extend_from_slice(body);
        self
    }

    pub(crate) fn number(self, tag: u8, number: i64) -> Self {
        let octets = number.to_be_bytes();
        let sign = if number < 0 { 0xff } else { 0 };
        let shortest =
            (0..7).find(|&at| octets[at] != sign || (octets[at + 1] & 0x80 == 0) != (sign == 0)).unwrap_or(7);
        self.element(tag, &octets[shortest..])
    }

    pub(crate) fn sequence(self) -> Vec<u8> {
        Self::default().element(SEQUENCE, &self.0).0
    }

    #[cfg(test)]
    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_known_as_soon_as_its_length_is() {
        for (case, bytes, want) in [
            ("nothing", &[][..], Ok(None)),
            ("a tag alone", &[0x30], Ok(None)),
            ("half a long length", &[0x30, 0x82, 0x01], Ok(None)),
            ("half a body", &[0x30, 0x03, 0x02, 0x01], Ok(None)),
            ("whole", &[0x30, 0x03, 0x02, 0x01, 0x07], Ok(Some(5))),
            ("more behind it", &[0x30, 0x01, 0x00, 0x30], Ok(Some(3))),
            ("long form", &[0x30, 0x81, 0x01, 0x00], Ok(Some(4))),
            ("long form with zeros", &[0x30, 0x84, 0, 0, 0, 1, 0], Ok(Some(7))),
            ("eight octets of length", &[0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 0], Ok(Some(11))),
            ("indefinite", &[0x30, 0x80, 0x00, 0x00], Err(Broken::Indefinite)),
            ("a giant", &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], Err(Broken::Long)),
            (
                "more than there is memory",
                &[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
                Err(Broken::Long),
            ),
            ("nine octets of length", &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1], Err(Broken::Long)),
            ("no sequence", b"GET / HTTP/1.1", Err(Broken::Kind)),
            ("a handshake", &[0x16, 0x03, 0x01], Err(Broken::Kind)),
        ] {
            assert_eq!(frame(bytes, 1_000), want, "{case}");
        }
    }

    #[test]
    fn what_stands_too_deep_or_too_wide_is_found_without_recursion() {
        let nested = |depth: usize| {
            (0..depth).fold(Vec::new(), |inner, _| Writer::default().element(0xa2, &inner).bytes())
        };
        assert_eq!(check(&nested(48), 48), Ok(()));
        assert_eq!(check(&nested(49), 48), Err(Depth::TooDeep));
        assert_eq!(check(&nested(3_000), 48), Err(Depth::TooDeep));
        assert_eq!(check(&[0x30, 0x02, 0x04, 0x05], 48), Err(Depth::Broken(Broken::Short)));
        assert_eq!(check(&[0x30, 0x02, 0x24, 0x80], 48), Err(Depth::Broken(Broken::Indefinite)));
        assert_eq!(check(&[0x1f, 0x02, 0x24, 0x80], 48), Err(Depth::Broken(Broken::Kind)));
        assert_eq!(check(&[0x04, 0x00, 0x30, 0x00], 48), Ok(()));
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for number in [0, 1, -1, 127, 128, -128, -129, 255, 65_536, i64::from(i32::MAX), i64::MAX, i64::MIN] {
            let written = Writer::default().number(INTEGER, number).bytes();
            assert_eq!(Reader::new(&written).integer(), Ok(number));
        }
        assert_eq!(Writer::default().number(INTEGER, 128).bytes(), [2, 2, 0, 128]);
        assert_eq!(integer(&[]), Err(Broken::Number));
        assert_eq!(integer(&[0; 12]), Ok(0));
        assert_eq!(integer(&[0xff; 12]), Ok(-1));
        assert_eq!(integer(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), Ok(0x0102_0304_0506_0708));
        assert_eq!(integer(&[1, 1, 2, 3, 4, 5, 6, 7, 8]), Err(Broken::Number));
        assert_eq!(integer(&[0, 0x81, 2, 3, 4, 5, 6, 7, 8]), Err(Broken::Number));
    }
}
