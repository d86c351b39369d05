//! The judgement over a certificate of another operator, the same at our doors and on our way out.

use crate::anchors::Anchors;
use crate::limits;
use crate::load::{Identity, instant};
use crate::refused::{Refusal, Refused};
use crate::revocation::{Freshness, Revocation};
use crate::server_config::provider;
use names::{SECOND, Timestamp};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use std::sync::Arc;
use webpki::{EndEntityCert, KeyUsage, RevocationOptions, RevocationOptionsBuilder};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Whom we believe between operators: the authorities, and their lists.
#[derive(Clone, Debug)]
pub struct PeerTrust {
    anchors: Arc<Anchors>,
    revocation: Revocation,
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
}

/// Which side the certificate is shown by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Client,
    Server,
}

impl PeerTrust {
    /// Chains must end at a root of `anchors`; `revocation` says which lists count.
    #[must_use]
    pub fn new(anchors: Arc<Anchors>, revocation: Revocation) -> Self {
        let algorithms = provider().signature_verification_algorithms.all;
        Self { anchors, revocation, algorithms }
    }

    /// The authorities.
    #[must_use]
    pub fn anchors(&self) -> &Arc<Anchors> {
        &self.anchors
    }

    /// What another operator with the same authorities would say of a certificate of ours: as the server it
    /// reaches, and as the client that comes to it.
    pub fn of_ours(&self, identity: &Identity, now: Timestamp) -> Result<(), Refusal> {
        let [leaf, sent @ ..] = &identity.key.cert[..] else { return Ok(()) };
        let seconds = u64::try_from(now.0 / SECOND).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        self.judge(leaf, sent, Purpose::Server, now)?;
        self.judge(leaf, sent, Purpose::Client, now)
    }

    /// Chain, purpose, time, strength, lists: everything but the name.
    pub(crate) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        purpose: Purpose,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.reason(leaf, sent, purpose, now).map_err(|reason| Refusal::new(reason, leaf))
    }

    fn reason(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        purpose: Purpose,
        now: UnixTime,
    ) -> Result<(), Refused> {
        let (_, readable) = X509Certificate::from_der(leaf).map_err(|_| Refused::Unreadable)?;
        let self_issued = readable.subject().as_raw() == readable.issuer().as_raw();
        let end = EndEntityCert::try_from(leaf).map_err(|cause| reason_of(&cause))?;
        let own = self.anchors.intermediates().iter();
        let between: Vec<CertificateDer<'_>> =
            sent.iter().chain(own).map(|der| CertificateDer::from(der.as_ref())).collect();
        let lists = self.lists(instant(i64::try_from(now.as_secs()).unwrap_or(i64::MAX)));
        let fresh: Vec<_> = lists.iter().flat_map(|lists| &lists.fresh).map(|list| &list.revoked).collect();
        // Without any usable list the path is still looked for: a stranger is to be called one.
        let options = RevocationOptionsBuilder::new(&fresh).ok().map(RevocationOptionsBuilder::build);
        let blind = lists.is_some() && options.is_none();
        let path = self.path(&end, &between, purpose, now, options);
        match path {
            Ok(()) if blind => Err(Refused::RevocationUnknown),
            Ok(()) => strong_and_signing(&readable),
            Err(webpki::Error::UnknownIssuer | webpki::Error::CaUsedAsEndEntity) if self_issued => {
                Err(Refused::SelfSigned)
            }
            Err(cause) => Err(reason_of(&cause)),
        }
        .map_err(|reason| match (&lists, reason) {
            (Some(lists), Refused::RevocationUnknown) if lists.has_stale(&readable, &between) => {
                Refused::ListStale
            }
            (Some(_) | None, reason) => reason,
        })
    }

    fn path(
        &self,
        end: &EndEntityCert<'_>,
        between: &[CertificateDer<'_>],
        purpose: Purpose,
        now: UnixTime,
        options: Option<RevocationOptions<'_>>,
    ) -> Result<(), webpki::Error> {
        // RFC 5280 §4.2.1.12: a certificate that names no purpose is for any (DESIGN §6).
        let usage = match purpose {
            Purpose::Client => KeyUsage::client_auth(),
            Purpose::Server => KeyUsage::server_auth(),
        };
        let roots = self.anchors.roots();
        end.verify_for_usage(self.algorithms, &roots.roots, between, now, usage, options, None).map(drop)
    }

    fn lists(&self, now: Timestamp) -> Option<Lists> {
        let lists = match &self.revocation {
            Revocation::Off => return None,
            Revocation::Required(lists) => lists,
        };
        let mut sorted = Lists { fresh: Vec::new(), stale: Vec::new() };
        for list in lists.current().iter() {
            match lists.freshness(list, now) {
                Freshness::Fresh | Freshness::Grace { .. } => sorted.fresh.push(Arc::clone(list)),
                Freshness::Stale | Freshness::Missing => sorted.stale.push(Arc::clone(list)),
            }
        }
        Some(sorted)
    }
}

/// The lists at one moment.
struct Lists {
    fresh: Vec<Arc<crate::list::List>>,
    stale: Vec<Arc<crate::list::List>>,
}

impl Lists {
    /// Whether a list that is too old speaks of a certificate that may be part of the path.
    fn has_stale(&self, leaf: &X509Certificate<'_>, between: &[CertificateDer<'_>]) -> bool {
        let is_stale = |issuer: &[u8]| self.stale.iter().any(|list| list.issuer_raw == issuer);
        is_stale(leaf.issuer().as_raw())
            || between.iter().any(|der| {
                X509Certificate::from_der(der).is_ok_and(|(_, above)| is_stale(above.issuer().as_raw()))
            })
    }
}

/// What webpki leaves to the application. The keys of authorities it checks itself: no algorithm
/// of the provider takes a shorter one.
fn strong_and_signing(leaf: &X509Certificate<'_>) -> Result<(), Refused> {
    match leaf.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < limits::RSA_BITS => return Err(Refused::WeakKey),
        Ok(_) => {}
        Err(_) => return Err(Refused::Unreadable),
    }
    // RFC 8446 §4.4.2.2: the key signs the handshake.
    match leaf.key_usage() {
        Ok(Some(usage)) if !usage.value.digital_signature() => Err(Refused::WrongPurpose),
        Ok(_) => Ok(()),
        Err(_) => Err(Refused::Unreadable),
    }
}

fn reason_of(cause: &webpki::Error) -> Refused {
    use webpki::Error;
    match cause {
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::InvalidSerialNumber
        | Error::MalformedExtensions
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion => Refused::Unreadable,
        Error::CertExpired { .. } => Refused::Expired,
        Error::CertNotValidYet { .. } => Refused::NotYet,
        Error::CertRevoked => Refused::Revoked,
        Error::UnknownRevocationStatus => Refused::RevocationUnknown,
        Error::CrlExpired { .. } => Refused::ListStale,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Refused::WrongPurpose,
        Error::InvalidSignatureForPublicKey
        | Error::InvalidCrlSignatureForPublicKey
        | Error::SignatureAlgorithmMismatch => Refused::BadSignature,
        Error::CertNotValidForName(_) => Refused::WrongName,
        Error::UnknownIssuer => Refused::UnknownIssuer,
        _ => Refused::BadChain, // webpki's enum
    }
}

#[cfg(test)]
mod tests;
