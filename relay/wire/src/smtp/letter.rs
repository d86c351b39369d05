//! A letter on its way in: unstuffed, measured, handed on in pieces.

use super::limits::{PIECE, SWALLOWED_LETTERS};
use super::{Ask, Discard, Limits};
use crate::lines::{Break, Fault, Unstuffer};
use crate::{Action, Actions};
use bytes::Bytes;
use names::Timestamp;

/// The state of DATA.
pub struct Letter {
    unstuffer: Unstuffer,
    /// What was unstuffed and not handed on yet.
    piece: Vec<u8>,
    ends: Timestamp,
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
    /// A letter that must have come by `ends`.
    pub fn new(limits: &Limits, ends: Timestamp) -> Self {
        Self { unstuffer: Unstuffer::new(limits.text_line), piece: Vec::new(), ends }
    }

    /// When it must have come.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Takes octets from the peer. Pieces of 32 to 64 KiB go out, and the rest at the end.
    pub fn take(&mut self, input: &[u8], limits: &Limits, out: &mut Actions<Ask>) -> Progress {
        let mut read = 0;
        while read < input.len() {
            // One octet of room for a CR that was held back.
            let room = PIECE - 1 - self.piece.len();
            let part = &input[read..input.len().min(read + room)];
            let end = self.unstuffer.push(part, &mut self.piece);
            let refused = self.refusal(limits);
            if refused.is_some() {
                self.piece = Vec::new();
            }
            if let Some(end) = end {
                let read = read + end;
                return match refused {
                    Some(why) => Progress::Bad { read, why },
                    None => {
                        self.hand_on(out);
                        Progress::Whole { read, size: self.unstuffer.size() }
                    }
                };
            }
            read += part.len();
            if self.piece.len() >= PIECE / 2 {
                self.hand_on(out);
            }
        }
        let endless = self.unstuffer.wire() > limits.letter.saturating_mul(1 + SWALLOWED_LETTERS);
        if endless { Progress::Endless } else { Progress::More }
    }

    fn hand_on(&mut self, out: &mut Actions<Ask>) {
        if !self.piece.is_empty() {
            // A second piece will be about as long as the first.
            let next = Vec::with_capacity(if self.piece.len() >= PIECE / 2 { PIECE } else { 0 });
            out.push(Action::Push(Bytes::from(std::mem::replace(&mut self.piece, next))));
        }
    }

    /// A break first: it says most about who speaks to us.
    fn refusal(&self, limits: &Limits) -> Option<Discard> {
        match self.unstuffer.fault() {
            Some(Fault::Break(Break::BareCr, at)) => Some(Discard::BareCr(at)),
            Some(Fault::Break(Break::BareLf, at)) => Some(Discard::BareLf(at)),
            Some(Fault::Break(Break::Nul, at)) => Some(Discard::Nul(at)),
            _ if self.unstuffer.size() > limits.letter => Some(Discard::TooLarge),
            Some(Fault::LongLine(at)) => Some(Discard::LongLine(at)),
            None => None,
        }
    }
}
