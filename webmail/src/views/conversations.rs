//! The list of conversations.

use askama::Template;

use super::{Chrome, Pager, When};

/// The page.
#[derive(Template, Clone, Debug)]
#[template(path = "conversations.html")]
pub struct Conversations {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What has just been done, as "Votre message est envoyé."
    pub notice: Option<String>,
    /// As "2 nouveaux messages."
    pub summary: String,
    /// Newest first.
    pub lines: Vec<ConversationLine>,
    /// Where one is.
    pub pager: Pager,
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct ConversationLine {
    /// Its page.
    pub href: String,
    /// Name from the directory.
    pub correspondent: String,
    /// Profession or organisation, from the directory.
    pub role: String,
    /// Subject of its first letter.
    pub subject: String,
    /// When the last letter came or went.
    pub when: When,
    /// Whether something in it was not opened yet.
    pub unread: bool,
    /// Letters in it.
    pub letters: u64,
    /// Files in it.
    pub attachments: u64,
    /// As "Vous pouvez répondre."
    pub state: String,
}
