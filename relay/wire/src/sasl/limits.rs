//! Every size of a sign-in, in one table.

/// Octets of a login or of an authorisation identity (RFC 4616 §2).
pub const IDENTITY: usize = 255;
/// Octets of a password, capped before anything is hashed (RELIABILITY A-03).
pub const SECRET: usize = 1_024;
/// Octets of a bearer token. Tokens of the national identity provider have about 2,000; what fits
/// in a sign-in line (RFC 4954 §4) with its login must fit here.
pub const TOKEN: usize = 8_192;
/// Octets of a client's nonce (RFC 5802 names no limit; clients send 16 to 64).
pub const NONCE: usize = 256;
/// Octets of an answer in the middle of an exchange, decoded: a final message of SCRAM with two
/// nonces, a binding and a proof has less than half of it.
pub const RESPONSE: usize = 2_048;
