//! The outside world of the demonstration: a mail server and a gateway for text messages that keep what
//! they are given, for the page «boîte extérieure».

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use names::{Address, Clock, Domain, QueueId, Timestamp};
use net::{Accepted, Acceptor, Caps, Door, Gate, Listener, Stop, Tls, World};
use rustls::ServerConfig;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use webmail::{OutsideBox, OutsideMail};
use wire::mime::{Decoder, Encoding, Head, text_of};
use wire::smtp::{self, Accepted as Taken, Answer, Ask, Config, Reply, Role, Server};

/// Letters kept; the oldest go.
const KEPT: usize = 200;
/// Octets of one letter or message that are read.
const LARGEST: usize = 64 * 1024;
/// How long connections may take to finish after a stop.
const DRAIN: Duration = Duration::from_millis(200);

/// Letters and messages that left the house, oldest first.
#[derive(Clone, Default)]
struct Ring(Arc<Mutex<VecDeque<OutsideMail>>>);

impl Ring {
    fn lock(&self) -> MutexGuard<'_, VecDeque<OutsideMail>> {
        // A queue is whole after every one of its calls.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mail: OutsideMail) {
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(mail);
    }

    fn newest_first(&self) -> Vec<OutsideMail> {
        self.lock().iter().rev().cloned().collect()
    }
}

/// The outside world.
pub(super) struct Outside {
    ring: Ring,
    mail: SocketAddr,
    sms: SocketAddr,
    stop: Stop,
    tasks: JoinSet<()>,
}

impl Outside {
    /// Opens both at free ports of this machine.
    pub(super) fn open(tls: ServerConfig, clock: &Clock) -> anyhow::Result<Self> {
        let free = || Listener::bind((Ipv4Addr::LOCALHOST, 0).into());
        let (mail, sms) = (free()?, free()?);
        let (ring, gate) = (Ring::default(), Gate::new(Caps::default()));
        let (stop, signal) = Stop::new();
        let mut tasks = JoinSet::new();
        let addresses = (mail.address(), sms.address());
        let door =
            |name, tls| Door { name, tls, gate: gate.clone(), clock: clock.clone(), busy: b"", drain: DRAIN };

        let hostname = Domain::parse("courriel.example").map_err(anyhow::Error::msg)?;
        let postmaster = Address::parse("postmaster@courriel.example").map_err(anyhow::Error::msg)?;
        let config = Arc::new(Config::new(Role::Mx, hostname, postmaster));
        let tls = Tls::Implicit(Arc::new(ArcSwap::from_pointee(tls)));
        let (kept, time) = (ring.clone(), clock.clone());
        let served = net::serve(mail, door("outside mail", tls), signal.clone(), move |_| {
            (Server::new(Arc::clone(&config)), Mailbox::new(kept.clone(), time.clone()))
        });
        tasks.spawn(async move {
            served.await;
        });

        let gateway = Gateway { ring: ring.clone(), clock: clock.clone() };
        tasks.spawn(gateway.serve(Acceptor::new(sms, door("outside sms", Tls::Off), signal)));
        Ok(Self { ring, mail: addresses.0, sms: addresses.1, stop, tasks })
    }

    /// What the page shows.
    pub(super) fn page(&self) -> OutsideBox {
        let ring = self.ring.clone();
        OutsideBox(Arc::new(move || ring.newest_first()))
    }

    pub(super) fn letters(&self) -> Vec<OutsideMail> {
        self.ring.newest_first()
    }

    pub(super) fn mail_port(&self) -> u16 {
        self.mail.port()
    }

    pub(super) fn sms_port(&self) -> u16 {
        self.sms.port()
    }

    pub(super) async fn stop(mut self) {
        self.stop.stop();
        if tokio::time::timeout(DRAIN * 2, async { while self.tasks.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            self.tasks.shutdown().await;
        }
    }
}

/// The world of one letter-carrying connection: takes everything.
struct Mailbox {
    ring: Ring,
    clock: Clock,
    recipients: Vec<String>,
    letter: Vec<u8>,
}

impl Mailbox {
    fn new(ring: Ring, clock: Clock) -> Self {
        Self { ring, clock, recipients: Vec::new(), letter: Vec::new() }
    }

    fn keep(&mut self) -> Result<Taken, Reply> {
        let (letter, at) = (std::mem::take(&mut self.letter), self.clock.now());
        let (subject, text) = read(&letter);
        for to in self.recipients.drain(..) {
            self.ring.keep(OutsideMail { to, subject: subject.clone(), text: text.clone(), at });
        }
        Ok(Taken { queue: QueueId(at.0) })
    }

    fn forget(&mut self) {
        self.recipients.clear();
        self.letter.clear();
    }
}

impl World<Server> for Mailbox {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Authenticate { .. } | Ask::Respond(_) => Answer::Authenticated(Err(Reply::sign_in_failed())),
            Ask::Sender { .. } => {
                self.forget();
                Answer::Sender(Ok(()))
            }
            Ask::Recipient { path, .. } => {
                self.recipients.push(path.to_string());
                Answer::Recipient(Ok(()))
            }
            Ask::Data(smtp::Trace { .. }) => Answer::Data(Ok(())),
            Ask::Finish { .. } => Answer::Finished(self.keep()),
            Ask::Discard(_) | Ask::Reset => {
                self.forget();
                Answer::Done
            }
        }
    }

    async fn push(&mut self, piece: Bytes) {
        let room = LARGEST.saturating_sub(self.letter.len());
        self.letter.extend_from_slice(&piece[..piece.len().min(room)]);
    }
}

/// Subject and text of a letter of one text part, as our notices are.
fn read(letter: &[u8]) -> (String, String) {
    let end = letter.windows(4).position(|four| four == b"\r\n\r\n").map_or(letter.len(), |at| at + 4);
    let Ok(head) = Head::parse(&letter[..end]) else {
        return (String::new(), String::from_utf8_lossy(letter).into_owned());
    };
    let encoding = head.field("Content-Transfer-Encoding").map(|field| field.unfolded());
    let mut decoder = Decoder::new(Encoding::parse(encoding.as_deref().unwrap_or_default()));
    let mut decoded = Vec::new();
    decoder.push(&letter[end..], &mut decoded);
    decoder.finish(&mut decoded);
    (head.subject(), text_of(&decoded, Some("utf-8")).text.trim_end().to_owned())
}

/// The gateway: `POST {"to": …, "text": …}`.
#[derive(Clone)]
struct Gateway {
    ring: Ring,
    clock: Clock,
}

impl Gateway {
    async fn serve(self, mut acceptor: Acceptor) {
        let mut connections = JoinSet::new();
        while let Some(accepted) = acceptor.accept().await {
            connections.spawn(self.clone().converse(accepted));
            while connections.try_join_next().is_some() {}
        }
        connections.shutdown().await;
    }

    async fn converse(self, accepted: Accepted) {
        let Ok(connection) = accepted.finish().await else { return };
        let service = service_fn(move |request| {
            let gateway = self.clone();
            async move {
                let mut response = Response::new(Full::<Bytes>::default());
                *response.status_mut() = gateway.take(request, gateway.clock.now()).await;
                Ok::<_, Infallible>(response)
            }
        });
        if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await {
            tracing::debug!(%error, "the gateway of the demonstration lost a connection");
        }
    }

    async fn take(&self, request: Request<Incoming>, at: Timestamp) -> StatusCode {
        let Ok(body) = Limited::new(request.into_body(), LARGEST).collect().await else {
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        let Ok(message) = serde_json::from_slice::<Message>(&body.to_bytes()) else {
            return StatusCode::BAD_REQUEST;
        };
        self.ring.keep(OutsideMail { to: message.to, subject: String::new(), text: message.text, at });
        StatusCode::ACCEPTED
    }
}

#[derive(serde::Deserialize)]
struct Message {
    to: String,
    text: String,
}
