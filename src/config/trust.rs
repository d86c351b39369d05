//! `[trust]`: where the national list comes from and how it is judged.

use super::read::{domain, domains};
use directory::trust::Place;
use names::{DistinguishedName, Domain};
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// `[trust]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// The list as a file that somebody else renews.
    pub file: Option<PathBuf>,
    /// The list where it is published; `https://` only.
    pub url: Option<String>,
    /// PEM of the only roots that may vouch for that address.
    pub roots: Option<PathBuf>,
    /// How often it is looked for, in minutes.
    pub refresh_minutes: u64,
    /// Whether it must be signed.
    pub signature: WhenSigned,
    /// PEM of the signers' certificates.
    pub signers: Option<PathBuf>,
    /// SHA-256 of signers' public keys (SubjectPublicKeyInfo), in hexadecimal.
    #[serde(deserialize_with = "keys")]
    pub signer_keys: Vec<[u8; 32]>,
    /// Domains that may vanish in one update, in per cent.
    pub max_shrink_percent: u8,
    /// Which listed domains are those of other operators' patients; the list does not say it.
    #[serde(deserialize_with = "domains")]
    pub patient_domains: Vec<Domain>,
    /// What becomes of a list with entries that cannot be read.
    pub unreadable: Unreadable,
    /// Domains trusted beside the list, `[[trust.extra]]`.
    pub extra: Vec<Extra>,
}

/// Whether the list must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenSigned {
    /// An unsigned list is refused.
    Required,
    /// A signature that is there must be right.
    IfPresent,
    /// Not looked at.
    #[default]
    Off,
}

/// What becomes of a list with entries that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unreadable {
    /// Few are left out, which gives trust to nobody.
    #[default]
    LeaveOut,
    /// The list is refused and the one before stays.
    Refuse,
}

/// `[[trust.extra]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// The domain.
    #[serde(deserialize_with = "domain")]
    pub domain: Domain,
    /// `remote` or `remote-patients`.
    #[serde(default = "remote", deserialize_with = "place")]
    pub place: Place,
    /// Distinguished names of the certificates that speak for it.
    #[serde(default, deserialize_with = "distinguished_names")]
    pub names: Vec<DistinguishedName>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            file: None,
            url: None,
            roots: None,
            refresh_minutes: 60,
            signature: WhenSigned::default(),
            signers: None,
            signer_keys: Vec::new(),
            max_shrink_percent: directory::limits::TRUST_SHRINK_PERCENT,
            patient_domains: Vec::new(),
            unreadable: Unreadable::default(),
            extra: Vec::new(),
        }
    }
}

impl Trust {
    pub(super) fn check(&self) -> Result<(), String> {
        let said = match (&self.file, &self.url, &self.roots) {
            (Some(_), Some(_), _) => Some("trust.file and trust.url: set one, the list has one origin"),
            (None, Some(_), None) => Some(
                "trust.url needs trust.roots: only the authority that vouches for the publisher may, not every one \
                 the system knows",
            ),
            (_, None, Some(_)) => Some("trust.roots goes with trust.url"),
            (_, Some(_), Some(_)) | (_, None, None) => None,
        };
        if let Some(said) = said {
            return Err(said.to_owned());
        }
        if let Some(url) = &self.url
            && let Err(error) = net::fetch::Url::parse(url, net::fetch::Clear::Never)
        {
            return Err(format!("trust.url {error}"));
        }
        let nobody = self.signers.is_none() && self.signer_keys.is_empty();
        match self.signature {
            WhenSigned::Required | WhenSigned::IfPresent if nobody => {
                return Err(
                    "trust.signature needs trust.signers or trust.signer_keys: whose signature?".to_owned()
                );
            }
            WhenSigned::Required | WhenSigned::IfPresent | WhenSigned::Off => {}
        }
        if self.max_shrink_percent > 100 || self.refresh_minutes == 0 {
            return Err("trust.max_shrink_percent is 0 to 100 and trust.refresh_minutes 1 or more".to_owned());
        }
        Ok(())
    }
}

fn remote() -> Place {
    Place::Remote
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Place, D::Error> {
    let text = String::deserialize(deserializer)?;
    match Place::from_code(&text) {
        Some(place) if !place.is_local() => Ok(place),
        Some(_) | None => Err(serde::de::Error::custom(
            "place is remote or remote-patients; our own domains are server.professional_domains and \
             server.patient_domain",
        )),
    }
}

fn distinguished_names<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<DistinguishedName>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        DistinguishedName::parse(text).map_err(|error| serde::de::Error::custom(format!("«{text}»: {error}")))
    };
    texts.iter().map(parse).collect()
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[u8; 32]>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        key(text).ok_or_else(|| serde::de::Error::custom(format!("«{text}» is not 64 hexadecimal digits")))
    };
    texts.iter().map(parse).collect()
}

fn key(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    let octets: Vec<u8> = digits.chunks_exact(2).map(|two| two[0] * 16 + two[1]).collect();
    (digits.len() == 64).then_some(octets)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_table_is_read() {
        let key = "0A:".repeat(31) + "0a";
        let trust: Trust = toml::from_str(&format!(
            "url = \"https://liste.example/liste.xml\"\nroots = \"igc.pem\"\nsignature = \"if-present\"\n\
             signer_keys = [\"{key}\"]\npatient_domains = [\"patient.example\"]\nunreadable = \"refuse\"\n\
             [[extra]]\ndomain = \"essai.example\"\nnames = [\"cn=mx.essai.example, o=Essai\"]\n"
        ))
        .unwrap();
        trust.check().unwrap();
        assert_eq!(trust.signer_keys, [[10; 32]]);
        assert_eq!((trust.refresh_minutes, trust.max_shrink_percent), (60, 5));
        assert_eq!(trust.extra[0].place, Place::Remote);
        assert_eq!(trust.extra[0].names[0].to_string(), "CN=mx.essai.example,O=Essai");
    }

    #[test]
    fn what_contradicts_itself_is_said() {
        for (case, text, words) in [
            ("two origins", "file = \"a\"\nurl = \"https://a.example/\"\nroots = \"b\"", "one origin"),
            ("every authority", "url = \"https://a.example/\"", "needs trust.roots"),
            ("in the clear", "url = \"http://a.example/\"\nroots = \"b\"", "must begin with https://"),
            ("roots for nothing", "file = \"a\"\nroots = \"b\"", "goes with trust.url"),
            ("no signer", "signature = \"required\"", "whose signature?"),
            ("no time", "refresh_minutes = 0", "1 or more"),
            ("more than all", "max_shrink_percent = 101", "0 to 100"),
        ] {
            let trust: Trust = toml::from_str(text).unwrap();
            let said = trust.check().unwrap_err();
            assert!(said.contains(words), "{case}: {said}");
        }
        for (case, text, words) in [
            (
                "an own domain",
                "[[extra]]\ndomain = \"a.example\"\nplace = \"local\"",
                "remote or remote-patients",
            ),
            ("a bad name", "[[extra]]\ndomain = \"a.example\"\nnames = [\"a\"]", "no equals sign"),
            ("a short key", "signer_keys = [\"00\"]", "64 hexadecimal"),
        ] {
            let said = toml::from_str::<Trust>(text).unwrap_err().to_string();
            assert!(said.contains(words), "{case}: {said}");
        }
    }
}
