//! A letter on its way in: by DATA or in chunks, measured, handed on in pieces.

use super::limits::{PIECE, SWALLOWED_LETTERS};
use super::{Ask, Discard, Limits};
use crate::clean::{Break, Fault};
use crate::stuffing::Unstuffer;
use crate::verbatim::Verbatim;
use crate::{Action, Actions};
use bytes::Bytes;
use names::Timestamp;

/// A letter that is coming in.
pub struct Letter {
    way: Way,
    /// What was read and not handed on yet.
    piece: Vec<u8>,
    ends: Timestamp,
}

/// How its octets are framed.
enum Way {
    /// DATA: dots are taken out, and a dot is the end.
    Stuffed(Unstuffer),
    /// BDAT: counted octets.
    Chunks(Verbatim),
}

/// How far a letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not at its end.
    More,
    /// At its end and good, after `read` octets of the input; all of it was handed on.
    Whole {
        /// Octets of the input that were the letter's.
        read: usize,
        /// Octets of the letter.
        size: u64,
    },
    /// At its end, and to be refused.
    Bad {
        /// Octets of the input that were the letter's.
        read: usize,
        /// What is wrong with it.
        why: Discard,
    },
    /// Refused long ago, and still no end.
    Endless,
}

impl Letter {
    /// A letter by DATA that must have come by `ends`.
    pub fn by_data(limits: &Limits, ends: Timestamp) -> Self {
        Self { way: Way::Stuffed(Unstuffer::new(limits.text_line)), piece: Vec::new(), ends }
    }

    /// A letter in chunks that must have come by `ends`.
    pub fn by_chunks(limits: &Limits, ends: Timestamp) -> Self {
        Self { way: Way::Chunks(Verbatim::new(limits.text_line)), piece: Vec::new(), ends }
    }

    /// When it must have come.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Takes octets from the peer, for chunks those of one chunk only. Pieces of 32 to 64 KiB go out,
    /// and the rest at the end.
    pub fn take(&mut self, input: &[u8], limits: &Limits, out: &mut Actions<Ask>) -> Progress {
        let mut read = 0;
        while read < input.len() {
            // One octet of room for a CR that was held back.
            let room = PIECE - 1 - self.piece.len();
            let part = &input[read..input.len().min(read + room)];
            let end = match &mut self.way {
                Way::Stuffed(unstuffer) => unstuffer.push(part, &mut self.piece),
                Way::Chunks(verbatim) => {
                    verbatim.push(part, &mut self.piece);
                    None
                }
            };
            if self.refusal(limits).is_some() {
                self.piece = Vec::new();
            }
            if let Some(end) = end {
                return self.ended(read + end, limits, out);
            }
            read += part.len();
            if self.piece.len() >= PIECE / 2 {
                self.hand_on(out);
            }
        }
        if self.is_endless(limits) { Progress::Endless } else { Progress::More }
    }

    /// The last chunk has come.
    pub fn finish(&mut self, limits: &Limits, out: &mut Actions<Ask>) -> Progress {
        match &mut self.way {
            Way::Stuffed(_) => {}
            Way::Chunks(verbatim) => verbatim.finish(),
        }
        self.ended(0, limits, out)
    }

    fn ended(&mut self, read: usize, limits: &Limits, out: &mut Actions<Ask>) -> Progress {
        match self.refusal(limits) {
            Some(why) => Progress::Bad { read, why },
            None => {
                self.hand_on(out);
                Progress::Whole { read, size: self.size() }
            }
        }
    }

    fn hand_on(&mut self, out: &mut Actions<Ask>) {
        if !self.piece.is_empty() {
            // A second piece will be about as long as the first.
            let next = Vec::with_capacity(if self.piece.len() >= PIECE / 2 { PIECE } else { 0 });
            out.push(Action::Push(Bytes::from(std::mem::replace(&mut self.piece, next))));
        }
    }

    fn size(&self) -> u64 {
        match &self.way {
            Way::Stuffed(unstuffer) => unstuffer.size(),
            Way::Chunks(verbatim) => verbatim.size(),
        }
    }

    /// Chunks say how long they are, and are judged by that before they are read.
    fn is_endless(&self, limits: &Limits) -> bool {
        match &self.way {
            Way::Stuffed(unstuffer) => unstuffer.wire() > limits.letter.saturating_mul(1 + SWALLOWED_LETTERS),
            Way::Chunks(_) => false,
        }
    }

    /// Why it must be refused, as far as is known. A break first: it says most about who speaks to us.
    pub fn refusal(&self, limits: &Limits) -> Option<Discard> {
        let fault = match &self.way {
            Way::Stuffed(unstuffer) => unstuffer.fault(),
            Way::Chunks(verbatim) => verbatim.fault(),
        };
        match fault {
            Some(Fault::Break(Break::BareCr, at)) => Some(Discard::BareCr(at)),
            Some(Fault::Break(Break::BareLf, at)) => Some(Discard::BareLf(at)),
            Some(Fault::Break(Break::Nul, at)) => Some(Discard::Nul(at)),
            _ if self.size() > limits.letter => Some(Discard::TooLarge),
            Some(Fault::LongLine(at)) => Some(Discard::LongLine(at)),
            None => None,
        }
    }
}
