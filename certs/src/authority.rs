//! A throwaway authority for development, demonstration and tests. Never for production: its key
//! lies beside the certificates it signs.

mod order;
mod publish;

use crate::load::{KeyAccess, LoadError, load_identity};
use names::{DAY, Timestamp};
pub use order::{Alternatives, Order, Purposes};
pub use publish::{ListOrder, PublishedList};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CrlDistributionPoint, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::Add;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Days a root lives.
const ROOT_DAYS: i64 = 3_650;
/// Days a leaf lives; at most 825 (ANSSI SDE-NT-35 v1.2).
const LEAF_DAYS: i64 = 365;
/// A leaf with fewer days left is made anew at start.
const RENEW_DAYS: i64 = 30;

/// A certificate authority of our own.
pub struct Authority {
    certificate_pem: String,
    /// Certificates above it, up to the root; nothing when it is the root.
    above_pem: String,
    key_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its chain and its private key, as PEM.
pub struct Issued {
    /// The leaf, then the authorities up to the root.
    pub chain_pem: String,
    /// PKCS #8.
    pub key_pem: String,
}

/// The subject of an operator's certificate, in the layout of the trust space's list:
/// `CN=<server>,OU=<structure id>,O=<legal name>,ST=<département> (<code>),C=FR` (DOMAIN §1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorName {
    /// Host name of the server.
    pub common_name: String,
    /// National structure identifier: `1` + FINESS, or `3` + SIRET.
    pub structure: String,
    /// Legal name.
    pub organisation: String,
    /// As `Haute-Garonne (31)`.
    pub department: String,
}

/// Where [`Authority::open`] keeps what a development server needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevFiles {
    /// The root, for clients to trust.
    pub root: PathBuf,
    /// The server's chain.
    pub chain: PathBuf,
    /// The server's key, mode 0600.
    pub key: PathBuf,
}

/// What went wrong with the throwaway authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A certificate could not be made.
    #[error("cannot make a certificate for {what}")]
    Make {
        /// For whom.
        what: String,
        /// Why.
        #[source]
        cause: rcgen::Error,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The folder holds an authority that cannot be used.
    #[error("the development authority in {dir} cannot be used; delete the folder to get a new one")]
    Unusable {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        cause: rcgen::Error,
    },
}

impl Authority {
    /// A new root called `name`, valid from yesterday for ten years.
    pub fn new(name: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let make = || {
            let key = KeyPair::generate()?;
            let key_pem = key.serialize_pem();
            let params = authority_params(name, 1, now);
            let issuer = CertifiedIssuer::self_signed(params, key)?;
            Self::from_pem(issuer.pem(), String::new(), key_pem)
        };
        make().map_err(|cause| AuthorityError::Make { what: name.to_owned(), cause })
    }

    /// An authority below this one. `list_url` is where this one's list is published.
    pub fn intermediate(
        &self,
        name: &str,
        list_url: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let make = || {
            let key = KeyPair::generate()?;
            let mut params = authority_params(name, 0, now);
            params.use_authority_key_identifier_extension = true;
            params.crl_distribution_points = published_at(list_url);
            let certificate = params.signed_by(&key, &self.issuer)?;
            Self::from_pem(certificate.pem(), self.chain_pem(), key.serialize_pem())
        };
        make().map_err(|cause| AuthorityError::Make { what: name.to_owned(), cause })
    }

    fn from_pem(certificate_pem: String, above_pem: String, key_pem: String) -> Result<Self, rcgen::Error> {
        let issuer = Issuer::from_ca_cert_pem(&certificate_pem, KeyPair::from_pem(&key_pem)?)?;
        Ok(Self { certificate_pem, above_pem, key_pem, issuer })
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its certificate and those above it: what [`Anchors`](crate::Anchors) are read from.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        format!("{}{}", self.certificate_pem, self.above_pem)
    }

    /// A server's certificate for these host names and IP addresses; the first is its CN.
    pub fn server(&self, names: &[&str], now: Timestamp) -> Result<Issued, AuthorityError> {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CountryName, "FR");
        subject.push(DnType::CommonName, names.first().copied().unwrap_or("localhost"));
        let make = || {
            let mut params = CertificateParams::default();
            params.distinguished_name = subject;
            params.subject_alt_names =
                names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            valid(&mut params, LEAF_DAYS, now);
            self.sign(params, KeyPair::generate()?)
        };
        make().map_err(|cause| AuthorityError::Make { what: names.join(", "), cause })
    }

    /// An operator's certificate, for both sides of the MX door.
    pub fn operator(&self, name: &OperatorName, now: Timestamp) -> Result<Issued, AuthorityError> {
        self.issue(&Order::operator(name, now))
    }

    /// A certificate good for clients only, in an operator's layout.
    pub fn client(&self, name: &OperatorName, now: Timestamp) -> Result<Issued, AuthorityError> {
        self.issue(&Order { purposes: Purposes::Client, ..Order::operator(name, now) })
    }

    fn sign(&self, mut params: CertificateParams, key: KeyPair) -> Result<Issued, rcgen::Error> {
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok(Issued { chain_pem: leaf.pem() + &self.chain_pem(), key_pem: key.serialize_pem() })
    }

    /// Opens the authority kept in `dir`, or makes it; and sees to a server certificate for
    /// `names` that is good for another month. Files: `root.pem`, `root.key`, `server.pem`,
    /// `server.key`; keys get mode 0600.
    pub fn open(dir: &Path, names: &[&str], now: Timestamp) -> Result<(Self, DevFiles), AuthorityError> {
        let root = dir.join("root.pem");
        let root_key = dir.join("root.key");
        let authority = if root.exists() && root_key.exists() {
            Self::from_pem(read(&root)?, String::new(), read(&root_key)?)
                .map_err(|cause| AuthorityError::Unusable { dir: dir.to_owned(), cause })?
        } else {
            std::fs::create_dir_all(dir)
                .map_err(|cause| AuthorityError::Write { path: dir.to_owned(), cause })?;
            let authority = Self::new("Pli development root", now)?;
            write(&root_key, &authority.key_pem, Secrecy::Owner)?;
            write(&root, &authority.certificate_pem, Secrecy::Everyone)?;
            authority
        };
        let files = DevFiles { root, chain: dir.join("server.pem"), key: dir.join("server.key") };
        if !is_good(&files, names, now) {
            authority.server(names, now)?.write(&files.chain, &files.key)?;
        }
        Ok((authority, files))
    }
}

impl Issued {
    /// Writes the chain, and the key with mode 0600; existing files are replaced.
    pub fn write(&self, chain: &Path, key: &Path) -> Result<(), AuthorityError> {
        write(key, &self.key_pem, Secrecy::Owner)?;
        write(chain, &self.chain_pem, Secrecy::Everyone)
    }
}

impl OperatorName {
    /// In the order certificates have it (from the country down); RFC 4514 prints it reversed.
    fn subject(&self) -> DistinguishedName {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CountryName, "FR");
        subject.push(DnType::StateOrProvinceName, self.department.as_str());
        subject.push(DnType::OrganizationName, self.organisation.as_str());
        subject.push(DnType::OrganizationalUnitName, self.structure.as_str());
        subject.push(DnType::CommonName, self.common_name.as_str());
        subject
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Authority")
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Issued")
    }
}

/// `below` is how many authorities may stand below this one.
fn authority_params(name: &str, below: u8, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "FR");
    params.distinguished_name.push(DnType::OrganizationName, "Pli (développement)");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, ROOT_DAYS, now);
    params
}

fn published_at(list_url: Option<&str>) -> Vec<CrlDistributionPoint> {
    list_url.map(|url| CrlDistributionPoint { uris: vec![url.to_owned()] }).into_iter().collect()
}

/// rcgen would say 1975 to 4096. From yesterday, for clients whose clock is behind.
fn valid(params: &mut CertificateParams, days: i64, now: Timestamp) {
    params.not_before = at(now.plus(-DAY), rcgen::date_time_ymd(1970, 1, 1));
    params.not_after = at(now.plus(days * DAY), rcgen::date_time_ymd(1970, 1, 1));
}

/// A moment counted from `epoch`, whose type is rcgen's and cannot be named here.
fn at<T: Add<Duration, Output = T>>(instant: Timestamp, epoch: T) -> T {
    epoch + Duration::from_millis(instant.0.max(0).unsigned_abs())
}

fn alternative(name: &str) -> Result<SanType, rcgen::Error> {
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into()?),
    })
}

fn is_good(files: &DevFiles, names: &[&str], now: Timestamp) -> bool {
    let loaded: Result<_, LoadError> = load_identity(&files.chain, &files.key, KeyAccess::OwnerOnly, now);
    loaded.is_ok_and(|identity| {
        identity.not_after.since(now) > RENEW_DAYS * DAY
            && names.iter().all(|name| identity.names.iter().any(|has| has == name))
    })
}

#[derive(Clone, Copy)]
enum Secrecy {
    Owner,
    Everyone,
}

fn read(path: &Path) -> Result<String, AuthorityError> {
    std::fs::read_to_string(path).map_err(|cause| AuthorityError::Read { path: path.to_owned(), cause })
}

/// Written beside and renamed: a reload never sees half a file, a key never has a wider mode.
fn write(path: &Path, text: &str, secrecy: Secrecy) -> Result<(), AuthorityError> {
    let mode = match secrecy {
        Secrecy::Owner => 0o600,
        Secrecy::Everyone => 0o644,
    };
    let beside = path.with_extension("new");
    let written = || {
        match std::fs::remove_file(&beside) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            Ok(()) | Err(_) => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|cause| AuthorityError::Write { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, invented_authority, invented_operator};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use std::os::unix::fs::PermissionsExt;
    use x509_parser::prelude::{FromDer, X509Certificate};

    fn leaf_der(issued: &Issued) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap()
    }

    #[test]
    fn certificates_say_who_until_when_and_for_what() {
        let authority = invented_authority();
        let operator = invented_operator();
        for (case, issued, server, client) in [
            ("server", authority.server(&["localhost", "127.0.0.1"], NOW).unwrap(), true, false),
            ("client", authority.client(&operator, NOW).unwrap(), false, true),
            ("operator", authority.operator(&operator, NOW).unwrap(), true, true),
        ] {
            let der = leaf_der(&issued);
            let (_, leaf) = X509Certificate::from_der(&der).unwrap();
            assert_ne!(leaf.subject(), leaf.issuer(), "{case}: OpenSSL would take it for self-signed");
            assert!(!leaf.is_ca(), "{case}");
            let life = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
            assert!(life <= 825 * 86_400, "{case}: lives {life} s");
            assert!(leaf.key_usage().unwrap().unwrap().value.digital_signature(), "{case}");
            let purposes = leaf.extended_key_usage().unwrap().unwrap().value;
            assert_eq!((purposes.server_auth, purposes.client_auth), (server, client), "{case}");
        }
        let der = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap();
        let (_, root) = X509Certificate::from_der(&der).unwrap();
        assert!(root.is_ca());
        let usage = root.key_usage().unwrap().unwrap().value;
        assert!(usage.key_cert_sign() && usage.crl_sign());
    }

    #[test]
    fn an_opened_folder_keeps_its_authority_and_renews_what_runs_out() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("certs");
        let names = ["localhost", "files.localhost"];
        let serial = |files: &DevFiles, now| {
            load_identity(&files.chain, &files.key, KeyAccess::OwnerOnly, now).unwrap().serial
        };
        let (first, files) = Authority::open(&dir, &names, NOW).unwrap();
        let first_serial = serial(&files, NOW);

        let (again, _) = Authority::open(&dir, &names, NOW).unwrap();
        assert_eq!(again.certificate_pem(), first.certificate_pem());
        assert_eq!(serial(&files, NOW), first_serial, "a good certificate is kept");

        let later = NOW.plus(350 * DAY);
        Authority::open(&dir, &names, later).unwrap();
        let renewed = serial(&files, later);
        assert_ne!(renewed, first_serial, "a certificate in its last month is renewed");

        Authority::open(&dir, &["other.example"], later).unwrap();
        assert_ne!(serial(&files, later), renewed, "another name needs another certificate");
    }

    #[test]
    fn keys_are_written_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (_, files) = Authority::open(dir.path(), &["localhost"], NOW).unwrap();
        // A replaced key, too: a wide mode of the old file must not be inherited.
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o666)).unwrap();
        Authority::open(dir.path(), &["localhost"], NOW).unwrap();
        for key in [files.key, dir.path().join("root.key")] {
            let mode = std::fs::metadata(&key).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", key.display());
        }
    }
}
