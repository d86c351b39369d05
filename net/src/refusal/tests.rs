//! RELIABILITY T-05 at a running door: who shows what, what the log says, what the world hears.

use crate::Tls;
use crate::testing::{House, NOW, Note, Space};
use certs::{Authority, Identity, Issued, Order, Purposes};
use names::DAY;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tracing::subscriber::DefaultGuard;

/// What was logged on this thread since [`Log::open`].
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn open() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The one line about a refusal since the last call.
    fn line(&self) -> String {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("certificate refused")).collect();
        assert_eq!(lines.len(), 1, "one line for each refusal: {text:?}");
        lines[0].to_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shakes hands, after STARTTLS or at once, and gives back how the conversation ended.
async fn call(house: &House, config: Arc<ClientConfig>, starttls: bool) -> Result<String, io::Error> {
    let mut tcp = TcpStream::connect(house.address).await?;
    if starttls {
        let mut greeting = [0; 12];
        tcp.read_exact(&mut greeting).await?;
        tcp.write_all(b"starttls\n").await?;
        let mut go = [0; 3];
        tcp.read_exact(&mut go).await?;
        assert_eq!((&greeting, &go), (b"hello plain\n", b"go\n"));
    }
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(config).connect(name, tcp).await?;
    let mut heard = vec![0; 64];
    let length = tls.read(&mut heard).await?;
    heard.truncate(length);
    Ok(String::from_utf8(heard).unwrap())
}

#[tokio::test]
async fn each_bad_certificate_is_refused_with_a_line_that_says_why() {
    let (log, _guard) = Log::open();
    let space = Space::new();
    let good = Order::operator(&space.operator, NOW);
    let of = |order: &Order<'_>| space.authority.issue(order).unwrap();
    let revoked = of(&good);
    space.publish(&[&revoked.serial().unwrap()]);
    let stranger = Authority::new("Another authority", NOW).unwrap();
    let past = NOW.plus(-90 * DAY);
    let expired = Order { from: past, until: NOW.plus(-DAY), ..good.clone() };
    let future = Order { from: NOW.plus(DAY), until: NOW.plus(30 * DAY), ..good.clone() };
    let server_only = Order { purposes: Purposes::Server, ..good.clone() };
    let identity =
        |issued: &Issued, now| Identity::from_pem(&issued.chain_pem, &issued.key_pem, now).unwrap();
    let cases = [
        ("none", None, "no-certificate"),
        ("self-signed", Some(identity(&good.self_signed().unwrap(), NOW)), "self-signed"),
        ("wrong authority", Some(identity(&stranger.issue(&good).unwrap(), NOW)), "unknown-issuer"),
        ("wrong purpose", Some(identity(&of(&server_only), NOW)), "wrong-purpose"),
        ("expired", Some(identity(&of(&expired), past)), "expired"),
        ("not yet valid", Some(identity(&of(&future), NOW.plus(2 * DAY))), "not-yet-valid"),
        ("revoked", Some(identity(&revoked, NOW)), "revoked"),
    ];
    let config = space.config();
    for (door, starttls) in [("implicit TLS", false), ("STARTTLS", true)] {
        let tls =
            if starttls { Tls::StartTls(Arc::clone(&config)) } else { Tls::Implicit(Arc::clone(&config)) };
        let mut house = House::open(tls);
        for (case, shown, reason) in &cases {
            let error = call(&house, space.client(shown.as_ref()), starttls).await.expect_err(case);
            // Under TLS 1.3 the peer hears of it at its first read.
            let alert = certs::alert_of(&error).unwrap_or_else(|| panic!("{case}: {error}"));
            let want = if shown.is_none() { "CertificateRequired" } else { "CertificateUnknown" };
            assert_eq!(alert, want, "{door}, {case}");
            let line = log.line();
            assert!(line.contains("INFO"), "{door}, {case}: {line}");
            for part in [&format!("reason=\"{reason}\""), "door=\"test\"", "peer=127.0.0.1"] {
                assert!(line.contains(part), "{door}, {case}: no {part} in {line}");
            }
            let whose = line.contains("subject=\"CN=mx.operateur.example,OU=318310021300028,O=GIP,");
            assert_eq!(whose, shown.is_some(), "{door}, {case}: {line}");
            if starttls {
                let note = house.note().await;
                assert_eq!(note, Note::Gone, "{case}: the world heard of nothing but the end");
                assert_eq!(house.note().await, Note::Dropped, "{case}");
            }
        }
        let good = identity(&of(&good), NOW);
        let heard = call(&house, space.client(Some(&good)), starttls).await.unwrap();
        assert!(heard.starts_with(if starttls { "secured" } else { "hello" }), "{door}: {heard}");
        assert!(
            matches!(house.note().await, Note::Secured(subject) if subject.starts_with("CN=mx.")),
            "{door}"
        );
    }
}

#[tokio::test]
async fn a_list_that_is_missing_is_our_fault_and_a_warning() {
    let (log, _guard) = Log::open();
    let space = Space::new();
    let issued = space.authority.operator(&space.operator, NOW).unwrap();
    let shown = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
    let house = House::open(Tls::Implicit(space.config()));
    assert!(call(&house, space.client(Some(&shown)), false).await.is_err());
    let line = log.line();
    assert!(line.contains("WARN") && line.contains("reason=\"revocation-unknown\""), "{line}");
    space.publish(&[]);
    assert!(call(&house, space.client(Some(&shown)), false).await.is_ok(), "the same door, nothing rebuilt");
}

#[tokio::test]
async fn a_name_in_a_certificate_cannot_forge_or_flood_the_log() {
    let (log, _guard) = Log::open();
    let mut space = Space::new();
    space.operator.organisation = format!("A\nINFO forged line {}", "x".repeat(5_000));
    let shown = Order::operator(&space.operator, NOW).self_signed().unwrap();
    let shown = Identity::from_pem(&shown.chain_pem, &shown.key_pem, NOW).unwrap();
    let house = House::open(Tls::Implicit(space.config()));
    assert!(call(&house, space.client(Some(&shown)), false).await.is_err());
    let line = log.line();
    assert!(line.contains("A\\nINFO forged line"), "escaped: {line}");
    assert!(line.len() < 1_500, "{} characters", line.len());
}
