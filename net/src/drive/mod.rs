//! The one loop that pumps a machine over a connection.

mod patience;
#[cfg(test)]
mod tests;

use crate::accept::{ConnInfo, handshake};
use crate::dial::{self, Connector};
use crate::gate::Gate;
use crate::stop::StopSignal;
use crate::{Stream, World, limits};
use arc_swap::ArcSwap;
use names::Clock;
use patience::Patience;
use rustls::ServerConfig;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use wire::{Action, Actions, Input, LinkFault, Machine, TlsFault};

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The machine closed it.
    Closed,
    /// The peer left, the network failed, or the peer did not take what was sent in time.
    Gone,
    /// A certificate was accepted by the verifier and yet cannot be read.
    Unreadable,
    /// The handshake broke as it does when something on the way cannot carry a long ClientHello.
    /// The machine heard nothing of it: who dials tries again ([`Connector::again`]).
    CutOff,
}

/// What a conversation takes from its door, or from who dials.
pub(crate) struct Terms {
    pub(crate) side: Side,
    pub(crate) clock: Clock,
    pub(crate) stop: StopSignal,
}

/// Which side of the connection is ours, and what it has for `Action::StartTls`.
pub(crate) enum Side {
    /// The peer came to us.
    Accepted {
        starttls: Option<Arc<ArcSwap<ServerConfig>>>,
        /// Whom a failed handshake was with.
        info: ConnInfo,
        /// Where handshakes are counted.
        gate: Gate,
    },
    /// We went to the peer.
    Dialled(Connector),
}

/// Pumps `machine` until it closes or the peer is gone and the machine has nothing left to ask.
pub(crate) async fn drive<M: Machine, W: World<M>>(
    stream: Stream,
    machine: M,
    world: W,
    terms: Terms,
) -> Ending {
    Drive::new(stream, machine, world, terms).run().await
}

/// Tells a machine that there is no connection for it, or that there will be none, and answers what
/// it asks because of that.
pub(crate) async fn tell<M: Machine, W: World<M>>(
    input: Input<'_, M::Answer>,
    machine: M,
    world: W,
    terms: Terms,
) {
    Drive::new(Stream::none(), machine, world, terms).last(input).await;
}

/// One conversation.
pub(crate) struct Drive<M: Machine, W> {
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
    /// Why, when TLS said it.
    fault: Option<TlsFault>,
    /// The machine was told that the server stops.
    stopping: bool,
    /// The peer has shown its certificate.
    pub(crate) secured: bool,
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
    pub(crate) fn new(stream: Stream, machine: M, world: W, terms: Terms) -> Self {
        let patience = Patience::new(machine.patience());
        Self {
            stream,
            machine,
            world,
            terms,
            queue: VecDeque::new(),
            out: Vec::new(),
            pulling: false,
            gone: false,
            fault: None,
            stopping: false,
            secured: false,
            patience,
        }
    }

    /// Pumps until the machine closes, or the peer is gone and nothing is left to ask.
    pub(crate) async fn run(&mut self) -> Ending {
        if let Err(ending) = self.introduce() {
            if matches!(self.terms.side, Side::Dialled(_)) {
                self.last(Input::Failed(LinkFault::Tls(dial::unreadable()))).await;
            }
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
                    self.overhear().await;
                    return self.say_gone().await;
                }
                self.wait().await;
            }
        }
    }

    /// Gives the machine one input and queues what it wants.
    fn step(&mut self, input: Input<'_, M::Answer>) {
        // Bytes are written where those before them are held, unless something else comes between:
        // a listing of a folder is ten thousand small steps.
        let held = if self.queue.is_empty() { std::mem::take(&mut self.out) } else { Vec::new() };
        let before = held.len();
        let mut actions = Actions::behind(held);
        self.machine.step(input, self.terms.clock.now(), &mut actions);
        let mut actions = match actions.into_bytes() {
            Ok(bytes) if self.queue.is_empty() => {
                if bytes.len() > before {
                    self.patience.peer_moved();
                }
                self.out = if self.gone { Vec::new() } else { bytes };
                return;
            }
            Ok(bytes) => Actions::behind(bytes),
            Err(actions) => actions,
        };
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
                    if self.out.len() > limits::PENDING {
                        self.flush().await;
                    }
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
                    self.stream.hold_last_words();
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
                    self.fault = dial::said_by_tls(&cause);
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

    /// A peer that refuses in the middle of what we send and closes has said why before: those words
    /// wait to be read, although nothing can be written any more. So do the alerts of TLS 1.3, in
    /// which a server refuses our certificate when for us the handshake is long done.
    async fn overhear(&mut self) {
        if !matches!(self.terms.side, Side::Dialled(_)) {
            return;
        }
        let mut actions = Actions::default();
        let Self { stream, machine, terms, fault, .. } = self;
        let clock = &terms.clock;
        let hearing = async {
            loop {
                match stream.read(|bytes| machine.step(Input::Bytes(bytes), clock.now(), &mut actions)).await
                {
                    Ok(Some(())) => {}
                    Ok(None) => return,
                    Err(cause) => {
                        *fault = fault.take().or_else(|| dial::said_by_tls(&cause));
                        return;
                    }
                }
            }
        };
        let _ = tokio::time::timeout(limits::LAST_WORDS, hearing).await;
        self.queue.extend(actions.drain());
    }

    /// Tells the machine that the peer is gone.
    async fn say_gone(&mut self) -> Ending {
        let input = match (self.fault.take(), &self.terms.side) {
            (Some(fault), Side::Dialled(_)) => Input::Failed(LinkFault::Tls(fault)),
            (_, Side::Accepted { .. }) | (None, Side::Dialled(_)) => Input::Gone,
        };
        self.last(input).await
    }

    /// Gives the machine its last input and answers what it still asks (a letter half received is to
    /// be discarded).
    async fn last(&mut self, input: Input<'_, M::Answer>) -> Ending {
        self.step(input);
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
        match &self.terms.side {
            Side::Accepted { starttls, info, gate } => {
                let Some(config) = starttls.as_ref().map(|config| config.load_full()) else {
                    tracing::error!("a machine asked for TLS at a door that has none to offer");
                    self.gone = true;
                    return Ok(());
                };
                if let Err(error) = handshake(&mut self.stream, config, gate, info.door).await {
                    error.log(info);
                    self.gone = true;
                    return Ok(());
                }
                self.introduce()?;
            }
            Side::Dialled(connector) => {
                if let Err(fault) = connector.secure(&mut self.stream).await {
                    if connector.again && fault.is_cut_off() {
                        return Err(Ending::CutOff);
                    }
                    self.gone = true;
                    self.step(Input::Failed(LinkFault::Tls(fault)));
                    return Ok(());
                }
                if self.introduce().is_err() {
                    self.gone = true;
                    self.step(Input::Failed(LinkFault::Tls(dial::unreadable())));
                    return Ok(());
                }
            }
        }
        let facts = self.stream.facts().unwrap_or_default();
        self.step(Input::Secured(facts));
        Ok(())
    }

    /// Shows the world the peer's certificate.
    fn introduce(&mut self) -> Result<(), Ending> {
        match self.stream.peer() {
            Ok(Some(peer)) => {
                self.secured = true;
                self.world.secured(&peer);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!("cannot read an accepted certificate: {error}");
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
        let mut out = std::mem::take(&mut self.out);
        let patience = match self.terms.side {
            Side::Accepted { .. } => limits::WRITE_PATIENCE,
            Side::Dialled(_) => limits::BLOCK_PATIENCE,
        };
        let deadline = patience + limits::at_slowest(out.len());
        let stream = &mut self.stream;
        let written = tokio::time::timeout(deadline, async {
            stream.write_all(&out).await?;
            stream.flush().await
        })
        .await;
        match written {
            Ok(Ok(())) => {
                // More of the stream follows at once.
                if self.pulling {
                    out.clear();
                    self.out = out;
                }
            }
            Ok(Err(cause)) => {
                tracing::debug!(%cause, "cannot write to the peer");
                self.fault = dial::said_by_tls(&cause);
                self.gone = true;
            }
            Err(_) => {
                tracing::info!(size_bytes = out.len(), "the peer does not read; giving it up");
                self.gone = true;
            }
        }
    }
}
