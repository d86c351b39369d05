//! Where the octets of a sealed body stand: arithmetic of frames, no cryptography.

use std::ops::Range;
use std::sync::Arc;

use crate::limits::{FRAME, SEALED_FRAME, TAG};

/// Cut of a body of a known size into frames. Every frame but the last holds as many octets of plaintext; an empty
/// body is one empty frame, so that its emptiness is authenticated too. A packed frame is stored in fewer octets
/// than it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    size: u64,
    /// Where each frame ends as stored, when one of them is packed.
    ends: Option<Arc<[u64]>>,
}

/// How the octets of a frame are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As they are.
    Plain,
    /// With what its lines of base64 carry.
    Packed,
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
    /// The layout of a body of `size` octets of plaintext, none of its frames packed.
    #[must_use]
    pub fn of(size: u64) -> Self {
        Self { size, ends: None }
    }

    /// The layout of `size` octets of plaintext that [`Layout::cuts`] told of; `None` if it never told this.
    #[must_use]
    pub fn cut(size: u64, cuts: &[u8]) -> Option<Self> {
        let (lengths, rest) = cuts.as_chunks::<2>();
        let lengths: Vec<usize> =
            lengths.iter().map(|length| usize::from(u16::from_be_bytes(*length)) + 1).collect();
        let layout = Self::stored_in(size, &lengths);
        (rest.is_empty() && layout.cuts().as_deref() == Some(cuts)).then_some(layout)
    }

    /// The layout of `size` octets whose frames are stored in so many octets each, without their tags.
    pub(crate) fn stored_in(size: u64, lengths: &[usize]) -> Self {
        let plain = Self::of(size);
        let fits = |(frame, length): (u64, &usize)| *length <= plain.holds(frame);
        let whole = lengths.len() as u64 == plain.frames() && (0..).zip(lengths).all(fits);
        let packed = (0..).zip(lengths).any(|(frame, length)| *length < plain.holds(frame));
        if !whole || !packed {
            return plain;
        }
        let ends = lengths.iter().scan(0, |end, length| {
            *end += (length + TAG) as u64;
            Some(*end)
        });
        Self { size, ends: Some(ends.collect()) }
    }

    /// What must be kept beside the size of a body with a packed frame: how many octets each frame is stored in,
    /// less its tag and less one, in two octets each. `None` when no frame is packed.
    #[must_use]
    pub fn cuts(&self) -> Option<Vec<u8>> {
        self.ends.as_ref()?;
        let cut = |frame| {
            let stored = self.stored(&(frame..frame + 1));
            ((stored.end - stored.start) as usize - TAG - 1) as u16
        };
        Some((0..self.frames()).flat_map(|frame| cut(frame).to_be_bytes()).collect())
    }

    /// Octets of plaintext in this frame.
    pub(crate) fn holds(&self, frame: u64) -> usize {
        self.size.saturating_sub(frame * FRAME as u64).min(FRAME as u64) as usize
    }

    /// How this frame is kept.
    pub(crate) fn form(&self, frame: u64) -> Form {
        let stored = self.stored(&(frame..frame + 1));
        match (stored.end - stored.start) as usize == self.holds(frame) + TAG {
            true => Form::Plain,
            false => Form::Packed,
        }
    }

    /// The layout of `sealed` stored octets, none packed, or `None` when no body is stored in that many.
    #[must_use]
    pub fn of_sealed(sealed: u64) -> Option<Self> {
        let last = sealed.checked_sub(1)? / SEALED_FRAME as u64;
        let layout = Self::of(sealed.checked_sub((last + 1) * TAG as u64)?);
        (layout.sealed_size() == sealed).then_some(layout)
    }

    /// Octets of plaintext.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many frames there are; at least one.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.size.div_ceil(FRAME as u64).max(1)
    }

    /// Octets stored.
    #[must_use]
    pub fn sealed_size(&self) -> u64 {
        match &self.ends {
            Some(ends) => ends.last().copied().unwrap_or(0),
            None => self.size + self.frames() * TAG as u64,
        }
    }

    /// Whether `index` is the last frame.
    #[must_use]
    pub fn is_last(&self, index: u64) -> bool {
        index + 1 == self.frames()
    }

    /// Where the stored octets of frames `frames` are.
    #[must_use]
    pub fn stored(&self, frames: &Range<u64>) -> Range<u64> {
        let at = |frame: u64| match (&self.ends, frame) {
            (_, 0) => 0,
            (Some(ends), _) => ends.get(frame as usize - 1).copied().unwrap_or(self.sealed_size()),
            (None, _) => (frame * SEALED_FRAME as u64).min(self.sealed_size()),
        };
        at(frames.start)..at(frames.end)
    }

    /// The frames that hold plaintext `range`, cut to the body's end; `None` when nothing is left.
    #[must_use]
    pub fn span(&self, range: Range<u64>) -> Option<FrameSpan> {
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

    #[test]
    fn cuts_that_no_layout_gave_are_none() {
        let full = FRAME as u64;
        for (case, size, cuts) in [
            ("no frame", 100, &[][..]),
            ("half a number", 100, &[0]),
            ("no frame is packed", 100, &[0, 99]),
            ("more than the frame holds", 100, &[0, 100]),
            ("too few frames", full + 100, &[0, 9]),
            ("too many frames", 100, &[0, 9, 0, 9]),
            ("an empty body", 0, &[0, 0]),
        ] {
            assert_eq!(Layout::cut(size, cuts), None, "{case}");
        }
        let layout = Layout::cut(full + 100, &[0xff, 0xff, 0, 9]).unwrap();
        assert_eq!((layout.form(0), layout.form(1)), (Form::Plain, Form::Packed));
        assert_eq!(layout.stored(&(1..2)), full + 16..full + 16 + 10 + 16);
        assert_eq!(layout.sealed_size(), full + 42);
    }

    proptest! {
        #[test]
        fn a_layout_with_packed_frames_is_found_again_by_its_cuts(size in 1u64..400_000, seed in any::<u64>()) {
            let plain = Layout::of(size);
            let lengths: Vec<usize> = (0..plain.frames())
                .map(|frame| match seed.rotate_right(frame as u32) % 3 {
                    0 => plain.holds(frame),
                    by => (plain.holds(frame) / (by as usize + 1)).max(1),
                })
                .collect();
            let layout = Layout::stored_in(size, &lengths);
            match layout.cuts() {
                None => prop_assert_eq!(&layout, &plain),
                Some(cuts) => prop_assert_eq!(Layout::cut(size, &cuts), Some(layout.clone())),
            }
            let mut end = 0;
            for (frame, length) in (0..).zip(&lengths) {
                let stored = layout.stored(&(frame..frame + 1));
                prop_assert_eq!(stored.clone(), end..end + (length + TAG) as u64);
                prop_assert_eq!(layout.form(frame) == Form::Packed, *length < plain.holds(frame));
                end = stored.end;
            }
            prop_assert_eq!(layout.sealed_size(), end);
            prop_assert_eq!(layout.stored(&(0..layout.frames())), 0..end);
            prop_assert_eq!(layout.span(0..size), plain.span(0..size));
        }

        #[test]
        fn a_span_covers_its_range_and_nothing_needless(size in 0u64..400_000, start in 0u64..400_000, length in 1u64..200_000) {
            let layout = Layout::of(size);
            prop_assert_eq!(Layout::of_sealed(layout.sealed_size()), Some(layout.clone()));
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
