//! Who guesses addresses (RELIABILITY S-07, S-10): one count for each operator, over all its connections.

use super::limits::{STRIKES, STRIKES_TIME, WATCHED};
use names::{DistinguishedName, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts of all operators. Clones are one.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<HashMap<String, Window>>>);

#[derive(Clone, Copy)]
struct Window {
    begun: Timestamp,
    strikes: u32,
}

/// What a strike came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Strike {
    /// It was counted.
    Counted,
    /// It was one too many: from now on this operator waits. Told once.
    Alarm,
}

impl Watch {
    /// Somebody asked for what nobody has.
    pub(super) fn strike(&self, peer: &DistinguishedName, now: Timestamp) -> Strike {
        let mut windows = self.windows();
        if windows.len() >= WATCHED {
            windows.retain(|_, window| window.lasts(now));
        }
        let window = windows.entry(peer.key().to_owned()).or_insert(Window { begun: now, strikes: 0 });
        if !window.lasts(now) {
            *window = Window { begun: now, strikes: 0 };
        }
        window.strikes += 1;
        if window.strikes == STRIKES + 1 {
            // The wait is counted from here.
            window.begun = now;
            return Strike::Alarm;
        }
        Strike::Counted
    }

    /// How long this operator must wait, in ms.
    pub(super) fn wait(&self, peer: &DistinguishedName, now: Timestamp) -> Option<i64> {
        let windows = self.windows();
        let window = windows.get(peer.key()).filter(|window| window.lasts(now))?;
        (window.strikes > STRIKES).then(|| window.begun.plus(STRIKES_TIME).0 - now.0)
    }

    /// Nothing under this lock can panic half way through a change.
    fn windows(&self) -> MutexGuard<'_, HashMap<String, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn lasts(self, now: Timestamp) -> bool {
        now < self.begun.plus(STRIKES_TIME)
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Watch({} operators)", self.windows().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_operator_waits_for_its_own_guesses_and_only_for_a_while() {
        let watch = Watch::default();
        let [guesses, honest] =
            ["CN=a,O=A,C=FR", "CN=b,O=B,C=FR"].map(|name| DistinguishedName::parse(name).unwrap());
        let now = Timestamp(1_000_000);
        for _ in 0..STRIKES {
            assert_eq!(watch.strike(&guesses, now), Strike::Counted);
        }
        assert_eq!(watch.wait(&guesses, now), None);
        assert_eq!(watch.strike(&guesses, now.plus(1)), Strike::Alarm);
        assert_eq!(watch.strike(&guesses, now.plus(2)), Strike::Counted);
        assert_eq!(watch.wait(&guesses, now.plus(2)), Some(STRIKES_TIME - 1));
        assert_eq!(watch.wait(&honest, now.plus(2)), None);
        assert_eq!(watch.wait(&guesses, now.plus(1 + STRIKES_TIME)), None);
        assert_eq!(watch.strike(&guesses, now.plus(1 + STRIKES_TIME)), Strike::Counted);
    }
}
