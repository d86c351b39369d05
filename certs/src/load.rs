//! Certificates and keys from PEM files, checked before anybody relies on them.

use crate::anchors::distribution_points;
use crate::server_config::provider;
use names::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate chain with its private key: what one side of a handshake shows.
#[derive(Clone, Debug)]
pub struct Identity {
    /// For rustls.
    pub key: Arc<CertifiedKey>,
    /// Host names and addresses it is good for, lower case: from the SAN, else the CN.
    pub names: Vec<String>,
    /// The leaf's serial number in hexadecimal.
    pub serial: String,
    /// The leaf's last moment.
    pub not_after: Timestamp,
    /// Where the chain's certificates say that lists of revoked certificates are published.
    pub distribution_points: Vec<String>,
}

/// Who may read a private key's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// Refuse a key that its group or others can read (RELIABILITY T-12).
    OwnerOnly,
    /// Accept any mode: for secrets mounted by a container platform that knows no other.
    Any,
}

/// Why a certificate, key or root file cannot be used; says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {path}; check that it exists and that Pli's user may read it")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Others can read the key.
    #[error(
        "the private key {path} can be read by others (mode {mode:03o}); run `chmod 600` on it, or allow it in the configuration"
    )]
    TooOpen {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// No certificate in the file.
    #[error(
        "{origin} holds no certificate; it must hold PEM blocks `BEGIN CERTIFICATE`, the server's own first"
    )]
    NoCertificate {
        /// Where it came from.
        origin: String,
    },
    /// No private key in the file.
    #[error("{origin} holds no private key; it must hold one unencrypted PEM block `BEGIN PRIVATE KEY`")]
    NoKey {
        /// Where it came from.
        origin: String,
    },
    /// Something in the file is damaged.
    #[error("{origin} is damaged; get the file again from where it was issued")]
    Damaged {
        /// Where it came from.
        origin: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key is not the certificate's.
    #[error(
        "the private key {key} does not belong to the certificate {chain}; check that both are of the same order"
    )]
    WrongKey {
        /// The chain's origin.
        chain: String,
        /// The key's origin.
        key: String,
    },
    /// More authorities than any trust space has.
    #[error("{origin} holds {count} certificates; at most {max} authorities are read")]
    TooMany {
        /// Where they came from.
        origin: String,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A certificate that is no authority's.
    #[error("{origin} must hold authorities only, and `{subject}` is none; take it out")]
    NotAuthority {
        /// Where it came from.
        origin: String,
        /// Whose it is.
        subject: String,
    },
    /// An intermediate authority alone.
    #[error(
        "{origin} holds the intermediate authority `{subject}` without the one that signed it; add the chain up to its root"
    )]
    NoRoot {
        /// Where it came from.
        origin: String,
        /// Whose it is.
        subject: String,
    },
    /// The certificate has expired.
    #[error("the certificate {origin} expired on {}; renew it", .on.rfc3339())]
    Expired {
        /// Where it came from.
        origin: String,
        /// Its last moment.
        on: Timestamp,
    },
    /// The certificate's time has not begun.
    #[error("the certificate {origin} is valid only from {}; check this machine's clock", .from.rfc3339())]
    NotYetValid {
        /// Where it came from.
        origin: String,
        /// Its first moment.
        from: Timestamp,
    },
}

/// Loads a chain and its key from PEM files.
pub fn load_identity(
    chain: &Path,
    key: &Path,
    access: KeyAccess,
    now: Timestamp,
) -> Result<Identity, LoadError> {
    let chain_pem = read(chain)?;
    let key_pem = read(key)?;
    match access {
        KeyAccess::OwnerOnly => check_mode(key)?,
        KeyAccess::Any => {}
    }
    Identity::parse(&chain_pem, &key_pem, &chain.display().to_string(), &key.display().to_string(), now)
}

/// Loads trusted roots from a PEM file.
pub fn load_roots(path: &Path) -> Result<Arc<RootCertStore>, LoadError> {
    parse_roots(&read(path)?, &path.display().to_string())
}

/// Trusted roots from PEM text.
pub fn roots_from_pem(pem: &str) -> Result<Arc<RootCertStore>, LoadError> {
    parse_roots(pem.as_bytes(), "the given text")
}

impl Identity {
    /// From PEM text: for certificates that never were in a file.
    pub fn from_pem(chain: &str, key: &str, now: Timestamp) -> Result<Self, LoadError> {
        Self::parse(chain.as_bytes(), key.as_bytes(), "the given chain", "the given key", now)
    }

    fn parse(
        chain_pem: &[u8],
        key_pem: &[u8],
        chain_origin: &str,
        key_origin: &str,
        now: Timestamp,
    ) -> Result<Self, LoadError> {
        let chain = certificates(chain_pem, chain_origin)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|cause| match cause {
            rustls::pki_types::pem::Error::NoItemsFound => LoadError::NoKey { origin: key_origin.to_owned() },
            cause => damaged(key_origin, cause),
        })?;
        let signing =
            provider().key_provider.load_private_key(key).map_err(|cause| damaged(key_origin, cause))?;
        let facts = facts(&chain[0], chain_origin)?;
        let certified = CertifiedKey::new(chain, signing);
        certified.keys_match().map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => {
                LoadError::WrongKey { chain: chain_origin.to_owned(), key: key_origin.to_owned() }
            }
            cause => damaged(chain_origin, cause),
        })?;
        if now.since(facts.not_after) > 0 {
            return Err(LoadError::Expired { origin: chain_origin.to_owned(), on: facts.not_after });
        }
        if now.since(facts.not_before) < 0 {
            return Err(LoadError::NotYetValid { origin: chain_origin.to_owned(), from: facts.not_before });
        }
        let Facts { names, serial, not_after, not_before: _ } = facts;
        let distribution_points = points(&certified.cert);
        Ok(Self { key: Arc::new(certified), names, serial, not_after, distribution_points })
    }
}

/// Of all certificates of the chain: the leaf's names the lists of whoever issued it.
fn points(chain: &[CertificateDer<'_>]) -> Vec<String> {
    let mut urls = Vec::new();
    for der in chain {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { continue };
        for url in distribution_points(&certificate) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    urls
}

struct Facts {
    names: Vec<String>,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

fn facts(leaf: &CertificateDer<'_>, origin: &str) -> Result<Facts, LoadError> {
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|cause| damaged(origin, cause))?;
    Ok(Facts {
        names: host_names(&leaf),
        serial: serial(&leaf),
        not_before: instant(leaf.validity().not_before.timestamp()),
        not_after: instant(leaf.validity().not_after.timestamp()),
    })
}

/// The names and addresses a certificate is good for, lower case; the CN only when there is no
/// subjectAltName at all (DESIGN §2.4).
pub(crate) fn host_names(leaf: &X509Certificate<'_>) -> Vec<String> {
    match leaf.subject_alternative_name() {
        Ok(Some(extension)) => {
            let names = extension.value.general_names.iter();
            names
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                    GeneralName::IPAddress(bytes) => address(bytes),
                    _ => None, // x509-parser's enum: mail addresses, URIs, directory names
                })
                .collect()
        }
        Ok(None) => {
            let names = leaf.subject().iter_common_name();
            names.filter_map(|name| name.as_str().ok()).map(str::to_ascii_lowercase).collect()
        }
        Err(_) => Vec::new(), // two such extensions: RFC 5280 §4.2 forbids it, we believe neither
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|octets| std::net::IpAddr::from(octets).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|octets| std::net::IpAddr::from(octets).to_string()),
        _ => None,
    }
}

/// The serial number, in hexadecimal without leading zero bytes.
pub(crate) fn serial(leaf: &X509Certificate<'_>) -> String {
    let digits = leaf.raw_serial().iter().skip_while(|byte| **byte == 0);
    digits.map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn instant(seconds: i64) -> Timestamp {
    Timestamp(seconds.saturating_mul(names::SECOND))
}

fn parse_roots(pem: &[u8], origin: &str) -> Result<Arc<RootCertStore>, LoadError> {
    let mut roots = RootCertStore::empty();
    for root in certificates(pem, origin)? {
        roots.add(root).map_err(|cause| damaged(origin, cause))?;
    }
    Ok(Arc::new(roots))
}

pub(crate) fn certificates(pem: &[u8], origin: &str) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| damaged(origin, cause))?;
    if chain.is_empty() {
        return Err(LoadError::NoCertificate { origin: origin.to_owned() });
    }
    Ok(chain)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|cause| LoadError::Read { path: path.to_owned(), cause })
}

fn check_mode(path: &Path) -> Result<(), LoadError> {
    let metadata =
        std::fs::metadata(path).map_err(|cause| LoadError::Read { path: path.to_owned(), cause })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(LoadError::TooOpen { path: path.to_owned(), mode });
    }
    Ok(())
}

pub(crate) fn damaged(origin: &str, cause: impl std::error::Error + Send + Sync + 'static) -> LoadError {
    LoadError::Damaged { origin: origin.to_owned(), cause: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, invented_authority, server_identity};
    use names::DAY;

    #[test]
    fn every_bad_pair_is_refused_in_words_that_help() {
        let authority = invented_authority();
        let good = authority.server(&["mail.example"], NOW).unwrap();
        let other = authority.server(&["mail.example"], NOW).unwrap();
        let cut = good.chain_pem.replacen("MI", "!!", 1);
        let (chain, key) = (good.chain_pem.as_str(), good.key_pem.as_str());
        for (case, chain, key, now, want) in [
            ("another's key", chain, other.key_pem.as_str(), NOW, "does not belong"),
            ("expired", chain, key, NOW.plus(366 * DAY), "expired on 2027-11-22"),
            ("not yet valid", chain, key, NOW.plus(-2 * DAY), "valid only from 2026-11-21"),
            ("chain and key swapped", key, chain, NOW, "holds no certificate"),
            ("no key", chain, chain, NOW, "holds no private key"),
            ("empty", "", key, NOW, "holds no certificate"),
            ("damaged", cut.as_str(), key, NOW, "is damaged"),
        ] {
            let error = Identity::from_pem(chain, key, now).expect_err(case).to_string();
            assert!(error.contains(want), "{case}: {error}");
        }
        assert_eq!(Identity::from_pem(chain, key, NOW).unwrap().names, ["mail.example"]);
    }

    #[test]
    fn a_key_others_can_read_is_refused_unless_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let (chain, key) = (dir.path().join("s.pem"), dir.path().join("s.key"));
        invented_authority().server(&["localhost"], NOW).unwrap().write(&chain, &key).unwrap();
        for (mode, accepted) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
            let strict = load_identity(&chain, &key, KeyAccess::OwnerOnly, NOW);
            assert_eq!(strict.is_ok(), accepted, "mode {mode:03o}");
            if let Err(error) = strict {
                let text = error.to_string();
                assert!(text.contains("chmod 600") && text.contains(&format!("{mode:03o}")), "{text}");
            }
            assert!(load_identity(&chain, &key, KeyAccess::Any, NOW).is_ok(), "mode {mode:03o}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load_roots(Path::new("/nowhere/roots.pem")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/roots.pem"), "{error}");
    }

    #[test]
    fn names_come_from_the_alternatives_in_lower_case() {
        let identity = server_identity(&invented_authority(), "Mail.Example");
        assert_eq!(identity.names, ["mail.example"]);
        let issued = invented_authority().server(&["a.example", "127.0.0.1", "::1"], NOW).unwrap();
        let identity = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        assert_eq!(identity.names, ["a.example", "127.0.0.1", "::1"]);
    }

    #[test]
    fn roots_without_any_certificate_are_refused() {
        assert!(matches!(roots_from_pem("nothing here"), Err(LoadError::NoCertificate { .. })));
        assert_eq!(roots_from_pem(invented_authority().certificate_pem()).unwrap().len(), 1);
    }
}
