//! Sign-in by browser: what leaves, what must come back.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::Entropy;
use serde_json::{Value, json};

use super::{NOW, claims, settings};
use crate::testing::{InventedIssuer, Signer};
use crate::{CallBack, CodeFlow, IssuerSettings, Pending, TokenFault};

const REDIRECT: &str = "https://pro.example/retour";

fn flow(issuer: &InventedIssuer) -> CodeFlow {
    let settings = IssuerSettings { client: Some(issuer.client()), ..settings(issuer) };
    let entropy = Entropy::new(|bytes| aws_lc_rs::rand::fill(bytes).unwrap());
    CodeFlow::new(&issuer.issuers(settings), issuer.name(), REDIRECT, entropy).unwrap()
}

/// The fields of the address the browser is sent to.
fn field(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("{name} in {url}")).to_owned()
}

fn back(url: &str) -> CallBack {
    CallBack { code: Some("code-1".to_owned()), state: Some(field(url, "state")), ..CallBack::default() }
}

/// The issuer answers the code with an ID token for this nonce; `change` spoils its claims.
fn grant(issuer: &InventedIssuer, signer: &Signer, nonce: &str, change: Value) {
    let mut id = claims(issuer, json!({"nonce": nonce, "azp": "pli"}));
    for (name, value) in change.as_object().unwrap() {
        id[name] = value.clone();
    }
    let header = json!({"alg": "ES256", "kid": "ec", "typ": "JWT"});
    let id = signer.token_with(header, &id);
    issuer.answer("/token", &json!({"access_token": "opaque", "id_token": id, "token_type": "Bearer"}));
}

#[tokio::test]
async fn a_browser_goes_with_a_challenge_and_comes_back_with_an_identity() {
    let issuer = InventedIssuer::start().await;
    let signer = Signer::es256("ec");
    issuer.publish(&[&signer]);
    let flow = flow(&issuer);
    let (url, pending) = flow.begin(NOW).await.unwrap();
    assert!(url.starts_with(&format!("{}/auth?response_type=code&client_id=pli&", issuer.name())), "{url}");
    assert_eq!(field(&url, "redirect_uri"), "https%3A%2F%2Fpro.example%2Fretour");
    assert_eq!(field(&url, "scope"), "openid+scope_all");
    assert_eq!(field(&url, "code_challenge_method"), "S256");
    grant(&issuer, &signer, &field(&url, "nonce"), json!({}));
    // What is kept in the browser reads back.
    let kept = serde_json::to_string(&pending).unwrap();
    let pending: Pending = serde_json::from_str(&kept).unwrap();
    let identity = flow.finish(pending, &back(&url), NOW.plus(60_000)).await.unwrap();
    assert_eq!(identity.national_id.0, "899700000001");
    let asked = issuer.last("/token");
    let form = asked.split_once("\r\n\r\n").unwrap().1;
    let verifier = form.split_once("code_verifier=").unwrap().1;
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    assert_eq!(challenge, field(&url, "code_challenge"), "RFC 7636 §4.6");
    assert!(verifier.len() == 43 && form.contains("grant_type=authorization_code&code=code-1&"), "{form}");
}

#[tokio::test]
async fn what_was_not_begun_here_does_not_end_here() {
    let issuer = InventedIssuer::start().await;
    let (signer, thief) = (Signer::es256("ec"), Signer::es256("ec"));
    issuer.publish(&[&signer]);
    let flow = flow(&issuer);
    let (url, pending) = flow.begin(NOW).await.unwrap();
    let (foreign, _) = flow.begin(NOW).await.unwrap();
    assert_ne!(field(&url, "state"), field(&foreign, "state"));
    let nonce = field(&url, "nonce");
    let good = back(&url);
    let named = |iss: &str| CallBack { iss: Some(iss.to_owned()), ..good.clone() };
    for (case, back, after, change, by, want) in [
        ("no state", CallBack { state: None, ..good.clone() }, 0, json!({}), &signer, "not begun here"),
        ("another's state", back(&foreign), 0, json!({}), &signer, "not begun here"),
        ("an hour later", good.clone(), 3_600_000, json!({}), &signer, "not begun here"),
        ("from another issuer", named("https://evil.example"), 0, json!({}), &signer, "not begun here"),
        (
            "refused",
            CallBack { error: Some("x".to_owned()), ..good.clone() },
            0,
            json!({}),
            &signer,
            "refused",
        ),
        ("no code", CallBack { code: None, ..good.clone() }, 0, json!({}), &signer, "refused"),
        ("another nonce", good.clone(), 0, json!({"nonce": "x"}), &signer, "not begun here"),
        ("no nonce", good.clone(), 0, json!({"nonce": null}), &signer, "not begun here"),
        ("for another client", good.clone(), 0, json!({"aud": "other"}), &signer, "audience"),
        ("another party", good.clone(), 0, json!({"azp": "other"}), &signer, "audience"),
        ("expired", good.clone(), 0, json!({"exp": NOW.0 / 1_000 - 61}), &signer, "expired"),
        ("a thief's key", good.clone(), 0, json!({}), &thief, "signature"),
    ] {
        grant(&issuer, by, &nonce, change);
        let fault = flow.finish(pending.clone(), &back, NOW.plus(after)).await.expect_err(case);
        assert!(fault.to_string().contains(want), "{case}: {fault}");
    }
    // An access token is no proof of a sign-in, whatever its nonce.
    let access = claims(&issuer, json!({"nonce": nonce, "azp": "pli"}));
    let answer = json!({"access_token": "x", "id_token": signer.token(&access)});
    issuer.answer("/token", &answer);
    let fault = flow.finish(pending, &named(issuer.name()), NOW).await;
    assert!(matches!(fault, Err(TokenFault::Type)), "{fault:?}");
}
