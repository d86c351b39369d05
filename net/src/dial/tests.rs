//! The way out over real sockets and real TLS. The servers here speak by a script; what they say in
//! every other state of the conversation is tested on the bare machine.

use super::*;
use crate::testing::{NOW, Pki, stopped_clock};
use crate::{Listener, Stop};
use bytes::Bytes;
use certs::{
    Anchors, Authority, Identity, OperatorName, PeerInfo, PeerTrust, Revocation, ServerIdentity, Service,
};
use names::{Address, DAY, Domain};
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use wire::smtp_client::{
    Answer, Ask, Client, Config, ContentKind, Envelope, EnvelopeRecipient, Failure, Phase, RecipientOutcome,
    Settled, Why,
};

/// A world with letters to send.
#[derive(Default)]
pub(super) struct Sender {
    pub(super) letters: Vec<Vec<u8>>,
    pub(super) recipients: Vec<String>,
    sending: Vec<u8>,
    peers: Vec<PeerInfo>,
    pub(super) settled: Vec<Settled>,
    pub(super) failed: Vec<Failure>,
}

impl Sender {
    pub(super) fn with(letters: &[&[u8]]) -> Self {
        let letters = letters.iter().map(|letter| letter.to_vec()).collect();
        Self { letters, recipients: vec!["secretariat@eux.example".into()], ..Self::default() }
    }
}

impl Sender {
    fn next(&mut self) -> Answer {
        if self.letters.is_empty() {
            return Answer::Quit;
        }
        self.sending = self.letters.remove(0);
        Answer::Transaction(Box::new(Envelope {
            sender: Some(Address::parse("dr@nous.example").unwrap()),
            recipients: self.recipients.iter().map(|to| recipient(to)).collect(),
            size: self.sending.len() as u64,
            content: ContentKind::SevenBit,
            ret: None,
            envelope_id: None,
            require_tls: false,
            deliver_by: None,
        }))
    }
}

impl World<Client> for Sender {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Ready(_) => self.next(),
            Ask::Settled(settled) => {
                self.settled.push(settled);
                Answer::Done
            }
            Ask::Failed(failure) => {
                self.failed.push(failure);
                Answer::Done
            }
            Ask::Content => unreachable!("only ever pulled"),
        }
    }

    async fn pull(&mut self) -> Option<Answer> {
        let length = self.sending.len().min(16 * 1024);
        let piece: Vec<u8> = self.sending.drain(..length).collect();
        (length > 0).then(|| Answer::Chunk(Bytes::from(piece)))
    }

    async fn push(&mut self, _: Bytes) {
        unreachable!("a client is pushed nothing");
    }

    async fn event(&mut self) -> Answer {
        self.next()
    }

    fn secured(&mut self, peer: &PeerInfo) {
        self.peers.push(peer.clone());
    }
}

fn recipient(to: &str) -> EnvelopeRecipient {
    EnvelopeRecipient { address: Address::parse(to).unwrap(), notify: None, original: None }
}

fn client() -> Client {
    Client::new(Arc::new(Config::new(Domain::parse("mx.nous.example").unwrap())))
}

fn target(listener: &Listener, tls: Arc<ClientConfig>) -> Target {
    let name = ServerName::try_from("localhost").unwrap();
    Target { address: listener.address(), begins: TlsBegins::StartTls, name, tls, small: None }
}

/// TLS as between operators: our certificate, and the checks of the trust space.
fn outgoing(pki: &Pki) -> Arc<ClientConfig> {
    let (trust, identity) = ours(pki);
    Arc::new(certs::outgoing_config(trust, identity, stopped_clock()).unwrap())
}

/// The same with a small ClientHello.
fn small(pki: &Pki) -> Arc<ClientConfig> {
    let (trust, identity) = ours(pki);
    Arc::new(certs::small_outgoing_config(trust, identity, stopped_clock()).unwrap())
}

fn ours(pki: &Pki) -> (PeerTrust, Arc<ServerIdentity>) {
    let name = OperatorName {
        common_name: "mx.nous.example".into(),
        structure: "318310021300028".into(),
        organisation: "GIP Santé".into(),
        department: "Haute-Garonne (31)".into(),
    };
    let issued = pki.authority.operator(&name, NOW).unwrap();
    (
        trust(pki),
        ServerIdentity::fixed(vec![Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap()]),
    )
}

fn trust(pki: &Pki) -> PeerTrust {
    PeerTrust::new(Anchors::from_pem(pki.authority.certificate_pem()).unwrap(), Revocation::Off)
}

fn listen() -> Listener {
    Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Dials with nobody to stop it.
async fn send(target: &Target, world: &mut Sender) -> Dialled {
    let (_stop, signal) = Stop::new();
    dial(target, client, world, stopped_clock(), signal).await
}

fn accepted(settled: &Settled) -> bool {
    matches!(settled.outcomes[..], [RecipientOutcome::Accepted { .. }])
}

/// The server's side of one connection.
struct Side<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Side<S> {
    async fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.0.read_line(&mut line).await; // a reset is an end
        line.trim_end().to_owned()
    }

    /// Takes letters until QUIT or the end.
    async fn serve(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        while self.0.read_line(&mut line).await.is_ok_and(|length| length > 0) {
            let said = line.trim_end().to_owned();
            line.clear();
            match said.split(' ').next().unwrap_or_default() {
                "EHLO" => self.say("250-eux.example\r\n250 PIPELINING\r\n").await,
                "MAIL" | "RCPT" => self.say("250 ok\r\n").await,
                "DATA" => self.say("354 go\r\n").await,
                "." => self.say("250 2.0.0 kept\r\n").await,
                "QUIT" => self.say("221 bye\r\n").await,
                _ => {}
            }
            lines.push(said);
        }
        lines
    }
}

async fn accept(listener: &Listener) -> Side<TcpStream> {
    Side(BufReader::new(listener.tcp.accept().await.unwrap().0))
}

/// Greets, offers STARTTLS, and waits for it.
async fn greet(side: &mut Side<TcpStream>) {
    side.say("220 eux.example ESMTP\r\n").await;
    assert_eq!(side.line().await, "EHLO mx.nous.example");
    side.say("250-eux.example\r\n250 STARTTLS\r\n").await;
    assert_eq!(side.line().await, "STARTTLS");
    side.say("220 go\r\n").await;
}

async fn secure(
    side: Side<TcpStream>,
    config: Arc<ServerConfig>,
) -> io::Result<Side<tokio_rustls::server::TlsStream<TcpStream>>> {
    Ok(Side(BufReader::new(TlsAcceptor::from(config).accept(side.0.into_inner()).await?)))
}

#[tokio::test]
async fn letters_go_over_starttls_and_the_world_sees_whose_certificate_it_was() {
    for begins in [TlsBegins::StartTls, TlsBegins::AtOnce] {
        let pki = Pki::new(Service::Mx);
        let listener = listen();
        let mut target = target(&listener, outgoing(&pki));
        target.begins = begins;
        let mut world = Sender::with(&[b"Subject: 1\r\n\r\n.dot\r\n", &[b'x'; 300_000]]);
        let server = async {
            let mut side = accept(&listener).await;
            if begins == TlsBegins::StartTls {
                greet(&mut side).await;
            }
            let mut side = secure(side, pki.server.load_full()).await.unwrap();
            assert_eq!(
                side.0.get_ref().get_ref().1.peer_certificates().map(<[_]>::len),
                Some(2),
                "ours is shown"
            );
            if begins == TlsBegins::AtOnce {
                side.say("220 eux.example ESMTP\r\n").await;
            }
            side.serve().await
        };
        let (dialled, lines) = tokio::join!(send(&target, &mut world), server);
        assert_eq!(dialled, Dialled { small_hello: false });
        assert_eq!(world.failed, []);
        assert_eq!(world.settled.len(), 2, "{begins:?}");
        for settled in &world.settled {
            assert!(accepted(settled), "{settled:?}");
        }
        assert_eq!(world.peers.len(), 1, "introduced once");
        assert_eq!(world.peers[0].names, ["localhost"]);
        assert_eq!(lines[0], "EHLO mx.nous.example");
        assert!(lines.contains(&"..dot".to_owned()), "dots are stuffed");
        assert!(lines.iter().any(|line| line.len() == 300_000));
        assert_eq!(lines.last().unwrap(), "QUIT");
    }
}

#[tokio::test]
async fn where_nobody_listens_the_world_hears_it() {
    let listener = listen();
    let target = target(&listener, outgoing(&Pki::new(Service::Mx)));
    drop(listener);
    let mut world = Sender::with(&[b"x"]);
    send(&target, &mut world).await;
    assert_eq!(world.failed, [Failure::Link(LinkFault::Refused)]);
    assert_eq!((world.settled.len(), world.letters.len()), (0, 1));
}

#[tokio::test]
async fn every_failed_handshake_has_its_reason() {
    let pki = Pki::new(Service::Mx);
    let stranger = Authority::new("Une autre autorité", NOW).unwrap();
    let of = |authority: &Authority, name: &str, made| {
        let issued = authority.server(&[name], made).unwrap();
        let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, made).unwrap();
        let identity = ServerIdentity::fixed(vec![identity]);
        let clients = certs::ClientAuth::None;
        Arc::new(certs::server_config(identity, Service::Mx, clients, stopped_clock()).unwrap())
    };
    let demanding = || {
        let issued = pki.authority.server(&["localhost"], NOW).unwrap();
        let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        let clients = certs::ClientAuth::Required(trust(&pki));
        let identity = ServerIdentity::fixed(vec![identity]);
        Arc::new(certs::server_config(identity, Service::Mx, clients, stopped_clock()).unwrap())
    };
    for (case, server, tls, want) in [
        ("a foreign issuer", of(&stranger, "localhost", NOW), outgoing(&pki), TlsFault::UnknownIssuer),
        ("too old", of(&pki.authority, "localhost", NOW.plus(-400 * DAY)), outgoing(&pki), TlsFault::Expired),
        (
            "too new",
            of(&pki.authority, "localhost", NOW.plus(3 * DAY)),
            outgoing(&pki),
            TlsFault::NotYetValid,
        ),
        ("another name", of(&pki.authority, "ailleurs.example", NOW), outgoing(&pki), TlsFault::WrongName),
        ("it wants a certificate", demanding(), pki.client(), TlsFault::Alert("certificate required".into())),
    ] {
        let listener = listen();
        let mut world = Sender::with(&[b"x"]);
        let serve = async {
            let mut side = accept(&listener).await;
            greet(&mut side).await;
            match secure(side, server).await {
                Ok(mut side) => side.serve().await,
                Err(_) => Vec::new(),
            }
        };
        let target = target(&listener, tls);
        let (_, lines) = tokio::join!(send(&target, &mut world), serve);
        assert_eq!(world.failed, [Failure::Link(LinkFault::Tls(want))], "{case}");
        assert_eq!(world.settled, [], "{case}");
        assert!(!lines.iter().any(|line| line.starts_with("MAIL")), "{case}");
    }
}

#[tokio::test]
async fn what_is_not_tls_after_starttls_is_never_taken_for_an_answer() {
    let pki = Pki::new(Service::Mx);
    for (case, words, want) in [
        ("words", "250-eux.example\r\n250 PIPELINING\r\n250 ok\r\n", TlsFault::NotTls),
        ("silence and an end", "", TlsFault::Dropped),
    ] {
        let listener = listen();
        let mut world = Sender::with(&[b"x"]);
        let serve = async {
            let mut side = accept(&listener).await;
            greet(&mut side).await;
            let mut hello = [0; 3];
            side.0.read_exact(&mut hello).await.unwrap(); // the ClientHello has begun
            side.say(words).await;
            let mut rest = vec![0; 4096];
            let _ = side.0.read(&mut rest).await;
        };
        let target = target(&listener, outgoing(&pki));
        tokio::join!(send(&target, &mut world), serve);
        assert_eq!(world.failed, [Failure::Link(LinkFault::Tls(want))], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_answered_is_given_up() {
    let pki = Pki::new(Service::Mx);
    let listener = listen();
    let mut world = Sender::with(&[b"x"]);
    let target = target(&listener, outgoing(&pki));
    let serve = async {
        let mut side = accept(&listener).await;
        greet(&mut side).await;
        side
    };
    let began = tokio::time::Instant::now();
    let (_, side) = tokio::join!(send(&target, &mut world), serve);
    assert_eq!(world.failed, [Failure::Link(LinkFault::Tls(TlsFault::Slow))]);
    assert!(began.elapsed() < limits::HANDSHAKE * 2, "{:?}", began.elapsed());
    drop(side);
}

/// PEERS §4: hybrid post-quantum first, with a way back for peers that choke on it.
#[tokio::test]
async fn a_long_client_hello_that_does_not_get_through_is_followed_by_a_small_one() {
    let pki = Pki::new(Service::Mx);
    for begins in [TlsBegins::StartTls, TlsBegins::AtOnce] {
        for has_small in [true, false] {
            let listener = listen();
            let mut target = target(&listener, outgoing(&pki));
            target.begins = begins;
            target.small = has_small.then(|| small(&pki));
            let mut world = Sender::with(&[b"Subject: 1\r\n\r\nx\r\n"]);
            let serve = async {
                let mut sizes = Vec::new();
                for _ in 0..if has_small { 2 } else { 1 } {
                    let mut side = accept(&listener).await;
                    if begins == TlsBegins::StartTls {
                        greet(&mut side).await;
                    }
                    // A box on the way that cannot carry more than one packet.
                    let tcp = side.0.get_ref();
                    let mut header = [0; 5];
                    while tcp.peek(&mut header).await.unwrap() < 5 {}
                    let size = usize::from(u16::from_be_bytes([header[3], header[4]]));
                    sizes.push(size);
                    if size > 1_200 {
                        continue;
                    }
                    let mut side = secure(side, pki.server.load_full()).await.unwrap();
                    if begins == TlsBegins::AtOnce {
                        side.say("220 eux.example ESMTP\r\n").await;
                    }
                    side.serve().await;
                }
                sizes
            };
            let (dialled, sizes) = tokio::join!(send(&target, &mut world), serve);
            assert!(sizes[0] > 1_200, "{sizes:?}");
            assert_eq!(dialled.small_hello, has_small);
            if has_small {
                assert_eq!(world.failed, [], "the first try is not told");
                assert!(accepted(&world.settled[0]), "{:?}", world.settled);
            } else {
                assert_eq!(world.failed, [Failure::Link(LinkFault::Tls(TlsFault::Dropped))]);
            }
        }
    }
}

/// A certificate that was refused is refused with a small ClientHello too: there is no second try.
#[tokio::test]
async fn a_refused_certificate_is_not_tried_again() {
    // Of the same name and with another key.
    let (pki, stranger) = (Pki::new(Service::Mx), Pki::new(Service::Mx));
    let listener = listen();
    let mut target = target(&listener, outgoing(&pki));
    target.small = Some(small(&pki));
    let mut world = Sender::with(&[b"x"]);
    let serve = async {
        let mut side = accept(&listener).await;
        greet(&mut side).await;
        assert!(secure(side, stranger.server.load_full()).await.is_err());
    };
    tokio::join!(send(&target, &mut world), serve);
    let [Failure::Link(LinkFault::Tls(TlsFault::BadCertificate(why)))] = &world.failed[..] else {
        panic!("{:?}", world.failed);
    };
    assert_eq!(why, "a signature is wrong");
}

#[tokio::test]
async fn a_stop_ends_a_session_that_has_nothing_to_send_yet() {
    let pki = Pki::new(Service::Mx);
    let listener = listen();
    let target = target(&listener, outgoing(&pki));
    let mut world = Sender::with(&[b"x"]);
    let (stop, signal) = Stop::new();
    let serve = async {
        let mut side = accept(&listener).await;
        stop.stop();
        side.line().await // no greeting, ever
    };
    let (_, line) = tokio::join!(dial(&target, client, &mut world, stopped_clock(), signal.clone()), serve);
    assert_eq!((line.as_str(), &world.failed[..]), ("", &[Failure::Stopping][..]));

    let mut world = Sender::with(&[b"x"]);
    dial(&target, client, &mut world, stopped_clock(), signal).await;
    assert_eq!(world.failed, [Failure::Stopping], "nobody is even called");
}

#[tokio::test]
async fn a_stop_lets_an_open_letter_finish() {
    let pki = Pki::new(Service::Mx);
    let listener = listen();
    let target = target(&listener, outgoing(&pki));
    let mut world = Sender::with(&[b"Subject: 1\r\n\r\nx\r\n", b"never sent"]);
    let (stop, signal) = Stop::new();
    let serve = async {
        let mut side = accept(&listener).await;
        greet(&mut side).await;
        let mut side = secure(side, pki.server.load_full()).await.unwrap();
        side.line().await;
        side.say("250 eux.example\r\n").await;
        side.line().await; // MAIL
        stop.stop();
        side.say("250 ok\r\n").await;
        side.serve().await
    };
    let (_, lines) = tokio::join!(dial(&target, client, &mut world, stopped_clock(), signal), serve);
    assert!(accepted(&world.settled[0]), "{:?}", world.settled);
    assert_eq!(world.letters.len(), 1, "the second was not asked for");
    assert_eq!(lines.last().unwrap(), "QUIT");
}

/// RELIABILITY R-18: a peer that has had enough says so, and closes on what we still send.
#[tokio::test]
async fn what_a_peer_says_before_it_closes_in_the_middle_of_a_letter_is_heard() {
    let pki = Pki::new(Service::Mx);
    let listener = listen();
    let target = target(&listener, outgoing(&pki));
    let mut world = Sender::with(&[&[b'x'; 20_000_000]]);
    let serve = async {
        let mut side = accept(&listener).await;
        greet(&mut side).await;
        let mut side = secure(side, pki.server.load_full()).await.unwrap();
        for reply in ["250 eux.example\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            side.line().await;
            side.say(reply).await;
        }
        let mut some = vec![0; 100_000];
        side.0.read_exact(&mut some).await.unwrap();
        side.say("452 4.3.1 the disk is full\r\n").await;
    };
    tokio::join!(send(&target, &mut world), serve);
    let [RecipientOutcome::Deferred { why }] = &world.settled[0].outcomes[..] else {
        panic!("{:?}", world.settled);
    };
    let Why::Reply { to: Phase::Content, reply } = why else { panic!("{why:?}") };
    assert_eq!((reply.code(), reply.text()), (452, "the disk is full"));
}
