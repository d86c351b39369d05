//! What the binary decides once for the console.

use std::fmt;

use jiff::tz::TimeZone;
use walls::Origin;

/// What the pages are told by the binary.
#[derive(Clone)]
pub struct Settings {
    /// Where browsers reach them.
    pub origin: Origin,
    /// Root key of sealed references and form tokens; another than other pages have.
    pub root_key: [u8; 32],
    /// The zone of dates.
    pub zone: TimeZone,
    /// How this service is called on a telephone that makes codes.
    pub house: String,
    /// The address of the demonstration's page of what left the house.
    pub outside: Option<String>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("origin", &self.origin).finish_non_exhaustive()
    }
}
