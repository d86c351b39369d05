//! The public extract of mailboxes (DOMAIN §4.4): 31 columns, separated by `|`.

use names::{AccountKind, Address, Timestamp};

use crate::Mailbox;
use crate::import::fact::Fact;
use crate::import::fields::{category, checked, civility, coded, joined, place, profession};
use crate::import::ids::{self, Check};
use crate::parts::{Held, Identity, Key, Site};

/// How many columns a line has.
pub(crate) const COLUMNS: usize = 31;

/// Whether this is the header of the extract.
pub(crate) fn is_header(line: &str) -> bool {
    let mut names = line.split('|').map(names::fold);
    names.next().as_deref() == Some("type de bal") && names.next().as_deref() == Some("adresse bal")
}

/// A line that is right.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) key: Key,
    pub(crate) address: Address,
    pub(crate) kind: AccountKind,
    pub(crate) fact: Fact,
    pub(crate) check: Check,
}

/// Reads a line; `Err` says what is wrong with it.
pub(crate) fn read(line: &str) -> Result<Read, &'static str> {
    let mut fields = [""; COLUMNS];
    let mut count = 0;
    for field in line.split('|') {
        if let Some(place) = fields.get_mut(count) {
            *place = checked(field)?;
        }
        count += 1;
    }
    if count != COLUMNS {
        return Err("a line of mailboxes has 31 fields");
    }
    let [
        code,
        address,
        person_kind,
        person_id,
        person_national,
        structure_kind,
        structure_id,
        service,
        title,
        family_name,
        given_name,
        category_code,
        _,
        profession_code,
        profession_label,
        know_how_code,
        know_how_label,
        paperless,
        name,
        trade_name,
        complement,
        distribution,
        number,
        number_complement,
        way_kind,
        way,
        hamlet,
        routing,
        postal_code,
        department,
        country,
    ] = fields;
    let kind = match AccountKind::from_code(code) {
        Some(AccountKind::Patient) | None => {
            return Err("the kind of the mailbox is not PER, ORG, APP or CAB");
        }
        Some(kind) => kind,
    };
    let address = Address::parse(address).map_err(|_| "the address of the mailbox is not one")?;
    let mailbox = Mailbox {
        address: address.clone(),
        kind,
        description: None,
        service: Some(service).filter(|service| !service.is_empty()).map(str::to_owned),
        responsible: None,
        red_list: false,
        rank: 1,
        paperless: matches!(names::fold(paperless).as_str(), "o" | "oui" | "1" | "true"),
        updated: Timestamp(0),
        standing: crate::Standing::Open,
    };
    // The line of a town reads «58000 NEVERS CEDEX».
    let town = routing.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
    let site = Site {
        name: name.to_owned(),
        trade_name: if trade_name == name { String::new() } else { trade_name.to_owned() },
        place: place(
            [
                complement.to_owned(),
                distribution.to_owned(),
                joined(&[number, number_complement, way_kind, way]),
                hamlet.to_owned(),
            ],
            postal_code,
            town,
            department,
            country,
        ),
    };
    let structure = match (structure_kind, structure_id) {
        (_, "") => None,
        (kind, id) => Some(ids::structure(kind, id)?),
    };
    match kind {
        AccountKind::Personal | AccountKind::Practice => {
            let (person, check) = ids::person(person_national, person_kind, person_id)?;
            if family_name.is_empty() {
                return Err("the professional has no name");
            }
            let identity = Identity {
                civility: civility(&title.to_ascii_uppercase(), ""),
                given_name: given_name.to_owned(),
                family_name: family_name.to_owned(),
                profession: profession(profession_code, profession_label),
                category: category(category_code),
                know_how: Vec::new(),
            };
            let other = structure.as_ref().map_or(Check::Holds, |(_, check)| *check);
            let held = Held { mailbox, at: structure.map(|(id, _)| (id, site)) };
            let know_how = coded(know_how_code, know_how_label);
            Ok(Read {
                key: Key::person(&person),
                address,
                kind,
                fact: Fact::Holds { identity, know_how, held },
                check: if check == Check::Fails { check } else { other },
            })
        }
        AccountKind::Organisational | AccountKind::Applicative => {
            let (id, check) = structure.ok_or("an ORG or APP names no structure")?;
            if site.name.is_empty() && site.trade_name.is_empty() {
                return Err("the structure has no name");
            }
            Ok(Read { key: Key::structure(&id), address, kind, fact: Fact::Owns { site, mailbox }, check })
        }
        AccountKind::Patient => Err("the kind of the mailbox is not PER, ORG, APP or CAB"),
    }
}

/// A hash of an address, for remembering a million of them. Two addresses of one hash would have the later
/// one refused: one chance in thirty million for a whole extract.
pub(crate) fn hash(address: &Address) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with the fields given, by column number from 1.
    fn line(fields: &[(usize, &str)]) -> String {
        let mut all = [""; COLUMNS];
        for (column, text) in fields {
            all[column - 1] = text;
        }
        all.join("|")
    }

    const PERSON: [(usize, &str); 5] =
        [(1, "PER"), (2, "Jean.Petit@x.mssante.example"), (5, "810002422979"), (10, "PETIT"), (11, "Jean")];

    fn with(more: &[(usize, &'static str)]) -> String {
        line(&[&PERSON[..], more].concat())
    }

    #[test]
    fn a_professional_with_a_structure_is_read_field_by_field() {
        let text = with(&[
            (6, "FINESS"),
            (7, "580008803"),
            (9, "Dr"),
            (12, "C"),
            (14, "10"),
            (15, "Medecin"),
            (16, "SM04"),
            (17, "Cardiologie"),
            (18, "O"),
            (19, "CH DE NEVERS"),
            (20, "CH DE NEVERS"),
            (21, "Porte 2"),
            (23, "1"),
            (24, "bis"),
            (25, "BD"),
            (26, "de l'Hopital"),
            (28, "58000 NEVERS"),
            (29, "58000"),
            (31, "France"),
        ]);
        let read = read(&text).unwrap();
        assert_eq!((read.key.bytes(), read.check), (&b"P810002422979"[..], Check::Holds));
        let Fact::Holds { identity, know_how, held } = read.fact else { panic!("a person") };
        assert_eq!((identity.civility.as_str(), identity.category), ("Dr", Some(crate::Category::Civil)));
        assert_eq!(know_how.unwrap().label, "Cardiologie");
        assert!(held.mailbox.paperless);
        let (structure, site) = held.at.unwrap();
        assert_eq!(
            (structure.0.as_str(), site.name.as_str(), site.trade_name.as_str()),
            ("1580008803", "CH DE NEVERS", "")
        );
        assert_eq!(site.place.lines, ["Porte 2", "1 bis BD de l'Hopital"]);
        assert_eq!((site.place.town.as_str(), site.place.department.as_str()), ("NEVERS", "58"));
        assert_eq!(site.place.country, "");
    }

    #[test]
    fn wrong_lines_are_refused_with_their_reason() {
        let org = |more: &[(usize, &str)]| {
            line(
                &[&[(1, "ORG"), (2, "a@x.example"), (6, "FINESS"), (7, "580008803"), (19, "CH")][..], more]
                    .concat(),
            )
        };
        assert!(read(&org(&[])).is_ok());
        assert!(read(&with(&[])).is_ok());
        for (name, text, reason) in [
            ("short", "PER|a@b.fr".to_owned(), "a line of mailboxes has 31 fields"),
            ("long", format!("{}|", with(&[])), "a line of mailboxes has 31 fields"),
            ("empty", String::new(), "a line of mailboxes has 31 fields"),
            ("kind", with(&[(1, "XXX")]), "the kind of the mailbox is not PER, ORG, APP or CAB"),
            ("patient", with(&[(1, "PAT")]), "the kind of the mailbox is not PER, ORG, APP or CAB"),
            ("address", with(&[(2, "jean.petit")]), "the address of the mailbox is not one"),
            ("nobody", with(&[(5, "")]), "no professional is named"),
            ("rpps", with(&[(5, "81000242297")]), "the identifier of the professional is of no known shape"),
            ("nameless", with(&[(10, " ")]), "the professional has no name"),
            ("structure", with(&[(7, "58")]), "the identifier of the structure is of no known shape"),
            ("no structure", org(&[(7, "")]), "an ORG or APP names no structure"),
            ("no name", org(&[(19, "")]), "the structure has no name"),
            ("control", with(&[(11, "Je\u{7}an")]), "a field holds a control character"),
        ] {
            assert_eq!(read(&text).unwrap_err(), reason, "{name}");
        }
        let long = "x".repeat(crate::limits::FIELD_CHARACTERS + 1);
        assert_eq!(read(&line(&[(1, &long)])).unwrap_err(), "a field is too long");
    }

    #[test]
    fn a_wrong_luhn_digit_is_noted_and_no_more() {
        assert_eq!(read(&with(&[(5, "810102727017")])).unwrap().check, Check::Fails);
        assert_eq!(read(&with(&[(6, "FINESS"), (7, "580008804")])).unwrap().check, Check::Fails);
    }
}
