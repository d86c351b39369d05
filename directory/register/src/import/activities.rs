//! The extract of activities (DOMAIN §4.5): one line for each situation and know-how of a professional. Its
//! columns are found by their names, so that their order and further ones do not matter.

use crate::import::fact::Fact;
use crate::import::fields::{category, checked, civility, coded, joined, place, profession, sector};
use crate::import::ids::{self, Check};
use crate::parts::{Facts, Identity, Key, Site};
use crate::{Coded, Place, Situation};
use names::{Finess, NationalStructureId};

/// A column that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    PersonKind,
    PersonId,
    PersonNational,
    PracticeTitle,
    Title,
    FamilyName,
    GivenName,
    Profession,
    ProfessionLabel,
    Category,
    KnowHow,
    KnowHowLabel,
    Mode,
    ModeLabel,
    Sector,
    Role,
    RoleLabel,
    Siret,
    Siren,
    Finess,
    FinessLegal,
    Name,
    TradeName,
    Addressee,
    Point,
    Number,
    NumberIndex,
    WayKind,
    WayKindLabel,
    Way,
    Distribution,
    Cedex,
    PostalCode,
    Town,
    CountryLabel,
    Phone,
    Department,
}

/// Names of the columns, folded; behind some the file says which address they are of.
const NAMES: [(Column, &str); COUNT] = [
    (Column::PersonKind, "type d identifiant pp"),
    (Column::PersonId, "identifiant pp"),
    (Column::PersonNational, "identification nationale pp"),
    (Column::PracticeTitle, "code civilite d exercice"),
    (Column::Title, "code civilite"),
    (Column::FamilyName, "nom d exercice"),
    (Column::GivenName, "prenom d exercice"),
    (Column::Profession, "code profession"),
    (Column::ProfessionLabel, "libelle profession"),
    (Column::Category, "code categorie professionnelle"),
    (Column::KnowHow, "code savoir faire"),
    (Column::KnowHowLabel, "libelle savoir faire"),
    (Column::Mode, "code mode exercice"),
    (Column::ModeLabel, "libelle mode exercice"),
    (Column::Sector, "code secteur d activite"),
    (Column::Role, "code role"),
    (Column::RoleLabel, "libelle role"),
    (Column::Siret, "numero siret site"),
    (Column::Siren, "numero siren site"),
    (Column::Finess, "numero finess site"),
    (Column::FinessLegal, "numero finess etablissement juridique"),
    (Column::Name, "raison sociale site"),
    (Column::TradeName, "enseigne commerciale site"),
    (Column::Addressee, "complement destinataire"),
    (Column::Point, "complement point geographique"),
    (Column::Number, "numero voie"),
    (Column::NumberIndex, "indice repetition voie"),
    (Column::WayKind, "code type de voie"),
    (Column::WayKindLabel, "libelle type de voie"),
    (Column::Way, "libelle voie"),
    (Column::Distribution, "mention distribution"),
    (Column::Cedex, "bureau cedex"),
    (Column::PostalCode, "code postal"),
    (Column::Town, "libelle commune"),
    (Column::CountryLabel, "libelle pays"),
    (Column::Phone, "telephone"),
    (Column::Department, "code departement"),
];
const COUNT: usize = 37;

/// What stands behind the names of columns of a structure's address.
const OF_STRUCTURE: [&str; 3] = [" coord structure", " structure", ""];

/// Where the columns of a file stand.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    places: [Option<usize>; COUNT],
    count: usize,
}

impl Columns {
    /// The columns that this header names; none when it is not the header of an extract of activities.
    pub(crate) fn of(header: &str) -> Option<Self> {
        let names: Vec<String> = header.split('|').map(names::fold).collect();
        let mut places = [None; COUNT];
        for (column, name) in NAMES {
            places[column as usize] = OF_STRUCTURE
                .iter()
                .find_map(|behind| names.iter().position(|known| known.strip_suffix(behind) == Some(name)));
        }
        let columns = Self { places, count: names.len() };
        let has = |column: Column| columns.places[column as usize].is_some();
        let person = has(Column::PersonNational) || (has(Column::PersonKind) && has(Column::PersonId));
        let activity = has(Column::Mode) || has(Column::Sector) || has(Column::Name);
        (person && has(Column::FamilyName) && activity).then_some(columns)
    }
}

/// A line that is right: what it says of the professional, and of the structure when it names one.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) person: (Key, Fact),
    pub(crate) structure: Option<(Key, Fact)>,
    pub(crate) check: Check,
    /// SIRET and FINESS of the site, when the line states both.
    pub(crate) numbers: Option<(String, String)>,
}

/// Reads a line; `Err` says what is wrong with it.
pub(crate) fn read(line: &str, columns: &Columns) -> Result<Read, &'static str> {
    let mut fields: Vec<&str> = Vec::with_capacity(columns.count + 1);
    for field in line.split('|').take(columns.count + 2) {
        fields.push(checked(field)?);
    }
    // Lines of the extract end in a separator where its header does not.
    if fields.len() == columns.count + 1 && fields.last() == Some(&"") {
        fields.pop();
    }
    if fields.len() != columns.count {
        return Err("the line has not as many fields as the header");
    }
    let at = |column: Column| columns.places[column as usize].map_or("", |place| fields[place]);
    let (person, check) =
        ids::person(at(Column::PersonNational), at(Column::PersonKind), at(Column::PersonId))?;
    if at(Column::FamilyName).is_empty() {
        return Err("the professional has no name");
    }
    let identity = Identity {
        civility: civility(at(Column::PracticeTitle), at(Column::Title)),
        given_name: at(Column::GivenName).to_owned(),
        family_name: at(Column::FamilyName).to_owned(),
        profession: profession(at(Column::Profession), at(Column::ProfessionLabel)),
        category: category(at(Column::Category)),
        know_how: Vec::new(),
    };
    let know_how = coded(at(Column::KnowHow), at(Column::KnowHowLabel));
    let structure = structure(&at)?;
    let way_kind = Some(at(Column::WayKindLabel)).filter(|label| !label.is_empty());
    let town = match at(Column::Town) {
        "" => at(Column::Cedex),
        town => town,
    };
    let place = place(
        [
            at(Column::Addressee).to_owned(),
            at(Column::Point).to_owned(),
            joined(&[
                at(Column::Number),
                at(Column::NumberIndex),
                way_kind.unwrap_or(at(Column::WayKind)),
                at(Column::Way),
            ]),
            at(Column::Distribution).to_owned(),
        ],
        at(Column::PostalCode),
        town,
        at(Column::Department),
        at(Column::CountryLabel),
    );
    let phone = Some(at(Column::Phone)).filter(|phone| !phone.is_empty()).map(str::to_owned);
    let name = at(Column::Name);
    let trade_name = Some(at(Column::TradeName)).filter(|trade| *trade != name).unwrap_or_default();
    let shown = if name.is_empty() { trade_name } else { name };
    let practises = structure.is_some()
        || [Column::Mode, Column::Role, Column::Sector, Column::Name]
            .iter()
            .any(|column| !at(*column).is_empty())
        || !place.town.is_empty();
    let mode = coded(at(Column::Mode), at(Column::ModeLabel));
    let role = coded(at(Column::Role), at(Column::RoleLabel));
    let id = structure.as_ref().map(|(id, _)| id);
    let situation = practises.then(|| Situation {
        id: activity_id(id, shown, &place, mode.as_ref(), role.as_ref()),
        mode,
        role,
        organisation: id.cloned(),
        organisation_name: shown.to_owned(),
        sector: sector(at(Column::Sector)),
        place: place.clone(),
        phone: phone.clone(),
        mailboxes: Vec::new(),
    });
    let beside = structure.as_ref().map(|(id, _)| {
        let number = |column: Column| Some(at(column)).filter(|number| !number.is_empty());
        let facts = Facts {
            finess: number(Column::Finess).and_then(|finess| Finess::parse(finess).ok()),
            finess_legal: number(Column::FinessLegal).and_then(|finess| Finess::parse(finess).ok()),
            siret: number(Column::Siret).map(str::to_owned),
            siren: number(Column::Siren).map(str::to_owned),
            sector: sector(at(Column::Sector)),
            legal: false,
            phone,
        };
        let site = Site { name: shown.to_owned(), trade_name: trade_name.to_owned(), place };
        (Key::structure(id), Fact::Stands { facts, site })
    });
    let check = structure.map_or(check, |(_, other)| if check == Check::Fails { check } else { other });
    let person = (Key::person(&person), Fact::Practises { identity, know_how, situation });
    let (siret, finess) = (at(Column::Siret), at(Column::Finess));
    let both = !siret.is_empty() && !finess.is_empty();
    let numbers = both.then(|| (siret.to_owned(), finess.to_owned()));
    Ok(Read { person, structure: beside, check, numbers })
}

/// The structure a line names: by FINESS of the site, else SIRET, else SIREN, else FINESS of the legal entity.
fn structure<'a>(
    at: &impl Fn(Column) -> &'a str,
) -> Result<Option<(NationalStructureId, Check)>, &'static str> {
    for (column, kind) in
        [(Column::Finess, '1'), (Column::Siret, '3'), (Column::Siren, '2'), (Column::FinessLegal, '1')]
    {
        let number = at(column);
        if !number.is_empty() {
            return ids::national_structure(format!("{kind}{number}")).map(Some);
        }
    }
    Ok(None)
}

/// The extract numbers no activities: what tells one from the others of a professional is hashed, so that it
/// keeps its number as long as it stays the same.
fn activity_id(
    structure: Option<&NationalStructureId>,
    name: &str,
    place: &Place,
    mode: Option<&Coded>,
    role: Option<&Coded>,
) -> String {
    let code = |coded: Option<&Coded>| coded.map_or("", |coded| coded.code.as_str()).to_owned();
    // A structure that has a number keeps it when it moves.
    let site = structure
        .map_or_else(|| format!("{name}|{}|{}", place.postal_code, place.lines.join("|")), |id| id.0.clone());
    let text = format!("{site}|{}|{}", code(mode), code(role));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilit\u{e9} d'exercice|\
        Libell\u{e9} civilit\u{e9} d'exercice|Code civilit\u{e9}|Nom d'exercice|Pr\u{e9}nom d'exercice|Code profession|Libell\u{e9} profession|\
        Code cat\u{e9}gorie professionnelle|Code savoir-faire|Libell\u{e9} savoir-faire|Code mode exercice|Num\u{e9}ro SIRET site|\
        Num\u{e9}ro FINESS site|Num\u{e9}ro FINESS \u{e9}tablissement juridique|Raison sociale site|Num\u{e9}ro Voie (coord. structure)|\
        Code type de voie (coord. structure)|Libell\u{e9} Voie (coord. structure)|Code postal (coord. structure)|\
        Libell\u{e9} commune (coord. structure)|T\u{e9}l\u{e9}phone (coord. structure)|T\u{e9}l\u{e9}phone 2 (coord. structure)|\
        Code D\u{e9}partement (structure)|Code secteur d'activit\u{e9}|Code r\u{f4}le";
    const LINE: &str = "8|10002422979|810002422979|DR|Docteur|M|PETIT|Jean|10|M\u{e9}decin|C|SM04|Cardiologie|S|31831002100028|\
        580008803|580000001|CH DE NEVERS|1|BD|de l'H\u{f4}pital|58000|Nevers|0386000000||58|SA01|";

    #[test]
    fn columns_are_found_by_name_whatever_their_order() {
        let columns = Columns::of(HEADER).unwrap();
        let one = read(LINE, &columns).unwrap();
        let turned = |text: &str| text.split('|').rev().collect::<Vec<_>>().join("|");
        let header = format!("Extra|{}", turned(HEADER));
        let other = read(&format!("x|{}", turned(LINE)), &Columns::of(&header).unwrap()).unwrap();
        assert_eq!(one.person, other.person);
        assert_eq!(one.structure, other.structure);
        let Fact::Practises { identity, know_how, situation } = one.person.1 else { panic!("a person") };
        assert_eq!((identity.civility.as_str(), know_how.unwrap().code), ("Dr", "SM04".to_owned()));
        let situation = situation.unwrap();
        assert_eq!(situation.organisation.unwrap().0, "1580008803");
        assert_eq!(situation.phone.as_deref(), Some("0386000000"));
        assert_eq!(situation.place.lines, ["1 BD de l'H\u{f4}pital"]);
        let Some((key, Fact::Stands { facts, site })) = one.structure else { panic!("a structure") };
        assert_eq!((key.bytes(), site.name.as_str()), (&b"S1580008803"[..], "CH DE NEVERS"));
        assert_eq!(
            (facts.siret.as_deref(), facts.finess_legal.unwrap().as_str()),
            (Some("31831002100028"), "580000001")
        );
        // A separator at the end of lines, as the national files have it.
        assert!(read(&format!("{LINE}|"), &columns).is_ok());
    }

    #[test]
    fn other_headers_are_not_taken_for_this_extract() {
        for header in ["", "a|b", "Type de BAL|Adresse BAL", "Nom d'exercice|Code mode exercice"] {
            assert!(Columns::of(header).is_none(), "{header}");
        }
    }

    #[test]
    fn wrong_lines_are_refused_with_their_reason() {
        let columns = Columns::of(HEADER).unwrap();
        let with = |place: usize, text: &str| {
            let mut fields: Vec<&str> = LINE.split('|').collect();
            fields[place] = text;
            fields.join("|")
        };
        for (name, line, reason) in [
            ("short", "8|1|2".to_owned(), "the line has not as many fields as the header"),
            ("long", format!("{LINE}|x"), "the line has not as many fields as the header"),
            ("rpps", with(2, "8abc"), "the identifier of the professional is of no known shape"),
            ("name", with(6, ""), "the professional has no name"),
            ("finess", with(15, "58"), "the identifier of the structure is of no known shape"),
            ("control", with(6, "A\tB"), "a field holds a control character"),
        ] {
            assert_eq!(read(&line, &columns).unwrap_err(), reason, "{name}");
        }
        assert_eq!(read(&with(2, "810102727017"), &columns).unwrap().check, Check::Fails);
    }

    #[test]
    fn somebody_may_practise_nowhere_and_an_activity_keeps_its_number() {
        let columns = Columns::of(HEADER).unwrap();
        let nowhere = "8|10002422979|810002422979|||M|PETIT|Jean|10||C||||||||||||||||||";
        let read_one = read(nowhere, &columns).unwrap();
        assert!(read_one.structure.is_none());
        assert!(matches!(read_one.person.1, Fact::Practises { situation: None, .. }));
        let id = |line: &str| match read(line, &columns).unwrap().person.1 {
            Fact::Practises { situation: Some(situation), .. } => situation.id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id(LINE), id(&LINE.replace("SM04|Cardiologie", "SM05|Autre").replace("0386000000", "1")));
        assert_ne!(id(LINE), id(&LINE.replace("|S|", "|L|")));
    }
}
