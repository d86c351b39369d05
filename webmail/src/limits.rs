//! Every size, count and time of this room, with its unit and where it comes from.

use names::{HOUR, MINUTE};

pub use walls::limits::{FORM_MAX, PASSWORD_MAX, SIGN_IN_LIFE, TYPED_MAX};

/// Octets in one attached file (DOMAIN §5.7: 5 MB).
pub const FILE_MAX: usize = 5_000_000;
/// Octets of all files of one answer: base64 and line ends make 18 MB fit the 25,000,000 octets of
/// a letter on the wire (DESIGN §6).
pub const FILES_TOTAL_MAX: usize = 18_000_000;
/// Files in one answer.
pub const FILES_COUNT_MAX: usize = 10;
/// Octets of a posted form that we read at all: a film of some minutes, taken with a telephone. What is over
/// [`FILES_TOTAL_MAX`] is thrown away while it arrives, so that the answer can say what to do.
pub const MULTIPART_MAX: usize = 500_000_000;
/// MiB of files that are held in memory while they arrive, over all answers; each takes what it says it has,
/// [`FILES_TOTAL_MAX`] at most, so that slow telephones with a photograph each do not make others wait.
pub const UPLOADS_MIB: u32 = 96;
/// Characters of a written message.
pub const TEXT_MAX: usize = 50_000;
/// Characters of a subject (RFC 5322 §2.1.1 allows 998 octets a line; people read 150).
pub const SUBJECT_MAX: usize = 150;
/// Characters of a file name we keep (RELIABILITY W-16).
pub const FILE_NAME_MAX: usize = 100;
/// Characters of a search for a pharmacy.
pub const QUERY_MAX: usize = 80;
/// Characters of a sign-in identifier (DOMAIN §6.2).
pub const LOGIN_MAX: usize = 100;
/// Octets of a question that a mail program posts to set itself up: Outlook's are under 1 kB.
pub const DISCOVERY_BODY: usize = 16 * 1024;
/// Octets of the query of such a question.
pub const DISCOVERY_QUERY: usize = 2 * 1024;

/// Octets of an HTML body we clean and show; a larger one is offered as plain text.
pub const HTML_MAX: usize = 2_000_000;
/// Tags of an HTML body times the elements left open at once: what building its tree may cost, since
/// every block opens again the formatting still open above it (HTML "reconstruct the active
/// formatting elements"). An ordinary letter stays under 200,000.
pub const HTML_COST_MAX: usize = 2_000_000;
/// Octets of a plain text body shown on the page.
pub const PLAIN_MAX: usize = 2_000_000;

/// Conversations, documents or history lines on one page.
pub const PAGE_LINES: u32 = 25;
/// Letters of one conversation shown on one page.
pub const PAGE_LETTERS: u32 = 15;
/// Pharmacies shown for one search.
pub const PHARMACIES_MAX: u32 = 20;

/// Life of the address of a framed letter and of its pictures: they load at once.
pub const FRAME_LIFE: i64 = 5 * MINUTE;
/// Life of the address of a file: the browser is sent there by a redirection.
pub const FILE_LIFE: i64 = MINUTE;
/// Life of the session cookie in the browser; the server ends the session earlier when idle.
pub const SESSION_LIFE: i64 = 12 * HOUR;
/// Time a browser has to send a form with files (RELIABILITY S-18): 18 MB at 300 kbit/s.
pub const UPLOAD_TIME: i64 = 10 * MINUTE;

/// Lines of the professionals' journal on its page.
pub const JOURNAL_LINES: usize = 100;
/// Lines of one chain that are read for it, at most: a busy mailbox has one for every letter.
pub const JOURNAL_READ: usize = 2_000;
/// Lines of a chain read at a time.
pub const JOURNAL_READ_PAGE: u32 = 200;
/// Characters of the name of a device.
pub const DEVICE_MAX: usize = 60;
/// Application passwords that one professional may have in use: several devices, several practices.
pub const DEVICES_MAX: usize = 30;
/// Life of the cookie of a sign-in that is at the identity provider.
pub const PROVIDER_LIFE: i64 = 10 * MINUTE;
