//! The one signal that stops every door.

use tokio::sync::watch;

/// Held by the one who may stop the server.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

/// Seen by everything that must stop.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Receiver<bool>);

impl Stop {
    /// A signal not yet given, and the eyes to see it with.
    #[must_use]
    pub fn new() -> (Self, StopSignal) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), StopSignal(receiver))
    }

    /// Gives the signal. It cannot be taken back.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl StopSignal {
    /// Whether the signal was given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the signal is given, or when nobody is left to give it. Cancel-safe.
    pub async fn given(&mut self) {
        // An error says that the `Stop` was dropped: nobody owns the server any more.
        let _ = self.0.wait_for(|given| *given).await;
    }
}
