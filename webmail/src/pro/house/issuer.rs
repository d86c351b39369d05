//! An identity provider on loopback that says what the test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use names::Clock;
use net::fetch::Fetcher;
use serde_json::{Value, json};
use tokens::{ClientSettings, CodeFlow, IssuerSettings, Issuers};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::SPACE;
use crate::house::{NOON, entropy};

/// The provider. Its server ends with the test's runtime.
pub struct Issuer {
    name: String,
    key: EcdsaKeyPair,
    answers: Arc<Mutex<HashMap<String, String>>>,
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let answers = Arc::<Mutex<HashMap<String, String>>>::default();
        let of_server = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    match stream.read(&mut piece).await {
                        Ok(length @ 1..) => request.extend_from_slice(&piece[..length]),
                        Ok(0) | Err(_) => break,
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default();
                let body = of_server.lock().unwrap().get(path).cloned().unwrap_or_default();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let issuer = Self { name, key, answers };
        let at = |path: &str| format!("{}{path}", issuer.name);
        let document = json!({
            "issuer": issuer.name, "jwks_uri": at("/jwks"), "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"),
        });
        issuer.answer("/.well-known/openid-configuration", &document);
        let point = issuer.key.public_key().as_ref();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let key = json!({
            "kty": "EC", "crv": "P-256", "x": part(&point[1..33]), "y": part(&point[33..]), "kid": "k",
            "alg": "ES256", "use": "sig",
        });
        issuer.answer("/jwks", &json!({ "keys": [key] }));
        issuer
    }

    /// Sign-in by this provider, coming back to our page.
    pub fn flow(&self) -> CodeFlow {
        let mut settings = IssuerSettings::new(&self.name, &["pli"]);
        settings.client = Some(ClientSettings {
            id: "pli".to_owned(),
            secret: None,
            secret_file: None,
            scopes: vec!["openid".to_owned()],
        });
        let roots = Arc::new(rustls::RootCertStore::empty());
        let tls = certs::client_config(roots, None, Clock::new(|| NOON)).unwrap();
        let issuers = Issuers::new(vec![settings], &Fetcher::new(Arc::new(tls))).unwrap();
        let back = format!("http://{SPACE}/connexion/retour");
        CodeFlow::new(&issuers, &self.name, &back, entropy()).unwrap()
    }

    /// The next code is worth an ID token for this person.
    pub fn grant(&self, national: &str, nonce: &str) {
        let seconds = NOON.0 / 1_000;
        let claims = json!({
            "iss": self.name, "aud": "pli", "sub": national, "iat": seconds, "exp": seconds + 3_600,
            "nonce": nonce, "SubjectNameID": national,
        });
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256", "kid": "k", "typ": "JWT"});
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()));
        self.answer("/token", &json!({"access_token": "x", "id_token": token, "token_type": "Bearer"}));
    }

    fn answer(&self, path: &str, answer: &Value) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer.to_string());
    }
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request);
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A field of the address that a browser is sent to.
pub fn field(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("{name} in {url}")).to_owned()
}
