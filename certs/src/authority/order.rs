//! An operator's certificate as somebody wants it, defects included: what tests show at a door.

use super::{Authority, AuthorityError, Issued, LEAF_DAYS, OperatorName, alternative, at, published_at};
use crate::load::{LoadError, certificates, damaged, serial};
use crate::signed::sha256;
use names::{DAY, Timestamp};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate to be issued. [`Order::operator`] is a good one; change what should be wrong.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Whose.
    pub subject: &'a OperatorName,
    /// Under which names beside the CN.
    pub names: Alternatives<'a>,
    /// What for.
    pub purposes: Purposes,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
    /// The key of an earlier certificate ([`Issued::key_pem`]), or a new one.
    pub key_pem: Option<&'a str>,
    /// Where the list that may revoke it is published.
    pub list_url: Option<&'a str>,
}

/// The subjectAltName of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternatives<'a> {
    /// None at all: only the CN has a host name.
    None,
    /// The CN again.
    CommonName,
    /// These host names and addresses.
    These(&'a [&'a str]),
}

/// The extended key usage of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purposes {
    /// Servers and clients.
    Both,
    /// Clients alone.
    Client,
    /// Servers alone.
    Server,
    /// No such extension.
    Unsaid,
}

impl<'a> Order<'a> {
    /// From yesterday for a year, for both sides of the MX door, under the operator's host name.
    #[must_use]
    pub fn operator(subject: &'a OperatorName, now: Timestamp) -> Self {
        Self {
            subject,
            names: Alternatives::CommonName,
            purposes: Purposes::Both,
            from: now.plus(-DAY),
            until: now.plus(LEAF_DAYS * DAY),
            key_pem: None,
            list_url: None,
        }
    }
}

impl Authority {
    /// Issues what was ordered, whether or not it makes sense.
    pub fn issue(&self, order: &Order<'_>) -> Result<Issued, AuthorityError> {
        let make = || {
            let (params, key) = order.prepare()?;
            self.sign(params, key)
        };
        make().map_err(|cause| order.failed(cause))
    }
}

impl Order<'_> {
    /// Signed by its own key instead of an authority's.
    pub fn self_signed(&self) -> Result<Issued, AuthorityError> {
        let make = || {
            let (params, key) = self.prepare()?;
            Ok(Issued { chain_pem: params.self_signed(&key)?.pem(), key_pem: key.serialize_pem() })
        };
        make().map_err(|cause| self.failed(cause))
    }

    fn prepare(&self) -> Result<(CertificateParams, KeyPair), rcgen::Error> {
        let key = match self.key_pem {
            Some(pem) => KeyPair::from_pem(pem)?,
            None => KeyPair::generate()?,
        };
        let mut params = CertificateParams::default();
        params.distinguished_name = self.subject.subject();
        let common_name = [self.subject.common_name.as_str()];
        let names = match self.names {
            Alternatives::None => &[],
            Alternatives::CommonName => &common_name[..],
            Alternatives::These(names) => names,
        };
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = match self.purposes {
            Purposes::Both => vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
            Purposes::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Purposes::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Purposes::Unsaid => Vec::new(),
        };
        params.crl_distribution_points = published_at(self.list_url);
        params.not_before = at(self.from, rcgen::date_time_ymd(1970, 1, 1));
        params.not_after = at(self.until, rcgen::date_time_ymd(1970, 1, 1));
        params.serial_number = Some(self.serial(&key));
        Ok((params, key))
    }

    /// rcgen would take the key's hash: two certificates with one key would have one number.
    fn serial(&self, key: &KeyPair) -> SerialNumber {
        let times = [self.from.0, self.until.0].map(i64::to_be_bytes).concat();
        let mut digits = sha256(&[key.public_key_raw(), &times, format!("{self:?}").as_bytes()].concat());
        digits[0] = digits[0] & 0x7f | 0x40; // positive, and as long as it looks
        SerialNumber::from_slice(&digits[..16])
    }

    fn failed(&self, cause: rcgen::Error) -> AuthorityError {
        AuthorityError::Make { what: self.subject.common_name.clone(), cause }
    }
}

impl Issued {
    /// The leaf's serial number, hexadecimal: what a list revokes.
    pub fn serial(&self) -> Result<String, LoadError> {
        let origin = "the issued chain";
        let chain = certificates(self.chain_pem.as_bytes(), origin)?;
        let (_, leaf) = X509Certificate::from_der(&chain[0]).map_err(|cause| damaged(origin, cause))?;
        Ok(serial(&leaf))
    }
}
