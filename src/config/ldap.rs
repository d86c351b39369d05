//! `[ldap]`: the directory for mail programs and practice software.

use super::Doors;
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;

/// `[ldap]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ldap {
    /// StartTLS (389).
    pub starttls: Option<SocketAddr>,
    /// TLS from the first byte (636).
    pub implicit: Option<SocketAddr>,
    /// The name under which everything stands.
    #[serde(deserialize_with = "base")]
    pub base: ldap::Base,
    /// Whoever reaches the door may read without signing in. Addresses are then copied by anybody, as fast as
    /// `limits.directory_entries` allows each network.
    pub anonymous: bool,
    /// Arc of object identifiers of our own, for whoever has one; a UUID's when absent.
    #[serde(deserialize_with = "arc")]
    pub oid_arc: String,
}

/// A name of our own: the national one is not published (docs/ldap.md).
const BASE: &str = "ou=bal,o=mssante,c=fr";

impl Default for Ldap {
    fn default() -> Self {
        Self {
            starttls: None,
            implicit: None,
            base: ldap::Base::parse(BASE).expect("the default base is a name"),
            anonymous: false,
            oid_arc: ldap::ARC.to_owned(),
        }
    }
}

impl Ldap {
    /// Where it listens.
    #[must_use]
    pub fn doors(&self) -> Doors {
        Doors { starttls: self.starttls, implicit: self.implicit }
    }

    /// As the door wants it.
    #[must_use]
    pub fn settings(&self) -> ldap::Settings {
        let readers = if self.anonymous { ldap::Readers::Everybody } else { ldap::Readers::SignedIn };
        ldap::Settings { base: self.base.clone(), arc: self.oid_arc.clone(), readers }
    }
}

fn base<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ldap::Base, D::Error> {
    let text = String::deserialize(deserializer)?;
    ldap::Base::parse(&text).map_err(|_| serde::de::Error::custom(format!("«{text}» is no name, as {BASE}")))
}

fn arc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = |arc: &str| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
    if text.contains('.') && text.split('.').all(number) {
        Ok(text)
    } else {
        Err(serde::de::Error::custom(format!("«{text}» is no object identifier, as 1.2.3")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_read_and_what_makes_no_sense_is_refused() {
        let read = |text: &str| toml::from_str::<Ldap>(text);
        let nothing = read("").unwrap();
        assert_eq!((nothing.base.as_str(), nothing.anonymous), (BASE, false));
        assert_eq!(nothing.doors().implicit, None);
        let all = "starttls = \"127.0.0.1:389\"\nbase = \"dc=example, dc=org\"\noid_arc = \"1.2.3\"\nanonymous = true";
        let all = read(all).unwrap();
        assert_eq!((all.base.as_str(), all.oid_arc.as_str()), ("dc=example, dc=org", "1.2.3"));
        assert_eq!(all.settings().readers, ldap::Readers::Everybody);
        for wrong in ["base = \"\"", "base = \"bal\"", "oid_arc = \"1..2\"", "oid_arc = \"x\"", "port = 389"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
