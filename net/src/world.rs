//! What a machine asks: the side of a connection that knows accounts, rules and letters.

use bytes::Bytes;
use std::future::Future;
use wire::Machine;

/// Answers one machine's questions; one value per connection, dropped when the connection ends.
///
/// The driver calls one method at a time and awaits it before anything else happens on the
/// connection. Only [`World::event`] is ever cancelled half way (the peer may speak first); the
/// others are dropped only when the whole connection is aborted at the end of a stop.
pub trait World<M: Machine>: Send {
    /// Answers an `Action::Ask`.
    fn answer(&mut self, ask: M::Ask) -> impl Future<Output = M::Answer> + Send;

    /// Begins an `Action::Pull`; [`World::pull`] is called next. A pull that was begun earlier and
    /// not drained (the peer has gone) is forgotten.
    fn open(&mut self, ask: M::Ask) -> impl Future<Output = ()> + Send {
        drop(ask);
        std::future::ready(())
    }

    /// The next item of the open pull, `None` at its end. Called when the peer has taken most of
    /// what was sent before, so a world should make items of at most some tens of kilobytes and
    /// prepare no more than one ahead.
    fn pull(&mut self) -> impl Future<Output = Option<M::Answer>> + Send {
        std::future::ready(None)
    }

    /// Takes a piece of a streamed body, in order. Nothing more is read from the peer before it
    /// returns. Failures are kept by the world and told at the ask that ends the stream.
    fn push(&mut self, piece: Bytes) -> impl Future<Output = ()> + Send;

    /// Waits for something the machine should hear of. Polled only while `Machine::listening`.
    ///
    /// Must be cancel-safe: the future is dropped whenever the peer says something, and no event
    /// may be lost by that.
    fn event(&mut self) -> impl Future<Output = M::Answer> + Send {
        std::future::pending()
    }

    /// The peer showed a certificate and it was accepted. Called before the machine's
    /// `Input::Open` (implicit TLS) or `Input::Secured`; never called for a client that shows none.
    fn secured(&mut self, peer: &certs::PeerInfo) {
        let _ = peer;
    }
}

/// A world that outlives its connections: who dials twice for one handshake lends it twice.
impl<M: Machine, W: World<M>> World<M> for &mut W {
    async fn answer(&mut self, ask: M::Ask) -> M::Answer {
        W::answer(self, ask).await
    }

    async fn open(&mut self, ask: M::Ask) {
        W::open(self, ask).await;
    }

    async fn pull(&mut self) -> Option<M::Answer> {
        W::pull(self).await
    }

    async fn push(&mut self, piece: Bytes) {
        W::push(self, piece).await;
    }

    async fn event(&mut self) -> M::Answer {
        W::event(self).await
    }

    fn secured(&mut self, peer: &certs::PeerInfo) {
        W::secured(self, peer);
    }
}
