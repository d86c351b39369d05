//! Entries of the directory as LDAP shows them (docs/ldap.md).

mod facts;
mod holders;

pub(crate) use facts::{base, root, structures, subschema};
pub(crate) use holders::{mailbox_of, of_listing};

use names::Timestamp;

use crate::schema::{Attribute, Class};

/// One entry.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Attributes with at least one value each, in the order of the schema.
    attributes: Vec<(Attribute, Vec<String>)>,
}

impl Entry {
    fn new(dn: String) -> Self {
        Self { dn, attributes: Vec::new() }
    }

    /// Its attributes.
    pub fn attributes(&self) -> impl Iterator<Item = (Attribute, &[String])> {
        self.attributes.iter().map(|(attribute, values)| (*attribute, values.as_slice()))
    }

    /// The values of one.
    pub(crate) fn values(&self, attribute: Attribute) -> &[String] {
        let found = self.attributes.binary_search_by_key(&attribute, |(attribute, _)| *attribute);
        found.map_or(&[], |place| &self.attributes[place].1)
    }

    /// Adds a value, once, unless it is empty.
    fn add(&mut self, attribute: Attribute, value: impl Into<String>) {
        let value = value.into();
        if value.trim().is_empty() {
            return;
        }
        match self.attributes.binary_search_by_key(&attribute, |(attribute, _)| *attribute) {
            Ok(place) => {
                let values = &mut self.attributes[place].1;
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            Err(place) => self.attributes.insert(place, (attribute, vec![value])),
        }
    }

    /// The classes, the structural one first named, and what follows from the name.
    fn seal(&mut self, structural: Class, more: &[Class], seed: &str) {
        let mut above = Some(structural);
        while let Some(class) = above {
            self.add(Attribute::ObjectClass, class.name());
            above = class.shape().above.and_then(|name| Class::named(name, ""));
        }
        for class in more {
            self.add(Attribute::ObjectClass, class.name());
        }
        self.add(Attribute::StructuralObjectClass, structural.name());
        self.add(Attribute::SubschemaSubentry, crate::dn::SUBSCHEMA);
        self.add(Attribute::EntryUuid, uuid_of(seed));
        self.add(Attribute::EntryDn, self.dn.clone());
    }
}

/// A UUID that belongs to a name for ever: 122 bits of its SHA-256 (RFC 9562 §5.8, version 8).
fn uuid_of(seed: &str) -> String {
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, format!("pli-ldap\0{seed}").as_bytes());
    let mut octets = [0_u8; 16];
    octets.copy_from_slice(&digest.as_ref()[..16]);
    octets[6] = octets[6] & 0x0f | 0x80;
    octets[8] = octets[8] & 0x3f | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// RFC 4517 §3.3.13.
fn generalized_time(at: Timestamp) -> String {
    at.utc().strftime("%Y%m%d%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_uuid_and_no_other_has_it() {
        let uuid = uuid_of("a@b.example");
        assert_eq!(uuid, uuid_of("a@b.example"));
        assert_ne!(uuid, uuid_of("b@b.example"));
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"));
    }

    #[test]
    fn times_are_written_in_universal_time() {
        assert_eq!(generalized_time(Timestamp(1_795_348_800_000)), "20261122120000Z");
    }

    #[test]
    fn an_attribute_without_value_is_not_there() {
        let mut entry = Entry::new("cn=x".into());
        entry.add(Attribute::Sn, " ");
        entry.add(Attribute::Sn, "Martin");
        entry.add(Attribute::Cn, "x");
        entry.add(Attribute::Sn, "Martin");
        let all: Vec<_> = entry.attributes().map(|(attribute, values)| (attribute, values.len())).collect();
        assert_eq!(all, [(Attribute::Cn, 1), (Attribute::Sn, 1)]);
        assert!(entry.values(Attribute::Mail).is_empty());
    }
}
