//! A change is seen within a second, whichever way it comes in: at every door of every process, and by the sessions
//! that were open. Two servers on one PostgreSQL, the change at one, the eyes at the other; and one on SQLite.

use crate::people::{DESK, MARIE, PAUL};
use kit::{Browser, Engine, House, ImapClient, Letter, Plan, SmtpClient, Socket, Telephone, Tool};
use serde_json::json;
use std::io;
use std::time::{Duration, Instant};

/// Within this, whatever the way.
const SECOND: Duration = Duration::from_secs(1);
/// How long a look is repeated before the story gives up; what is measured is held against [`SECOND`].
const PATIENCE: Duration = Duration::from_secs(15);

const HOSPITAL: &str = "1990000010";
const PAUL_RPPS: &str = "10099000027";
const NEW: &str = "urgences@hopital-saint-roch.mssante.example";
const BASE: &str = "ou=bal,o=mssante,c=fr";
const PASSWORD: &str = "Neuf-Balises-64";

/// Two servers, or one.
struct Stage {
    /// Where things are changed.
    here: House,
    /// Where they are seen; nobody when there is one server.
    there: Option<House>,
}

/// What an outsider and a member see at the doors of a server.
struct Eyes<'a> {
    house: &'a House,
    key: String,
    cookie: String,
    /// Whether things are changed at the same server.
    alone: bool,
    measured: Vec<(String, Duration)>,
    /// When the last change was answered.
    since: Instant,
    change: &'static str,
}

impl Stage {
    fn open(engine: Engine) -> Self {
        let settings = "[limits]\ndirectory_entries = 0\n".to_owned();
        let here = House::build(Plan { settings, ..Plan::demo(engine) });
        let there = (engine == Engine::Postgres).then(|| here.beside());
        Self { here, there }
    }

    fn there(&self) -> &House {
        self.there.as_ref().unwrap_or(&self.here)
    }
}

/// An answer over HTTP, its connection closed behind it.
fn http(house: &House, port: u16, request: &str) -> io::Result<String> {
    let mut socket = house.secure(port)?;
    socket.send(request.as_bytes())?;
    Ok(String::from_utf8_lossy(&socket.rest()?).into_owned())
}

/// The name and port in front of a path.
fn host(origin: &str) -> &str {
    origin.strip_prefix("https://").expect("an origin of a story")
}

impl<'a> Eyes<'a> {
    fn at(stage: &'a Stage, key: &str) -> Self {
        let (house, alone) = (stage.there(), stage.there.is_none());
        let cookie = Self::signed_in(house);
        let (measured, since) = (Vec::new(), Instant::now());
        Self { house, key: key.to_owned(), cookie, alone, measured, since, change: "nothing" }
    }

    /// Paul in the professional space, by a certificate of his own.
    fn signed_in(house: &House) -> String {
        let jar = house.path("jar");
        let curl = |arguments: &[&str]| {
            let curl = Tool::new("curl").args(["--silent", "--show-error", "--include", "--cacert"]);
            let curl = curl.arg(house.path("tls/root.pem")).arg("--cookie").arg(&jar);
            let curl = curl.arg("--cookie-jar").arg(&jar).arg("--cert").arg(house.card("810099000027"));
            curl.args(arguments).run().ok().text()
        };
        let page = format!("{}/connexion", house.space());
        let shown = curl(&[&page]);
        let token = shown.split("name=\"jeton\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = format!("jeton={}", token.expect("the form has its token"));
        let answer = curl(&["--data", &token, &format!("{page}/certificat")]);
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let jar = std::fs::read_to_string(&jar).expect("curl keeps cookies");
        let pairs = jar.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields.len() == 7).then(|| format!("{}={}", fields[5], fields[6]))
        });
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// A change was answered just now.
    fn after(&mut self, change: &'static str) {
        (self.since, self.change) = (Instant::now(), change);
    }

    /// Looks until it is so, and notes how long after the change it was.
    fn soon(&mut self, eye: &str, mut look: impl FnMut(&House) -> bool) {
        let what = format!("{}: {eye}", self.change);
        loop {
            let seen = look(self.house);
            let elapsed = self.since.elapsed();
            if seen {
                self.measured.push((what, elapsed));
                return;
            }
            assert!(elapsed < PATIENCE, "{what}: not seen after {elapsed:?}");
        }
    }

    /// What RCPT says of the new mailbox.
    fn rcpt(&mut self, address: &str, want: &str) {
        let mut client = self.house.sender(MARIE.address, MARIE.password).unwrap();
        client.expect(&format!("MAIL FROM:<{}>", MARIE.address), 250).unwrap();
        let mut said = String::new();
        self.soon(&format!("RCPT {want}"), |_| {
            said = client.say(&format!("RCPT TO:<{address}>")).unwrap().text;
            said.starts_with(want)
        });
    }

    /// Whether the member may sign in to the mailbox over SMTP and IMAP.
    fn signs_in(&mut self, password: &str, want: bool) {
        self.soon("submission AUTH", |house| house.sender(NEW, password).is_ok() == want);
        self.soon("IMAP LOGIN", |house| house.reader(NEW, password).is_ok() == want);
    }

    /// Whether LDAP and FHIR show it.
    fn listed(&mut self, address: &str, want: bool) {
        self.soon("LDAP search", |house| ldap(house, address).unwrap().is_some() == want);
        let key = self.key.clone();
        self.soon("FHIR search", |house| fhir(house, &key, address).contains(address) == want);
    }

    /// Whether the page of the professional space names it.
    fn on_the_page(&mut self, want: bool) {
        let cookie = self.cookie.clone();
        self.soon("professional space", |house| {
            let origin = house.space();
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
                host(&origin)
            );
            let page = http(house, house.ports.pro, &request).unwrap();
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            page.contains(NEW) == want
        });
    }

    fn told(self, engine: Engine) {
        println!("{engine:?}: {} looks after a change, since its answer:", self.measured.len());
        for (what, elapsed) in &self.measured {
            println!("{:>6} ms  {what}", elapsed.as_millis());
        }
        let late: Vec<_> = self.measured.iter().filter(|(_, elapsed)| *elapsed >= SECOND).collect();
        assert!(late.is_empty(), "{engine:?}: seen too late: {late:?}");
    }
}

/// What FHIR answers about an address.
fn fhir(house: &House, key: &str, address: &str) -> String {
    let origin = house.directory();
    let request = format!(
        "GET /Organization?mailbox-mss:exact={address} HTTP/1.1\r\nHost: {}\r\nESANTE-API-KEY: {key}\r\n\
         Connection: close\r\n\r\n",
        host(&origin)
    );
    let reply = http(house, house.ports.fhir, &request).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    // The link to the page itself names what was asked for.
    reply.split_once("\"entry\"").map_or_else(String::new, |(_, entries)| entries.to_owned())
}

/// A TLV of BER (X.690 §8.1); what is put in is short.
fn ber(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("a short message").to_be_bytes();
    [&[tag, 0x82][..], &length, body].concat()
}

fn request(number: u8, operation: &[u8]) -> Vec<u8> {
    ber(0x30, &[&[2, 1, number][..], operation].concat())
}

/// The next message, after its number.
fn message(socket: &mut Socket) -> io::Result<Vec<u8>> {
    fn element(socket: &mut Socket) -> io::Result<Vec<u8>> {
        let head = socket.exactly(2)?;
        let length = match head[1] {
            short @ 0..=0x7f => usize::from(short),
            long => {
                let octets = socket.exactly(usize::from(long & 0x7f))?;
                octets.into_iter().fold(0, |length, octet| length << 8 | usize::from(octet))
            }
        };
        socket.exactly(length)
    }
    Ok(element(socket)?.split_off(3))
}

/// What LDAP shows of an address: the whole entry.
fn ldap(house: &House, address: &str) -> io::Result<Option<String>> {
    let mut socket = house.secure(house.ports.ldaps)?;
    let name = ber(4, MARIE.address.as_bytes());
    let bind = [&[2, 1, 3][..], &name, &ber(0x80, MARIE.password.as_bytes())].concat();
    socket.send(&request(1, &ber(0x60, &bind)))?;
    let bound = message(&mut socket)?;
    assert!(bound.starts_with(&[0x61]) && bound.windows(3).any(|part| part == [10, 1, 0]), "{bound:?}");
    let filter = ber(0xa3, &[ber(4, b"mail"), ber(4, address.as_bytes())].concat());
    let bounds = [10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0];
    let search = [&ber(4, BASE.as_bytes())[..], &bounds, &filter, &ber(0x30, b"")].concat();
    socket.send(&request(2, &ber(0x63, &search)))?;
    let mut found = None;
    loop {
        let answer = message(&mut socket)?;
        match answer.first() {
            Some(0x64) => found = Some(String::from_utf8_lossy(&answer).into_owned()),
            Some(0x65) => return Ok(found),
            _ => return Err(io::Error::other(format!("{answer:?}"))),
        }
    }
}

/// Sessions of a mailbox that were open before.
struct Open {
    imap: ImapClient,
    smtp: SmtpClient,
}

impl Open {
    fn at(house: &House, password: &str) -> Self {
        let mut open =
            Self { imap: house.reader(NEW, password).unwrap(), smtp: house.sender(NEW, password).unwrap() };
        open.imap.run("NOOP").unwrap();
        open.smtp.expect(&format!("MAIL FROM:<{NEW}>"), 250).unwrap();
        open.smtp.expect("RSET", 250).unwrap();
        open
    }

    /// Their next commands are refused: the very next one at the server that changed it, the next one that the word
    /// has reached at another. Nobody told the sessions: they look themselves.
    fn are_over(mut self, eyes: &mut Eyes<'_>) {
        let alone = eyes.alone;
        eyes.soon("open IMAP session", |_| {
            let over = match self.imap.ask("FETCH 1 (BODY.PEEK[])") {
                Ok((_, end)) => end.starts_with("NO [EXPIRED]"),
                Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
            };
            assert!(over || !alone, "a command was still done");
            over
        });
        eyes.soon("open submission session", |_| {
            let said = self.smtp.say(&format!("MAIL FROM:<{NEW}>")).unwrap();
            assert!(said.code == 421 || !alone, "a command was still done: {}", said.text);
            if said.code == 250 {
                self.smtp.expect("RSET", 250).unwrap();
            }
            said.code == 421
        });
    }
}

/// An administrator in the console.
fn console(house: &House) -> Browser {
    let add = ["administrator", "add", "claire", "--name", "Claire Petit", "--role", "directory"];
    let told = house.pli("admin", &add).ok().text();
    let code = told.lines().find_map(|line| line.strip_prefix("code")).expect("a line with the code");
    let mut browser = Browser::start(DESK);
    browser.open(&format!("{}/invitation", house.console()));
    browser.fill("Identifiant", "claire");
    browser.fill("Code d’invitation", code.trim());
    browser.fill("Nouveau mot de passe", PASSWORD);
    browser.fill("Le même mot de passe", PASSWORD);
    browser.press("Continuer");
    let plain = |line: &str| line.replace(char::is_whitespace, "");
    let spelt = |line: &String| {
        line.len() == 32 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let secret = browser.text().lines().map(plain).find(spelt).expect("the page spells the secret");
    browser.fill("Code à 6 chiffres", &Telephone::taught(&secret).code());
    browser.press("Terminer");
    browser.follow("J’ai noté mes codes");
    browser
}

/// A patch by FHIR of the hospital's mailboxes.
fn patch(house: &House, key: &str, verb: &str, path: &str, value: Option<&str>) {
    let mut parts =
        vec![json!({"name": "type", "valueCode": verb}), json!({"name": "path", "valueString": path})];
    parts.extend(value.map(|text| json!({"name": "value", "valueString": text})));
    let body = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
        .to_string();
    let origin = house.directory();
    let request = format!(
        "PATCH /Organization?identifier=urn:oid:1.2.250.1.71.4.2.2%7C{HOSPITAL} HTTP/1.1\r\nHost: {}\r\n\
         ESANTE-API-KEY: {key}\r\nContent-Type: application/fhir+json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        host(&origin),
        body.len()
    );
    let reply = http(house, house.ports.fhir, &request).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[test]
fn a_change_at_one_server_is_seen_at_every_door_of_the_other_within_a_second() {
    tell(Engine::Postgres);
}

#[test]
fn a_change_is_seen_at_every_door_of_its_server_within_a_second() {
    tell(Engine::Sqlite);
}

fn tell(engine: Engine) {
    let stage = Stage::open(engine);
    let here = &stage.here;
    let admin = |arguments: &[&str]| here.pli("admin", arguments).ok().text();
    let added = admin(&["api-key", "add", "--label", "Logiciel", "--publish-for", HOSPITAL]);
    let key = added.lines().find_map(|line| line.strip_prefix("key ")).expect("a key").trim().to_owned();
    let mut eyes = Eyes::at(&stage, &key);
    // Whatever is loaded at the first question is loaded now.
    eyes.listed("cardiologie@hopital-saint-roch.mssante.example", true);
    eyes.rcpt(NEW, "550");
    eyes.listed(NEW, false);
    eyes.on_the_page(false);
    eyes.measured.clear();

    admin(&["mailbox", "create", NEW, "--type", "ORG", "--organisation", "990000010"]);
    eyes.after("created by command");
    eyes.rcpt(NEW, "250");
    eyes.listed(NEW, true);
    let letter = Letter::new(MARIE.address, NEW, "Un passage", "Il arrive.").octets();
    let taken =
        eyes.house.sender(MARIE.address, MARIE.password).unwrap().send(MARIE.address, &[NEW], &letter);
    assert_eq!(taken.unwrap().code, 250);
    admin(&["member", "add", NEW, PAUL_RPPS]);
    eyes.after("member added by command");
    eyes.signs_in(PAUL.password, true);
    eyes.on_the_page(true);
    let open = Open::at(eyes.house, PAUL.password);
    admin(&["member", "remove", NEW, PAUL_RPPS]);
    eyes.after("member removed by command");
    open.are_over(&mut eyes);
    eyes.signs_in(PAUL.password, false);
    eyes.on_the_page(false);
    admin(&["member", "add", NEW, PAUL_RPPS]);
    eyes.after("member added again");
    eyes.signs_in(PAUL.password, true);

    admin(&["mailbox", "describe", NEW, "--red-list", "on"]);
    eyes.after("on the red list by command");
    eyes.listed(NEW, false);
    eyes.rcpt(NEW, "250");
    admin(&["mailbox", "describe", NEW, "--red-list", "off"]);
    eyes.after("off the red list by command");
    eyes.listed(NEW, true);

    let open = Open::at(eyes.house, PAUL.password);
    admin(&["mailbox", "suspend", NEW]);
    eyes.after("suspended by command");
    open.are_over(&mut eyes);
    eyes.rcpt(NEW, "550 5.2.1");
    eyes.listed(NEW, false);
    eyes.signs_in(PAUL.password, false);
    admin(&["mailbox", "reopen", NEW]);
    eyes.after("reopened by command");
    eyes.rcpt(NEW, "250");
    eyes.listed(NEW, true);
    eyes.signs_in(PAUL.password, true);

    passwords(here, &mut eyes);
    imports(here, &mut eyes);
    by_console(here, &mut eyes);

    let at = format!("Organization.telecom.where(value = '{NEW}')");
    let told =
        "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata";
    let description = format!("{at}.extension('{told}').extension('description').value");
    patch(here, &key, "replace", &description, Some("Accueil des urgences"));
    eyes.after("described by FHIR");
    eyes.soon("LDAP search", |house| {
        ldap(house, NEW).unwrap().is_some_and(|entry| entry.contains("Accueil des urgences"))
    });
    eyes.soon("FHIR search", |house| fhir(house, &key, NEW).contains("Accueil des urgences"));
    let open = Open::at(eyes.house, PAUL.password);
    patch(here, &key, "delete", &at, None);
    eyes.after("closed by FHIR");
    open.are_over(&mut eyes);
    eyes.rcpt(NEW, "550");
    eyes.listed(NEW, false);
    eyes.signs_in(PAUL.password, false);
    eyes.on_the_page(false);
    eyes.told(engine);
}

/// An application password that is given and withdrawn.
fn passwords(here: &House, eyes: &mut Eyes<'_>) {
    let issued = here.pli("admin", &["password", "issue", "--person", PAUL_RPPS, "--label", "Poste"]);
    let issued = issued.ok().text();
    eyes.after("a password issued by command");
    let generated = |word: &&str| word.len() == 32 && word.matches('-').count() == 6;
    let secret = issued.split_whitespace().find(generated).expect("it is shown").to_owned();
    eyes.signs_in(&secret, true);
    let open = Open::at(eyes.house, &secret);
    let listed = here.pli("admin", &["password", "list", "--person", PAUL_RPPS]).ok().text();
    let line = listed.lines().find(|line| line.contains("Poste")).expect("it is listed");
    let number = line.split_whitespace().next().expect("a number");
    here.pli("admin", &["password", "revoke", "--person", PAUL_RPPS, "--number", number]).ok();
    eyes.after("a password revoked by command");
    open.are_over(eyes);
    eyes.signs_in(&secret, false);
}

/// A seed file, and the national extract.
fn imports(here: &House, eyes: &mut Eyes<'_>) {
    const SEEDED: &str = "accueil@hopital-saint-roch.mssante.example";
    const NATIONAL: &str = "accueil@clinique-des-peupliers.mssante.example";
    let seed = format!(
        "[[mailboxes]]\naddress = \"{SEEDED}\"\nkind = \"ORG\"\norganisation = \"990000010\"\n\
         description = \"Accueil\"\n"
    );
    let path = here.path("more.toml");
    std::fs::write(&path, seed).unwrap();
    here.pli("admin", &["import", &path.to_string_lossy()]).ok();
    eyes.after("imported from a seed file");
    eyes.rcpt(SEEDED, "250");
    eyes.listed(SEEDED, true);

    let header: Vec<String> = (3..=31).map(|number| number.to_string()).collect();
    let line = format!(
        "ORG|{NATIONAL}||||FINESS|990000309|Accueil||||||||||N|CLINIQUE DES PEUPLIERS||||2||RUE|Haute||01000 BOURG|\
         01000|01|"
    );
    let extract = format!("Type de BAL|Adresse BAL|{}\n{line}\n", header.join("|"));
    let path = here.path("extract.txt");
    std::fs::write(&path, extract).unwrap();
    here.pli("admin", &["directory", "import", &path.to_string_lossy()]).ok();
    eyes.after("imported from the national extract");
    eyes.listed(NATIONAL, true);
}

/// An administrator at their desk.
fn by_console(here: &House, eyes: &mut Eyes<'_>) {
    let mut browser = console(here);
    let sheet = |browser: &mut Browser| {
        browser.open(&here.console());
        browser.fill("Boîte, personne ou structure", NEW);
        browser.press("Rechercher");
        browser.follow(NEW);
    };
    sheet(&mut browser);
    browser.select("Dans les recherches", "Cachée (liste rouge)");
    browser.press("Enregistrer la fiche");
    eyes.after("on the red list by the console");
    eyes.listed(NEW, false);
    sheet(&mut browser);
    browser.select("Dans les recherches", "Visible");
    browser.press("Enregistrer la fiche");
    eyes.after("off the red list by the console");
    eyes.listed(NEW, true);
    let open = Open::at(eyes.house, PAUL.password);
    sheet(&mut browser);
    browser.follow("Suspendre");
    browser.press("Suspendre");
    eyes.after("suspended by the console");
    open.are_over(eyes);
    eyes.rcpt(NEW, "550 5.2.1");
    eyes.listed(NEW, false);
    sheet(&mut browser);
    browser.follow("Rouvrir");
    browser.press("Rouvrir");
    eyes.after("reopened by the console");
    eyes.rcpt(NEW, "250");
    eyes.listed(NEW, true);
}

#[test]
fn a_message_of_ldap_is_written_as_ber_has_it() {
    assert_eq!(request(1, &[0x42, 0]), [0x30, 0x82, 0, 5, 2, 1, 1, 0x42, 0]);
}
