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
