//! Who uses a mailbox beside its holder, and what ends when a professional leaves.

use crate::mailboxes::refused;
use crate::{Admin, Done, Error, MemberCommand};
use directory::{Access, Authority, Departed, Left, MailboxRefusal, MemberRefusal, Rights, people};
use names::{PersonId, Timestamp};
use std::fmt::Write as _;

impl Admin {
    /// What is asked at the command line.
    pub(crate) async fn member(&self, command: &MemberCommand, now: Timestamp) -> Result<Done, Error> {
        let (mailbox, person, rights) = match command {
            MemberCommand::Add { mailbox, person, rights }
            | MemberCommand::Change { mailbox, person, rights } => {
                let read = Rights::from_code(rights);
                let read =
                    read.ok_or_else(|| Error::Refused("rights are read, write or manage".to_owned()))?;
                (mailbox, person, Some(read))
            }
            MemberCommand::Remove { mailbox, person } => (mailbox, person, None),
        };
        let found = self.mailbox_at(mailbox).await?;
        let by = Authority::operator();
        let set = self.directory.set_member_as(&by, found.account, person, rights, now).await;
        set.map_err(|cause| Error::Directory { what: "changing a member", cause })?.map_err(not_set)?;
        let words = rights.map_or("uses it no more", |rights| match rights {
            Rights::Read => "reads",
            Rights::Write => "reads and writes",
            Rights::Manage => "reads, writes and manages",
        });
        Ok(Done::complete(format!("{person} {words} ({})\n", found.address)))
    }

    /// The departure of a professional, at the command line.
    pub(crate) async fn departure(
        &self,
        person: &str,
        left: Left,
        dry_run: crate::Import,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let (id, by) = (self.person_called(person).await?, Authority::operator());
        let departed = match dry_run {
            crate::Import::DryRun => self.directory.departure_of(id, &by, now).await,
            crate::Import::Apply => self.directory.depart(id, left, &by, now).await,
        };
        let departed =
            departed.map_err(|cause| Error::Directory { what: "carrying out a departure", cause })?;
        Ok(Done::complete(told(&departed.map_err(refused)?, dry_run)))
    }

    /// The professional with this identifier.
    pub(crate) async fn person_called(&self, id: &str) -> Result<PersonId, Error> {
        let national = directory::person_reference(id).map_err(Error::Refused)?;
        let mut tx = self.mailstore.db().read().await?;
        let found = people::find_by_national_ids(&mut tx, &[national]).await?.pop();
        found.map(|person| person.id).ok_or_else(|| refused(MailboxRefusal::NotFound))
    }
}

fn not_set(refusal: MemberRefusal) -> Error {
    let words = match refusal {
        MemberRefusal::NotYours => "this mailbox is not open, or is a machine's",
        MemberRefusal::Nobody => {
            "nobody here has this identifier or address, or they do not use this mailbox"
        }
        MemberRefusal::Holder => "it is their own mailbox: the holder's rights stay",
        MemberRefusal::Managing => "managing a person's own mailbox is not given to another",
        MemberRefusal::LastManager => "somebody must manage this mailbox",
    };
    Error::Refused(words.to_owned())
}

fn told(departed: &Departed, dry_run: crate::Import) -> String {
    let mut text = String::new();
    for mailbox in &departed.own {
        let _ = writeln!(text, "own        {} {}", mailbox.address, mailbox.state.code());
    }
    for mailbox in &departed.shared {
        let unmanaged = departed.unmanaged.iter().any(|one| one.account == mailbox.account);
        let more = if unmanaged { "  (nobody manages it afterwards)" } else { "" };
        let _ = writeln!(text, "leaves     {}{more}", mailbox.address);
    }
    for mailbox in &departed.kept {
        let _ = writeln!(text, "keeps      {}", mailbox.address);
    }
    let _ = writeln!(text, "delegations on their own mailboxes that end: {}", departed.given);
    text.push_str(match departed.access {
        Access::Ended => "Application passwords are withdrawn and sessions end.\n",
        Access::Kept => "They still use a mailbox: their passwords stay.\n",
    });
    text.push_str(
        "Letters that wait to leave still leave; those in the mailbox are kept; new ones are refused.\n",
    );
    if dry_run == crate::Import::DryRun {
        text.push_str("Nothing was done. Without --dry-run it will be.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, full_houses};
    use crate::{Command, Import};

    const PAUL: &str = "10099000027";
    const MARIE: &str = "10099000019";
    const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";

    #[tokio::test]
    async fn members_come_change_and_go() {
        for house in full_houses().await {
            let run = async |command| house.admin.run(&Command::Member(command), NOON).await;
            let (mailbox, person) = (TEAM.to_owned(), MARIE.to_owned());
            let add = |rights: &str| MemberCommand::Add {
                mailbox: mailbox.clone(),
                person: person.clone(),
                rights: rights.to_owned(),
            };
            assert!(run(add("all")).await.is_err());
            assert!(run(add("read")).await.unwrap().text.contains("reads"), "{}", house.engine);
            run(add("manage")).await.unwrap();
            let remove = MemberCommand::Remove { mailbox: mailbox.clone(), person: person.clone() };
            run(remove.clone()).await.unwrap();
            let error = run(remove).await.unwrap_err().to_string();
            assert!(error.contains("do not use"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_departure_is_told_before_it_is_done() {
        for house in full_houses().await {
            let run = async |how| {
                let command = Command::Departure { person: PAUL.to_owned(), suspend: false, how };
                house.admin.run(&command, NOON).await.unwrap().text
            };
            let planned = run(Import::DryRun).await;
            assert!(planned.contains("Nothing was done") && planned.contains("paul.ferrand@"), "{planned}");
            assert!(planned.contains(" open"), "{planned}");
            let done = run(Import::Apply).await;
            assert!(done.contains(" closed") && done.contains(TEAM), "{}: {done}", house.engine);
        }
    }
}
