//! People who come in (`pli admin patient announce`, `create`), and the letters that tell them
//! (`pli admin announcements`).

use super::read;
use admin::{Command, SeedText};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A table of patients. Who they are is read from a file, never from arguments, which other programs can see.
#[derive(Args)]
pub(super) struct Table {
    /// The table of patients, as patients.csv or something.toml; `-` reads CSV from the standard input.
    file: PathBuf,
}

/// What people are still to be told about their profiles.
#[derive(Subcommand)]
pub(super) enum Announcements {
    /// Lists them, and the letters that wait to be printed.
    List,
    /// Notes that letters were printed and posted: the time to oppose begins, and their files are removed.
    Posted {
        /// Their numbers in the list; all of them when none is given.
        letters: Vec<i64>,
    },
}

impl Table {
    /// The command that brings these people in.
    pub(super) fn entering(&self, at_once: bool) -> anyhow::Result<Command> {
        Ok(Command::EnterPatients { file: self.read()?, at_once })
    }

    fn read(&self) -> anyhow::Result<SeedText> {
        if self.file == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the standard input")?;
            return Ok(SeedText { name: "patients.csv".to_owned(), text });
        }
        let file = read(&self.file)?;
        // A CSV file is the table of patients, whatever it is called.
        let name = if file.name.ends_with(".csv") { "patients.csv".to_owned() } else { file.name };
        Ok(SeedText { name, ..file })
    }
}

impl Announcements {
    pub(super) fn command(self) -> Command {
        match self {
            Self::List => Command::Announcements,
            Self::Posted { letters } => Command::LettersPosted { letters },
        }
    }
}
