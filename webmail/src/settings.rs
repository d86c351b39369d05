//! What the binary decides once: the two origins, the root key, the zone, the demo's outside box.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use names::Timestamp;

use crate::Origin;

/// One alert or code that left the house, as the demo's page shows it.
#[derive(Clone, Debug)]
pub struct OutsideMail {
    /// The ordinary address or phone number it went to.
    pub to: String,
    /// Its subject; empty for an SMS.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When it left.
    pub at: Timestamp,
}

/// Where the demo's page "boîte extérieure" reads what left the house, newest first.
#[derive(Clone)]
pub struct OutsideBox(pub Arc<dyn Fn() -> Vec<OutsideMail> + Send + Sync>);

impl fmt::Debug for OutsideBox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OutsideBox")
    }
}

/// What the pages are told by the binary.
#[derive(Clone)]
pub struct Settings {
    /// Where forms and cookies live.
    pub app: Origin,
    /// Where letters and files are shown: another host name, no cookies.
    pub files: Origin,
    /// Root key of sealed references and form tokens. Kept by the binary across restarts, shared by
    /// all nodes of a deployment.
    pub root_key: [u8; 32],
    /// The zone of dates, for profiles that name none.
    pub zone: TimeZone,
    /// Set by the demo only: mounts the page "boîte extérieure".
    pub outside_box: Option<OutsideBox>,
    /// What mail programs are told under the names that they try, when any are ours.
    pub discovery: Option<crate::Discovery>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("app", &self.app)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
