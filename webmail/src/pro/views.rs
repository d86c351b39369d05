//! What each page of the professional space shows, as plain values: made by the pages, rendered by the
//! templates, which escape every one of them.

use askama::Template;

use crate::views::When;

/// What surrounds every page of a professional who is signed in.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Who is signed in: who acts is always shown.
    pub person: String,
    /// What they do, as the directory says.
    pub role: String,
    /// Which entry of the menu is the present one.
    pub place: Place,
    /// The token of this page's forms.
    pub csrf: String,
}

/// Entries of the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Mailboxes and settings.
    Home,
    /// Application passwords.
    Passwords,
    /// Who acts for whom.
    Delegations,
    /// Where one is signed in.
    Sessions,
    /// The last acts.
    Journal,
}

/// The ways in.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/sign_in.html")]
pub struct SignIn {
    /// Token of the forms.
    pub csrf: String,
    /// Where one goes after, as a part of the forms' address: empty, or `?suite=…`.
    pub after: String,
    /// Why one signs in again, when one was in.
    pub again: Option<String>,
    /// What was typed as identifier.
    pub login: String,
    /// Why the last try failed; the same for a wrong password and an unknown person.
    pub error: Option<String>,
    /// What was done before coming here, in words.
    pub notice: Option<String>,
    /// The identity provider's name.
    pub provider: Option<String>,
    /// Whether certificates are taken.
    pub certificates: bool,
}

/// The code of six digits.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/code.html")]
pub struct Code {
    /// Token of the form.
    pub csrf: String,
    /// Where the form goes.
    pub action: String,
    /// Masked address or number it was sent to, or would have been.
    pub destination: String,
    /// Why the last try failed.
    pub error: Option<String>,
    /// The demo's page of what left the house.
    pub outside: Option<String>,
}

/// A first password.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/invitation.html")]
pub struct FirstPassword {
    /// Token of the form.
    pub csrf: String,
    /// What was typed as identifier.
    pub login: String,
    /// What was typed as code of the invitation.
    pub code: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// Mailboxes and settings of mail programs.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/home.html")]
pub struct Home {
    /// What surrounds it.
    pub frame: Frame,
    /// Own ones first.
    pub mailboxes: Vec<MailboxLine>,
    /// For reading.
    pub reading: Vec<DoorLine>,
    /// For writing.
    pub writing: Vec<DoorLine>,
}

/// One mailbox.
#[derive(Clone, Debug)]
pub struct MailboxLine {
    /// Its name, as correspondents see it.
    pub name: String,
    /// Its address, which is also the login.
    pub address: String,
    /// How one comes to it.
    pub how: String,
    /// What one may do.
    pub rights: &'static str,
}

/// One door of the server.
#[derive(Clone, Debug)]
pub struct DoorLine {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: String,
    /// As mail programs call it.
    pub security: &'static str,
}

/// Application passwords.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/passwords.html")]
pub struct Passwords {
    /// What surrounds it.
    pub frame: Frame,
    /// What was just done.
    pub notice: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Mark of the form, when the sign-in is recent enough for one.
    pub mark: Option<String>,
    /// What was typed.
    pub label: String,
    /// Newest first.
    pub devices: Vec<Device>,
    /// Addresses that a password opens.
    pub mailboxes: Vec<String>,
}

/// One device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name.
    pub label: String,
    /// When its password was made.
    pub created: When,
    /// When it was last used, in words.
    pub used: String,
    /// Sealed reference for the form.
    pub reference: String,
}

/// A new application password, shown this once.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/new_password.html")]
pub struct NewPassword {
    /// What surrounds it.
    pub frame: Frame,
    /// The device.
    pub label: String,
    /// In groups of four.
    pub secret: String,
    /// Addresses that it opens.
    pub mailboxes: Vec<String>,
}

/// Who acts for whom.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/delegations.html")]
pub struct Delegations {
    /// What surrounds it.
    pub frame: Frame,
    /// What was just done.
    pub notice: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Whether the sign-in is recent enough to give one.
    pub fresh: bool,
    /// Mailboxes one may delegate.
    pub mailboxes: Vec<Choice>,
    /// What was typed as the person.
    pub to: String,
    /// What was typed as the beginning.
    pub from: String,
    /// What was typed as the end.
    pub until: String,
    /// Given.
    pub given: Vec<DelegationView>,
    /// Received.
    pub received: Vec<DelegationView>,
}

/// A mailbox in a list to choose from.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Sealed reference.
    pub reference: String,
    /// Its address.
    pub address: String,
}

/// One delegation.
#[derive(Clone, Debug)]
pub struct DelegationView {
    /// The mailbox's name.
    pub mailbox: String,
    /// Its address.
    pub address: String,
    /// Who may use it.
    pub person: String,
    /// What they may do.
    pub rights: &'static str,
    /// Since when, if it is known and past.
    pub since: Option<When>,
    /// From when, if that is to come, and until when, in words.
    pub until: String,
    /// Sealed reference for the form.
    pub reference: String,
}

/// Where one is signed in.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/sessions.html")]
pub struct Sessions {
    /// What surrounds it.
    pub frame: Frame,
    /// What was just done.
    pub notice: Option<String>,
    /// Latest used first.
    pub sessions: Vec<SessionView>,
}

/// One session.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// How it began.
    pub proof: &'static str,
    /// When it began.
    pub began: When,
    /// When it was last used.
    pub seen: When,
    /// Sealed reference for the form; none for the present one.
    pub reference: Option<String>,
}

/// The last acts.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/journal.html")]
pub struct Journal {
    /// What surrounds it.
    pub frame: Frame,
    /// Days, newest first.
    pub days: Vec<Day>,
}

/// The acts of a day.
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
    /// At what time.
    pub when: When,
    /// What.
    pub what: &'static str,
    /// Who, and for whom.
    pub who: String,
    /// On which mailbox.
    pub place: String,
    /// What completes it.
    pub more: String,
}

/// After the session ended.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/goodbye.html")]
pub struct Goodbye {
    /// What stays, and what to do on a shared computer.
    pub words: String,
}

/// Something went wrong.
#[derive(Template, Clone, Debug)]
#[template(path = "pro/error.html")]
pub struct Oops {
    /// What happened, as a title.
    pub heading: String,
    /// In a sentence or two.
    pub words: String,
}

#[cfg(test)]
mod tests;
