//! Before and after a session.

use askama::Template;

/// Login and password.
#[derive(Template, Clone, Debug)]
#[template(path = "console/sign_in.html")]
pub struct SignIn {
    /// Token of the form.
    pub csrf: String,
    /// What was typed as login.
    pub login: String,
    /// Why the last try failed; the same for a wrong password and an unknown login.
    pub error: Option<String>,
}

/// The second factor.
#[derive(Template, Clone, Debug)]
#[template(path = "console/code.html")]
pub struct Code {
    /// Token of the form.
    pub csrf: String,
    /// Why the last try failed.
    pub error: Option<String>,
    /// The demonstration's page of what left the house, which shows the codes.
    pub outside: Option<String>,
}

/// An invitation and a first password.
#[derive(Template, Clone, Debug)]
#[template(path = "console/invitation.html")]
pub struct FirstPassword {
    /// Token of the form.
    pub csrf: String,
    /// What was typed as login.
    pub login: String,
    /// What was typed as code of the invitation.
    pub code: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// A telephone learns to make codes.
#[derive(Template, Clone, Debug)]
#[template(path = "console/second_factor.html")]
pub struct SecondFactor {
    /// Token of the form.
    pub csrf: String,
    /// The picture: squares, made here from the secret.
    pub picture: String,
    /// The secret in letters.
    pub secret: String,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// Recovery codes, shown this once.
#[derive(Template, Clone, Debug)]
#[template(path = "console/recovery.html")]
pub struct Recovery {
    /// One by one.
    pub codes: Vec<String>,
}

/// After the session ended.
#[derive(Template, Clone, Debug)]
#[template(path = "console/goodbye.html")]
pub struct Goodbye;

/// Something went wrong.
#[derive(Template, Clone, Debug)]
#[template(path = "console/error.html")]
pub struct Oops {
    /// What happened, as a title.
    pub heading: &'static str,
    /// In a sentence or two.
    pub words: &'static str,
}
