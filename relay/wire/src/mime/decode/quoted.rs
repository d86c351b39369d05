//! Quoted-printable, and the Q encoding that is like it.

use super::hex;

/// Quoted-printable (RFC 2045 §6.7): trailing white space of a line is dropped, a broken escape is
/// kept as written.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    /// White space or the start of an escape that waits for what follows.
    held: Vec<u8>,
}

impl Quoted {
    /// White space held back before a line's end; more than any line may have is passed on.
    const HELD_MAX: usize = 1_000;

    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        while let Some((&octet, after)) = rest.split_first() {
            if self.held.is_empty() {
                // Escapes and line ends matter, and the white space before them; the rest is as it stands.
                let plain = memchr::memchr2(b'=', b'\r', rest).unwrap_or(rest.len());
                let plain = without_blanks(&rest[..plain]);
                if plain > 0 {
                    out.extend_from_slice(&rest[..plain]);
                    rest = &rest[plain..];
                    continue;
                }
                if let [b'=', a, b, beyond @ ..] = rest {
                    match (hex(*a), hex(*b)) {
                        (Some(a), Some(b)) => {
                            out.push(a << 4 | b);
                            rest = beyond;
                            continue;
                        }
                        _ if (*a, *b) == (b'\r', b'\n') => {
                            rest = beyond;
                            continue;
                        }
                        _ => {}
                    }
                }
                if let [b'\r', b'\n', beyond @ ..] = rest {
                    out.extend_from_slice(b"\r\n");
                    rest = beyond;
                    continue;
                }
            }
            rest = after;
            self.octet(octet, out);
        }
    }

    fn octet(&mut self, octet: u8, out: &mut Vec<u8>) {
        match self.held.first() {
            None if matches!(octet, b'=' | b' ' | b'\t' | b'\r') => self.held.push(octet),
            None => out.push(octet),
            Some(b'=') => self.escape(octet, out),
            Some(_) => self.white(octet, out),
        }
    }

    /// After `=`: two hex digits, or white space and a line end (a soft break).
    fn escape(&mut self, octet: u8, out: &mut Vec<u8>) {
        self.held.push(octet);
        let soft = &self.held[1..];
        match soft {
            [a, b] if hex(*a).is_some() && hex(*b).is_some() => {
                let value = hex(*a).zip(hex(*b)).map_or(0, |(a, b)| a << 4 | b);
                out.push(value);
                self.held.clear();
            }
            [a] if hex(*a).is_some() => {}
            [.., b'\n'] if soft[..soft.len() - 1].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) => {
                self.held.clear();
            }
            all if all.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'))
                && self.held.len() < Self::HELD_MAX => {}
            _ => {
                // Not an escape: the `=` stands for itself, the rest is read again.
                let held = std::mem::take(&mut self.held);
                out.push(b'=');
                for octet in &held[1..] {
                    self.octet(*octet, out);
                }
            }
        }
    }

    /// White space is data only if the line goes on.
    fn white(&mut self, octet: u8, out: &mut Vec<u8>) {
        match octet {
            b' ' | b'\t' | b'\r' if self.held.len() < Self::HELD_MAX => self.held.push(octet),
            b'\n' if self.held.last() == Some(&b'\r') => {
                self.held.clear();
                out.extend_from_slice(b"\r\n");
            }
            octet => {
                out.append(&mut self.held);
                self.octet(octet, out);
            }
        }
    }

    pub(super) fn finish(self, out: &mut Vec<u8>) {
        // White space at the very end is transport's; a cut escape is kept.
        if self.held.first() == Some(&b'=') && self.held[1..].iter().any(|b| hex(*b).is_some()) {
            out.extend_from_slice(&self.held);
        }
    }
}

/// How long a run is without the blanks at its end.
fn without_blanks(run: &[u8]) -> usize {
    run.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |at| at + 1)
}

/// The Q encoding of encoded words (RFC 2047 §4.2).
pub(in crate::mime) fn q(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'_', _) => out.push(b' '),
            (b'=', [a, b, tail @ ..]) => match (hex(*a), hex(*b)) {
                (Some(a), Some(b)) => {
                    out.push(a << 4 | b);
                    rest = tail;
                }
                _ => out.push(b'='),
            },
            (octet, _) => out.push(octet),
        }
    }
    out
}
