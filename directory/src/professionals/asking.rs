//! Who asks to change who uses a mailbox: whoever manages it, or an administrator.

use audit::Actor;
use db::Tx;
use names::{AccountId, AccountKind, PersonId, Timestamp};

use super::delegating::{colleague, managed};
use super::users;
use crate::mailboxes::{self, Mailbox, MailboxState};
use crate::{Authority, Error, Person, Power, Rights, people};

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// A professional who manages the mailbox.
    Manager(PersonId),
    /// An administrator.
    Administrator(Authority),
}

impl Asker {
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Manager(person) => Actor::Person(*person),
            Self::Administrator(authority) => authority.actor(),
        }
    }

    /// The open mailbox, if its users are theirs to change.
    pub(crate) async fn mailbox(
        &self,
        tx: &mut Tx,
        mailbox: AccountId,
        now: Timestamp,
    ) -> Result<Option<Mailbox>, Error> {
        let authority = match self {
            Self::Manager(person) => return Ok(managed(tx, *person, mailbox, now).await?),
            Self::Administrator(authority) => authority,
        };
        let found = mailboxes::find(tx, &[mailbox]).await?.pop();
        Ok(found.filter(|found| {
            let organisation = found.organisation.as_ref().map(|one| one.id);
            let used = found.state == MailboxState::Open && found.kind != AccountKind::Applicative;
            used && authority.may(Power::ChangeMembers, organisation)
        }))
    }

    /// Whom an identifier means, of those they may name: colleagues only, for a manager; an administrator
    /// names anybody who is known here.
    pub(crate) async fn named(
        &self,
        tx: &mut Tx,
        to: &str,
        mailbox: &Mailbox,
        now: Timestamp,
    ) -> Result<Option<Person>, Error> {
        let found = users::person_of(tx, to).await?;
        let organisation = mailbox.organisation.as_ref().map(|organisation| organisation.id);
        match self {
            Self::Manager(_) => Ok(colleague(tx, organisation, found, now).await?),
            Self::Administrator(_) => match found {
                Some(found) => Ok(people::find(tx, found).await?),
                None => Ok(None),
            },
        }
    }

    /// Whether a team's mailbox may be left without anybody who manages it: administrators can mend it.
    pub(crate) fn may_leave_unmanaged(&self) -> bool {
        matches!(self, Self::Administrator(_))
    }

    /// Whether this is the person who asks.
    pub(crate) fn is(&self, person: PersonId) -> bool {
        matches!(self, Self::Manager(asker) if *asker == person)
    }
}

/// The right that a request gives in a mailbox of a person: managing is not given away there.
pub(crate) fn is_too_much(mailbox: &Mailbox, rights: Option<Rights>) -> bool {
    mailbox.kind == AccountKind::Personal && rights == Some(Rights::Manage)
}
