//! What the binary decides once for the professional space.

use std::fmt;

use jiff::tz::TimeZone;
use names::{DistinguishedName, NationalPersonId};

use crate::Origin;

/// What the pages are told by the binary.
#[derive(Clone)]
pub struct Settings {
    /// Where browsers reach them.
    pub origin: Origin,
    /// Root key of sealed references and form tokens; another than the patients' pages have.
    pub root_key: [u8; 32],
    /// The zone of dates.
    pub zone: TimeZone,
    /// What mail programs are set up with.
    pub mail: MailDoors,
    /// Sign-in by the national identity provider, when there is one.
    pub provider: Option<Provider>,
    /// Sign-in by certificate, when the door asks for one.
    pub certificates: Option<CertificateRule>,
    /// The address of the demo's page of what left the house.
    pub outside: Option<String>,
    /// What mail programs are told under the names that they try.
    pub discovery: Option<crate::Discovery>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The doors that mail programs use, as they are reached from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailDoors {
    /// Our name.
    pub host: String,
    /// IMAP, TLS from the first byte.
    pub imap_implicit: Option<u16>,
    /// IMAP, STARTTLS.
    pub imap_starttls: Option<u16>,
    /// Submission, TLS from the first byte.
    pub submission_implicit: Option<u16>,
    /// Submission, STARTTLS.
    pub submission_starttls: Option<u16>,
}

/// The identity provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// As people call it: "Pro Santé Connect".
    pub name: String,
    /// How it is asked.
    pub flow: tokens::CodeFlow,
}

/// Where a person's certificate holds their national identifier. Layouts differ between authorities, so
/// the operator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRule {
    /// Type of the part of the subject, as `CN`.
    pub attribute: String,
}

impl CertificateRule {
    /// The national identifier in a subject (RFC 4514): the one value of that part, whole. A bare RPPS
    /// of eleven digits gets its `8` (DOMAIN §4.6).
    #[must_use]
    pub fn person(&self, subject: &str) -> Option<NationalPersonId> {
        let subject = DistinguishedName::parse(subject).ok()?;
        let mut values = subject.values(&self.attribute);
        let (value, None) = (values.next()?.trim(), values.next()) else { return None };
        let rpps = value.len() == 11 && value.bytes().all(|byte| byte.is_ascii_digit());
        let known = value.starts_with(['0', '3', '8']) && value.len() > 9;
        match (rpps, known) {
            (true, _) => Some(NationalPersonId(format!("8{value}"))),
            (false, true) => Some(NationalPersonId(value.to_owned())),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_speaks_for_the_one_person_it_names() {
        let rule = CertificateRule { attribute: "CN".to_owned() };
        for (case, subject, want) in [
            (
                "a card",
                "CN=810099000027,2.5.4.4=#0C0746455252414E44,2.5.4.42=#0C045041554C,C=FR",
                Some("810099000027"),
            ),
            ("bare RPPS", "CN=10099000027,C=FR", Some("810099000027")),
            ("staff", "CN=3990000044/benali,C=FR", Some("3990000044/benali")),
            ("an operator", "CN=mx.operateur.example,OU=318310021300028,C=FR", None),
            ("two of them", "CN=810099000027,CN=810099000035,C=FR", None),
            ("none", "O=Cabinet,C=FR", None),
            ("not a name", "CN", None),
        ] {
            assert_eq!(rule.person(subject).map(|id| id.0).as_deref(), want, "{case}");
        }
        let other = CertificateRule { attribute: "UID".to_owned() };
        assert_eq!(other.person("CN=810099000027,C=FR"), None);
    }
}
