//! Bodies as a stream of sealed frames (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
//! Vizár, 2015): the nonce of a frame is its number and whether it is the last, so frames cannot be
//! cut off, left out, repeated or change places. Whether it is packed is in the nonce too: what was kept as it is
//! never passes for something packed.

use std::ops::Range;

use names::Entropy;
use zeroize::Zeroize as _;

use crate::layout::Form;
use crate::limits::{FRAME, NONCE};
use crate::pack::{pack, unpack};
use crate::{Cipher, Key, Layout, Tampered};

/// Seals one body. It makes its own key, so that no two bodies ever share frame nonces.
pub struct FrameSealer {
    cipher: Cipher,
    context: Vec<u8>,
    /// Plaintext of the frame being filled; a full one waits here until it is known not to be the last.
    pending: Vec<u8>,
    /// Where it is packed.
    packed: Vec<u8>,
    /// Octets of each frame sealed, without its tag.
    lengths: Vec<usize>,
}

/// Which frame of a body.
#[derive(Clone, Copy)]
enum Place {
    Inner,
    Last,
}

impl FrameSealer {
    /// Begins a body bound to `context` (its id), and gives the fresh message key.
    #[must_use]
    pub fn new(context: &[u8], entropy: &Entropy) -> (Self, Key) {
        let key = Key::random(entropy);
        let (cipher, context) = (key.cipher(), context.to_vec());
        (Self { cipher, context, pending: Vec::new(), packed: Vec::new(), lengths: Vec::new() }, key)
    }

    /// Takes more plaintext, in pieces of any size; appends to `out` each frame that is complete.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        while !plain.is_empty() {
            if self.pending.len() == FRAME {
                self.seal_pending(Place::Inner, out);
            }
            let taken = plain.len().min(FRAME - self.pending.len());
            self.pending.extend_from_slice(&plain[..taken]);
            plain = &plain[taken..];
        }
    }

    /// Appends the last frame; gives where everything stands.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Layout {
        let size = (self.lengths.len() * FRAME + self.pending.len()) as u64;
        self.seal_pending(Place::Last, out);
        Layout::stored_in(size, &self.lengths)
    }

    fn seal_pending(&mut self, place: Place, out: &mut Vec<u8>) {
        let (form, text) = match pack(&self.pending, &mut self.packed) {
            true => (Form::Packed, &self.packed),
            false => (Form::Plain, &self.pending),
        };
        let nonce = nonce(self.lengths.len() as u64, place, form);
        self.cipher.seal_at(nonce, &self.context, text, out);
        self.lengths.push(text.len());
        self.pending.clear();
    }
}

impl Drop for FrameSealer {
    fn drop(&mut self) {
        self.pending.zeroize();
        self.packed.zeroize();
    }
}

/// Opens frames of one body, in any order.
pub struct FrameOpener {
    cipher: Cipher,
    context: Vec<u8>,
    layout: Layout,
}

impl FrameOpener {
    /// The opener of the body bound to `context`, of `layout`, under its message key. A layout that
    /// is not the true one opens nothing of the last frame.
    #[must_use]
    pub fn new(key: &Key, context: &[u8], layout: Layout) -> Self {
        Self { cipher: key.cipher(), context: context.to_vec(), layout }
    }

    /// Where the frames of this body stand.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The plaintext of these frames, of which `sealed` is all that is stored.
    pub fn open(&self, frames: Range<u64>, mut sealed: Vec<u8>) -> Result<Vec<u8>, Tampered> {
        let stored = self.layout.stored(&frames);
        let known = frames.start < frames.end && frames.end <= self.layout.frames();
        if !known || stored.end - stored.start != sealed.len() as u64 {
            return Err(Tampered);
        }
        if frames.clone().any(|frame| self.layout.form(frame) == Form::Packed) {
            return self.unpacked(frames, &mut sealed);
        }
        // They open in place; then their plaintexts are moved together over the tags.
        let mut plain = 0;
        for frame in frames {
            let place = self.place_in(stored.start, frame);
            let opened = self.open_one(frame, &mut sealed[place.clone()])?;
            sealed.copy_within(place.start..place.start + opened, plain);
            plain += opened;
        }
        sealed.truncate(plain);
        Ok(sealed)
    }

    fn unpacked(&self, frames: Range<u64>, sealed: &mut [u8]) -> Result<Vec<u8>, Tampered> {
        let begin = self.layout.stored(&frames).start;
        let mut plain = Vec::with_capacity(frames.clone().map(|frame| self.layout.holds(frame)).sum());
        for frame in frames {
            let sealed = &mut sealed[self.place_in(begin, frame)];
            let opened = self.open_one(frame, sealed)?;
            match self.layout.form(frame) {
                Form::Plain => plain.extend_from_slice(&sealed[..opened]),
                Form::Packed => unpack(&sealed[..opened], self.layout.holds(frame), &mut plain)?,
            }
        }
        Ok(plain)
    }

    /// Where a frame stands in what is stored from `begin` on.
    fn place_in(&self, begin: u64, frame: u64) -> Range<usize> {
        let stored = self.layout.stored(&(frame..frame + 1));
        (stored.start - begin) as usize..(stored.end - begin) as usize
    }

    /// Opens a frame in place; answers how many octets it has then.
    fn open_one(&self, frame: u64, sealed: &mut [u8]) -> Result<usize, Tampered> {
        let place = if self.layout.is_last(frame) { Place::Last } else { Place::Inner };
        self.cipher.open_at(nonce(frame, place, self.layout.form(frame)), &self.context, sealed)
    }
}

/// First bit clear (see `key::RANDOM_NONCE`), then whether it is the last and whether it is packed, then the frame
/// number.
fn nonce(index: u64, place: Place, form: Form) -> [u8; NONCE] {
    let last = match place {
        Place::Inner => 0,
        Place::Last => 1,
    };
    let packed = match form {
        Form::Plain => 0,
        Form::Packed => 2,
    };
    let mut nonce = [0; NONCE];
    nonce[1] = last | packed;
    nonce[4..].copy_from_slice(&index.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting_entropy;
    use crate::limits::SEALED_FRAME;
    use proptest::prelude::*;

    fn sealed(plain: &[u8], cuts: &[usize]) -> (Vec<u8>, Layout, Key) {
        let (mut sealer, key) = FrameSealer::new(b"body 7", &counting_entropy());
        let mut out = Vec::new();
        let mut from = 0;
        for &cut in cuts {
            let cut = cut.clamp(from, plain.len());
            sealer.push(&plain[from..cut], &mut out);
            from = cut;
        }
        sealer.push(&plain[from..], &mut out);
        let layout = sealer.finish(&mut out);
        assert_eq!((layout.size(), layout.sealed_size()), (plain.len() as u64, out.len() as u64));
        (out, layout, key)
    }

    /// All frames, first together, then one by one.
    fn opened(stored: &[u8], key: &Key, context: &[u8], layout: &Layout) -> Result<Vec<u8>, Tampered> {
        let opener = FrameOpener::new(key, context, layout.clone());
        let whole = opener.open(0..layout.frames(), stored.to_vec());
        let mut plain = Vec::new();
        for index in 0..layout.frames() {
            let at = layout.stored(&(index..index + 1));
            let piece = stored.get(at.start as usize..at.end as usize).ok_or(Tampered)?;
            plain.extend(opener.open(index..index + 1, piece.to_vec())?);
        }
        if stored.len() as u64 != layout.sealed_size() {
            assert_eq!(whole, Err(Tampered));
            return Err(Tampered);
        }
        assert!(whole.as_ref() == Ok(&plain));
        Ok(plain)
    }

    fn body(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at * 31 + at / 251) as u8).collect()
    }

    /// A letter with a document: `size` octets, nearly all of them base64 in lines.
    fn document(size: usize) -> Vec<u8> {
        let head = b"Content-Transfer-Encoding: base64\r\n\r\n".to_vec();
        let line = |at: usize| {
            let line = (0..76).map(move |column| {
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                    [(at * 7 + column * 5) % 64]
            });
            line.chain(*b"\r\n")
        };
        head.into_iter().chain((0..).flat_map(line)).take(size).collect()
    }

    #[test]
    fn a_body_read_back_from_the_middle_opens_only_its_frames() {
        for plain in [body(3 * FRAME + 100), document(3 * FRAME + 100)] {
            let (stored, layout, key) = sealed(&plain, &[]);
            let opener = FrameOpener::new(&key, b"body 7", layout);
            let span = opener.layout().span(70_000..70_010).unwrap();
            assert_eq!(span.frames, 1..2);
            let at = opener.layout().stored(&span.frames);
            let frame = opener.open(1..2, stored[at.start as usize..at.end as usize].to_vec()).unwrap();
            assert_eq!(frame[span.skip..span.skip + 10], plain[70_000..70_010]);
            assert_eq!(opener.open(1..1, Vec::new()), Err(Tampered));
            assert_eq!(opener.open(4..5, Vec::new()), Err(Tampered));
        }
    }

    #[test]
    fn a_document_is_stored_in_three_quarters_and_its_layout_is_told_by_the_cuts() {
        let plain = document(2 * FRAME + 9_000);
        let (stored, layout, key) = sealed(&plain, &[]);
        assert!(stored.len() * 100 < plain.len() * 74, "{} octets for {}", stored.len(), plain.len());
        let layout = Layout::cut(plain.len() as u64, &layout.cuts().unwrap()).unwrap();
        assert!(opened(&stored, &key, b"body 7", &layout).unwrap() == plain);
    }

    #[test]
    fn frames_packed_and_not_stand_beside_each_other() {
        let plain = [&body(FRAME)[..], &document(FRAME), &body(FRAME), &document(900)].concat();
        let (stored, layout, key) = sealed(&plain, &[]);
        let forms: Vec<_> = (0..4).map(|frame| layout.form(frame)).collect();
        assert_eq!(forms, [Form::Plain, Form::Packed, Form::Plain, Form::Packed]);
        assert!(opened(&stored, &key, b"body 7", &layout).unwrap() == plain);
    }

    #[test]
    fn what_was_kept_as_it_is_does_not_pass_for_something_packed() {
        // A sender wrote what unpacks to a longer text, and somebody turned the size in the row.
        let mut packed = Vec::new();
        assert!(pack(&document(1_000), &mut packed));
        let (stored, layout, key) = sealed(&packed, &[]);
        assert_eq!(layout.form(0), Form::Plain);
        let forged = Layout::stored_in(1_000, &[packed.len()]);
        assert_eq!(forged.form(0), Form::Packed);
        assert_eq!(opened(&stored, &key, b"body 7", &forged), Err(Tampered));
    }

    #[test]
    fn frames_that_change_places_do_not_open() {
        let plain = body(3 * FRAME);
        let (stored, layout, key) = sealed(&plain, &[]);
        let mut swapped = stored[SEALED_FRAME..2 * SEALED_FRAME].to_vec();
        swapped.extend_from_slice(&stored[..SEALED_FRAME]);
        swapped.extend_from_slice(&stored[2 * SEALED_FRAME..]);
        assert_eq!(opened(&swapped, &key, b"body 7", &layout), Err(Tampered));
    }

    #[test]
    fn a_body_cut_at_a_frame_does_not_pass_for_a_shorter_one() {
        let plain = body(2 * FRAME);
        let (stored, _, key) = sealed(&plain, &[]);
        let shorter = Layout::of(FRAME as u64);
        assert_eq!(opened(&stored[..SEALED_FRAME], &key, b"body 7", &shorter), Err(Tampered));
    }

    #[test]
    fn two_bodies_never_share_a_key() {
        let entropy = counting_entropy();
        let (_, first) = FrameSealer::new(b"1", &entropy);
        let (_, second) = FrameSealer::new(b"2", &entropy);
        assert_ne!(first.bytes(), second.bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_body_pushed_in_any_pieces_opens_and_any_damage_does_not(
            size in prop_oneof![0usize..200, FRAME - 2..FRAME + 3, 2 * FRAME - 2..2 * FRAME + 3],
            mut cuts in proptest::collection::vec(0usize..2 * FRAME, 0..6),
            bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), wrong in 0u64..200_000,
        ) {
            cuts.sort_unstable();
            for plain in [body(size), document(size)] {
                let (stored, layout, key) = sealed(&plain, &cuts);
                prop_assert!(opened(&stored, &key, b"body 7", &layout).as_ref() == Ok(&plain));
                prop_assert_eq!(opened(&stored, &key, b"body 8", &layout), Err(Tampered));
                let short = &stored[..cut.index(stored.len())];
                prop_assert_eq!(opened(short, &key, b"body 7", &layout), Err(Tampered));
                if wrong != size as u64 {
                    prop_assert_eq!(opened(&stored, &key, b"body 7", &Layout::of(wrong)), Err(Tampered));
                    let cuts = layout.cuts().and_then(|cuts| Layout::cut(wrong, &cuts));
                    prop_assert!(cuts.is_none_or(|layout| opened(&stored, &key, b"body 7", &layout).is_err()));
                }
                let mut flipped = stored;
                let bit = bit.index(flipped.len() * 8);
                flipped[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(opened(&flipped, &key, b"body 7", &layout), Err(Tampered));
            }
        }
    }
}
