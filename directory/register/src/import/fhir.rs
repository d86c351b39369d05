//! Bundles of Practitioner, PractitionerRole and Organization (DOMAIN §4.1), as the national FHIR service and
//! this house answer them.
//!
//! A bundle tells of those it names and of nobody else: nothing is removed because it is not there. Who it names
//! it names wholly: a professional comes with all situations of practice.

use std::collections::HashMap;

use names::{AccountKind, Address, Finess, NationalStructureId, Timestamp};
use serde_json::Value;

use crate::import::fact::Fact;
use crate::import::fields::{category, checked, coded, place, profession, sector};
use crate::import::ids;
use crate::parts::{Facts, Held, Identity, Key, Site};
use crate::{Coded, Mailbox, Place, Situation};

const PERSON: &str = "urn:oid:1.2.250.1.71.4.2.1";
const RPPS: &str = "https://rpps.esante.gouv.fr";
const STRUCTURE: &str = "urn:oid:1.2.250.1.71.4.2.2";
const FINESS: &str = "https://finess.esante.gouv.fr";
/// End of the address of the extension that makes a contact point a mailbox.
const MAILBOX: &str = "/as-ext-mailbox-mss-metadata";

/// What an entry of a bundle says.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) key: Key,
    pub(crate) fact: Fact,
}

/// An entry of a bundle: what it says, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// `Practitioner/123`.
    pub(crate) name: String,
    pub(crate) told: Result<Vec<Told>, &'static str>,
}

/// Reads a bundle; none when the text is no bundle.
pub(crate) fn read(text: &[u8]) -> Option<Vec<Entry>> {
    let bundle: Value = serde_json::from_slice(text).ok()?;
    if text_of(&bundle["resourceType"]) != "Bundle" {
        return None;
    }
    let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
    let mut known = Known::default();
    for entry in entries {
        known.remember(entry);
    }
    let read = |entry: &Value| {
        let resource = &entry["resource"];
        let name = format!("{}/{}", text_of(&resource["resourceType"]), text_of(&resource["id"]));
        let told = match text_of(&resource["resourceType"]) {
            "Practitioner" => practitioner(resource),
            "PractitionerRole" => role(resource, &known),
            "Organization" => organisation(resource),
            // Services, devices, and the outcome of a search are no news of ours.
            _ => Ok(Vec::new()),
        };
        Entry { name, told }
    };
    Some(entries.iter().map(read).collect())
}

/// Who and what the references of a bundle mean.
#[derive(Default)]
struct Known<'a> {
    people: HashMap<String, &'a Value>,
    structures: HashMap<String, &'a Value>,
}

impl<'a> Known<'a> {
    fn remember(&mut self, entry: &'a Value) {
        let resource = &entry["resource"];
        let kind = text_of(&resource["resourceType"]);
        let names = [text_of(&entry["fullUrl"]).to_owned(), format!("{kind}/{}", text_of(&resource["id"]))];
        let known = match kind {
            "Practitioner" => &mut self.people,
            "Organization" => &mut self.structures,
            _ => return,
        };
        known.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (name, resource)));
    }
}

fn practitioner(resource: &Value) -> Result<Vec<Told>, &'static str> {
    let key = Key::person(&person(resource)?);
    let identity = identity(resource)?;
    let mut told = Vec::new();
    let know_how = know_how(resource);
    let practises = |know_how| Fact::Practises { identity: identity.clone(), know_how, situation: None };
    told.push(Told { key: key.clone(), fact: practises(None) });
    told.extend(know_how.into_iter().map(|known| Told { key: key.clone(), fact: practises(Some(known)) }));
    for mailbox in mailboxes(resource, &[AccountKind::Personal, AccountKind::Practice])? {
        let held = Held { mailbox, at: None };
        told.push(Told {
            key: key.clone(),
            fact: Fact::Holds { identity: identity.clone(), know_how: None, held },
        });
    }
    Ok(told)
}

fn role(resource: &Value, known: &Known<'_>) -> Result<Vec<Told>, &'static str> {
    let practitioner = known
        .people
        .get(text_of(&resource["practitioner"]["reference"]))
        .ok_or("the professional of the situation is not in the bundle")?;
    let key = Key::person(&person(practitioner)?);
    let identity = identity(practitioner)?;
    let structure = known.structures.get(text_of(&resource["organization"]["reference"]));
    let at = match structure {
        Some(structure) => Some((structure_id(structure)?, site(structure)?)),
        None => None,
    };
    let codes = || codings(&resource["code"]);
    let mode = codes().find(|coding| matches!(text_of(&coding["code"]), "L" | "S" | "B"));
    let function = codes().find(|coding| names::fold(text_of(&coding["system"])).contains("fonction"));
    let of = |coding: Option<&Value>| {
        coding.and_then(|coding| coded(text_of(&coding["code"]), text_of(&coding["display"])))
    };
    let id = resource["identifier"]
        .as_array()
        .and_then(|all| all.first())
        .map_or_else(|| text_of(&resource["id"]), |first| text_of(&first["value"]));
    let place = match &at {
        Some((_, site)) => site.place.clone(),
        None => Place::default(),
    };
    let situation = Situation {
        id: checked(id)?.to_owned(),
        mode: of(mode),
        role: of(function),
        organisation: at.as_ref().map(|(id, _)| id.clone()),
        organisation_name: at.as_ref().map(|(_, site)| site.name.clone()).unwrap_or_default(),
        sector: structure.and_then(|structure| sector_of(structure)),
        place,
        phone: phone(resource),
        mailboxes: Vec::new(),
    };
    let mut told = vec![Told {
        key: key.clone(),
        fact: Fact::Practises { identity: identity.clone(), know_how: None, situation: Some(situation) },
    }];
    for mailbox in mailboxes(resource, &[AccountKind::Personal, AccountKind::Practice])? {
        let held = Held { mailbox, at: at.clone() };
        let fact = Fact::Holds { identity: identity.clone(), know_how: None, held };
        told.push(Told { key: key.clone(), fact });
    }
    Ok(told)
}

fn organisation(resource: &Value) -> Result<Vec<Told>, &'static str> {
    let id = structure_id(resource)?;
    let site = site(resource)?;
    let key = Key::structure(&id);
    let types = || resource["type"].as_array().into_iter().flatten().flat_map(codings_of);
    let legal = types().any(|coding| text_of(&coding["code"]) == "LEGAL-ENTITY");
    let number = |kinds: &[&str]| {
        identifiers(resource)
            .find(|identifier| {
                codings_of(&identifier["type"]).any(|coding| kinds.contains(&text_of(&coding["code"])))
            })
            .map(|identifier| text_of(&identifier["value"]))
    };
    let facts = Facts {
        finess: number(&["FINEG"]).or(number(&["FINEJ"])).and_then(|finess| Finess::parse(finess).ok()),
        finess_legal: number(&["FINEJ"]).and_then(|finess| Finess::parse(finess).ok()),
        siret: number(&["SIRET"]).map(str::to_owned),
        siren: number(&["SIREN"]).map(str::to_owned),
        sector: sector_of(resource),
        legal,
        phone: phone(resource),
    };
    let mut told = vec![Told { key: key.clone(), fact: Fact::Stands { facts, site: site.clone() } }];
    for mailbox in mailboxes(resource, &[AccountKind::Organisational, AccountKind::Applicative])? {
        told.push(Told { key: key.clone(), fact: Fact::Owns { site: site.clone(), mailbox } });
    }
    Ok(told)
}

fn person(resource: &Value) -> Result<names::NationalPersonId, &'static str> {
    let (national, rpps) = (with_system(resource, PERSON), with_system(resource, RPPS));
    ids::person(national, if rpps.is_empty() { "" } else { "8" }, rpps).map(|(id, _)| id)
}

fn structure_id(resource: &Value) -> Result<NationalStructureId, &'static str> {
    let (kind, id) = match with_system(resource, STRUCTURE) {
        "" => ("FINESS", with_system(resource, FINESS)),
        national => ("", national),
    };
    if id.is_empty() {
        return Err("no structure is named");
    }
    ids::structure(kind, id).map(|(id, _)| id)
}

fn identity(resource: &Value) -> Result<Identity, &'static str> {
    let name = resource["name"].as_array().and_then(|all| all.first()).unwrap_or(&Value::Null);
    let family_name = checked(text_of(&name["family"]))?.to_owned();
    if family_name.is_empty() {
        return Err("the professional has no name");
    }
    let given: Vec<&str> = name["given"].as_array().into_iter().flatten().map(text_of).collect();
    let prefix = name["prefix"].as_array().and_then(|all| all.first()).map_or("", text_of);
    let qualified = || {
        resource["qualification"].as_array().into_iter().flatten().flat_map(|one| codings_of(&one["code"]))
    };
    let of_system = |part: &str| {
        qualified().find(|coding| text_of(&coding["system"]).contains(part)).unwrap_or(&Value::Null)
    };
    let profession_of = of_system("TRE_G15");
    Ok(Identity {
        civility: checked(prefix)?.to_owned(),
        given_name: checked(&given.join(" "))?.to_owned(),
        family_name,
        profession: profession(text_of(&profession_of["code"]), text_of(&profession_of["display"])),
        category: category(text_of(&of_system("TRE_R09")["code"])),
        know_how: Vec::new(),
    })
}

/// Know-how codes begin with `S` and a capital: `SM04`.
fn know_how(resource: &Value) -> Vec<Coded> {
    let qualified = resource["qualification"].as_array().into_iter().flatten();
    qualified
        .flat_map(|one| codings_of(&one["code"]))
        .filter(|coding| {
            let code = text_of(&coding["code"]).as_bytes();
            code.len() >= 4 && code[0] == b'S' && code[1].is_ascii_uppercase() && code[2].is_ascii_digit()
        })
        .filter_map(|coding| coded(text_of(&coding["code"]), text_of(&coding["display"])))
        .collect()
}

fn site(resource: &Value) -> Result<Site, &'static str> {
    let name = checked(text_of(&resource["name"]))?.to_owned();
    let trade = resource["alias"].as_array().and_then(|all| all.first()).map_or("", text_of);
    let at = resource["address"].as_array().and_then(|all| all.first()).unwrap_or(&Value::Null);
    let mut lines = [String::new(), String::new(), String::new(), String::new()];
    for (line, told) in lines.iter_mut().zip(at["line"].as_array().into_iter().flatten()) {
        *line = checked(text_of(told))?.to_owned();
    }
    let place = place(
        lines,
        checked(text_of(&at["postalCode"]))?,
        checked(text_of(&at["city"]))?,
        "",
        checked(text_of(&at["country"]))?,
    );
    if name.is_empty() && trade.is_empty() {
        return Err("the structure has no name");
    }
    Ok(Site { name, trade_name: checked(trade)?.to_owned(), place })
}

fn sector_of(resource: &Value) -> Option<names::SectorCode> {
    let mut types = resource["type"].as_array().into_iter().flatten().flat_map(codings_of);
    let code = types.find(|coding| {
        let code = text_of(&coding["code"]).as_bytes();
        code.len() == 4 && code.starts_with(b"SA") && code[2..].iter().all(u8::is_ascii_digit)
    })?;
    sector(text_of(&code["code"]))
}

fn phone(resource: &Value) -> Option<String> {
    let mut telecom = resource["telecom"].as_array().into_iter().flatten();
    let phone = telecom.find(|point| text_of(&point["system"]) == "phone")?;
    Some(text_of(&phone["value"]).to_owned()).filter(|phone| !phone.is_empty())
}

/// Contact points with the extension; ordinary e-mail addresses are none of ours.
fn mailboxes(resource: &Value, kinds: &[AccountKind]) -> Result<Vec<Mailbox>, &'static str> {
    let mut found = Vec::new();
    for point in resource["telecom"].as_array().into_iter().flatten() {
        let extensions = || point["extension"].as_array().into_iter().flatten();
        let Some(told) = extensions().find(|one| text_of(&one["url"]).ends_with(MAILBOX)) else { continue };
        let of = |url: &str| {
            let mut parts = told["extension"].as_array().into_iter().flatten();
            parts.find(|part| text_of(&part["url"]) == url).unwrap_or(&Value::Null)
        };
        let code = codings_of(&of("type")["valueCodeableConcept"])
            .next()
            .map_or("", |coding| text_of(&coding["code"]));
        let kind = AccountKind::from_code(code)
            .filter(|kind| kinds.contains(kind))
            .ok_or("the kind of a mailbox does not go with its holder")?;
        let text = |url: &str| {
            Some(text_of(&of(url)["valueString"])).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        found.push(Mailbox {
            address: Address::parse(text_of(&point["value"]))
                .map_err(|_| "the address of the mailbox is not one")?,
            kind,
            description: text("description"),
            service: text("service"),
            responsible: text("responsible"),
            red_list: of("listeRouge")["valueBoolean"].as_bool().unwrap_or(false),
            rank: point["rank"].as_i64().filter(|rank| (1..=10_000).contains(rank)).unwrap_or(1),
            paperless: false,
            updated: Timestamp(0),
            standing: crate::Standing::Open,
        });
    }
    Ok(found)
}

fn identifiers(resource: &Value) -> impl Iterator<Item = &Value> {
    resource["identifier"].as_array().into_iter().flatten()
}

fn with_system<'a>(resource: &'a Value, system: &str) -> &'a str {
    identifiers(resource)
        .find(|identifier| text_of(&identifier["system"]) == system)
        .map_or("", |identifier| text_of(&identifier["value"]))
}

/// Of one concept, or of several.
fn codings(concepts: &Value) -> impl Iterator<Item = &Value> {
    concepts.as_array().into_iter().flatten().flat_map(codings_of)
}

fn codings_of(concept: &Value) -> impl Iterator<Item = &Value> {
    concept["coding"].as_array().into_iter().flatten()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pharmacist with an officine, as the national service writes it.
    pub(super) const BUNDLE: &str = r#"{ "resourceType": "Bundle", "type": "searchset", "entry": [
      { "fullUrl": "https://x/Practitioner/1", "resource": { "resourceType": "Practitioner", "id": "1",
        "identifier": [ { "system": "urn:oid:1.2.250.1.71.4.2.1", "value": "810002422979" } ],
        "name": [ { "family": "PETIT", "given": ["Jean"], "prefix": ["M"] } ],
        "qualification": [ { "code": { "coding": [
          { "system": "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante", "code": "21", "display": "Pharmacien" },
          { "system": "https://mos.esante.gouv.fr/NOS/TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle", "code": "C" } ] } } ],
        "telecom": [ { "system": "email", "value": "ordinary@mail.example" } ] } },
      { "resource": { "resourceType": "Organization", "id": "7", "name": "PHARMACIE DU PONT",
        "identifier": [ { "system": "urn:oid:1.2.250.1.71.4.2.2", "value": "1580008803" },
          { "system": "https://finess.esante.gouv.fr", "value": "580008803", "type": { "coding": [ { "code": "FINEG" } ] } } ],
        "type": [ { "coding": [ { "code": "GEOGRAPHICAL-ENTITY" } ] }, { "coding": [ { "code": "SA33" } ] } ],
        "address": [ { "line": ["1 rue du Pont"], "postalCode": "58000", "city": "NEVERS" } ],
        "telecom": [ { "system": "email", "value": "officine@x.mssante.example", "rank": 2, "extension": [
          { "url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata", "extension": [
            { "url": "type", "valueCodeableConcept": { "coding": [ { "code": "ORG" } ] } },
            { "url": "service", "valueString": "Comptoir" }, { "url": "listeRouge", "valueBoolean": true } ] } ] } ] } },
      { "resource": { "resourceType": "PractitionerRole", "id": "9", "practitioner": { "reference": "Practitioner/1" },
        "organization": { "reference": "Organization/7" }, "identifier": [ { "value": "A1" } ],
        "code": [ { "coding": [ { "code": "L", "display": "Liberal" } ] } ],
        "telecom": [ { "system": "email", "value": "jean.petit@x.mssante.example", "extension": [
          { "url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata", "extension": [
            { "url": "type", "valueCodeableConcept": { "coding": [ { "code": "PER" } ] } } ] } ] } ] } },
      { "resource": { "resourceType": "PractitionerRole", "id": "10", "practitioner": { "reference": "Practitioner/99" } } },
      { "resource": { "resourceType": "OperationOutcome" } } ] }"#;

    #[test]
    fn a_bundle_tells_who_practises_where_and_what_they_hold() {
        let entries = read(BUNDLE.as_bytes()).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Practitioner/1",
                "Organization/7",
                "PractitionerRole/9",
                "PractitionerRole/10",
                "OperationOutcome/"
            ]
        );
        let facts = |place: usize| -> Vec<&Fact> {
            entries[place].told.as_ref().unwrap().iter().map(|told| &told.fact).collect()
        };
        let [Fact::Practises { identity, situation: None, .. }] = facts(0)[..] else {
            panic!("{:?}", facts(0))
        };
        assert_eq!(identity.profession.as_ref().unwrap().label, "Pharmacien");
        let [Fact::Stands { facts: numbers, .. }, Fact::Owns { mailbox, site }] = facts(1)[..] else {
            panic!("{:?}", facts(1))
        };
        assert_eq!(numbers.sector.as_ref().unwrap().0, "SA33");
        assert!(mailbox.red_list && mailbox.rank == 2 && mailbox.service.as_deref() == Some("Comptoir"));
        assert_eq!(site.place.lines, ["1 rue du Pont"]);
        let [Fact::Practises { situation: Some(situation), .. }, Fact::Holds { held, .. }] = facts(2)[..]
        else {
            panic!("{:?}", facts(2))
        };
        assert_eq!(
            (situation.id.as_str(), situation.organisation_name.as_str()),
            ("A1", "PHARMACIE DU PONT")
        );
        assert_eq!(held.at.as_ref().unwrap().0.0, "1580008803");
        assert_eq!(
            entries[3].told.as_ref().unwrap_err(),
            &"the professional of the situation is not in the bundle"
        );
        assert!(entries[4].told.as_ref().unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_and_other_json_is_no_bundle() {
        for text in ["", "{}", "[]", "{\"resourceType\":\"Practitioner\"}", "{\"resourceType\":\"Bundle\""] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
        for (from, to, place, reason) in [
            ("810002422979", "81", 0, "the identifier of the professional is of no known shape"),
            ("\"family\": \"PETIT\"", "\"x\": 1", 0, "the professional has no name"),
            ("1580008803", "1", 1, "the identifier of the structure is of no known shape"),
            ("officine@x", "officine", 1, "the address of the mailbox is not one"),
            ("\"ORG\"", "\"PER\"", 1, "the kind of a mailbox does not go with its holder"),
        ] {
            let entries = read(BUNDLE.replace(from, to).as_bytes()).unwrap();
            assert_eq!(entries[place].told.as_ref().err(), Some(&reason), "{from}");
        }
    }
}
