//! Sealing at rest: what a stolen disk must not tell.
//!
//! Pure cryptography over AES-256-GCM, HKDF and HMAC-SHA-256 of one provider (aws-lc-rs); chance is
//! handed in as [`names::Entropy`]. Nothing here knows a table or a message: callers bind each sealed
//! value to its place with *associated data* (an id, an account), so that a value moved to another
//! row does not open.
//!
//! - [`Key`] and [`Cipher`]: thirty-two bytes, and what one does with them (small values, other keys).
//! - [`MasterKeys`]: the keys outside the data folder, by epoch; [`Vault`] seals small values under
//!   them for one purpose, [`HashKey`] finds what is sealed (INS, addresses) by keyed hash.
//! - [`FrameSealer`], [`FrameOpener`], [`Layout`]: bodies as a stream of 64 KiB frames, opened in any order; the
//!   base64 in them is kept as what it carries.
//!
//! ```
//! # use names::Entropy;
//! # let entropy = Entropy::new(|bytes| bytes.fill(7));
//! let key = seal::Key::random(&entropy);
//! let sealed = key.cipher().seal(b"subject of 12", b"Resultats", &entropy);
//! assert_eq!(key.cipher().open(b"subject of 12", sealed).unwrap(), b"Resultats");
//! ```
#![warn(missing_docs)]

mod frames;
mod hash;
mod key;
mod layout;
pub mod limits;
mod master;
mod pack;
mod vault;

pub use frames::{FrameOpener, FrameSealer};
pub use hash::HashKey;
pub use key::{Cipher, Key};
pub use layout::{FrameSpan, Layout};
pub use master::{Epoch, MasterKeyError, MasterKeys};
pub use vault::Vault;

/// A sealed value did not open: it was changed, cut, moved to another place, or sealed under another
/// key. Which of these is not knowable, and would help only an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was damaged, moved or sealed under another key")]
pub struct Tampered;

#[cfg(test)]
pub(crate) fn counting_entropy() -> names::Entropy {
    let next = std::sync::atomic::AtomicU64::new(1);
    names::Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    })
}
