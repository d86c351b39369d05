//! What the doors have seen, for the operator: sessions by how they ended, TLS by what was agreed.
//!
//! Names of doors, protocols and reasons only: never who it was.

use crate::accept::HandshakeError;
use crate::gate::Gate;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a session at a door ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionEnd {
    /// As the protocol ends.
    Closed,
    /// The peer left, the network failed, or the peer took too long.
    Gone,
    /// No TLS came about where TLS comes first.
    NoTls,
    /// It was cut off after a stop, or broke.
    CutOff,
}

impl SessionEnd {
    /// A stable word for metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Gone => "gone",
            Self::NoTls => "no-tls",
            Self::CutOff => "cut-off",
        }
    }
}

/// Sessions of one door that ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// The door.
    pub door: &'static str,
    /// How.
    pub end: SessionEnd,
    /// How many.
    pub count: u64,
}

/// TLS handshakes of one door with one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshakes {
    /// The door.
    pub door: &'static str,
    /// `TLS1.3`, `TLS1.2`; empty when it failed.
    pub version: &'static str,
    /// The group of the key exchange; the reason when it failed.
    pub group: &'static str,
    /// How many.
    pub count: u64,
}

/// What all doors have seen since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoorCounts {
    /// Sessions that have ended.
    pub sessions: Vec<Sessions>,
    /// Handshakes that came about.
    pub handshakes: Vec<Handshakes>,
    /// Handshakes that failed: `group` is why.
    pub failures: Vec<Handshakes>,
}

/// Behind the gate.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Cells>);

#[derive(Default)]
struct Cells {
    sessions: BTreeMap<(&'static str, SessionEnd), u64>,
    handshakes: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    failures: BTreeMap<(&'static str, &'static str), u64>,
}

impl Tally {
    pub(crate) fn secured(&self, door: &'static str, version: &'static str, group: &'static str) {
        *self.cells().handshakes.entry((door, version, group)).or_default() += 1;
    }

    pub(crate) fn failed(&self, door: &'static str, error: &HandshakeError) {
        let why = match error {
            HandshakeError::Slow => "slow",
            HandshakeError::Refused { .. } => "certificate",
            HandshakeError::Failed { .. } => "failed",
        };
        *self.cells().failures.entry((door, why)).or_default() += 1;
    }

    pub(crate) fn look(&self) -> DoorCounts {
        let cells = self.cells();
        DoorCounts {
            sessions: cells
                .sessions
                .iter()
                .map(|(&(door, end), &count)| Sessions { door, end, count })
                .collect(),
            handshakes: cells
                .handshakes
                .iter()
                .map(|(&(door, version, group), &count)| Handshakes { door, version, group, count })
                .collect(),
            failures: cells
                .failures
                .iter()
                .map(|(&(door, group), &count)| Handshakes { door, version: "", group, count })
                .collect(),
        }
    }

    /// Nothing under this lock can panic half way.
    fn cells(&self) -> MutexGuard<'_, Cells> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One session, counted when it is dropped.
pub(crate) struct Session {
    gate: Gate,
    door: &'static str,
    end: SessionEnd,
}

impl Session {
    /// Counts as cut off unless told otherwise: whoever breaks says nothing.
    pub(crate) fn begin(gate: &Gate, door: &'static str) -> Self {
        Self { gate: gate.clone(), door, end: SessionEnd::CutOff }
    }

    pub(crate) fn ends(&mut self, end: SessionEnd) {
        self.end = end;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        *self.gate.tally().cells().sessions.entry((self.door, self.end)).or_default() += 1;
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Session({})", self.door)
    }
}
