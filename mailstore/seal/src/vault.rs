//! Small values sealed under the master keys, for one purpose, across epochs.

use names::Entropy;

use crate::{Cipher, Epoch, Key, Tampered};

/// Seals under the current epoch, opens under any that is still in the file.
///
/// A stored value is `sealed ‖ epoch` (four bytes, big endian). The epoch is authenticated by being
/// what chooses the key.
pub struct Vault {
    /// One cipher per epoch, oldest first; never empty.
    ciphers: Vec<(Epoch, Cipher)>,
}

impl Vault {
    pub(crate) fn new(ciphers: Vec<(Epoch, Cipher)>) -> Self {
        Self { ciphers }
    }

    /// Seals `plain` for the place `context` names.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8], entropy: &Entropy) -> Vec<u8> {
        let (epoch, cipher) = self.ciphers.last().expect("a vault has the current epoch");
        let mut sealed = cipher.seal(context, plain, entropy);
        sealed.extend_from_slice(&epoch.0.to_be_bytes());
        sealed
    }

    /// Opens what [`Vault::seal`] made for the same `context`.
    pub fn open(&self, context: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, Tampered> {
        let epoch = Self::epoch_of(&sealed).ok_or(Tampered)?;
        let (_, cipher) = self.ciphers.iter().find(|(known, _)| *known == epoch).ok_or(Tampered)?;
        sealed.truncate(sealed.len() - 4);
        cipher.open(context, sealed)
    }

    /// Seals a key.
    #[must_use]
    pub fn wrap(&self, context: &[u8], key: &Key, entropy: &Entropy) -> Vec<u8> {
        self.seal(context, &key.bytes()[..], entropy)
    }

    /// Opens what [`Vault::wrap`] made for the same `context`.
    pub fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Key, Tampered> {
        let plain = zeroize::Zeroizing::new(self.open(context, wrapped.to_vec())?);
        plain[..].try_into().map(Key::from_bytes).map_err(|_| Tampered)
    }

    /// The epoch a stored value was sealed under, so that a rotation finds what to seal again.
    #[must_use]
    pub fn epoch_of(sealed: &[u8]) -> Option<Epoch> {
        sealed.last_chunk().map(|bytes| Epoch(u32::from_be_bytes(*bytes)))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Vault(…)")
    }
}
