//! A whole house behind the pages, with the people of the demonstration, and a browser to visit it.
//! The rooms below are the real ones; only the socket is left out ([`Webmail::answer`]).

mod activation;
mod stories;
mod walls;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use directory::{CodeToSend, Directory, Login, Seed, SeedFile};
use jiff::tz::TimeZone;
use mailstore::{Mailstore, Reserve};
use names::{Address, Clock, Domain, Entropy, Timestamp};
use relay::{Draft, Outcome, Relay, Source};

use crate::{Codes, Origin, OutsideBox, OutsideMail, Rooms, Settings, Webmail};

/// 22 November 2026, noon UTC.
pub const NOON: Timestamp = Timestamp(1_795_348_800_000);
pub const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
pub const PHARMACY: &str = "contact@pharmacie-lilas.mssante.example";
pub const CLAIRE: &str = "285059900010125@patient.mssante.example";
pub const LEO: &str = "119049900020288@patient.mssante.example";
pub const APP: &str = "localhost:8080";
pub const FILES: &str = "files.localhost:8080";

pub struct House {
    pub webmail: Webmail,
    pub relay: Relay,
    pub clock: Arc<AtomicI64>,
    pub codes: Arc<Mutex<Vec<CodeToSend>>>,
    _data: db::testing::TestDb,
    _keys: db::testing::TestDb,
    _folder: tempfile::TempDir,
}

pub fn entropy() -> Entropy {
    let next = AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    })
}

/// Rules and intake over these rooms.
pub fn relay_over(
    mailstore: Mailstore,
    directory: Directory,
    masters: &seal::MasterKeys,
    clock: &Clock,
) -> Relay {
    Relay::new(relay::Parts {
        mailstore,
        directory,
        settings: policy::Settings::default(),
        hostname: Domain::parse("mail.pli.example").unwrap(),
        clock: clock.clone(),
        entropy: entropy(),
        alerts: Arc::default(),
        queue: relay::queue::Queue::new(masters, entropy()),
        patients: relay::PatientHashes::new(masters),
    })
}

impl House {
    pub async fn new() -> Self {
        let (data, keys) = (db::testing::sqlite().await, db::testing::sqlite().await);
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
        let text = include_str!("../../src/demo/people.toml").to_owned();
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
            app: Origin::parse(&format!("http://{APP}")).unwrap(),
            files: Origin::parse(&format!("http://{FILES}")).unwrap(),
            root_key: [9; 32],
            zone: TimeZone::get("Europe/Paris").unwrap(),
            outside_box: Some(OutsideBox(Arc::new(|| {
                vec![OutsideMail {
                    to: "a@b.example".into(),
                    subject: "<b>".into(),
                    text: "x".into(),
                    at: NOON,
                }]
            }))),
            discovery: None,
        };
        let rooms = Rooms {
            relay: relay.clone(),
            codes: Codes::new(move |code| sent.lock().unwrap().push(code)),
            gate: net::Gate::new(net::Caps::default()),
            clock,
            entropy: entropy(),
        };
        let webmail = Webmail::new(settings, rooms);
        Self { webmail, relay, clock: now, codes, _data: data, _keys: keys, _folder: folder }
    }

    /// Time goes by.
    pub fn wait(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// A letter by the road of the submission door.
    pub async fn send(&self, from: &str, to: &str, letter: &str) -> Outcome {
        let mailbox = self.relay.directory().mailbox(&Address::parse(from).unwrap()).await.unwrap().unwrap();
        let sends = directory::MaySendAs {
            account: mailbox.account,
            address: mailbox.address.clone(),
            display_name: mailbox.display_name(),
            followed: mailbox.followed,
        };
        let login = Login {
            account: mailbox.account,
            address: mailbox.address.clone(),
            kind: mailbox.kind,
            display_name: mailbox.display_name(),
            person: mailbox.person.as_ref().map(|person| person.id),
            person_name: None,
            means: directory::Means::Password(names::CredentialId(1)),
            rights: directory::Rights::Manage,
            may_send_as: vec![sends],
            others: Vec::new(),
            look_again: None,
        };
        let source = Source::Submission { login: &login, sender: &login.may_send_as[0] };
        let now = self.relay.now();
        let mut incoming = self.relay.begin_letter(now);
        incoming.push(letter.replace('\n', "\r\n").as_bytes()).await;
        let mut letter = incoming.finish().await.unwrap();
        let queue = self.relay.queue_id(now);
        let trace = wire::smtp::Trace::default();
        self.relay.complete_head(&mut letter.head, &trace, wire::smtp::Origin::Hidden, queue, now);
        let recipients = vec![Address::parse(to).unwrap()];
        let draft = Draft {
            queue,
            recipients,
            reply_to: Vec::new(),
            letter,
            answering: None,
            wishes: relay::Wishes::default(),
        };
        self.relay.deliver(&source, draft, now).await.unwrap()
    }

    /// The whole letters in a mailbox's INBOX, oldest first.
    pub async fn inbox(&self, mailbox: &str) -> Vec<String> {
        let mailbox =
            self.relay.directory().mailbox(&Address::parse(mailbox).unwrap()).await.unwrap().unwrap();
        let store = self.relay.mailstore();
        let inbox = store.role_folder_of(mailbox.account, mailstore::Role::Inbox).await.unwrap();
        let mut letters = Vec::new();
        for row in store.all_entries(mailbox.account, inbox.id).await.unwrap() {
            let head = store.header_blocks(mailbox.account, &[row.head]).await.unwrap().remove(0).unwrap();
            let mut reader = store.body(mailbox.account, row.body).await.unwrap();
            let body = reader.range(0..u64::MAX).await.unwrap();
            letters.push(String::from_utf8([&head[..], &body[..]].concat()).unwrap());
        }
        letters
    }
}

/// A letter with a PDF, an HTML text and a picture in it.
pub fn letter(subject: &str, html: &str) -> String {
    format!(
        "From: Marie Lenoir <{DOCTOR}>\nTo: <{CLAIRE}>\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=M\n\n--M\nContent-Type: multipart/related; boundary=R\n\n\
         --R\nContent-Type: text/html; charset=utf-8\n\n{html}\n\
         --R\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline; filename=logo.png\n\
         Content-Transfer-Encoding: base64\n\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\n\
         --R--\n--M\nContent-Type: application/pdf; name=\"bilan.pdf\"\n\
         Content-Disposition: attachment; filename=\"bilan.pdf\"\nContent-Transfer-Encoding: base64\n\n\
         JVBERi0xLjQKJcOkCjEgMCBvYmoKPDw+PgplbmRvYmoKJSVFT0YK\n--M--\n"
    )
}

/// What the base64 above holds.
pub const PDF: &[u8] = b"%PDF-1.4\n%\xc3\xa4\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

/// A plain letter.
pub fn plain(to: &str, subject: &str, text: &str) -> String {
    format!("From: Marie Lenoir <{DOCTOR}>\nTo: <{to}>\nSubject: {subject}\n\n{text}\n")
}

/// An answer, read whole.
pub struct Shown {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Shown {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The values between `before` and the next quote.
    pub fn all(&self, before: &str) -> Vec<String> {
        let text = self.text();
        text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
    }

    /// The address of the first framed letter.
    pub fn frame(&self) -> String {
        let text = self.text();
        let tag = text.split("<iframe").nth(1).expect("a framed letter");
        tag.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    }

    /// The form's token.
    pub fn token(&self) -> String {
        self.all("name=\"jeton\" value=\"").last().cloned().unwrap_or_default()
    }
}

/// Somebody's browser.
pub struct Browser<'a> {
    pub house: &'a House,
    pub cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(house: &'a House) -> Self {
        Self { house, cookies: Vec::new() }
    }

    /// Identifier, password and code; what comes after.
    pub async fn up_to_code(&mut self, login: &str, password: &str) -> Shown {
        let page = self.get("/connexion").await;
        let fields = [("jeton", page.token().as_str()), ("identifiant", login), ("mot_de_passe", password)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = self.post("/connexion", &fields).await;
        let page = self.get(answer.header("location")).await;
        let code = self.house.codes.lock().unwrap().pop().unwrap().code;
        let fields = [("jeton".to_owned(), page.token()), ("code".to_owned(), code)];
        self.post(&page.all("action=\"")[0], &fields).await
    }

    /// Signed in by the pages themselves.
    pub async fn signed_in(house: &'a House, login: &str, password: &str) -> Self {
        let mut browser = Self::new(house);
        let answer = browser.up_to_code(login, password).await;
        assert_eq!(answer.header("location"), "/messages", "{}", answer.status);
        browser
    }

    pub async fn claire(house: &'a House) -> Self {
        Self::signed_in(house, "claire.moreau", "Trois-Tulipes-29").await
    }

    pub async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Shown {
        let body =
            ammonia::url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", format!("http://{APP}"));
        self.send(request, Body::from(body)).await
    }

    /// Posts a letter: fields, then one file.
    pub async fn post_letter(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &[u8])>,
    ) -> Shown {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        if let Some((name, content)) = file {
            body.extend(
                format!(
                    "--B\r\nContent-Disposition: form-data; name=\"fichiers\"; filename=\"{name}\"\r\n\r\n"
                )
                .bytes(),
            );
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--B--\r\n");
        let request = Request::post(path)
            .header("content-type", "multipart/form-data; boundary=B")
            .header("origin", format!("http://{APP}"));
        self.send(request, Body::from(body)).await
    }

    pub async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Shown {
        let mut request = request.body(body).unwrap();
        let uri = request.uri().to_string();
        let (host, path) = match uri.strip_prefix("http://") {
            Some(rest) => {
                rest.split_once('/').map(|(host, path)| (host.to_owned(), format!("/{path}"))).unwrap()
            }
            None => (APP.to_owned(), uri.clone()),
        };
        *request.uri_mut() = path.parse().unwrap();
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        if host == APP && !self.cookies.is_empty() {
            let jar: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, jar.join("; ").parse().unwrap());
        }
        let response = self.house.webmail.answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            assert_eq!(host, APP, "the second origin sets no cookie");
            self.cookies.retain(|(known, _)| known != name);
            let value = rest.split(';').next().unwrap();
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Shown { status: parts.status, headers: parts.headers, body }
    }

    /// The first conversation of the list, opened.
    pub async fn first_conversation(&mut self) -> (String, Shown) {
        let list = self.get("/messages").await;
        let href = list.all("<h2><a href=\"").remove(0);
        let page = self.get(&href).await;
        assert_eq!(page.status, StatusCode::OK);
        (href, page)
    }
}
