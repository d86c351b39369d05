//! A whole house behind the professionals' pages, on each engine, with the people of the demonstration,
//! and a browser to visit it.

mod entrance;
mod issuer;
mod stories;
mod walls;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use audit::Actor;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use certs::PeerInfo;
use directory::{Accepted, Channel, CodeToSend, Directory, Seed, SeedFile};
use jiff::tz::TimeZone;
use mailstore::{Mailstore, Reserve};
use names::{Address, Clock, Timestamp};
use relay::Relay;

use super::settings::{CertificateRule, MailDoors, Provider, Settings};
use super::space::Space;
use crate::house::{NOON, Shown, entropy, relay_over};
use crate::serve::Visitor;
use crate::{Codes, Origin, Rooms};

pub const SPACE: &str = "pro.localhost:8081";
pub const PAUL: &str = "10099000027";
pub const ANNE: &str = "10099000035";
pub const MARIE: &str = "10099000019";
pub const PAULS: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
pub const MARIES: &str = "marie.lenoir@cabinet-lilas.mssante.example";
pub const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
pub const PASSWORD: &str = "Deux-Canoes-31";

pub struct House {
    pub engine: &'static str,
    pub space: Space,
    pub relay: Relay,
    pub clock: Arc<AtomicI64>,
    pub codes: Arc<Mutex<Vec<CodeToSend>>>,
    _databases: [db::testing::TestDb; 2],
    _folder: tempfile::TempDir,
}

/// One house on each engine.
pub async fn houses() -> Vec<House> {
    houses_with(None).await
}

pub async fn houses_with(provider: Option<tokens::CodeFlow>) -> Vec<House> {
    let mut houses = Vec::new();
    for ((engine, data), (_, keys)) in db::testing::both().await.into_iter().zip(db::testing::both().await) {
        houses.push(House::build(engine, data, keys, provider.clone()).await);
    }
    houses
}

impl House {
    async fn build(
        engine: &'static str,
        data: db::testing::TestDb,
        keys: db::testing::TestDb,
        provider: Option<tokens::CodeFlow>,
    ) -> Self {
        let all =
            [audit::MIGRATIONS, directory::MIGRATIONS, mailstore::MIGRATIONS, relay::MIGRATIONS].concat();
        data.migrate(&all).await.unwrap();
        keys.migrate(mailstore::KEY_MIGRATIONS).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let masters = seal::MasterKeys::parse(&format!("1 {}\n", "5a".repeat(32))).unwrap();
        let parts = mailstore::Parts {
            db: (*data).clone(),
            keys: (*keys).clone(),
            masters: &masters,
            blobs: folder.path().join("blobs"),
            reserve: Reserve { octets: 0, share: 0 },
            entropy: entropy(),
        };
        let mailstore = Mailstore::open(parts, NOON).await.unwrap();
        let directory = Directory::open((*data).clone(), &masters, entropy()).await.unwrap();
        let text = include_str!("../../../src/demo/people.toml").to_owned();
        let file = SeedFile { name: "people.toml".to_owned(), text };
        let applied = directory.import(Seed::read(&[file], NOON), NOON).await.unwrap();
        for (account, kind) in applied.accounts_created {
            mailstore.ensure_account(account, kind, NOON).await.unwrap();
        }
        let now = Arc::new(AtomicI64::new(NOON.0));
        let ticking = Arc::clone(&now);
        let clock = Clock::new(move || Timestamp(ticking.fetch_add(1, Ordering::SeqCst)));
        let relay = relay_over(mailstore, directory, &masters, &clock);
        let codes = Arc::<Mutex<Vec<CodeToSend>>>::default();
        let sent = Arc::clone(&codes);
        let settings = Settings {
            origin: Origin::parse(&format!("http://{SPACE}")).unwrap(),
            root_key: [8; 32],
            zone: TimeZone::get("Europe/Paris").unwrap(),
            mail: MailDoors {
                host: "mail.pli.example".to_owned(),
                imap_implicit: Some(993),
                imap_starttls: None,
                submission_implicit: Some(465),
                submission_starttls: Some(587),
            },
            provider: provider.map(|flow| Provider { name: "Pro Santé Connect".to_owned(), flow }),
            certificates: Some(CertificateRule { attribute: "CN".to_owned() }),
            outside: None,
            discovery: Some(discovery()),
        };
        let rooms = Rooms {
            relay: relay.clone(),
            codes: Codes::new(move |code| sent.lock().unwrap().push(code)),
            gate: net::Gate::new(net::Caps::default()),
            clock,
            entropy: entropy(),
        };
        let space = Space::new(settings, rooms);
        Self { engine, space, relay, clock: now, codes, _databases: [data, keys], _folder: folder }
    }

    pub fn directory(&self) -> &Directory {
        self.relay.directory()
    }

    /// Time goes by.
    pub fn wait(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub async fn invite(&self, rpps: &str) -> String {
        let national = directory::person_reference(rpps).unwrap();
        let contact = Some((Channel::Email, format!("{rpps}@courriel.example")));
        let now = self.relay.now();
        let invited = self.directory().invite_professional(&national, contact, Actor::Operator, now).await;
        invited.unwrap().code.to_string()
    }

    pub async fn enrol(&self, rpps: &str) {
        let code = self.invite(rpps).await;
        let now = self.relay.now();
        let accepted = self.directory().accept_invitation(rpps, &code, PASSWORD, now).await;
        assert_eq!(accepted.unwrap(), Accepted::Chosen);
    }

    /// Whether a mail program gets in.
    pub async fn opens(&self, mailbox: &str, secret: &str) -> bool {
        let address = Address::parse(mailbox).unwrap();
        self.directory().verify_login(&address, secret, self.relay.now()).await.unwrap().is_some()
    }
}

/// Somebody's browser.
pub struct Browser<'a> {
    pub house: &'a House,
    pub cookies: Vec<(String, String)>,
    pub certificate: Option<PeerInfo>,
}

impl<'a> Browser<'a> {
    pub fn new(house: &'a House) -> Self {
        Self { house, cookies: Vec::new(), certificate: None }
    }

    /// Signed in by certificate: the shortest way.
    pub async fn of(house: &'a House, rpps: &str) -> Self {
        let mut browser = Self::new(house);
        browser.certificate = Some(certificate(&format!("CN=8{rpps},C=FR")));
        let page = browser.get("/connexion").await;
        let answer = browser.post("/connexion/certificat", &[("jeton", &page.token())]).await;
        assert_eq!(answer.header("location"), "/", "{}: {}", house.engine, answer.text());
        browser.certificate = None;
        browser
    }

    pub async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body =
            ammonia::url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("http://{SPACE}"));
        self.send(request, Body::from(body)).await
    }

    /// Posts with the token of the page it stands on.
    pub async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = self.get(page).await.token();
        let all: Vec<(&str, &str)> = [("jeton", token.as_str())].into_iter().chain(fields.to_vec()).collect();
        self.post(path, &all).await
    }

    pub async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Shown {
        let mut request = request.body(body).unwrap();
        let headers = request.headers_mut();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, SPACE.parse().unwrap());
        }
        if !self.cookies.is_empty() {
            let jar: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert(header::COOKIE, jar.join("; ").parse().unwrap());
        }
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let visitor = Visitor { address, certificate: self.certificate.clone() };
        let response = self.house.space.answer(request, visitor).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        self.keep(&parts.headers);
        Shown { status: parts.status, headers: parts.headers, body }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.starts_with("__Host-pli-pro") && cookie.contains("; Secure; HttpOnly;"),
                "{cookie}"
            );
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            let value = rest.split(';').next().unwrap();
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// What the handshake tells of a verified certificate with this subject.
pub fn certificate(subject: &str) -> PeerInfo {
    PeerInfo {
        subject: subject.to_owned(),
        issuer: "CN=AC inventée".to_owned(),
        serial: "01".to_owned(),
        names: Vec::new(),
        not_after: Timestamp(NOON.0 * 2),
        chain_length: 1,
        spki: [1; 32],
    }
}

/// The mark of a form that makes something once.
pub fn mark(page: &Shown) -> String {
    page.all("name=\"envoi\" value=\"").remove(0)
}

/// Whether a page is whole and right.
pub fn is_page(shown: &Shown, title: &str) -> bool {
    shown.status == StatusCode::OK && shown.text().contains(&format!("<h1>{title}</h1>"))
}

/// What mail programs are told in these stories.
fn discovery() -> crate::Discovery {
    crate::Discovery::new(crate::Setup {
        domains: vec![names::Domain::parse("cabinet.example").unwrap()],
        doors: MailDoors {
            host: "mail.pli.example".to_owned(),
            imap_implicit: Some(993),
            submission_implicit: Some(465),
            ..MailDoors::default()
        },
        space: None,
    })
}
