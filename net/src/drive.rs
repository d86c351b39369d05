//! The one loop that pumps a machine over a connection.

use crate::accept::handshake;
use crate::stop::StopSignal;
use crate::{Stream, World, limits};
use arc_swap::ArcSwap;
use names::Clock;
use rustls::ServerConfig;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use wire::{Action, Actions, Input, Machine};

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The machine closed it.
    Closed,
    /// The peer left, the network failed, or the peer did not take what was sent in time.
    Gone,
    /// A certificate was accepted by the verifier and yet cannot be read.
    Unreadable,
}

/// What a conversation takes from its door.
pub(crate) struct Terms {
    /// For `Action::StartTls`.
    pub(crate) starttls: Option<Arc<ArcSwap<ServerConfig>>>,
    pub(crate) clock: Clock,
    pub(crate) stop: StopSignal,
}

/// Pumps `machine` until it closes or the peer is gone and the machine has nothing left to ask.
pub(crate) async fn drive<M: Machine, W: World<M>>(
    stream: Stream,
    machine: M,
    world: W,
    terms: Terms,
) -> Ending {
    let patience = Patience::new(machine.patience());
    let mut drive = Drive {
        stream,
        machine,
        world,
        terms,
        queue: VecDeque::new(),
        out: Vec::new(),
        pulling: false,
        gone: false,
        stopping: false,
        patience,
    };
    drive.run().await
}

struct Drive<M: Machine, W> {
    stream: Stream,
    machine: M,
    world: W,
    terms: Terms,
    /// Actions not yet carried out, in order. Empty, and without memory, while waiting.
    queue: VecDeque<Action<M::Ask>>,
    /// Bytes not yet written. Empty, and without memory, while waiting.
    out: Vec<u8>,
    /// A pull is open.
    pulling: bool,
    /// The peer can no longer be reached. The machine hears of it when it would next wait.
    gone: bool,
    /// The machine was told that the server stops.
    stopping: bool,
    patience: Patience,
}

/// What ended a wait for the peer.
enum Heard<Answer> {
    /// The machine has seen the peer's bytes.
    Bytes,
    Event(Answer),
    Stop,
    Silence,
    Gone,
}

impl<M: Machine, W: World<M>> Drive<M, W> {
    async fn run(&mut self) -> Ending {
        if let Err(ending) = self.introduce() {
            return ending;
        }
        let facts = self.stream.facts();
        self.step(Input::Open(facts));
        loop {
            if let Some(ending) = self.carry_out().await {
                return ending;
            }
            if self.pulling {
                self.pull().await;
            } else {
                self.flush().await;
                if self.gone {
                    return self.say_gone().await;
                }
                self.wait().await;
            }
        }
    }

    /// Gives the machine one input and queues what it wants.
    fn step(&mut self, input: Input<'_, M::Answer>) {
        let mut actions = Actions::default();
        self.machine.step(input, self.terms.clock.now(), &mut actions);
        self.queue.extend(actions.drain());
    }

    /// Carries out what is queued, and what that leads to.
    async fn carry_out(&mut self) -> Option<Ending> {
        while let Some(action) = self.queue.pop_front() {
            match action {
                Action::Send(bytes) => {
                    self.patience.peer_moved();
                    if !self.gone {
                        self.hold(bytes);
                        if self.out.len() > limits::PENDING {
                            self.flush().await;
                        }
                    }
                }
                Action::Ask(ask) => {
                    self.patience.peer_moved();
                    // Boxed, here and below: a world's futures are large, and inline they would
                    // make every idle session's task as large as the largest of them.
                    let answer = Box::pin(self.world.answer(ask)).await;
                    self.step(Input::Answer(answer));
                }
                Action::Pull(ask) => {
                    self.patience.peer_moved();
                    Box::pin(self.world.open(ask)).await;
                    self.pulling = true;
                }
                Action::Push(piece) => {
                    self.patience.peer_sent(piece.len());
                    Box::pin(self.world.push(piece)).await;
                }
                Action::StartTls => {
                    self.patience.peer_moved();
                    if let Err(ending) = self.upgrade().await {
                        return Some(ending);
                    }
                }
                Action::Close => {
                    self.flush().await;
                    let linger = if self.stopping || self.gone { Duration::ZERO } else { limits::LINGER };
                    Box::pin(self.stream.close(linger)).await;
                    return Some(Ending::Closed);
                }
            }
        }
        None
    }

    /// The next item of the open pull, once the peer has taken most of the ones before.
    async fn pull(&mut self) {
        if self.out.len() > limits::PENDING {
            self.flush().await;
        }
        if self.gone {
            self.pulling = false;
            return;
        }
        match Box::pin(self.world.pull()).await {
            Some(item) => self.step(Input::Answer(item)),
            None => {
                self.pulling = false;
                self.step(Input::End);
            }
        }
    }

    /// Waits for the peer, an event, the stop or the end of patience, and tells the machine.
    async fn wait(&mut self) {
        self.queue = VecDeque::new();
        let patience = self.patience.begin(self.machine.patience());
        let listening = self.machine.listening();
        let began = Instant::now();
        let mut actions = Actions::default();
        let Self { stream, machine, world, terms, .. } = self;
        let Terms { clock, stop, .. } = terms;
        let heard = tokio::select! {
            biased;
            () = stop.given(), if !self.stopping => Heard::Stop,
            read = stream.read(|bytes| machine.step(Input::Bytes(bytes), clock.now(), &mut actions)) => match read {
                Ok(Some(())) => Heard::Bytes,
                Ok(None) => Heard::Gone,
                Err(cause) => {
                    tracing::debug!(%cause, "cannot read from the peer");
                    Heard::Gone
                }
            },
            event = world.event(), if listening => Heard::Event(event),
            () = tokio::time::sleep(patience) => Heard::Silence,
        };
        self.patience.end(began.elapsed(), matches!(heard, Heard::Bytes | Heard::Silence));
        self.queue.extend(actions.drain());
        match heard {
            Heard::Bytes => {}
            Heard::Event(event) => self.step(Input::Event(event)),
            Heard::Stop => {
                self.stopping = true;
                self.step(Input::Stopping);
            }
            Heard::Silence => self.step(Input::Silence),
            Heard::Gone => self.gone = true,
        }
    }

    /// Tells the machine that the peer is gone and answers what it still asks (a letter half
    /// received is to be discarded).
    async fn say_gone(&mut self) -> Ending {
        self.step(Input::Gone);
        while let Some(action) = self.queue.pop_front() {
            match action {
                Action::Ask(ask) => {
                    let answer = Box::pin(self.world.answer(ask)).await;
                    self.step(Input::Answer(answer));
                }
                Action::Push(piece) => Box::pin(self.world.push(piece)).await,
                Action::Close => break,
                Action::Send(_) | Action::Pull(_) | Action::StartTls => {}
            }
        }
        Ending::Gone
    }

    async fn upgrade(&mut self) -> Result<(), Ending> {
        self.flush().await;
        if self.gone {
            return Ok(());
        }
        let Some(config) = self.terms.starttls.as_ref().map(|config| config.load_full()) else {
            tracing::error!("a machine asked for TLS at a door that has none to offer");
            self.gone = true;
            return Ok(());
        };
        if let Err(error) = handshake(&mut self.stream, config).await {
            tracing::debug!(cause = std::error::Error::source(&error), "{error}");
            self.gone = true;
            return Ok(());
        }
        self.introduce()?;
        let facts = self.stream.facts().unwrap_or_default();
        self.step(Input::Secured(facts));
        Ok(())
    }

    /// Shows the world the client's certificate.
    fn introduce(&mut self) -> Result<(), Ending> {
        match self.stream.peer() {
            Ok(Some(peer)) => self.world.secured(&peer),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!("cannot read an accepted client certificate: {error}");
                return Err(Ending::Unreadable);
            }
        }
        Ok(())
    }

    fn hold(&mut self, bytes: bytes::Bytes) {
        if self.out.is_empty() {
            self.out = Vec::from(bytes); // no copy when nobody else holds them
        } else {
            self.out.extend_from_slice(&bytes);
        }
    }

    /// Writes all that is held, at the peer's pace but not slower than [`limits::SLOWEST`].
    async fn flush(&mut self) {
        if self.out.is_empty() || self.gone {
            self.out = Vec::new();
            return;
        }
        let out = std::mem::take(&mut self.out);
        let deadline = limits::WRITE_PATIENCE + limits::at_slowest(out.len());
        let stream = &mut self.stream;
        let written = tokio::time::timeout(deadline, async {
            stream.write_all(&out).await?;
            stream.flush().await
        })
        .await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => {
                tracing::debug!(%cause, "cannot write to the peer");
                self.gone = true;
            }
            Err(_) => {
                tracing::info!(size_bytes = out.len(), "the peer does not read; giving it up");
                self.gone = true;
            }
        }
    }
}

/// How long the peer may still stay silent: a total per state, not per byte, so that a byte every
/// ten seconds buys nothing (RELIABILITY S-16).
///
/// It starts anew when the peer has moved the conversation on (the machine did anything but take
/// bytes in) or the machine's patience is another than before. Bytes of a body earn the time they
/// take at [`limits::SLOWEST`]. Our own time, spent answering or storing, is not the peer's.
struct Patience {
    full: Duration,
    left: Duration,
    moved: bool,
    /// Whether what is done now was caused by the peer; an event of ours is not the peer speaking.
    by_peer: bool,
}

impl Patience {
    fn new(full: Duration) -> Self {
        Self { full, left: full, moved: false, by_peer: true }
    }

    fn peer_moved(&mut self) {
        self.moved |= self.by_peer;
    }

    fn peer_sent(&mut self, bytes: usize) {
        self.left = self.full.min(self.left + limits::at_slowest(bytes));
    }

    fn begin(&mut self, full: Duration) -> Duration {
        if self.moved || full != self.full {
            *self = Self::new(full);
        }
        self.left
    }

    fn end(&mut self, waited: Duration, by_peer: bool) {
        self.left = self.left.saturating_sub(waited);
        self.by_peer = by_peer;
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{House, ITEM, Note, PATIENCE, Pki};
    use crate::{Tls, limits};
    use certs::Service;
    use std::time::Duration;
    use tokio::net::TcpSocket;

    #[tokio::test]
    async fn pipelined_commands_are_answered_in_order() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.send("echo a\nask b\necho c\nask d\nquit\n").await;
        for want in ["hello plain", "a", "answer b", "c", "answer d", "bye", ""] {
            assert_eq!(client.line().await, want);
        }
        assert_eq!(house.served().await.accepted, 1);
    }

    #[tokio::test]
    async fn starttls_upgrades_and_both_sides_know_the_same_channel() {
        let pki = Pki::new(Service::Submission);
        let house = House::open(Tls::StartTls(pki.server.clone()));
        let mut client = house.plain().await;
        assert_eq!(client.line().await, "hello plain");
        client.send("starttls\n").await;
        assert_eq!(client.line().await, "go");
        let mut client = client.secure(&pki.client()).await;
        let secured = client.line().await;
        let exporter = client
            .0
            .get_ref()
            .get_ref()
            .1
            .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .unwrap();
        let exporter: String = exporter.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(secured, format!("secured TLS1.3 TLS_AES_256_GCM_SHA384 certificate=false {exporter}"));
        client.send("echo again\nquit\n").await;
        assert_eq!(client.line().await, "again");
        assert_eq!(client.line().await, "bye");
        assert_eq!(client.line().await, "", "close_notify came, or reading would fail");
    }

    /// RELIABILITY T-01: commands in the clear after STARTTLS never reach the machine.
    #[tokio::test]
    async fn clear_text_after_starttls_is_never_seen() {
        let pki = Pki::new(Service::Submission);
        let mut house = House::open(Tls::StartTls(pki.server.clone()));
        let mut together = house.plain().await;
        together.send("starttls\necho injected\n").await;
        assert_eq!(together.line().await, "hello plain");
        assert_eq!(together.line().await, "injected");
        assert_eq!(together.line().await, "");
        assert_eq!(house.note().await, Note::Dropped);

        let mut later = house.plain().await;
        later.send("starttls\n").await;
        assert_eq!(later.line().await, "hello plain");
        assert_eq!(later.line().await, "go");
        later.send("ask injected\n").await;
        assert!(!later.line().await.contains("injected"));
        assert_eq!(house.note().await, Note::Gone, "the failed handshake ends the session");
    }

    #[tokio::test]
    async fn implicit_tls_opens_with_its_facts_and_introduces_the_peer_first() {
        let pki = Pki::new(Service::Mx);
        let mut house = House::open(Tls::Implicit(pki.server.clone()));
        let mut known = house.tls(&pki.operator()).await;
        let hello = known.line().await;
        assert!(hello.starts_with("hello TLS1.3 TLS_AES_256_GCM_SHA384 certificate=true "), "{hello}");
        let subject = "CN=mx.operateur.example,OU=318310021300028,O=GIP Santé,ST=Haute-Garonne (31),C=FR";
        assert_eq!(house.note().await, Note::Secured(subject.into()));

        let mut unknown = house.tls(&pki.client()).await;
        assert!(unknown.line().await.contains("certificate=false"));
        unknown.send("quit\n").await;
        assert_eq!(house.note().await, Note::Dropped, "nobody was introduced");
    }

    /// RELIABILITY I-02. The clock jumps whenever everything waits, so the write deadline passes
    /// as soon as the kernel's buffers are full.
    #[tokio::test(start_paused = true)]
    async fn a_pull_stops_when_the_peer_does_not_read_and_the_peer_is_given_up() {
        let mut house = House::open(Tls::Off);
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let stream = socket.connect(house.address).await.unwrap();
        stream.writable().await.unwrap();
        stream.try_write(b"pull 100000\n").unwrap();
        let mut pulled = 0;
        loop {
            match house.note().await {
                Note::Pulled => pulled += 1,
                Note::Gone => break,
                note => panic!("{note:?}"),
            }
        }
        // The kernel may hold some megabytes of a socket's output; we hold 64 KiB and an item.
        assert!(pulled * ITEM < 16 * 1024 * 1024, "{pulled} items pulled for a peer that took none");
        assert!(pulled * ITEM > limits::PENDING);
        drop(stream);
    }

    #[tokio::test]
    async fn a_pull_reaches_a_peer_that_reads_whole_and_in_order() {
        let pki = Pki::new(Service::Mailbox);
        let house = House::open(Tls::Implicit(pki.server.clone()));
        let mut client = house.tls(&pki.client()).await;
        client.line().await;
        client.send("echo before\npull 300\necho after\n").await;
        assert_eq!(client.line().await, "before");
        for item in 0..300 {
            assert_eq!(client.line().await.len(), ITEM - 1, "item {item}");
        }
        assert_eq!(client.line().await, "end");
        assert_eq!(client.line().await, "after");
    }

    #[tokio::test]
    async fn a_pushed_body_arrives_whole_and_in_order_in_the_clear_and_under_tls() {
        let pki = Pki::new(Service::Submission);
        let body: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
        let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
        let want = format!("body 1000000 {sum}");
        let mut message = b"body 1000000\n".to_vec();
        message.extend_from_slice(&body);
        message.extend_from_slice(b"echo next\n");

        let mut house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.line().await;
        client.send(&message).await;
        assert_eq!(client.line().await, want);
        assert_eq!(client.line().await, "next");
        assert_eq!(pushed(&mut house, body.len()).await, body);

        let mut house = House::open(Tls::Implicit(pki.server.clone()));
        let mut client = house.tls(&pki.client()).await;
        client.line().await;
        client.send(&message).await;
        assert_eq!(client.line().await, want);
        assert_eq!(client.line().await, "next");
        assert_eq!(pushed(&mut house, body.len()).await, body);
    }

    async fn pushed(house: &mut House, length: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < length {
            match house.note().await {
                Note::Pushed(piece) => body.extend(piece),
                note => panic!("{note:?}"),
            }
        }
        body
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_session() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        assert_eq!(client.line().await, "hello plain");
        let began = tokio::time::Instant::now();
        assert_eq!(client.line().await, "silence");
        let waited = began.elapsed();
        assert!(waited >= PATIENCE && waited < PATIENCE * 2, "{waited:?}");
        assert_eq!(client.line().await, "");
    }

    /// RELIABILITY S-16: patience is a total, not per byte.
    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_buys_no_time() {
        for (case, first) in [("a command", ""), ("a body", "body 100\n")] {
            let house = House::open(Tls::Off);
            let mut client = house.plain().await;
            assert_eq!(client.line().await, "hello plain");
            let began = tokio::time::Instant::now();
            client.send(first).await;
            let (mut reader, mut writer) = tokio::io::split(client.0.into_inner());
            let dripping = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    if tokio::io::AsyncWriteExt::write_all(&mut writer, b"x").await.is_err() {
                        break;
                    }
                }
            });
            let mut said = Vec::new();
            let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said).await;
            assert_eq!(said, b"silence\n", "{case}");
            assert!(began.elapsed() < PATIENCE * 2, "{case}: lived {:?}", began.elapsed());
            dripping.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_body_is_waited_for() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        assert_eq!(client.line().await, "hello plain");
        client.send("body 122880\n").await;
        let began = tokio::time::Instant::now();
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            client.send([1; 2048]).await;
        }
        assert!(began.elapsed() >= PATIENCE * 2);
        assert_eq!(client.line().await, "body 122880 122880");
    }

    #[tokio::test]
    async fn events_are_heard_only_while_listening() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.send("echo 1\n").await;
        assert_eq!(client.line().await, "hello plain");
        assert_eq!(client.line().await, "1");
        house.events.send_replace(7);
        client.send("echo 2\n").await;
        assert_eq!(client.line().await, "2", "not listening: the event waits");
        client.send("listen\n").await;
        assert_eq!(client.line().await, "listening");
        assert_eq!(client.line().await, "event 7", "and is told when listening begins");
        house.events.send_replace(8);
        assert_eq!(client.line().await, "event 8");
        client.send("done\n").await;
        assert_eq!(client.line().await, "done");
    }

    /// Our own words do not prove that the peer lives.
    #[tokio::test(start_paused = true)]
    async fn events_do_not_lengthen_patience() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.send("listen\n").await;
        assert_eq!(client.line().await, "hello plain");
        assert_eq!(client.line().await, "listening");
        let began = tokio::time::Instant::now();
        for event in 1..6 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            house.events.send_replace(event);
            assert_eq!(client.line().await, format!("event {event}"));
        }
        assert_eq!(client.line().await, "silence");
        assert!(began.elapsed() < PATIENCE + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_peer_that_leaves_is_told_to_the_machine_once() {
        let mut house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.send("body 100\nhalf of it").await;
        assert_eq!(client.line().await, "hello plain");
        drop(client);
        assert_eq!(house.note().await, Note::Pushed(b"half of it".to_vec()));
        assert_eq!(house.note().await, Note::Gone);
        assert_eq!(house.note().await, Note::Dropped);
    }

    /// A socket closed with unread input is reset, and on some systems a reset destroys what the
    /// peer has not read yet.
    #[tokio::test]
    async fn a_peer_that_goes_on_talking_hears_our_last_words_and_is_not_reset() {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        client.line().await;
        let mut talk = b"quit\n".to_vec();
        talk.extend(std::iter::repeat_n(*b"echo x\n", 5_000).flatten());
        client.send(talk).await;
        assert_eq!(client.line().await, "bye");
        assert_eq!(client.line().await, "");
        client.send("are you still there?\n").await;
        assert!(client.0.get_ref().take_error().unwrap().is_none());
    }
}
