//! Choosing somebody, and writing.

use askama::Template;

use super::Chrome;

/// Whom to write to.
#[derive(Template, Clone, Debug)]
#[template(path = "correspondents.html")]
pub struct Choose {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Everybody who ever wrote.
    pub correspondents: Vec<Correspondent>,
}

/// Somebody who wrote once.
#[derive(Clone, Debug)]
pub struct Correspondent {
    /// Name from the directory.
    pub name: String,
    /// Profession or organisation.
    pub role: String,
    /// The page to write on, when one may.
    pub href: Option<String>,
    /// Why one may not.
    pub state: String,
}

/// Search for a pharmacy.
#[derive(Template, Clone, Debug)]
#[template(path = "pharmacies.html")]
pub struct Pharmacies {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What was searched.
    pub query: String,
    /// As "3 pharmacies trouvées pour « Lyon »."; nothing before a search.
    pub found: Option<String>,
    /// The pharmacies.
    pub pharmacies: Vec<Pharmacy>,
    /// Whether there are more.
    pub more: bool,
}

/// A pharmacy of the directory.
#[derive(Clone, Debug)]
pub struct Pharmacy {
    /// Its name.
    pub name: String,
    /// Its address and town.
    pub place: String,
    /// The page to write on.
    pub href: String,
}

/// Whether the form is lit.
#[derive(Clone, Debug)]
pub enum MayWrite {
    /// It is.
    Yes,
    /// It is not, and why.
    No {
        /// The reason.
        words: String,
    },
}

/// A refusal of one field.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// Its id on the page; empty when it is about none.
    pub field: &'static str,
    /// The sentence.
    pub words: String,
}

/// An answer or a new message.
#[derive(Template, Clone, Debug)]
#[template(path = "compose.html")]
pub struct Compose {
    /// What surrounds it.
    pub chrome: Chrome,
    /// As "Répondre à Dr Claire MARTIN".
    pub heading: String,
    /// Where the way back leads.
    pub back: String,
    /// Name from the directory.
    pub correspondent: String,
    /// Profession or organisation.
    pub role: String,
    /// Whether one may.
    pub standing: MayWrite,
    /// Where the form goes.
    pub action: String,
    /// Makes a second click harmless.
    pub submission: String,
    /// The subject's field, on a new message only.
    pub subject: Option<String>,
    /// What was typed.
    pub text: String,
    /// "Votre message indiquera…", when writing for somebody else.
    pub mention: Option<String>,
    /// As the reminder about paper prescriptions.
    pub hint: Option<String>,
    /// What to correct.
    pub errors: Vec<FieldError>,
    /// Whether files were chosen and must be chosen again.
    pub files_lost: bool,
}

impl Compose {
    /// The sentence beside a field, if something is wrong with it.
    #[must_use]
    pub fn error_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.words.as_str())
    }
}

/// The words of a letter whose writer must sign in again.
#[derive(Template, Clone, Debug)]
#[template(path = "kept.html")]
pub struct Kept {
    /// Where the form goes.
    pub action: String,
    /// The subject, if the form had one.
    pub subject: Option<String>,
    /// What was typed.
    pub text: String,
    /// Whether files were chosen and must be chosen again.
    pub had_files: bool,
}
