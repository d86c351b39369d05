//! Log format and level. What must not be logged is kept out where it is known (`names::Redacted`).

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. A second call changes nothing.
pub fn start(log: &Log) -> anyhow::Result<()> {
    // sqlx and lettre would tell statements and dialogues; they never get below warnings.
    let directives = format!("{},sqlx=warn,lettre=warn,hyper=warn,rustls=warn", log.level);
    let filter = EnvFilter::try_new(&directives)
        .map_err(|cause| anyhow::anyhow!("log.level «{}» is not understood: {cause}", log.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match log.format {
        LogFormat::Text => builder.with_target(true).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started already");
    }
    Ok(())
}
