//! Mail programs and practice software come in with a token of an identity provider (DOMAIN §3.1):
//! XOAUTH2 and OAUTHBEARER at both doors, against an issuer that is not ours.

use crate::people::{MARIE, PAUL};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kit::{Engine, House, ImapClient, Issuer, Letter, Plan, SmtpClient};

/// Dr Marie Lenoir, as the issuer names her.
const MARIES_ID: &str = "810099000019";

fn house(engine: Engine, issuer: &Issuer) -> House {
    let settings = format!("[[oidc]]\nissuer = \"{}\"\naudiences = [\"pli\"]\n", issuer.name());
    House::build(Plan { settings, ..Plan::demo(engine) })
}

fn xoauth2(login: &str, token: &str) -> String {
    BASE64_STANDARD.encode(format!("user={login}\x01auth=Bearer {token}\x01\x01"))
}

fn oauthbearer(login: &str, token: &str) -> String {
    BASE64_STANDARD.encode(format!("n,a={login},\x01host=mail.pli.example\x01auth=Bearer {token}\x01\x01"))
}

/// The challenge that says what is wrong with a token, and the refusal behind it.
fn refused(client: &mut SmtpClient, attempt: &str) {
    let challenge = client.expect(attempt, 334).unwrap();
    let said = BASE64_STANDARD.decode(&challenge.text[4..]).unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
    assert!(said["status"].is_string(), "a program reads this and fetches another token: {said}");
    client.expect("AQ==", 535).unwrap();
}

#[test]
fn a_token_signs_in_at_both_doors_and_a_letter_leaves() {
    let mut issuer = Issuer::start();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let house = house(engine, &issuer);
        let token = issuer.token(MARIES_ID, "pli");
        let mut sender = house.submission().unwrap();
        let hello = sender.expect("EHLO lps.example", 250).unwrap();
        assert!(hello.text.contains(" OAUTHBEARER XOAUTH2 "), "{}", hello.text);
        sender.expect(&format!("AUTH XOAUTH2 {}", xoauth2(MARIE.address, &token)), 235).unwrap();
        let letter = Letter::new(MARIE.address, PAUL.address, "Par jeton", "Bonjour.").octets();
        assert_eq!(sender.send(MARIE.address, &[PAUL.address], &letter).unwrap().code, 250);
        // The token opens her mailbox and writes as nobody else.
        assert_eq!(sender.say(&format!("MAIL FROM:<{}>", PAUL.address)).unwrap().code, 550);

        let mut reader = ImapClient::connect(house.secure(house.ports.imaps).unwrap()).unwrap();
        reader.run(&format!("AUTHENTICATE OAUTHBEARER {}", oauthbearer(MARIE.address, &token))).unwrap();
        reader.run("SELECT INBOX").unwrap();
        let mut paul = house.reader(PAUL.address, PAUL.password).unwrap();
        assert_eq!(paul.letters().unwrap().len(), 1, "{engine:?}");
    }
}

#[test]
fn a_token_for_others_of_others_or_spoilt_signs_nobody_in() {
    let mut issuer = Issuer::start();
    let house = house(Engine::Sqlite, &issuer);
    let good = issuer.token(MARIES_ID, "pli");
    let (head, signature) = good.rsplit_once('.').unwrap();
    let spoilt: String = signature.chars().rev().collect();
    for (case, login, token) in [
        ("another audience", MARIE.address, issuer.token(MARIES_ID, "messagerie-d-autrui")),
        ("somebody else's mailbox", PAUL.address, good.clone()),
        ("somebody unknown", MARIE.address, issuer.token("899999999999", "pli")),
        ("a signature turned round", MARIE.address, format!("{head}.{spoilt}")),
        ("another issuer", MARIE.address, Issuer::start().token(MARIES_ID, "pli")),
    ] {
        let mut client = house.submission().unwrap();
        client.expect("EHLO lps.example", 250).unwrap();
        refused(&mut client, &format!("AUTH XOAUTH2 {}", xoauth2(login, &token)));
        // The connection lives on, and a good token still opens it.
        let again = format!("AUTH OAUTHBEARER {}", oauthbearer(MARIE.address, &good));
        assert_eq!(client.say(&again).unwrap().code, 235, "{case}");
    }
}
