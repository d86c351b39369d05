//! Professionals and structures with their mailboxes, as entries (DOMAIN §1.5, §4.3).

use names::Address;
use register::{Listing, Mailbox, Organisation, Place, Professional, Situation};

use super::{Entry, generalized_time};
use crate::Settings;
use crate::schema::{Attribute as A, Class};

/// The entries of one holder: a mailbox each, and a structure itself.
pub(crate) fn of_listing(listing: &Listing, settings: &Settings) -> Vec<Entry> {
    match listing {
        Listing::Professional(person) => {
            let alone = shown(&person.mailboxes).map(|mailbox| of_person(person, None, mailbox, settings));
            let placed = person.situations.iter().flat_map(|situation| {
                let of_situation = move |mailbox| of_person(person, Some(situation), mailbox, settings);
                shown(&situation.mailboxes).map(of_situation)
            });
            let mut entries: Vec<Entry> = alone.chain(placed).collect();
            // A mailbox that two situations share is one entry.
            let mut seen = std::collections::HashSet::new();
            entries.retain(|entry| seen.insert(entry.dn.clone()));
            entries
        }
        Listing::Organisation(organisation) => {
            let mailboxes =
                shown(&organisation.mailboxes).map(|mailbox| of_structure(organisation, mailbox, settings));
            mailboxes.chain([structure(organisation, settings)]).collect()
        }
    }
}

/// The register leaves out what is not to be shown; this door would not show it either.
fn shown(mailboxes: &[Mailbox]) -> impl Iterator<Item = &Mailbox> {
    mailboxes.iter().filter(|mailbox| mailbox.is_shown() && mailbox.kind.is_professional())
}

/// The entry of one mailbox of a holder.
pub(crate) fn mailbox_of(listing: &Listing, address: &Address, settings: &Settings) -> Option<Entry> {
    let dn = settings.base.mailbox(address);
    of_listing(listing, settings).into_iter().find(|entry| entry.dn == dn)
}

/// A mailbox of a person: with the situation it belongs to, or with all of them.
fn of_person(
    person: &Professional,
    situation: Option<&Situation>,
    mailbox: &Mailbox,
    settings: &Settings,
) -> Entry {
    let mut entry = Entry::new(settings.base.mailbox(&mailbox.address));
    let given = person.given_name.trim();
    let family = person.family_name.trim();
    let name = format!("{given} {family}").trim().to_owned();
    entry.add(A::Cn, name.clone());
    // Both orders: who types the last name first finds too.
    entry.add(A::Cn, format!("{family} {given}").trim());
    entry.add(A::DisplayName, name);
    // RFC 4519 §3.12: a person has an `sn`.
    entry.add(A::Sn, if family.is_empty() { given } else { family });
    entry.add(A::GivenName, given);
    entry.add(A::PersonalTitle, person.civility.as_str());
    if let Some(profession) = &person.profession {
        entry.add(A::Title, profession.label.as_str());
        entry.add(A::PliProfession, profession.code.as_str());
    }
    for know_how in &person.know_how {
        entry.add(A::PliSpeciality, know_how.label.as_str());
        entry.add(A::PliSpecialityCode, know_how.code.as_str());
    }
    entry.add(A::PliNationalId, person.national_id.0.as_str());
    if let Some(rpps) = person.national_id.0.strip_prefix('8') {
        entry.add(A::PliRpps, rpps);
    }
    let situations = match situation {
        Some(situation) => std::slice::from_ref(situation),
        None => &person.situations,
    };
    for situation in situations {
        entry.add(A::O, situation.organisation_name.as_str());
        if let Some(id) = &situation.organisation {
            structure_id(&mut entry, &id.0);
        }
        if let Some(sector) = &situation.sector {
            entry.add(A::PliSector, sector.0.as_str());
        }
        if let Some(mode) = &situation.mode {
            entry.add(A::PliPracticeMode, mode.code.as_str());
        }
        if let Some(role) = &situation.role {
            entry.add(A::PliRole, role.label.as_str());
        }
        place(&mut entry, &situation.place);
        if let Some(phone) = &situation.phone {
            entry.add(A::TelephoneNumber, phone.as_str());
        }
    }
    common(&mut entry, mailbox);
    entry.add(A::ModifyTimestamp, generalized_time(person.updated));
    entry.seal(Class::InetOrgPerson, &[Class::PliMailbox], &mailbox.address.to_string());
    entry
}

/// A mailbox of a structure: a role, not a person.
fn of_structure(organisation: &Organisation, mailbox: &Mailbox, settings: &Settings) -> Entry {
    let mut entry = Entry::new(settings.base.mailbox(&mailbox.address));
    let name = shown_name(organisation);
    let full = match mailbox.service.as_deref().map(str::trim).filter(|service| !service.is_empty()) {
        Some(service) => {
            entry.add(A::Ou, service);
            format!("{service}, {name}")
        }
        None => name.to_owned(),
    };
    entry.add(A::Cn, full.clone());
    entry.add(A::Cn, name);
    entry.add(A::DisplayName, full);
    of_organisation(&mut entry, organisation);
    common(&mut entry, mailbox);
    entry.add(A::ModifyTimestamp, generalized_time(organisation.updated));
    entry.seal(Class::OrganizationalRole, &[Class::PliMailbox], &mailbox.address.to_string());
    entry
}

/// The structure itself. It has no `cn` and no `mail`: programs that complete addresses do not meet it.
fn structure(organisation: &Organisation, settings: &Settings) -> Entry {
    let mut entry = Entry::new(settings.base.structure(&organisation.national_id));
    of_organisation(&mut entry, organisation);
    entry.add(A::O, shown_name(organisation));
    entry.add(A::HasSubordinates, "FALSE");
    entry.add(A::ModifyTimestamp, generalized_time(organisation.updated));
    entry.seal(Class::Organization, &[Class::PliStructure], &organisation.national_id.0);
    entry
}

fn of_organisation(entry: &mut Entry, organisation: &Organisation) {
    entry.add(A::O, organisation.name.trim());
    entry.add(A::O, organisation.trade_name.trim());
    structure_id(entry, &organisation.national_id.0);
    for finess in organisation.finess.iter().chain(&organisation.finess_legal) {
        entry.add(A::PliFiness, finess.as_str());
    }
    if let Some(siret) = &organisation.siret {
        entry.add(A::PliSiret, siret.as_str());
    }
    if let Some(sector) = &organisation.sector {
        entry.add(A::PliSector, sector.0.as_str());
    }
    place(entry, &organisation.place);
    if let Some(phone) = &organisation.phone {
        entry.add(A::TelephoneNumber, phone.as_str());
    }
}

/// DOMAIN §4.6: `1` and a FINESS number, `3` and a SIRET number.
fn structure_id(entry: &mut Entry, id: &str) {
    entry.add(A::PliStructureId, id);
    match id.split_at_checked(1) {
        Some(("1", finess)) if finess.len() == 9 => entry.add(A::PliFiness, finess),
        Some(("3", siret)) if siret.len() == 14 => entry.add(A::PliSiret, siret),
        Some(_) | None => {}
    }
}

fn shown_name(organisation: &Organisation) -> &str {
    match organisation.trade_name.trim() {
        "" => organisation.name.trim(),
        name => name,
    }
}

/// What every mailbox has.
fn common(entry: &mut Entry, mailbox: &Mailbox) {
    let address = mailbox.address.to_string();
    entry.add(A::Mail, address.clone());
    entry.add(A::Uid, address);
    if let Some(description) = &mailbox.description {
        entry.add(A::Description, description.as_str());
    }
    entry.add(A::PliMailboxKind, mailbox.kind.code());
    if mailbox.rank > 0 {
        entry.add(A::PliRank, mailbox.rank.to_string());
    }
    entry.add(A::PliPaperless, if mailbox.paperless { "TRUE" } else { "FALSE" });
    entry.add(A::HasSubordinates, "FALSE");
}

fn place(entry: &mut Entry, place: &Place) {
    for line in &place.lines {
        entry.add(A::Street, line.trim());
    }
    entry.add(A::PostalCode, place.postal_code.as_str());
    entry.add(A::L, place.town.as_str());
    entry.add(A::St, place.department.as_str());
    let town = format!("{} {}", place.postal_code, place.town);
    let lines = place.lines.iter().map(String::as_str).chain([town.trim(), place.country.as_str()]);
    // RFC 4517 §3.3.28: a dollar ends a line, so one that is part of it is written otherwise.
    let lines: Vec<String> = lines
        .map(|line| line.trim().replace('\\', "\\5C").replace('$', "\\24"))
        .filter(|line| !line.is_empty())
        .collect();
    entry.add(A::PostalAddress, lines.join("$"));
}
