//! RELIABILITY A-04: forged tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, claims, fetcher, settings};
use crate::jwt::Unverified;
use crate::testing::{InventedIssuer, Signer, forge};
use crate::{IssuerSettings, Issuers, TokenFault};

fn seconds(after: i64) -> i64 {
    NOW.0 / 1_000 + after
}

/// The claims of a token changed, its header and signature as they were.
fn tampered(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    change(&mut claims);
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

#[tokio::test]
async fn a_04_forged_tokens_open_nothing() {
    let issuer = InventedIssuer::start().await;
    let rsa = Signer::rs256("rsa");
    let ec = Signer::es256("ec");
    let thief = Signer::es256("ec");
    issuer.publish(&[&rsa, &ec]);
    let issuers = issuer.issuers(IssuerSettings { acr: vec!["eidas1".to_owned()], ..settings(&issuer) });
    let good = |change: Value| claims(&issuer, change);
    let honest = ec.token(&good(json!({})));
    issuers.verify(&honest, NOW).await.unwrap();
    let keys_before = issuer.asked("/jwks");

    let with = |header: Value| ec.token_with(header, &good(json!({})));
    let none = |alg: &str| forge(&json!({"alg": alg, "kid": "ec"}), &good(json!({})), |_| Vec::new());
    // The published key as the secret of a MAC, in the two ways libraries were once fooled.
    let confused = |secret: &[u8]| {
        forge(&json!({"alg": "HS256", "kid": "rsa", "typ": "JWT"}), &good(json!({})), |message| {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
            aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
        })
    };
    let stripped = honest.rsplit_once('.').unwrap().0.to_owned() + ".";
    let trap = format!("{}/trap", issuer.name());
    for (case, token, want) in [
        ("alg none", none("none"), "algorithm"),
        ("alg None", none("nOnE"), "algorithm"),
        ("no algorithm", forge(&json!({"kid": "ec"}), &good(json!({})), |_| Vec::new()), "malformed"),
        ("signature cut off", stripped, "signature"),
        ("MAC with the public key", confused(rsa.jwk()["n"].as_str().unwrap().as_bytes()), "algorithm"),
        ("MAC with the key set", confused(json!({"keys": [rsa.jwk()]}).to_string().as_bytes()), "algorithm"),
        (
            "RSA key, EC algorithm",
            ec.token_with(json!({"alg": "ES256", "kid": "rsa"}), &good(json!({}))),
            "key",
        ),
        (
            "the other RSA scheme",
            rsa.token_with(json!({"alg": "PS256", "kid": "rsa"}), &good(json!({}))),
            "key",
        ),
        ("unknown key", with(json!({"alg": "ES256", "kid": "ec2"})), "key"),
        (
            "no name among several kinds",
            thief.token_with(json!({"alg": "ES256"}), &good(json!({}))),
            "signature",
        ),
        ("a thief's key of the same name", thief.token(&good(json!({}))), "signature"),
        (
            "jku",
            thief.token_with(json!({"alg": "ES256", "kid": "ec", "jku": trap}), &good(json!({}))),
            "signature",
        ),
        (
            "jwk in the header",
            thief.token_with(json!({"alg": "ES256", "kid": "ec", "jwk": thief.jwk()}), &good(json!({}))),
            "signature",
        ),
        (
            "x5u",
            thief.token_with(
                json!({"alg": "ES256", "kid": "ec", "x5u": trap, "x5c": ["AAAA"]}),
                &good(json!({})),
            ),
            "signature",
        ),
        ("crit", with(json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false})), "extension"),
        ("another type", with(json!({"alg": "ES256", "kid": "ec", "typ": "logout+jwt"})), "another type"),
        ("expired", ec.token(&good(json!({"exp": seconds(-61)}))), "expired"),
        ("no end", ec.token(&good(json!({"exp": null}))), "no end"),
        ("an end that is a text", ec.token(&good(json!({"exp": "never"}))), "a time"),
        ("an end beyond time", ec.token(&good(json!({"exp": 1e300}))), "a time"),
        ("made two days ago", ec.token(&good(json!({"iat": seconds(-2 * 86_400)}))), "expired"),
        ("not yet", ec.token(&good(json!({"nbf": seconds(90)}))), "not valid yet"),
        ("made tomorrow", ec.token(&good(json!({"iat": seconds(86_400)}))), "not valid yet"),
        ("another issuer", ec.token(&good(json!({"iss": "https://evil.example"}))), "issuer"),
        (
            "an issuer with a slash more",
            ec.token(&good(json!({"iss": format!("{}/", issuer.name())}))),
            "issuer",
        ),
        ("no issuer", ec.token(&good(json!({"iss": null}))), "issuer"),
        ("another audience", ec.token(&good(json!({"aud": "other"}))), "audience"),
        ("no audience", ec.token(&good(json!({"aud": null}))), "audience"),
        ("audience inside a text", ec.token(&good(json!({"aud": "pli evil"}))), "audience"),
        (
            "an ID token",
            ec.token_with(json!({"alg": "ES256", "kid": "ec"}), &good(json!({"nonce": "n"}))),
            "another type",
        ),
        ("an ID token of Keycloak's", ec.token(&good(json!({"typ": "ID"}))), "another type"),
        ("a refresh token", ec.token(&good(json!({"typ": "Refresh"}))), "another type"),
        ("a weak sign-in", ec.token(&good(json!({"acr": "0"}))), "strong"),
        (
            "a changed id",
            tampered(&honest, |claims| claims["SubjectNameID"] = json!("899700000009")),
            "signature",
        ),
        ("a changed end", tampered(&honest, |claims| claims["exp"] = json!(seconds(900))), "signature"),
        ("too long", ec.token(&good(json!({"pad": "x".repeat(8_192)}))), "too long"),
        ("five parts", format!("{honest}.AAAA.AAAA"), "malformed"),
        ("white space", format!("{honest} "), "bearer"),
        ("empty", String::new(), "bearer"),
        ("line break", "a\r\nb".to_owned(), "bearer"),
    ] {
        let fault = issuers.verify(&token, NOW).await.expect_err(case);
        assert!(fault.to_string().contains(want), "{case}: {fault}");
        assert!(!fault.is_temporary(), "{case}");
    }
    assert_eq!(issuer.asked("/trap"), 0, "keys come from the configured issuer alone");
    assert_eq!(issuer.asked("/jwks"), keys_before, "and nobody makes us ask it over and over");
}

#[tokio::test]
async fn an_algorithm_that_was_switched_off_signs_nothing() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::rs256("rsa");
    issuer.publish(&[&signer]);
    let only = vec![crate::SigningAlgorithm::Es256];
    let issuers = issuer.issuers(IssuerSettings { algorithms: only, ..settings(&issuer) });
    let fault = issuers.verify(&signer.token(&claims(&issuer, json!({}))), NOW).await;
    assert!(matches!(fault, Err(TokenFault::Algorithm)), "{fault:?}");
    assert_eq!(issuer.asked("/jwks"), 0, "asked before any key is fetched");
}

#[tokio::test]
async fn an_issuer_speaks_for_itself_only() {
    let (one, other) = (InventedIssuer::start().await, InventedIssuer::start().await);
    let (first, second) = (Signer::es256("k"), Signer::es256("k"));
    one.publish(&[&first]);
    other.publish(&[&second]);
    let issuers = Issuers::new(vec![settings(&one), settings(&other)], &fetcher()).unwrap();
    issuers.verify(&first.token(&claims(&one, json!({}))), NOW).await.unwrap();
    issuers.verify(&second.token(&claims(&other, json!({}))), NOW).await.unwrap();
    let crossed = issuers.verify(&second.token(&claims(&one, json!({}))), NOW).await;
    assert!(matches!(crossed, Err(TokenFault::Signature)), "{crossed:?}");
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::es256("ec");
    issuer.publish(&[&signer]);
    let issuers = issuer.issuers(settings(&issuer));
    for (case, change, passes) in [
        ("59 s past its end", json!({"exp": seconds(-59)}), true),
        ("60 s past its end", json!({"exp": seconds(-60)}), false),
        ("60 s before its time", json!({"nbf": seconds(60)}), true),
        ("61 s before its time", json!({"nbf": seconds(61)}), false),
        ("a fraction of a second", json!({"exp": seconds(5) as f64 + 0.5}), true),
    ] {
        let verified = issuers.verify(&signer.token(&claims(&issuer, change)), NOW).await;
        assert_eq!(verified.is_ok(), passes, "{case}: {verified:?}");
        let alive = verified.map_or(true, |identity| identity.expires_at > NOW);
        assert!(alive, "{case}: who is let in is not thrown out at once");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}", dots in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}") {
        for text in [text, dots] {
            if let Ok(unverified) = Unverified::parse(&text) {
                let settings = IssuerSettings::new("https://auth.example", &["pli"]);
                let keys = crate::keys::KeySet::default();
                let verified = unverified.verify(&keys, &settings, crate::jwt::Use::Access, Timestamp(0));
                prop_assert!(verified.is_err());
            }
        }
    }
}
