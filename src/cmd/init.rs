//! `pli init`: a first configuration, its master key, and what to do next.

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
    for folder in ["", "keys", "data", "tls"] {
        let folder = init.folder.join(folder);
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
    write_new(&file, &toml(init, &web, &files))?;
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

fn toml(init: &Init, web: &Domain, files: &Domain) -> String {
    let hostname = &init.hostname;
    let postmaster =
        init.postmaster.as_ref().map_or_else(|| format!("postmaster@{hostname}"), ToString::to_string);
    let domains: Vec<String> = init.domains.iter().map(|domain| format!("\"{domain}\"")).collect();
    let patients = match &init.patient_domain {
        Some(domain) => format!("patient_domain = \"{domain}\""),
        None => "# patient_domain = \"patient.example\"".to_owned(),
    };
    let (listen, ports, web_port) = if init.dev {
        ("127.0.0.1", [2587, 2465, 2143, 2993, 2389, 2636, 2443, 2525], ":2443")
    } else {
        ("0.0.0.0", [587, 465, 143, 993, 389, 636, 443, 25], "")
    };
    let [submission, submissions, imap, imaps, ldap, ldaps, https, smtp] = ports;
    let database = match &init.postgres_url_file {
        Some(file) => format!("[database]\npostgres_url_file = {}\nschema = \"pli\"", quoted(file)),
        None => "# [database]\n# postgres_url_file = \"keys/postgres-url\"   # one line: \
                 postgres://user:password@host/database\n# schema = \"pli\""
            .to_owned(),
    };
    let (pro_mark, pro_host) = match &init.pro_host {
        Some(host) => ("", host.as_str()),
        None => ("# ", "pro.example"),
    };
    let (console_mark, console_host) = match &init.console_host {
        Some(host) => ("", host.as_str()),
        None => ("# ", "admin.example"),
    };
    let (fhir_mark, fhir_host) = match &init.fhir_host {
        Some(host) => ("", host.as_str()),
        None => ("# ", "annuaire.example"),
    };
    let (mark, roots) = match &init.operators_roots {
        Some(file) => ("", quoted(file)),
        None => ("# ", "\"tls/operators.pem\"".to_owned()),
    };
    let (list_mark, list) = match &init.trust_list {
        Some(url) if url.starts_with("https://") => {
            ("", format!("url = \"{url}\"\nroots = \"tls/trust-list.pem\""))
        }
        Some(file) => ("", format!("file = {}", quoted(Path::new(file)))),
        None => {
            ("# ", "url = \"https://list.example/list.xml\"\n# roots = \"tls/trust-list.pem\"".to_owned())
        }
    };
    format!(
        r#"# Pli. Relative paths are taken from the folder of this file; unknown keys are refused.
# After a change: `pli check`, then restart.

[server]
# Our name, in greetings and in the certificate.
hostname = "{hostname}"
# On a local disk. Everything in it is sealed; the keys are elsewhere.
data = "data"
# Losing this file loses every letter. Never in the data folder, and backed up apart from it.
master_keys = "keys/master.keys"
# Who answers for this server.
postmaster = "{postmaster}"
# Domains whose mailboxes are ours, and the domain of our patients.
professional_domains = [{domains}]
{patients}

# Without this section the data is in SQLite, in the data folder.
{database}

[tls]
# PEM. Our certificate first, then the authorities between it and the root.
chain = "tls/server.pem"
# PEM, mode 0600.
key = "tls/server.key"
# Another certificate, chosen by the name a client asks for:
# [[tls.more]]
# chain = "tls/pieces.pem"
# key = "tls/pieces.key"

[submission]
starttls = "{listen}:{submission}"
implicit = "{listen}:{submissions}"

[imap]
starttls = "{listen}:{imap}"
implicit = "{listen}:{imaps}"

# The directory, for mail programs that complete addresses (docs/ldap.md): each mailbox signs in with an application
# password. `anonymous = true` lets whoever reaches the door read. [limits] directory_entries bounds what one mailbox
# is shown in a day.
[ldap]
starttls = "{listen}:{ldap}"
implicit = "{listen}:{ldaps}"
# base = "ou=bal,o=mssante,c=fr"

[web]
listen = "{listen}:{https}"
# The patients' pages, and the second origin for letters and files: two host names, one port.
origin = "https://{web}{web_port}"
files_origin = "https://{files}{web_port}"

# The professionals' pages: another host name and another port than the patients'. `pli admin invite-professional`
# gives a first password; [pro.certificates] asks for people's, provider names an issuer of [[oidc]].
{pro_mark}[pro]
{pro_mark}listen = "{listen}:8443"
{pro_mark}origin = "https://{pro_host}:8443"
# provider = "https://auth.example/realms/esante"
# [pro.certificates]
# client_roots = "tls/people.pem"
# attribute = "CN"

# The administrators' pages: another host name and a port of their own, best not reached from the Internet. There is
# no account until `pli admin administrator add` makes one; each needs a password and a telephone that makes codes.
{console_mark}[console]
{console_mark}listen = "{listen}:8444"
{console_mark}origin = "https://{console_host}:8444"

# The directory for programs, FHIR R4: `pli admin api-key add` makes a key for each.
{fhir_mark}[fhir]
{fhir_mark}listen = "{listen}:8445"
{fhir_mark}origin = "https://{fhir_host}:8445"

# Other operators: whom we believe, the door they come to, whom the national list trusts. Without [operators]
# letters stay in this house, and those to other operators are refused.
{mark}[operators]
# PEM: the authorities that operators' certificates come from, and nobody else.
{mark}roots = {roots}
# Lists of revoked certificates: "required", or "off" for authorities that publish none.
{mark}revocation = "required"
# The certificate we show to operators, when it is not that of [tls]:
# chain = "tls/operator.pem"
# key = "tls/operator.key"

{mark}[mx]
{mark}listen = "{listen}:{smtp}"

# Fixed ways to other operators instead of what DNS says, and the server of DNS to ask:
# [queue]
# dns = "127.0.0.1:53"
# routes = {{ "cabinet.example" = ["mx.cabinet.example:25"] }}

{list_mark}[trust]
{list_mark}{list}
# A list must be signed by one of these ("required"); "if-present" and "off" take unsigned ones.
# signature = "required"
# signers = "tls/trust-list-signers.pem"

# Notices and sign-in codes leave by a mail server of the outside world, over TLS.
# Without it nobody can sign in to the pages.
# [alerts.smarthost]
# host = "smtp.example"
# port = 465
# tls = "implicit"          # or "starttls" with port 587
# login = "pli"
# password_file = "keys/smarthost-password"
# from = "ne-pas-repondre@{hostname}"

# [alerts.sms]
# url = "https://gateway.example/send"
# token_file = "keys/sms-token"

# The life of patients' profiles (docs/retention.md). The figures are the law's.
# [profiles]
# opposition_days = 42
# archive_years = 10
# deletion_days = 30        # from a request of deletion to the deletion; 88 at most
# support_phone = "3422"    # where people telephone when they are lost
# sender = "Pli"            # who writes to them, in letters and e-mails
# sender_address = ["1 rue de l'Exemple", "99000 Exemple"]
# terms_file = "conditions.txt"
# letters = "courrier"      # announcements to print; without it those without an e-mail address wait

[policy]
# Which pharmacies a patient may write to first: any, known, closed.
pharmacy_mode = "any"

[limits]
# Seconds that conversations have to finish after a stop.
drain_seconds = 20

# Figures in the format of Prometheus, at http://127.0.0.1:9580/metrics (docs/metrics.md).
{figures}[metrics]
{figures}listen = "127.0.0.1:9580"

[log]
level = "info"
format = "text"
"#,
        figures = if init.dev { "# " } else { "" },
        domains = domains.join(", ")
    )
}

/// A path as TOML has it, absolute: it was given from where the operator stands.
fn quoted(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A JSON string is a TOML string.
    serde_json::Value::from(path.display().to_string()).to_string()
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
            "Put a certificate for {}, {web} and {files} into {folder}/tls/server.pem and server.key (mode 0600).",
            init.hostname
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
