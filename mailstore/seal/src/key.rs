//! A key of thirty-two bytes, and the cipher made from it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use names::Entropy;
use zeroize::Zeroizing;

use crate::{Tampered, limits};

/// First byte of every random nonce has this bit, no frame nonce has it: one message key may seal
/// both its frames (counted) and small values (random) and no nonce comes twice.
const RANDOM_NONCE: u8 = 0x80;

/// Thirty-two secret bytes, wiped when dropped, never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; limits::KEY]>);

impl Key {
    /// A fresh key.
    #[must_use]
    pub fn random(entropy: &Entropy) -> Self {
        Self::from_bytes(entropy.bytes())
    }

    /// The key these bytes are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; limits::KEY]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key of one purpose under this one (HKDF-SHA-256, RFC 5869): knowing it tells nothing of
    /// this key nor of another purpose's.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"pli sealing").extract(&self.0[..]);
        let mut bytes = Zeroizing::new([0; limits::KEY]);
        prk.expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes[..]))
            .expect("32 bytes are one block of HKDF-SHA-256");
        Self(bytes)
    }

    /// What seals and opens with this key. Making it costs a key schedule: keep it when many values follow.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        let key = UnboundKey::new(&AES_256_GCM, &self.0[..]).expect("the key has 32 bytes");
        Cipher(LessSafeKey::new(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; limits::KEY] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Key(…)")
    }
}

/// AES-256-GCM under one key.
///
/// A small value is stored as `ciphertext ‖ tag ‖ nonce`: the nonce stands last so that opening
/// happens in place. Nonces of small values are random; a key that sealed 2^32 of them should be
/// retired (NIST SP 800-38D §8.3), which no account comes near.
pub struct Cipher(LessSafeKey);

impl Cipher {
    /// Seals a small value for the place `context` names.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8], entropy: &Entropy) -> Vec<u8> {
        let mut nonce: [u8; limits::NONCE] = entropy.bytes();
        nonce[0] |= RANDOM_NONCE;
        let mut out = Vec::with_capacity(plain.len() + limits::OVERHEAD);
        self.seal_at(nonce, context, plain, &mut out);
        out.extend_from_slice(&nonce);
        out
    }

    /// Opens, in place, what [`Cipher::seal`] made for the same `context`.
    pub fn open(&self, context: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, Tampered> {
        let nonce_at = sealed.len().checked_sub(limits::NONCE).ok_or(Tampered)?;
        let mut nonce = [0; limits::NONCE];
        nonce.copy_from_slice(&sealed[nonce_at..]);
        if nonce[0] & RANDOM_NONCE == 0 {
            return Err(Tampered);
        }
        let plain = self.open_at(nonce, context, &mut sealed[..nonce_at])?;
        sealed.truncate(plain);
        Ok(sealed)
    }

    /// Seals a key under this one.
    #[must_use]
    pub fn wrap(&self, context: &[u8], key: &Key, entropy: &Entropy) -> Vec<u8> {
        self.seal(context, &key.bytes()[..], entropy)
    }

    /// Opens what [`Cipher::wrap`] made for the same `context`.
    pub fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Key, Tampered> {
        let plain = Zeroizing::new(self.open(context, wrapped.to_vec())?);
        plain[..].try_into().map(Key::from_bytes).map_err(|_| Tampered)
    }

    /// Appends ciphertext and tag to `out`. The caller answers for the nonce.
    pub(crate) fn seal_at(
        &self,
        nonce: [u8; limits::NONCE],
        context: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.reserve(plain.len() + limits::TAG);
        out.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut out[start..],
            )
            .expect("a value in memory is far below the 64 GiB limit of AES-GCM");
        out.extend_from_slice(tag.as_ref());
    }

    /// Opens ciphertext and tag in place; the plaintext is the first bytes, as many as answered.
    pub(crate) fn open_at(
        &self,
        nonce: [u8; limits::NONCE],
        context: &[u8],
        sealed: &mut [u8],
    ) -> Result<usize, Tampered> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(context), sealed).map(|plain| plain.len()).map_err(|_| Tampered)
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Cipher(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting_entropy;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_never_printed() {
        let key = Key::from_bytes([0x5a; 32]);
        assert_eq!(format!("{key:?} {:?}", key.cipher()), "Key(…) Cipher(…)");
    }

    #[test]
    fn purposes_give_different_keys_and_the_same_purpose_the_same() {
        let key = Key::from_bytes([1; 32]);
        assert_eq!(key.derive("a").bytes(), key.derive("a").bytes());
        assert_ne!(key.derive("a").bytes(), key.derive("b").bytes());
        assert_ne!(key.derive("a").bytes(), Key::from_bytes([2; 32]).derive("a").bytes());
        assert_ne!(key.derive("a").bytes(), key.bytes());
    }

    #[test]
    fn a_wrapped_key_opens_only_in_its_place() {
        let entropy = counting_entropy();
        let (owner, message) = (Key::random(&entropy), Key::random(&entropy));
        let wrapped = owner.cipher().wrap(b"body 1 account 2", &message, &entropy);
        let opened = owner.cipher().unwrap(b"body 1 account 2", &wrapped).unwrap();
        assert_eq!(opened.bytes(), message.bytes());
        assert!(owner.cipher().unwrap(b"body 1 account 3", &wrapped).is_err());
        assert!(message.cipher().unwrap(b"body 1 account 2", &wrapped).is_err());
        let short = owner.cipher().seal(b"body 1 account 2", &[0; 31], &entropy);
        assert!(owner.cipher().unwrap(b"body 1 account 2", &short).is_err());
    }

    proptest! {
        #[test]
        fn a_value_opens_and_any_flipped_bit_or_cut_or_foreign_place_does_not(
            plain in proptest::collection::vec(any::<u8>(), 0..300), bit in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let entropy = counting_entropy();
            let cipher = Key::random(&entropy).cipher();
            let sealed = cipher.seal(b"here", &plain, &entropy);
            prop_assert_eq!(sealed.len(), plain.len() + limits::OVERHEAD);
            prop_assert_eq!(cipher.open(b"here", sealed.clone()), Ok(plain));
            prop_assert_eq!(cipher.open(b"there", sealed.clone()), Err(Tampered));
            let mut flipped = sealed.clone();
            let bit = bit.index(flipped.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(cipher.open(b"here", flipped), Err(Tampered));
            prop_assert_eq!(cipher.open(b"here", sealed[..cut.index(sealed.len())].to_vec()), Err(Tampered));
        }
    }
}
