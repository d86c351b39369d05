//! What the tests of this room share.

use names::Entropy;

/// Chance for tests: a counter spread by a multiplication, never the same twice.
pub(crate) fn entropy() -> Entropy {
    let next = std::sync::atomic::AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
            let mixed = (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    })
}
