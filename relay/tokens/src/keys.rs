//! The issuer's public keys (RFC 7517), as far as they sign tokens.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::settings::SigningAlgorithm;
use crate::{TokenFault, limits};

/// A key that may sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    name: Option<String>,
    /// The only algorithm it may be used with, when the issuer says so.
    algorithm: Option<SigningAlgorithm>,
    material: Material,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// What an issuer publishes. Kinds we do not use, symmetric ones above all, are left out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Published {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

impl KeySet {
    /// Reads a JWK set. A key we cannot use is no error (RFC 7517 §5); a set that is none is.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(json).ok()?;
        let published = document.keys.into_iter().take(limits::KEYS);
        Some(Self(published.filter_map(|key| Key::read(serde_json::from_value(key).ok()?)).collect()))
    }

    /// Whether a key of this name is here.
    pub(crate) fn names(&self, name: Option<&str>) -> bool {
        self.0.iter().any(|key| name.is_none() || key.name.as_deref() == name)
    }

    /// Checks a signature with the key of this name. Without a name only a single fitting key will do.
    pub(crate) fn verify(
        &self,
        name: Option<&str>,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenFault> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits(algorithm) && (name.is_none() || key.name.as_deref() == name));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => key.verify(algorithm, message, signature),
            (None, _) | (Some(_), Some(_)) => Err(TokenFault::Key),
        }
    }
}

impl Key {
    fn read(published: Published) -> Option<Self> {
        // Keys that encrypt are nobody's business here; RFC 7517 §4.2.
        if published.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (published.kty.as_str(), published.crv.as_deref()) {
            ("RSA", _) => {
                let modulus = bytes(published.n)?;
                let bits = modulus.iter().skip_while(|octet| **octet == 0).count() * 8;
                if bits < limits::RSA_BITS {
                    return None;
                }
                Material::Rsa { modulus, exponent: bytes(published.e)? }
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(published.x)?, bytes(published.y)?);
                (x.len() == 32 && y.len() == 32).then(|| Material::P256([&[4][..], &x, &y].concat()))?
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(published.x).filter(|x| x.len() == 32)?),
            (_, _) => return None,
        };
        let algorithm = match published.alg {
            Some(name) => Some(SigningAlgorithm::parse(&name)?),
            None => None,
        };
        Some(Self { name: published.kid, algorithm, material })
    }

    /// A key serves the algorithms of its kind only: what is signed decides nothing (RFC 8725 §3.1).
    fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        let kind = match (algorithm, &self.material) {
            (SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256, Material::Rsa { .. })
            | (SigningAlgorithm::Es256, Material::P256(_))
            | (SigningAlgorithm::EdDsa, Material::Ed25519(_)) => true,
            (SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256, Material::P256(_) | Material::Ed25519(_))
            | (SigningAlgorithm::Es256, Material::Rsa { .. } | Material::Ed25519(_))
            | (SigningAlgorithm::EdDsa, Material::Rsa { .. } | Material::P256(_)) => false,
        };
        kind && self.algorithm.is_none_or(|only| only == algorithm)
    }

    fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenFault> {
        let checked = match &self.material {
            Material::Rsa { modulus, exponent } => {
                let parameters = match algorithm {
                    SigningAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    SigningAlgorithm::Rs256 | SigningAlgorithm::Es256 | SigningAlgorithm::EdDsa => {
                        &RSA_PKCS1_2048_8192_SHA256
                    }
                };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(parameters, message, signature)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        checked.map_err(|_| TokenFault::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_sign_tokens_are_read() {
        let modulus = URL_SAFE_NO_PAD.encode([0xff; 256]);
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let point = URL_SAFE_NO_PAD.encode([1; 32]);
        for (case, key, read) in [
            ("RSA", format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"}}"#), true),
            ("short RSA", format!(r#"{{"kty":"RSA","n":"{short}","e":"AQAB"}}"#), false),
            (
                "RSA that encrypts",
                format!(r#"{{"kty":"RSA","use":"enc","n":"{modulus}","e":"AQAB"}}"#),
                false,
            ),
            (
                "RSA for RSA-OAEP",
                format!(r#"{{"kty":"RSA","alg":"RSA-OAEP","n":"{modulus}","e":"AQAB"}}"#),
                false,
            ),
            ("P-256", format!(r#"{{"kty":"EC","crv":"P-256","x":"{point}","y":"{point}"}}"#), true),
            ("P-384", format!(r#"{{"kty":"EC","crv":"P-384","x":"{point}","y":"{point}"}}"#), false),
            ("half a point", format!(r#"{{"kty":"EC","crv":"P-256","x":"{point}"}}"#), false),
            ("Ed25519", format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{point}"}}"#), true),
            ("X25519", format!(r#"{{"kty":"OKP","crv":"X25519","x":"{point}"}}"#), false),
            ("symmetric", r#"{"kty":"oct","k":"c2VjcmV0"}"#.to_owned(), false),
            ("not a key", "[]".to_owned(), false),
        ] {
            let set = KeySet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap();
            assert_eq!(!set.0.is_empty(), read, "{case}");
        }
        for damaged in ["", "[]", "{}", r#"{"keys":7}"#] {
            assert!(KeySet::parse(damaged.as_bytes()).is_none(), "{damaged}");
        }
    }
}
