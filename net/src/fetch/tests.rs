//! The client against a server on loopback that says what the test wants.

use super::*;
use crate::testing::Pki;
use certs::Service;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const LIMITS: FetchLimits = FetchLimits { size: 1_000, time: Duration::from_secs(10) };

/// Answers one request under TLS with these bytes; gives back what was asked.
async fn https(pki: &Pki, answer: &[u8]) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/path?query", listener.local_addr().unwrap().port());
    let (acceptor, answer) = (TlsAcceptor::from(pki.server.load_full()), answer.to_vec());
    let asked = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        match acceptor.accept(tcp).await {
            Ok(tls) => converse(tls, &answer).await,
            Err(error) => format!("no handshake: {error}"),
        }
    });
    (Url::parse(&url, Clear::Never).unwrap(), asked)
}

/// The same in the clear.
async fn http(answer: &[u8]) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let answer = answer.to_vec();
    let asked = tokio::spawn(async move { converse(listener.accept().await.unwrap().0, &answer).await });
    (Url::parse(&url, Clear::Loopback).unwrap(), asked)
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &[u8]) -> String {
    let mut asked = Vec::new();
    while !is_whole(&asked) {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(length @ 1..) => asked.extend_from_slice(&piece[..length]),
            Ok(0) | Err(_) => break,
        }
    }
    // A client that has heard enough hangs up.
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    let _ = stream.read(&mut [0; 1]).await;
    String::from_utf8(asked).unwrap()
}

fn is_whole(asked: &[u8]) -> bool {
    let asked = String::from_utf8_lossy(asked);
    let Some((head, body)) = asked.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn fetcher(pki: &Pki) -> Fetcher {
    Fetcher::new(pki.client())
}

#[tokio::test]
async fn an_answer_comes_with_what_the_next_request_needs() {
    let pki = Pki::new(Service::Web);
    let answer = b"HTTP/1.1 200 OK\r\nETag: \"v7\"\r\nLast-Modified: Sun, 22 Nov 2026 00:00:00 GMT\r\n\
        Content-Type: application/pkix-crl\r\nContent-Length: 5\r\n\r\nhello";
    let (url, asked) = https(&pki, answer).await;
    let fetched = fetcher(&pki).get(&url, &Validators::default(), LIMITS).await.unwrap();
    assert!(fetched.is_success() && !fetched.is_unchanged());
    assert_eq!(fetched.body, "hello");
    assert_eq!(fetched.content_type.as_deref(), Some("application/pkix-crl"));
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("GET /path?query HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: localhost:{}\r\n", url.port())), "{asked}");
    assert!(!asked.contains("if-none-match"), "{asked}");

    let (url, asked) = https(&pki, b"HTTP/1.1 304 Not Modified\r\nETag: \"v7\"\r\n\r\n").await;
    let again = fetcher(&pki).get(&url, &fetched.validators, LIMITS).await.unwrap();
    assert!(again.is_unchanged() && again.body.is_empty());
    let asked = asked.await.unwrap();
    assert!(asked.contains("if-none-match: \"v7\"\r\n"), "{asked}");
    assert!(asked.contains("if-modified-since: Sun, 22 Nov 2026 00:00:00 GMT\r\n"), "{asked}");
}

#[tokio::test]
async fn a_form_and_a_document_are_posted_with_credentials() {
    let pki = Pki::new(Service::Web);
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let (url, asked) = https(&pki, ok).await;
    let basic = Credentials::Basic { user: "relay".into(), password: "p".into() };
    let fields = [("token", "a b"), ("hint", "é")];
    assert_eq!(fetcher(&pki).post_form(&url, &fields, &basic, LIMITS).await.unwrap().body, "{}");
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /path?query "), "{asked}");
    assert!(asked.contains("authorization: Basic cmVsYXk6cA==\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/x-www-form-urlencoded\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\ntoken=a+b&hint=%C3%A9"), "{asked}");

    let (url, asked) = https(&pki, b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    let bearer = Credentials::Bearer("t".into());
    let refused = fetcher(&pki).post_json(&url, "{\"a\":1}".into(), &bearer, LIMITS).await.unwrap();
    assert_eq!(refused.status, 401, "an error is an answer");
    let asked = asked.await.unwrap();
    assert!(asked.contains("authorization: Bearer t\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\n{\"a\":1}"), "{asked}");
}

#[tokio::test]
async fn a_body_in_chunks_or_up_to_the_end_of_the_connection_is_read_whole() {
    for (case, answer) in [
        (
            "chunks",
            &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"[..],
        ),
        ("to the end", b"HTTP/1.1 200 OK\r\n\r\nabcde"),
    ] {
        let pki = Pki::new(Service::Web);
        let (url, _) = https(&pki, answer).await;
        let fetched = fetcher(&pki).get(&url, &Validators::default(), LIMITS).await.unwrap();
        assert_eq!(fetched.body, "abcde", "{case}");
    }
}

#[tokio::test]
async fn what_is_too_long_cut_off_compressed_or_elsewhere_is_no_answer() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LIMITS.size + 1);
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; LIMITS.size + 1]].concat();
    let headers = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(100), b"\r\n".to_vec()].concat();
    for (case, answer, want) in [
        ("announced too long", announced.as_bytes(), "longer than 1000"),
        ("too long unannounced", &endless[..], "longer than 1000"),
        ("too many fields", &headers[..], "no whole HTTP answer"),
        ("cut off", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "no whole HTTP answer"),
        ("no HTTP", b"220 mx.example ESMTP\r\n", "no whole HTTP answer"),
        ("nothing", b"", "no whole HTTP answer"),
        ("moved", b"HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\n\r\n", "302, a redirection"),
        ("compressed", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", "content coding"),
    ] {
        let (url, _) = http(answer).await;
        let pki = Pki::new(Service::Web);
        let error = fetcher(&pki).get(&url, &Validators::default(), LIMITS).await.expect_err(case);
        assert!(error.to_string().contains(want), "{case}: {error}");
        assert!(error.to_string().contains(&url.place()), "{case}: {error}");
    }
}

#[tokio::test]
async fn a_server_of_another_authority_hears_nothing() {
    let (ours, theirs) = (Pki::new(Service::Web), Pki::new(Service::Web));
    let (url, asked) = https(&theirs, b"HTTP/1.1 200 OK\r\n\r\n").await;
    let error = fetcher(&ours).get(&url, &Validators::default(), LIMITS).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error}");
    assert!(asked.await.unwrap().starts_with("no handshake"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let url = Url::parse(&url, Clear::Loopback).unwrap();
    let pki = Pki::new(Service::Web);
    let began = tokio::time::Instant::now();
    let error = fetcher(&pki).get(&url, &Validators::default(), LIMITS).await.unwrap_err();
    assert!(matches!(error, FetchError::Slow { .. }), "{error}");
    assert_eq!(began.elapsed().as_secs(), LIMITS.time.as_secs());
}

#[tokio::test]
async fn nobody_at_home_is_said_with_the_place() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let url = Url::parse(&url, Clear::Loopback).unwrap();
    let pki = Pki::new(Service::Web);
    let error = fetcher(&pki).get(&url, &Validators::default(), LIMITS).await.unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
}
