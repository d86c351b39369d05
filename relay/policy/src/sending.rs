//! How much one mailbox may send: a stolen password must not reach every patient in a night.

use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What one mailbox may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Letters in an hour of the clock.
    pub letters_per_hour: u32,
    /// Letters in twenty-four hours of the clock.
    pub letters_per_day: u32,
    /// Different patients in a day (UTC).
    pub patients_per_day: u32,
}

/// Section `[policy.sending]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allowances {
    /// Of mailboxes that people write from (PER, ORG, CAB).
    pub people: Allowance,
    /// Of machines' (APP): a laboratory sends results all night.
    pub machines: Allowance,
}

impl Default for Allowances {
    fn default() -> Self {
        Self {
            people: Allowance { letters_per_hour: 500, letters_per_day: 2_000, patients_per_day: 500 },
            machines: Allowance {
                letters_per_hour: 10_000,
                letters_per_day: 100_000,
                patients_per_day: 50_000,
            },
        }
    }
}

/// What a mailbox has sent before this letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// Letters in this hour.
    pub letters_in_hour: u64,
    /// Letters in this hour and the twenty-three before.
    pub letters_in_day: u64,
    /// Different patients reached today, this letter's other recipients included.
    pub patients_in_day: u64,
}

/// Whom one more recipient would be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// A professional, or a patient who was written to today already.
    Known,
    /// A patient not yet written to today.
    NewPatient,
}

/// Whether one more letter, to this recipient, is within the allowance.
pub fn may_send(allowance: &Allowance, sent: &Sent, reached: Reached) -> Result<(), Refusal> {
    if sent.letters_in_hour >= u64::from(allowance.letters_per_hour) {
        return Err(Refusal::TooManyLettersInHour);
    }
    if sent.letters_in_day >= u64::from(allowance.letters_per_day) {
        return Err(Refusal::TooManyLettersInDay);
    }
    match reached {
        Reached::NewPatient if sent.patients_in_day >= u64::from(allowance.patients_per_day) => {
            Err(Refusal::TooManyPatientsInDay)
        }
        Reached::NewPatient | Reached::Known => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_letter_of_an_allowance_leaves_and_the_next_does_not() {
        let allowance = Allowance { letters_per_hour: 3, letters_per_day: 5, patients_per_day: 2 };
        let sent = |letters_in_hour, letters_in_day, patients_in_day| Sent {
            letters_in_hour,
            letters_in_day,
            patients_in_day,
        };
        for (case, sent, reached, want) in [
            ("nothing yet", sent(0, 0, 0), Reached::NewPatient, Ok(())),
            ("the last of the hour", sent(2, 2, 0), Reached::Known, Ok(())),
            ("one too many in the hour", sent(3, 3, 0), Reached::Known, Err(Refusal::TooManyLettersInHour)),
            ("the last of the day", sent(0, 4, 0), Reached::Known, Ok(())),
            ("one too many in the day", sent(0, 5, 0), Reached::Known, Err(Refusal::TooManyLettersInDay)),
            ("the last patient", sent(0, 0, 1), Reached::NewPatient, Ok(())),
            ("one patient too many", sent(0, 0, 2), Reached::NewPatient, Err(Refusal::TooManyPatientsInDay)),
            ("the same patient again", sent(0, 0, 2), Reached::Known, Ok(())),
        ] {
            assert_eq!(may_send(&allowance, &sent, reached), want, "{case}");
        }
    }
}
