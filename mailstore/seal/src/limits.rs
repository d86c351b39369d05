//! Every size of sealing, with its unit and its reason.

/// Octets of a key: AES-256 and HMAC-SHA-256.
pub const KEY: usize = 32;
/// Octets of an AES-GCM nonce (NIST SP 800-38D §5.2.1.1).
pub const NONCE: usize = 12;
/// Octets of an AES-GCM tag, never shortened (NIST SP 800-38D appendix C).
pub const TAG: usize = 16;
/// Octets a small sealed value grows by: its tag and its nonce.
pub const OVERHEAD: usize = TAG + NONCE;
/// Octets of plaintext in a frame: a partial FETCH opens no more than this before its first octet
/// (DESIGN §2.3).
pub const FRAME: usize = 64 * 1024;
/// Octets of a whole frame as stored.
pub const SEALED_FRAME: usize = FRAME + TAG;
/// Octets of a line of base64 below which it stays as it is: what it saves is what saying so costs.
pub const PACKED_LINE: usize = 24;
/// Octets that packing saves of a frame, or it is left alone: reading it costs more then.
pub const PACKED_GAIN: usize = 64;
/// Octets of base64 that are decoded at once: some 26 lines.
pub const PACKED_GROUP: usize = 2_048;
/// Octets a [`crate::Vault`] value grows by: the epoch, then the overhead of a small value.
pub const VAULT_OVERHEAD: usize = OVERHEAD + 4;
/// Epochs one file of master keys may hold: one a month for some years.
pub const EPOCHS: usize = 128;
/// Octets of a file of master keys: `EPOCHS` lines with room for comments.
pub const MASTER_FILE: u64 = 32 * 1024;
