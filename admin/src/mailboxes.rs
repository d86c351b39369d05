//! Mailboxes of the trade: created with their place in the store, described, suspended, reopened, closed.

use crate::{Admin, Done, Error, MailboxCommand};
use audit::Chain;
use directory::{
    Authority, Mailbox, MailboxEntry, MailboxMove, MailboxRefusal, NewHolder, NewMailbox, NewPerson,
    PersonDetails, PreparedMailbox, person_reference, structure_reference,
};
use mailstore::NewAccount;
use names::{AccountKind, Address, Timestamp};
use std::fmt::Write as _;

/// A mailbox with its ids drawn and its key made.
struct Work {
    admin: Admin,
    prepared: PreparedMailbox,
    place: NewAccount,
    by: Authority,
    now: Timestamp,
}

impl Admin {
    /// Creates a mailbox with its place in the store, or nothing. The outer error is ours.
    pub async fn create_mailbox(
        &self,
        new: NewMailbox,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let failed = |cause| Error::Directory { what: "preparing a mailbox", cause };
        let prepared = self.directory.prepare_mailbox(new, now);
        // Asked again inside the unit; here, so that no key is made for nothing.
        if let Some(refusal) = self.directory.new_mailbox_refused(&prepared, by).await.map_err(failed)? {
            return Ok(Err(refusal));
        }
        let place = self.mailstore.prepare_account_as(prepared.account(), prepared.kind(), now).await;
        let place = place.map_err(|cause| Error::Store { what: "making the key of a mailbox", cause })?;
        let work = Work { admin: self.clone(), prepared, place, by: by.clone(), now };
        let unit = db::unit("create a mailbox with its place", work, |work, tx| Box::pin(work.run(tx)));
        self.mailstore.db().write(unit).await
    }

    /// What is asked at the command line.
    pub(crate) async fn mailbox(&self, command: &MailboxCommand, now: Timestamp) -> Result<Done, Error> {
        let by = Authority::operator();
        match command {
            MailboxCommand::Create { .. } => {
                let new = read_new(command)?;
                let made = self.create_mailbox(new, &by, now).await?.map_err(refused)?;
                Ok(Done::complete(format!("created    {} {}\n", made.kind.code(), made.address)))
            }
            MailboxCommand::Describe { address, description, service, responsible, red_list, rank } => {
                let mailbox = self.mailbox_at(address).await?;
                let mut entry = MailboxEntry::of(&mailbox);
                let given = |kept: &mut Option<String>, text: &Option<String>| {
                    if let Some(text) = text {
                        *kept = said(text);
                    }
                };
                given(&mut entry.description, description);
                given(&mut entry.service, service);
                given(&mut entry.responsible, responsible);
                entry.red_list = red_list.unwrap_or(entry.red_list);
                entry.rank = rank.unwrap_or(entry.rank);
                let described = self.directory.describe_mailbox(mailbox.account, &entry, &by, now).await;
                let failed = |cause| Error::Directory { what: "describing a mailbox", cause };
                Ok(Done::complete(sheet(&described.map_err(failed)?.map_err(refused)?)))
            }
            MailboxCommand::Suspend { address } => self.moved(address, MailboxMove::Suspend, &by, now).await,
            MailboxCommand::Reopen { address } => self.moved(address, MailboxMove::Reopen, &by, now).await,
            MailboxCommand::Close { address } => self.moved(address, MailboxMove::Close, &by, now).await,
            MailboxCommand::Show { address } => self.show_mailbox(address, &by, now).await,
        }
    }

    async fn moved(
        &self,
        address: &str,
        to: MailboxMove,
        by: &Authority,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let mailbox = self.mailbox_at(address).await?;
        let moved = self.directory.move_mailbox(mailbox.account, to, by, now).await;
        let failed = |cause| Error::Directory { what: "moving a mailbox", cause };
        Ok(Done::complete(sheet(&moved.map_err(failed)?.map_err(refused)?)))
    }

    async fn show_mailbox(&self, address: &str, by: &Authority, now: Timestamp) -> Result<Done, Error> {
        let account = self.mailbox_at(address).await?.account;
        let failed = |cause| Error::Directory { what: "looking at a mailbox", cause };
        let found = self.directory.mailbox_sheet(account, by, now).await.map_err(failed)?;
        let found = found.ok_or_else(|| refused(MailboxRefusal::NotFound))?;
        self.looked(Chain::Account(account), "mailbox".to_owned(), now).await?;
        let mut text = sheet(&found.mailbox);
        text.push_str(&self.use_of(account, now).await?.told());
        for line in &found.admitted {
            // What has begun needs no beginning.
            let starts = line.period.later(now);
            let days = crate::members::days_told(directory::Period { starts, ..line.period });
            let id: String = line.person.national_id.0.chars().skip(1).collect();
            let name = line.person.display_name();
            let _ = writeln!(text, "used by     {name} ({id}), {}{days}", line.rights.code());
        }
        Ok(Done::complete(text))
    }

    /// The mailbox with this address.
    pub(crate) async fn mailbox_at(&self, address: &str) -> Result<Mailbox, Error> {
        let unknown = || refused(MailboxRefusal::NotFound);
        let parsed = Address::parse(address).map_err(|_| unknown())?;
        let failed = |cause| Error::Directory { what: "looking a mailbox up", cause };
        self.directory.mailbox(&parsed).await.map_err(failed)?.ok_or_else(unknown)
    }
}

impl Work {
    async fn run(&self, tx: &mut db::Tx) -> Result<Result<Mailbox, MailboxRefusal>, Error> {
        let made = self.admin.directory.create_mailbox_in(tx, &self.prepared, &self.by, self.now).await;
        let made = made.map_err(|cause| Error::Directory { what: "creating a mailbox", cause })?;
        if made.is_ok() {
            let written = self.admin.mailstore.write_account(tx, &self.place, self.now).await;
            written.map_err(|cause| Error::Store { what: "giving a mailbox its place", cause })?;
        }
        Ok(made)
    }
}

fn read_new(command: &MailboxCommand) -> Result<NewMailbox, Error> {
    let MailboxCommand::Create {
        address,
        kind,
        person,
        name,
        organisation,
        description,
        service,
        responsible,
    } = command
    else {
        return Err(Error::Refused("nothing to create".to_owned()));
    };
    let address = Address::parse(address).map_err(|error| Error::Refused(format!("the address: {error}")))?;
    let kind = AccountKind::from_code(kind).filter(|kind| *kind != AccountKind::Patient);
    let kind = kind.ok_or_else(|| Error::Refused("a type is PER, ORG, APP or CAB".to_owned()))?;
    let new = name.as_ref().map(|name| PersonDetails {
        civility: name.civility.clone().unwrap_or_default(),
        given_name: name.given_name.trim().to_owned(),
        family_name: name.family_name.trim().to_owned(),
        profession: None,
        specialty: name.specialty.clone(),
    });
    let person = person.as_ref().map(|id| {
        person_reference(id)
            .map(|national_id| NewPerson { national_id, new })
            .map_err(|what| Error::Refused(format!("{id} {what}")))
    });
    let organisation = organisation
        .as_ref()
        .map(|id| structure_reference(id).map_err(|what| Error::Refused(format!("{id} {what}"))));
    let text = |text: &Option<String>| text.as_deref().and_then(said);
    let entry = MailboxEntry {
        description: text(description),
        service: text(service),
        responsible: text(responsible),
        red_list: false,
        rank: 1,
    };
    let holder = NewHolder { person: person.transpose()?, organisation: organisation.transpose()? };
    Ok(NewMailbox { address, kind, holder, entry })
}

/// A text without space around it; none when nothing is left.
fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn sheet(mailbox: &Mailbox) -> String {
    let mut text = format!(
        "address     {}\ntype        {}\nstate       {}\n",
        mailbox.address,
        mailbox.kind.code(),
        mailbox.state.code()
    );
    let holder = mailbox.person.as_ref().map(directory::Person::display_name);
    let organisation = mailbox.organisation.as_ref().map(|organisation| organisation.name.clone());
    for (name, value) in [
        ("holder", &holder),
        ("structure", &organisation),
        ("description", &mailbox.description),
        ("service", &mailbox.service),
        ("responsible", &mailbox.responsible),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name:<11} {value}");
        }
    }
    let shown = if mailbox.red_list { "hidden: red list" } else { "shown" };
    let _ = writeln!(text, "directory   {shown}, rank {}", mailbox.rank);
    text
}

/// A refusal in words for the terminal.
pub(crate) fn refused(refusal: MailboxRefusal) -> Error {
    let words = match refusal {
        MailboxRefusal::NotFound => "there is no such mailbox or person here",
        MailboxRefusal::Taken => "this address has been given already, and is never given again",
        MailboxRefusal::Domain => "the address is not under a professional domain of this house",
        MailboxRefusal::Holder => "a PER has a person, an ORG or APP an organisation alone, a CAB either",
        MailboxRefusal::Organisation => {
            "no organisation here has this number; `pli admin import` brings it in"
        }
        MailboxRefusal::Person => "nobody here has this identifier: give --family-name and --given-name",
        MailboxRefusal::TooLong => "a text is too long (200 characters), or the rank is not 1 to 99",
        MailboxRefusal::State => "its state does not allow this; what is closed stays closed",
    };
    Error::Refused(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, full_houses};
    use crate::{Command, PersonName};

    fn create(local: &str, kind: &str, person: Option<&str>, organisation: Option<&str>) -> MailboxCommand {
        MailboxCommand::Create {
            address: format!("{local}@hopital-saint-roch.mssante.example"),
            kind: kind.to_owned(),
            person: person.map(str::to_owned),
            name: None,
            organisation: organisation.map(str::to_owned),
            description: None,
            service: Some("  Accueil ".to_owned()),
            responsible: None,
        }
    }

    #[tokio::test]
    async fn a_created_mailbox_receives_letters_and_signs_in() {
        for house in full_houses().await {
            let run = async |command| house.admin.run(&Command::Mailbox(command), NOON).await;
            let mut new = create("ines.roy", "PER", Some("10099999999"), Some("990000010"));
            let error = run(new.clone()).await.unwrap_err().to_string();
            assert!(error.contains("--family-name"), "{error}");
            if let MailboxCommand::Create { name, .. } = &mut new {
                let words = |text: &str| text.to_owned();
                *name = Some(PersonName {
                    civility: Some(words("Mme")),
                    given_name: words("Inès"),
                    family_name: words("Roy"),
                    specialty: None,
                });
            }
            run(new).await.unwrap();
            let address = Address::parse("ines.roy@hopital-saint-roch.mssante.example").unwrap();
            let found = house.admin.directory.mailbox(&address).await.unwrap().unwrap();
            // The store knows it: its key, its folders.
            let folders = house.admin.mailstore.folders(found.account).await;
            assert!(folders.unwrap().len() >= 6, "{}", house.engine);
        }
    }

    #[tokio::test]
    async fn the_life_of_a_mailbox_at_the_command_line() {
        for house in full_houses().await {
            let run = async |command| house.admin.run(&Command::Mailbox(command), NOON).await;
            run(create("accueil", "ORG", None, Some("990000010"))).await.unwrap();
            let address = "accueil@hopital-saint-roch.mssante.example".to_owned();
            let describe = MailboxCommand::Describe {
                address: address.clone(),
                description: Some("Accueil de l'hôpital".to_owned()),
                service: Some(String::new()),
                responsible: None,
                red_list: Some(true),
                rank: None,
            };
            let text = run(describe).await.unwrap().text;
            assert!(text.contains("red list") && !text.contains("service "), "{text}");
            for (command, words) in [
                (MailboxCommand::Suspend { address: address.clone() }, "suspended"),
                (MailboxCommand::Reopen { address: address.clone() }, "open"),
                (MailboxCommand::Show { address: address.clone() }, "Accueil de l'hôpital"),
                (MailboxCommand::Close { address: address.clone() }, "closed"),
            ] {
                let text = run(command).await.unwrap().text;
                assert!(text.contains(words), "{}: {words}: {text}", house.engine);
            }
            let again = run(MailboxCommand::Reopen { address }).await.unwrap_err().to_string();
            assert!(again.contains("stays closed"), "{again}");
            let twice = run(create("accueil", "ORG", None, Some("990000010"))).await.unwrap_err().to_string();
            assert!(twice.contains("never given again"), "{twice}");
        }
    }
}
