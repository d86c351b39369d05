//! `pli admin generate`: invented data, in the files that imports read. It asks no server.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use register::invent::{Wanted, national};

use super::super::progress::Shown;
use super::super::{Ending, say};
use crate::control::Told;

/// Writes `mailboxes.txt` and `activities.txt`, as the national directory publishes them, and `patients.csv`.
///
/// The same seed writes the same files. 1,500,000 professionals make up some 2,200,000 activities and a million
/// mailboxes.
#[derive(Args)]
pub(super) struct Generate {
    /// How many professionals.
    #[arg(long, default_value_t = 1_500)]
    professionals: u64,
    /// How many patients.
    #[arg(long, default_value_t = 1_000)]
    patients: u64,
    /// Another seed makes other people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which day's files: each later day differs from the one before in a hundredth, as a daily update does.
    #[arg(long, default_value_t = 0)]
    day: u64,
    /// Lines that are wrong on purpose, in each of the two extracts.
    #[arg(long, default_value_t = 0)]
    wrong_lines: u64,
    /// The folder, made when absent. Files of these names are replaced.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
}

impl Generate {
    pub(super) fn run(&self) -> anyhow::Result<Ending> {
        let folder = &self.into;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut shown = Shown::default();
        let mut mailboxes = file(folder, "mailboxes.txt")?;
        let mut activities = file(folder, "activities.txt")?;
        let wanted = Wanted {
            professionals: self.professionals,
            wrong_lines: self.wrong_lines,
            seed: self.seed,
            day: self.day,
        };
        let tell = |done, total| shown.show(Told::Step { what: "inventing".to_owned(), done, total });
        let made = national(&wanted, &mut mailboxes, &mut activities, tell)?;
        let mut patients = file(folder, "patients.csv")?;
        directory::invent_patients(self.patients, self.seed, &mut patients)?;
        for mut file in [mailboxes, activities, patients] {
            file.flush().with_context(|| format!("cannot write in {}", folder.display()))?;
        }
        shown.end();
        say(&format!(
            "{}: {} mailboxes, {} activities, {} patients\n",
            folder.display(),
            made.mailboxes,
            made.activities,
            self.patients
        ));
        Ok(Ending::Done)
    }
}

fn file(folder: &Path, name: &str) -> anyhow::Result<BufWriter<File>> {
    let path = folder.join(name);
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_files_are_written_and_the_same_seed_writes_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, seed| {
            let into = folder.path().join(name);
            let generate = Generate {
                professionals: 200,
                patients: 50,
                seed,
                day: 0,
                wrong_lines: 1,
                into: into.clone(),
            };
            assert_eq!(generate.run().unwrap(), Ending::Done);
            ["mailboxes.txt", "activities.txt", "patients.csv"]
                .map(|name| std::fs::read_to_string(into.join(name)).unwrap())
        };
        let first = write("a", 1);
        assert_eq!(first, write("b", 1));
        assert_ne!(first, write("c", 2));
        assert!(first[0].lines().count() > 100 && first[2].lines().count() == 51);
    }
}
