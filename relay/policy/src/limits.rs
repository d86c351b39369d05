//! Every size, count and time of this crate, with unit and source.

use names::{DAY, HOUR, MINUTE};

/// Octets of a file the dossier takes: 5 MB (DOMAIN §5.7).
pub const DOCUMENT_SIZE_MAX: u64 = 5_000_000;
/// Characters of a document's title (DOMAIN §5.7).
pub const TITLE_CHARS_MAX: usize = 50;
/// Octets [`crate::filing::sniff`] wants to see; it works with fewer.
pub const SNIFF_OCTETS: usize = 512;
/// Pixels below which, in either direction, an image that claims to be an attachment is taken for
/// the logo or line of a signature. A photographed document is ten times that. (ours)
pub const LOGO_PIXELS: u32 = 64;
/// Octets below which an image without known dimensions is taken for one: a 1×1 spy pixel, a rule,
/// a small icon. (ours)
pub const LOGO_OCTETS: u64 = 2_000;
/// One letter alert per profile and this time, in ms (DESIGN §2.5).
pub const ALERT_WINDOW: i64 = HOUR;
/// Waits between tries of an alert, in ms; then the last one again and again. (ours)
pub const ALERT_WAITS: [i64; 5] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR];
/// Age at which an alert is given up, in ms: as waiting mail (DESIGN §6).
pub const ALERT_EXPIRY: i64 = 2 * DAY;
/// Years at which a child comes of age (Code civil, article 414).
pub const MAJORITY_YEARS: i64 = 18;
