//! A professional, and an organisation.

use askama::Template;

use super::{ActLine, Answer, Frame, ProofField, When};

/// The page of a professional.
#[derive(Template, Clone, Debug)]
#[template(path = "console/person.html")]
pub struct Person {
    /// What surrounds it.
    pub frame: Frame,
    /// Their name.
    pub name: String,
    /// Their page.
    pub href: String,
    /// Facts: label and value.
    pub facts: Vec<(&'static str, String)>,
    /// Their mailboxes, and those they use.
    pub mailboxes: Vec<Answer>,
    /// Whether their passwords and factors are whoever asks'.
    pub may_reset: bool,
    /// Whether a departure can be carried out.
    pub may_depart: bool,
    /// Application passwords in use.
    pub devices: Vec<Device>,
    /// Last acts, newest first.
    pub acts: Vec<ActLine>,
}

/// An application password.
#[derive(Clone, Debug)]
pub struct Device {
    /// The device it is for.
    pub label: String,
    /// When it was made.
    pub created: When,
    /// Sealed reference for the form.
    pub reference: String,
}

/// The form of a new application password.
#[derive(Template, Clone, Debug)]
#[template(path = "console/new_password.html")]
pub struct NewPassword {
    /// What surrounds it.
    pub frame: Frame,
    /// Whose: a professional's name, or the address of a machine's mailbox.
    pub name: String,
    /// What will happen, one by one.
    pub effects: Vec<&'static str>,
    /// Where the form goes.
    pub action: String,
    /// Where one goes instead.
    pub back: String,
    /// Makes a second click the same as the first.
    pub mark: String,
    /// What was typed as device.
    pub label: String,
    /// Why it was not done.
    pub error: Option<&'static str>,
    /// The second factor, when it must be shown again.
    pub proof: ProofField,
}

/// Lost factors.
#[derive(Template, Clone, Debug)]
#[template(path = "console/reset.html")]
pub struct ResetForm {
    /// What surrounds it.
    pub frame: Frame,
    /// Whose.
    pub name: String,
    /// Their page.
    pub href: String,
    /// Whether it is known where codes go.
    pub known: bool,
    /// What was typed as address.
    pub email: String,
    /// What was typed as number.
    pub phone: String,
    /// Why it was not done.
    pub error: Option<String>,
    /// The second factor, when it must be shown again.
    pub proof: ProofField,
}

/// A secret that is shown this once.
#[derive(Template, Clone, Debug)]
#[template(path = "console/secret.html")]
pub struct Secret {
    /// What surrounds it.
    pub frame: Frame,
    /// What was done.
    pub heading: String,
    /// The secret.
    pub secret: String,
    /// What to do with it.
    pub words: String,
    /// Where one goes then.
    pub href: String,
}

/// What a departure did.
#[derive(Template, Clone, Debug)]
#[template(path = "console/departed.html")]
pub struct Departed {
    /// What surrounds it.
    pub frame: Frame,
    /// Who.
    pub name: String,
    /// What was done, one by one.
    pub effects: Vec<String>,
    /// Their page.
    pub href: String,
}

/// The page of an organisation.
#[derive(Template, Clone, Debug)]
#[template(path = "console/organisation.html")]
pub struct Organisation {
    /// What surrounds it.
    pub frame: Frame,
    /// Its name.
    pub name: String,
    /// Facts: label and value.
    pub facts: Vec<(&'static str, String)>,
    /// Its mailboxes.
    pub mailboxes: Vec<Answer>,
}
