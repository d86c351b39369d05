//! Quotas (RFC 9208): what a mailbox may hold, by its kind, as the operator configures it.

use mailstore::{Quota, Usage};
use names::{AccountId, AccountKind, Address};
use wire::imap::{Code, QuotaAsk, QuotaRoot, Refusal};

use super::door::ImapDoor;
use super::session::Session;
use super::{folders, refusals};

const COUNTING: &str = "counting what a mailbox holds";

/// What mailboxes may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Those of one person.
    pub personal: Quota,
    /// Those of teams, practices and machines.
    pub shared: Quota,
}

impl Quotas {
    fn of(&self, kind: AccountKind) -> Quota {
        match kind {
            AccountKind::Personal | AccountKind::Patient => self.personal,
            AccountKind::Organisational | AccountKind::Applicative | AccountKind::Practice => self.shared,
        }
    }
}

impl Session {
    /// Address and kind of a mailbox of this session.
    fn holding(&self, account: AccountId) -> Option<(&Address, AccountKind)> {
        let login = self.login();
        if account == login.account {
            return Some((&login.address, login.kind));
        }
        let other = login.others.iter().find(|other| other.account == account)?;
        Some((&other.address, other.kind))
    }

    /// What a mailbox of this session may hold.
    pub(super) fn quota(&self, door: &ImapDoor, account: AccountId) -> Quota {
        self.holding(account).map(|(_, kind)| door.quotas().of(kind)).unwrap_or_default()
    }
}

pub(super) async fn answer(door: &ImapDoor, session: &Session, ask: QuotaAsk) -> Result<QuotaRoot, Refusal> {
    let login = session.login();
    let account = match ask {
        QuotaAsk::Folder(folder) => {
            let located = session.locate(&folder)?;
            folders::find(door, &located).await?;
            located.mailbox.account
        }
        QuotaAsk::Root(name) => {
            let mine = std::iter::once((login.account, &login.address));
            let others = login.others.iter().map(|other| (other.account, &other.address));
            let found = mine.chain(others).find(|(_, address)| address.to_string() == name);
            found.ok_or_else(|| Refusal::new(Code::Nonexistent, "there is no such quota root"))?.0
        }
    };
    let (address, _) = session.holding(account).ok_or_else(refusals::confused)?;
    let usage = door.relay().mailstore().usage(account).await.map_err(refusals::store(COUNTING))?;
    let quota = session.quota(door, account);
    Ok(QuotaRoot {
        name: address.to_string(),
        octets: usage.octets,
        most_octets: quota.octets,
        messages: usage.messages,
        most_messages: quota.messages,
    })
}

/// Refuses a letter before it comes; whether it fits in the end is asked again when it is kept.
pub(super) async fn check(
    door: &ImapDoor,
    session: &Session,
    account: AccountId,
    size: u64,
) -> Result<(), Refusal> {
    let quota = session.quota(door, account);
    if quota == Quota::default() {
        return Ok(());
    }
    let held = door.relay().mailstore().usage(account).await.map_err(refusals::store(COUNTING))?;
    let then = Usage { octets: held.octets.saturating_add(size), messages: held.messages + 1 };
    if quota.is_over(then) { Err(refusals::over_quota()) } else { Ok(()) }
}
