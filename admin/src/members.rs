//! Who uses a mailbox beside its holder, and what ends when a professional leaves.

use crate::mailboxes::refused;
use crate::{Admin, Days, Done, Error, MemberCommand, days};
use directory::{Access, Authority, Departed, Left, MailboxRefusal, MemberRefusal, Period, Rights, people};
use names::{DAY, PersonId, Timestamp};
use std::fmt::Write as _;

impl Admin {
    /// What is asked at the command line.
    pub(crate) async fn member(&self, command: &MemberCommand, now: Timestamp) -> Result<Done, Error> {
        let read = |rights: &str| {
            let read = Rights::from_code(rights);
            read.ok_or_else(|| Error::Refused("rights are read, write or manage".to_owned()))
        };
        let (mailbox, person, rights, period) = match command {
            MemberCommand::Add { mailbox, person, rights, days } => {
                (mailbox, person, Some(read(rights)?), Some(days.period()?))
            }
            MemberCommand::Change { mailbox, person, rights, days } => {
                // Without a day, those that were given stay.
                let period = (*days != Days::default()).then(|| days.period()).transpose()?;
                (mailbox, person, Some(read(rights)?), period)
            }
            MemberCommand::Remove { mailbox, person } => (mailbox, person, None, None),
        };
        let found = self.mailbox_at(mailbox).await?;
        let by = Authority::operator();
        let set = self.directory.set_member_as(&by, found.account, person, (rights, period), now).await;
        set.map_err(|cause| Error::Directory { what: "changing a member", cause })?.map_err(not_set)?;
        let words = rights.map_or("uses it no more", |rights| match rights {
            Rights::Read => "reads",
            Rights::Write => "reads and writes",
            Rights::Manage => "reads, writes and manages",
        });
        let days = period.filter(|_| rights.is_some()).map_or_else(String::new, days_told);
        Ok(Done::complete(format!("{person} {words}{days} ({})\n", found.address)))
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

impl Days {
    /// From the first instant of one day to the last of the other (UTC, as everywhere at the command line).
    fn period(&self) -> Result<Period, Error> {
        let read = |text: &Option<String>| {
            let day = text.as_deref().map(|text| {
                let wrong = || Error::Refused(format!("«{text}» is no day, as 2026-12-31"));
                days::read(text).ok_or_else(wrong)
            });
            day.transpose()
        };
        Ok(Period { starts: read(&self.from)?, ends: read(&self.until)?.map(|last| last.plus(DAY)) })
    }
}

/// As ` from 2026-12-01 until 2026-12-31`; nothing without limits.
pub(crate) fn days_told(period: Period) -> String {
    let from = period.starts.map_or_else(String::new, |at| format!(" from {}", days::written(at)));
    let until = period.ends.map_or_else(String::new, |at| format!(" until {}", days::written(at.plus(-1))));
    from + &until
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
        MemberRefusal::Past => "the last day is over, or before the first",
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
                days: Days::default(),
            };
            assert!(run(add("all")).await.is_err());
            assert!(run(add("read")).await.unwrap().text.contains("reads"), "{}", house.engine);
            run(add("manage")).await.unwrap();
            let change = |from: &str, until: &str| MemberCommand::Change {
                mailbox: mailbox.clone(),
                person: person.clone(),
                rights: "write".to_owned(),
                days: Days { from: Some(from.to_owned()), until: Some(until.to_owned()) },
            };
            for (case, from, until, words) in [
                ("over", "2026-11-01", "2026-11-21", "is over"),
                ("the wrong way round", "2026-12-02", "2026-12-01", "before the first"),
                ("no day", "2026-12-32", "2026-12-31", "no day"),
            ] {
                let error = run(change(from, until)).await.unwrap_err().to_string();
                assert!(error.contains(words), "{}: {case}: {error}", house.engine);
            }
            let told = run(change("2026-12-01", "2026-12-31")).await.unwrap().text;
            assert!(told.contains(" from 2026-12-01 until 2026-12-31"), "{told}");
            let show = Command::Mailbox(crate::MailboxCommand::Show { address: mailbox.clone() });
            let shown = house.admin.run(&show, NOON).await.unwrap().text;
            assert!(shown.contains("write from 2026-12-01 until 2026-12-31"), "{shown}");
            run(MemberCommand::Change {
                mailbox: mailbox.clone(),
                person: person.clone(),
                rights: "read".to_owned(),
                days: Days::default(),
            })
            .await
            .unwrap();
            let shown = house.admin.run(&show, NOON).await.unwrap().text;
            assert!(shown.contains("read from 2026-12-01 until 2026-12-31"), "the days stay: {shown}");
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
