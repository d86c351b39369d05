//! What this room counts for the operator: letters and sign-ins, by door. Names of doors, rules and
//! mechanisms only: never who it was.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Letters, or recipients refused at RCPT, of one door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// `submission`, `mx`, `web`.
    pub door: &'static str,
    /// The rule that refused; `accepted` for letters taken.
    pub rule: &'static str,
    /// How many.
    pub count: u64,
}

/// Attempts to sign in at one door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIns {
    /// The door.
    pub door: &'static str,
    /// How.
    pub mechanism: &'static str,
    /// `ok`, `refused`, `delayed`, `unavailable`.
    pub outcome: &'static str,
    /// How many.
    pub count: u64,
}

/// What a relay has counted since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Letters taken and refused.
    pub letters: Vec<Letters>,
    /// Attempts to sign in.
    pub sign_ins: Vec<SignIns>,
    /// Recipients dropped from the queue of whom nobody could be told.
    pub dropped_untold: u64,
}

/// Counts. The keys are words of the program, so that there are few.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Cells>);

#[derive(Default)]
struct Cells {
    letters: BTreeMap<(&'static str, &'static str), u64>,
    sign_ins: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    dropped_untold: u64,
}

impl Tally {
    pub(crate) fn accepted(&self, door: &'static str) {
        *self.cells().letters.entry((door, "accepted")).or_default() += 1;
    }

    pub(crate) fn refused(&self, door: &'static str, rule: &'static str) {
        *self.cells().letters.entry((door, rule)).or_default() += 1;
    }

    pub(crate) fn signed_in(&self, door: &'static str, mechanism: &'static str, outcome: &'static str) {
        *self.cells().sign_ins.entry((door, mechanism, outcome)).or_default() += 1;
    }

    pub(crate) fn dropped_untold(&self, recipients: u64) {
        self.cells().dropped_untold += recipients;
    }

    pub(crate) fn look(&self) -> RelayCounts {
        let cells = self.cells();
        let letters = cells.letters.iter();
        let sign_ins = cells.sign_ins.iter();
        RelayCounts {
            letters: letters.map(|(&(door, rule), &count)| Letters { door, rule, count }).collect(),
            sign_ins: sign_ins
                .map(|(&(door, mechanism, outcome), &count)| SignIns { door, mechanism, outcome, count })
                .collect(),
            dropped_untold: cells.dropped_untold,
        }
    }

    /// Nothing under this lock can panic half way.
    fn cells(&self) -> MutexGuard<'_, Cells> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
