//! One conversation and its letters.

use askama::Template;

use super::{Chrome, Pager, When};

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "conversation.html")]
pub struct Conversation {
    /// What surrounds it.
    pub chrome: Chrome,
    /// Subject of its first letter.
    pub subject: String,
    /// What has just been done.
    pub notice: Option<String>,
    /// With whom.
    pub parties: Vec<Party>,
    /// Where to answer, when one may.
    pub answer_href: Option<String>,
    /// Whether one may, in words.
    pub state: String,
    /// Letters and events, newest first.
    pub items: Vec<ThreadItem>,
    /// Where one is.
    pub pager: Pager,
}

/// Somebody of the conversation.
#[derive(Clone, Debug)]
pub struct Party {
    /// Name from the directory.
    pub name: String,
    /// Profession or organisation.
    pub role: String,
}

/// What stands in a conversation.
#[derive(Clone, Debug)]
pub enum ThreadItem {
    /// Something happened, as "Le Dr Martin a mis fin à l'échange."
    Event {
        /// What.
        words: String,
        /// When.
        when: When,
    },
    /// A letter.
    Letter(Box<Letter>),
}

/// One letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its place on the page: makes its title's id.
    pub number: usize,
    /// Who wrote it, from the directory; "Vous, pour Léo" on our own.
    pub author: String,
    /// Profession or organisation; empty on our own.
    pub role: String,
    /// Whether this space wrote it.
    pub ours: bool,
    /// When it came or went.
    pub when: When,
    /// Its subject, when it is not the conversation's.
    pub subject: String,
    /// Whether it was not opened before.
    pub unread: bool,
    /// Address of the framed text, on the second origin.
    pub frame: String,
    /// How tall the frame is, 1 to 4: a page without scripts cannot measure it.
    pub height: u8,
    /// Address of the same, alone and whole.
    pub whole: String,
    /// Files.
    pub attachments: Vec<AttachedFile>,
    /// Where to answer this one, when one may and it is not the newest.
    pub answer_href: Option<String>,
    /// As "Le Dr Martin n'attend pas de réponse à ce message."; may be empty.
    pub state: String,
    /// That its author heard of its opening; may be empty.
    pub receipt: String,
}

/// One file of a letter.
#[derive(Clone, Debug)]
pub struct AttachedFile {
    /// Its name, as the sender gave it, made safe.
    pub name: String,
    /// As "PDF".
    pub kind: &'static str,
    /// As "1,4 Mo".
    pub size: String,
    /// Where to keep it from.
    pub download: String,
    /// Where it opens, when its kind may.
    pub view: Option<String>,
    /// Where it was filed; may be empty.
    pub filed: String,
}

impl Letter {
    /// As "2 pièces jointes".
    #[must_use]
    pub fn attached(&self) -> String {
        crate::texts::attachments(self.attachments.len() as u64)
    }

    /// How tall a frame for `characters` of text is, in the steps of the style sheet.
    #[must_use]
    pub fn height_for(characters: usize) -> u8 {
        match characters {
            0..=140 => 1,
            141..=500 => 2,
            501..=1_400 => 3,
            _ => 4,
        }
    }
}
