//! SCRAM-SHA-256 verifiers (RFC 5802 §3, RFC 7677): what is kept of an application password. From a
//! stolen verifier nobody logs in; PLAIN is checked against the same.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::limits;

/// The verifier of one secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Verifier {
    iterations: NonZeroU32,
    salt: Vec<u8>,
    stored_key: [u8; 32],
    server_key: [u8; 32],
}

impl Verifier {
    /// The verifier of `secret` under the salt of the house. ASCII secrets only, for which SASLprep
    /// (RFC 4013) changes nothing; the callers see to that.
    pub(crate) fn of(secret: &str, salt: [u8; limits::SCRAM_SALT]) -> Self {
        let iterations = NonZeroU32::new(limits::SCRAM_ITERATIONS).unwrap_or(NonZeroU32::MIN);
        Self::compute(secret, salt.to_vec(), iterations)
    }

    /// Whether `secret` is the one behind this verifier; compared in constant time.
    pub(crate) fn matches(&self, secret: &str) -> bool {
        let given = Self::compute(secret, self.salt.clone(), self.iterations);
        constant_time::verify_slices_are_equal(&given.stored_key, &self.stored_key).is_ok()
    }

    /// Whether `proof` shows knowledge of the secret for this exchange (RFC 5802 §3: `ClientProof` is
    /// `ClientKey XOR HMAC(StoredKey, AuthMessage)`, and `H(ClientKey)` is `StoredKey`).
    pub(crate) fn proves(&self, message: &[u8], proof: &[u8; 32]) -> bool {
        let mask = sign(&self.stored_key, message);
        let mut key = *proof;
        key.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        let shown = digest::digest(&digest::SHA256, &key);
        constant_time::verify_slices_are_equal(shown.as_ref(), &self.stored_key).is_ok()
    }

    /// Our proof in return: `ServerSignature` (RFC 5802 §3).
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        sign(&self.server_key, message)
    }

    /// `iterations:salt`, as stored.
    pub(crate) fn parameters(&self) -> String {
        format!("{}:{}", self.iterations, STANDARD.encode(&self.salt))
    }

    /// `StoredKey:ServerKey`, as stored.
    pub(crate) fn keys(&self) -> String {
        format!("{}:{}", STANDARD.encode(self.stored_key), STANDARD.encode(self.server_key))
    }

    /// Reads the two stored texts.
    pub(crate) fn parse(parameters: &str, keys: &str) -> Option<Self> {
        let (iterations, salt) = parameters.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        Some(Self {
            iterations: iterations.parse().ok()?,
            salt: STANDARD.decode(salt).ok()?,
            stored_key: STANDARD.decode(stored_key).ok()?.try_into().ok()?,
            server_key: STANDARD.decode(server_key).ok()?.try_into().ok()?,
        })
    }

    fn compute(secret: &str, salt: Vec<u8>, iterations: NonZeroU32) -> Self {
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, secret.as_bytes(), &mut salted);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let client_key = hmac::sign(&key, b"Client Key");
        Self {
            iterations,
            salt,
            stored_key: array(digest::digest(&digest::SHA256, client_key.as_ref()).as_ref()),
            server_key: array(hmac::sign(&key, b"Server Key").as_ref()),
        }
    }
}

fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

fn array(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(bytes);
    array
}

/// The client's side, for tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// `ClientProof`, and the `ServerSignature` to expect (RFC 5802 §3).
    pub(crate) fn prove(
        secret: &str,
        salt: [u8; limits::SCRAM_SALT],
        message: &[u8],
    ) -> ([u8; 32], [u8; 32]) {
        let mut salted = [0; 32];
        let iterations = NonZeroU32::new(limits::SCRAM_ITERATIONS).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, secret.as_bytes(), &mut salted);
        let mut proof = sign(&salted, b"Client Key");
        let stored = array(digest::digest(&digest::SHA256, &proof).as_ref());
        proof.iter_mut().zip(sign(&stored, message)).for_each(|(octet, mask)| *octet ^= mask);
        (proof, sign(&sign(&salted, b"Server Key"), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677_holds() {
        let salt: [u8; 16] = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let verifier = Verifier::of("pencil", salt);
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        assert_eq!(
            STANDARD.encode(verifier.sign(message.as_bytes())),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let proof: [u8; 32] = proof.try_into().unwrap();
        assert!(verifier.proves(message.as_bytes(), &proof));
        let mut wrong = proof;
        wrong[31] ^= 1;
        assert!(!verifier.proves(message.as_bytes(), &wrong));
        assert!(!verifier.proves(&message.as_bytes()[1..], &proof), "of another exchange");
        assert!(!Verifier::of("pencils", salt).proves(message.as_bytes(), &proof));
    }

    #[test]
    fn a_verifier_reads_back_and_knows_its_secret_only() {
        let verifier = Verifier::of("pencil", [7; 16]);
        let read = Verifier::parse(&verifier.parameters(), &verifier.keys()).unwrap();
        assert!(read == verifier && read.matches("pencil"));
        for other in ["Pencil", "pencil ", "", "pencils"] {
            assert!(!read.matches(other), "{other:?}");
        }
        for damaged in [("0:AAAA", "x:y"), ("4096", "a:b"), ("4096:AAAA", "AAAA:AAAA")] {
            assert!(Verifier::parse(damaged.0, damaged.1).is_none());
        }
        assert!(!verifier.keys().contains("pencil"));
    }
}
