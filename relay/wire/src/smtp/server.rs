//! The state machine of one session.

use super::{Answer, Ask, Config};
use crate::{Actions, Input, Machine};
use names::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// One session of an SMTP door.
pub struct Server {
    config: Arc<Config>,
}

impl Server {
    /// A session that has not begun; [`Input::Open`] begins it. On an implicit-TLS port (465) the
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
        out.push(crate::Action::Close);
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(300)
    }
}
