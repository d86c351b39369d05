//! Application passwords, issued at the command line until the professional space does it.

use crate::mailboxes::refused;
use crate::{Admin, Done, Error, PasswordOwner};
use audit::{Actor, Chain};
use directory::{Authority, IssuedPassword, MailboxRefusal, Owner, PreparedPassword, people};
use names::{AccountKind, Address, CredentialId, Timestamp};
use relay::reports::PreparedReport;
use std::fmt::Write as _;

/// Characters of the name of a device.
pub(crate) const LABEL: usize = 100;

/// The name of a device without space around it; none when it is empty, too long or cannot be read.
pub(crate) fn label(typed: &str) -> Option<String> {
    let label = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = !label.is_empty() && label.chars().count() <= LABEL && !label.chars().any(char::is_control);
    fits.then_some(label)
}

/// A password with what its holder hears of it.
struct Work {
    admin: Admin,
    prepared: PreparedPassword,
    note: Option<PreparedReport>,
}

impl Admin {
    /// Makes an application password with its line in the trail and a letter to its holder, or nothing. A
    /// machine hears of nothing: the trail of its mailbox tells.
    pub(crate) async fn issue_password(
        &self,
        owner: Owner,
        label: &str,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<IssuedPassword, MailboxRefusal>, Error> {
        let failed = |cause| Error::Directory { what: "preparing a password", cause };
        let (prepared, issued) =
            match self.directory.prepare_password_as(owner, label, by, now).await.map_err(failed)? {
                Ok(prepared) => prepared,
                Err(refusal) => return Ok(Err(refusal)),
            };
        let work = Work { admin: self.clone(), prepared, note: self.note_for(owner, label, now).await? };
        let unit = db::unit("issue an application password and tell", work, |work, tx| {
            Box::pin(async move {
                let told = work.admin.directory.write_password_in(tx, &work.prepared).await?;
                let notes: Vec<&PreparedReport> = work.note.iter().collect();
                let written = PreparedReport::write_all(tx, &notes, vec![told]).await;
                written.map_err(|cause| Error::Relay {
                    what: "telling the holder of a password",
                    cause: Box::new(cause),
                })
            })
        });
        self.mailstore.db().write(unit).await?;
        Ok(Ok(issued))
    }

    /// What a professional hears in the first of their own mailboxes.
    async fn note_for(
        &self,
        owner: Owner,
        label: &str,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let Owner::Person(person) = owner else { return Ok(None) };
        let failed = |cause| Error::Directory { what: "finding the mailbox of a professional", cause };
        let mut own = self.directory.mailboxes_of(person, now).await.map_err(failed)?;
        own.retain(|(mailbox, _)| mailbox.person.as_ref().is_some_and(|holder| holder.id == person));
        let Some((mailbox, _)) = own.first() else { return Ok(None) };
        let note = self.relay.password_note(&mailbox.address, label, now).await;
        note.map_err(|cause| Error::Relay { what: "preparing a note to a holder", cause: Box::new(cause) })
    }

    pub(crate) async fn tell_password(
        &self,
        owner: &PasswordOwner,
        typed: &str,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let Some(label) = label(typed) else {
            return Err(Error::Refused(format!("the label must have 1 to {LABEL} characters")));
        };
        let whose = self.owner(owner).await?;
        let issued = self.issue_password(whose, &label, &Authority::operator(), now).await?;
        let issued = issued.map_err(refused)?;
        let text = format!(
            "password   {}\nnumber     {}\nIt is shown this once. Type it into the mail program of «{}»; the login is \
             the address of the mailbox. A professional finds a letter about it in their own mailbox.\n",
            *issued.secret, issued.id.0, label
        );
        Ok(Done::complete(text))
    }

    pub(crate) async fn passwords(&self, owner: &PasswordOwner, now: Timestamp) -> Result<Done, Error> {
        let whose = self.owner(owner).await?;
        let failed = |cause| Error::Directory { what: "listing passwords", cause };
        let credentials = self.directory.passwords_of(whose).await.map_err(failed)?;
        let chain = match whose {
            Owner::Person(person) => Chain::Person(person),
            Owner::Machine(account) => Chain::Account(account),
        };
        self.looked(chain, format!("passwords={}", credentials.len()), now).await?;
        let mut text = String::new();
        for credential in &credentials {
            let state = credential
                .revoked
                .map_or_else(|| "in use".to_owned(), |revoked| format!("revoked {}", revoked.rfc3339()));
            let (id, made, label) = (credential.id.0, credential.created.rfc3339(), &credential.label);
            let _ = writeln!(text, "{id}  {made}  {state:<28}  {label}");
        }
        if credentials.is_empty() {
            text.push_str("No password yet: `pli admin password issue` makes one.\n");
        }
        Ok(Done::complete(text))
    }

    pub(crate) async fn revoke_password(
        &self,
        owner: &PasswordOwner,
        credential: i64,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let whose = self.owner(owner).await?;
        let revoked =
            self.directory.revoke_password(whose, CredentialId(credential), Actor::Operator, now).await;
        if revoked.map_err(|cause| Error::Directory { what: "revoking a password", cause })? {
            Ok(Done::complete("Revoked: the next sign-in with it is refused.\n".to_owned()))
        } else {
            Err(Error::Refused(format!(
                "{credential} is no password in use of this owner; `pli admin password list` shows them"
            )))
        }
    }

    async fn owner(&self, owner: &PasswordOwner) -> Result<Owner, Error> {
        match owner {
            PasswordOwner::Person(id) => {
                let mut tx = self.mailstore.db().read().await?;
                let national = directory::person_reference(id).map_err(Error::Refused)?;
                let found = people::find_by_national_ids(&mut tx, &[national]).await?.pop();
                let found = found.map(|person| Owner::Person(person.id));
                found.ok_or_else(|| Error::Refused(format!("no professional here has the identifier {id}")))
            }
            PasswordOwner::Mailbox(address) => {
                let unknown = || Error::Refused(format!("no mailbox here has the address «{address}»"));
                let parsed = Address::parse(address).map_err(|_| unknown())?;
                let failed = |cause| Error::Directory { what: "looking a mailbox up", cause };
                let mailbox = self.directory.mailbox(&parsed).await.map_err(failed)?.ok_or_else(unknown)?;
                match (&mailbox.person, mailbox.kind) {
                    (Some(person), _) => Ok(Owner::Person(person.id)),
                    (None, AccountKind::Applicative) => Ok(Owner::Machine(mailbox.account)),
                    (None, _) => Err(Error::Refused(
                        "this mailbox is opened by its members with their own passwords: name one by --person"
                            .to_owned(),
                    )),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, full_houses};

    const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
    const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";

    fn field(text: &str, name: &str) -> String {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].trim().to_owned()
    }

    #[tokio::test]
    async fn a_password_opens_the_mailbox_until_it_is_revoked() {
        for house in full_houses().await {
            let owner = || PasswordOwner::Mailbox(DOCTOR.to_owned());
            let issue = Command::IssuePassword { owner: owner(), label: "portable".to_owned() };
            let issued = house.admin.run(&issue, NOON).await.unwrap().text;
            let (secret, number) = (field(&issued, "password"), field(&issued, "number"));
            let address = Address::parse(DOCTOR).unwrap();
            let directory = &house.admin.directory;
            assert!(directory.verify_login(&address, &secret, NOON).await.unwrap().is_some());

            let list = house.admin.run(&Command::Passwords { owner: owner() }, NOON).await.unwrap().text;
            assert!(list.contains(&number) && list.contains("portable") && !list.contains(&secret), "{list}");

            let credential = number.parse().unwrap();
            let revoke = Command::RevokePassword { owner: owner(), credential };
            house.admin.run(&revoke, NOON).await.unwrap();
            assert!(directory.verify_login(&address, &secret, NOON).await.unwrap().is_none());
            assert!(matches!(house.admin.run(&revoke, NOON).await, Err(Error::Refused(_))));
        }
    }

    #[tokio::test]
    async fn a_team_has_no_password_of_its_own_and_unknown_owners_are_refused() {
        for house in full_houses().await {
            for (case, owner, words) in [
                ("team", PasswordOwner::Mailbox(TEAM.to_owned()), "--person"),
                ("unknown", PasswordOwner::Mailbox("x@y.example".to_owned()), "no mailbox"),
                ("nobody", PasswordOwner::Person("10099999999".to_owned()), "no professional"),
            ] {
                let issue = Command::IssuePassword { owner, label: "x".to_owned() };
                let error = house.admin.run(&issue, NOON).await.unwrap_err().to_string();
                assert!(error.contains(words), "{case}: {error}");
            }
            let owner = PasswordOwner::Person("10099000027".to_owned());
            let issue = Command::IssuePassword { owner, label: "poste".to_owned() };
            let secret = field(&house.admin.run(&issue, NOON).await.unwrap().text, "password");
            let team = Address::parse(TEAM).unwrap();
            assert!(house.admin.directory.verify_login(&team, &secret, NOON).await.unwrap().is_some());
        }
    }
}
