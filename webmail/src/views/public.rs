//! Pages before sign-in and after it.

use askama::Template;

/// Identifier and password.
#[derive(Template, Clone, Debug)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// Token of the form.
    pub csrf: String,
    /// What was typed as identifier, to spare typing it again.
    pub login: String,
    /// Why the last try failed; the same for a wrong password and an unknown person.
    pub error: Option<String>,
}

/// The code of six digits.
#[derive(Template, Clone, Debug)]
#[template(path = "code.html")]
pub struct Code {
    /// Token of the form.
    pub csrf: String,
    /// Where the form goes.
    pub action: String,
    /// Masked address or number it was sent to, or would have been.
    pub destination: String,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Shows the way to the outside box.
    pub demo: bool,
}

/// After the session ended.
#[derive(Template, Clone, Debug)]
#[template(path = "goodbye.html")]
pub struct Goodbye {
    /// What happened and what to do on a shared computer.
    pub reason: String,
}

/// Something went wrong: what, and where to go.
#[derive(Template, Clone, Debug)]
#[template(path = "error.html")]
pub struct Oops {
    /// What happened, as a title.
    pub heading: String,
    /// In a sentence or two.
    pub words: String,
    /// Where the one button leads.
    pub href: String,
    /// What it says.
    pub action: String,
}
