//! A situation of practice.

use names::NationalStructureId;
use register::{ListingId, Professional, Situation};
use serde_json::{Map, Value, json};

use super::parts::{address, coding, head, phone, put, structure};
use super::telecom::{Restricted, mailboxes};
use crate::ids::{self, RoleId};
use crate::{Kind, systems};

/// The resource of a situation. `row` is that of its structure, when the directory has it.
pub(crate) fn role(
    professional: &Professional,
    situation: &Situation,
    row: Option<ListingId>,
    restricted: Restricted,
) -> Map<String, Value> {
    let id = RoleId::of(professional.id, situation).to_string();
    let mut resource = head(Kind::PractitionerRole, id, professional.updated);
    put(&mut resource, "contained", json!(location(situation).into_iter().collect::<Vec<_>>()));
    if !situation.id.trim().is_empty() {
        let own = json!([{"system": systems::RPPS, "value": situation.id}]);
        put(&mut resource, "identifier", own);
    }
    put(&mut resource, "practitioner", person(professional));
    put(&mut resource, "organization", organisation(situation, row));
    put(&mut resource, "code", json!(codes(situation)));
    if address(&situation.place).is_some() {
        put(&mut resource, "location", json!([{"reference": "#lieu"}]));
    }
    let telecom = phone(situation.phone.as_ref()).into_iter();
    let telecom: Vec<Value> = telecom.chain(mailboxes(&situation.mailboxes, restricted)).collect();
    put(&mut resource, "telecom", json!(telecom));
    resource
}

fn person(professional: &Professional) -> Value {
    let mut reference = Map::new();
    let to = format!("{}/{}", Kind::Practitioner, ids::row(professional.id));
    put(&mut reference, "reference", json!(to));
    let name = format!("{} {}", professional.given_name.trim(), professional.family_name.trim());
    put(&mut reference, "display", json!(name.trim()));
    Value::Object(reference)
}

fn organisation(situation: &Situation, row: Option<ListingId>) -> Value {
    match &situation.organisation {
        Some(NationalStructureId(number)) => {
            structure(row.map(ids::row), systems::STRUCTURE, number, &situation.organisation_name)
        }
        None if situation.organisation_name.trim().is_empty() => Value::Null,
        None => json!({"display": situation.organisation_name}),
    }
}

/// Mode of practice, and function.
fn codes(situation: &Situation) -> Vec<Value> {
    let coded = [(&situation.mode, systems::MODE), (&situation.role, systems::FUNCTION)];
    let coded = coded.into_iter().filter_map(|(coded, system)| Some((coded.as_ref()?, system)));
    let coded = coded.filter(|(coded, _)| !coded.code.trim().is_empty());
    coded.map(|(own, system)| json!({"coding": [coding(Some(system), &own.code, &own.label)]})).collect()
}

/// R4 gives a role no address of its own: it stands in a Location that lives inside it.
fn location(situation: &Situation) -> Option<Value> {
    let mut location = Map::new();
    put(&mut location, "resourceType", json!("Location"));
    put(&mut location, "id", json!("lieu"));
    put(&mut location, "name", json!(situation.organisation_name));
    put(&mut location, "address", address(&situation.place)?);
    Some(Value::Object(location))
}
