//! What the tests of the queue share: letters in it, and a peer that does as it is told.

use super::envelope::{Content, Envelope, NewOutbound, Protection, Wishes};
use super::routes::{RouteParts, Routes};
use super::sender::{OutgoingTls, Sender, SenderParts};
use crate::letter::Letter;
use crate::testing::{House, NOON, address, entropy};
use certs::{
    Anchors, Authority, ClientAuth, Identity, Issued, OperatorName, PeerTrust, Revocation, ServerIdentity,
    Service,
};
use mailstore::{Hold, QUEUE};
use names::{Clock, DistinguishedName, Domain, OutboundId, QueueId};
use net::Stop;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;
use wire::mime::Summary;
use wire::mime::compose::Composed;

pub(super) const FAR: &str = "there.example";
const HOST: &str = "mx.there.example";

/// Puts a letter into the queue; its body says `text`.
pub(crate) async fn enqueue(
    house: &House,
    sender: Option<&str>,
    recipients: &[(&str, Wishes)],
    text: &str,
) -> QueueId {
    let now = house.relay.now();
    let queue = house.relay.queue_id(now);
    let from = sender.unwrap_or("postmaster@pli.example");
    let head = format!(
        "Received: from here by mail.pli.example with ESMTP id {queue}; {}\r\nFrom: {from}\r\n\
         Message-ID: <{queue}@pli.example>\r\nSubject: Secret subject\r\n\r\n",
        now.rfc5322()
    );
    let composed = Composed { head: head.into_bytes(), body: format!("{text}\r\n").into_bytes() };
    let letter = Letter::composed(house.relay.mailstore(), &composed, now).await.unwrap();
    let summary = Summary::of(&letter.head, &letter.structure);
    let sealed = crate::intake::seal(&house.relay, &letter, &letter.head, &summary, now);
    let key = house.relay.mailstore().key(QUEUE).await.unwrap();
    let hold = Hold { key: key.own(&sealed.body), letter: sealed.clone(), uses: recipients.len() as i64 };
    let row = |(recipient, wishes): &(&str, Wishes)| NewOutbound {
        id: OutboundId(house.data.id(now)),
        queue,
        body: sealed.body.id(),
        head: sealed.head.id(),
        envelope: Envelope {
            recipient: address(recipient),
            sender: sender.map(address),
            wishes: wishes.clone(),
            content: Content::SevenBit,
            protection: Protection::House,
            deliver_by: None,
        },
        not_before: None,
        created_at: now,
        expires_at: super::expiry(now),
    };
    let rows: Vec<NewOutbound> = recipients.iter().map(row).collect();
    let parameters = (house.relay.clone(), hold, rows, now);
    let unit = db::unit("enqueue", parameters, |(relay, hold, rows, now), tx| {
        Box::pin(async move {
            relay.mailstore().hold(tx, std::slice::from_ref(hold)).await?;
            relay.queue().enqueue(tx, rows, *now).await.map_err(mailstore::Error::from)
        })
    });
    house.data.write(unit).await.unwrap();
    queue
}

/// One letter to one recipient, from `sender`.
pub(crate) async fn one(house: &House, sender: &str, recipient: &str) -> QueueId {
    enqueue(house, Some(sender), &[(recipient, Wishes::default())], "Bonjour").await
}

/// What a peer does at a point of the conversation.
#[derive(Clone, Debug)]
pub(super) enum Does {
    /// What a good server does.
    Usual,
    /// Says this line instead.
    Says(&'static str),
    /// Closes without a word.
    HangsUp,
    /// Keeps the connection and never says another word.
    Stalls,
}

/// A letter that a peer took.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) mail: String,
    pub(super) rcpts: Vec<String>,
    pub(super) octets: Vec<u8>,
}

/// A point of the conversation: which session, from 1, and the command in capitals with its arguments;
/// `GREETING` and `.` besides.
type Script = dyn Fn(usize, &str) -> Does + Send + Sync;

/// Another operator's server. It goes with the test.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    state: Arc<PeerState>,
    task: tokio::task::JoinHandle<()>,
}

struct PeerState {
    got: Mutex<Vec<Got>>,
    sessions: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    news: Notify,
    hang_up: watch::Sender<()>,
    script: Box<Script>,
    extensions: &'static [&'static str],
    tls: TlsAcceptor,
}

impl Peer {
    pub(super) async fn start(
        pki: &Pki,
        extensions: &'static [&'static str],
        script: impl Fn(usize, &str) -> Does + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(PeerState {
            got: Mutex::default(),
            sessions: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            news: Notify::new(),
            hang_up: watch::Sender::new(()),
            script: Box::new(script),
            extensions,
            tls: pki.acceptor(),
        });
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&serving);
                tokio::spawn(async move {
                    let session = state.sessions.fetch_add(1, Ordering::SeqCst) + 1;
                    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
                    state.most_open.fetch_max(open, Ordering::SeqCst);
                    let mut hung_up = state.hang_up.subscribe();
                    // A client that leaves is no failure of the test.
                    tokio::select! {
                        _ = state.serve(stream, session) => {}
                        _ = hung_up.changed() => {}
                    }
                    state.open.fetch_sub(1, Ordering::SeqCst);
                    state.news.notify_one();
                });
            }
        });
        Self { address, state, task }
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.state.sessions.load(Ordering::SeqCst)
    }

    /// Closes all connections without a word, as a server that restarts.
    pub(super) async fn hang_up(&self) {
        self.state.hang_up.send_replace(());
        while self.state.open.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn most_open(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PeerState {
    async fn serve(&self, stream: TcpStream, session: usize) -> std::io::Result<()> {
        let mut plain = BufReader::new(stream);
        if !self.talk(&mut plain, session, "GREETING", "220 mx.there.example ESMTP").await? {
            return Ok(());
        }
        loop {
            let Some(line) = line(&mut plain).await? else { return Ok(()) };
            if line.starts_with("EHLO") {
                if !self.talk(&mut plain, session, &line, "250-mx.there.example\r\n250 STARTTLS").await? {
                    return Ok(());
                }
            } else if line.starts_with("STARTTLS") {
                if !self.talk(&mut plain, session, &line, "220 go").await? {
                    return Ok(());
                }
                let secured = self.tls.accept(plain.into_inner()).await?;
                return self.secured(BufReader::new(secured), session).await;
            } else {
                plain.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
        }
    }

    async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: BufReader<S>,
        session: usize,
    ) -> std::io::Result<()> {
        let mut hello = "250-mx.there.example".to_owned();
        for extension in self.extensions {
            hello.push_str(&format!("\r\n250-{extension}"));
        }
        hello.push_str("\r\n250 8BITMIME");
        let (mut mail, mut rcpts) = (String::new(), Vec::new());
        loop {
            let Some(command) = line(&mut stream).await? else { return Ok(()) };
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_owned();
            let usual = match verb.as_str() {
                "EHLO" => hello.as_str(),
                "MAIL" | "RCPT" | "RSET" => "250 2.1.0 ok",
                "DATA" if rcpts.is_empty() => "554 5.5.1 no valid recipients",
                "DATA" => "354 go",
                "QUIT" => "221 bye",
                _ => "500 what",
            };
            let does = (self.script)(session, &command);
            if !say(&mut stream, &does, usual).await? {
                return Ok(());
            }
            let went = matches!(does, Does::Usual);
            match verb.as_str() {
                "MAIL" if went => (mail, rcpts) = (command, Vec::new()),
                "RCPT" if went => rcpts.push(command),
                "RSET" => rcpts.clear(),
                "DATA" if went && !rcpts.is_empty() => {
                    let octets = letter(&mut stream).await?;
                    let does = (self.script)(session, ".");
                    let took = matches!(does, Does::Usual | Does::HangsUp | Does::Stalls);
                    if took {
                        let got = Got { mail: mail.clone(), rcpts: rcpts.clone(), octets };
                        self.got.lock().unwrap().push(got);
                    }
                    self.news.notify_one();
                    if !say(&mut stream, &does, "250 2.0.0 taken").await? {
                        return Ok(());
                    }
                    rcpts.clear();
                }
                "QUIT" => return Ok(()),
                _ => {}
            }
        }
    }

    async fn talk<S: AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        session: usize,
        at: &str,
        usual: &str,
    ) -> std::io::Result<bool> {
        say(stream, &(self.script)(session, at), usual).await
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, does: &Does, usual: &str) -> std::io::Result<bool> {
    let words = match does {
        Does::Usual => usual,
        Does::Says(words) => words,
        Does::HangsUp => return Ok(false),
        Does::Stalls => std::future::pending().await,
    };
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await?;
    Ok(true)
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    Ok((stream.read_line(&mut line).await? > 0).then(|| line.trim_end().to_owned()))
}

async fn letter<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    while !octets.ends_with(b"\r\n.\r\n") {
        let mut more = [0; 4096];
        let read = stream.read(&mut more).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        octets.extend_from_slice(&more[..read]);
    }
    octets.truncate(octets.len() - 3);
    Ok(octets)
}

/// Certificates of one invented authority.
pub(super) struct Pki {
    authority: Authority,
}

impl Pki {
    pub(super) fn new() -> Self {
        Self { authority: Authority::new("Autorité inventée", NOON).unwrap() }
    }

    fn operator(&self, host: &str, structure: &str) -> Issued {
        self.authority.operator(&operator(host, structure), NOON).unwrap()
    }

    fn identity(&self, host: &str, structure: &str) -> Arc<ServerIdentity> {
        let issued = self.operator(host, structure);
        ServerIdentity::fixed(vec![Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOON).unwrap()])
    }

    fn trust(&self) -> PeerTrust {
        PeerTrust::new(Anchors::from_pem(self.authority.certificate_pem()).unwrap(), Revocation::Off)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let clients = ClientAuth::Required(self.trust());
        let clock = Clock::new(|| NOON);
        let config =
            certs::server_config(self.identity(HOST, "318310021300028"), Service::Mx, clients, clock);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    fn outgoing(&self) -> OutgoingTls {
        let identity = self.identity("mail.pli.example", "318310021300999");
        let config = certs::outgoing_config(self.trust(), identity, Clock::new(|| NOON)).unwrap();
        OutgoingTls { config: Arc::new(config), small: None }
    }
}

fn operator(host: &str, structure: &str) -> OperatorName {
    OperatorName {
        common_name: host.to_owned(),
        structure: structure.to_owned(),
        organisation: "GIP Santé".to_owned(),
        department: "Haute-Garonne (31)".to_owned(),
    }
}

/// The list says that this certificate speaks for the far domain.
pub(super) async fn trust(house: &House, common_name: &str) {
    let name = format!("CN={common_name},OU=318310021300028,O=GIP Santé,ST=Haute-Garonne (31),C=FR");
    let name = DistinguishedName::parse(&name).unwrap();
    let unit = db::unit("trust", name, |name, tx| {
        Box::pin(async move {
            let far = Domain::parse(FAR).unwrap();
            let names = std::slice::from_ref(name);
            directory::trust::save(tx, &far, directory::Place::Remote, names, NOON).await
        })
    });
    house.data.write(unit).await.unwrap();
}

/// The list says so of the peer of these tests.
pub(super) async fn trust_peer(house: &House) {
    trust(house, HOST).await;
}

/// A sender at work, its clock in the test's hand.
pub(super) struct Working {
    pub(super) sender: Sender,
    stop: Stop,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    /// Begins to send to `peer`, which the list knows.
    pub(super) async fn begin(house: &House, pki: &Pki, peer: SocketAddr) -> Self {
        trust_peer(house).await;
        Self::begin_untrusted(house, pki, peer)
    }

    pub(super) fn begin_untrusted(house: &House, pki: &Pki, peer: SocketAddr) -> Self {
        Self::begin_with(house, pki, peer, Duration::from_secs(30))
    }

    /// The worker of another server of the same database.
    pub(super) fn begin_elsewhere(house: &House, pki: &Pki, peer: SocketAddr) -> Self {
        let home = super::Home::fresh(&entropy());
        Self::begin_at(house, pki, peer, Duration::from_secs(30), home)
    }

    /// The same, and letters on the wire may take so long when it ends.
    pub(super) fn begin_with(house: &House, pki: &Pki, peer: SocketAddr, drain: Duration) -> Self {
        Self::begin_at(house, pki, peer, drain, super::Home::ONLY)
    }

    fn begin_at(house: &House, pki: &Pki, peer: SocketAddr, drain: Duration, home: super::Home) -> Self {
        let hostname = Domain::parse("mail.pli.example").unwrap();
        let route = format!("{HOST}@{peer}").parse().unwrap();
        let routes = RouteParts {
            fixed: HashMap::from([(Domain::parse(FAR).unwrap(), vec![route])]),
            dns: Some("127.0.0.1:9".parse().unwrap()),
            port: None,
            hostname: hostname.clone(),
            own: Vec::new(),
            entropy: entropy(),
        };
        let sender = Sender::new(SenderParts {
            relay: house.relay.clone(),
            routes: Routes::new(routes).unwrap(),
            tls: pki.outgoing(),
            client: wire::smtp_client::Config::new(hostname),
            home,
            drain,
        });
        let (stop, signal) = Stop::new();
        let task = tokio::spawn(sender.clone().run(signal));
        Self { sender, stop, task }
    }

    /// Waits until the counters say so.
    pub(super) async fn until(&self, what: &str, seen: impl Fn(super::Counts) -> bool) {
        let wait = async {
            while !seen(self.sender.counts()) {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "not in time: {what}: {:?}", self.sender.counts());
    }

    /// Time passes.
    pub(super) fn pass(&self, house: &House, milliseconds: i64) {
        house.clock.fetch_add(milliseconds, Ordering::SeqCst);
        house.relay.queue().woken().notify_one();
    }

    pub(super) async fn end(self) {
        self.stop.stop();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.expect("it ends").unwrap();
    }
}
