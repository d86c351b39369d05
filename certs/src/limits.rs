//! Every size, count and time of this crate.

use names::{DAY, HOUR, MINUTE};

/// How long a list of revoked certificates still counts after its `nextUpdate`, in milliseconds,
/// unless configured otherwise (DESIGN §6).
pub const LIST_GRACE: i64 = 24 * HOUR;

/// Octets of a list of revoked certificates: some 400,000 entries. The largest lists of public
/// authorities are of this order; an authority for organisations has a few thousand.
pub const LIST_SIZE: usize = 16 * 1024 * 1024;

/// How far ahead of our clock a list's `thisUpdate` may be, in milliseconds.
pub(crate) const CLOCK_SKEW: i64 = 5 * MINUTE;

/// Certificates of one file of authorities: a trust space has a handful.
pub(crate) const AUTHORITIES: usize = 64;

/// Bits of an RSA key (RELIABILITY §3.1).
pub(crate) const RSA_BITS: usize = 2_048;

/// Days before the end at which the expiry of our own certificate is announced (RELIABILITY T-13).
pub(crate) const EXPIRY_ALARMS: [i64; 4] = [30 * DAY, 14 * DAY, 7 * DAY, DAY];
