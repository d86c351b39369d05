//! What each page shows, as plain values: made by `pages`, rendered by the templates.
//!
//! Every `String` here may hold words a stranger chose. Templates escape all of them; the one value
//! that passes as markup is [`CleanHtml`], which only the sanitizer makes.

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
mod tests;

pub use compose::{Choose, Compose, Correspondent, FieldError, MayWrite, Pharmacies, Pharmacy};
pub use conversation::{AttachedFile, Conversation, Letter, Party, ThreadItem};
pub use conversations::{ConversationLine, Conversations};
pub use dossier::{Category, Dossier, Group, Paper};
pub use history::{Day, History, Line};
pub use letter::{LetterBody, LetterHead, LetterPage};
pub use outside::{Outside, OutsideLine};
pub use profiles::{ProfileLine, Profiles};
pub use public::{Code, Goodbye, Oops, SignIn};

pub use crate::sanitize::CleanHtml;

use jiff::tz::TimeZone;
use names::Timestamp;

use crate::texts;

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

/// An instant, for people and for machines.
#[derive(Clone, Debug)]
pub struct When {
    /// RFC 3339, for `datetime`.
    pub machine: String,
    /// In words.
    pub words: String,
}

impl When {
    /// As "hier à 18 h".
    #[must_use]
    pub fn moment(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        Self { machine: at.rfc3339(), words: texts::moment(at, zone, now) }
    }
}

/// Where one is in a long list.
#[derive(Clone, Debug)]
pub struct Pager {
    /// This page, from 1.
    pub page: u64,
    /// All pages.
    pub pages: u64,
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
}

impl Pager {
    /// The pager of `path` (which may already hold a query) at `page`, for `total` lines.
    #[must_use]
    pub fn new(path: &str, page: u64, total: u64, per_page: u32) -> Self {
        let pages = total.div_ceil(u64::from(per_page)).max(1);
        let page = page.clamp(1, pages);
        let sign = if path.contains('?') { '&' } else { '?' };
        let to = |page: u64| format!("{path}{sign}page={page}");
        Self {
            page,
            pages,
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
        }
    }
}
