//! The authorities that certificates of other operators may come from.

use crate::limits;
use crate::load::{LoadError, certificates, damaged, read};
use crate::signed::PublicKey;
use crate::subject::rfc4514;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use std::path::Path;
use std::sync::Arc;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Roots, and the intermediate authorities below them, read from one PEM file.
///
/// A chain ends at a root; intermediates are here so that their lists of revoked certificates can
/// be checked before any handshake, and for peers that forget to send them. Nothing else is
/// trusted between operators (DOMAIN §1.3).
#[derive(Debug)]
pub struct Anchors {
    roots: Arc<RootCertStore>,
    intermediates: Vec<CertificateDer<'static>>,
    issuers: Vec<Issuer>,
    distribution_points: Vec<String>,
}

/// One authority, as far as lists need it.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// RFC 4514 text.
    pub(crate) name: String,
    /// DER of the name.
    pub(crate) raw: Vec<u8>,
    pub(crate) key: PublicKey,
    /// Its key usage, if it has one, allows to sign lists. RFC 5280 §4.2.1.3
    pub(crate) signs_lists: bool,
}

impl Anchors {
    /// Reads a PEM file of roots and intermediates.
    pub fn load(path: &Path) -> Result<Arc<Self>, LoadError> {
        Self::parse(&read(path)?, &path.display().to_string())
    }

    /// From PEM text.
    pub fn from_pem(pem: &str) -> Result<Arc<Self>, LoadError> {
        Self::parse(pem.as_bytes(), "the given text")
    }

    fn parse(pem: &[u8], origin: &str) -> Result<Arc<Self>, LoadError> {
        let ders = certificates(pem, origin)?;
        if ders.len() > limits::AUTHORITIES {
            let (count, max) = (ders.len(), limits::AUTHORITIES);
            return Err(LoadError::TooMany { origin: origin.to_owned(), count, max });
        }
        let mut anchors = Self {
            roots: Arc::new(RootCertStore::empty()),
            intermediates: Vec::new(),
            issuers: Vec::new(),
            distribution_points: Vec::new(),
        };
        let mut roots = RootCertStore::empty();
        let mut waiting = Vec::new();
        for der in ders {
            let (_, certificate) = X509Certificate::from_der(&der).map_err(|cause| damaged(origin, cause))?;
            let name = rfc4514(certificate.subject());
            if !certificate.is_ca() {
                return Err(LoadError::NotAuthority { origin: origin.to_owned(), subject: name });
            }
            let issuer = Issuer {
                name,
                raw: certificate.subject().as_raw().to_vec(),
                key: PublicKey::from_spki(certificate.public_key().raw)
                    .ok_or_else(|| damaged(origin, rustls::Error::General("no public key".into())))?,
                signs_lists: match certificate.key_usage() {
                    Ok(usage) => usage.is_none_or(|usage| usage.value.crl_sign()),
                    Err(_) => false,
                },
            };
            for url in distribution_points(&certificate) {
                if !anchors.distribution_points.contains(&url) {
                    anchors.distribution_points.push(url);
                }
            }
            let parent = certificate.issuer().as_raw().to_vec();
            if parent == issuer.raw && issuer.key.signed(&der) {
                roots.add(der).map_err(|cause| damaged(origin, cause))?;
                anchors.issuers.push(issuer);
            } else {
                waiting.push((der, parent, issuer));
            }
        }
        anchors.roots = Arc::new(roots);
        anchors.adopt(waiting, origin)?;
        Ok(Arc::new(anchors))
    }

    /// Takes the intermediates in, each after the one that signed it.
    fn adopt(
        &mut self,
        mut waiting: Vec<(CertificateDer<'static>, Vec<u8>, Issuer)>,
        origin: &str,
    ) -> Result<(), LoadError> {
        while !waiting.is_empty() {
            let before = waiting.len();
            for (der, parent, issuer) in std::mem::take(&mut waiting) {
                if self.issuers_called(&parent).any(|above| above.key.signed(&der)) {
                    self.intermediates.push(der);
                    self.issuers.push(issuer);
                } else {
                    waiting.push((der, parent, issuer));
                }
            }
            if waiting.len() == before {
                let subject = waiting.swap_remove(0).2.name;
                return Err(LoadError::NoRoot { origin: origin.to_owned(), subject });
            }
        }
        Ok(())
    }

    /// Where the certificates of the authorities say that lists are published: those that judge
    /// intermediates. Where an intermediate publishes its own stands in what it issued:
    /// [`Identity::distribution_points`](crate::Identity::distribution_points).
    #[must_use]
    pub fn distribution_points(&self) -> &[String] {
        &self.distribution_points
    }

    /// For uses that know no lists.
    #[must_use]
    pub fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.roots)
    }

    pub(crate) fn intermediates(&self) -> &[CertificateDer<'static>] {
        &self.intermediates
    }

    pub(crate) fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    pub(crate) fn issuers_called<'a>(&'a self, raw: &'a [u8]) -> impl Iterator<Item = &'a Issuer> {
        self.issuers.iter().filter(move |issuer| issuer.raw == raw)
    }
}

/// The addresses of a certificate's CRLDistributionPoints. RFC 5280 §4.2.1.13
pub(crate) fn distribution_points(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut urls = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() else { continue };
        for point in points.iter() {
            let Some(DistributionPointName::FullName(names)) = &point.distribution_point else { continue };
            urls.extend(names.iter().filter_map(|name| match name {
                GeneralName::URI(url) => Some((*url).to_owned()),
                _ => None, // x509-parser's enum
            }));
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, invented_authority, invented_operator};
    use crate::{Identity, Order};

    #[test]
    fn a_file_of_authorities_holds_chains_up_to_their_roots_and_nothing_else() {
        let root = invented_authority();
        let issuing = root.intermediate("Issuing", Some("http://crl.example/root.crl"), NOW).unwrap();
        let forged = invented_authority();
        let leaf = issuing.operator(&invented_operator(), NOW).unwrap().chain_pem;
        let reversed = format!("{}{}", issuing.certificate_pem(), root.certificate_pem());
        let orphan = format!("{}{}", issuing.certificate_pem(), forged.certificate_pem());
        let crowd = root.certificate_pem().repeat(65);
        for (case, pem, want) in [
            ("a root", root.certificate_pem(), Ok((1, 0))),
            ("a chain", &issuing.chain_pem(), Ok((1, 1))),
            ("intermediate first", &reversed, Ok((1, 1))),
            ("two roots", &format!("{}{}", forged.certificate_pem(), issuing.chain_pem()), Ok((2, 1))),
            ("an intermediate alone", issuing.certificate_pem(), Err("without the one that signed it")),
            ("a root of the same name, another key", &orphan, Err("without the one that signed it")),
            ("an operator's certificate", &leaf, Err("is none; take it out")),
            ("nothing", "", Err("holds no certificate")),
            ("too many", &crowd, Err("at most 64")),
        ] {
            match (Anchors::from_pem(pem), want) {
                (Ok(anchors), Ok((roots, between))) => {
                    assert_eq!(
                        (anchors.roots().len(), anchors.intermediates().len()),
                        (roots, between),
                        "{case}"
                    );
                }
                (Err(error), Err(want)) => assert!(error.to_string().contains(want), "{case}: {error}"),
                (got, want) => panic!("{case}: {got:?} instead of {want:?}"),
            }
        }
    }

    #[test]
    fn certificates_say_where_the_lists_about_them_are() {
        let root = invented_authority();
        let issuing = root.intermediate("Issuing", Some("http://crl.example/root.crl"), NOW).unwrap();
        let anchors = Anchors::from_pem(&issuing.chain_pem()).unwrap();
        assert_eq!(anchors.distribution_points(), ["http://crl.example/root.crl"]);
        let operator = invented_operator();
        let order =
            Order { list_url: Some("http://crl.example/issuing.crl"), ..Order::operator(&operator, NOW) };
        let issued = issuing.issue(&order).unwrap();
        let own = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
        assert_eq!(
            own.distribution_points,
            ["http://crl.example/issuing.crl", "http://crl.example/root.crl"]
        );
    }
}
