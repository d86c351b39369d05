//! What attributes there are: names, object identifiers, how they are compared (RFC 4512 §4, RFC 4519,
//! RFC 2798, RFC 4524), and those of this house.

mod classes;
mod published;

pub(crate) use classes::Class;
pub(crate) use published::published;

/// The arc of what this house defines, unless the operator has one: a UUID drawn once, as an object
/// identifier (ITU-T X.667). Nothing is registered under it by anybody else.
pub const ARC: &str = "2.25.19618854644802149164482456359442507968";

/// An attribute that entries may have.
#[expect(missing_docs, reason = "each is named as the standards, or docs/ldap.md, name it")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Attribute {
    ObjectClass,
    Cn,
    Sn,
    GivenName,
    DisplayName,
    PersonalTitle,
    Mail,
    Uid,
    Title,
    O,
    Ou,
    L,
    St,
    PostalCode,
    Street,
    PostalAddress,
    TelephoneNumber,
    Description,
    PliNationalId,
    PliRpps,
    PliProfession,
    PliSpeciality,
    PliSpecialityCode,
    PliPracticeMode,
    PliRole,
    PliStructureId,
    PliFiness,
    PliSiret,
    PliSector,
    PliMailboxKind,
    PliRank,
    PliPaperless,
    EntryDn,
    EntryUuid,
    CreateTimestamp,
    ModifyTimestamp,
    StructuralObjectClass,
    HasSubordinates,
    SubschemaSubentry,
    ObjectClasses,
    AttributeTypes,
    NamingContexts,
    SupportedControl,
    SupportedExtension,
    SupportedFeatures,
    SupportedLdapVersion,
    SupportedSaslMechanisms,
    VendorName,
    VendorVersion,
}

/// How values are written and compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Syntax {
    /// Text; case, accents and signs do not count, as everywhere in the directory.
    Text,
    /// ASCII in which only case does not count: addresses.
    Ascii,
    /// Lines of an envelope, `$` between them.
    Lines,
    /// Digits; spaces and signs do not count.
    Telephone,
    /// Names or numbers of object classes.
    Oid,
    /// A whole number.
    Integer,
    /// `TRUE` or `FALSE`.
    Boolean,
    /// A point in time.
    Time,
    /// A distinguished name.
    Dn,
    /// A UUID.
    Uuid,
    /// Told, not searched.
    Opaque,
}

/// Where it counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Usage {
    /// Given when all are asked for.
    User,
    /// Given when asked for by name, or by `+`.
    Operational,
    /// Of the server, in its root.
    Root,
}

/// What is known of an attribute.
pub(crate) struct Kind {
    pub(crate) attribute: Attribute,
    /// The first is the one shown.
    pub(crate) names: &'static [&'static str],
    pub(crate) oid: Oid,
    pub(crate) syntax: Syntax,
    pub(crate) single: bool,
    pub(crate) usage: Usage,
}

/// An object identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Oid {
    /// Everybody's.
    Standard(&'static str),
    /// Ours: the number behind `<arc>.1`.
    Ours(u16),
}

impl Oid {
    /// Written, with the arc for those of this house.
    pub(crate) fn text(self, arc: &str) -> String {
        match self {
            Oid::Standard(oid) => oid.to_owned(),
            Oid::Ours(number) => format!("{arc}.1.{number}"),
        }
    }
}

macro_rules! kinds {
    ($($attribute:ident $names:expr, $oid:expr, $syntax:ident, $single:literal, $usage:ident;)*) => {
        /// All of them, in the order of the enumeration.
        pub(crate) const KINDS: &[Kind] = &[$(Kind {
            attribute: Attribute::$attribute,
            names: &$names,
            oid: $oid,
            syntax: Syntax::$syntax,
            single: $single,
            usage: Usage::$usage,
        }),*];
    };
}

use Oid::{Ours, Standard as Std};

kinds! {
    ObjectClass ["objectClass"], Std("2.5.4.0"), Oid, false, User;
    Cn ["cn", "commonName"], Std("2.5.4.3"), Text, false, User;
    Sn ["sn", "surname"], Std("2.5.4.4"), Text, false, User;
    GivenName ["givenName", "gn"], Std("2.5.4.42"), Text, false, User;
    DisplayName ["displayName"], Std("2.16.840.1.113730.3.1.241"), Text, true, User;
    PersonalTitle ["personalTitle"], Std("0.9.2342.19200300.100.1.40"), Text, false, User;
    Mail ["mail", "rfc822Mailbox"], Std("0.9.2342.19200300.100.1.3"), Ascii, false, User;
    Uid ["uid", "userid"], Std("0.9.2342.19200300.100.1.1"), Ascii, false, User;
    Title ["title"], Std("2.5.4.12"), Text, false, User;
    O ["o", "organizationName"], Std("2.5.4.10"), Text, false, User;
    Ou ["ou", "organizationalUnitName"], Std("2.5.4.11"), Text, false, User;
    L ["l", "localityName"], Std("2.5.4.7"), Text, false, User;
    St ["st", "stateOrProvinceName"], Std("2.5.4.8"), Text, false, User;
    PostalCode ["postalCode"], Std("2.5.4.17"), Text, false, User;
    Street ["street", "streetAddress"], Std("2.5.4.9"), Text, false, User;
    PostalAddress ["postalAddress"], Std("2.5.4.16"), Lines, false, User;
    TelephoneNumber ["telephoneNumber"], Std("2.5.4.20"), Telephone, false, User;
    Description ["description"], Std("2.5.4.13"), Text, false, User;
    PliNationalId ["pliNationalId"], Ours(1), Ascii, true, User;
    PliRpps ["pliRpps"], Ours(2), Ascii, true, User;
    PliProfession ["pliProfession"], Ours(3), Ascii, true, User;
    PliSpeciality ["pliSpeciality"], Ours(4), Text, false, User;
    PliSpecialityCode ["pliSpecialityCode"], Ours(5), Ascii, false, User;
    PliPracticeMode ["pliPracticeMode"], Ours(6), Ascii, false, User;
    PliRole ["pliRole"], Ours(7), Text, false, User;
    PliStructureId ["pliStructureId"], Ours(8), Ascii, false, User;
    PliFiness ["pliFiness"], Ours(9), Ascii, false, User;
    PliSiret ["pliSiret"], Ours(10), Ascii, false, User;
    PliSector ["pliSector"], Ours(11), Ascii, false, User;
    PliMailboxKind ["pliMailboxKind"], Ours(12), Ascii, true, User;
    PliRank ["pliRank"], Ours(13), Integer, true, User;
    PliPaperless ["pliPaperless"], Ours(14), Boolean, true, User;
    EntryDn ["entryDN"], Std("1.3.6.1.1.20"), Dn, true, Operational;
    EntryUuid ["entryUUID"], Std("1.3.6.1.1.16.4"), Uuid, true, Operational;
    // No entry has it; programs ask for it and look it up in the schema.
    CreateTimestamp ["createTimestamp"], Std("2.5.18.1"), Time, true, Operational;
    ModifyTimestamp ["modifyTimestamp"], Std("2.5.18.2"), Time, true, Operational;
    StructuralObjectClass ["structuralObjectClass"], Std("2.5.21.9"), Oid, true, Operational;
    HasSubordinates ["hasSubordinates"], Std("2.5.18.9"), Boolean, true, Operational;
    SubschemaSubentry ["subschemaSubentry"], Std("2.5.18.10"), Dn, true, Operational;
    ObjectClasses ["objectClasses"], Std("2.5.21.6"), Opaque, false, Operational;
    AttributeTypes ["attributeTypes"], Std("2.5.21.5"), Opaque, false, Operational;
    NamingContexts ["namingContexts"], Std("1.3.6.1.4.1.1466.101.120.5"), Dn, false, Root;
    SupportedControl ["supportedControl"], Std("1.3.6.1.4.1.1466.101.120.13"), Oid, false, Root;
    SupportedExtension ["supportedExtension"], Std("1.3.6.1.4.1.1466.101.120.7"), Oid, false, Root;
    SupportedFeatures ["supportedFeatures"], Std("1.3.6.1.4.1.4203.1.3.5"), Oid, false, Root;
    SupportedLdapVersion ["supportedLDAPVersion"], Std("1.3.6.1.4.1.1466.101.120.15"), Integer, false, Root;
    SupportedSaslMechanisms ["supportedSASLMechanisms"], Std("1.3.6.1.4.1.1466.101.120.14"), Text, false, Root;
    VendorName ["vendorName"], Std("1.3.6.1.1.4"), Text, true, Root;
    VendorVersion ["vendorVersion"], Std("1.3.6.1.1.5"), Text, true, Root;
}

impl Attribute {
    pub(crate) fn kind(self) -> &'static Kind {
        &KINDS[self as usize]
    }

    /// As entries show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind().names[0]
    }

    pub(crate) fn syntax(self) -> Syntax {
        self.kind().syntax
    }

    /// The attribute of a description without options: a name in any case, or its number (RFC 4512 §2.5).
    pub(crate) fn named(text: &str, arc: &str) -> Option<Self> {
        let number = text.starts_with(|first: char| first.is_ascii_digit());
        let found = KINDS.iter().find(|kind| match number {
            true => match kind.oid {
                Oid::Standard(oid) => oid == text,
                Oid::Ours(number) => {
                    text.strip_prefix(arc).and_then(|rest| rest.strip_prefix(".1."))
                        == Some(&number.to_string())
                }
            },
            false => kind.names.iter().any(|name| name.eq_ignore_ascii_case(text)),
        });
        found.map(|kind| kind.attribute)
    }
}

impl Syntax {
    /// Its object identifier (RFC 4517 §3.3; RFC 4530 §2.1).
    pub(crate) fn oid(self) -> &'static str {
        match self {
            Syntax::Text | Syntax::Opaque => "1.3.6.1.4.1.1466.115.121.1.15",
            Syntax::Ascii => "1.3.6.1.4.1.1466.115.121.1.26",
            Syntax::Lines => "1.3.6.1.4.1.1466.115.121.1.41",
            Syntax::Telephone => "1.3.6.1.4.1.1466.115.121.1.50",
            Syntax::Oid => "1.3.6.1.4.1.1466.115.121.1.38",
            Syntax::Integer => "1.3.6.1.4.1.1466.115.121.1.27",
            Syntax::Boolean => "1.3.6.1.4.1.1466.115.121.1.7",
            Syntax::Time => "1.3.6.1.4.1.1466.115.121.1.24",
            Syntax::Dn => "1.3.6.1.4.1.1466.115.121.1.12",
            Syntax::Uuid => "1.3.6.1.1.16.1",
        }
    }

    /// Rules of equality, order and parts (RFC 4517 §4.2), by their names.
    pub(crate) fn rules(self) -> (&'static str, Option<&'static str>, Option<&'static str>) {
        match self {
            Syntax::Text => {
                ("caseIgnoreMatch", Some("caseIgnoreOrderingMatch"), Some("caseIgnoreSubstringsMatch"))
            }
            Syntax::Ascii => ("caseIgnoreIA5Match", None, Some("caseIgnoreIA5SubstringsMatch")),
            Syntax::Lines => ("caseIgnoreListMatch", None, Some("caseIgnoreListSubstringsMatch")),
            Syntax::Telephone => ("telephoneNumberMatch", None, Some("telephoneNumberSubstringsMatch")),
            Syntax::Oid => ("objectIdentifierMatch", None, None),
            Syntax::Integer => ("integerMatch", Some("integerOrderingMatch"), None),
            Syntax::Boolean => ("booleanMatch", None, None),
            Syntax::Time => ("generalizedTimeMatch", Some("generalizedTimeOrderingMatch"), None),
            Syntax::Dn => ("distinguishedNameMatch", None, None),
            Syntax::Uuid => ("uuidMatch", Some("uuidOrderingMatch"), None),
            Syntax::Opaque => ("objectIdentifierFirstComponentMatch", None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_attributes() {
        for (place, kind) in KINDS.iter().enumerate() {
            assert_eq!(kind.attribute as usize, place, "{}", kind.names[0]);
            assert_eq!(kind.attribute.name(), kind.names[0]);
        }
        assert_eq!(KINDS.len(), Attribute::VendorVersion as usize + 1);
    }

    #[test]
    fn an_attribute_is_known_by_its_names_in_any_case_and_by_its_number() {
        for (text, want) in [
            ("cn", Some(Attribute::Cn)),
            ("COMMONNAME", Some(Attribute::Cn)),
            ("2.5.4.3", Some(Attribute::Cn)),
            ("pliRpps", Some(Attribute::PliRpps)),
            ("2.25.19618854644802149164482456359442507968.1.2", Some(Attribute::PliRpps)),
            ("2.25.19618854644802149164482456359442507968.1.14", Some(Attribute::PliPaperless)),
            ("2.25.19618854644802149164482456359442507968.1.99", None),
            ("2.5.4", None),
            ("", None),
            ("nothing", None),
        ] {
            assert_eq!(Attribute::named(text, ARC), want, "{text}");
        }
        assert_eq!(
            Attribute::named("1.2.3.1.2", "1.2.3"),
            Some(Attribute::PliRpps),
            "under the operator's arc"
        );
    }

    #[test]
    fn no_name_and_no_number_is_given_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for kind in KINDS {
            assert!(seen.insert(kind.oid.text(ARC)), "{}", kind.names[0]);
            for name in kind.names {
                assert!(seen.insert(name.to_lowercase()), "{name}");
            }
        }
    }
}
