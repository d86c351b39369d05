//! The few entries that are always there: the root of the server, the schema, the base, its unit.

use super::Entry;
use crate::Settings;
use crate::controls::{PAGED, SORT, VIEW};
use crate::dn::SUBSCHEMA;
use crate::message::{CANCEL, STARTTLS, WHO_AM_I};
use crate::schema::{Attribute, Class, published};

/// All operational attributes by `+` (RFC 3673), and empty and-filters and or-filters (RFC 4526).
const FEATURES: [&str; 2] = ["1.3.6.1.4.1.4203.1.5.1", "1.3.6.1.4.1.4203.1.5.3"];

/// The root (RFC 4512 §5.1). `external` tells whether the certificate shown may sign in.
pub(crate) fn root(settings: &Settings, external: bool, secured: bool) -> Entry {
    let mut entry = Entry::new(String::new());
    entry.add(Attribute::ObjectClass, Class::Top.name());
    entry.add(Attribute::NamingContexts, settings.base.as_str());
    entry.add(Attribute::SubschemaSubentry, SUBSCHEMA);
    for control in [PAGED, SORT, VIEW] {
        entry.add(Attribute::SupportedControl, control);
    }
    for extension in [WHO_AM_I, CANCEL] {
        entry.add(Attribute::SupportedExtension, extension);
    }
    if !secured {
        entry.add(Attribute::SupportedExtension, STARTTLS);
    }
    for feature in FEATURES {
        entry.add(Attribute::SupportedFeatures, feature);
    }
    entry.add(Attribute::SupportedLdapVersion, "3");
    if external {
        entry.add(Attribute::SupportedSaslMechanisms, "EXTERNAL");
    }
    entry.add(Attribute::VendorName, "Pli");
    entry
}

/// The schema (RFC 4512 §4.2).
pub(crate) fn subschema(settings: &Settings) -> Entry {
    let mut entry = Entry::new(SUBSCHEMA.to_owned());
    entry.add(Attribute::Cn, "subschema");
    let (attributes, classes) = published(&settings.arc);
    for text in attributes {
        entry.add(Attribute::AttributeTypes, text);
    }
    for text in classes {
        entry.add(Attribute::ObjectClasses, text);
    }
    entry.seal(Class::Subentry, &[Class::Subschema], SUBSCHEMA);
    entry
}

/// What everything stands under.
pub(crate) fn base(settings: &Settings) -> Entry {
    let mut entry = Entry::new(settings.base.as_str().to_owned());
    let mut class = Class::OrganizationalUnit;
    if let Some((kind, value)) = settings.base.first() {
        match Attribute::named(kind, &settings.arc) {
            Some(Attribute::O) => {
                class = Class::Organization;
                entry.add(Attribute::O, value);
            }
            Some(Attribute::Ou) => entry.add(Attribute::Ou, value),
            Some(_) | None => entry.add(Attribute::Ou, "annuaire"),
        }
    }
    entry.add(Attribute::HasSubordinates, "TRUE");
    entry.seal(class, &[], settings.base.as_str());
    entry
}

/// The unit of structures.
pub(crate) fn structures(settings: &Settings) -> Entry {
    let mut entry = Entry::new(settings.base.structures());
    entry.add(Attribute::Ou, crate::dn::STRUCTURES);
    entry.add(Attribute::HasSubordinates, "TRUE");
    entry.seal(Class::OrganizationalUnit, &[], crate::dn::STRUCTURES);
    entry
}
