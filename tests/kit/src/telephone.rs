//! A telephone that makes codes (RFC 6238), as an administrator carries one.

use crate::loopback::now;
use crate::until::{Limit, until};
use std::time::Duration;
use totp_rs::{Builder, Secret, Totp};

/// How long a code is shown (RFC 6238 §5.2).
const STEP: u64 = 30;
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
        let step = until(PATIENCE, || {
            let present = now().0.unsigned_abs() / 1_000 / STEP;
            let next = (self.last + 1).max(present - 1);
            (next <= present + 1).then_some(next)
        });
        self.last = step;
        self.codes.generate(step * STEP).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_given_twice() {
        let mut telephone = Telephone::taught("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        let codes = [telephone.code(), telephone.code(), telephone.code()];
        assert!(codes.iter().all(|code| code.len() == 6), "{codes:?}");
        assert!(codes[0] != codes[1] || codes[1] != codes[2], "{codes:?}");
    }
}
