//! Failed sign-ins over all doors, as a wave: the alarm of RELIABILITY A-01. Many accounts tried once or
//! twice each, from many networks, stay under every other limit.

use crate::limits;
use names::Timestamp;

/// Failures in the present span of time, and what a span usually sees. Pure: `now` is an argument.
#[derive(Debug)]
pub(crate) struct Surge {
    began: Timestamp,
    failures: u32,
    /// Failures of a usual span.
    usual: f64,
    told: bool,
}

/// How far from usual it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wave {
    /// Failures in the present span.
    pub(crate) failures: u32,
    /// Failures of a usual one.
    pub(crate) usual: f64,
}

impl Surge {
    pub(crate) fn new() -> Self {
        Self { began: Timestamp(0), failures: 0, usual: 0.0, told: false }
    }

    /// One more failure; a wave the first time a span sees ten times the usual.
    pub(crate) fn failed(&mut self, now: Timestamp) -> Option<Wave> {
        self.roll(now);
        self.failures = self.failures.saturating_add(1);
        let usual = self.usual.max(limits::SURGE_FLOOR);
        if self.told || f64::from(self.failures) < limits::SURGE_FACTOR * usual {
            return None;
        }
        self.told = true;
        Some(Wave { failures: self.failures, usual: self.usual })
    }

    /// Ends the spans that are over. What a wave brought counts as usual only little by little.
    fn roll(&mut self, now: Timestamp) {
        let spans = now.since(self.began) / limits::SURGE_SPAN;
        if (0..1).contains(&spans) {
            return;
        }
        let weight = limits::SURGE_WEIGHT;
        self.usual += weight * (f64::from(self.failures) - self.usual);
        // Quiet spans between; a clock set back begins anew.
        self.usual *= (1.0 - weight).powi(i32::try_from((spans - 1).clamp(0, 10_000)).unwrap_or(0));
        self.began = now;
        self.failures = 0;
        self.told = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::MINUTE;

    const NOW: Timestamp = Timestamp(1_795_318_467_000);

    /// So many failures in each of so many spans; the waves told.
    fn play(surge: &mut Surge, from: Timestamp, spans: i64, failures: u32) -> Vec<Wave> {
        let at = |span: i64| from.plus(span * limits::SURGE_SPAN);
        (0..spans)
            .flat_map(|span| (0..failures).map(move |_| span))
            .filter_map(|span| surge.failed(at(span)))
            .collect()
    }

    #[test]
    fn a_01_ten_times_the_usual_is_told_once_in_a_span() {
        let mut surge = Surge::new();
        assert_eq!(play(&mut surge, NOW, 50, 40), [], "what is usual here");
        let after = NOW.plus(50 * limits::SURGE_SPAN);
        let told = play(&mut surge, after, 1, 4_000);
        assert_eq!(told.len(), 1);
        assert!((390..=400).contains(&told[0].failures), "{told:?}");
        let next = after.plus(limits::SURGE_SPAN);
        assert_eq!(play(&mut surge, next, 1, 40), [], "it is over");
    }

    #[test]
    fn a_small_house_is_not_woken_for_a_handful() {
        let mut surge = Surge::new();
        assert_eq!(play(&mut surge, NOW, 20, 99), []);
        let quiet = NOW.plus(40 * 24 * 60 * MINUTE);
        assert_eq!(play(&mut surge, quiet, 1, 99), []);
        assert_eq!(play(&mut surge, quiet.plus(limits::SURGE_SPAN), 1, 200).len(), 1);
        assert_eq!(surge.failed(NOW), None, "a clock set back begins anew");
    }
}
