//! Every way in, on both engines: what opens, what does not, and what the limiter hears of it.

use std::future::Future as _;

use aws_lc_rs::{digest, hmac, pbkdf2};
use names::Clock;
use net::fetch::Fetcher;
use net::{Caps, ConnInfo, Gate, World as _};
use serde_json::{Value, json};
use tokens::testing::{InventedIssuer, Signer};
use tokens::{IssuerSettings, Issuers};
use wire::sasl::Mechanism;
use wire::smtp::{Answer, Ask, MailParameters};

use super::*;
use crate::SubmissionWorld;
use crate::testing::{CARDIOLOGIST, DOCTOR, House, NOON, SECRETARIAT, address, houses};

const MACHINE: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
const PASSWORD: &str = "demo-marie-lenoir";

fn door(house: &House, entrance: &Entrance) -> SignIn {
    SignIn::new(house.relay.clone(), entrance.clone(), "submission", "192.0.2.7".parse().unwrap())
}

fn gate() -> Gate {
    Gate::new(Caps::default())
}

fn password(login: &str, authzid: Option<&str>, secret: &[u8]) -> sasl::Attempt {
    sasl::Attempt::Password {
        mechanism: Mechanism::Plain,
        login: login.to_owned(),
        authzid: authzid.map(ToOwned::to_owned),
        secret: Secret::new(secret.to_vec()),
    }
}

fn token(login: Option<&str>, token: &str) -> sasl::Attempt {
    sasl::Attempt::Token {
        mechanism: Mechanism::OAuthBearer,
        login: login.map(ToOwned::to_owned),
        token: Secret::new(token.as_bytes().to_vec()),
    }
}

/// The mailbox that was opened, or why none was.
async fn opened(sign_in: &mut SignIn, attempt: sasl::Attempt, now: Timestamp) -> Result<String, String> {
    match sign_in.attempt(attempt, None, now).await {
        Ok(Step::In(signed_in)) => Ok(signed_in.login().address.to_string()),
        Ok(Step::Challenge(_)) => Err("challenge".to_owned()),
        Err(SignInRefusal::Wrong) => Err("wrong".to_owned()),
        Err(SignInRefusal::Wait(_)) => Err("wait".to_owned()),
        Err(SignInRefusal::Unavailable) => Err("unavailable".to_owned()),
    }
}

/// A SCRAM client, bound to a channel or not.
struct Prover<'a> {
    login: &'a str,
    authzid: &'a str,
    secret: &'a str,
    /// What the client believes the channel to be.
    channel: Option<&'a [u8]>,
}

fn sign(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().try_into().unwrap()
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

impl Prover<'_> {
    /// The whole exchange; the server's signature is checked as a client does.
    async fn prove(
        &self,
        sign_in: &mut SignIn,
        exporter: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<String, String> {
        let flag = if self.channel.is_some() { "p=tls-exporter" } else { "n" };
        let authzid = if self.authzid.is_empty() { String::new() } else { format!("a={}", self.authzid) };
        let header = format!("{flag},{authzid},");
        let bare = format!("n={},r=fyko+d2lbbFgONRv9qkxdawL", self.login);
        let first = ClientFirst::parse(format!("{header}{bare}").as_bytes()).unwrap();
        let plus = self.channel.is_some();
        let challenge = match sign_in.attempt(sasl::Attempt::Scram { plus, first }, exporter, now).await {
            Ok(Step::Challenge(challenge)) => String::from_utf8(challenge).unwrap(),
            Ok(Step::In(_)) => panic!("in without a proof"),
            Err(refusal) => return Err(format!("{refusal:?}")),
        };
        let field = |name: char| {
            let field = challenge.split(',').find(|field| field.starts_with(name)).unwrap();
            field[2..].to_owned()
        };
        let mut salted = [0; 32];
        let rounds = field('i').parse().unwrap();
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, rounds, &unbase64(&field('s')), self.secret.as_bytes(), &mut salted);
        let bound = [header.as_bytes(), self.channel.unwrap_or_default()].concat();
        let without = format!("c={},r={}", base64(&bound), field('r'));
        let message = format!("{bare},{challenge},{without}");
        let mut proof = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, &proof);
        let mask = sign(stored.as_ref(), message.as_bytes());
        proof.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        let last = format!("{without},p={}", base64(&proof));
        let answer = match sign_in.respond(Secret::new(last.into_bytes()), now).await {
            Ok(Step::Challenge(answer)) => String::from_utf8(answer).unwrap(),
            Ok(Step::In(_)) => panic!("in without our proof"),
            Err(refusal) => return Err(format!("{refusal:?}")),
        };
        let ours = sign(&sign(&salted, b"Server Key"), message.as_bytes());
        assert_eq!(answer, format!("v={}", base64(&ours)), "the server knows the secret too");
        match sign_in.respond(Secret::new(Vec::new()), now).await {
            Ok(Step::In(signed_in)) => Ok(signed_in.login().address.to_string()),
            Ok(Step::Challenge(_)) => panic!("a challenge too many"),
            Err(refusal) => Err(format!("{refusal:?}")),
        }
    }
}

#[tokio::test]
async fn a_03_odd_logins_and_passwords_open_nothing() {
    for house in houses().await {
        for (case, login, authzid, secret, want) in [
            ("right", DOCTOR, None, PASSWORD.as_bytes(), Ok(DOCTOR)),
            ("empty password", DOCTOR, None, b"", Err("wrong")),
            ("a megabyte", DOCTOR, None, &[b'x'; 1_048_576], Err("wrong")),
            ("NUL after the password", DOCTOR, None, b"demo-marie-lenoir\0", Err("wrong")),
            ("not UTF-8", DOCTOR, None, b"demo-marie-lenoir\xff", Err("wrong")),
            ("no address", "marie.lenoir", None, PASSWORD.as_bytes(), Err("wrong")),
            ("NUL in the login", "marie.lenoir\0@cabinet-lilas.mssante.example", None, b"x", Err("wrong")),
            ("somebody else's identity", DOCTOR, Some(CARDIOLOGIST), PASSWORD.as_bytes(), Err("wrong")),
            ("a team's identity", DOCTOR, Some(SECRETARIAT), PASSWORD.as_bytes(), Err("wrong")),
        ] {
            // A gate of its own: the limiter is another test's.
            let mut sign_in = door(&house, &gate().into());
            let found = opened(&mut sign_in, password(login, authzid, secret), NOON).await;
            let want = want.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
            assert_eq!(found, want, "{}: {case}", house.engine);
        }
    }
}

#[tokio::test]
async fn a_proof_opens_what_its_password_opens_bound_or_not() {
    for house in houses().await {
        let (ours, other) = ([7; 32], [8; 32]);
        let wrong = || Err("Wrong".to_owned());
        for (case, login, authzid, secret, channel, want) in [
            ("right", DOCTOR, "", PASSWORD, None, Ok(DOCTOR.to_owned())),
            ("bound", DOCTOR, "", PASSWORD, Some(&ours[..]), Ok(DOCTOR.to_owned())),
            ("own identity named", DOCTOR, DOCTOR, PASSWORD, None, Ok(DOCTOR.to_owned())),
            ("a team's", SECRETARIAT, "", "demo-paul-ferrand", None, Ok(SECRETARIAT.to_owned())),
            ("another member's", SECRETARIAT, "", "demo-anne-dubreuil", None, Ok(SECRETARIAT.to_owned())),
            ("a machine's", MACHINE, "", "demo-laboratoire", None, Ok(MACHINE.to_owned())),
            ("bound elsewhere", DOCTOR, "", PASSWORD, Some(&other[..]), wrong()),
            ("wrong password", DOCTOR, "", "demo-marie-lenoir2", None, wrong()),
            ("somebody else's password", DOCTOR, "", "demo-paul-ferrand", None, wrong()),
            ("somebody else's identity", DOCTOR, CARDIOLOGIST, PASSWORD, None, wrong()),
            ("nobody", "personne@cabinet-lilas.mssante.example", "", PASSWORD, None, wrong()),
        ] {
            let mut sign_in = door(&house, &gate().into());
            let prover = Prover { login, authzid, secret, channel };
            let found = prover.prove(&mut sign_in, Some(&ours), NOON).await;
            assert_eq!(found, want, "{}: {case}", house.engine);
        }
    }
}

#[tokio::test]
async fn a_02_a_challenge_says_nothing_of_the_login() {
    for house in houses().await {
        let mut sign_in = door(&house, &gate().into());
        let mut challenges = Vec::new();
        for login in [DOCTOR, SECRETARIAT, "personne@cabinet-lilas.mssante.example", "no address"] {
            let first = ClientFirst::parse(format!("n,,n={login},r=abc").as_bytes()).unwrap();
            let attempt = sasl::Attempt::Scram { plus: false, first };
            let Ok(Step::Challenge(said)) = sign_in.attempt(attempt, None, NOON).await else {
                panic!("{login}")
            };
            let said = String::from_utf8(said).unwrap();
            let (nonce, rest) = said.split_once(',').unwrap();
            assert!(nonce.starts_with("r=abc") && nonce.len() == "r=abc".len() + 24, "{nonce}");
            assert!(!challenges.iter().any(|(other, _)| other == nonce), "a nonce is used once");
            challenges.push((nonce.to_owned(), rest.to_owned()));
        }
        assert!(challenges.iter().all(|(_, rest)| *rest == challenges[0].1), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_stranger_in_the_middle_of_an_exchange_gets_nowhere() {
    let house = &houses().await[0];
    let mut sign_in = door(house, &gate().into());
    let answer = |octets: &[u8]| Secret::new(octets.to_vec());
    assert!(matches!(sign_in.respond(answer(b""), NOON).await, Err(SignInRefusal::Wrong)), "nothing begun");
    let first = ClientFirst::parse(format!("n,,n={DOCTOR},r=abc").as_bytes()).unwrap();
    sign_in.attempt(sasl::Attempt::Scram { plus: false, first }, None, NOON).await.unwrap();
    for said in [&b""[..], b"c=biws,r=abc,p=AAAA", b"\xff"] {
        assert!(sign_in.respond(answer(said), NOON).await.is_err(), "an exchange is over at its first fault");
    }
}

#[tokio::test]
async fn a_01_one_limiter_counts_every_way_in() {
    for house in houses().await {
        let issuer = InventedIssuer::start().await;
        let gate = gate();
        let entrance = Entrance::new(gate.clone(), issuers(&issuer));
        let mut sign_in = door(&house, &entrance);
        let signer = Signer::es256("ec");
        issuer.publish(&[&signer]);
        let bad = Prover { login: DOCTOR, authzid: "", secret: "x", channel: None };
        // Five failures by three mechanisms at two doors.
        for _ in 0..2 {
            opened(&mut sign_in, password(DOCTOR, None, b"x"), NOON).await.unwrap_err();
            bad.prove(&mut sign_in, None, NOON).await.unwrap_err();
        }
        let mut other =
            SignIn::new(house.relay.clone(), entrance, "mailbox", "198.51.100.3".parse().unwrap());
        assert_eq!(opened(&mut other, token(Some(DOCTOR), "a.b.c"), NOON).await, Err("wrong".to_owned()));
        assert_eq!(gate.counts().failed, 5);
        let right = || password(DOCTOR, None, PASSWORD.as_bytes());
        assert_eq!(opened(&mut sign_in, right(), NOON).await, Err("wait".to_owned()), "{}", house.engine);
        assert_eq!(opened(&mut other, right(), NOON).await, Err("wait".to_owned()), "at the other door too");
        let good = Prover { secret: PASSWORD, ..bad };
        assert!(good.prove(&mut sign_in, None, NOON).await.unwrap_err().starts_with("Wait"));
        let honest = signer.token(&claims(&issuer, json!({})));
        assert_eq!(opened(&mut sign_in, token(Some(DOCTOR), &honest), NOON).await, Err("wait".to_owned()));
        let later = NOON.plus(names::MINUTE);
        assert_eq!(opened(&mut sign_in, right(), later).await, Ok(DOCTOR.to_owned()), "no lock for ever");
    }
}

fn issuers(issuer: &InventedIssuer) -> Issuers {
    let roots = std::sync::Arc::new(rustls::RootCertStore::empty());
    let fetcher = Fetcher::new(Arc::new(certs::client_config(roots, None, Clock::new(|| NOON)).unwrap()));
    Issuers::new(vec![IssuerSettings::new(issuer.name(), &["pli"])], &fetcher).unwrap()
}

fn claims(issuer: &InventedIssuer, change: Value) -> Value {
    let seconds = NOON.0 / 1_000;
    let mut claims = json!({
        "iss": issuer.name(), "aud": "pli", "sub": "f:1:dr", "iat": seconds, "exp": seconds + 600,
        "SubjectNameID": "810099000019",
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn a_token_opens_the_mailboxes_of_its_person() {
    for house in houses().await {
        let issuer = InventedIssuer::start().await;
        let signer = Signer::es256("ec");
        issuer.publish(&[&signer]);
        let issuers = issuers(&issuer);
        let doctor = signer.token(&claims(&issuer, json!({})));
        let cardiologist = signer.token(&claims(&issuer, json!({"SubjectNameID": "810099000027"})));
        let stranger = signer.token(&claims(&issuer, json!({"SubjectNameID": "899999999999"})));
        let expired = signer.token(&claims(&issuer, json!({"exp": NOON.0 / 1_000 - 61})));
        for (case, login, shown, want) in [
            ("own mailbox", Some(DOCTOR), &doctor, Ok(DOCTOR)),
            ("no wish", None, &doctor, Ok(DOCTOR)),
            ("a team's", Some(SECRETARIAT), &cardiologist, Ok(SECRETARIAT)),
            ("somebody else's", Some(CARDIOLOGIST), &doctor, Err("wrong")),
            ("a machine's", Some(MACHINE), &cardiologist, Err("wrong")),
            ("not an address", Some("lenoir"), &doctor, Err("wrong")),
            ("unknown person", None, &stranger, Err("wrong")),
            ("expired", Some(DOCTOR), &expired, Err("wrong")),
        ] {
            let mut sign_in = door(&house, &Entrance::new(gate(), issuers.clone()));
            let found = opened(&mut sign_in, token(login, shown), NOON).await;
            let want = want.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
            assert_eq!(found, want, "{}: {case}", house.engine);
        }
        // An issuer that is away is nobody's wrong guess.
        issuer.break_down();
        let gate = gate();
        let mut sign_in = door(&house, &Entrance::new(gate.clone(), self::issuers(&issuer)));
        let found = opened(&mut sign_in, token(Some(DOCTOR), &doctor), NOON).await;
        assert_eq!((found, gate.counts().failed), (Err("unavailable".to_owned()), 0), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_at_the_next_letter() {
    for house in houses().await {
        let issuer = InventedIssuer::start().await;
        let signer = Signer::es256("ec");
        issuer.publish(&[&signer]);
        let peer = "192.0.2.7:50000".parse().unwrap();
        let connection = ConnInfo { peer, local: peer, door: "submission" };
        let entrance = Entrance::new(gate(), issuers(&issuer));
        let mut world = SubmissionWorld::new(house.relay.clone(), entrance, &connection);
        let attempt = token(Some(DOCTOR), &signer.token(&claims(&issuer, json!({}))));
        let entered = world.answer(Ask::Authenticate { attempt, binding: None }).await;
        assert!(matches!(entered, Answer::Authenticated(Ok(()))), "{}", house.engine);
        let mail = || Ask::Sender { path: Some(address(DOCTOR)), parameters: MailParameters::default() };
        assert!(matches!(world.answer(mail()).await, Answer::Sender(Ok(()))));
        world.answer(Ask::Reset).await;
        // Ten minutes, and the minute by which clocks may differ.
        let late = house.clock.load(std::sync::atomic::Ordering::SeqCst).max(NOON.0) + 661_000;
        house.clock.store(late, std::sync::atomic::Ordering::SeqCst);
        let Answer::Sender(Err(reply)) = world.answer(mail()).await else { panic!("{}", house.engine) };
        assert!(reply.is_farewell(), "{}: the program comes back with a new token", house.engine);
    }
}

#[tokio::test]
async fn a_15_a_token_that_expires_ends_a_silent_idle() {
    for house in houses().await {
        let issuer = InventedIssuer::start().await;
        let signer = Signer::es256("ec");
        issuer.publish(&[&signer]);
        let peer = "192.0.2.7:50000".parse().unwrap();
        let connection = ConnInfo { peer, local: peer, door: "mailbox" };
        let entrance = Entrance::new(gate(), issuers(&issuer));
        let mut world = crate::imap::ImapDoor::new(house.relay.clone(), entrance).world(&connection);
        let attempt = token(Some(DOCTOR), &signer.token(&claims(&issuer, json!({}))));
        let entered = world.answer(wire::imap::Ask::Authenticate { attempt, binding: None }).await;
        assert!(matches!(entered, wire::imap::Answer::Outcome(Ok(()))), "{}", house.engine);
        // Half a second before the ten minutes, and the minute by which clocks may differ, are over.
        house.clock.store(NOON.0 + 659_500, std::sync::atomic::Ordering::SeqCst);
        let mut event = std::pin::pin!(world.event());
        let begun = event.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(begun.is_pending(), "{}", house.engine);
        house.clock.store(NOON.0 + 660_000, std::sync::atomic::Ordering::SeqCst);
        let told = tokio::time::timeout(Duration::from_secs(5), event).await.expect("it ends within 5 s");
        let wire::imap::Answer::Changes(changes) = told else { panic!("{told:?}") };
        let ended = changes.ended.expect("the session ends");
        assert_eq!(ended.code, wire::imap::Code::Expired, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_certificate_opens_its_structure_s_machines() {
    for house in houses().await {
        let hospital = "CN=labo,OU=1990000010,O=Hôpital Saint-Roch,C=FR";
        for (case, subject, authzid, want) in [
            ("the only machine", Some(hospital), None, Ok(MACHINE)),
            ("by name", Some(hospital), Some(MACHINE), Ok(MACHINE)),
            ("a team's mailbox", Some(hospital), Some(SECRETARIAT), Err("wrong")),
            ("not an address", Some(hospital), Some("laboratoire"), Err("wrong")),
            ("another structure", Some("CN=x,OU=1990000028,C=FR"), Some(MACHINE), Err("wrong")),
            ("no structure", Some("CN=1990000010,C=FR"), Some(MACHINE), Err("wrong")),
            ("no certificate", None, Some(MACHINE), Err("wrong")),
        ] {
            let mut sign_in = door(&house, &gate().into());
            if let Some(subject) = subject {
                sign_in.secured(&certs::PeerInfo {
                    subject: subject.to_owned(),
                    issuer: String::new(),
                    serial: String::new(),
                    names: Vec::new(),
                    not_after: NOON,
                    spki: [0; 32],
                    chain_length: 1,
                });
            }
            let attempt = sasl::Attempt::External { authzid: authzid.map(ToOwned::to_owned) };
            let found = opened(&mut sign_in, attempt, NOON).await;
            let want = want.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
            assert_eq!(found, want, "{}: {case}", house.engine);
        }
    }
}

#[test]
fn only_what_can_succeed_is_offered() {
    use Mechanism as M;
    let passwords = [M::ScramSha256Plus, M::ScramSha256, M::Plain, M::Login];
    let entrance = Entrance::from(gate());
    assert_eq!(entrance.mechanisms(Certificates::Ignored), passwords);
    assert!(entrance.mechanisms(Certificates::Asked).contains(&M::External));
    assert_eq!(entrance.bearer().discovery, None);
}
