//! What this door needs of the house, and nothing more: who asks, how much they may be shown, and who may
//! publish. Implemented where all rooms are known.

use std::net::IpAddr;
use std::time::Duration;

use names::{AccountKind, Address, NationalPersonId, NationalStructureId, Timestamp};

/// Why something of the house failed; for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Who asks, by their key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Row of the key.
    pub key: i64,
    /// What its issuer called it.
    pub label: String,
    /// The structures whose mailboxes it may publish; none for a key that only reads.
    pub publishes: Vec<NationalStructureId>,
}

impl Client {
    /// Whether it administers the mailboxes of this structure.
    #[must_use]
    pub fn administers(&self, structure: &NationalStructureId) -> bool {
        self.publishes.contains(structure)
    }
}

/// Why a key does not open.
#[derive(Debug)]
pub enum Denied {
    /// Nobody is known by it, or not any more.
    Unknown,
    /// Too many wrong keys came from there; it was not looked at.
    Wait(Duration),
    /// The house failed.
    Failed(Cause),
}

/// Keys, and how much their holders may be shown.
pub trait Gatekeeper: Send + Sync + 'static {
    /// Whose key it is.
    fn admit(
        &self,
        key: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> impl Future<Output = Result<Client, Denied>> + Send;

    /// Takes so many entries of the client's day; whether there were as many (RELIABILITY D-11).
    fn spend(
        &self,
        client: &Client,
        entries: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, Cause>> + Send;
}

/// Who holds the mailboxes that a patch is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A professional, wherever they practise or in one structure.
    Person {
        /// Who.
        person: NationalPersonId,
        /// Where, for the mailboxes of a situation.
        at: Option<NationalStructureId>,
    },
    /// A structure.
    Structure(NationalStructureId),
}

/// What becomes of a mailbox. Address and kind never change (DOMAIN §1.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is made.
    Create {
        /// Its address.
        address: Address,
        /// PER, CAB of a person; ORG, APP of a structure.
        kind: AccountKind,
        /// What is said of it.
        description: Description,
    },
    /// Something else is said of it.
    Describe {
        /// Which.
        address: Address,
        /// What changes; the rest stays.
        description: Description,
    },
    /// It is closed.
    Close {
        /// Which.
        address: Address,
    },
}

/// What is said of a mailbox; what is none stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// What it is for; empty takes it away.
    pub description: Option<String>,
    /// Service it is attached to; empty takes it away.
    pub service: Option<String>,
    /// Who answers for it; empty takes it away.
    pub responsible: Option<String>,
    /// Not to be shown in any search.
    pub red_list: Option<bool>,
    /// 1 is the holder's preferred one.
    pub rank: Option<i64>,
    /// Whether its holder wants no paper beside.
    pub paperless: Option<bool>,
}

/// Why a patch was not done. Nothing of it was.
#[derive(Debug)]
pub enum Refused {
    /// The key does not administer this structure, or this person's mailboxes.
    NotYours,
    /// There is no such mailbox of this holder.
    NoMailbox(Address),
    /// The holder's entry is no longer the one that was seen.
    Changed,
    /// A rule of the trade forbids it, in words for the administrator.
    Rule(String),
    /// The house failed.
    Failed(Cause),
}

/// Mailboxes of ours, changed by a delegated administrator (DOMAIN §4.2).
pub trait Publisher: Send + Sync + 'static {
    /// Does all changes in order, or none; none either when the holder's entry did not last change at the time
    /// that was `seen`.
    fn publish(
        &self,
        client: &Client,
        holder: Holder,
        seen: Option<Timestamp>,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Refused>> + Send;
}
