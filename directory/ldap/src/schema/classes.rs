//! Object classes: the standard ones that entries here have, and two of this house.

use super::Attribute;

/// A class that entries may have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Class {
    Top,
    Person,
    OrganizationalPerson,
    InetOrgPerson,
    OrganizationalRole,
    Organization,
    OrganizationalUnit,
    Subentry,
    Subschema,
    PliMailbox,
    PliStructure,
}

/// What a class is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    Abstract,
    Structural,
    Auxiliary,
}

/// What is known of a class: name, number (behind `<arc>.2` for ours), what it builds on, what it must
/// and may hold.
pub(crate) struct Shape {
    pub(crate) class: Class,
    pub(crate) name: &'static str,
    pub(crate) oid: Result<&'static str, u16>,
    pub(crate) above: Option<&'static str>,
    pub(crate) sort: Sort,
    pub(crate) must: &'static [Attribute],
    pub(crate) may: &'static [Attribute],
}

use Attribute as A;

/// Where somebody is: what people, roles, organisations and units may all hold (RFC 4519 §3).
const PLACE: &[Attribute] =
    &[A::TelephoneNumber, A::Street, A::PostalCode, A::PostalAddress, A::L, A::St, A::Ou, A::Description];

const MAILBOX: &[Attribute] = &[
    A::Uid,
    A::DisplayName,
    A::PersonalTitle,
    A::Title,
    A::O,
    A::Ou,
    A::L,
    A::St,
    A::PostalCode,
    A::Street,
    A::PostalAddress,
    A::TelephoneNumber,
    A::Description,
    A::PliNationalId,
    A::PliRpps,
    A::PliProfession,
    A::PliSpeciality,
    A::PliSpecialityCode,
    A::PliPracticeMode,
    A::PliRole,
    A::PliStructureId,
    A::PliFiness,
    A::PliSiret,
    A::PliSector,
    A::PliMailboxKind,
    A::PliRank,
    A::PliPaperless,
];

/// All of them, in the order of the enumeration (RFC 4512 §2.4.1, §4.2; RFC 4519 §3; RFC 2798 §3;
/// RFC 3672 §2.4).
pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        class: Class::Top,
        name: "top",
        oid: Ok("2.5.6.0"),
        above: None,
        sort: Sort::Abstract,
        must: &[A::ObjectClass],
        may: &[],
    },
    Shape {
        class: Class::Person,
        name: "person",
        oid: Ok("2.5.6.6"),
        above: Some("top"),
        sort: Sort::Structural,
        must: &[A::Sn, A::Cn],
        may: &[A::TelephoneNumber, A::Description],
    },
    Shape {
        class: Class::OrganizationalPerson,
        name: "organizationalPerson",
        oid: Ok("2.5.6.7"),
        above: Some("person"),
        sort: Sort::Structural,
        must: &[],
        may: &[A::Title, A::Street, A::PostalCode, A::PostalAddress, A::Ou, A::St, A::L],
    },
    Shape {
        class: Class::InetOrgPerson,
        name: "inetOrgPerson",
        oid: Ok("2.16.840.1.113730.3.2.2"),
        above: Some("organizationalPerson"),
        sort: Sort::Structural,
        must: &[],
        may: &[A::DisplayName, A::GivenName, A::Mail, A::O, A::Uid],
    },
    Shape {
        class: Class::OrganizationalRole,
        name: "organizationalRole",
        oid: Ok("2.5.6.8"),
        above: Some("top"),
        sort: Sort::Structural,
        must: &[A::Cn],
        may: PLACE,
    },
    Shape {
        class: Class::Organization,
        name: "organization",
        oid: Ok("2.5.6.4"),
        above: Some("top"),
        sort: Sort::Structural,
        must: &[A::O],
        may: PLACE,
    },
    Shape {
        class: Class::OrganizationalUnit,
        name: "organizationalUnit",
        oid: Ok("2.5.6.5"),
        above: Some("top"),
        sort: Sort::Structural,
        must: &[A::Ou],
        may: PLACE,
    },
    Shape {
        class: Class::Subentry,
        name: "subentry",
        oid: Ok("2.5.17.0"),
        above: Some("top"),
        sort: Sort::Structural,
        must: &[A::Cn],
        may: &[],
    },
    Shape {
        class: Class::Subschema,
        name: "subschema",
        oid: Ok("2.5.20.1"),
        above: None,
        sort: Sort::Auxiliary,
        must: &[],
        may: &[A::ObjectClasses, A::AttributeTypes],
    },
    Shape {
        class: Class::PliMailbox,
        name: "pliMailbox",
        oid: Err(1),
        above: Some("top"),
        sort: Sort::Auxiliary,
        must: &[A::Mail],
        may: MAILBOX,
    },
    Shape {
        class: Class::PliStructure,
        name: "pliStructure",
        oid: Err(2),
        above: Some("top"),
        sort: Sort::Auxiliary,
        must: &[A::PliStructureId],
        may: &[A::PliFiness, A::PliSiret, A::PliSector],
    },
];

impl Class {
    pub(crate) fn shape(self) -> &'static Shape {
        &SHAPES[self as usize]
    }

    pub(crate) fn name(self) -> &'static str {
        self.shape().name
    }

    /// The class of a name in any case, or of a number.
    pub(crate) fn named(text: &str, arc: &str) -> Option<Self> {
        let found =
            SHAPES.iter().find(|shape| shape.name.eq_ignore_ascii_case(text) || shape.number(arc) == text);
        found.map(|shape| shape.class)
    }
}

impl Shape {
    pub(crate) fn number(&self, arc: &str) -> String {
        match self.oid {
            Ok(oid) => oid.to_owned(),
            Err(ours) => format!("{arc}.2.{ours}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_classes() {
        for (place, shape) in SHAPES.iter().enumerate() {
            assert_eq!(shape.class as usize, place, "{}", shape.name);
            assert_eq!(Class::named(&shape.name.to_uppercase(), "1.2"), Some(shape.class));
            assert_eq!(Class::named(&shape.number("1.2"), "1.2"), Some(shape.class));
        }
        assert_eq!(Class::named("dragon", "1.2"), None);
    }
}
