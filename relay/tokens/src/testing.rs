//! An issuer on loopback that says what the test wants, and signers for its tokens. For the tests of this
//! room and of those above.
#![allow(clippy::unwrap_used, reason = "a test that cannot make its issuer is over")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use names::Redacted;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::ClientSettings;

/// The issuer. Its server ends with the test's runtime.
pub struct InventedIssuer {
    name: String,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    answers: HashMap<String, String>,
    asked: Vec<(String, String)>,
    broken: bool,
    silent: bool,
}

impl InventedIssuer {
    /// One that publishes nothing but where it answers.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let pages: Arc<Mutex<Pages>> = Arc::default();
        let of_server = Arc::clone(&pages);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&of_server)));
            }
        });
        let issuer = Self { name, pages };
        let at = |path: &str| format!("{}{path}", issuer.name);
        let document = json!({
            "issuer": issuer.name, "jwks_uri": at("/jwks"), "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"), "userinfo_endpoint": at("/me"),
            "introspection_endpoint": at("/introspect"),
        });
        issuer.answer("/.well-known/openid-configuration", &document);
        issuer
    }

    /// As in `iss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Our registration there.
    pub fn client(&self) -> ClientSettings {
        ClientSettings {
            id: "pli".to_owned(),
            secret: Some(Redacted("s, 1".to_owned())),
            secret_file: None,
            scopes: vec!["openid".to_owned(), "scope_all".to_owned()],
        }
    }

    /// These are its keys from now on.
    pub fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
        self.answer("/jwks", &json!({ "keys": keys }));
    }

    /// What it answers at this path from now on.
    pub fn answer(&self, path: &str, answer: &Value) {
        self.pages.lock().unwrap().answers.insert(path.to_owned(), answer.to_string());
    }

    /// From now on it answers nothing but an error.
    pub fn break_down(&self) {
        self.pages.lock().unwrap().broken = true;
    }

    /// From now on it takes questions and answers none.
    pub fn fall_silent(&self) {
        self.pages.lock().unwrap().silent = true;
    }

    /// It answers again.
    pub fn repair(&self) {
        let mut pages = self.pages.lock().unwrap();
        (pages.broken, pages.silent) = (false, false);
    }

    /// How often a page was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.pages.lock().unwrap().asked.iter().filter(|(asked, _)| asked == path).count()
    }

    /// The last request for a page, head and body.
    pub fn last(&self, path: &str) -> String {
        let pages = self.pages.lock().unwrap();
        pages.asked.iter().rev().find(|(asked, _)| asked == path).unwrap().1.clone()
    }
}

async fn converse(mut stream: TcpStream, pages: Arc<Mutex<Pages>>) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(length @ 1..) => request.extend_from_slice(&piece[..length]),
            Ok(0) | Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let (answer, silent) = {
        let mut pages = pages.lock().unwrap();
        pages.asked.push((path.clone(), request));
        (if pages.broken { None } else { pages.answers.get(&path).cloned() }, pages.silent)
    };
    if silent {
        return std::future::pending().await;
    }
    let reply = match answer {
        Some(body) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        None => "HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request);
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A key pair with its name and algorithm.
pub struct Signer {
    name: &'static str,
    algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    /// RSA, PKCS #1.
    pub fn rs256(name: &'static str) -> Self {
        Self { name, algorithm: "RS256", pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) }
    }

    /// RSA, PSS.
    pub fn ps256(name: &'static str) -> Self {
        Self { algorithm: "PS256", ..Self::rs256(name) }
    }

    /// P-256.
    pub fn es256(name: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { name, algorithm: "ES256", pair: Pair::Ec(pair) }
    }

    /// Ed25519.
    pub fn ed25519(name: &'static str) -> Self {
        Self { name, algorithm: "EdDSA", pair: Pair::Ed(Ed25519KeyPair::generate().unwrap()) }
    }

    /// Its `kid`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// As the issuer publishes it.
    pub fn jwk(&self) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
                json!({"kty": "RSA", "n": b64(&public.n), "e": b64(&public.e)})
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())}),
        };
        jwk["kid"] = json!(self.name);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// An honest header over these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(json!({"alg": self.algorithm, "kid": self.name, "typ": "at+jwt"}), claims)
    }

    /// Any header, signed rightly for the algorithm it names if this key can, else as it would.
    pub fn token_with(&self, header: Value, claims: &Value) -> String {
        let pss = header["alg"] == "PS256";
        forge(&header, claims, |message| self.sign(message, pss))
    }

    fn sign(&self, message: &[u8], pss: bool) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                match pss {
                    true => pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature).unwrap(),
                    false => pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap(),
                }
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// Any token.
pub fn forge(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
