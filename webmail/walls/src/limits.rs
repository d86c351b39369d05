//! Every size, count and time that all pages share, with its unit and where it comes from.

use names::{MINUTE, SECOND};

/// Octets of a posted form without files.
pub const FORM_MAX: usize = 64 * 1024;
/// Octets of a password, before any hashing (RELIABILITY A-03).
pub const PASSWORD_MAX: usize = 1_024;
/// Characters of an identifier, an address or a code typed by a professional.
pub const TYPED_MAX: usize = 254;
/// Time a browser has to send the head of a request.
pub const HEAD_TIMEOUT: i64 = 15 * SECOND;
/// Octets of the head of a request, and of the buffer that reads it.
pub const HEAD_BYTES: usize = 64 * 1024;
/// What is read and thrown away of a browser that we have answered and that still speaks: else the connection is
/// reset, and it shows a broken connection instead of the answer (RFC 9112 §9.6). A letter with its files is so much.
pub const HEAR_OUT: net::HearOut =
    net::HearOut { octets: 32 * 1024 * 1024, time: std::time::Duration::from_secs(2) };
/// Life of the cookie that binds a sign-in under way.
pub const SIGN_IN_LIFE: i64 = 30 * MINUTE;
