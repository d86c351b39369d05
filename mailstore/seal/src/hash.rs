//! Keyed hashes: how sealed identifiers are found again.

use aws_lc_rs::hmac;

use crate::Key;

/// HMAC-SHA-256 under a key that never leaves the server: equal inputs hash alike, and a stolen dump
/// cannot be searched by trying every INS.
///
/// The key comes from the *first* epoch of the master keys: a hash is an index, and rotating it means
/// writing every row again.
pub struct HashKey(hmac::Key);

impl HashKey {
    pub(crate) fn new(key: &Key) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.bytes()))
    }

    /// The hash of `bytes`. The caller folds them to one comparison form first.
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0, bytes).as_ref());
        hash
    }

    /// The first sixteen bytes of the hash: enough to be unique among 2^40 values, and half the index.
    #[must_use]
    pub fn short(&self, bytes: &[u8]) -> [u8; 16] {
        let mut short = [0; 16];
        short.copy_from_slice(&self.hash(bytes)[..16]);
        short
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HashKey(…)")
    }
}
