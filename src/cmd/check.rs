//! `pli check`: could the server start? Looks, and changes nothing.

use super::{ConfigFile, Ending, say};
use crate::assembly::{self, Listeners};
use crate::config::{Config, host_of};
use certs::Identity;
use names::{DAY, Timestamp};
use seal::MasterKeys;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use tokio::net::UnixStream;

/// A certificate with fewer days left is worth a word.
const SOON: i64 = 30;

/// What was looked at, in the order of a start.
#[derive(Default)]
struct Report {
    text: String,
    wrong: usize,
}

impl Report {
    fn note(&mut self, what: &str, found: Result<String, String>) {
        let (sign, found) = match found {
            Ok(found) => ("ok   ", found),
            Err(found) => {
                self.wrong += 1;
                ("WRONG", found)
            }
        };
        let _ = writeln!(self.text, "{sign}  {what:<16} {found}");
    }

    fn warn(&mut self, what: &str, found: &str) {
        let _ = writeln!(self.text, "NOTE   {what:<16} {found}");
    }
}

/// Exit code 1 when the server could not start.
pub async fn run(file: &ConfigFile) -> anyhow::Result<Ending> {
    let mut report = Report::default();
    match file.load() {
        Err(error) => report.note("configuration", Err(error.to_string())),
        Ok(config) => {
            report.note("configuration", Ok(file.config.display().to_string()));
            look(&config, assembly::clock().now(), &mut report).await;
        }
    }
    let last = match report.wrong {
        0 => "The server can start: pli serve\n".to_owned(),
        wrong => format!("{wrong} to mend; nothing was changed.\n"),
    };
    report.text.push_str(&last);
    say(&report.text);
    Ok(Ending::from(report.wrong == 0))
}

async fn look(config: &Config, now: Timestamp, report: &mut Report) {
    let masters = MasterKeys::load(&config.server.master_keys);
    report.note(
        "master keys",
        masters.map(|keys| format!("epoch {}", keys.current().0)).map_err(|error| chain(error.into())),
    );
    certificates(config, now, report);
    let runs = UnixStream::connect(config.server.data.join("control.sock")).await.is_ok();
    data_folder(config, report);
    if runs {
        report.warn("server", "one runs already on this data folder: database and ports are its own");
    } else {
        report.note("database", database(config).await);
        let ports = Listeners::bind(config).map(|_| "free".to_owned());
        report.note("ports", ports.map_err(|error| format!("{error:#}")));
    }
    let channels = assembly::channels(&config.alerts, &assembly::clock(), &assembly::entropy());
    match channels {
        Err(error) => report.note("alerts", Err(format!("{error:#}"))),
        Ok(_) if config.alerts.smarthost.is_none() && config.web.is_some() => {
            report
                .warn("alerts", "no [alerts.smarthost]: no code leaves, so nobody can sign in to the pages");
        }
        Ok(_) => report.note("alerts", Ok("set".to_owned())),
    }
}

fn certificates(config: &Config, now: Timestamp, report: &mut Report) {
    let identity = match assembly::identity(config, now) {
        Ok(identity) => identity,
        Err(error) => return report.note("certificates", Err(chain(error.into()))),
    };
    let identities = identity.current();
    let mut wanted = vec![config.server.hostname.as_str()];
    if let Some(web) = config.web.as_ref().filter(|web| web.origin.starts_with("https://")) {
        wanted.extend(host_of(&web.origin).into_iter().chain(host_of(&web.files_origin)));
    }
    for name in wanted {
        let known = identities.iter().any(|identity| covers(identity, name));
        let missing = format!("no certificate is for {name}: add the name, or [[tls.more]]");
        report.note("certificates", known.then(|| format!("for {name}")).ok_or(missing));
    }
    for identity in identities.iter() {
        let (days, until) = (identity.not_after.since(now) / DAY, identity.not_after.rfc3339());
        match days {
            ..0 => report.note("certificates", Err(format!("expired on {until}"))),
            0..SOON => report.warn("certificates", &format!("only {days} days left, until {until}")),
            _ => report.note("certificates", Ok(format!("until {until}"))),
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
        Err(_) => report.warn("data", &format!("{} will be made at the first start", folder.display())),
        Ok(found) if !found.is_dir() => {
            report.note("data", Err(format!("{} is no folder", folder.display())));
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let words = format!("{} is open to others: chmod 700 {0}", folder.display());
            report.warn("data", &words);
        }
        Ok(_) => report.note("data", Ok(folder.display().to_string())),
    }
}

async fn database(config: &Config) -> Result<String, String> {
    let config = assembly::database(config).map_err(|error| format!("{error:#}"))?;
    db::probe(&config).await.map_err(|error| chain(error.into()))
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
        good.web.as_mut().unwrap().listen = free;
        let report = checked(&good).await;
        assert_eq!(report.wrong, 0, "{}", report.text);
        assert!(report.text.contains("for pieces.mail.pli.example"), "{}", report.text);
        assert_eq!(std::fs::read_dir(&good.server.data).unwrap().count(), 0, "something was changed");

        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mistakes: [(&str, Spoil); 4] = [
            ("cannot read the master keys", |config, _| config.server.master_keys.push("nowhere")),
            ("no certificate is for", |config, _| {
                config.server.hostname = names::Domain::parse("other.example").unwrap();
            }),
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
