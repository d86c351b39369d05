//! `pli demo`: starts the demonstration and tells its story.

use super::serve::Signals;
use super::{Ending, complain, say};
use crate::config::Log;
use crate::demo::{self, Ports};
use crate::telemetry;
use clap::Args;
use std::path::PathBuf;

/// Runs a whole invented world on this machine.
#[derive(Args)]
pub struct Demo {
    /// Keeps the data in this folder, and goes on with it next time; without it everything is thrown
    /// away at the end.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The doors listen at this number plus 587, 465, 143, 993, 80, 81 and 82; where a port is taken, at a free one.
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1_000..=64_000))]
    port_base: u16,
    /// Log level.
    #[arg(long, default_value = "warn")]
    log: String,
}

/// Runs until Ctrl-C.
pub async fn run(demo: Demo) -> anyhow::Result<Ending> {
    telemetry::start(&Log { level: demo.log, ..Log::default() })?;
    let mut signals = Signals::new()?;
    let passing = match &demo.dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("pli-demo-").tempdir()?),
    };
    let folder = demo.dir.as_deref().or(passing.as_ref().map(tempfile::TempDir::path));
    let folder = folder.unwrap_or(std::path::Path::new("."));
    let mut running = demo::Demo::start(folder, Ports::From(demo.port_base)).await?;
    say(&running.story());
    let failure = tokio::select! {
        () = signals.stop() => None,
        failure = running.server().failed() => Some(failure),
    };
    tokio::select! {
        () = running.stop() => {}
        () = signals.stop() => complain("A second signal: leaving at once.\n"),
    }
    match failure {
        None => Ok(Ending::Done),
        Some(failure) => anyhow::bail!("the demonstration could not go on: {failure}"),
    }
}
