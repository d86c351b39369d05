//! Lists of revoked certificates as the throwaway authority publishes them.

use super::{Authority, AuthorityError, Secrecy, at, write};
use names::{DAY, Timestamp};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use std::path::Path;

/// A list to be signed. [`ListOrder::daily`] is an honest one.
#[derive(Clone, Debug)]
pub struct ListOrder<'a> {
    /// Serial numbers of the revoked certificates, hexadecimal ([`Issued::serial`](super::Issued::serial)).
    pub revoked: &'a [&'a str],
    /// Its own number; authorities count up.
    pub number: u64,
    /// When it says it was made.
    pub this_update: Timestamp,
    /// When it says the next one comes.
    pub next_update: Timestamp,
}

/// A signed list.
#[derive(Clone, Debug)]
pub struct PublishedList {
    /// As authorities publish it.
    pub der: Vec<u8>,
    /// As some do.
    pub pem: String,
}

impl<'a> ListOrder<'a> {
    /// Made now, good for a day, numbered by the second.
    #[must_use]
    pub fn daily(revoked: &'a [&'a str], now: Timestamp) -> Self {
        let number = now.0.max(0).unsigned_abs() / names::SECOND.unsigned_abs();
        Self { revoked, number, this_update: now, next_update: now.plus(DAY) }
    }
}

impl Authority {
    /// Signs a list.
    pub fn revocation_list(&self, order: &ListOrder<'_>) -> Result<PublishedList, AuthorityError> {
        let make = || {
            let epoch = || rcgen::date_time_ymd(1970, 1, 1);
            let params = CertificateRevocationListParams {
                this_update: at(order.this_update, epoch()),
                next_update: at(order.next_update, epoch()),
                crl_number: SerialNumber::from(order.number),
                issuing_distribution_point: None,
                revoked_certs: order
                    .revoked
                    .iter()
                    .map(|serial| RevokedCertParams {
                        serial_number: SerialNumber::from_slice(&octets(serial)),
                        revocation_time: at(order.this_update, epoch()),
                        reason_code: None,
                        invalidity_date: None,
                    })
                    .collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            let list = params.signed_by(&self.issuer)?;
            Ok(PublishedList { der: list.der().to_vec(), pem: list.pem()? })
        };
        make().map_err(|cause| AuthorityError::Make { what: "a list of revoked certificates".into(), cause })
    }
}

impl PublishedList {
    /// Writes the PEM: beside, then renamed over what was there.
    pub fn write(&self, path: &Path) -> Result<(), AuthorityError> {
        write(path, &self.pem, Secrecy::Everyone)
    }
}

/// Of hexadecimal digits; what is none ends it.
fn octets(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2).map(|place| digits.get(place..place + 2));
    pairs.map_while(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}
