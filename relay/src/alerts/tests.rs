//! Notices leave for real: lettre over TLS to a mail server, POST to an HTTP gateway, both on loopback.

use super::store::{self, DueAlert};
use super::{
    Channels, Destination, EmailChannel, Smarthost, SmarthostTls, SmsChannel, SmsGateway, Worker, send_code,
};
use crate::testing::{House, NOON, address, entropy, houses, master_keys};
use arc_swap::ArcSwap;
use bytes::Bytes;
use certs::{
    Authority, ClientAuth, Identity, ServerIdentity, Service, client_config, roots_from_pem, server_config,
};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use names::{AlertId, Clock, Domain, HOUR, QueueId, Timestamp};
use net::{Caps, ConnInfo, Door, Gate, Listener, Stop, Tls, World};
use policy::{Alert, AlertKind, Audience};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::smtp::{Accepted, Answer, Ask, Config, Reply, Role, Server};

const CLAIRE: &str = "285059900010125@patient.mssante.example";

/// A mail server of the outside world that keeps what it is given, or refuses as told.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    pub(crate) letters: Arc<Mutex<Vec<String>>>,
    /// 0: take everything; else refuse recipients with this code.
    pub(crate) refuse: Arc<AtomicU16>,
}

struct OutsideWorld {
    outside: Outside,
    recipient: String,
    letter: Vec<u8>,
}

impl World<Server> for OutsideWorld {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Authenticate { .. } | Ask::Respond(_) => Answer::Authenticated(Ok(())),
            Ask::Sender { .. } => Answer::Sender(Ok(())),
            Ask::Recipient { path, .. } => {
                self.recipient = path.to_string();
                match self.outside.refuse.load(Ordering::SeqCst) {
                    0 => Answer::Recipient(Ok(())),
                    code => Answer::Recipient(Err(Reply::new(code, (5, 1, 1), "not now, not here"))),
                }
            }
            Ask::Data(_) => Answer::Data(Ok(())),
            Ask::Finish { .. } => {
                let letter = String::from_utf8(std::mem::take(&mut self.letter)).unwrap();
                self.outside
                    .letters
                    .lock()
                    .unwrap()
                    .push(format!("To-envelope: {}\r\n{letter}", self.recipient));
                Answer::Finished(Ok(Accepted { queue: QueueId(1) }))
            }
            Ask::Discard(_) | Ask::Reset => Answer::Done,
        }
    }

    async fn push(&mut self, piece: Bytes) {
        self.letter.extend_from_slice(&piece);
    }
}

/// Opens the outside mail server; answers its port and the PEM of its root.
pub(crate) fn open_outside(outside: &Outside) -> (u16, String, Stop) {
    let authority = Authority::new("Outside", NOON).unwrap();
    let issued = authority.server(&["localhost"], NOON).unwrap();
    let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOON).unwrap();
    let clock = Clock::new(|| NOON);
    let tls =
        server_config(ServerIdentity::fixed(vec![identity]), Service::Mx, ClientAuth::None, clock.clone())
            .unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.address().port();
    let (stop, signal) = Stop::new();
    let door = Door {
        name: "outside",
        tls: Tls::Implicit(Arc::new(ArcSwap::from_pointee(tls))),
        gate: Gate::new(Caps::default()),
        clock,
        busy: b"421 busy\r\n",
        drain: Duration::from_secs(1),
    };
    let postmaster = address("postmaster@courriel.example");
    let config = Arc::new(Config::new(Role::Mx, Domain::parse("mx.courriel.example").unwrap(), postmaster));
    let outside = outside.clone();
    tokio::spawn(net::serve(listener, door, signal, move |_: &ConnInfo| {
        let world = OutsideWorld { outside: outside.clone(), recipient: String::new(), letter: Vec::new() };
        (Server::new(Arc::clone(&config)), world)
    }));
    (port, authority.certificate_pem().to_owned(), stop)
}

pub(crate) fn email(port: u16, root: String, host: &str) -> EmailChannel {
    let smarthost = Smarthost {
        host: host.to_owned(),
        port,
        tls: SmarthostTls::Implicit,
        roots: Some(root),
        credentials: None,
        from: address("ne-pas-repondre@espace.example"),
    };
    EmailChannel::new(smarthost, entropy()).unwrap()
}

fn worker(house: &House, channels: Channels) -> Worker {
    let clock = Arc::clone(&house.clock);
    let clock = Clock::new(move || Timestamp(clock.load(Ordering::SeqCst)));
    let (db, directory) = ((*house.data).clone(), house.relay.directory().clone());
    let origin = "https://espace.example".to_owned();
    Worker::new(db, directory, channels, origin, &master_keys(), clock, entropy(), Arc::default())
}

async fn write_alert(house: &House, patient: &str, audience: Audience) -> AlertId {
    let id = AlertId(house.data.id(NOON));
    let alert = DueAlert {
        id,
        account: house.account(patient).await,
        alert: Alert { kind: AlertKind::Filing, audience },
    };
    let now = Timestamp(house.clock.load(Ordering::SeqCst));
    let written: Result<Option<Timestamp>, db::Error> = house
        .data
        .write(db::unit("write a notice", (alert, now), |(alert, now), tx| {
            Box::pin(store::due(tx, std::slice::from_ref(alert), *now))
        }))
        .await;
    assert!(written.unwrap().is_some());
    id
}

async fn state(house: &House, alert: AlertId) -> (String, i64, Option<String>) {
    let mut tx = house.data.read().await.unwrap();
    let row = tx
        .row("SELECT state, attempts, last_error FROM alert WHERE id = $1", db::args![alert])
        .await
        .unwrap();
    (row.text(0).unwrap(), row.int(1).unwrap(), row.maybe_text(2).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_leaves_over_tls_and_says_nothing() {
    for house in houses().await {
        let outside = Outside::default();
        let (port, root, _stop) = open_outside(&outside);
        let worker = worker(&house, Channels::new(Some(email(port, root, "localhost")), None));
        let alert = write_alert(&house, CLAIRE, Audience::Everybody).await;
        worker.work_once().await.unwrap();
        assert_eq!(state(&house, alert).await, ("sent".to_owned(), 1, None), "{}", house.engine);
        let letters: Vec<String> =
            outside.letters.lock().unwrap().iter().map(|letter| letter.replace("=\r\n", "")).collect();
        let [letter] = &letters[..] else { panic!("{} notices left", letters.len()) };
        assert!(letter.starts_with("To-envelope: claire.moreau@courriel.example\r\n"), "{letter}");
        assert!(
            letter.contains("Auto-Submitted: auto-generated\r\n")
                && letter.contains("https://espace.example")
        );
        for said in ["Moreau", "Claire", "28505", "docteur", "Lenoir", "patient.mssante"] {
            let body = letter.split_once("\r\n\r\n").unwrap().1;
            assert!(!body.contains(said), "{}: the notice says {said}", house.engine);
        }
        worker.work_once().await.unwrap();
        assert_eq!(outside.letters.lock().unwrap().len(), 1, "{}: it left twice", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_now_is_tried_again_and_one_for_good_is_recorded() {
    for house in houses().await {
        let outside = Outside::default();
        let (port, root, _stop) = open_outside(&outside);
        let worker = worker(&house, Channels::new(Some(email(port, root, "localhost")), None));
        let alert = write_alert(&house, CLAIRE, Audience::Everybody).await;
        outside.refuse.store(451, Ordering::SeqCst);
        let wait = worker.work_once().await.unwrap();
        assert_eq!(state(&house, alert).await.0, "waiting", "{}", house.engine);
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
        worker.work_once().await.unwrap();
        assert_eq!(state(&house, alert).await.1, 1, "{}: tried again before its time", house.engine);
        house.clock.fetch_add(HOUR, Ordering::SeqCst);
        outside.refuse.store(550, Ordering::SeqCst);
        worker.work_once().await.unwrap();
        let (state, attempts, error) = state(&house, alert).await;
        assert_eq!((state.as_str(), attempts), ("failed", 2), "{}", house.engine);
        assert!(error.unwrap().contains("550"), "{}", house.engine);
        let mut tx = house.data.read().await.unwrap();
        let chain = audit::Chain::Account(house.account(CLAIRE).await);
        let lines = audit::history(&mut tx, chain, None, 1).await.unwrap();
        assert_eq!(lines[0].line.as_ref().unwrap().act, audit::Act::AlertFailed, "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_prove_its_name_gets_nothing() {
    for house in houses().await {
        let outside = Outside::default();
        let (port, _root, _stop) = open_outside(&outside);
        let stranger = Authority::new("Stranger", NOON).unwrap().certificate_pem().to_owned();
        let worker = worker(&house, Channels::new(Some(email(port, stranger, "localhost")), None));
        let alert = write_alert(&house, CLAIRE, Audience::Everybody).await;
        worker.work_once().await.unwrap();
        assert_eq!(state(&house, alert).await.0, "waiting", "{}", house.engine);
        assert!(outside.letters.lock().unwrap().is_empty(), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_from_parents_does_not_reach_their_mailbox() {
    const LEO: &str = "119049900020288@patient.mssante.example";
    for house in houses().await {
        let outside = Outside::default();
        let (port, root, _stop) = open_outside(&outside);
        let worker = worker(&house, Channels::new(Some(email(port, root, "localhost")), None));
        let alert = write_alert(&house, LEO, Audience::OwnerOnly).await;
        worker.work_once().await.unwrap();
        assert_eq!(state(&house, alert).await.0, "failed", "{}", house.engine);
        assert!(outside.letters.lock().unwrap().is_empty(), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_leaves_by_mail_or_by_text_message() {
    let outside = Outside::default();
    let (port, root, _stop) = open_outside(&outside);
    let (url, messages) = open_gateway().await;
    let authority = Authority::new("Gateway", NOON).unwrap();
    let roots = roots_from_pem(authority.certificate_pem()).unwrap();
    let clock = Clock::new(|| NOON);
    let tls = Arc::new(client_config(roots, None, clock.clone()).unwrap());
    let sms = SmsChannel::new(SmsGateway { url, token: Some("jeton".to_owned()), tls }).unwrap();
    let channels = Channels::new(Some(email(port, root, "localhost")), Some(sms));
    for (channel, destination) in
        [(directory::Channel::Email, "claire@courriel.example"), (directory::Channel::Sms, "+33600000001")]
    {
        let (destination, code) = (destination.to_owned(), "034567".to_owned());
        send_code(&channels, &directory::CodeToSend { channel, destination, code }, &clock).await.unwrap();
    }
    assert!(outside.letters.lock().unwrap()[0].contains("034567"));
    let message = messages.lock().unwrap()[0].clone();
    assert!(
        message.starts_with("Bearer jeton {\"to\":\"+33600000001\"") && message.contains("034567"),
        "{message}"
    );
    let nowhere = Destination::Phone("+33600000001".to_owned());
    let notice = super::texts::code("034567", &nowhere);
    assert!(Channels::default().send(&nowhere, &notice, NOON).await.is_err());
}

/// A gateway for text messages that keeps what it is given.
async fn open_gateway() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/envoyer", listener.local_addr().unwrap().port());
    let messages = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&messages);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let kept = Arc::clone(&kept);
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let kept = Arc::clone(&kept);
                async move {
                    let token = request.headers()["authorization"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    kept.lock().unwrap().push(format!("{token} {}", String::from_utf8_lossy(&body)));
                    Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("ok"))))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (url, messages)
}
