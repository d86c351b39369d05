//! Which mailbox a folder's name leads to: one's own, or one that opens together with it (RFC 2342).
//!
//! One's own folders have no prefix. A mailbox of a team or a practice stands under one prefix, that of
//! another person under another (`texts.rs`), each under its address, which never changes (DOMAIN §1.5): that
//! name is its INBOX, so that no mail program meets a parent it cannot select (PEERS §4.2), and its other
//! folders lie below. What may be done there is asked of the login each time: a right that ends in the
//! directory ends with the next command.

use directory::{MayUse, Rights};
use names::{AccountId, AccountKind};
use wire::imap::{Access, Code, DELIMITER, FolderName, Namespaces, Refusal};

use super::session::Session;
use super::{refusals, texts, words};

/// A mailbox as this session may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) account: AccountId,
    pub(super) rights: Rights,
}

impl Mailbox {
    /// What the rights allow in its folders.
    pub(super) fn access(self) -> Access {
        match self.rights {
            Rights::Read => Access::ReadOnly,
            Rights::Write | Rights::Manage => Access::ReadWrite,
        }
    }

    /// Refuses who may only read.
    pub(super) fn may_write(self) -> Result<(), Refusal> {
        match self.access() {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(refusals::may_only_read()),
        }
    }
}

/// Where a folder's name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) mailbox: Mailbox,
    /// The folder's name in that mailbox.
    pub(super) name: mailstore::FolderName,
}

/// The parts of the tree beside one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    /// Mailboxes of other people, and a second one of one's own: RFC 2342's "other users".
    Others,
    /// Mailboxes of teams and practices: RFC 2342's "shared".
    Shared,
}

impl Branch {
    pub(super) const ALL: [Self; 2] = [Self::Others, Self::Shared];

    /// The first level of its names.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Others => texts::OTHERS,
            Self::Shared => texts::SHARED,
        }
    }

    fn of(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Personal | AccountKind::Patient => Self::Others,
            AccountKind::Organisational | AccountKind::Practice | AccountKind::Applicative => Self::Shared,
        }
    }
}

/// The name under which a mailbox stands in the tree; it is its INBOX.
pub(super) fn root(other: &MayUse) -> String {
    format!("{}{DELIMITER}{}", Branch::of(other.kind).prefix(), other.address)
}

/// How a folder of another mailbox is called in this session.
pub(super) fn shown(root: &str, folder: &mailstore::FolderName) -> Option<FolderName> {
    match folder.as_str() {
        INBOX => FolderName::parse(root).ok(),
        local => FolderName::parse(&format!("{root}{DELIMITER}{local}")).ok(),
    }
}

const INBOX: &str = "INBOX";

impl Session {
    /// One's own mailbox.
    pub(super) fn own(&self) -> Mailbox {
        Mailbox { account: self.login().account, rights: self.login().rights }
    }

    /// A mailbox, if this session may use it still.
    pub(super) fn mailbox(&self, account: AccountId) -> Option<Mailbox> {
        self.login().rights_in(account).map(|rights| Mailbox { account, rights })
    }

    /// The branches that hold mailboxes of this session.
    pub(super) fn namespaces(&self) -> Namespaces {
        let above = |branch: Branch| {
            let held = self.login().others.iter().any(|other| Branch::of(other.kind) == branch);
            held.then(|| FolderName::parse(branch.prefix()).ok()).flatten()
        };
        Namespaces { others: above(Branch::Others), shared: above(Branch::Shared) }
    }

    /// The mailbox of the selected folder.
    pub(super) fn selected(&self) -> Result<Mailbox, Refusal> {
        let open = self.open.as_ref().ok_or_else(refusals::confused)?;
        self.mailbox(open.account).ok_or_else(refusals::no_longer_yours)
    }

    /// Where a name leads. Under a prefix, whatever is no mailbox of this session is a name of one's own:
    /// such folders may be older than the prefix.
    pub(super) fn locate(&self, name: &FolderName) -> Result<Located, Refusal> {
        let found = self.login().others.iter().find_map(|other| {
            let rest = name.as_str().strip_prefix(&root(other))?;
            let local = match rest.strip_prefix(DELIMITER) {
                Some(local) => local,
                None if rest.is_empty() => INBOX,
                None => return None,
            };
            Some((other, FolderName::parse(local).ok()?))
        });
        match found {
            Some((other, local)) => {
                let mailbox = Mailbox { account: other.account, rights: other.rights };
                Ok(Located { mailbox, name: words::name(&local)? })
            }
            None => Ok(Located { mailbox: self.own(), name: words::name(name)? }),
        }
    }

    /// Where a new folder of this name will lie. None of one's own is made under a prefix.
    pub(super) fn locate_new(&self, name: &FolderName) -> Result<Located, Refusal> {
        let located = self.locate(name)?;
        let first = name.as_str().split(DELIMITER).next().unwrap_or_default();
        let kept = Branch::ALL.into_iter().any(|branch| branch.prefix() == first);
        if kept && located.mailbox.account == self.own().account {
            return Err(Refusal::new(Code::NoPermission, "this name is kept for the mailboxes of others"));
        }
        Ok(located)
    }
}
