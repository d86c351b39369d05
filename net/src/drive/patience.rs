//! How long a peer is waited for.

use crate::limits;
use std::time::Duration;

/// How long the peer may still stay silent: a total per state, not per byte, so that a byte every
/// ten seconds buys nothing (RELIABILITY S-16).
///
/// It starts anew when the peer has moved the conversation on (the machine did anything but take
/// bytes in) or the machine's patience is another than before. Bytes of a body earn the time they
/// take at [`limits::SLOWEST`]. Our own time, spent answering or storing, is not the peer's.
pub(super) struct Patience {
    full: Duration,
    left: Duration,
    moved: bool,
    /// Whether what is done now was caused by the peer; an event of ours is not the peer speaking.
    by_peer: bool,
}

impl Patience {
    pub(super) fn new(full: Duration) -> Self {
        Self { full, left: full, moved: false, by_peer: true }
    }

    pub(super) fn peer_moved(&mut self) {
        self.moved |= self.by_peer;
    }

    pub(super) fn peer_sent(&mut self, bytes: usize) {
        self.left = self.full.min(self.left + limits::at_slowest(bytes));
    }

    pub(super) fn begin(&mut self, full: Duration) -> Duration {
        if self.moved || full != self.full {
            *self = Self::new(full);
        }
        self.left
    }

    pub(super) fn end(&mut self, waited: Duration, by_peer: bool) {
        self.left = self.left.saturating_sub(waited);
        self.by_peer = by_peer;
    }
}
