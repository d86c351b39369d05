//! What a professional who lost their password, their telephone or a device needs.

use audit::Act;
use db::{Tx, args};
use names::{AccountKind, CredentialId, PersonId, Timestamp};

use super::looking::is_theirs;
use super::{MailboxRefusal, theirs};
use crate::mailboxes::{self, MailboxState};
use crate::professionals::{Invitation, invitations, sessions};
use crate::users::Contact;
use crate::{Authority, Channel, Directory, Error, IssuedPassword, Owner, Power, PreparedPassword, people};

/// What a reset takes away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reset {
    /// The password of the professional space, and its sessions.
    SignIn,
    /// The same, and every application password: a telephone or a computer was lost.
    SignInAndDevices,
}

const FORGET_PASSWORD: &str =
    "UPDATE professional_user SET password = NULL, password_since = NULL WHERE person = $1";
pub(super) const REVOKE_ALL: &str =
    "UPDATE credential SET revoked_at = $2 WHERE person = $1 AND revoked_at IS NULL";

impl Directory {
    /// Resets a professional's factors and makes an invitation to choose anew. Where codes go may be left
    /// out when it is known from before. The outer error is ours.
    pub async fn reset_professional(
        &self,
        person: PersonId,
        codes: Option<(Channel, String)>,
        what: Reset,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Invitation, MailboxRefusal>, Error> {
        let (invitation, row) = self.draw_invitation(person, now);
        let unit = ResetUnit { directory: self.clone(), person, codes, what, row, by: by.clone(), now };
        Ok(self.db().write(unit).await?.map(|()| invitation))
    }

    /// Draws an application password for a professional, or for the machine of an open APP mailbox; it is
    /// still to be written. The outer error is ours.
    pub async fn prepare_password_as(
        &self,
        owner: Owner,
        label: &str,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<(PreparedPassword, IssuedPassword), MailboxRefusal>, Error> {
        let mut tx = self.db().read().await?;
        if !has_passwords(&mut tx, owner, by, now).await? {
            return Ok(Err(MailboxRefusal::NotFound));
        }
        if let Owner::Machine(account) = owner {
            let found = mailboxes::find(&mut tx, &[account]).await?.pop();
            if found.is_none_or(|mailbox| mailbox.state != MailboxState::Open) {
                return Ok(Err(MailboxRefusal::State));
            }
        }
        Ok(Ok(self.prepare_password(owner, label, by.actor(), now)))
    }

    /// Withdraws one of a professional's, or of a machine's.
    pub async fn revoke_password_as(
        &self,
        owner: Owner,
        credential: CredentialId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<bool, MailboxRefusal>, Error> {
        let theirs = {
            let mut tx = self.db().read().await?;
            has_passwords(&mut tx, owner, by, now).await?
        };
        match theirs {
            true => Ok(Ok(self.revoke_password(owner, credential, by.actor(), now).await?)),
            false => Ok(Err(MailboxRefusal::NotFound)),
        }
    }
}

/// Whether the passwords of an owner are whoever asks'.
async fn has_passwords(tx: &mut Tx, owner: Owner, by: &Authority, now: Timestamp) -> Result<bool, Error> {
    match owner {
        Owner::Person(person) => {
            let known = people::find(tx, person).await?.is_some();
            Ok(known && is_theirs(tx, person, by, Power::ChangeCredentials, now).await?)
        }
        Owner::Machine(account) => {
            let found = theirs(tx, by, Power::ChangeCredentials, account).await?;
            Ok(found.is_some_and(|mailbox| mailbox.kind == AccountKind::Applicative))
        }
    }
}

struct ResetUnit {
    directory: Directory,
    person: PersonId,
    codes: Option<(Channel, String)>,
    what: Reset,
    row: invitations::Row,
    by: Authority,
    now: Timestamp,
}

impl db::Unit for ResetUnit {
    const NAME: &'static str = "reset a professional's factors";
    type Output = Result<(), MailboxRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let theirs = is_theirs(tx, self.person, &self.by, Power::ChangeCredentials, self.now).await?;
        let found = people::find(tx, self.person).await?.filter(|_| theirs);
        let Some(person) = found else { return Ok(Err(MailboxRefusal::NotFound)) };
        let contact = self.codes.clone().map(|(channel, destination)| Contact {
            login: person.national_id.0.clone(),
            channel,
            destination,
        });
        let given = contact.is_some();
        if !invitations::invite(tx, self.directory.sealing(), contact.as_ref(), &self.row).await? {
            return Ok(Err(MailboxRefusal::Person));
        }
        tx.execute(FORGET_PASSWORD, args![self.person]).await?;
        let ended = sessions::end_all(tx, self.person, None).await?;
        let withdrawn = match self.what {
            Reset::SignIn => 0,
            Reset::SignInAndDevices => tx.execute(REVOKE_ALL, args![self.person, self.now]).await?,
        };
        let detail = format!("contact={given} sessions={ended} credentials={withdrawn}");
        let actor = self.by.actor();
        let told = self.directory.told_of_person(self.person, actor, Act::FactorsReset, detail, self.now);
        self.directory.generation().bump(tx).await?;
        audit::append(tx, &[told]).await?;
        Ok(Ok(()))
    }
}
