//! `pli init`: a first configuration, its master key, and what to do next.

mod configuration;

use super::records::{MailService, Records};
use super::{Ending, say};
use crate::assembly;
use anyhow::Context as _;
use certs::{Authority, OperatorName};
use clap::Args;
use names::{Address, Domain};
use seal::MasterKeys;
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Writes a first configuration with its master key; overwrites nothing.
#[derive(Args)]
pub struct Init {
    /// The folder to make: pli.toml, keys/, data/, tls/.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The data folder, on a local disk [default: DIR/data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Name of this server, as mail programs and certificates know it.
    #[arg(long, value_parser = domain)]
    hostname: Domain,
    /// Who answers for this server [default: postmaster@HOSTNAME].
    #[arg(long, value_parser = address)]
    postmaster: Option<Address>,
    /// A domain whose mailboxes are ours; may be given again.
    #[arg(long = "domain", value_name = "DOMAIN", value_parser = domain)]
    domains: Vec<Domain>,
    /// The domain of our patients; their addresses are INS@DOMAIN.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    patient_domain: Option<Domain>,
    /// Host name of the patients' pages [default: HOSTNAME].
    #[arg(long, value_name = "HOST", value_parser = domain)]
    web_host: Option<Domain>,
    /// Host name of the second origin, where letters and files are shown [default: pieces.HOSTNAME].
    #[arg(long, value_name = "HOST", value_parser = domain)]
    files_host: Option<Domain>,
    /// Host name of the professionals' pages, served on port 8443; none without it.
    #[arg(long, value_name = "HOST", value_parser = domain)]
    pro_host: Option<Domain>,
    /// Host name of the administrators' pages, served on port 8444; none without it.
    #[arg(long, value_name = "HOST", value_parser = domain)]
    console_host: Option<Domain>,
    /// Host name of the directory for programs (FHIR), served on port 8445; none without it.
    #[arg(long, value_name = "HOST", value_parser = domain)]
    fhir_host: Option<Domain>,
    /// PEM of the authorities that other operators' certificates come from; without it letters stay here.
    #[arg(long, value_name = "PEM")]
    operators_roots: Option<PathBuf>,
    /// Where the national trust list is: https://… or a file that somebody else renews.
    #[arg(long, value_name = "URL|FILE", requires = "operators_roots")]
    trust_list: Option<String>,
    /// A file with the PostgreSQL address, postgres://user:password@host/database; SQLite without it.
    #[arg(long, value_name = "FILE")]
    postgres_url_file: Option<PathBuf>,
    /// Listens on ports above 1023 (2525, 2587, 2465, 2143, 2993, 2443, 2389, 2636), for a container or a firewall that
    /// publishes them as 25, 587, 465, 143, 993, 443, 389 and 636.
    #[arg(long)]
    high_ports: bool,
    /// Makes throwaway certificates and listens on this machine's high ports only.
    #[arg(long)]
    dev: bool,
}

fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| error.to_string())
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| error.to_string())
}

/// Makes the folder, and says what to do next.
pub fn run(init: &Init) -> anyhow::Result<Ending> {
    say(&make(init)?);
    Ok(Ending::Done)
}

/// Makes the folder; what to do next.
pub(crate) fn make(init: &Init) -> anyhow::Result<String> {
    let file = init.folder.join("pli.toml");
    if file.exists() {
        anyhow::bail!("{} is there already, and is not overwritten; choose another folder", file.display());
    }
    let web = init.web_host.clone().unwrap_or_else(|| init.hostname.clone());
    let files = match &init.files_host {
        Some(host) => host.clone(),
        None => Domain::parse(&format!("pieces.{}", init.hostname)).map_err(anyhow::Error::msg)?,
    };
    if web == files {
        anyhow::bail!(
            "--files-host must be another name than --web-host: letters are shown apart from the pages"
        );
    }
    for file in init.operators_roots.iter().chain(&init.postgres_url_file) {
        anyhow::ensure!(file.is_file(), "{} is no file; nothing was made", file.display());
    }
    let data = init.data.clone().unwrap_or_else(|| init.folder.join("data"));
    for folder in [init.folder.clone(), init.folder.join("keys"), data, init.folder.join("tls")] {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let keys = init.folder.join("keys/master.keys");
    MasterKeys::create(&keys, &assembly::entropy())
        .context("a master key that is there is never overwritten: every letter would be lost")?;
    if init.dev {
        let names = [init.hostname.as_str(), web.as_str(), files.as_str(), "localhost", "127.0.0.1"];
        let (now, tls) = (assembly::clock().now(), init.folder.join("tls"));
        let (authority, _) = Authority::open(&tls, &names, now)?;
        // For [operators]: a server's certificate is not good for a client.
        let name = OperatorName {
            common_name: init.hostname.to_string(),
            structure: "318000000000000".to_owned(),
            organisation: "Pli development".to_owned(),
            department: "Paris (75)".to_owned(),
        };
        authority.operator(&name, now)?.write(&tls.join("operator.pem"), &tls.join("operator.key"))?;
    }
    write_new(&file, &configuration::text(init, &web, &files))?;
    Ok(next(init, &file, &web, &files))
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| path.display().to_string())
}

/// What is to be published for the node that is made.
fn records(init: &Init, web: &Domain, files: &Domain) -> String {
    let pages =
        [Some(web), Some(files), init.pro_host.as_ref(), init.console_host.as_ref(), init.fhir_host.as_ref()];
    let records = Records {
        hostname: &init.hostname,
        pages: pages.into_iter().flatten().map(Domain::as_str).collect(),
        domains: &init.domains,
        patient_domain: init.patient_domain.as_ref(),
        services: MailService::usual(),
    };
    records.lines()
}

fn next(init: &Init, file: &Path, web: &Domain, files: &Domain) -> String {
    let folder = init.folder.display();
    let mut text = format!("{folder} is ready. Next:\n");
    let mut step = 0;
    let mut add = |words: String| {
        step += 1;
        let _ = writeln!(text, "  {step}. {words}");
    };
    add(format!("Copy {folder}/keys/master.keys to a safe place: without it every letter is lost."));
    if init.dev {
        add(format!("Let your programs trust {folder}/tls/root.pem (for development only)."));
    } else {
        add(format!(
            "Put a certificate for {} and {files} into {folder}/tls/server.pem and server.key (mode 0600).",
            if *web == init.hostname { web.to_string() } else { format!("{}, {web}", init.hostname) },
        ));
    }
    if init.operators_roots.is_none() {
        add("To exchange letters with other operators: --operators-roots and --trust-list, or set [operators], [mx] \
             and [trust] by hand. Until then letters stay in this house."
            .to_owned());
    } else if init.trust_list.as_deref().is_some_and(|list| list.starts_with("https://")) {
        add(format!(
            "Put the roots that vouch for the publisher of the list into {folder}/tls/trust-list.pem."
        ));
    }
    add(format!("Read {} and set [alerts.smarthost].", file.display()));
    add(format!("pli check --config {}", file.display()));
    add(format!("pli serve --config {}", file.display()));
    add(format!("pli admin --config {} import people.toml", file.display()));
    if init.pro_host.is_some() {
        add(format!(
            "pli admin --config {} invite-professional NATIONAL-ID --email ADDRESS, for the first professional",
            file.display()
        ));
    }
    if init.fhir_host.is_some() {
        add(format!(
            "pli admin --config {} api-key add --label PROGRAM, for each program that asks the directory",
            file.display()
        ));
    }
    add(format!(
        "pli admin --config {} administrator add LOGIN --name NAME --role directory, for the first administrator (there \
         is no account until then; --role support and --role auditor make the others). Hand them the code.",
        file.display()
    ));
    add(match &init.console_host {
        Some(host) => format!(
            "They open https://{host}:8444/invitation, type the code, choose a password and let their telephone read \
             the picture of squares: from then on they sign in at https://{host}:8444 with both."
        ),
        None => format!(
            "The administrators' pages are off: give [console] in {} a host name of its own (or make the folder with \
             --console-host), start again, and the first administrator opens /invitation there with the code. Until \
             then `pli admin` does the same.",
            file.display()
        ),
    });
    if !init.dev {
        let _ = write!(text, "\nDNS records to publish:\n\n{}", records(init, web, files));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::os::unix::fs::PermissionsExt as _;

    fn init(folder: &Path, dev: bool) -> Init {
        Init {
            folder: folder.to_owned(),
            hostname: Domain::parse("mail.pli.example").unwrap(),
            postmaster: None,
            domains: vec![Domain::parse("cabinet.example").unwrap()],
            patient_domain: Some(Domain::parse("patient.example").unwrap()),
            web_host: None,
            files_host: None,
            pro_host: None,
            console_host: None,
            fhir_host: None,
            operators_roots: None,
            trust_list: None,
            postgres_url_file: None,
            data: None,
            high_ports: false,
            dev,
        }
    }

    #[test]
    fn a_full_relay_is_written_and_its_records_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let roots = folder.path().join("igc.pem");
        let url = folder.path().join("a \"url\"");
        std::fs::write(&roots, "").unwrap();
        let mut full = Init {
            pro_host: Some(Domain::parse("pro.pli.example").unwrap()),
            console_host: Some(Domain::parse("admin.pli.example").unwrap()),
            fhir_host: Some(Domain::parse("annuaire.pli.example").unwrap()),
            operators_roots: Some(roots.clone()),
            trust_list: Some("https://liste.example/liste.xml".to_owned()),
            postgres_url_file: Some(url.clone()),
            ..init(&folder.path().join("pli"), false)
        };
        assert!(make(&full).unwrap_err().to_string().contains("nothing was made"));
        assert!(!full.folder.exists());
        std::fs::write(&url, "postgres://localhost/pli").unwrap();
        let next = make(&full).unwrap();
        for line in [
            "cabinet.example. IN MX 10 mail.pli.example.",
            "patient.example. IN MX 10 mail.pli.example.",
            "_submissions._tcp.cabinet.example. IN SRV 0 1 465 mail.pli.example.",
            "_imap._tcp.cabinet.example. IN SRV 10 1 143 mail.pli.example.",
            "pieces.mail.pli.example. IN CNAME mail.pli.example.",
            "autoconfig.cabinet.example. IN CNAME mail.pli.example.",
            "invite-professional",
            "administrator add LOGIN",
            "https://admin.pli.example:8444/invitation",
            "api-key add",
            "tls/trust-list.pem",
        ] {
            assert!(next.contains(line), "no {line} in {next}");
        }
        let config = Config::load(&full.folder.join("pli.toml")).unwrap();
        assert_eq!(config.operators.unwrap().roots, roots);
        assert_eq!(config.database.postgres_url_file, Some(url));
        assert_eq!(config.mx.unwrap().listen.port(), 25);
        assert!(config.metrics.unwrap().listen.ip().is_loopback());
        assert_eq!(config.pro.unwrap().origin, "https://pro.pli.example:8443");
        assert_eq!(config.console.unwrap().origin, "https://admin.pli.example:8444");
        assert_eq!(config.fhir.unwrap().origin, "https://annuaire.pli.example:8445");
        full.folder = folder.path().join("by-file");
        full.trust_list = Some("/srv/list.xml".to_owned());
        make(&full).unwrap();
        let config = Config::load(&full.folder.join("pli.toml")).unwrap();
        assert_eq!(config.trust.file, Some("/srv/list.xml".into()));
    }

    #[test]
    fn what_is_written_loads_and_secrets_are_the_owners_alone() {
        for dev in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path().join("pli");
            let next = make(&init(&folder, dev)).unwrap();
            assert!(next.contains("pli check --config"), "{next}");
            for words in ["administrator add LOGIN", "[console]", "/invitation"] {
                assert!(next.contains(words), "the first administrator is always told of: {next}");
            }
            let config = Config::load(&folder.join("pli.toml")).unwrap();
            assert_eq!(config.server.professional_domains[0].as_str(), "cabinet.example");
            assert_eq!(config.submission.implicit.unwrap().ip().is_loopback(), dev);
            MasterKeys::load(&config.server.master_keys).unwrap();
            for secret in ["pli.toml", "keys/master.keys"] {
                let mode = std::fs::metadata(folder.join(secret)).unwrap().permissions().mode();
                assert_eq!(mode & 0o077, 0, "{secret}");
            }
            assert_eq!(config.tls.chain.exists(), dev);
        }
    }

    #[test]
    fn a_container_has_its_data_and_its_ports_where_they_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("var/data");
        let inside =
            Init { data: Some(data.clone()), high_ports: true, ..init(&folder.path().join("etc"), false) };
        make(&inside).unwrap();
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o077, 0);
        assert!(!inside.folder.join("data").exists());
        let config = Config::load(&inside.folder.join("pli.toml")).unwrap();
        assert_eq!(config.server.data, data);
        let web = config.web.unwrap();
        assert_eq!(web.origin, "https://mail.pli.example", "as published");
        let doors = [config.submission, config.imap].map(|doors| [doors.starttls, doors.implicit]);
        for door in doors.into_iter().flatten().flatten().chain([web.listen]) {
            assert!(door.port() > 1023 && door.ip().is_unspecified(), "{door}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        make(&init(folder.path(), false)).unwrap();
        let keys = std::fs::read(folder.path().join("keys/master.keys")).unwrap();
        assert!(make(&init(folder.path(), false)).unwrap_err().to_string().contains("not overwritten"));
        std::fs::remove_file(folder.path().join("pli.toml")).unwrap();
        assert!(make(&init(folder.path(), false)).unwrap_err().to_string().contains("never overwritten"));
        assert_eq!(std::fs::read(folder.path().join("keys/master.keys")).unwrap(), keys);
    }
}
