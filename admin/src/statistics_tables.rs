//! Monthly figures as tables for spreadsheets, and in words for the terminal. Headings are plain words of
//! ours: the columns of the national files are not published (DOMAIN §9.2), so which are written, and in
//! which order, may be chosen.

use crate::statistics::{Extent, HouseFigures, MailboxFigures, Statistics};
use crate::table::Table;
use crate::{Admin, Done, Error, days};
use audit::Actor;
use names::{Month, Timestamp};
use relay::visible::Counts;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Which table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sheet {
    /// A line for each mailbox.
    Mailboxes,
    /// Open mailboxes by type.
    Open,
    /// A line for each domain.
    Domains,
    /// A line for each software.
    Software,
    /// A line for each day.
    Days,
}

impl Sheet {
    /// Every table.
    pub const ALL: [Self; 5] = [Self::Mailboxes, Self::Open, Self::Domains, Self::Software, Self::Days];

    /// Its word on the command line and in file names.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Mailboxes => "boites",
            Self::Open => "ouvertes",
            Self::Domains => "domaines",
            Self::Software => "logiciels",
            Self::Days => "jours",
        }
    }

    /// The table of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sheet| sheet.code() == code)
    }
}

/// A column of the table of mailboxes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Column {
    /// The month.
    Month,
    /// The address.
    Mailbox,
    /// PER, ORG, APP, CAB.
    Kind,
    /// open, suspended, closed: as it is now.
    State,
    /// National number of its organisation.
    Structure,
    /// Name of its organisation.
    Organisation,
    /// Letters sent.
    Sent,
    /// … to patients.
    ToPatients,
    /// … with a CDA.
    WithCda,
    /// … with a qualified INS.
    QualifiedIns,
    /// Refusals.
    Refused,
    /// Letters received.
    Received,
    /// Sessions of mail programs.
    Connections,
}

impl Column {
    /// Every column, in the order they stand when none is chosen.
    pub const ALL: [Self; 13] = [
        Self::Month,
        Self::Mailbox,
        Self::Kind,
        Self::State,
        Self::Structure,
        Self::Organisation,
        Self::Sent,
        Self::ToPatients,
        Self::WithCda,
        Self::QualifiedIns,
        Self::Refused,
        Self::Received,
        Self::Connections,
    ];

    /// Its heading, and its word on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Month => "mois",
            Self::Mailbox => "boite",
            Self::Kind => "type",
            Self::State => "etat",
            Self::Structure => "structure",
            Self::Organisation => "organisation",
            Self::Sent => "envoyees",
            Self::ToPatients => "envoyees_patients",
            Self::WithCda => "envoyees_cda",
            Self::QualifiedIns => "envoyees_ins_qualifiee",
            Self::Refused => "refus",
            Self::Received => "recues",
            Self::Connections => "connexions",
        }
    }

    /// The column of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.code() == code)
    }

    fn cell(self, month: Month, line: &MailboxFigures) -> String {
        let (mailbox, counts) = (&line.mailbox, &line.counts);
        let organisation = mailbox.organisation.as_ref();
        match self {
            Self::Month => month.to_string(),
            Self::Mailbox => mailbox.address.to_string(),
            Self::Kind => mailbox.kind.code().to_owned(),
            Self::State => mailbox.state.code().to_owned(),
            Self::Structure => organisation.map(|one| one.national_id.0.clone()).unwrap_or_default(),
            Self::Organisation => organisation.map(|one| one.name.clone()).unwrap_or_default(),
            Self::Sent => counts.sent.to_string(),
            Self::ToPatients => counts.sent_to_patients.to_string(),
            Self::WithCda => counts.sent_with_cda.to_string(),
            Self::QualifiedIns => counts.sent_with_qualified_ins.to_string(),
            Self::Refused => counts.refused.to_string(),
            Self::Received => counts.received.to_string(),
            Self::Connections => counts.connections.to_string(),
        }
    }
}

/// The words of the doors, as headings.
const COUNTS: [&str; 4] = ["lettres", "vers_patients", "avec_cda", "ins_qualifiee"];

impl Statistics {
    /// One table of these figures. What only the whole house has is empty for a part of it.
    #[must_use]
    pub fn csv(&self, sheet: Sheet, columns: &[Column]) -> String {
        let month = self.month.to_string();
        match sheet {
            Sheet::Mailboxes => self.mailboxes_csv(columns),
            Sheet::Open => {
                let mut table = Table::new(["mois", "type", "boites_ouvertes"]);
                for (kind, count) in &self.open {
                    table.row([month.as_str(), kind.code(), &count.to_string()]);
                }
                table.text()
            }
            Sheet::Domains => {
                let mut table = Table::new(["mois", "domaine", "place", "envoyees", "recues"]);
                for line in self.house.iter().flat_map(|house| &house.domains) {
                    let place = line.place.map_or("", directory::trust::Place::code);
                    let (sent, received) = (line.counts.sent.to_string(), line.counts.received.to_string());
                    table.row([month.as_str(), line.domain.as_str(), place, &sent, &received]);
                }
                table.text()
            }
            Sheet::Software => {
                let mut table = Table::new(["mois", "logiciel"].into_iter().chain(COUNTS));
                for (software, counts) in self.house.iter().flat_map(|house| &house.software) {
                    table.row([month.clone(), software.clone()].into_iter().chain(cells(counts)));
                }
                table.text()
            }
            Sheet::Days => {
                let doors = ["par_programme", "par_le_web", "par_operateur"];
                let mut table = Table::new(["jour"].into_iter().chain(doors).chain(COUNTS));
                for day in self.house.iter().flat_map(|house| &house.days) {
                    let doors = day.doors.iter().map(|(_, count)| count.to_string());
                    table.row([days::written(day.start)].into_iter().chain(doors).chain(cells(&day.counts)));
                }
                table.text()
            }
        }
    }

    fn mailboxes_csv(&self, columns: &[Column]) -> String {
        let columns = if columns.is_empty() { &Column::ALL[..] } else { columns };
        let mut table = Table::new(columns.iter().map(|column| column.code()));
        for line in &self.mailboxes {
            table.row(columns.iter().map(|column| column.cell(self.month, line)));
        }
        table.text()
    }

    fn told(&self) -> String {
        let mut text = format!("month      {} (UTC), up to {}\n", self.month, self.until.rfc3339());
        let open: Vec<String> =
            self.open.iter().map(|(kind, count)| format!("{count} {}", kind.code())).collect();
        let open = if open.is_empty() { "not known of that month".to_owned() } else { open.join(", ") };
        let _ = writeln!(text, "open       {open}");
        if let Some(HouseFigures { letters, .. }) = &self.house {
            let _ = writeln!(text, "letters    {} by all doors", letters.letters);
            for (what, count) in [
                ("to patients", letters.to_patients),
                ("with a CDA", letters.with_cda),
                ("qualified INS", letters.qualified_ins),
            ] {
                let _ = writeln!(text, "           {count} {what}{}", share(count, letters.letters));
            }
        }
        let total = &self.total;
        let _ = writeln!(text, "\n    sent  received  refused  connections  mailbox");
        let _ = writeln!(
            text,
            "{:>8}  {:>8}  {:>7}  {:>11}  together",
            total.sent, total.received, total.refused, total.connections
        );
        for MailboxFigures { mailbox, counts } in &self.mailboxes {
            let _ = writeln!(
                text,
                "{:>8}  {:>8}  {:>7}  {:>11}  {}",
                counts.sent, counts.received, counts.refused, counts.connections, mailbox.address
            );
        }
        text
    }
}

impl Admin {
    pub(crate) async fn tell_statistics(
        &self,
        asked: &StatisticsCommand,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let month = asked.month.unwrap_or_else(|| Month::of(now));
        let statistics = self.statistics(month, asked.mailbox.as_deref(), &Extent::House, by, now).await?;
        Ok(Done::complete(match asked.csv {
            Some(sheet) => statistics.csv(sheet, &asked.columns),
            None => statistics.told(),
        }))
    }
}

/// What is asked on the command line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatisticsCommand {
    /// Which month; the present one when absent.
    pub month: Option<Month>,
    /// Of which mailbox; all when absent.
    pub mailbox: Option<String>,
    /// As which table; in words when absent.
    pub csv: Option<Sheet>,
    /// Which columns of the table of mailboxes; all when empty.
    pub columns: Vec<Column>,
}

fn cells(counts: &Counts) -> [String; 4] {
    [counts.letters, counts.to_patients, counts.with_cda, counts.qualified_ins].map(|count| count.to_string())
}

fn share(part: i64, whole: i64) -> String {
    if whole > 0 { format!(" ({} %)", part * 100 / whole) } else { String::new() }
}
