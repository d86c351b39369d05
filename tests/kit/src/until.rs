//! Waiting for a state, with a limit; never for a time.

use crate::limits::LOOK;
use std::time::{Duration, Instant};

/// How long to wait, and what to say when it was too long.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub Duration, pub &'static str);

/// Looks until `look` sees something.
///
/// # Panics
/// When the limit has passed.
pub fn until<T>(limit: Limit, mut look: impl FnMut() -> Option<T>) -> T {
    let Limit(time, what) = limit;
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < time, "waited {time:?} in vain for {what}");
        // Parking, not sleeping: nothing depends on how long this is.
        std::thread::park_timeout(LOOK);
    }
}
