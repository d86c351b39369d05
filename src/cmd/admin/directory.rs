//! `pli admin directory`: the national extracts.

use std::path::{Path, PathBuf};

use admin::{Import, NationalCommand};
use anyhow::Context as _;
use clap::Subcommand;
use register::import::Phase;

use crate::control::Question;

#[derive(Subcommand)]
pub(super) enum Directory {
    /// Brings the public extracts in: that of mailboxes (31 columns), that of activities, or both at once; also
    /// bundles of FHIR.
    ///
    /// A full extract each time: what differs from the entries in force is written beside them, while mail goes on,
    /// and put in force by one step at the end. Wrong lines are left out, counted, and written to a file with their
    /// reasons; they never stop the others. Stopped half way, it goes on when the same files are imported again.
    /// Ends with 1 when it is refused: no extract, another import under way, more removals than allowed.
    Import {
        /// The extracts as text or in a zip archive, or bundles of FHIR, on the machine of the server.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Where lines that are left out are written; `FILE.rejects` beside the first file when absent.
        #[arg(long, value_name = "FILE")]
        rejects: Option<PathBuf>,
        /// Say what would change, write nothing but the rejects.
        #[arg(long)]
        dry_run: bool,
        /// How many per cent of the entries, or of the mailboxes, may go in one import.
        #[arg(long, value_name = "PERCENT", default_value_t = register::limits::REMOVED_PERCENT)]
        max_removals: u8,
        /// Lets any number go. Look at a dry run first.
        #[arg(long, conflicts_with = "max_removals")]
        allow_removals: bool,
    },
    /// Tells what is in force, whether an import is unfinished, and the last imports.
    Show,
    /// Takes an import back that stopped half way.
    DropUnfinished,
}

impl Directory {
    pub(super) fn question(self) -> anyhow::Result<Question> {
        Ok(Question::National(match self {
            Self::Import { files, rejects, dry_run, max_removals, allow_removals } => {
                let files: Vec<PathBuf> =
                    files.iter().map(|file| absolute(file)).collect::<anyhow::Result<_>>()?;
                let rejects = match (rejects, files.first()) {
                    (Some(rejects), _) => absolute(&rejects)?,
                    (None, first) => {
                        let first = first.context("a file to import")?;
                        let mut name = first.file_name().unwrap_or_default().to_owned();
                        name.push(".rejects");
                        first.with_file_name(name)
                    }
                };
                let how = if dry_run { Import::DryRun } else { Import::Apply };
                let removals = (!allow_removals).then_some(max_removals);
                NationalCommand::Import { files, rejects, how, removals }
            }
            Self::Show => NationalCommand::Show,
            Self::DropUnfinished => NationalCommand::DropUnfinished,
        }))
    }
}

/// The server has another working folder than the command line.
pub(super) fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display()))
}

/// A phase, for people who wait.
pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Reading => "reading the files",
        Phase::Comparing => "comparing with what is in force",
        Phase::Writing => "writing what differs",
        Phase::Addresses => "writing addresses",
        Phase::Indexing => "building the index",
        Phase::Sweeping => "removing what nobody reads any more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute_and_rejects_stand_beside_the_first_file() {
        let import = |rejects: Option<&str>, allow_removals| Directory::Import {
            files: vec![PathBuf::from("/data/bal.txt"), PathBuf::from("activities.txt")],
            rejects: rejects.map(PathBuf::from),
            dry_run: false,
            max_removals: 5,
            allow_removals,
        };
        let asked = |directory: Directory| match directory.question().unwrap() {
            Question::National(NationalCommand::Import { files, rejects, removals, .. }) => {
                (files, rejects, removals)
            }
            _ => panic!("an import"),
        };
        let (files, rejects, removals) = asked(import(None, false));
        assert!(files.iter().all(|file| file.is_absolute()));
        assert_eq!((rejects, removals), (PathBuf::from("/data/bal.txt.rejects"), Some(5)));
        let (_, rejects, removals) = asked(import(Some("/tmp/r"), true));
        assert_eq!((rejects, removals), (PathBuf::from("/tmp/r"), None));
    }
}
