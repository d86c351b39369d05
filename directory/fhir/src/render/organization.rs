//! A legal or geographic entity.

use names::NationalStructureId;
use register::{ListingId, Organisation};
use serde_json::{Map, Value, json};

use super::parts::{address, coding, head, identifier, phone, put, structure};
use super::telecom::{Restricted, mailboxes};
use crate::{Kind, ids, systems};

/// The resource of a structure. `legal` is the row of the legal entity it belongs to, when the directory has it.
pub(crate) fn organization(
    organisation: &Organisation,
    legal: Option<ListingId>,
    restricted: Restricted,
) -> Map<String, Value> {
    let mut resource = head(Kind::Organization, ids::row(organisation.id), organisation.updated);
    put(&mut resource, "identifier", json!(identifiers(organisation)));
    put(&mut resource, "type", json!(types(organisation)));
    let (legal_name, trade_name) = (organisation.name.trim(), organisation.trade_name.trim());
    if trade_name.is_empty() {
        put(&mut resource, "name", json!(legal_name));
    } else {
        put(&mut resource, "name", json!(trade_name));
        let other = Some(legal_name).filter(|name| !name.is_empty() && *name != trade_name);
        put(&mut resource, "alias", json!(other.into_iter().collect::<Vec<_>>()));
    }
    let telecom = phone(organisation.phone.as_ref()).into_iter();
    let telecom: Vec<Value> = telecom.chain(mailboxes(&organisation.mailboxes, restricted)).collect();
    put(&mut resource, "telecom", json!(telecom));
    put(&mut resource, "address", json!(address(&organisation.place).into_iter().collect::<Vec<_>>()));
    if let Some(finess) = organisation.finess_legal.as_ref().filter(|_| !organisation.legal) {
        let part_of = structure(legal.map(ids::row), systems::FINESS, finess.as_str(), "");
        put(&mut resource, "partOf", part_of);
    }
    resource
}

fn identifiers(organisation: &Organisation) -> Vec<Value> {
    let NationalStructureId(national) = &organisation.national_id;
    let mut identifiers = vec![identifier("IDNST", systems::STRUCTURE, national)];
    if let Some(finess) = &organisation.finess {
        let kind = if organisation.legal { "FINEJ" } else { "FINEG" };
        identifiers.push(identifier(kind, systems::FINESS, finess.as_str()));
    }
    for (kind, number) in [("SIRET", &organisation.siret), ("SIREN", &organisation.siren)] {
        identifiers.extend(number.iter().map(|number| identifier(kind, systems::SIRENE, number)));
    }
    if let Some(rank) = national.strip_prefix('4') {
        identifiers.push(identifier("RPPSRG", systems::RPPS_RANK, rank));
    }
    identifiers
}

fn types(organisation: &Organisation) -> Vec<Value> {
    let slice = |name: &str, coding: Value| {
        json!({
            "extension": [{"url": systems::ORGANISATION_TYPES, "valueCode": name}],
            "coding": [coding],
        })
    };
    let entity = if organisation.legal { "LEGAL-ENTITY" } else { "GEOGRAPHICAL-ENTITY" };
    let entity = slice("organizationType", coding(Some(systems::ORGANISATION_TYPE), entity, ""));
    let sector = organisation.sector.as_ref();
    let sector = sector.map(|own| slice("secteurActiviteRASS", coding(Some(systems::SECTOR), &own.0, "")));
    [entity].into_iter().chain(sector).collect()
}
