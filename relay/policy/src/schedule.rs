//! When to try an alert again.

use names::Timestamp;

use crate::limits::{ALERT_EXPIRY, ALERT_WAITS};

/// When to try again after `attempt` failures (one or more) of what was first tried at `first`, or
/// none to give up: after 1, 5, 15, 30, 60 minutes, then hourly, for 48 hours.
#[must_use]
pub fn next_attempt(attempt: u32, first: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let next = now.plus(ALERT_WAITS[step.min(ALERT_WAITS.len() - 1)]);
    (next < first.plus(ALERT_EXPIRY)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{HOUR, MINUTE};

    #[test]
    fn waits_grow_to_an_hour_and_end_after_two_days() {
        let first = Timestamp(1_000_000);
        let (mut now, mut waits, mut attempt) = (first, Vec::new(), 0);
        while let Some(next) = next_attempt(attempt + 1, first, now) {
            waits.push(next.since(now));
            (now, attempt) = (next, attempt + 1);
        }
        assert_eq!(waits[..6], [1, 5, 15, 30, 60, 60].map(|minutes| minutes * MINUTE));
        assert!(waits[4..].iter().all(|&wait| wait == HOUR));
        assert!((47 * HOUR..48 * HOUR).contains(&now.since(first)), "last try after {} ms", now.since(first));
        assert_eq!(next_attempt(u32::MAX, first, first.plus(48 * HOUR)), None);
    }

    #[test]
    fn a_count_of_zero_waits_like_one() {
        assert_eq!(next_attempt(0, Timestamp(0), Timestamp(0)), Some(Timestamp(MINUTE)));
    }
}
