//! What administrators do with the mailboxes of the trade: create, describe, suspend, reopen, close; who
//! uses them; what a professional who left, or lost their factors, needs.
//!
//! Each act is one unit: rows, a line in the trail, the generation, the register. The right is asked inside,
//! of [`Authority::may`], with the organisation that the mailbox belongs to at that moment. What is not
//! theirs and what is not there are one answer (RELIABILITY D-01).

mod changing;
mod creating;
mod departure;
mod looking;
mod recovering;
#[cfg(test)]
mod tests;

use names::{AccountId, OrganisationId};

use crate::mailboxes::{self, Mailbox};
use crate::{Authority, Error, Power};

pub(crate) use changing::set;
pub use changing::{MailboxEntry, MailboxMove};
pub use creating::{NewHolder, NewMailbox, NewPerson, PersonDetails, PreparedMailbox};
pub use departure::{Access, Departed, Left};
pub use looking::{AdmittedLine, MailboxSheet, OrganisationSheet, PersonSheet, SignsIn, Whole};
pub use recovering::Reset;

/// Why an act on a mailbox is not done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailboxRefusal {
    /// There is none, or it is not theirs to change: one answer for both.
    NotFound,
    /// The address has been given once. It is never given again (DOMAIN §1.5).
    Taken,
    /// The address is not under a domain of ours.
    Domain,
    /// The holder does not fit the type: a PER has a person, an ORG or APP an organisation.
    Holder,
    /// There is no such organisation, or it is not theirs: one answer for both.
    Organisation,
    /// Nobody here has this identifier; who is new needs a name.
    Person,
    /// A text is longer than the directory takes.
    TooLong,
    /// Its state does not allow this: what is closed stays closed.
    State,
}

/// The mailbox, if it is theirs to act on.
async fn theirs(
    tx: &mut db::Tx,
    authority: &Authority,
    power: Power,
    account: AccountId,
) -> Result<Option<Mailbox>, Error> {
    let found = mailboxes::find(tx, &[account]).await?.pop();
    Ok(found.filter(|mailbox| authority.may(power, organisation_of(mailbox))))
}

/// Whose a mailbox is, for the rights of administrators.
fn organisation_of(mailbox: &Mailbox) -> Option<OrganisationId> {
    mailbox.organisation.as_ref().map(|organisation| organisation.id)
}
