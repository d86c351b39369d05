//! The list from a file and over HTTPS, by a whole server.

use super::*;
use crate::assembly;
use crate::control::{self, Question, Reached};
use crate::testing::{Ground, ground, grounds};
use certs::{ClientAuth, Service};
use directory::trust;
use names::{DistinguishedName, Domain};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

fn list(date: &str, domains: &[&str]) -> String {
    let entries: String = domains
        .iter()
        .map(|domain| {
            format!(
                "<Domaine><Nom>{domain}</Nom><DNCertificatOperateur>CN=mx.voisin.example, O=VOISIN\
                 </DNCertificatOperateur></Domaine>"
            )
        })
        .collect();
    format!(
        "<ListeBlancheMSSante xmlns=\"{}\"><DateDeGeneration>{date}</DateDeGeneration>\
         <ListeDomaines>{entries}</ListeDomaines></ListeBlancheMSSante>",
        trust::NAMESPACE
    )
}

async fn trusted(house: &House, text: &str) -> bool {
    let domain = Domain::parse(text).unwrap();
    trust::is_trusted(&mut house.data.read().await.unwrap(), &domain).await.unwrap()
}

async fn ask(ground: &Ground, question: &Question) -> (String, bool) {
    match control::ask(&ground.config.server.data, question, |_| {}).await.unwrap() {
        Reached::Server { text, done } => (text, done),
        Reached::Nobody => panic!("no server"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_loaded_at_the_start_and_again_when_asked() {
    for mut ground in grounds() {
        let file = ground.folder.path().join("list.xml");
        std::fs::write(&file, list("2026-03-13T14:54:10Z", &["Voisin.example", "b.example"])).unwrap();
        ground.config.trust.file = Some(file.clone());
        let extra = Domain::parse("essai.example").unwrap();
        let names = vec![DistinguishedName::parse("CN=mx.essai.example").unwrap()];
        ground.config.trust.extra.push(config::Extra { domain: extra, place: trust::Place::Remote, names });
        let server = ground.server().await;
        let loaded = tokio::time::timeout(Duration::from_secs(20), async {
            while !trusted(server.house(), "voisin.example").await {
                tokio::task::yield_now().await;
            }
        });
        loaded.await.expect("the list is loaded at the start");
        assert!(trusted(server.house(), "essai.example").await, "{}", ground.engine);

        let (text, done) = ask(&ground, &Question::RefreshTrust(Brake::Holds)).await;
        assert!(done && text.contains("already"), "{}: {text}", ground.engine);
        std::fs::write(&file, list("2026-03-14T14:54:10Z", &["c.example"])).unwrap();
        let (text, done) = ask(&ground, &Question::RefreshTrust(Brake::Holds)).await;
        assert!(!done && text.contains("2 of 2 domains would vanish"), "{}: {text}", ground.engine);
        assert!(trusted(server.house(), "voisin.example").await);
        let (text, done) = ask(&ground, &Question::RefreshTrust(Brake::Released)).await;
        assert!(done && text.contains("domains +1 −2"), "{}: {text}", ground.engine);
        assert!(!trusted(server.house(), "voisin.example").await);
        let kept = std::fs::read_to_string(ground.config.server.data.join("trust/list.xml")).unwrap();
        assert!(kept.contains("c.example"), "the list in force is kept as a file");

        std::fs::remove_file(&file).unwrap();
        let (text, done) = ask(&ground, &Question::RefreshTrust(Brake::Holds)).await;
        assert!(!done && text.contains("The list in force stays"), "{}: {text}", ground.engine);
        let (text, _) = ask(&ground, &Question::Admin(admin::Command::TrustShow)).await;
        assert!(text.contains("ALARM refused: from ") && text.contains("cannot read"), "{text}");
        server.stop().await;
    }
}

/// Answers each of these requests under TLS, one connection each; tells what was asked.
async fn publisher(ground: &Ground, answers: Vec<String>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let identity = assembly::identity(&ground.config, assembly::clock().now()).unwrap();
    let tls = certs::server_config(identity, Service::Web, ClientAuth::None, assembly::clock()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/liste.xml", listener.local_addr().unwrap().port());
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                asked.push("no handshake".to_owned());
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(tls.read_u8().await.unwrap());
            }
            asked.push(String::from_utf8(head).unwrap());
            let _ = tls.write_all(answer.as_bytes()).await;
            let _ = tls.shutdown().await;
        }
        asked
    });
    (url, served)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nETag: \"un\"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_publisher_is_asked_over_https_and_only_the_pinned_root_vouches_for_it() {
    let mut ground = ground();
    let good = list("2026-03-13T14:54:10Z", &["voisin.example"]);
    let answers = vec![
        answer("200 OK", &good),
        answer("304 Not Modified", ""),
        answer("503 Service Unavailable", "later"),
        answer("200 OK", &good[..good.len() - 9]),
        String::new(),
    ];
    let (url, served) = publisher(&ground, answers).await;
    ground.config.trust.url = Some(url);
    ground.config.trust.roots = Some(ground.folder.path().join("tls/root.pem"));
    let house = ground.house().await.unwrap();
    let now = house.clock.now();
    let refresh = house.trust_refresh.as_ref().unwrap();
    let once = || refresh.once(Brake::Holds, Actor::System, now);
    assert!(matches!(once().await.unwrap().unwrap().outcome, Outcome::Applied(_)));
    assert!(trusted(&house, "voisin.example").await);
    assert_eq!(once().await.unwrap(), None, "nothing new");
    let error = once().await.unwrap_err().to_string();
    assert!(error.contains("answers 503"), "{error}");
    assert!(matches!(once().await.unwrap().unwrap().outcome, Outcome::Refused(_)), "cut off");
    assert!(trusted(&house, "voisin.example").await, "the list in force stays");

    // Another root than the one pinned.
    let other = crate::testing::ground();
    let mut config = ground.config.clone();
    config.trust.roots = Some(other.folder.path().join("tls/root.pem"));
    let directory = house.relay().directory().clone();
    let settings = Arc::new(settings(&config).unwrap());
    let stranger = TrustRefresh::new(&config, directory, settings, assembly::clock()).unwrap().unwrap();
    let error = format!("{:#}", stranger.once(Brake::Holds, Actor::System, now).await.unwrap_err());
    assert!(error.contains("cannot speak TLS"), "{error}");

    let asked = served.await.unwrap();
    assert!(asked[0].starts_with("GET /liste.xml HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[1].contains("if-none-match: \"un\""), "{}", asked[1]);
    assert_eq!(asked[4], "no handshake");
}
