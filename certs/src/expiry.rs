//! The end of our own certificates, announced early. RELIABILITY T-13

use crate::limits;
use crate::reload::ServerIdentity;
use names::{DAY, Timestamp};

/// A certificate that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiryAlarm {
    /// The names it is good for.
    pub names: Vec<String>,
    /// Its serial number.
    pub serial: String,
    /// Its last moment.
    pub not_after: Timestamp,
    /// Whole days that are left; negative when it has ended.
    pub days_left: i64,
    /// The threshold that was passed last, in days: 30, 14, 7 or 1; 0 when it has ended. Whoever
    /// warns once for each threshold remembers this number.
    pub threshold: i64,
}

impl ServerIdentity {
    /// Those of the shown certificates whose end is at most 30 days off, the most urgent first.
    #[must_use]
    pub fn expiry_alarms(&self, now: Timestamp) -> Vec<ExpiryAlarm> {
        let mut alarms: Vec<ExpiryAlarm> = Vec::new();
        for identity in self.current().iter() {
            let left = identity.not_after.since(now);
            let passed = limits::EXPIRY_ALARMS.iter().rfind(|threshold| left <= **threshold);
            let Some(threshold) = passed else { continue };
            alarms.push(ExpiryAlarm {
                names: identity.names.clone(),
                serial: identity.serial.clone(),
                not_after: identity.not_after,
                days_left: left.div_euclid(DAY),
                threshold: if left < 0 { 0 } else { threshold / DAY },
            });
        }
        alarms.sort_by_key(|alarm| alarm.not_after);
        alarms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, invented_authority, server_identity};

    #[test]
    fn the_end_of_a_certificate_is_announced_at_30_14_7_and_1_days() {
        let authority = invented_authority();
        let identity = server_identity(&authority, "mail.example");
        let end = identity.not_after;
        let shown = ServerIdentity::fixed(vec![identity]);
        let hour = DAY / 24;
        for (case, now, want) in [
            ("a year before", end.plus(-365 * DAY), None),
            ("31 days before", end.plus(-31 * DAY), None),
            ("30 days before", end.plus(-30 * DAY), Some((30, 30))),
            ("15 days before", end.plus(-15 * DAY), Some((30, 15))),
            ("14 days before", end.plus(-14 * DAY), Some((14, 14))),
            ("7 days and an hour before", end.plus(-7 * DAY - hour), Some((14, 7))),
            ("7 days before", end.plus(-7 * DAY), Some((7, 7))),
            ("a day before", end.plus(-DAY), Some((1, 1))),
            ("an hour before", end.plus(-hour), Some((1, 0))),
            ("an hour after", end.plus(hour), Some((0, -1))),
        ] {
            let alarms = shown.expiry_alarms(now);
            let got = alarms.first().map(|alarm| (alarm.threshold, alarm.days_left));
            assert_eq!(got, want, "{case}");
        }
    }

    #[test]
    fn the_most_urgent_certificate_comes_first() {
        let authority = invented_authority();
        let mut late = server_identity(&authority, "late.example");
        let mut soon = server_identity(&authority, "soon.example");
        late.not_after = NOW.plus(20 * DAY);
        soon.not_after = NOW.plus(2 * DAY);
        let alarms = ServerIdentity::fixed(vec![late, soon]).expiry_alarms(NOW);
        let names: Vec<&str> = alarms.iter().map(|alarm| alarm.names[0].as_str()).collect();
        assert_eq!(names, ["soon.example", "late.example"]);
    }
}
