//! Seed files: who exists, written by hand, as TOML or as CSV tables. Reading is pure; every row that
//! is not right is named by file, line and reason, and never stops the others.
//!
//! In TOML each table is an array of tables (`[[people]]`); in CSV each table is a file of that name
//! (`people.csv`) with a header row, and lists are separated by `;` inside a field. The tables are
//! domains, organisations, people, mailboxes, members, delegations, patients, users, mandates and
//! passwords; the columns of each stand above its reader in `seed/rows.rs`.

pub(crate) mod fields;
mod files;
mod invented;
pub(crate) mod rows;

pub use fields::{person_reference, structure_reference};
pub use invented::invent_patients;
use rows::{
    DelegationRow, DomainRow, MailboxRow, MandateRow, MemberRow, OrganisationRow, PasswordRow, PatientRow,
    PersonRow, UserRow,
};

use names::Timestamp;

use crate::{Entrance, limits};

/// One file as the caller read it.
#[derive(Clone)]
pub struct SeedFile {
    /// Its name, for messages and, of a CSV file, for its table: `people.csv`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A row that was not taken, and why. Never quotes a field: it may be a patient's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fault {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// What seed files say, row by row, with the place each row stands at.
#[derive(Clone, Default)]
pub struct Seed {
    pub(crate) domains: Vec<Placed<DomainRow>>,
    pub(crate) organisations: Vec<Placed<OrganisationRow>>,
    pub(crate) people: Vec<Placed<PersonRow>>,
    pub(crate) mailboxes: Vec<Placed<MailboxRow>>,
    pub(crate) members: Vec<Placed<MemberRow>>,
    pub(crate) delegations: Vec<Placed<DelegationRow>>,
    pub(crate) patients: Vec<Placed<PatientRow>>,
    pub(crate) users: Vec<Placed<UserRow>>,
    pub(crate) mandates: Vec<Placed<MandateRow>>,
    pub(crate) passwords: Vec<Placed<PasswordRow>>,
    /// The rows that were not understood.
    pub faults: Vec<Fault>,
}

/// A row and where it stands.
#[derive(Clone)]
pub(crate) struct Placed<T> {
    pub(crate) at: Place,
    pub(crate) row: T,
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl Place {
    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault { file: self.file.clone(), line: self.line, reason: reason.into() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

/// The tables of a seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Table {
    Domains,
    Organisations,
    People,
    Mailboxes,
    Members,
    Delegations,
    Patients,
    Users,
    Mandates,
    Passwords,
}

impl Table {
    const ALL: [Self; 10] = [
        Self::Domains,
        Self::Organisations,
        Self::People,
        Self::Mailboxes,
        Self::Members,
        Self::Delegations,
        Self::Patients,
        Self::Users,
        Self::Mandates,
        Self::Passwords,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Domains => "domains",
            Self::Organisations => "organisations",
            Self::People => "people",
            Self::Mailboxes => "mailboxes",
            Self::Members => "members",
            Self::Delegations => "delegations",
            Self::Patients => "patients",
            Self::Users => "users",
            Self::Mandates => "mandates",
            Self::Passwords => "passwords",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl Seed {
    /// Reads seed files. `now` gives meaning to ages like `-10d` (ten days ago).
    #[must_use]
    pub fn read(files: &[SeedFile], now: Timestamp) -> Self {
        let mut seed = Self::default();
        let mut rows = 0;
        for file in files {
            for line in files::lines(file, &mut seed.faults) {
                rows += 1;
                if rows > limits::SEED_ROWS {
                    seed.faults.push(line.at.fault("too many rows for one import"));
                    return seed;
                }
                seed.take(line, now);
            }
        }
        seed
    }

    /// The same patients as people who come in now, whatever their rows say of a state: announced, or with a
    /// space that is open at once. Rows of other tables are faults.
    #[must_use]
    pub fn entering(mut self, entrance: Entrance, now: Timestamp) -> Self {
        let others = [
            self.domains.first().map(|placed| &placed.at),
            self.organisations.first().map(|placed| &placed.at),
            self.people.first().map(|placed| &placed.at),
            self.mailboxes.first().map(|placed| &placed.at),
            self.members.first().map(|placed| &placed.at),
            self.delegations.first().map(|placed| &placed.at),
            self.users.first().map(|placed| &placed.at),
            self.mandates.first().map(|placed| &placed.at),
            self.passwords.first().map(|placed| &placed.at),
        ];
        let strangers: Vec<Fault> =
            others.into_iter().flatten().map(|at| at.fault("only patients are announced")).collect();
        let mut patients = std::mem::take(&mut self.patients);
        for placed in &mut patients {
            placed.row.entrance = Some(entrance);
            placed.row.life = entrance.life(now);
        }
        let faults = self.faults.into_iter().chain(strangers).collect();
        Self { patients, faults, ..Self::default() }
    }

    fn take(&mut self, line: files::Line, now: Timestamp) {
        let files::Line { at, table, fields } = line;
        let faults = &mut self.faults;
        match table {
            Table::Domains => keep(&mut self.domains, at, rows::domain(fields), faults),
            Table::Organisations => keep(&mut self.organisations, at, rows::organisation(fields), faults),
            Table::People => keep(&mut self.people, at, rows::person(fields), faults),
            Table::Mailboxes => keep(&mut self.mailboxes, at, rows::mailbox(fields), faults),
            Table::Members => keep(&mut self.members, at, rows::member(fields), faults),
            Table::Delegations => keep(&mut self.delegations, at, rows::delegation(fields, now), faults),
            Table::Patients => keep(&mut self.patients, at, rows::patient(fields, now), faults),
            Table::Users => keep(&mut self.users, at, rows::user(fields), faults),
            Table::Mandates => keep(&mut self.mandates, at, rows::mandate(fields, now), faults),
            Table::Passwords => keep(&mut self.passwords, at, rows::password(fields), faults),
        }
    }
}

fn keep<T>(rows: &mut Vec<Placed<T>>, at: Place, row: Result<T, String>, faults: &mut Vec<Fault>) {
    match row {
        Ok(row) => rows.push(Placed { at, row }),
        Err(reason) => faults.push(at.fault(reason)),
    }
}

#[cfg(test)]
mod tests;
