//! Base64 (RFC 2045 §6.8).

/// Whole lines of base64, their line ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mime) struct Lines {
    /// How many.
    pub count: u64,
    /// Octets of them.
    pub octets: usize,
    /// Octets they mean.
    pub decoded: u64,
}

/// Skips what is not of the alphabet (RFC 2045 §6.8) and remembers that it did.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    bits: u32,
    count: u8,
    padded: bool,
    /// It held characters of no use, or data after its padding.
    pub(super) junk: bool,
}

const SKIP: u8 = 0x40;
const PAD: u8 = 0x41;
const JUNK: u8 = 0x42;

/// Value of each octet of the base64 alphabet (RFC 4648 §4).
const SEXTETS: [u8; 256] = {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [JUNK; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table[b'\r' as usize] = SKIP;
    table[b'\n' as usize] = SKIP;
    table[b' ' as usize] = SKIP;
    table[b'\t' as usize] = SKIP;
    table[b'=' as usize] = PAD;
    table
};

impl Base64 {
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() / 4 * 3 + 3);
        let mut rest = chunk;
        while !rest.is_empty() {
            // Four at a time while nothing is pending and all are of the alphabet.
            if self.count == 0 && !self.padded {
                while let Some((four, after)) = rest.split_first_chunk::<4>() {
                    let [a, b, c, d] = four.map(|octet| SEXTETS[octet as usize]);
                    if (a | b | c | d) & 0xc0 != 0 {
                        break;
                    }
                    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
                    out.extend_from_slice(&bits.to_be_bytes()[1..]);
                    rest = after;
                }
            }
            let Some((&octet, after)) = rest.split_first() else { break };
            rest = after;
            match SEXTETS[octet as usize] {
                SKIP => {}
                PAD => {
                    self.close(out);
                    self.padded = true;
                }
                JUNK => self.junk = true,
                sextet => {
                    // Data after the padding: a second piece glued on. Decoded, and reported.
                    self.junk |= self.padded;
                    self.padded = false;
                    self.bits = self.bits << 6 | u32::from(sextet);
                    self.count += 1;
                    if self.count == 4 {
                        out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                        (self.bits, self.count) = (0, 0);
                    }
                }
            }
        }
    }

    /// How many octets a chunk means, if all of it is of the alphabet, as each line of a file is.
    pub(super) fn count(&mut self, chunk: &[u8]) -> Option<u64> {
        if !is_of_the_alphabet(chunk) || self.padded {
            return None;
        }
        let sextets = chunk.len() as u64 + u64::from(self.count);
        self.count = (sextets % 4) as u8;
        Some(sextets / 4 * 3)
    }

    pub(super) fn lines(&self, rest: &[u8], width: usize) -> Lines {
        if width == 0 || !width.is_multiple_of(4) || self.count != 0 || self.padded {
            return Lines::default();
        }
        let whole = |line: &&[u8]| line[width..] == *b"\r\n" && is_of_the_alphabet(&line[..width]);
        let count = rest.chunks_exact(width + 2).take_while(whole).count();
        Lines { count: count as u64, octets: count * (width + 2), decoded: (count * (width / 4 * 3)) as u64 }
    }

    /// Ends a group of two or three characters.
    fn close(&mut self, out: &mut Vec<u8>) {
        match self.count {
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&((self.bits >> 2) as u16).to_be_bytes()),
            _ => {}
        }
        (self.bits, self.count) = (0, 0);
    }

    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        self.close(out);
    }
}

/// Whether these octets are sextets all.
fn is_of_the_alphabet(chunk: &[u8]) -> bool {
    // Without a table and without an early end: the compiler makes wide comparisons of it.
    chunk.iter().fold(true, |clean, octet| {
        let letter = (octet | 0x20).wrapping_sub(b'a') < 26;
        let digit = octet.wrapping_sub(b'0') < 10;
        clean & (letter | digit | (*octet == b'+') | (*octet == b'/'))
    })
}

/// The B encoding of encoded words (RFC 2047 §4.1).
pub(in crate::mime) fn b(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut base64 = Base64::default();
    base64.push(encoded, &mut out);
    base64.finish(&mut out);
    out
}
