//! Signatures over certificates and lists, checked with the provider's algorithms.

use crate::server_config::provider;
use aws_lc_rs::digest;
use x509_parser::asn1_rs::{Any, FromDer};

/// A public key as it stands in a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// The content of its AlgorithmIdentifier.
    algorithm: Vec<u8>,
    bits: Vec<u8>,
}

impl PublicKey {
    /// From a DER SubjectPublicKeyInfo. RFC 5280 §4.1.2.7
    pub(crate) fn from_spki(spki: &[u8]) -> Option<Self> {
        let (_, outer) = Any::from_der(spki).ok()?;
        let (rest, algorithm) = Any::from_der(outer.data).ok()?;
        let (_, bits) = Any::from_der(rest).ok()?;
        Some(Self { algorithm: algorithm.data.to_vec(), bits: whole_octets(bits.data)?.to_vec() })
    }

    /// Whether this key signed a certificate or a list (RFC 5280 §4.1, §5.1: content, algorithm,
    /// signature). RSA keys below 2048 bits sign nothing: the provider has no such algorithm.
    pub(crate) fn signed(&self, der: &[u8]) -> bool {
        self.check(der).is_some()
    }

    fn check(&self, der: &[u8]) -> Option<()> {
        let (_, outer) = Any::from_der(der).ok()?;
        let (after, _) = Any::from_der(outer.data).ok()?;
        let content = &outer.data[..outer.data.len() - after.len()];
        let (after, algorithm) = Any::from_der(after).ok()?;
        let (_, signature) = Any::from_der(after).ok()?;
        let signature = whole_octets(signature.data)?;
        let provider = provider();
        let mut fitting = provider.signature_verification_algorithms.all.iter().filter(|known| {
            known.signature_alg_id().as_ref() == algorithm.data
                && known.public_key_alg_id().as_ref() == self.algorithm
        });
        let found = fitting.any(|known| known.verify_signature(&self.bits, content, signature).is_ok());
        found.then_some(())
    }
}

/// A BIT STRING of whole octets, without its count of unused bits.
fn whole_octets(bit_string: &[u8]) -> Option<&[u8]> {
    match bit_string.split_first() {
        Some((0, octets)) => Some(octets),
        Some(_) | None => None,
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
