//! Bodies as a stream of sealed frames (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
//! Vizár, 2015): the nonce of a frame is its number and whether it is the last, so frames cannot be
//! cut off, left out, repeated or change places.

use names::Entropy;

use crate::limits::{FRAME, NONCE, TAG};
use crate::{Cipher, Key, Layout, Tampered};

/// Seals one body. It makes its own key, so that no two bodies ever share frame nonces.
pub struct FrameSealer {
    cipher: Cipher,
    context: Vec<u8>,
    /// Plaintext of the frame being filled; a full one waits here until it is known not to be the last.
    pending: Vec<u8>,
    sealed: u64,
}

impl FrameSealer {
    /// Begins a body bound to `context` (its id), and gives the fresh message key.
    #[must_use]
    pub fn new(context: &[u8], entropy: &Entropy) -> (Self, Key) {
        let key = Key::random(entropy);
        let sealer = Self { cipher: key.cipher(), context: context.to_vec(), pending: Vec::new(), sealed: 0 };
        (sealer, key)
    }

    /// Takes more plaintext, in pieces of any size; appends to `out` each frame that is complete.
    pub fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        while !plain.is_empty() {
            if self.pending.len() == FRAME {
                self.seal_pending(false, out);
            }
            let taken = plain.len().min(FRAME - self.pending.len());
            self.pending.extend_from_slice(&plain[..taken]);
            plain = &plain[taken..];
        }
    }

    /// Appends the last frame; gives the number of octets of plaintext in all.
    pub fn finish(mut self, out: &mut Vec<u8>) -> u64 {
        let size = self.sealed * FRAME as u64 + self.pending.len() as u64;
        self.seal_pending(true, out);
        size
    }

    fn seal_pending(&mut self, last: bool, out: &mut Vec<u8>) {
        self.cipher.seal_at(nonce(self.sealed, last), &self.context, &self.pending, out);
        self.pending.clear();
        self.sealed += 1;
    }
}

impl Drop for FrameSealer {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.pending);
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
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Opens frame `index` in place and gives its plaintext, the first bytes of `sealed`.
    pub fn open<'a>(&self, index: u64, sealed: &'a mut [u8]) -> Result<&'a mut [u8], Tampered> {
        let stored = self.layout.stored(&(index..index.saturating_add(1)));
        if index >= self.layout.frames() || (stored.end - stored.start) != sealed.len() as u64 {
            return Err(Tampered);
        }
        debug_assert!(sealed.len() >= TAG);
        let length = self.cipher.open_at(nonce(index, self.layout.is_last(index)), &self.context, sealed)?;
        Ok(&mut sealed[..length])
    }
}

/// First bit clear (see `key::RANDOM_NONCE`), then the last flag, then the frame number.
fn nonce(index: u64, last: bool) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    nonce[1] = u8::from(last);
    nonce[4..].copy_from_slice(&index.to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting_entropy;
    use crate::limits::SEALED_FRAME;
    use proptest::prelude::*;

    fn sealed(plain: &[u8], cuts: &[usize]) -> (Vec<u8>, Key) {
        let (mut sealer, key) = FrameSealer::new(b"body 7", &counting_entropy());
        let mut out = Vec::new();
        let mut from = 0;
        for &cut in cuts {
            let cut = cut.clamp(from, plain.len());
            sealer.push(&plain[from..cut], &mut out);
            from = cut;
        }
        sealer.push(&plain[from..], &mut out);
        assert_eq!(sealer.finish(&mut out), plain.len() as u64);
        (out, key)
    }

    fn opened(stored: &[u8], key: &Key, context: &[u8], size: u64) -> Result<Vec<u8>, Tampered> {
        let layout = Layout::of(size);
        let opener = FrameOpener::new(key, context, layout);
        let mut plain = Vec::new();
        for index in 0..layout.frames() {
            let at = layout.stored(&(index..index + 1));
            let piece = stored.get(at.start as usize..at.end as usize).ok_or(Tampered)?;
            plain.extend_from_slice(opener.open(index, &mut piece.to_vec())?);
        }
        if stored.len() as u64 == layout.sealed_size() { Ok(plain) } else { Err(Tampered) }
    }

    fn body(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at * 31 + at / 251) as u8).collect()
    }

    #[test]
    fn a_body_read_back_from_the_middle_opens_only_its_frames() {
        let plain = body(3 * FRAME + 100);
        let (stored, key) = sealed(&plain, &[]);
        let opener = FrameOpener::new(&key, b"body 7", Layout::of(plain.len() as u64));
        let span = opener.layout().span(70_000..70_010).unwrap();
        assert_eq!(span.frames, 1..2);
        let at = opener.layout().stored(&span.frames);
        let mut piece = stored[at.start as usize..at.end as usize].to_vec();
        let frame = opener.open(1, &mut piece).unwrap();
        assert_eq!(frame[span.skip..span.skip + 10], plain[70_000..70_010]);
    }

    #[test]
    fn frames_that_change_places_do_not_open() {
        let plain = body(3 * FRAME);
        let (stored, key) = sealed(&plain, &[]);
        let mut swapped = stored[SEALED_FRAME..2 * SEALED_FRAME].to_vec();
        swapped.extend_from_slice(&stored[..SEALED_FRAME]);
        swapped.extend_from_slice(&stored[2 * SEALED_FRAME..]);
        assert_eq!(opened(&swapped, &key, b"body 7", plain.len() as u64), Err(Tampered));
    }

    #[test]
    fn a_body_cut_at_a_frame_does_not_pass_for_a_shorter_one() {
        let plain = body(2 * FRAME);
        let (stored, key) = sealed(&plain, &[]);
        assert_eq!(opened(&stored[..SEALED_FRAME], &key, b"body 7", FRAME as u64), Err(Tampered));
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
            let plain = body(size);
            let size = plain.len() as u64;
            let (stored, key) = sealed(&plain, &cuts);
            prop_assert_eq!(stored.len() as u64, Layout::of(size).sealed_size());
            prop_assert_eq!(opened(&stored, &key, b"body 7", size), Ok(plain));
            prop_assert_eq!(opened(&stored, &key, b"body 8", size), Err(Tampered));
            prop_assert_eq!(opened(&stored[..cut.index(stored.len())], &key, b"body 7", size), Err(Tampered));
            if wrong != size {
                prop_assert_eq!(opened(&stored, &key, b"body 7", wrong), Err(Tampered));
            }
            let mut flipped = stored;
            let bit = bit.index(flipped.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(opened(&flipped, &key, b"body 7", size), Err(Tampered));
        }
    }
}
