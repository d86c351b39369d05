//! The one table of what can be asked: the parser, the CapabilityStatement and the OpenAPI description are
//! made of it, so that they cannot disagree.

use crate::Kind;

/// How a value is written (FHIR R4 §3.1.1.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// Text; begins so, case and accents do not count.
    String,
    /// `system|code`.
    Token,
    /// `Type/id`.
    Reference,
    /// A date with a prefix.
    Date,
    /// None of these.
    Special,
}

impl Type {
    /// As FHIR calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Date => "date",
            Self::Special => "special",
        }
    }
}

/// What a parameter asks about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Id of the resource.
    Id,
    /// When it last changed.
    LastUpdated,
    /// Whether it is in use.
    Active,
    /// Any of its identifiers.
    Identifier,
    /// Any part of the name.
    Name,
    /// Last name.
    Family,
    /// First name.
    Given,
    /// A name as it sounds.
    Phonetic,
    /// Profession or know-how.
    Qualification,
    /// Address of a mailbox.
    Mailbox,
    /// Mode of practice or function.
    Role,
    /// Whose situation.
    Practitioner,
    /// Where.
    Organization,
    /// Whose place.
    PartOf,
    /// Sector of activity.
    Sector,
    /// Any part of the postal address.
    Address,
    /// Town.
    City,
    /// Postal code.
    PostalCode,
    /// Street.
    Line,
}

/// A search parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// As it is written.
    pub name: &'static str,
    /// How its value is written.
    pub kind: Type,
    /// What it asks about.
    pub subject: Subject,
    /// Where it may be asked.
    pub on: &'static [Kind],
    /// What may stand behind a colon.
    pub modifiers: &'static [&'static str],
    /// For whom builds a question.
    pub text: &'static str,
    /// A value that is understood.
    pub example: &'static str,
}

use Kind::{Organization, Practitioner, PractitionerRole};

const ALL: &[Kind] = &Kind::ALL;
const PEOPLE: &[Kind] = &[Practitioner, PractitionerRole];
const PLACES: &[Kind] = &[PractitionerRole, Organization];
const WORDS: &[&str] = &["contains", "exact"];
const NUMBERED: &[&str] = &["identifier"];

const fn string(
    name: &'static str,
    subject: Subject,
    on: &'static [Kind],
    text: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, kind: Type::String, subject, on, modifiers: WORDS, text, example }
}

const fn token(
    name: &'static str,
    subject: Subject,
    on: &'static [Kind],
    text: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, kind: Type::Token, subject, on, modifiers: &[], text, example }
}

const fn reference(
    name: &'static str,
    subject: Subject,
    on: &'static [Kind],
    text: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter { name, kind: Type::Reference, subject, on, modifiers: NUMBERED, text, example }
}

/// Every search parameter.
pub const PARAMETERS: &[Parameter] = &[
    token("_id", Subject::Id, ALL, "Id of the resource.", "2a"),
    Parameter {
        name: "_lastUpdated",
        kind: Type::Date,
        subject: Subject::LastUpdated,
        on: ALL,
        modifiers: &[],
        text: "When the entry last changed. Prefixes eq, ne, gt, lt, ge, le.",
        example: "ge2026-01-31",
    },
    token("active", Subject::Active, ALL, "Whether the entry is in use; all that are published are.", "true"),
    token(
        "identifier",
        Subject::Identifier,
        &[Practitioner, Organization],
        "RPPS, national person id; FINESS, SIREN, SIRET, national structure id. With its system, or without.",
        "urn:oid:1.2.250.1.71.4.2.1|810002422979",
    ),
    string("name", Subject::Name, ALL, "Any part of the name.", "martin"),
    string("family", Subject::Family, PEOPLE, "Last name in practice.", "martin"),
    string("given", Subject::Given, PEOPLE, "First name in practice.", "jeanne"),
    Parameter {
        name: "phonetic",
        kind: Type::String,
        subject: Subject::Phonetic,
        on: ALL,
        modifiers: &[],
        text: "A name as it sounds: order, particles and one typing error do not count.",
        example: "lefevre",
    },
    token(
        "qualification-code",
        Subject::Qualification,
        PEOPLE,
        "Code of the profession (TRE_G15) or of a know-how.",
        "10",
    ),
    string("mailbox-mss", Subject::Mailbox, ALL, "Address of a mailbox of the trust space.", "jeanne.martin"),
    token(
        "role",
        Subject::Role,
        &[PractitionerRole],
        "Code of the mode of practice (L, S, B) or of the function.",
        "L",
    ),
    reference(
        "practitioner",
        Subject::Practitioner,
        &[PractitionerRole],
        "Whose situation it is.",
        "Practitioner/2a",
    ),
    reference("organization", Subject::Organization, &[PractitionerRole], "Where it is.", "Organization/2b"),
    reference("partof", Subject::PartOf, &[Organization], "Whose place it is.", "Organization/2b"),
    token("type", Subject::Sector, &[Organization], "Code of the sector of activity (TRE_R02).", "SA33"),
    string("address", Subject::Address, PLACES, "Street, town or postal code.", "lilas"),
    string("address-city", Subject::City, PLACES, "Town.", "lyon"),
    string("address-postalcode", Subject::PostalCode, PLACES, "Postal code, or its beginning.", "69"),
    string("address-line", Subject::Line, PLACES, "Street.", "rue des lilas"),
];

/// A parameter that shapes the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// As it is written.
    pub name: &'static str,
    /// What it shapes.
    pub shapes: Shapes,
    /// For whom builds a question.
    pub text: &'static str,
    /// Values that are understood; any when empty.
    pub values: &'static [&'static str],
}

/// What a control shapes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shapes {
    /// Entries in a page.
    Count,
    /// Where the page begins.
    Page,
    /// What comes along.
    Include,
    /// Whether the total is told.
    Total,
    /// How much of each resource.
    Summary,
    /// Which elements of each resource.
    Elements,
    /// Form of the answer.
    Format,
    /// Lines and blanks.
    Pretty,
}

/// Every parameter that shapes an answer to a search.
pub const CONTROLS: &[Control] = &[
    Control {
        name: "_count",
        shapes: Shapes::Count,
        text: "Entries in a page: 50 when not said, 100 at most; 0 only counts.",
        values: &[],
    },
    Control {
        name: "_page_token",
        shapes: Shapes::Page,
        text: "Where the page begins: only as a next link gave it, with the same question.",
        values: &[],
    },
    Control {
        name: "_include",
        shapes: Shapes::Include,
        text: "What comes along with a PractitionerRole.",
        values: &["PractitionerRole:practitioner", "PractitionerRole:organization"],
    },
    Control {
        name: "_total",
        shapes: Shapes::Total,
        text: "Whether the total is told.",
        values: &["none", "estimate", "accurate"],
    },
    Control {
        name: "_summary",
        shapes: Shapes::Summary,
        text: "How much of each resource.",
        values: &["true", "false", "count", "data"],
    },
    Control {
        name: "_elements",
        shapes: Shapes::Elements,
        text: "Elements of each resource, separated by commas.",
        values: &[],
    },
    Control { name: "_format", shapes: Shapes::Format, text: "Form of the answer.", values: FORMATS },
    Control {
        name: "_pretty",
        shapes: Shapes::Pretty,
        text: "Lines and blanks in the answer.",
        values: &["true", "false"],
    },
];

/// Values of `_format` that are understood.
pub const FORMATS: &[&str] = &["json", "application/json", "application/fhir+json", "text/json"];

/// Which of [`CONTROLS`] shape the answer to a read.
pub const OF_A_READ: &[Shapes] = &[Shapes::Summary, Shapes::Elements, Shapes::Format, Shapes::Pretty];

/// The search parameter of a type by its name.
#[must_use]
pub fn parameter(on: Kind, name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name && parameter.on.contains(&on))
}

/// The search parameters of a type.
pub fn parameters(on: Kind) -> impl Iterator<Item = &'static Parameter> {
    PARAMETERS.iter().filter(move |parameter| parameter.on.contains(&on))
}

/// The control of this name.
#[must_use]
pub fn control(name: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_stands_once() {
        let names = PARAMETERS.iter().map(|parameter| parameter.name);
        let names = names.chain(CONTROLS.iter().map(|control| control.name));
        let count = names.clone().count();
        assert_eq!(names.collect::<BTreeSet<_>>().len(), count);
    }
}
