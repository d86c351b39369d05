//! Where the head of a letter ends, while its octets arrive.

use memchr::{memchr, memmem};

use super::{
    head::{Head, HeadError},
    limits,
};

/// Cuts the head off a stream of letter bytes.
#[derive(Debug, Default)]
pub struct HeadReader {
    buffer: Vec<u8>,
}

impl HeadReader {
    /// A reader at the first octet of a letter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a chunk. `Some((head, used))` once the empty line has passed: the rest of the chunk,
    /// from octet `used`, is body. Not to be called again after that.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Option<(Head, usize)>, HeadError> {
        let had = self.buffer.len();
        // One octet more than allowed is enough to see that it is too much.
        let room = (limits::HEAD_OCTETS + 1).saturating_sub(had);
        self.buffer.extend_from_slice(&chunk[..chunk.len().min(room)]);
        let from = had.saturating_sub(3);
        let end = if self.buffer.starts_with(b"\r\n") {
            Some(2)
        } else {
            memmem::find(&self.buffer[from..], b"\r\n\r\n").map(|at| from + at + 4)
        };
        match end {
            Some(end) if end <= limits::HEAD_OCTETS => {
                self.buffer.truncate(end);
                Head::parse(std::mem::take(&mut self.buffer)).map(|head| Some((head, end - had)))
            }
            _ if self.buffer.len() > limits::HEAD_OCTETS => Err(HeadError::TooLong),
            _ => Ok(None),
        }
    }

    /// The letter ended before an empty line: all of it is head, if it is fields at all (RFC 5322
    /// §3.5: a letter may lack a body). The missing empty line is added.
    pub fn finish(self) -> Result<Head, HeadError> {
        let mut raw = self.buffer;
        if !raw.is_empty() && !raw.ends_with(b"\r\n") {
            return Err(HeadError::Unfinished);
        }
        if memchr(b':', &raw).is_none() && !raw.is_empty() {
            return Err(HeadError::NotAField { at: 0 });
        }
        raw.extend_from_slice(b"\r\n");
        Head::parse(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_without_an_empty_line_is_all_head() {
        let mut reader = HeadReader::new();
        assert_eq!(reader.push(b"From: a@b.fr\r\n").unwrap(), None);
        assert_eq!(reader.finish().unwrap().bytes(), b"From: a@b.fr\r\n\r\n");
        let mut reader = HeadReader::new();
        assert_eq!(reader.push(b"just text\r\n").unwrap(), None);
        assert!(reader.finish().is_err());
    }

    #[test]
    fn a_head_without_end_is_refused_before_it_fills_memory() {
        let mut reader = HeadReader::new();
        let mut pushed = 0;
        let error = loop {
            match reader.push(&[b'x'; 4_000]) {
                Ok(_) => pushed += 4_000,
                Err(error) => break error,
            }
        };
        assert_eq!(error, HeadError::TooLong);
        assert!(pushed <= limits::HEAD_OCTETS && reader.buffer.len() <= limits::HEAD_OCTETS + 1);
    }

    #[test]
    fn the_end_of_the_head_is_found_in_any_cut() {
        let letter = b"A: 1\r\n 2\r\nB: 3\r\n\r\n\r\nbody";
        for cut in 0..letter.len() {
            let mut reader = HeadReader::new();
            let mut rest = Vec::new();
            let mut head = None;
            for piece in [&letter[..cut], &letter[cut..]] {
                if head.is_some() {
                    rest.extend_from_slice(piece);
                } else if let Some((found, used)) = reader.push(piece).unwrap() {
                    rest.extend_from_slice(&piece[used..]);
                    head = Some(found);
                }
            }
            assert_eq!(head.unwrap().bytes(), &letter[..18], "cut at {cut}");
            assert_eq!(rest, b"\r\nbody");
        }
    }
}
