//! What a filter means, word by word as RFC 4511 §4.5.1.7 says it, over the filter as `ldap3_proto` holds
//! it: slow, without plans, and written apart from the filter that is tested.

use ldap3_proto::proto::LdapFilter;
use names::fold;

use crate::schema::ARC;
use crate::{Attribute, Entry};

/// Attributes whose values are compared as addresses and codes are.
const CODES: [&str; 14] = [
    "mail",
    "uid",
    "pliNationalId",
    "pliRpps",
    "pliProfession",
    "pliSpecialityCode",
    "pliPracticeMode",
    "pliStructureId",
    "pliFiness",
    "pliSiret",
    "pliSector",
    "pliMailboxKind",
    "objectClass",
    "entryUUID",
];

pub(crate) fn oracle(filter: &LdapFilter, entry: &Entry) -> Option<bool> {
    match filter {
        LdapFilter::And(all) => {
            let all: Vec<_> = all.iter().map(|one| oracle(one, entry)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else if all.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        LdapFilter::Or(all) => {
            let all: Vec<_> = all.iter().map(|one| oracle(one, entry)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else if all.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
        LdapFilter::Not(one) => oracle(one, entry).map(|truth| !truth),
        LdapFilter::Present(name) => Some(!values(name, entry)?.is_empty()),
        LdapFilter::Equality(name, wanted) => {
            let wanted = form(name, wanted);
            Some(values(name, entry)?.into_iter().any(|value| value == wanted))
        }
        LdapFilter::GreaterOrEqual(name, wanted) => {
            let wanted = form(name, wanted);
            Some(values(name, entry)?.into_iter().any(|value| value >= wanted))
        }
        LdapFilter::LessOrEqual(name, wanted) => {
            let wanted = form(name, wanted);
            Some(values(name, entry)?.into_iter().any(|value| value <= wanted))
        }
        LdapFilter::Substring(name, parts) => {
            let found = values(name, entry)?.into_iter().any(|value| {
                let initial = parts.initial.as_ref().map(|part| form(name, part)).unwrap_or_default();
                if !value.starts_with(&initial) {
                    return false;
                }
                let mut from = initial.len();
                for part in &parts.any {
                    let part = form(name, part);
                    match value[from..].find(&part) {
                        Some(place) => from += place + part.len(),
                        None => return false,
                    }
                }
                let last = parts.final_.as_ref().map(|part| form(name, part)).unwrap_or_default();
                value.len() >= from + last.len() && value.ends_with(&last)
            });
            Some(found)
        }
        LdapFilter::Approx(..) | LdapFilter::Extensible(_) => panic!("not for the oracle"),
    }
}

fn values(name: &str, entry: &Entry) -> Option<Vec<String>> {
    let attribute = Attribute::named(name, ARC)?;
    Some(entry.values(attribute).iter().map(|value| form(name, value)).collect())
}

fn form(name: &str, value: &str) -> String {
    if CODES.iter().any(|code| code.eq_ignore_ascii_case(name)) {
        value.trim().to_lowercase()
    } else {
        fold(value)
    }
}
