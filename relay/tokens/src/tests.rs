//! Tokens forged and honest, against an issuer on loopback.

mod forged;
mod sign_in;

use std::sync::Arc;

use names::Timestamp;
use net::fetch::Fetcher;
use serde_json::{Value, json};

use crate::testing::{InventedIssuer, Signer};
use crate::{Check, Identity, IssuerSettings, Issuers, TokenFault};

/// Now, everywhere in these tests.
const NOW: Timestamp = Timestamp(1_795_318_467_000);

fn fetcher() -> Fetcher {
    // Loopback in clear: the roots are never looked at.
    let roots = rustls::RootCertStore::empty();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Fetcher::new(Arc::new(config))
}

impl InventedIssuer {
    fn issuers(&self, settings: IssuerSettings) -> Issuers {
        Issuers::new(vec![settings], &fetcher()).unwrap()
    }
}

/// Claims of an honest access token; `change` spoils or adds.
fn claims(issuer: &InventedIssuer, change: Value) -> Value {
    let seconds = NOW.0 / 1_000;
    let mut claims = json!({
        "iss": issuer.name(), "aud": ["account", "pli"], "sub": "f:1:dr", "iat": seconds - 10,
        "exp": seconds + 600, "SubjectNameID": "899700000001", "acr": "eidas1",
    });
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => drop(claims.as_object_mut().unwrap().insert(name.clone(), value.clone())),
        }
    }
    claims
}

fn settings(issuer: &InventedIssuer) -> IssuerSettings {
    IssuerSettings::new(issuer.name(), &["pli"])
}

fn of(identity: Result<Identity, TokenFault>) -> Result<String, String> {
    identity.map(|identity| identity.national_id.0).map_err(|fault| fault.to_string())
}

#[tokio::test]
async fn every_allowed_algorithm_is_understood() {
    let issuer = InventedIssuer::start().await;
    let issuers = issuer.issuers(settings(&issuer));
    let mut now = NOW;
    for signer in [Signer::rs256("rsa"), Signer::ps256("pss"), Signer::es256("ec"), Signer::ed25519("ed")] {
        issuer.publish(&[&signer]);
        let token = signer.token(&claims(&issuer, json!({})));
        // Each key is new to us: half a minute passes between two questions.
        now = now.plus(60_000);
        assert_eq!(of(issuers.verify(&token, now).await), Ok("899700000001".to_owned()), "{}", signer.name());
    }
}

#[tokio::test]
async fn an_identity_says_who_how_strongly_and_until_when() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::es256("ec");
    issuer.publish(&[&signer]);
    let issuers = issuer.issuers(settings(&issuer));
    let identity = issuers.verify(&signer.token(&claims(&issuer, json!({}))), NOW).await.unwrap();
    assert_eq!(identity.subject, "f:1:dr");
    assert_eq!(identity.acr.as_deref(), Some("eidas1"));
    assert_eq!(identity.expires_at.since(NOW), 660_000, "ten minutes and the leeway");
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_an_invented_one_asks_nobody_twice() {
    let issuer = InventedIssuer::start().await;
    let (old, new, invented) = (Signer::es256("1"), Signer::es256("2"), Signer::es256("3"));
    issuer.publish(&[&old]);
    let issuers = issuer.issuers(settings(&issuer));
    let token = |signer: &Signer| signer.token(&claims(&issuer, json!({})));
    issuers.verify(&token(&old), NOW).await.unwrap();
    issuer.publish(&[&old, &new]);
    assert!(matches!(issuers.verify(&token(&new), NOW).await, Err(TokenFault::Key)), "asked a moment ago");
    let later = NOW.plus(31_000);
    issuers.verify(&token(&new), later).await.unwrap();
    assert_eq!(issuer.asked("/jwks"), 2);
    for _ in 0..100 {
        assert!(matches!(issuers.verify(&token(&invented), later).await, Err(TokenFault::Key)));
    }
    assert_eq!(issuer.asked("/jwks"), 2);
    issuers.verify(&token(&old), later.plus(31_000)).await.unwrap();
    assert_eq!(issuer.asked("/jwks"), 2, "a known key asks nobody");
}

#[tokio::test]
async fn keys_of_an_issuer_that_is_away_serve_for_a_day() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::es256("ec");
    issuer.publish(&[&signer]);
    let issuers = issuer.issuers(settings(&issuer));
    let hours = |hours: i64| NOW.plus(hours * 3_600_000);
    let token = |at: names::Timestamp| {
        let seconds = at.0 / 1_000;
        signer.token(&claims(&issuer, json!({"iat": seconds, "exp": seconds + 60})))
    };
    issuers.verify(&token(NOW), NOW).await.unwrap();
    issuer.break_down();
    for (case, hour, works) in [("fresh", 0, true), ("stale", 23, true), ("too old", 25, false)] {
        let verified = issuers.verify(&token(hours(hour)), hours(hour)).await;
        assert_eq!(verified.is_ok(), works, "{case}: {verified:?}");
        assert!(works || verified.unwrap_err().is_temporary(), "{case}");
    }
    issuer.repair();
    issuers.verify(&token(hours(26)), hours(26)).await.unwrap();
}

/// An issuer that takes questions and never answers: who shows a token signed with a known key waits for
/// nobody, and who shows one of an unknown key not for long.
#[tokio::test]
async fn an_issuer_that_is_silent_keeps_no_sign_in_waiting() {
    let issuer = InventedIssuer::start().await;
    let (signer, unknown) = (Signer::es256("1"), Signer::es256("2"));
    issuer.publish(&[&signer]);
    let issuers = issuer.issuers(settings(&issuer));
    issuers.verify(&signer.token(&claims(&issuer, json!({}))), NOW).await.unwrap();
    issuer.fall_silent();
    let later = NOW.plus(2 * 3_600_000);
    let claims = claims(&issuer, json!({"iat": later.0 / 1_000, "exp": later.0 / 1_000 + 60}));
    issuers.verify(&signer.token(&claims), later).await.unwrap();
    assert_eq!(issuer.asked("/jwks"), 1, "keys of two hours ago serve, and nobody is asked");
    let asked = std::time::Instant::now();
    let fault = issuers.verify(&unknown.token(&claims), later).await.unwrap_err();
    assert!(fault.is_temporary(), "{fault}");
    assert!(asked.elapsed() < crate::limits::FETCH_TIME, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn the_claims_of_the_user_name_whom_the_token_does_not() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::es256("ec");
    issuer.publish(&[&signer]);
    let token = signer.token(&claims(&issuer, json!({"SubjectNameID": null})));
    for (case, answer, want) in [
        ("named", json!({"sub": "f:1:dr", "SubjectNameID": "899700000002"}), Ok("899700000002")),
        (
            "somebody else's",
            json!({"sub": "f:1:other", "SubjectNameID": "899700000002"}),
            Err("somebody else"),
        ),
        ("nobody's", json!({"SubjectNameID": "899700000002"}), Err("somebody else")),
        ("nameless", json!({"sub": "f:1:dr"}), Err("no national id")),
        ("not a text", json!({"sub": "f:1:dr", "SubjectNameID": 899_700}), Err("no national id")),
        ("control", json!({"sub": "f:1:dr", "SubjectNameID": "8997\n0"}), Err("no national id")),
    ] {
        let issuers = issuer.issuers(settings(&issuer));
        issuer.answer("/me", &answer);
        let before = issuer.asked("/me");
        let said = of(issuers.verify(&token, NOW).await);
        match want {
            Ok(id) => assert_eq!(said, Ok(id.to_owned()), "{case}"),
            Err(text) => assert!(said.as_ref().is_err_and(|said| said.contains(text)), "{case}: {said:?}"),
        }
        let _ = issuers.verify(&token, NOW).await;
        let asked = issuer.asked("/me") - before;
        assert_eq!(asked, if want.is_ok() { 1 } else { 2 }, "{case}: what was said is believed for a minute");
    }
    let never = IssuerSettings { userinfo: crate::Userinfo::Never, ..settings(&issuer) };
    let before = issuer.asked("/me");
    assert!(matches!(issuer.issuers(never).verify(&token, NOW).await, Err(TokenFault::Nameless)));
    assert_eq!(issuer.asked("/me"), before);
}

#[tokio::test]
async fn an_opaque_token_counts_as_long_as_its_issuer_says() {
    let issuer = InventedIssuer::start().await;
    let asked =
        IssuerSettings { check: Check::Introspection, client: Some(issuer.client()), ..settings(&issuer) };
    let seconds = NOW.0 / 1_000;
    let active = json!({"active": true, "aud": "pli", "exp": seconds + 600, "SubjectNameID": "899700000003"});
    let with = |name: &str, value: Value| {
        let mut answer = active.clone();
        answer[name] = value;
        answer
    };
    for (case, answer, want) in [
        ("active", active.clone(), Ok("899700000003")),
        ("inactive", json!({"active": false}), Err("does not count")),
        ("no word", json!({}), Err("does not count")),
        ("a word for true", with("active", json!("true")), Err("does not count")),
        ("expired", with("exp", json!(seconds - 61)), Err("expired")),
        ("another audience", with("aud", json!("other")), Err("another audience")),
        ("another issuer", with("iss", json!("https://other.example")), Err("not one of ours")),
    ] {
        let issuers = issuer.issuers(asked.clone());
        issuer.answer("/introspect", &answer);
        let said = of(issuers.verify("opaque-0123456789", NOW).await);
        match want {
            Ok(id) => assert_eq!(said, Ok(id.to_owned()), "{case}"),
            Err(text) => assert!(said.as_ref().is_err_and(|said| said.contains(text)), "{case}: {said:?}"),
        }
    }
    // A minute later it is asked again, and a token that was taken back counts no longer.
    let issuers = issuer.issuers(asked);
    issuer.answer("/introspect", &active);
    issuers.verify("opaque-0123456789", NOW).await.unwrap();
    issuer.answer("/introspect", &json!({"active": false}));
    issuers.verify("opaque-0123456789", NOW.plus(59_000)).await.unwrap();
    let revoked = issuers.verify("opaque-0123456789", NOW.plus(60_000)).await;
    assert!(matches!(revoked, Err(TokenFault::Inactive)), "{revoked:?}");
    // The secret of the client goes with the question, and only there.
    assert!(issuer.last("/introspect").contains("authorization: Basic cGxpOnMlMkMrMQ=="), "pli:s%2C+1");
}

#[test]
fn an_issuer_stands_once() {
    let twice = vec![IssuerSettings::new("https://a.example", &["pli"]); 2];
    assert!(Issuers::new(twice, &fetcher()).is_err());
}
