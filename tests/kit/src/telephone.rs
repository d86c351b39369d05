//! A telephone that makes codes (RFC 6238), as an administrator carries one.

use crate::loopback::now;
use crate::until::{Limit, until};
use std::time::Duration;
use totp_rs::{Builder, Secret, Totp};

/// How long a code is shown (RFC 6238 §5.2).
const STEP: u64 = 30;
/// A code that the server stops taking within so many seconds is not given: it is typed, and sent, first.
const TYPED: u64 = 10;
/// The next code is awaited at most this long.
const PATIENCE: Limit = Limit(Duration::from_secs(2 * STEP), "the next code of a telephone");

/// A telephone that was taught a secret. Each code it gives is one the server has not taken yet.
pub struct Telephone {
    codes: Totp,
    last: u64,
}

impl Telephone {
    /// One that knows this secret, as the page spells it (RFC 4648 §6).
    ///
    /// # Panics
    /// When it is no secret.
    #[must_use]
    pub fn taught(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).expect("a secret in base 32");
        Self { codes: Builder::new().with_secret(secret).build().expect("a secret of 20 octets"), last: 0 }
    }

    /// A fresh code. The server takes the one before and the one after too, so that two sign-ins in a row
    /// do not wait.
    pub fn code(&mut self) -> String {
        let step = until(PATIENCE, || step_after(self.last, now().0.unsigned_abs() / 1_000));
        self.last = step;
        self.codes.generate(step * STEP).to_string()
    }
}

/// The oldest step after another that the server takes, and will for a while.
fn step_after(last: u64, seconds: u64) -> Option<u64> {
    let next = (last + 1).max((seconds + TYPED) / STEP - 1);
    (next <= seconds / STEP + 1).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_until_it_is_typed_and_the_telephone_waits_for_one_that_the_server_takes() {
        for (last, seconds, step) in [
            (0, 3_000, Some(99)),
            (0, 3_019, Some(99)),
            // The server would take the 99th for a moment only.
            (0, 3_020, Some(100)),
            (0, 3_029, Some(100)),
            (99, 3_000, Some(100)),
            (100, 3_000, Some(101)),
            (101, 3_000, None),
            (101, 3_030, Some(102)),
        ] {
            assert_eq!(step_after(last, seconds), step, "after {last}, at {seconds}");
        }
    }

    #[test]
    fn no_code_is_given_twice() {
        let mut telephone = Telephone::taught("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        let codes = [telephone.code(), telephone.code(), telephone.code()];
        assert!(codes.iter().all(|code| code.len() == 6), "{codes:?}");
        assert!(codes[0] != codes[1] || codes[1] != codes[2], "{codes:?}");
    }
}
