//! A small machine with every kind of action, its world, and clients that talk to it.
//!
//! Lines end in LF. `echo X`, `ask X`, `pull N` (N items of 16 KiB), `body N` (N bytes follow and
//! are pushed), `starttls`, `listen`, `done`, `panic`, `worldpanic`, `never`, `quit`.

mod space;

use crate::{Caps, ConnInfo, Door, Gate, Listener, Served, Stop, Tls, World, serve};
use arc_swap::ArcSwap;
use bytes::Bytes;
use certs::{
    Anchors, Authority, ClientAuth, Identity, OperatorName, PeerTrust, Revocation, ServerIdentity, Service,
};
use names::{Clock, Timestamp};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use wire::{Action, Actions, Input, Machine, TlsFacts};

pub(crate) use space::Space;

pub(crate) const NOW: Timestamp = Timestamp(1_795_318_467_000);
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const ITEM: usize = 16 * 1024;

pub(crate) fn stopped_clock() -> Clock {
    Clock::new(|| NOW)
}

/// The machine.
#[derive(Default)]
pub(crate) struct Lines {
    unread: Vec<u8>,
    body: Option<usize>,
    waiting: bool,
    listening: bool,
}

#[derive(Debug)]
pub(crate) enum Ask {
    Say(String),
    Items(usize),
    BodyEnd,
    Panic,
    Never,
    Gone,
}

impl Machine for Lines {
    type Ask = Ask;
    type Answer = String;

    fn step(&mut self, input: Input<'_, String>, _: Timestamp, out: &mut Actions<Ask>) {
        match input {
            Input::Open(facts) => out.send(format!("hello {}\n", describe(facts.as_ref())).as_bytes()),
            Input::Secured(facts) => {
                self.waiting = false;
                out.send(format!("secured {}\n", describe(Some(&facts))).as_bytes());
            }
            Input::Bytes(bytes) => self.unread.extend_from_slice(bytes),
            Input::Answer(answer) => {
                // Only the first of a pull ends the waiting; the others come in between.
                self.waiting = answer.len() == ITEM;
                out.send(answer.as_bytes());
            }
            Input::End => {
                self.waiting = false;
                out.send(b"end\n");
            }
            Input::Event(event) => out.send(format!("event {event}\n").as_bytes()),
            Input::Silence => {
                out.send(b"silence\n");
                out.push(Action::Close);
                return;
            }
            Input::Stopping => {
                out.send(b"stopping\n");
                out.push(Action::Close);
                return;
            }
            Input::Gone | Input::Failed(_) => {
                out.send(b"nobody reads this");
                out.push(Action::Ask(Ask::Gone));
                return;
            }
        }
        self.go_on(out);
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn listening(&self) -> bool {
        self.listening
    }
}

impl Lines {
    fn go_on(&mut self, out: &mut Actions<Ask>) {
        while !self.waiting && !self.unread.is_empty() {
            if let Some(left) = self.body {
                let piece: Vec<u8> = self.unread.drain(..left.min(self.unread.len())).collect();
                self.body = Some(left - piece.len()).filter(|left| *left > 0);
                out.push(Action::Push(Bytes::from(piece)));
                if self.body.is_none() {
                    self.ask(Action::Ask(Ask::BodyEnd), out);
                }
                continue;
            }
            let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') else { return };
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            self.command(String::from_utf8_lossy(&line).trim_end(), out);
        }
    }

    fn command(&mut self, line: &str, out: &mut Actions<Ask>) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "echo" => out.send(format!("{rest}\n").as_bytes()),
            "ask" => self.ask(Action::Ask(Ask::Say(rest.to_owned())), out),
            "pull" => self.ask(Action::Pull(Ask::Items(rest.parse().unwrap())), out),
            "body" => self.body = Some(rest.parse().unwrap()),
            "starttls" if self.unread.is_empty() => {
                out.send(b"go\n");
                self.ask(Action::StartTls, out);
            }
            "starttls" => {
                out.send(b"injected\n");
                out.push(Action::Close);
            }
            "listen" => {
                self.listening = true;
                out.send(b"listening\n");
            }
            "done" => {
                self.listening = false;
                out.send(b"done\n");
            }
            "panic" => panic!("the machine was told to"),
            "worldpanic" => self.ask(Action::Ask(Ask::Panic), out),
            "never" => self.ask(Action::Ask(Ask::Never), out),
            "quit" => {
                out.send(b"bye\n");
                out.push(Action::Close);
            }
            other => out.send(format!("unknown {other}\n").as_bytes()),
        }
    }

    fn ask(&mut self, action: Action<Ask>, out: &mut Actions<Ask>) {
        self.waiting = true;
        out.push(action);
    }
}

fn describe(facts: Option<&TlsFacts>) -> String {
    match facts {
        None => "plain".to_owned(),
        Some(facts) => {
            let exporter: String =
                facts.exporter.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {} certificate={} {exporter}", facts.version, facts.cipher, facts.client_certificate)
        }
    }
}

/// What a world has seen, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Made(SocketAddr),
    Pulled,
    Pushed(Vec<u8>),
    Secured(String),
    Gone,
    Dropped,
}

/// The world.
pub(crate) struct Notary {
    notes: mpsc::UnboundedSender<Note>,
    events: watch::Receiver<u64>,
    items: usize,
    body: Vec<u8>,
}

impl World<Lines> for Notary {
    async fn answer(&mut self, ask: Ask) -> String {
        match ask {
            Ask::Say(text) => {
                tokio::task::yield_now().await;
                format!("answer {text}\n")
            }
            Ask::BodyEnd => {
                let sum: u64 = self.body.iter().map(|byte| u64::from(*byte)).sum();
                format!("body {} {sum}\n", std::mem::take(&mut self.body).len())
            }
            Ask::Panic => panic!("the world was told to"),
            Ask::Never => std::future::pending().await,
            Ask::Gone => {
                self.note(Note::Gone);
                String::new()
            }
            Ask::Items(_) => unreachable!("only ever pulled"),
        }
    }

    async fn open(&mut self, ask: Ask) {
        if let Ask::Items(items) = ask {
            self.items = items;
        }
    }

    async fn pull(&mut self) -> Option<String> {
        self.items = self.items.checked_sub(1)?;
        self.note(Note::Pulled);
        let mut item = "x".repeat(ITEM - 1);
        item.push('\n');
        Some(item)
    }

    async fn push(&mut self, piece: Bytes) {
        tokio::task::yield_now().await;
        self.body.extend_from_slice(&piece);
        self.note(Note::Pushed(piece.to_vec()));
    }

    async fn event(&mut self) -> String {
        match self.events.changed().await {
            Ok(()) => self.events.borrow_and_update().to_string(),
            Err(_) => std::future::pending().await,
        }
    }

    fn secured(&mut self, peer: &certs::PeerInfo) {
        self.note(Note::Secured(peer.subject.clone()));
    }
}

impl Notary {
    fn note(&self, note: Note) {
        let _ = self.notes.send(note); // a test may have stopped caring
    }
}

impl Drop for Notary {
    fn drop(&mut self) {
        self.note(Note::Dropped);
    }
}

/// TLS for both sides, of one invented authority.
pub(crate) struct Pki {
    pub(crate) authority: Authority,
    pub(crate) server: Arc<ArcSwap<ServerConfig>>,
}

impl Pki {
    pub(crate) fn new(service: Service) -> Self {
        let authority = Authority::new("Autorité inventée", NOW).unwrap();
        let issued = authority.server(&["localhost"], NOW).unwrap();
        let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        let anchors = Anchors::from_pem(authority.certificate_pem()).unwrap();
        let clients = match service {
            Service::Mx => ClientAuth::Optional(PeerTrust::new(anchors, Revocation::Off)),
            Service::Submission | Service::Mailbox | Service::Directory | Service::Web => ClientAuth::None,
        };
        let identity = ServerIdentity::fixed(vec![identity]);
        let server = certs::server_config(identity, service, clients, stopped_clock()).unwrap();
        Self { authority, server: Arc::new(ArcSwap::from_pointee(server)) }
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.client_showing(None)
    }

    pub(crate) fn operator(&self) -> Arc<ClientConfig> {
        let name = OperatorName {
            common_name: "mx.operateur.example".into(),
            structure: "318310021300028".into(),
            organisation: "GIP Santé".into(),
            department: "Haute-Garonne (31)".into(),
        };
        let issued = self.authority.operator(&name, NOW).unwrap();
        let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        self.client_showing(Some(&identity))
    }

    fn client_showing(&self, identity: Option<&Identity>) -> Arc<ClientConfig> {
        let roots = certs::roots_from_pem(self.authority.certificate_pem()).unwrap();
        Arc::new(certs::client_config(roots, identity, stopped_clock()).unwrap())
    }
}

/// A running door with the machine behind it.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) notes: mpsc::UnboundedReceiver<Note>,
    pub(crate) events: watch::Sender<u64>,
    stop: Stop,
    serving: JoinHandle<Served>,
}

impl House {
    pub(crate) fn open(tls: Tls) -> Self {
        Self::open_with(tls, Caps::default(), Duration::from_secs(5))
    }

    pub(crate) fn open_with(tls: Tls, caps: Caps, drain: Duration) -> Self {
        let gate = Gate::new(caps);
        let door =
            Door { name: "test", tls, gate: gate.clone(), clock: stopped_clock(), busy: b"busy\n", drain };
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.address();
        let (stop, signal) = Stop::new();
        let (sender, notes) = mpsc::unbounded_channel();
        let (events, receiver) = watch::channel(0);
        let make = move |info: &ConnInfo| {
            let notary =
                Notary { notes: sender.clone(), events: receiver.clone(), items: 0, body: Vec::new() };
            notary.note(Note::Made(info.peer));
            (Lines::default(), notary)
        };
        let serving = tokio::spawn(serve(listener, door, signal, make));
        Self { address, gate, notes, events, stop, serving }
    }

    pub(crate) async fn plain(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    pub(crate) async fn tls(
        &self,
        config: &Arc<ClientConfig>,
    ) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
        self.plain().await.secure(config).await
    }

    pub(crate) fn stop(&self) {
        self.stop.stop();
    }

    pub(crate) async fn served(self) -> Served {
        self.stop.stop();
        self.serving.await.unwrap()
    }

    /// The next note that is not about making.
    pub(crate) async fn note(&mut self) -> Note {
        loop {
            match self.notes.recv().await.unwrap() {
                Note::Made(_) => {}
                note => return note,
            }
        }
    }
}

/// One end that talks in lines.
pub(crate) struct Client<S>(pub(crate) BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    /// The next line without its end; empty when the other side has closed.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        // A reset is as good an end as any for these tests.
        let _ = self.0.read_line(&mut line).await;
        line.trim_end().to_owned()
    }
}

impl Client<TcpStream> {
    pub(crate) async fn secure(
        self,
        config: &Arc<ClientConfig>,
    ) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::clone(config));
        Client::new(connector.connect(name, self.0.into_inner()).await.unwrap())
    }
}
