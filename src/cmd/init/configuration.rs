//! The text of a first `pli.toml`.

use super::Init;
use names::Domain;
use std::path::Path;

/// Submission, by STARTTLS and implicit; IMAP and LDAP likewise; the patients' pages; other operators.
const PORTS: [u16; 8] = [587, 465, 143, 993, 389, 636, 443, 25];
/// The same where they need no capability.
const HIGH_PORTS: [u16; 8] = [2587, 2465, 2143, 2993, 2389, 2636, 2443, 2525];

/// The configuration that `pli init` was asked for. The patients' pages are at `web`, letters and files at `files`.
pub(super) fn text(init: &Init, web: &Domain, files: &Domain) -> String {
    let hostname = &init.hostname;
    let postmaster =
        init.postmaster.as_ref().map_or_else(|| format!("postmaster@{hostname}"), ToString::to_string);
    let domains: Vec<String> = init.domains.iter().map(|domain| format!("\"{domain}\"")).collect();
    let patients = match &init.patient_domain {
        Some(domain) => format!("patient_domain = \"{domain}\""),
        None => "# patient_domain = \"patient.example\"".to_owned(),
    };
    let (listen, web_port) = if init.dev { ("127.0.0.1", ":2443") } else { ("0.0.0.0", "") };
    let ports = if init.dev || init.high_ports { HIGH_PORTS } else { PORTS };
    let [submission, submissions, imap, imaps, ldap, ldaps, https, smtp] = ports;
    let data = init.data.as_ref().map_or_else(|| "\"data\"".to_owned(), |folder| quoted(folder));
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
data = {data}
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

# How much one mailbox that people write from may send; `machines` are those of programs (APP).
# [policy.sending.people]
# letters_per_hour = 500
# letters_per_day = 2000
# patients_per_day = 500

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
