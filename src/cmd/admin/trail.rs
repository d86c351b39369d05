//! `pli admin trail`: what auditors do.

use super::asked;
use admin::Command;
use admin::trail::{EXPORTED, ExportAs, TrailCommand, Whose};
use anyhow::Context as _;
use clap::builder::RangedI64ValueParser;
use clap::{Args, Subcommand};
use names::{DAY, Timestamp};

/// The trail: who did what, line by line.
#[derive(Subcommand)]
pub(super) enum Trail {
    /// Tells the newest lines of a chain.
    Show {
        #[command(flatten)]
        whose: Chain,
        /// How many at most: up to 100,000, more by `export`.
        #[arg(long, default_value_t = 50, value_parser = lines())]
        lines: u32,
    },
    /// Writes the lines of a chain between two days, both included, to standard output.
    Export {
        #[command(flatten)]
        whose: Chain,
        /// The first day, as 2026-11-01 (UTC).
        #[arg(long, value_parser = day)]
        from: Timestamp,
        /// The last day, as 2026-11-30 (UTC).
        #[arg(long, value_parser = day)]
        until: Timestamp,
        /// As what: jsonl, one object a line; csv, UTF-8, parted by `;`, no cell a formula.
        #[arg(long = "as", default_value = "jsonl", value_parser = form)]
        form: ExportAs,
    },
    /// Proves that no line was changed: of one chain, or of all when none is named. Ends with 1 when one was.
    Check {
        #[command(flatten)]
        whose: Chain,
    },
}

/// Which chain.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Chain {
    /// The house: settings, start and stop, administrators.
    #[arg(long)]
    house: bool,
    /// A mailbox of professionals, by its address.
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<String>,
    /// A professional, by national identifier (RPPS, ADELI, structure/number).
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// A patient: the INS is read from standard input.
    #[arg(long)]
    patient: bool,
}

impl Chain {
    fn whose(self) -> anyhow::Result<Option<Whose>> {
        if self.patient {
            return Ok(Some(Whose::Patient(asked::ins()?)));
        }
        let house = self.house.then_some(Whose::House);
        Ok(house.or(self.mailbox.map(Whose::Mailbox)).or(self.person.map(Whose::Person)))
    }

    fn one(self) -> anyhow::Result<Whose> {
        self.whose()?.context("whose chain: --house, --mailbox, --person or --patient")
    }
}

impl Trail {
    pub(super) fn command(self) -> anyhow::Result<Command> {
        Ok(Command::Trail(match self {
            Self::Show { whose, lines } => TrailCommand::Show { whose: whose.one()?, lines },
            Self::Export { whose, from, until, form } => {
                TrailCommand::Export { whose: whose.one()?, from, until: until.plus(DAY), form }
            }
            Self::Check { whose } => TrailCommand::Check { whose: whose.whose()? },
        }))
    }
}

/// How many lines may be asked for.
pub(super) fn lines() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=EXPORTED as i64)
}

/// The first instant of a day.
fn day(text: &str) -> Result<Timestamp, String> {
    admin::days::read(text).ok_or_else(|| format!("«{text}» is no day: write 2026-11-22"))
}

fn form(word: &str) -> Result<ExportAs, String> {
    ExportAs::from_code(word)
        .ok_or_else(|| format!("one of {}", ExportAs::ALL.map(ExportAs::code).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        trail: Trail,
    }

    fn parsed(words: &[&str]) -> Option<TrailCommand> {
        let line = Line::try_parse_from([&["pli"], words].concat()).ok()?;
        match line.trail.command() {
            Ok(Command::Trail(command)) => Some(command),
            Ok(_) | Err(_) => None,
        }
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        let mailbox = || Whose::Mailbox("a@b.example".to_owned());
        let export = &["export", "--mailbox", "a@b.example", "--from", "2026-11-01", "--until", "2026-11-30"];
        let from = day("2026-11-01").unwrap();
        let until = day("2026-12-01").unwrap();
        let form = ExportAs::JsonLines;
        assert_eq!(parsed(export), Some(TrailCommand::Export { whose: mailbox(), from, until, form }));
        let show = &["show", "--house"];
        assert_eq!(parsed(show), Some(TrailCommand::Show { whose: Whose::House, lines: 50 }));
        assert_eq!(parsed(&["check"]), Some(TrailCommand::Check { whose: None }));
        for wrong in [
            &["show"][..],
            &["show", "--house", "--person", "1"],
            &["show", "--house", "--lines", "0"],
            &["show", "--house", "--lines", "100001"],
            &["export", "--house", "--from", "1 novembre", "--until", "2026-11-30"],
        ] {
            assert_eq!(parsed(wrong), None, "{wrong:?}");
        }
    }
}
