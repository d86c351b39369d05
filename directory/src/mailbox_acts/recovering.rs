//! What a professional who lost their password, their telephone or a device needs.

use audit::Act;
use db::{Tx, args};
use names::{CredentialId, PersonId, Timestamp};

use super::MailboxRefusal;
use super::looking::is_theirs;
use crate::professionals::{Invitation, invitations, sessions};
use crate::users::Contact;
use crate::{Authority, Channel, Directory, Error, IssuedPassword, Owner, Power, people};

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

    /// Makes an application password for a professional who has none left, and shows it this once.
    pub async fn issue_password_for(
        &self,
        person: PersonId,
        label: &str,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<IssuedPassword, MailboxRefusal>, Error> {
        if !self.has_passwords_of(person, by, now).await? {
            return Ok(Err(MailboxRefusal::NotFound));
        }
        Ok(Ok(self.issue_password(Owner::Person(person), label, by.actor(), now).await?))
    }

    /// Withdraws one of a professional's.
    pub async fn revoke_password_of(
        &self,
        person: PersonId,
        credential: CredentialId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<bool, MailboxRefusal>, Error> {
        if !self.has_passwords_of(person, by, now).await? {
            return Ok(Err(MailboxRefusal::NotFound));
        }
        Ok(Ok(self.revoke_password(Owner::Person(person), credential, by.actor(), now).await?))
    }

    async fn has_passwords_of(
        &self,
        person: PersonId,
        by: &Authority,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut tx = self.db().read().await?;
        is_theirs(&mut tx, person, by, Power::ChangeCredentials, now).await
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
