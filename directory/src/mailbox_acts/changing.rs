//! What may change of a mailbox: what the directory says of it, and its state. Address and type never do
//! (DOMAIN §1.5).

use audit::{Act, Chain, Entry, Line};
use db::Tx;
use names::{AccountId, Timestamp};

use super::{MailboxRefusal, theirs};
use crate::mailboxes::{self, Mailbox, MailboxState};
use crate::{Authority, Directory, Error, Power, limits, published};

/// What the directory says of a mailbox, as far as it may change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MailboxEntry {
    /// What it is for.
    pub description: Option<String>,
    /// Service it is attached to.
    pub service: Option<String>,
    /// Who answers for it.
    pub responsible: Option<String>,
    /// Whether no search shows it.
    pub red_list: bool,
    /// 1 is the holder's preferred one.
    pub rank: i64,
}

impl MailboxEntry {
    /// What is said of a mailbox now.
    #[must_use]
    pub fn of(mailbox: &Mailbox) -> Self {
        Self {
            description: mailbox.description.clone(),
            service: mailbox.service.clone(),
            responsible: mailbox.responsible.clone(),
            red_list: mailbox.red_list,
            rank: mailbox.rank,
        }
    }

    /// Whether every text fits and the rank is one.
    pub(super) fn fits(&self) -> bool {
        let texts = [&self.description, &self.service, &self.responsible];
        let short = texts.into_iter().flatten().all(|text| text.chars().count() <= limits::ENTRY_TEXT);
        short && limits::ENTRY_RANK.contains(&self.rank)
    }

    /// What the trail says: names of fields, never what stands in them.
    fn changed(&self, before: &Self) -> String {
        let mut fields = Vec::new();
        let mut differs = |name, differs: bool| fields.extend(differs.then_some(name));
        differs("description", self.description != before.description);
        differs("service", self.service != before.service);
        differs("responsible", self.responsible != before.responsible);
        differs("rank", self.rank != before.rank);
        let red = match (before.red_list, self.red_list) {
            (false, true) => " red-list=on",
            (true, false) => " red-list=off",
            (true, true) | (false, false) => "",
        };
        format!("fields={}{red}", fields.join("+"))
    }
}

/// A move between the states of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailboxMove {
    /// Stops it for a time.
    Suspend,
    /// Lets it be used again.
    Reopen,
    /// Stops it for good: the address is never given again.
    Close,
}

impl MailboxMove {
    /// Every move, for tables of texts and tests.
    pub const ALL: [Self; 3] = [Self::Suspend, Self::Reopen, Self::Close];

    /// Where it leads from a state, if the state allows it.
    #[must_use]
    pub fn from(self, state: MailboxState) -> Option<MailboxState> {
        match (self, state) {
            (Self::Suspend, MailboxState::Open) => Some(MailboxState::Suspended),
            (Self::Reopen, MailboxState::Suspended) => Some(MailboxState::Open),
            (Self::Close, MailboxState::Open | MailboxState::Suspended) => Some(MailboxState::Closed),
            (Self::Suspend | Self::Reopen | Self::Close, _) => None,
        }
    }
}

impl Directory {
    /// Says anew what the directory says of a mailbox. The outer error is ours.
    pub async fn describe_mailbox(
        &self,
        account: AccountId,
        entry: &MailboxEntry,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let unit = Describe { directory: self.clone(), account, entry: entry.clone(), by: by.clone(), now };
        self.db().write(unit).await
    }

    /// Suspends, reopens or closes a mailbox. Sessions in it end at their next command.
    pub async fn move_mailbox(
        &self,
        account: AccountId,
        to: MailboxMove,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let unit = Move { directory: self.clone(), account, to, by: by.clone(), now };
        self.db().write(unit).await
    }

    /// The same in a unit of the caller's, who rolls back when it is refused and something else was done.
    pub async fn describe_mailbox_in(
        &self,
        tx: &mut Tx,
        account: AccountId,
        entry: &MailboxEntry,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let found = theirs(tx, by, Power::ChangeMailboxes, account).await?;
        let Some(mut mailbox) = found else { return Ok(Err(MailboxRefusal::NotFound)) };
        if mailbox.state == MailboxState::Closed {
            return Ok(Err(MailboxRefusal::State));
        }
        if !entry.fits() {
            return Ok(Err(MailboxRefusal::TooLong));
        }
        let before = MailboxEntry::of(&mailbox);
        if before == *entry {
            return Ok(Ok(mailbox));
        }
        let MailboxEntry { description, service, responsible, red_list, rank } = entry.clone();
        mailbox = Mailbox { description, service, responsible, red_list, rank, ..mailbox };
        mailboxes::update(tx, &mailbox, now).await?;
        published::of_mailbox(tx, &mailbox, now).await?;
        let detail = entry.changed(&before);
        let told = self.told_of_mailbox(account, by, Act::AccountDescribed, detail, now);
        self.generation().bump(tx).await?;
        audit::append(tx, &[told]).await?;
        Ok(Ok(mailbox))
    }

    /// The same as [`Directory::move_mailbox`] in a unit of the caller's.
    pub async fn move_mailbox_in(
        &self,
        tx: &mut Tx,
        account: AccountId,
        to: MailboxMove,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let found = theirs(tx, by, Power::ChangeMailboxes, account).await?;
        let Some(mailbox) = found else { return Ok(Err(MailboxRefusal::NotFound)) };
        let Some(state) = to.from(mailbox.state) else { return Ok(Err(MailboxRefusal::State)) };
        let mailbox = set(tx, mailbox, state, now).await?;
        let detail = format!("state={}", state.code());
        let told = self.told_of_mailbox(account, by, Act::AccountChanged, detail, now);
        self.generation().bump(tx).await?;
        audit::append(tx, &[told]).await?;
        Ok(Ok(mailbox))
    }

    /// A line in a mailbox's chain.
    pub(crate) fn told_of_mailbox(
        &self,
        account: AccountId,
        by: &Authority,
        act: Act,
        detail: String,
        now: Timestamp,
    ) -> Entry {
        let line = Line { at: now, actor: by.actor(), for_whom: None, act, detail };
        Entry::new(Chain::Account(account), line, self.entropy())
    }
}

struct Describe {
    directory: Directory,
    account: AccountId,
    entry: MailboxEntry,
    by: Authority,
    now: Timestamp,
}

impl db::Unit for Describe {
    const NAME: &'static str = "describe a mailbox";
    type Output = Result<Mailbox, MailboxRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        self.directory.describe_mailbox_in(tx, self.account, &self.entry, &self.by, self.now).await
    }
}

struct Move {
    directory: Directory,
    account: AccountId,
    to: MailboxMove,
    by: Authority,
    now: Timestamp,
}

impl db::Unit for Move {
    const NAME: &'static str = "move a mailbox";
    type Output = Result<Mailbox, MailboxRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        self.directory.move_mailbox_in(tx, self.account, self.to, &self.by, self.now).await
    }
}

/// Writes a state and what follows from it in the register.
pub(crate) async fn set(
    tx: &mut Tx,
    mailbox: Mailbox,
    state: MailboxState,
    now: Timestamp,
) -> Result<Mailbox, Error> {
    mailboxes::set_state(tx, mailbox.account, state, now).await?;
    let mailbox = Mailbox { state, ..mailbox };
    published::of_mailbox(tx, &mailbox, now).await?;
    Ok(mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_stays_closed() {
        use MailboxState::*;
        for (from, suspend, reopen, close) in [
            (Open, Some(Suspended), None, Some(Closed)),
            (Suspended, None, Some(Open), Some(Closed)),
            (Closed, None, None, None),
        ] {
            let to = MailboxMove::ALL.map(|one| one.from(from));
            assert_eq!(to, [suspend, reopen, close], "{from:?}");
        }
    }

    #[test]
    fn the_trail_names_fields_and_not_what_stands_in_them() {
        let before = MailboxEntry { rank: 1, ..MailboxEntry::default() };
        let after =
            MailboxEntry { responsible: Some("Mme Durand".to_owned()), red_list: true, ..before.clone() };
        assert_eq!(after.changed(&before), "fields=responsible red-list=on");
        assert_eq!(before.changed(&after), "fields=responsible red-list=off");
    }
}
