//! A whole server on throwaway data, as an operator would start it.

use crate::imap::ImapClient;
use crate::limits::DOORS;
use crate::loopback::{Ports, now};
use crate::outside::Outside;
use crate::postgres::Schema;
use crate::programs::{Ran, Tool};
use crate::recorder::Recorder;
use crate::sink::Sink;
use crate::smtp::SmtpClient;
use crate::socket::{Socket, showing, trusting};
use crate::trust_space::Operator;
use crate::until::{Limit, until};
use certs::{Authority, Issued, OperatorName};
use rustls::ClientConfig;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What keeps the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A schema of its own on the server of `PLI_TEST_POSTGRES`.
    Postgres,
}

/// How a house is set up before it opens.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What keeps the data.
    pub engine: Engine,
    /// The seed file.
    pub people: String,
    /// The professional domains of its configuration.
    pub domains: Vec<String>,
    /// More lines for `pli.toml`.
    pub settings: String,
    /// More lines of its `[ldap]`.
    pub ldap: String,
    /// A program that runs the server under it, with its arguments.
    pub under: Vec<String>,
    /// Its place among other operators, when it has one.
    pub operator: Option<Operator>,
}

/// The host names of the pages, which browsers and curl resolve to the loopback by themselves
/// (RFC 6761 §6.3).
const PAGES: &str = "messagerie.localhost";
const PIECES: &str = "pieces.localhost";
const SPACE: &str = "pro.localhost";
const CONSOLE: &str = "admin.localhost";
const DIRECTORY: &str = "annuaire.localhost";
/// Where a mail program asks for settings when its owner's address ends in `@cabinet.example`.
const AUTOCONFIG: &str = "autoconfig.cabinet.example";

/// A running server with its folder, its people and its smarthost.
pub struct House {
    /// Where notices arrive.
    pub sink: Sink,
    /// Its doors.
    pub ports: Ports,
    plan: Plan,
    authority: Authority,
    tls: Arc<ClientConfig>,
    schema: Option<Arc<Schema>>,
    child: Option<Child>,
    /// Where it dies, from its next start on.
    death: Option<String>,
    /// How many days its clock is ahead, from its next start on.
    ahead: i64,
    folder: TempDir,
}

impl Plan {
    /// The people of the demonstration, nothing else said.
    #[must_use]
    pub fn demo(engine: Engine) -> Self {
        let people = std::fs::read_to_string(Outside::repository("src/demo/people.toml"));
        let people = people.expect("the people of the demonstration are in the repository");
        Self {
            engine,
            people,
            domains: Vec::new(),
            settings: String::new(),
            ldap: String::new(),
            under: Vec::new(),
            operator: None,
        }
    }
}

impl House {
    /// The people of the demonstration on `engine`.
    #[must_use]
    pub fn open(engine: Engine) -> Self {
        Self::build(Plan::demo(engine))
    }

    /// Sets everything up, opens the doors, imports the people over the control socket.
    ///
    /// # Panics
    /// When the server does not start; with its log.
    #[must_use]
    pub fn build(plan: Plan) -> Self {
        let schema = match plan.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Arc::new(Schema::fresh())),
        };
        let ports = plan.operator.as_ref().map_or_else(Ports::find, |operator| operator.ports);
        let mut house = Self::found(plan, schema, ports);
        house.start();
        house.pli("admin", &["import", &house.path("people.toml").to_string_lossy()]).ok();
        house
    }

    /// A second server on the same database, as on a second machine: doors and a data folder of its own, the
    /// same master keys.
    ///
    /// # Panics
    /// On SQLite, which has one server; when it does not start.
    #[must_use]
    pub fn beside(&self) -> Self {
        let schema = self.schema.as_ref().expect("only PostgreSQL takes two servers");
        let mut plan = self.plan.clone();
        let ports = Ports::find();
        if let Some(operator) = &mut plan.operator {
            operator.ports = ports;
        }
        let mut house = Self::found(plan, Some(Arc::clone(schema)), ports);
        std::fs::copy(self.path("keys/master.keys"), house.path("keys/master.keys"))
            .expect("the master keys can be copied");
        house.start();
        house
    }

    /// Everything it needs, not started.
    fn found(plan: Plan, schema: Option<Arc<Schema>>, ports: Ports) -> Self {
        let folder = tempfile::Builder::new().prefix("pli-story-").tempdir().expect("a folder can be made");
        let authority = Authority::new("Pli stories", now()).expect("an authority can be made");
        let sink = Sink::open(&authority.server(&["localhost"], now()).expect("a certificate can be made"));
        let tls = trusting(authority.certificate_pem());
        let house =
            Self { sink, ports, plan, authority, tls, schema, child: None, death: None, ahead: 0, folder };
        house.write_files();
        house
    }

    /// Lets it die by itself when it reaches a named point for the n-th time, as `send.after-lease:1`; from
    /// its next start on, and never again after `None`. Debug builds only.
    pub fn dies_at(&mut self, point: Option<&str>) {
        self.death = point.map(str::to_owned);
    }

    /// Sets its clock so many days ahead, from its next start on. Ours stays, and so do its timers.
    pub fn days_later(&mut self, days: i64) {
        self.ahead = days;
    }

    /// Waits for the end of a house that ends by itself, or has been told to.
    ///
    /// # Panics
    /// When it lives on; with its log.
    pub fn wait_for_end(&mut self) -> std::process::ExitStatus {
        let status = until(Limit(DOORS, "the server to end"), || self.ended());
        self.child = None;
        status
    }

    /// A path in its folder: `pli.toml`, `data`, `tls/root.pem`, `log`.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The schema, on PostgreSQL.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_deref()
    }

    /// The address of the patients' pages.
    #[must_use]
    pub fn pages(&self) -> String {
        format!("https://{PAGES}:{}", self.ports.web)
    }

    /// The address of the second origin.
    #[must_use]
    pub fn pieces(&self) -> String {
        format!("https://{PIECES}:{}", self.ports.web)
    }

    /// The address of the professionals' pages.
    #[must_use]
    pub fn space(&self) -> String {
        format!("https://{SPACE}:{}", self.ports.pro)
    }

    /// The address of the administrators' pages.
    #[must_use]
    pub fn console(&self) -> String {
        format!("https://{CONSOLE}:{}", self.ports.console)
    }

    /// The address of the directory for programs.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("https://{DIRECTORY}:{}", self.ports.fhir)
    }

    /// A certificate of a person's own, as their card would hold: certificate and key in one PEM file.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn card(&self, national: &str) -> PathBuf {
        let name = OperatorName {
            common_name: national.to_owned(),
            structure: "318310021300028".to_owned(),
            organisation: "Carte inventée".to_owned(),
            department: "Bouches-du-Rhône (13)".to_owned(),
        };
        let issued = self.authority.client(&name, now()).expect("a certificate can be made");
        let path = self.path(&format!("card-{national}.pem"));
        write(&path, &format!("{}{}", issued.chain_pem, issued.key_pem));
        path
    }

    /// What the server has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The process.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Runs a command of `pli` with this house's configuration.
    #[must_use]
    pub fn pli(&self, command: &str, arguments: &[&str]) -> Ran {
        let pli = Tool::new(Outside::program("pli")).arg(command);
        pli.arg("--config").arg(self.path("pli.toml")).args(arguments).run()
    }

    /// Starts the server and waits until it says that it serves.
    ///
    /// # Panics
    /// When it ends or does not open; with its log.
    pub fn start(&mut self) {
        let before = self.log().len();
        self.child = Some(self.spawn());
        let start = Instant::now();
        // Ports are bound before the data is opened: a door that lets in is not yet a door that serves.
        while !self.log()[before..].contains("Pli serves ") {
            if let Some(ended) = self.ended() {
                panic!("the server ended with {ended}:\n{}", self.log());
            }
            assert!(start.elapsed() < DOORS, "the server does not open its doors:\n{}", self.log());
            std::thread::park_timeout(crate::limits::LOOK);
        }
    }

    /// A second server of the same configuration.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(&self) -> Child {
        let program = Outside::program("pli");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log"));
        let log = log.expect("the log can be written");
        let mut command = match self.plan.under.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        if let Some(point) = &self.death {
            command.env("PLI_CRASH", point);
        }
        if self.ahead != 0 {
            command.env("LD_PRELOAD", Outside::shifted_clock()).env("FAKETIME", format!("+{}d", self.ahead));
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        }
        command.arg("serve").arg("--config").arg(self.path("pli.toml")).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("the log can be shared")).stderr(log);
        command.spawn().expect("the server can be started")
    }

    /// A second server on the same data, at doors of its own: what it says and how it ends.
    #[must_use]
    pub fn rival(&self) -> Ran {
        let path = self.path("rival.toml");
        let doors = self.configuration();
        let doors = self
            .ports
            .all()
            .into_iter()
            .fold(doors, |text, port| text.replace(&format!("\"127.0.0.1:{port}\""), "\"127.0.0.1:0\""));
        write(&path, &doors);
        Tool::new(Outside::program("pli")).args(["serve", "--config"]).arg(path).run()
    }

    fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().expect("our own child"))
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let signal = Tool::new("kill").arg(format!("-{name}")).arg(self.process().to_string());
        let _ = signal.run().ok();
    }

    /// Sends a signal and waits for the end: how long it took, and whether it was an orderly one.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self, signal: &str) -> (Duration, std::process::ExitStatus) {
        self.signal(signal);
        let start = Instant::now();
        let status = until(Limit(DOORS, "the server to stop"), || self.ended());
        self.child = None;
        (start.elapsed(), status)
    }

    /// A submission client behind STARTTLS or implicit TLS, EHLO said.
    pub fn submission(&self) -> io::Result<SmtpClient> {
        let mut client = SmtpClient(Socket::secure(self.ports.submissions, Arc::clone(&self.tls))?);
        client.answer()?;
        client.expect("EHLO stories.example", 250)?;
        Ok(client)
    }

    /// A submission client that has signed in.
    pub fn sender(&self, login: &str, password: &str) -> io::Result<SmtpClient> {
        let mut client = self.submission()?;
        client.sign_in(login, password)?;
        Ok(client)
    }

    /// A mailbox client that has signed in and selected INBOX.
    pub fn reader(&self, login: &str, password: &str) -> io::Result<ImapClient> {
        let mut client = ImapClient::connect(Socket::secure(self.ports.imaps, Arc::clone(&self.tls))?)?;
        client.run(&format!("LOGIN {login} {password}"))?;
        client.run("SELECT INBOX")?;
        Ok(client)
    }

    /// An ear in front of the mailbox door: mail programs connect to it and are noted.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder::open(self.ports.imaps, &self.certificate(), Arc::clone(&self.tls))
    }

    /// Another operator's server at the door of operators, EHLO said under TLS; it shows `identity`. The
    /// error is whatever ended it: under TLS 1.3 a refused certificate shows at the first answer.
    pub fn peer(&self, identity: Option<&Issued>) -> io::Result<SmtpClient> {
        let roots = self.plan.operator.as_ref().map_or("", |operator| &operator.roots);
        let mut client = SmtpClient(Socket::clear(self.ports.mx, showing(roots, identity))?);
        client.answer()?;
        client.expect("EHLO stories.example", 250)?;
        client.secure()?;
        Ok(client)
    }

    /// A connection to a door, no TLS yet.
    pub fn clear(&self, port: u16) -> io::Result<Socket> {
        Socket::clear(port, Arc::clone(&self.tls))
    }

    /// A connection to a door, TLS from the first byte.
    pub fn secure(&self, port: u16) -> io::Result<Socket> {
        Socket::secure(port, Arc::clone(&self.tls))
    }

    /// A connection to a door with TLS from the first byte, on which the client shows `identity`. The error is
    /// whatever ended it: under TLS 1.3 a refused certificate shows at the first answer.
    pub fn secure_as(&self, port: u16, identity: Option<&Issued>) -> io::Result<Socket> {
        Socket::secure(port, showing(self.authority.certificate_pem(), identity))
    }

    /// Puts a new certificate in the place of the one shown now.
    pub fn renew_certificate(&self) {
        self.write_certificate(&self.certificate());
    }

    /// Puts something in its place that is none.
    pub fn spoil_certificate(&self) {
        write(&self.path("tls/chain.pem"), "not a certificate");
    }

    fn certificate(&self) -> Issued {
        let names =
            ["localhost", "127.0.0.1", "mail.pli.example", AUTOCONFIG, PAGES, PIECES, SPACE, DIRECTORY];
        self.authority.server(&names, now()).expect("a certificate can be made")
    }

    fn write_certificate(&self, issued: &Issued) {
        let (chain, key) = (self.path("tls/chain.pem"), self.path("tls/key.pem"));
        issued.write(&chain, &key).expect("certificates can be written");
    }

    fn write_files(&self) {
        // The master key as `pli init` makes it; its first configuration gives way to ours.
        let folder = self.folder.path().to_string_lossy();
        Tool::new(Outside::program("pli"))
            .args(["init", &folder, "--hostname", "mail.pli.example"])
            .run()
            .ok();
        std::fs::create_dir_all(self.path("tls")).expect("a folder can be made");
        write(&self.path("tls/root.pem"), self.authority.certificate_pem());
        self.write_certificate(&self.certificate());
        write(&self.path("people.toml"), &self.plan.people);
        write(&self.path("pli.toml"), &self.configuration());
        if let Some(schema) = &self.schema {
            write(&self.path("postgres-url"), schema.url());
        }
        if let Some(operator) = &self.plan.operator {
            self.write_operator(operator);
        }
    }

    fn write_operator(&self, operator: &Operator) {
        for folder in ["operators", "data/revocation"] {
            std::fs::create_dir_all(self.path(folder)).expect("a folder can be made");
        }
        write(&self.path("operators/roots.pem"), &operator.roots);
        let (chain, key) = (self.path("operators/chain.pem"), self.path("operators/key.pem"));
        operator.member.identity.write(&chain, &key).expect("certificates can be written");
        for (number, list) in operator.lists.iter().enumerate() {
            write(&self.path(&format!("data/revocation/{number}.crl")), list);
        }
    }

    fn configuration(&self) -> String {
        let Ports { submission, submissions, imap, imaps, ldap, ldaps, web, pro, console, fhir, .. } =
            self.ports;
        let database = self.schema.as_ref().map_or_else(String::new, |schema| {
            format!("[database]\npostgres_url_file = \"postgres-url\"\nschema = \"{}\"\n", schema.name())
        });
        let operator = self.plan.operator.as_ref();
        let hostname = operator.map_or("mail.pli.example", |operator| &operator.member.host);
        let patients =
            operator.map_or(Some("patient.mssante.example"), |operator| operator.patients.as_deref());
        let patients = patients.map_or_else(String::new, |domain| format!("patient_domain = \"{domain}\"\n"));
        let domains: Vec<String> = self.plan.domains.iter().map(|domain| format!("\"{domain}\"")).collect();
        let domains = match domains.is_empty() {
            true => String::new(),
            false => format!("professional_domains = [{}]\n", domains.join(", ")),
        };
        // Every mechanism is offered, unless a story says otherwise.
        let sign_in = match self.plan.settings.contains("[sign_in]") {
            true => "",
            false => "[sign_in]\nchannel_binding = true\n",
        };
        let more_ldap = &self.plan.ldap;
        format!(
            "[server]\nhostname = \"{hostname}\"\ndata = \"data\"\nmaster_keys = \"keys/master.keys\"\n\
             postmaster = \"postmaster@pli.example\"\n{patients}{domains}\
             {database}\
             [tls]\nchain = \"tls/chain.pem\"\nkey = \"tls/key.pem\"\n\
             [submission]\nstarttls = \"127.0.0.1:{submission}\"\nimplicit = \"127.0.0.1:{submissions}\"\n\
             [imap]\nstarttls = \"127.0.0.1:{imap}\"\nimplicit = \"127.0.0.1:{imaps}\"\n\
             [ldap]\nstarttls = \"127.0.0.1:{ldap}\"\nimplicit = \"127.0.0.1:{ldaps}\"\n{more_ldap}\
             [web]\nlisten = \"127.0.0.1:{web}\"\norigin = \"{}\"\nfiles_origin = \"{}\"\n\
             [pro]\nlisten = \"127.0.0.1:{pro}\"\norigin = \"{}\"\n\
             [console]\nlisten = \"127.0.0.1:{console}\"\norigin = \"{}\"\n\
             [fhir]\nlisten = \"127.0.0.1:{fhir}\"\norigin = \"{}\"\n\
             [pro.certificates]\nclient_roots = \"tls/root.pem\"\nlists = \"off\"\n\
             [alerts.smarthost]\nhost = \"localhost\"\nport = {}\nroots = \"tls/root.pem\"\n\
             from = \"ne-pas-repondre@pli.example\"\n{sign_in}{}{}",
            self.pages(),
            self.pieces(),
            self.space(),
            self.console(),
            self.directory(),
            self.sink.port(),
            operator.map_or_else(String::new, Operator::configuration),
            self.plan.settings,
        )
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(8_000);
            let tail = log.char_indices().map(|(at, _)| at).find(|at| *at >= tail).unwrap_or(0);
            #[expect(clippy::print_stderr, reason = "a story that fails shows what the server said")]
            {
                eprintln!("the server's log:\n{}", &log[tail..]);
            }
        }
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
