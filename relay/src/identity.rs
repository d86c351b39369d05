//! The last links of the identity chain on submission: login → envelope sender → `From` and
//! `Sender` → `Reply-To` (DESIGN §2.4).

use directory::{Login, MaySendAs};
use names::Address;
use wire::mime::{AuthorFault, Head, HeadError};
use wire::smtp::Reply;

/// Why a letter does not say who it is from in a way that can be believed.
#[derive(Debug)]
pub(crate) enum IdentityFault {
    /// No From, several, or one that is not an address.
    Author(AuthorFault),
    /// From names an address this login may not write as.
    ForeignFrom,
    /// Sender names an address this login may not write as.
    ForeignSender,
    /// A field that may stand once stands twice.
    Repeated(&'static str),
    /// Reply-To holds something that is no address of the trust space.
    ReplyTo,
    /// The header block itself is unusable.
    Head(HeadError),
}

impl IdentityFault {
    /// As said to the mail program.
    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::Author(fault) => Reply::not_understood(&format!("the letter's author is unclear: {fault}")),
            Self::ForeignFrom => Reply::not_yours("From must be an address this login may write as"),
            Self::ForeignSender => Reply::not_yours("Sender must be an address this login may write as"),
            Self::Repeated(name) => Reply::not_understood(&format!("the field {name} stands more than once")),
            Self::ReplyTo => Reply::not_yours("Reply-To must hold addresses of the trust space only"),
            Self::Head(error) => Reply::not_understood(&format!("the letter's header is unusable: {error}")),
        }
    }
}

/// Checks what the header says of its author against what the login may write as; answers the
/// addresses of Reply-To, which the rules judge next.
pub(crate) fn check(head: &Head, login: &Login, envelope: &MaySendAs) -> Result<Vec<Address>, IdentityFault> {
    if let Some(name) = head.repeated().first() {
        return Err(IdentityFault::Repeated(name));
    }
    let author = head.author().map_err(IdentityFault::Author)?;
    // The envelope sender is the author's mailbox: a copy may not be answered to somebody else.
    if author.address != envelope.address {
        return Err(IdentityFault::ForeignFrom);
    }
    let sender = head.sender();
    let foreign = sender
        .mailboxes
        .iter()
        .any(|said| login.sends_as(&said.address).is_none() && said.address != login.address);
    if foreign || !sender.refused.is_empty() {
        return Err(IdentityFault::ForeignSender);
    }
    let reply_to = head.reply_to();
    if !reply_to.refused.is_empty() {
        return Err(IdentityFault::ReplyTo);
    }
    Ok(reply_to.mailboxes.into_iter().map(|mailbox| mailbox.address).collect())
}
