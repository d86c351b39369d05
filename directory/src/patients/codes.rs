//! The temporary code of a profile (DOMAIN §6.2): twelve letters and digits, one at a time, kept as keyed
//! hash. It opens activation or opposition together with what else is asked; activation uses it up.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use db::{Tx, args};
use names::{Entropy, PatientId, Timestamp};
use zeroize::Zeroizing;

use crate::sealing::Sealing;
use crate::{Error, limits};

/// Of `[0-9A-Za-z]`, those that nobody mistakes for another: no 0 O o, 1 I l.
const ALPHABET: &[u8; 56] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

const SAVE: &str = "INSERT INTO temporary_code (patient, number, code, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (patient) DO UPDATE SET number = excluded.number, code = excluded.code,
    created_at = excluded.created_at, used_at = NULL";
const FIND: &str = "SELECT number, code, used_at FROM temporary_code WHERE patient = $1";
const USE: &str = "UPDATE temporary_code SET used_at = $2 WHERE patient = $1 AND used_at IS NULL";

/// A fresh code; each character equally likely.
pub(crate) fn fresh(entropy: &Entropy) -> Zeroizing<String> {
    let mut code = Zeroizing::new(String::with_capacity(limits::TEMPORARY_CODE));
    while code.len() < limits::TEMPORARY_CODE {
        // 224 is four times 56: what lies above would make some characters likelier.
        let bytes: [u8; 32] = entropy.bytes();
        let usable = bytes.into_iter().filter(|byte| *byte < 224);
        let left = limits::TEMPORARY_CODE - code.len();
        code.extend(usable.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).take(left));
    }
    code
}

/// A code as somebody typed it: spaces and hyphens do not count, case does.
pub(crate) fn typed(text: &str) -> Zeroizing<String> {
    let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    Zeroizing::new(plain.take(limits::TEMPORARY_CODE + 1).collect())
}

/// Gives a profile this code; the one before it is dead.
pub(crate) async fn issue(
    tx: &mut Tx,
    sealing: &Sealing,
    patient: PatientId,
    code: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let number = tx.id(now);
    tx.execute(SAVE, args![patient, number, sealing.code_hash(number, code), now]).await?;
    Ok(())
}

/// Whether this is the profile's code, not used yet. For nobody (`None`) the same work is done.
pub(crate) async fn is_code(
    tx: &mut Tx,
    sealing: &Sealing,
    patient: Option<PatientId>,
    code: &str,
) -> Result<bool, Error> {
    // No row has id 0.
    let found = tx.maybe_row(FIND, args![patient.unwrap_or(PatientId(0))]).await?;
    let (number, kept, used) = match &found {
        Some(row) => (row.int(0)?, row.bytes(1)?, row.maybe_int(2)?.is_some()),
        None => (0, vec![0; 32], true),
    };
    let right = verify_slices_are_equal(&kept, &sealing.code_hash(number, code)).is_ok();
    Ok(right && !used)
}

/// The code opens nothing any more: the profile closes.
pub(crate) async fn revoke(tx: &mut Tx, patient: PatientId) -> Result<(), Error> {
    tx.execute("DELETE FROM temporary_code WHERE patient = $1", args![patient]).await?;
    Ok(())
}

/// Uses the code up; whether it was there to be used.
pub(crate) async fn use_up(tx: &mut Tx, patient: PatientId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(USE, args![patient, now]).await? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_twelve_characters_that_nobody_mistakes() {
        let entropy = crate::testing::entropy();
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            let code = fresh(&entropy);
            assert_eq!(code.len(), 12);
            assert!(
                code.bytes().all(|byte| byte.is_ascii_alphanumeric() && !b"0Oo1Il".contains(&byte)),
                "{}",
                *code
            );
            seen.extend(code.bytes());
        }
        assert_eq!(seen.len(), ALPHABET.len(), "every character of the alphabet comes up");
    }

    #[test]
    fn a_code_is_typed_with_spaces_or_without() {
        for text in ["AbCd 2345 wxyz", "AbCd-2345-wxyz", " AbCd2345wxyz\n"] {
            assert_eq!(*typed(text), "AbCd2345wxyz");
        }
        assert_ne!(*typed("abcd2345wxyz"), "AbCd2345wxyz");
        assert!(typed(&"x".repeat(10_000)).len() <= 13);
    }
}
