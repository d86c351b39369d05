//! What each page shows, as plain values: made by `pages`, rendered by the templates.
//!
//! Every `String` here may hold words a stranger chose. Templates escape all of them; the one value
//! that passes as markup is [`CleanHtml`], which only the sanitizer makes.

mod activation;
mod compose;
mod conversation;
mod conversations;
mod dossier;
mod history;
mod letter;
mod outside;
mod profiles;
mod public;
#[cfg(test)]
pub(crate) mod tests;

pub use activation::{
    Agreement, Choice, ChooseLogin, Closing, ConfirmContact, Decided, Emergency, GiveContact, Identify,
    MayDecide, ReceivedLine, Reopen, Representatives, Terms, Welcome,
};
pub use compose::{Choose, Compose, Correspondent, FieldError, Kept, MayWrite, Pharmacies, Pharmacy};
pub use conversation::{AttachedFile, Conversation, Letter, Party, ThreadItem};
pub use conversations::{ConversationLine, Conversations};
pub use dossier::{Category, Dossier, Group, Paper};
pub use history::{Day, History, Line};
pub use letter::{LetterBody, LetterHead, LetterPage};
pub use outside::{Outside, OutsideLine};
pub use profiles::{ProfileLine, Profiles};
pub use public::{Code, Goodbye, Oops, SignIn};

pub use crate::sanitize::CleanHtml;

pub use walls::When;

/// What surrounds every page of a signed-in person.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// Who is signed in.
    pub person: String,
    /// Whose space this is.
    pub space: String,
    /// Set when they are not the same person.
    pub acting: Option<Acting>,
    /// Which entry of the menu is the present one.
    pub place: Place,
    /// New messages of this space.
    pub unread: u64,
    /// Whether there is another profile to go to.
    pub may_switch: bool,
    /// The token of this page's forms.
    pub csrf: String,
}

/// On whose behalf somebody acts.
#[derive(Clone, Debug)]
pub struct Acting {
    /// As "votre enfant"; may be empty.
    pub relation: String,
}

/// Entries of the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Conversations, letters, answers.
    Messages,
    /// The dossier.
    Documents,
    /// Who did what.
    History,
    /// Switch of profile.
    Profiles,
}

/// The way through a long list, newest first. Places are marked by what stands there, not counted, so
/// that ten thousand letters cost no more than ten.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// Back to the newest, when one has left them.
    pub first: Option<String>,
    /// What comes after this page, older.
    pub next: Option<String>,
}
