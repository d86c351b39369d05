//! Where letters stand: uids, special folders, origins, who may see.

use names::FolderId;

/// Number of a message in its folder: grows, never given twice (RFC 9051 §2.3.1.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid(pub u32);

impl From<Uid> for db::Value {
    fn from(uid: Uid) -> Self {
        Self::from(uid.0)
    }
}

/// Special use of a folder (RFC 6154). Every account has one folder of each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Where letters arrive.
    Inbox,
    /// `\Sent`.
    Sent,
    /// `\Drafts`.
    Drafts,
    /// `\Trash`.
    Trash,
    /// `\Junk`.
    Junk,
    /// `\Archive`.
    Archive,
}

impl Role {
    /// Every role, in the order mail programs show them.
    pub const ALL: [Self; 6] =
        [Self::Inbox, Self::Sent, Self::Drafts, Self::Trash, Self::Junk, Self::Archive];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::Trash => "trash",
            Self::Junk => "junk",
            Self::Archive => "archive",
        }
    }

    /// The role a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// The name its folder has in a new account.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Sent => "Sent",
            Self::Drafts => "Drafts",
            Self::Trash => "Trash",
            Self::Junk => "Junk",
            Self::Archive => "Archive",
        }
    }
}

/// A folder to deliver to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// The account's folder of that special use.
    Role(Role),
    /// This very folder, of the account.
    Folder(FolderId),
}

/// How a message came to its folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Delivered.
    Received = 0,
    /// Put there by a mail program (IMAP APPEND).
    Appended = 1,
    /// Delivered to another mailbox, and copied from there. Copies inside a mailbox keep how the letter came.
    Copied = 2,
    /// Kept for its sender.
    Sent = 3,
    /// Delivered: a report on a letter of this account, never answered (DESIGN §2.4).
    Report = 4,
}

impl Origin {
    pub(crate) fn from_code(code: i64) -> Option<Self> {
        let all = [Self::Received, Self::Appended, Self::Copied, Self::Sent, Self::Report];
        all.into_iter().find(|origin| *origin as i64 == code)
    }
}

/// From whom a letter and all that shows it is hidden (DESIGN §2.5, Secrecy).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hidden(pub(crate) i64);

impl Hidden {
    /// From nobody.
    pub const NONE: Self = Self(0);
    /// From the patient (INVISIBLE_PATIENT).
    pub const PATIENT: Self = Self(1);
    /// From legal representatives (INVISIBLE_REPRESENTANTS_LEGAUX).
    pub const REPRESENTATIVES: Self = Self(2);

    /// Hidden from both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is hidden from `viewer`.
    #[must_use]
    pub fn from(self, viewer: Viewer) -> bool {
        self.0 & viewer.bit() != 0
    }
}

/// Who looks at a patient's space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Viewer {
    /// The patient.
    Patient,
    /// A parent, a guardian, a helper.
    Representative,
}

impl Viewer {
    pub(crate) fn bit(self) -> i64 {
        match self {
            Self::Patient => Hidden::PATIENT.0,
            Self::Representative => Hidden::REPRESENTATIVES.0,
        }
    }
}
