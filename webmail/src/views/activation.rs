//! The pages of activation, opposition, closing, and of who represents a child.

use askama::Template;

use super::Chrome;

/// Who are you: INS, date of birth, code.
#[derive(Template, Clone, Debug)]
#[template(path = "activation.html")]
pub struct Identify {
    /// Token of the form.
    pub csrf: String,
    /// Whether the date of birth is asked.
    pub birth_date: bool,
    /// Why the last try failed: the same for everything that is wrong.
    pub error: Option<String>,
    /// Where to telephone.
    pub phone: String,
}

/// What somebody may decide who has proved who they are.
#[derive(Template, Clone, Debug)]
#[template(path = "activation_choice.html")]
pub struct Choice {
    /// Token of the forms.
    pub csrf: String,
    /// First name.
    pub given_name: String,
    /// What may be decided.
    pub may: MayDecide,
    /// A minor's space is opened by who represents them.
    pub is_minor: bool,
    /// For a minor: whether somebody is signed in.
    pub signed_in: bool,
    /// Where to telephone.
    pub phone: String,
    /// Why the last decision was not taken.
    pub error: Option<String>,
}

/// What may be decided about a space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MayDecide {
    /// Open it, or oppose until this day.
    OpposeUntil(String),
    /// Open it.
    Open,
    /// Withdraw the opposition.
    Withdraw,
}

/// Login id and password.
#[derive(Template, Clone, Debug)]
#[template(path = "activation_login.html")]
pub struct ChooseLogin {
    /// Token of the form.
    pub csrf: String,
    /// What was typed as login id.
    pub login: String,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// Mail address and telephone.
#[derive(Template, Clone, Debug)]
#[template(path = "activation_contact.html")]
pub struct GiveContact {
    /// Token of the form.
    pub csrf: String,
    /// What was typed.
    pub email: String,
    /// What was typed.
    pub mobile: String,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// The codes that were sent there.
#[derive(Template, Clone, Debug)]
#[template(path = "activation_codes.html")]
pub struct ConfirmContact {
    /// Token of the form.
    pub csrf: String,
    /// The masked address, when it is to be confirmed.
    pub email: Option<String>,
    /// The masked number, when it is to be confirmed.
    pub mobile: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Shows the way to the outside box.
    pub demo: bool,
}

/// Terms and emergency consents.
#[derive(Template, Clone, Debug)]
#[template(path = "activation_agreement.html")]
pub struct Agreement {
    /// Token of the form.
    pub csrf: String,
    /// The child's first name, when somebody opens the space of a child.
    pub child: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// The terms.
#[derive(Template, Clone, Debug)]
#[template(path = "terms.html")]
pub struct Terms {
    /// Their text.
    pub text: String,
}

/// What was decided, and what follows.
#[derive(Template, Clone, Debug)]
#[template(path = "decided.html")]
pub struct Decided {
    /// What happened, as a title.
    pub heading: String,
    /// What follows from it, a paragraph each.
    pub words: Vec<String>,
}

/// The first page of a space that was just opened.
#[derive(Template, Clone, Debug)]
#[template(path = "welcome.html")]
pub struct Welcome {
    /// What surrounds it.
    pub chrome: Chrome,
}

/// Closing one's own space.
#[derive(Template, Clone, Debug)]
#[template(path = "closing.html")]
pub struct Closing {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Years of the archive.
    pub years: i16,
    /// Days until a deletion that is asked for.
    pub days: i64,
    /// Where to telephone.
    pub phone: String,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// A closed space that its person may open again.
#[derive(Template, Clone, Debug)]
#[template(path = "reopening.html")]
pub struct Reopen {
    /// Token of the form.
    pub csrf: String,
    /// Until when this is possible, in words.
    pub until: String,
    /// What says that both factors were shown just now; none when the password is asked for.
    pub reference: Option<String>,
    /// Where to telephone.
    pub phone: String,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// What is allowed in an emergency.
#[derive(Template, Clone, Debug)]
#[template(path = "emergency.html")]
pub struct Emergency {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Whose space, when it is another's.
    pub of: Option<String>,
    /// Whether whoever looks may change it.
    pub may_change: bool,
    /// The emergency medical service may read.
    pub samu: bool,
    /// Any professional may, when the person cannot answer.
    pub professionals: bool,
    /// They may then see masked documents.
    pub masked: bool,
    /// When it was last answered, in words.
    pub answered: Option<String>,
    /// What was just done.
    pub note: Option<String>,
    /// Why nothing was changed.
    pub error: Option<String>,
}

/// Who else represents a child.
#[derive(Template, Clone, Debug)]
#[template(path = "representatives.html")]
pub struct Representatives {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The child whose space is open, when an invitation may be sent.
    pub child: Option<String>,
    /// Invitations that wait for an answer.
    pub received: Vec<ReceivedLine>,
    /// Invitations sent, in words.
    pub asked: Vec<String>,
    /// What was done, or why not.
    pub note: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Where to telephone.
    pub phone: String,
}

/// An invitation that waits.
#[derive(Clone, Debug)]
pub struct ReceivedLine {
    /// In words.
    pub words: String,
    /// Sealed reference for the form.
    pub reference: String,
}
