//! Every size, count and duration of this room, with its unit and source.

use std::time::Duration;

use names::{DAY, HOUR, MINUTE, SECOND};

/// Octets of a token. A national token with its claims takes about 2 kB; an AUTH line is at most 12 kB
/// (RFC 4954 §4.5.3).
pub const TOKEN_OCTETS: usize = 8 * 1024;
/// Octets of a document of the issuer's (metadata, keys, claims of a user).
pub const DOCUMENT_OCTETS: usize = 256 * 1024;
/// Time to fetch one of them: somebody waits for their sign-in.
pub const FETCH_TIME: Duration = Duration::from_secs(10);
/// How long a sign-in waits for a key of a name that is not known yet: an issuer that is away must not keep
/// it for as long as a fetch may take. (ours)
pub const NEW_KEY_TIME: Duration = Duration::from_secs(3);
/// Keys of one issuer that are looked at.
pub const KEYS: usize = 64;
/// Bits of an RSA key, at least (RFC 7518 §3.3); the library refuses shorter ones, and those over 8192.
pub const RSA_BITS: usize = 2048;
/// How far clocks may differ, in milliseconds (RFC 7519 §4.1.4: "no more than a few minutes").
pub const LEEWAY: i64 = MINUTE;
/// A token that was made longer ago is refused, in milliseconds, whatever it says of its end.
pub const TOKEN_LIFE: i64 = DAY;
/// Keys and metadata are fetched again after this, in milliseconds.
pub const KEYS_FRESH: i64 = HOUR;
/// When they cannot be, the old ones serve this long, in milliseconds.
pub const KEYS_STALE: i64 = DAY;
/// Time between two fetches of one issuer's keys, in milliseconds: an unknown key name costs the issuer
/// at most this many questions.
pub const KEYS_PAUSE: i64 = 30 * SECOND;
/// How long the issuer's word on a token is believed, in milliseconds (RFC 7662 §4: weigh load against
/// liveness).
pub const ANSWER_LIFE: i64 = MINUTE;
/// A session that began with a token whose end the issuer does not tell, in milliseconds.
pub const ENDLESS_SESSION: i64 = HOUR;
/// Answers kept in memory.
pub const ANSWERS: usize = 20_000;
/// Time a person has to sign in at the issuer's page, in milliseconds.
pub const PENDING_LIFE: i64 = 10 * MINUTE;
/// Octets of `state`, `nonce` and the PKCE verifier, before base64 (RFC 7636 §4.1: 32 are recommended).
pub const CHANCE: usize = 32;
/// Characters of a claim that we use.
pub const CLAIM_CHARACTERS: usize = 255;
