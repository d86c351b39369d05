//! The command line: what can be asked, and how the answer ends.

pub mod admin;
pub mod check;
pub mod demo;
pub mod init;
mod progress;
pub mod queue;
mod records;
pub mod serve;
pub mod verify;

use crate::assembly::HoldError;
use crate::config::{Config, ConfigError};
use clap::{Args, Parser, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Pli, a secure health-mail relay: professionals by mail program, patients by web page.
///
/// To look around: `pli demo`. To run a server: `pli init DIR`, `pli check`, `pli serve`.
///
/// Exit codes: 0 done, 1 not done (the reason is on standard error), 2 not understood.
#[derive(Parser)]
#[command(name = "pli", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server in the foreground until SIGINT or SIGTERM; SIGHUP reads certificates again.
    Serve(ConfigFile),
    /// Runs a whole invented world on this machine: people, letters, a page of what leaves the house.
    Demo(demo::Demo),
    /// Writes a first configuration with its master key; overwrites nothing.
    Init(Box<init::Init>),
    Check(check::Check),
    /// Proves that the store is whole and that no line of the trail was changed.
    Verify(verify::Verify),
    /// Administers: by the running server, or directly when none runs.
    Admin(admin::Admin),
    /// Letters for other operators that wait: list, show, retry, hold, release, drop.
    Queue(queue::Queue),
}

/// Which configuration.
#[derive(Args, Clone)]
pub struct ConfigFile {
    /// The configuration file.
    #[arg(long, short, value_name = "FILE", env = "PLI_CONFIG", default_value = "pli.toml")]
    pub config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.config)
    }
}

/// How a command ended, when nothing broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Done.
    Done,
    /// Not done, and it has been said why.
    NotDone,
}

impl From<bool> for Ending {
    fn from(done: bool) -> Self {
        if done { Self::Done } else { Self::NotDone }
    }
}

/// Does what was asked.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let ending = runtime.block_on(dispatch(cli.command));
            // What still runs on blocking threads is not waited for: all that matters is on disk.
            runtime.shutdown_background();
            end(ending)
        }
        Err(error) => end(Err(error.into())),
    }
}

async fn dispatch(command: Command) -> anyhow::Result<Ending> {
    match command {
        Command::Serve(file) => serve::run(&file.load()?).await,
        Command::Demo(demo) => demo::run(demo).await,
        Command::Init(init) => init::run(&init),
        Command::Check(check) => check::run(&check).await,
        Command::Verify(verify) => verify::run(&verify).await,
        Command::Admin(admin) => admin::run(admin).await,
        Command::Queue(queue) => queue::run(queue).await,
    }
}

fn end(ending: anyhow::Result<Ending>) -> ExitCode {
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::NotDone) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("pli: {}\n", explain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, and what to do where we know it.
fn explain(error: &anyhow::Error) -> String {
    match error.downcast_ref::<HoldError>() {
        Some(HoldError(folder)) => format!(
            "another server uses {}. Stop it first, or let it do the work: `pli admin` and `pli verify` talk to the \
             running server.",
            folder.display()
        ),
        None => format!("{error:#}"),
    }
}

/// To standard output. A reader who has gone is no failure of ours.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// To standard error.
fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound_and_every_command_explains_itself() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} says nothing", command.get_name());
            command.get_subcommands().for_each(walk);
        }
        Cli::command().debug_assert();
        walk(&Cli::command());
    }

    #[test]
    fn what_is_not_understood_ends_with_two() {
        for words in
            [&["pli"][..], &["pli", "sevre"], &["pli", "admin", "import"], &["pli", "serve", "--confg", "x"]]
        {
            let error = Cli::try_parse_from(words).err().unwrap();
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
    }

    #[test]
    fn a_second_server_is_told_what_to_do() {
        let error = anyhow::Error::from(HoldError("/srv/pli".into())).context("starting");
        let text = explain(&error);
        assert!(text.contains("/srv/pli") && text.contains("Stop it first"), "{text}");
    }
}
