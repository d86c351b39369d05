//! `pli check`: could the server start, and would its letters pass? Looks, and changes nothing.

mod dns;
mod operators;
mod report;

use super::records::Records;
use super::{ConfigFile, Ending, say};
use crate::assembly::{self, Listeners};
use crate::config::{Config, host_of};
use certs::{Identity, ServerIdentity};
use clap::Args;
use names::{DAY, MINUTE, Timestamp};
use report::Report;
use seal::MasterKeys;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::UnixStream;

/// A certificate with fewer days left is worth a word.
const SOON: i64 = 30;
/// Clocks of two machines that differ by more are worth a word: codes live ten minutes.
const DRIFT: i64 = MINUTE;

/// Looks whether the server could start and whether its letters would pass. Changes nothing.
///
/// Looks at the configuration, keys and their modes, certificates and the chain that other operators see,
/// lists of revoked certificates, the trust list and our own domains on it, the clock, the disk, the
/// database, ports, and what DNS says of us. Each line is OK, ATTENTION (the server starts, and somebody
/// should look) or WRONG (it does not start, or letters do not pass), with what to do next.
///
/// Exit code 1 when something is WRONG.
#[derive(Args, Clone)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Asks nothing of DNS.
    #[arg(long)]
    offline: bool,
    /// `dns`: prints the records to publish and compares them with what DNS says, no more.
    #[arg(value_enum, conflicts_with = "offline")]
    only: Option<Only>,
}

/// A part of the look.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Only {
    /// DNS.
    Dns,
}

/// Exit code 1 when the server could not start.
pub async fn run(check: &Check) -> anyhow::Result<Ending> {
    let mut report = Report::default();
    match check.file.load() {
        Err(error) => report.wrong("configuration", &error.to_string()),
        Ok(config) => {
            report.ok("configuration", &check.file.config.display().to_string());
            let now = assembly::clock().now();
            if check.only == Some(Only::Dns) {
                report.text.push_str(&format!("\n{}\n", Records::of(&config).lines()));
            } else {
                look(&config, now, &mut report).await;
            }
            let published = config.operators.is_some() || check.only == Some(Only::Dns);
            if published && !check.offline {
                dns::look(&config, &assembly::entropy(), now, &mut report).await;
            }
        }
    }
    match check.only {
        None => report.conclude(),
        Some(Only::Dns) => report.conclude_part(),
    }
    say(&report.text);
    Ok(Ending::from(report.wrong == 0))
}

async fn look(config: &Config, now: Timestamp, report: &mut Report) {
    let masters = MasterKeys::load(&config.server.master_keys);
    report.note(
        "master keys",
        masters.map(|keys| format!("epoch {}", keys.current().0)).map_err(|error| chain(error.into())),
    );
    secrets(config, report);
    clock(config, now, report).await;
    match assembly::identity(config, now) {
        Ok(identity) => {
            certificates(config, &identity, now, report);
            operators::look(config, &identity, now, report);
        }
        Err(error) => report.wrong("certificates", &chain(error.into())),
    }
    let runs = UnixStream::connect(config.server.data.join("control.sock")).await.is_ok();
    data_folder(config, report);
    if runs {
        report.ok("server", "one runs already on this data folder: database and ports are its own");
    } else {
        report.note("database", assembly::probe(config).await.map_err(chain));
        let ports = Listeners::bind(config).map(|_| "free".to_owned());
        report.note("ports", ports.map_err(|error| format!("{error:#}")));
    }
    let channels = assembly::channels(&config.alerts, &assembly::clock(), &assembly::entropy());
    match channels {
        Err(error) => report.wrong("alerts", &format!("{error:#}")),
        Ok(_) if config.alerts.smarthost.is_none() && config.web.is_some() => {
            let words = "no [alerts.smarthost]: no code leaves, so nobody can sign in to the pages";
            report.attention("alerts", words);
        }
        Ok(_) => report.ok("alerts", "set"),
    }
    if config.metrics.is_none() {
        report.attention("figures", "no [metrics]: nobody hears of a queue that grows or a list that ends");
    }
}

/// Files that only the server may read.
fn secrets(config: &Config, report: &mut Report) {
    let alerts = &config.alerts;
    let smarthost = alerts.smarthost.iter().flat_map(|host| &host.password_file);
    let sms = alerts.sms.iter().flat_map(|sms| &sms.token_file);
    let clients = config.oidc.iter().filter_map(|issuer| issuer.client.as_ref());
    let issuers = clients.filter_map(|client| client.secret_file.as_ref());
    let files = config.database.postgres_url_file.iter().chain(smarthost).chain(sms).chain(issuers);
    for path in files.chain([&config.server.master_keys]) {
        let Ok(found) = std::fs::metadata(path) else { continue };
        if found.permissions().mode() & 0o077 != 0 {
            report.attention("secrets", &format!("others may read {}: chmod 600 {0}", path.display()));
        }
    }
}

/// The program cannot be older than the moment, and two machines should agree on it.
async fn clock(config: &Config, now: Timestamp, report: &mut Report) {
    let installed = std::env::current_exe().and_then(std::fs::metadata).and_then(|found| found.modified());
    let installed = installed.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let installed = installed.and_then(|age| i64::try_from(age.as_millis()).ok()).map(Timestamp);
    match installed {
        Some(installed) if now < installed => {
            let words = format!(
                "it is {} here, before this program was installed ({}): set the clock",
                now.rfc3339(),
                installed.rfc3339()
            );
            report.wrong("clock", &words);
        }
        Some(_) | None => report.ok("clock", &now.rfc3339()),
    }
    let Ok(database) = assembly::database(config) else { return };
    match db::clock(&database).await {
        Ok(Some(there)) if there.since(now).abs() > DRIFT => {
            let words =
                format!("the database's machine says {}: let both follow the same NTP", there.rfc3339());
            report.attention("clock", &words);
        }
        // That the database does not answer is told where it is looked at.
        Ok(_) | Err(_) => {}
    }
}

fn certificates(config: &Config, identity: &Arc<ServerIdentity>, now: Timestamp, report: &mut Report) {
    let identities = identity.current();
    let mut wanted = vec![config.server.hostname.as_str()];
    if let Some(web) = config.web.as_ref().filter(|web| web.origin.starts_with("https://")) {
        wanted.extend(host_of(&web.origin).into_iter().chain(host_of(&web.files_origin)));
    }
    if let Some(pro) = config.pro.as_ref().filter(|pro| pro.origin.starts_with("https://")) {
        wanted.extend(host_of(&pro.origin));
    }
    for name in config.server.professional_domains.iter().flat_map(Records::settings_hosts) {
        let pages = [config.web.as_ref().map(|web| &web.origin), config.pro.as_ref().map(|pro| &pro.origin)];
        let secure = pages.into_iter().flatten().any(|origin| origin.starts_with("https://"));
        if secure && !identities.iter().any(|identity| covers(identity, &name)) {
            let words = format!(
                "no certificate is for {name}: mail programs cannot set themselves up; add it by [[tls.more]]"
            );
            report.attention("certificates", &words);
        }
    }
    for name in wanted {
        let known = identities.iter().any(|identity| covers(identity, name));
        let missing = format!("no certificate is for {name}: add the name, or [[tls.more]]");
        report.note("certificates", known.then(|| format!("for {name}")).ok_or(missing));
    }
    for identity in identities.iter() {
        let (days, until) = (identity.not_after.since(now) / DAY, identity.not_after.rfc3339());
        match days {
            ..0 => {
                report.wrong("certificates", &format!("expired on {until}: renew, then `pli admin reload`"))
            }
            0..SOON => report.attention(
                "certificates",
                &format!("only {days} days left, until {until}: renew, then `pli admin reload`"),
            ),
            _ => report.ok("certificates", &format!("until {until}")),
        }
    }
}

fn covers(identity: &Identity, name: &str) -> bool {
    let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    identity.names.iter().any(|has| has == name || Some(has) == wildcard.as_ref())
}

fn data_folder(config: &Config, report: &mut Report) {
    let folder = &config.server.data;
    match std::fs::metadata(folder) {
        Err(_) => {
            report.attention("data", &format!("{} will be made at the first start", folder.display()));
        }
        Ok(found) if !found.is_dir() => {
            report.wrong("data", &format!("{} is no folder", folder.display()));
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            report.attention("data", &format!("{} is open to others: chmod 700 {0}", folder.display()));
        }
        Ok(_) => report.ok("data", &folder.display().to_string()),
    }
    let Some(there) = existing(folder) else { return };
    match mailstore::Room::of(&there, assembly::reserve(config)) {
        Ok(room) if room.free < room.reserve => report.wrong(
            "disk",
            &format!(
                "{} free, less than the {} that are never filled: letters would be refused; make room, or set \
                 limits.disk_reserve",
                size(room.free),
                size(room.reserve)
            ),
        ),
        Ok(room) => {
            report.ok("disk", &format!("{} free, {} never filled", size(room.free), size(room.reserve)));
        }
        Err(error) => report.wrong("disk", &chain(error.into())),
    }
}

/// The folder, or the nearest above it that is there.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.exists()).map(Path::to_owned)
}

fn size(octets: u64) -> String {
    format!("{}.{} GB", octets / 1_000_000_000, octets / 100_000_000 % 10)
}

fn chain(error: anyhow::Error) -> String {
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::init;
    use clap::Parser as _;

    type Spoil = fn(&mut Config, std::net::SocketAddr);

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        init: init::Init,
    }

    async fn checked(config: &Config) -> Report {
        let mut report = Report::default();
        look(config, assembly::clock().now(), &mut report).await;
        report
    }

    #[tokio::test]
    async fn a_fresh_folder_is_right_and_each_mistake_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let line = Line::parse_from(["init", path, "--hostname", "mail.pli.example", "--dev"]);
        init::make(&line.init).unwrap();
        let mut good = Config::load(&folder.path().join("pli.toml")).unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        good.submission = crate::config::Doors { starttls: Some(free), implicit: Some(free) };
        good.imap = good.submission;
        (good.ldap.starttls, good.ldap.implicit) = (Some(free), Some(free));
        good.web.as_mut().unwrap().listen = free;
        good.limits.disk_reserve = Some(0);
        let report = checked(&good).await;
        assert_eq!(report.wrong, 0, "{}", report.text);
        assert!(report.text.contains("for pieces.mail.pli.example"), "{}", report.text);
        assert_eq!(std::fs::read_dir(&good.server.data).unwrap().count(), 0, "something was changed");

        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mistakes: [(&str, Spoil); 5] = [
            ("cannot read the master keys", |config, _| config.server.master_keys.push("nowhere")),
            ("no certificate is for", |config, _| {
                config.server.hostname = names::Domain::parse("other.example").unwrap();
            }),
            ("less than the", |config, _| config.limits.disk_reserve = Some(u64::MAX)),
            ("cannot listen on", |config, taken| config.imap.implicit = Some(taken)),
            ("postgres_url_file", |config, _| config.database.postgres_url_file = Some("/nowhere".into())),
        ];
        for (words, spoil) in mistakes {
            let mut config = good.clone();
            spoil(&mut config, taken.local_addr().unwrap());
            let report = checked(&config).await;
            assert!(report.wrong > 0 && report.text.contains(words), "{words}: {}", report.text);
        }
    }
}
