//! Patients' own passwords: the rules of DOMAIN §6.2, and Argon2id.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use names::{Entropy, fold};

use crate::{Error, limits};

/// Why a new password is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than nine characters.
    #[error("a password has at least nine characters")]
    TooShort,
    /// More than 1024 octets.
    #[error("the password is too long")]
    TooLong,
    /// A kind of character is missing.
    #[error("a password holds a small letter, a capital, a digit and a sign")]
    Kinds,
    /// It holds a name, a date of birth, an identifier of its owner.
    #[error("a password must not hold your name, your date of birth or your identifier")]
    Personal,
    /// Everybody's first guess.
    #[error("the password is too easy to guess")]
    Guessable,
}

/// Stems of the passwords most often chosen in France; a password is these with ornaments, or it is not.
const COMMON: [&str; 24] = [
    "password",
    "motdepasse",
    "azerty",
    "qwerty",
    "123456",
    "012345",
    "654321",
    "111111",
    "000000",
    "abcdef",
    "soleil",
    "doudou",
    "bonjour",
    "chouchou",
    "loulou",
    "jetaime",
    "marseille",
    "nicolas",
    "camille",
    "welcome",
    "admin",
    "letmein",
    "iloveyou",
    "monespacesante",
];
/// Letters shorter than this inside a password say nothing about a person.
const TELLING: usize = 4;

/// Checks a new password against the rules; `personal` holds names, birth dates and identifiers.
pub fn check(password: &str, personal: &[String]) -> Result<(), WeakPassword> {
    if password.len() > limits::PASSWORD_OCTETS {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < limits::PASSWORD_CHARACTERS {
        return Err(WeakPassword::TooShort);
    }
    let kinds: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, |c| c.is_ascii_digit(), |c| !c.is_alphanumeric()];
    if !kinds.iter().all(|kind| password.chars().any(kind)) {
        return Err(WeakPassword::Kinds);
    }
    let plain = compact(password);
    let telling = |text: &String| {
        text.split(|c: char| !c.is_alphanumeric())
            .map(compact)
            .chain([compact(text)])
            .any(|part| part.chars().count() >= TELLING && plain.contains(&part))
    };
    if personal.iter().any(telling) {
        return Err(WeakPassword::Personal);
    }
    let mut distinct: Vec<char> = plain.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let common = COMMON.iter().any(|stem| plain.contains(stem) && plain.len() < stem.len() + 6);
    if common || distinct.len() < 5 { Err(WeakPassword::Guessable) } else { Ok(()) }
}

/// Folded, without spaces and signs.
fn compact(text: &str) -> String {
    fold(text).replace(' ', "")
}

/// The Argon2id hash of a password, as a PHC string. Slow on purpose: call it where blocking is allowed.
pub(crate) fn hash(password: &str, entropy: &Entropy) -> Result<String, Error> {
    let salt: [u8; 16] = entropy.bytes();
    hasher()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Error::Hash)
}

/// Whether `password` is the one behind `stored`. Without a stored hash it takes the same time and
/// says no, so that nobody learns who exists (RELIABILITY A-02). Slow on purpose.
pub(crate) fn verify(password: &str, stored: Option<&str>) -> Result<bool, Error> {
    let Some(stored) = stored else {
        hasher()?.hash_password_with_salt(password.as_bytes(), b"nobody is behind").map_err(Error::Hash)?;
        return Ok(false);
    };
    let stored = PasswordHash::new(stored).map_err(|_| Error::Corrupt("password hash"))?;
    Ok(hasher()?.verify_password(password.as_bytes(), &stored).is_ok())
}

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(limits::ARGON2_MEMORY, limits::ARGON2_PASSES, 1, None)
        .map_err(|_| Error::Corrupt("Argon2 limits"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_owner_one_by_one() {
        let personal: Vec<String> = ["Lefèvre", "1984-05-17", "claire.lefevre"].map(String::from).into();
        for (case, password, want) in [
            ("good", "Trois-Chats-7", Ok(())),
            ("good with accents", "Été-à-Brest29", Ok(())),
            ("eight characters", "Ab3-efgh", Err(WeakPassword::TooShort)),
            ("no capital", "trois-chats-7", Err(WeakPassword::Kinds)),
            ("no small letter", "TROIS-CHATS-7", Err(WeakPassword::Kinds)),
            ("no digit", "Trois-Chats-x", Err(WeakPassword::Kinds)),
            ("no sign", "TroisChats77", Err(WeakPassword::Kinds)),
            ("own name without accent", "LEFEVRE-jolie-7", Err(WeakPassword::Personal)),
            ("own first name from the login", "Claire!2031x", Err(WeakPassword::Personal)),
            ("birth year", "Vive-1984-zz", Err(WeakPassword::Personal)),
            ("keyboard row", "Azerty-123!", Err(WeakPassword::Guessable)),
            ("the word itself", "MotDePasse!1", Err(WeakPassword::Guessable)),
            ("hardly any variety", "Aa1-aaaaaaaa", Err(WeakPassword::Guessable)),
        ] {
            assert_eq!(check(password, &personal), want, "{case}");
        }
        assert_eq!(check(&"Aa1-".repeat(300), &[]), Err(WeakPassword::TooLong));
    }

    #[test]
    fn a_hash_is_argon2id_with_the_promised_cost_and_a_salt_of_its_own() {
        let entropy = crate::testing::entropy();
        let first = hash("Trois-Chats-7", &entropy).unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, hash("Trois-Chats-7", &entropy).unwrap());
        assert!(verify("Trois-Chats-7", Some(&first)).unwrap());
        assert!(!verify("trois-chats-7", Some(&first)).unwrap());
        assert!(!verify("Trois-Chats-7", None).unwrap());
        assert!(matches!(verify("x", Some("not a hash")), Err(Error::Corrupt(_))));
    }
}
