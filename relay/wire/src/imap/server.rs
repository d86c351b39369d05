//! The state machine of one session.

use std::sync::Arc;
use std::time::Duration;

use names::Timestamp;

use super::{Answer, Ask, Config};
use crate::{Action, Actions, Input, Machine};

/// One session of an IMAP door.
pub struct Server {
    config: Arc<Config>,
}

impl Server {
    /// A session that has not begun; [`Input::Open`] begins it. On an implicit-TLS port (993) the
    /// driver opens it with the facts of the handshake, and STARTTLS is then not offered.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config }
    }
}

impl Machine for Server {
    type Ask = Ask;
    type Answer = Answer;

    fn step(&mut self, _input: Input<'_, Answer>, _now: Timestamp, out: &mut Actions<Ask>) {
        let _ = &self.config;
        out.push(Action::Close);
    }

    fn patience(&self) -> Duration {
        super::limits::PATIENCE
    }
}
