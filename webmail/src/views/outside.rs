//! The demo's outside box.

use askama::Template;

use super::When;

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "outside.html")]
pub struct Outside {
    /// Newest first.
    pub mails: Vec<OutsideLine>,
}

/// One alert or code.
#[derive(Clone, Debug)]
pub struct OutsideLine {
    /// Where it went.
    pub to: String,
    /// Its subject; empty for an SMS.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When it left.
    pub when: When,
}
