//! Who did what in a space.

use askama::Template;

use super::{Chrome, Pager, When};

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "history.html")]
pub struct History {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Newest first.
    pub days: Vec<Day>,
    /// Where one is.
    pub pager: Pager,
}

/// The lines of one day.
#[derive(Clone, Debug)]
pub struct Day {
    /// As "22 novembre 2026".
    pub label: String,
    /// Newest first.
    pub lines: Vec<Line>,
}

/// One act.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub when: When,
    /// Who acted, and for whom.
    pub who: String,
    /// As "a lu un message."
    pub what: String,
}
