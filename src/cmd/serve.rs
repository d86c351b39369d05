//! `pli serve`: the doors open until a signal.

use super::{Ending, say};
use crate::assembly::{self, Addresses, House, Listeners, Server};
use crate::config::Config;
use crate::telemetry;
use std::fmt::Write as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs a server until SIGINT or SIGTERM.
pub async fn run(config: &Config) -> anyhow::Result<Ending> {
    telemetry::start(&config.log)?;
    let mut signals = Signals::new()?;
    // Data before ports: a second server is told about the folder, not about its ports.
    let house = House::open(config, assembly::clock(), assembly::entropy()).await?;
    let listeners = Listeners::bind(config)?;
    let server = Server::start(house, config, listeners, None).await?;
    say(&lines(config, server.addresses()));
    until_signal(server, &mut signals).await
}

/// Signals of the system.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Given {
        tokio::select! {
            _ = self.interrupt.recv() => Given::Stop,
            _ = self.terminate.recv() => Given::Stop,
            _ = self.hang_up.recv() => Given::Reload,
        }
    }

    /// SIGINT or SIGTERM; SIGHUP is taken and means nothing.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Given::Stop {}
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Stop,
    Reload,
}

async fn reload(server: &Server) {
    match server.reload().await {
        Ok(()) => tracing::info!("certificates are read again"),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "certificates cannot be used; the old ones stay");
        }
    }
}

async fn until_signal(mut server: Server, signals: &mut Signals) -> anyhow::Result<Ending> {
    let failure = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Given::Stop => break None,
                Given::Reload => reload(&server).await,
            },
            failure = server.failed() => break Some(failure),
        }
    };
    tracing::info!("closing the doors");
    tokio::select! {
        () = server.stop() => {}
        () = signals.stop() => {
            tracing::warn!("a second signal: leaving at once");
        }
    }
    match failure {
        None => Ok(Ending::Done),
        Some(failure) => anyhow::bail!("the server could not go on: {failure}; its log says why"),
    }
}

/// One line for each open door.
fn lines(config: &Config, addresses: &Addresses) -> String {
    let mut text = format!("Pli serves {}\n", config.server.hostname);
    let doors = [
        ("submission, STARTTLS", addresses.submission_starttls),
        ("submission, TLS", addresses.submission_implicit),
        ("mailboxes, STARTTLS", addresses.imap_starttls),
        ("mailboxes, TLS", addresses.imap_implicit),
        ("patients' pages", addresses.web),
        ("professionals' pages", addresses.pro),
        ("directory, STARTTLS", addresses.ldap_starttls),
        ("directory, TLS", addresses.ldap_implicit),
        ("directory, FHIR", addresses.fhir),
        ("console", addresses.console),
        ("other operators", addresses.mx),
        ("figures", addresses.metrics),
    ];
    for (door, address) in doors {
        if let Some(address) = address {
            let _ = writeln!(text, "  {door:<22} {address}");
        }
    }
    if doors.iter().all(|(_, address)| address.is_none()) {
        text.push_str("  no door is open: set [submission], [imap] or [web] in the configuration\n");
    }
    text
}
