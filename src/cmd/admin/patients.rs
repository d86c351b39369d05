//! `pli admin patients`: a large table of patients.

use std::path::PathBuf;

use admin::{Entering, Import, List, PatientsCommand};
use anyhow::Context as _;
use clap::Subcommand;

use super::directory::absolute;
use crate::control::Question;

#[derive(Subcommand)]
pub(super) enum Patients {
    /// Brings a table of patients in: a CSV file of any size, some hundreds at a time, while mail goes on.
    ///
    /// The first row names the columns: ins, birth_name, given_names, birth_date and sex must be there; used_name,
    /// used_given_name, ins_oid, birth_place, email, phone, postal_address, state, since and time_zone may. Who is
    /// new comes in, and is told; of who is known, what differs is changed, and an empty field changes nothing.
    /// Nobody's profile is closed. Wrong rows are left out, counted, and written to a file with their lines and
    /// reasons. Stopped half way, it goes on when the same file is imported again.
    Import {
        /// The table, on the machine of the server.
        file: PathBuf,
        /// Where the lines that are left out are named, with reasons; `FILE.rejects` beside the file when absent.
        #[arg(long, value_name = "FILE")]
        rejects: Option<PathBuf>,
        /// Say what would change, write nothing but the rejects.
        #[arg(long)]
        dry_run: bool,
        /// Announces everybody who is new, whatever the rows say.
        #[arg(long, conflicts_with = "at_once")]
        announce: bool,
        /// Opens the spaces of everybody who is new, whatever the rows say: births, new affiliations.
        #[arg(long)]
        at_once: bool,
        /// Says that the file names everybody: whoever has a profile and is absent is counted, and too many stop the
        /// import before it begins.
        #[arg(long)]
        complete: bool,
        /// How many per cent of living profiles a complete file may leave out.
        #[arg(long, value_name = "PERCENT", requires = "complete", default_value_t = ::directory::limits::ABSENT_PERCENT)]
        max_absent: u8,
        /// Lets any number be absent. Look at a dry run first.
        #[arg(long, requires = "complete", conflicts_with = "max_absent")]
        allow_absent: bool,
        /// Where those are named, by INS, who are absent from a complete file.
        #[arg(long, value_name = "FILE", requires = "complete")]
        absent: Option<PathBuf>,
    },
}

impl Patients {
    pub(super) fn question(self) -> anyhow::Result<Question> {
        let Self::Import {
            file,
            rejects,
            dry_run,
            announce,
            at_once,
            complete,
            max_absent,
            allow_absent,
            absent,
        } = self;
        let file = absolute(&file)?;
        let rejects = match rejects {
            Some(rejects) => absolute(&rejects)?,
            None => {
                let mut name = file.file_name().context("a file to import")?.to_owned();
                name.push(".rejects");
                file.with_file_name(name)
            }
        };
        let named_in = absent.as_deref().map(absolute).transpose()?;
        Ok(Question::Patients(PatientsCommand {
            file,
            rejects,
            how: if dry_run { Import::DryRun } else { Import::Apply },
            entering: match (announce, at_once) {
                (true, _) => Entering::Announced,
                (false, true) => Entering::AtOnce,
                (false, false) => Entering::AsWritten,
            },
            list: match complete {
                true => List::Everybody { absent: (!allow_absent).then_some(max_absent), named_in },
                false => List::Some,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches as _;

    fn asked(arguments: &[&str]) -> Result<PatientsCommand, clap::Error> {
        let command = Patients::augment_subcommands(clap::Command::new("patients"));
        let matches = command.try_get_matches_from([&["patients", "import"], arguments].concat())?;
        match Patients::from_arg_matches(&matches)?.question() {
            Ok(Question::Patients(command)) => Ok(command),
            Ok(_) | Err(_) => panic!("an import of patients"),
        }
    }

    #[test]
    fn what_is_asked_becomes_an_import_with_absolute_paths() {
        let plain = asked(&["/data/people.csv"]).unwrap();
        assert_eq!(plain.rejects, PathBuf::from("/data/people.csv.rejects"));
        assert_eq!((plain.how, plain.entering, plain.list), (Import::Apply, Entering::AsWritten, List::Some));
        let dry = asked(&["people.csv", "--dry-run", "--announce"]).unwrap();
        assert!(dry.file.is_absolute() && dry.rejects.is_absolute());
        assert_eq!((dry.how, dry.entering), (Import::DryRun, Entering::Announced));
        assert_eq!(asked(&["p.csv", "--at-once"]).unwrap().entering, Entering::AtOnce);
        let everybody = |absent| List::Everybody { absent, named_in: None };
        assert_eq!(asked(&["p.csv", "--complete"]).unwrap().list, everybody(Some(5)));
        assert_eq!(asked(&["p.csv", "--complete", "--allow-absent"]).unwrap().list, everybody(None));
        for wrong in [
            &["p.csv", "--announce", "--at-once"][..],
            &["p.csv", "--allow-absent"],
            &["p.csv", "--complete", "--allow-absent", "--max-absent", "9"],
            &[],
        ] {
            assert!(asked(wrong).is_err(), "{wrong:?}");
        }
    }
}
