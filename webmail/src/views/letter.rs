//! A letter on the second origin.

use askama::Template;

use super::CleanHtml;

/// The page, framed or alone.
#[derive(Template, Clone, Debug)]
#[template(path = "letter.html")]
pub struct LetterPage {
    /// The tab's title; empty in a frame.
    pub heading: String,
    /// Author and date, when alone.
    pub head: Option<LetterHead>,
    /// A word of ours when there is nothing else to show.
    pub instead: Option<String>,
    /// What the correspondent wrote, part by part.
    pub bodies: Vec<LetterBody>,
}

/// Author and date.
#[derive(Clone, Debug)]
pub struct LetterHead {
    /// Subject.
    pub subject: String,
    /// Name from the directory.
    pub author: String,
    /// Profession or organisation.
    pub role: String,
    /// In words.
    pub when: String,
}

/// What the correspondent wrote.
#[derive(Clone, Debug)]
pub enum LetterBody {
    /// Plain text: escaped by the template.
    Text(String),
    /// Markup that passed the sanitizer.
    Clean(CleanHtml),
}
