//! What is kept of a leaf while its octets pass by.

use super::{
    decode::{self, Decoder, Encoding, Lines},
    limits,
};

/// Watches the body of one leaf; keeps a bounded part of it.
#[derive(Debug)]
pub(super) struct LeafWatch {
    decoder: Decoder,
    /// A line end whose octets belong to the part only if no delimiter follows.
    owed: bool,
    lines_matter: bool,
    scratch: Vec<u8>,
    pub first: Vec<u8>,
    pub decoded_len: u64,
    /// The start of a text that somebody wants to preview.
    pub excerpt: Option<Vec<u8>>,
    pub cids: Option<CidSearch>,
}

impl LeafWatch {
    pub fn new(encoding: Encoding, wants_excerpt: bool, is_html: bool) -> Self {
        Self {
            decoder: Decoder::new(encoding),
            owed: false,
            lines_matter: encoding != Encoding::Base64,
            scratch: Vec::new(),
            first: Vec::new(),
            decoded_len: 0,
            excerpt: wants_excerpt.then(Vec::new),
            cids: is_html.then(CidSearch::default),
        }
    }

    /// Octets of a line.
    pub fn content(&mut self, piece: &[u8]) {
        self.settle();
        self.take(piece);
    }

    /// Whole lines of `width` octets of a file that nobody looks at any more: counted together. None while they mean
    /// more.
    pub fn lines(&mut self, rest: &[u8], width: usize) -> Lines {
        if !self.is_seen_enough() {
            return Lines::default();
        }
        let lines = self.decoder.lines(rest, width);
        self.decoded_len += lines.decoded;
        lines
    }

    /// The line ended.
    pub fn line_end(&mut self) {
        self.settle();
        self.owed = self.lines_matter;
    }

    /// The part ended without a delimiter: a last line end is its own.
    pub fn settle(&mut self) {
        if std::mem::take(&mut self.owed) {
            self.take(b"\r\n");
        }
    }

    /// The part is over. Says whether its base64 held junk.
    pub fn close(&mut self) -> bool {
        let junk = self.decoder.junk();
        let decoder = std::mem::replace(&mut self.decoder, Decoder::new(Encoding::SevenBit));
        let mut rest = std::mem::take(&mut self.scratch);
        rest.clear();
        decoder.finish(&mut rest);
        self.see(&rest);
        junk
    }

    pub fn retained(&self) -> usize {
        self.scratch.capacity() + self.first.capacity() + self.excerpt.as_ref().map_or(0, Vec::capacity)
    }

    fn take(&mut self, piece: &[u8]) {
        // Short bites keep the scratch small whatever the chunk.
        const BITE: usize = 16 * 1024;
        for bite in piece.chunks(BITE) {
            let mut scratch = std::mem::take(&mut self.scratch);
            if self.is_seen_enough() {
                self.decoded_len += self.decoder.count(bite, &mut scratch);
            } else {
                scratch.clear();
                self.decoder.push(bite, &mut scratch);
                self.see(&scratch);
            }
            self.scratch = scratch;
        }
    }

    /// Nobody looks at what is still to come: it is counted only, and most of a file need not be decoded.
    fn is_seen_enough(&self) -> bool {
        let excerpt = self.excerpt.as_ref().is_none_or(|kept| kept.len() >= limits::EXCERPT_OCTETS);
        self.cids.is_none() && excerpt && self.first.len() >= limits::FIRST_OCTETS
    }

    fn see(&mut self, decoded: &[u8]) {
        self.decoded_len += decoded.len() as u64;
        keep(&mut self.first, decoded, limits::FIRST_OCTETS);
        if let Some(excerpt) = &mut self.excerpt {
            keep(excerpt, decoded, limits::EXCERPT_OCTETS);
        }
        if let Some(cids) = &mut self.cids {
            cids.see(decoded);
        }
    }
}

fn keep(kept: &mut Vec<u8>, more: &[u8], limit: usize) {
    let room = limit - kept.len().min(limit);
    kept.extend_from_slice(&more[..more.len().min(room)]);
}

/// Finds `cid:` references in HTML that passes by.
#[derive(Debug, Default)]
pub(super) struct CidSearch {
    matched: usize,
    reading: Option<Vec<u8>>,
    pub found: Vec<String>,
}

impl CidSearch {
    const MARK: &[u8; 4] = b"cid:";

    fn see(&mut self, html: &[u8]) {
        for octet in html {
            match &mut self.reading {
                Some(id) => match octet {
                    b'"' | b'\'' | b'>' | b'<' | b')' | b'&' | b' ' | b'\t' | b'\r' | b'\n' => self.end(),
                    octet => {
                        id.push(*octet);
                        if id.len() > limits::CID_OCTETS {
                            self.reading = None;
                        }
                    }
                },
                None => {
                    let octet = octet.to_ascii_lowercase();
                    self.matched = match octet {
                        o if o == Self::MARK[self.matched] => self.matched + 1,
                        b'c' => 1,
                        _ => 0,
                    };
                    if self.matched == Self::MARK.len() {
                        self.matched = 0;
                        self.reading = Some(Vec::new());
                    }
                }
            }
        }
    }

    /// The reference ended: percent escapes undone (RFC 2392), each kept once.
    pub fn end(&mut self) {
        let Some(id) = self.reading.take().filter(|id| !id.is_empty()) else { return };
        let id = String::from_utf8_lossy(&decode::percent(&id)).into_owned();
        if self.found.len() < limits::CID_REFERENCES && !self.found.contains(&id) {
            self.found.push(id);
        }
    }
}
