//! One list of revoked certificates, read and checked. RFC 5280 §5

use crate::anchors::Anchors;
use crate::limits;
use crate::load::instant;
use crate::signed::sha256;
use crate::subject::rfc4514;
use names::Timestamp;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use std::borrow::Cow;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// A list that an authority of ours signed.
#[derive(Debug)]
pub(crate) struct List {
    /// For the check of a path.
    pub(crate) revoked: CertRevocationList<'static>,
    pub(crate) der: Vec<u8>,
    /// RFC 4514 text.
    pub(crate) issuer: String,
    /// DER of the issuer's name.
    pub(crate) issuer_raw: Vec<u8>,
    /// What the list is for: its issuer, and the part of its certificates if it is a part (§5.2.5).
    pub(crate) scope: [u8; 32],
    /// §5.2.3, big-endian without leading zeros.
    pub(crate) number: Option<Vec<u8>>,
    pub(crate) this_update: Timestamp,
    pub(crate) next_update: Timestamp,
    pub(crate) entries: usize,
}

/// Why a list was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Longer than any honest list.
    #[error("the list is longer than {} octets", limits::LIST_SIZE)]
    TooLong,
    /// No list, or one with features that nobody here understands (delta, indirect).
    #[error("the list cannot be read: {what}")]
    Unreadable {
        /// What the parser says.
        what: String,
    },
    /// Signed by somebody else.
    #[error("the list of {issuer} comes from no configured authority")]
    UnknownIssuer {
        /// Its issuer.
        issuer: String,
    },
    /// The signature is wrong.
    #[error("the list of {issuer} has a wrong signature")]
    BadSignature {
        /// Its issuer.
        issuer: String,
    },
    /// The authority's key usage does not allow lists.
    #[error("the authority {issuer} may not sign lists")]
    NotSigner {
        /// Its issuer.
        issuer: String,
    },
    /// Its `thisUpdate` is ahead of our clock.
    #[error("the list of {issuer} is of {}, which is to come; check this machine's clock", .on.rfc3339())]
    FromFuture {
        /// Its issuer.
        issuer: String,
        /// Its `thisUpdate`.
        on: Timestamp,
    },
    /// Number or `thisUpdate` go back: somebody plays an old list again.
    #[error("the list of {issuer} is older than the one we have (of {})", .have.rfc3339())]
    Older {
        /// Its issuer.
        issuer: String,
        /// `thisUpdate` of ours.
        have: Timestamp,
    },
}

impl List {
    /// Reads DER or PEM and checks the signature against the authorities.
    pub(crate) fn read(bytes: &[u8], anchors: &Anchors, now: Timestamp) -> Result<Self, ListError> {
        if bytes.len() > limits::LIST_SIZE {
            return Err(ListError::TooLong);
        }
        let unreadable = |what: String| ListError::Unreadable { what };
        let der = der(bytes).map_err(|cause| unreadable(cause.to_string()))?;
        let (rest, list) =
            CertificateRevocationList::from_der(&der).map_err(|cause| unreadable(cause.to_string()))?;
        if !rest.is_empty() {
            return Err(unreadable("something follows it".into()));
        }
        let issuer = rfc4514(list.issuer());
        let issuer_raw = list.issuer().as_raw();
        let mut called = anchors.issuers_called(issuer_raw).peekable();
        if called.peek().is_none() {
            return Err(ListError::UnknownIssuer { issuer });
        }
        let Some(signer) = called.find(|called| called.key.signed(&der)) else {
            return Err(ListError::BadSignature { issuer });
        };
        if !signer.signs_lists {
            return Err(ListError::NotSigner { issuer });
        }
        let this_update = instant(list.last_update().timestamp());
        if this_update.since(now) > limits::CLOCK_SKEW {
            return Err(ListError::FromFuture { issuer, on: this_update });
        }
        // §5.1.2.5: conforming issuers always say when the next one comes.
        let next_update = list.next_update().ok_or_else(|| unreadable("no nextUpdate".into()))?;
        let revoked =
            OwnedCertRevocationList::from_der(&der).map_err(|cause| unreadable(cause.to_string()))?;
        let revoked = CertRevocationList::from(revoked);
        let part = revoked.issuing_distribution_point().unwrap_or_default();
        Ok(Self {
            scope: sha256(&[issuer_raw, part].concat()),
            issuer_raw: issuer_raw.to_vec(),
            number: list.crl_number().map(|number| number.to_bytes_be()),
            next_update: instant(next_update.timestamp()),
            entries: list.iter_revoked_certificates().count(),
            this_update,
            revoked,
            issuer,
            der: der.to_vec(),
        })
    }

    /// Whether this list may take the place of `old`: neither number nor time go back. RFC 5280
    /// §5.2.3
    pub(crate) fn follows(&self, old: &Self) -> bool {
        let number_goes_on = match (&self.number, &old.number) {
            (Some(new), Some(old)) => (new.len(), new) >= (old.len(), old),
            (Some(_), None) | (None, Some(_) | None) => true,
        };
        number_goes_on && self.this_update >= old.this_update
    }
}

/// Authorities publish DER; some publish PEM.
fn der(bytes: &[u8]) -> Result<Cow<'_, [u8]>, rustls::pki_types::pem::Error> {
    if bytes.trim_ascii_start().starts_with(b"-----") {
        CertificateRevocationListDer::from_pem_slice(bytes).map(|list| Cow::Owned(list.as_ref().to_vec()))
    } else {
        Ok(Cow::Borrowed(bytes))
    }
}
