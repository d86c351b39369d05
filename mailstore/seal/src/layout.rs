//! Where the octets of a sealed body stand: arithmetic of frames, no cryptography.

use std::ops::Range;

use crate::limits::{FRAME, SEALED_FRAME, TAG};

/// Cut of a body of a known size into frames. Every frame but the last is full; an empty body is one
/// empty frame, so that its emptiness is authenticated too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    size: u64,
}

/// The frames that hold a range of plaintext.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameSpan {
    /// Frame numbers, first to one past the last.
    pub frames: Range<u64>,
    /// Octets to drop at the start of the first frame.
    pub skip: usize,
    /// Octets of plaintext wanted in all.
    pub length: u64,
}

impl Layout {
    /// The layout of a body of `size` octets of plaintext.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Self { size }
    }

    /// The layout of `sealed` stored octets, or `None` when no body is stored in that many.
    #[must_use]
    pub fn of_sealed(sealed: u64) -> Option<Self> {
        let last = sealed.checked_sub(1)? / SEALED_FRAME as u64;
        let layout = Self { size: sealed.checked_sub((last + 1) * TAG as u64)? };
        (layout.sealed_size() == sealed).then_some(layout)
    }

    /// Octets of plaintext.
    #[must_use]
    pub fn size(self) -> u64 {
        self.size
    }

    /// How many frames there are; at least one.
    #[must_use]
    pub fn frames(self) -> u64 {
        self.size.div_ceil(FRAME as u64).max(1)
    }

    /// Octets stored.
    #[must_use]
    pub fn sealed_size(self) -> u64 {
        self.size + self.frames() * TAG as u64
    }

    /// Whether `index` is the last frame.
    #[must_use]
    pub fn is_last(self, index: u64) -> bool {
        index + 1 == self.frames()
    }

    /// Where the stored octets of frames `frames` are.
    #[must_use]
    pub fn stored(self, frames: &Range<u64>) -> Range<u64> {
        let at = |frame: u64| (frame * SEALED_FRAME as u64).min(self.sealed_size());
        at(frames.start)..at(frames.end)
    }

    /// The frames that hold plaintext `range`, cut to the body's end; `None` when nothing is left.
    #[must_use]
    pub fn span(self, range: Range<u64>) -> Option<FrameSpan> {
        let end = range.end.min(self.size);
        if range.start >= end {
            return None;
        }
        let first = range.start / FRAME as u64;
        let last = (end - 1) / FRAME as u64;
        Some(FrameSpan {
            frames: first..last + 1,
            skip: (range.start % FRAME as u64) as usize,
            length: end - range.start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_of_sizes_at_the_edges() {
        let full = FRAME as u64;
        for (case, size, frames) in [
            ("empty", 0, 1),
            ("one octet", 1, 1),
            ("one full frame", full, 1),
            ("one more octet", full + 1, 2),
            ("two full frames", 2 * full, 2),
        ] {
            assert_eq!(Layout::of(size).frames(), frames, "{case}");
        }
        assert_eq!(Layout::of(10).span(10..20), None);
        assert_eq!(Layout::of(10).span(5..5), None);
        assert_eq!(Layout::of_sealed(0), None);
        assert_eq!(Layout::of_sealed(15), None);
        assert_eq!(
            Layout::of_sealed(SEALED_FRAME as u64 + 16),
            None,
            "a full frame is never followed by an empty one"
        );
    }

    proptest! {
        #[test]
        fn a_span_covers_its_range_and_nothing_needless(size in 0u64..400_000, start in 0u64..400_000, length in 1u64..200_000) {
            let layout = Layout::of(size);
            prop_assert_eq!(Layout::of_sealed(layout.sealed_size()), Some(layout));
            match layout.span(start..start + length) {
                None => prop_assert!(start >= size),
                Some(span) => {
                    let frame = FRAME as u64;
                    prop_assert_eq!(span.frames.start * frame + span.skip as u64, start);
                    prop_assert_eq!(span.length, length.min(size - start));
                    prop_assert!(span.frames.end * frame >= start + span.length);
                    prop_assert!((span.frames.end - 1) * frame < start + span.length);
                    prop_assert!(span.frames.end <= layout.frames());
                    let stored = layout.stored(&span.frames);
                    prop_assert!(stored.end <= layout.sealed_size() && stored.start < stored.end);
                }
            }
        }
    }
}
