//! The first page: search.

use askama::Template;

use super::Frame;

/// Search of mailboxes, people and organisations.
#[derive(Template, Clone, Debug)]
#[template(path = "console/home.html")]
pub struct Home {
    /// What surrounds it.
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    /// How many were found, in words; none before a search.
    pub found: Option<String>,
    /// The page after this one.
    pub next: Option<String>,
    /// The first page, when this is another.
    pub first: Option<String>,
    /// Best first.
    pub mailboxes: Vec<Answer>,
    /// Whether a mailbox may be made.
    pub may_create: bool,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: String,
    /// Its page.
    pub href: String,
    /// More: address, town, state.
    pub more: Vec<String>,
}
