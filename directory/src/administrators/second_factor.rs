//! The second factor: codes of thirty seconds (RFC 6238), each taken once, and codes on paper for a lost
//! telephone.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use db::{Tx, args};
use names::{AdministratorId, Entropy, SECOND, Timestamp};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::rows;
use crate::professionals::invitations::{canonical, spell};
use crate::sealing::Sealing;
use crate::{Error, limits};

/// Octets of a secret: as many as SHA-1 gives (RFC 6238 §5.1).
pub(super) const SECRET: usize = 20;
/// What codes are compared with when nobody is behind a sign-in: same work, never a match.
const NOBODY: [u8; SECRET] = *b"nobody is behind it.";

const FORGET_RECOVERY: &str = "DELETE FROM administrator_recovery WHERE administrator = $1";
const ADD_RECOVERY: &str = "INSERT INTO administrator_recovery (administrator, code) VALUES";
const TAKE_RECOVERY: &str = "UPDATE administrator_recovery SET used_at = $3
    WHERE administrator = $1 AND code = $2 AND used_at IS NULL";

fn machine(secret: [u8; SECRET]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(limits::TOTP_SECONDS.unsigned_abs())
        .with_secret(Secret::new_stack(secret))
}

/// The secret in letters, for who cannot take the picture (RFC 4648 §6).
pub(super) fn spelt(secret: [u8; SECRET]) -> String {
    Secret::new_stack(secret).to_base32()
}

/// What the picture says, as telephones read it.
pub(super) fn url(secret: [u8; SECRET], login: &str, house: &str) -> Result<String, Error> {
    let totp = machine(secret).with_account_name(login).with_issuer(Some(house));
    let totp = totp.build().map_err(|_| Error::Corrupt("second factor of an administrator"))?;
    totp.to_url().map_err(|_| Error::Corrupt("second factor of an administrator"))
}

/// Which thirty seconds this code belongs to, among those that count now. All are computed, whichever
/// matches.
pub(super) fn step_of(secret: [u8; SECRET], code: &str, now: Timestamp) -> Option<i64> {
    let totp: Totp = machine(secret).build_noncompliant();
    let present = now.0 / SECOND / limits::TOTP_SECONDS;
    let mut found = None;
    for step in present - limits::TOTP_WINDOW..=present + limits::TOTP_WINDOW {
        let seconds = u64::try_from(step * limits::TOTP_SECONDS).unwrap_or(0);
        let right = totp.generate(seconds).to_string();
        if verify_slices_are_equal(right.as_bytes(), code.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// What was typed, without spaces and hyphens.
fn compact(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

/// Takes a code, of the telephone or from paper, if it is right and was not taken before. For nobody it
/// takes as long and says no.
pub(super) async fn take(
    tx: &mut Tx,
    sealing: &Sealing,
    whose: Option<AdministratorId>,
    code: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    // No row has id 0: the same statements run for nobody.
    let id = whose.unwrap_or(AdministratorId(0));
    let code = compact(code);
    if code.len() == 6 {
        let secret = rows::factors(tx, sealing, id).await?.totp;
        let step = step_of(secret.unwrap_or(NOBODY), &code, now);
        let taken = rows::take_step(tx, id, step.unwrap_or(0)).await?;
        return Ok(taken && step.is_some() && secret.is_some());
    }
    let hash = sealing.secret_hash(&recovery(&code));
    Ok(tx.execute(TAKE_RECOVERY, args![id.0, hash, now]).await? == 1)
}

/// Fresh recovery codes instead of those before, shown this once.
pub(super) async fn renew_recovery(
    tx: &mut Tx,
    sealing: &Sealing,
    id: AdministratorId,
    codes: &[String],
) -> Result<(), db::Error> {
    tx.execute(FORGET_RECOVERY, args![id.0]).await?;
    let rows = codes.iter().map(|code| args![id.0, sealing.secret_hash(&recovery(code))]).collect();
    tx.insert_rows(ADD_RECOVERY, "", rows).await.map(drop)
}

/// Codes to print.
pub(super) fn draw_recovery(entropy: &Entropy) -> Vec<String> {
    (0..limits::RECOVERY_CODES).map(|_| spell(&entropy.bytes())).collect()
}

/// The form a recovery code is hashed in, parted from invitations.
fn recovery(code: &str) -> String {
    format!("recovery {}", canonical(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = *b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp(seconds * SECOND);
            assert_eq!(step_of(secret, code, now), Some(seconds / 30), "{seconds}");
            for (case, later, step) in [
                ("thirty seconds late", 30, Some(seconds / 30)),
                ("thirty seconds early", -30, Some(seconds / 30)),
                ("a minute late", 60, None),
                ("a minute and a half early", -90, None),
            ] {
                assert_eq!(step_of(secret, code, now.plus(later * SECOND)), step, "{seconds}: {case}");
            }
        }
        assert_eq!(step_of(secret, "28708", Timestamp(59 * SECOND)), None);
    }

    #[test]
    fn a_telephone_reads_name_and_secret() {
        let secret = *b"12345678901234567890";
        assert_eq!(spelt(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let url = url(secret, "claire.petit", "Pli mail.example").unwrap();
        assert!(
            url.starts_with("otpauth://totp/Pli%20mail.example:claire.petit?secret=GEZDGNBVGY3TQOJQ"),
            "{url}"
        );
    }
}
