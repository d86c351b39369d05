//! The documents of a space.

use askama::Template;

use super::{Chrome, Pager};

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "dossier.html")]
pub struct Dossier {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Filters.
    pub categories: Vec<Category>,
    /// Documents by category.
    pub groups: Vec<Group>,
    /// Where one is.
    pub pager: Pager,
}

/// A filter.
#[derive(Clone, Debug)]
pub struct Category {
    /// As "Comptes rendus".
    pub label: String,
    /// Its page.
    pub href: String,
    /// Whether it is the present one.
    pub current: bool,
}

/// Documents of one category.
#[derive(Clone, Debug)]
pub struct Group {
    /// As "Comptes rendus".
    pub label: String,
    /// Newest first.
    pub documents: Vec<Paper>,
}

/// One document.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Its title.
    pub title: String,
    /// As "22 novembre 2026".
    pub day: String,
    /// As "PDF".
    pub kind: &'static str,
    /// As "1,4 Mo".
    pub size: String,
    /// As "Dr Claire MARTIN, Médecin".
    pub author: String,
    /// As "Masqué aux professionnels."; may be empty.
    pub secrecy: String,
    /// Where to keep it from.
    pub download: String,
    /// Where it opens.
    pub view: Option<String>,
    /// The conversation it came with.
    pub letter: Option<String>,
}
