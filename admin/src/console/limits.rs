//! Every size, count and time of the console, with its unit and where it comes from.

use names::HOUR;

/// Characters of a recovery code or of six digits, as typed.
pub const CODE_MAX: usize = 40;
/// Life of the session cookie in the browser; the server ends the session earlier when idle.
pub const SESSION_LIFE: i64 = 8 * HOUR;
/// Characters of a search.
pub const QUERY_MAX: usize = 120;
/// Characters of where a page of answers begins, as the register writes it.
pub const TOKEN_MAX: usize = 80;
/// Lines of a table or of a list on one page; the rest is in files.
pub const LINES: usize = 100;
/// Characters of a name, of a number, of a date typed by support.
pub const NAME_MAX: usize = 80;
/// Octets of a form with a trust list: the real one has some 4 MB (DOMAIN §1.1), and it stands in memory.
pub const UPLOAD_MAX: usize = 16 * 1024 * 1024;
/// Answers of a search on one page.
pub const ANSWERS: usize = 25;
/// Lines of the trail on the page of a mailbox.
pub const LAST_ACTS: u32 = 10;
/// Pixels of a side of the picture of squares that a telephone reads.
pub const QR_SIDE: u32 = 240;
