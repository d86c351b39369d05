//! Whose space to open.

use askama::Template;

use super::Chrome;

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "profiles.html")]
pub struct Profiles {
    /// What surrounds it.
    pub chrome: Chrome,
    /// One's own first.
    pub profiles: Vec<ProfileLine>,
    /// Whether one's own is closed and may be opened again.
    pub closed: bool,
}

/// One profile.
#[derive(Clone, Debug)]
pub struct ProfileLine {
    /// The person's name.
    pub name: String,
    /// As "Mon espace", "Mon enfant", "Personne que j'aide".
    pub relation: String,
    /// New messages there.
    pub unread: u64,
    /// Whether it is the present one.
    pub current: bool,
    /// Sealed reference for the form.
    pub reference: String,
}
