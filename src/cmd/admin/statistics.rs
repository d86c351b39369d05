//! `pli admin statistics`: monthly figures.

use admin::Command;
use admin::statistics_tables::{Column, Sheet, StatisticsCommand};
use clap::Args;
use names::Month;

/// Monthly figures of mailboxes and domains.
#[derive(Args)]
pub(super) struct Statistics {
    /// Which month, as 2026-11 (UTC); the present one when absent.
    #[arg(long)]
    month: Option<Month>,
    /// Of this mailbox only.
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<String>,
    /// As a table for spreadsheets: UTF-8, fields between quotes, parted by `;`, no cell a formula. Which one:
    /// boites (when nothing follows), ouvertes, domaines, logiciels, jours.
    #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "boites", value_parser = sheet)]
    csv: Option<Sheet>,
    /// Which columns of the table of mailboxes, in which order, parted by commas: mois, boite, type, etat,
    /// structure, organisation, envoyees, envoyees_patients, envoyees_cda, envoyees_ins_qualifiee, refus, recues,
    /// connexions. All when absent.
    #[arg(long, value_delimiter = ',', value_parser = column, requires = "csv")]
    columns: Vec<Column>,
}

impl Statistics {
    pub(super) fn command(self) -> Command {
        let Self { month, mailbox, csv, columns } = self;
        Command::Statistics(StatisticsCommand { month, mailbox, csv, columns })
    }
}

fn sheet(word: &str) -> Result<Sheet, String> {
    Sheet::from_code(word).ok_or_else(|| format!("one of {}", Sheet::ALL.map(Sheet::code).join(", ")))
}

fn column(word: &str) -> Result<Column, String> {
    Column::from_code(word).ok_or_else(|| format!("one of {}", Column::ALL.map(Column::code).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        statistics: Statistics,
    }

    fn parsed(words: &[&str]) -> Result<StatisticsCommand, clap::Error> {
        let line = Line::try_parse_from([&["pli"], words].concat())?;
        match line.statistics.command() {
            Command::Statistics(asked) => Ok(asked),
            _ => panic!("another command"),
        }
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        let asked = parsed(&["--month", "2026-11", "--csv", "--columns", "boite,connexions"]).unwrap();
        assert_eq!(asked.month.unwrap().to_string(), "2026-11");
        assert_eq!(asked.csv, Some(Sheet::Mailboxes));
        assert_eq!(asked.columns, [Column::Mailbox, Column::Connections]);
        assert_eq!(parsed(&["--csv", "domaines"]).unwrap().csv, Some(Sheet::Domains));
        assert_eq!(parsed(&[]).unwrap().csv, None);
        for wrong in [
            &["--month", "2026-13"][..],
            &["--csv", "tout"],
            &["--columns", "boite"],
            &["--csv", "--columns", "x"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
