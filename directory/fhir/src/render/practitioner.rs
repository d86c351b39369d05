//! A professional.

use names::NationalPersonId;
use register::{Category, Professional};
use serde_json::{Map, Value, json};

use super::parts::{coding, head, identifier, put};
use super::telecom::{Restricted, mailboxes};
use crate::{Kind, ids, systems};

/// The resource of a professional: what holds wherever they practise.
pub(crate) fn practitioner(professional: &Professional, restricted: Restricted) -> Map<String, Value> {
    let mut resource = head(Kind::Practitioner, ids::row(professional.id), professional.updated);
    put(&mut resource, "identifier", json!(identifiers(&professional.national_id)));
    put(&mut resource, "name", name(professional));
    put(&mut resource, "telecom", json!(mailboxes(&professional.mailboxes, restricted)));
    put(&mut resource, "qualification", json!(qualifications(professional)));
    resource
}

/// `8` stands before an RPPS (DOMAIN §4.6).
fn identifiers(id: &NationalPersonId) -> Vec<Value> {
    let mut identifiers = vec![identifier("IDNPS", systems::PERSON, &id.0)];
    if let Some(rpps) = rpps(id) {
        identifiers.push(identifier("RPPS", systems::RPPS, rpps));
    }
    identifiers
}

fn rpps(id: &NationalPersonId) -> Option<&str> {
    id.0.strip_prefix('8').filter(|rpps| rpps.len() == 11)
}

/// The name in practice, and as it is said.
fn name(professional: &Professional) -> Value {
    let Professional { civility, given_name, family_name, .. } = professional;
    let mut name = Map::new();
    let parts = [civility, given_name, family_name].map(|part| part.trim());
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    put(&mut name, "text", json!(said.join(" ")));
    put(&mut name, "family", json!(family_name.trim()));
    put(&mut name, "given", json!(given_name.split_whitespace().collect::<Vec<_>>()));
    put(&mut name, "prefix", json!(civility.split_whitespace().collect::<Vec<_>>()));
    if name.is_empty() { Value::Null } else { json!([name]) }
}

/// Profession with its category, then know-how.
fn qualifications(professional: &Professional) -> Vec<Value> {
    let mut practice = Vec::new();
    if let Some(profession) = &professional.profession {
        practice.push(coding(Some(systems::PROFESSION), &profession.code, &profession.label));
    }
    if let Some(category) = professional.category {
        let (code, label) = match category {
            Category::Civil => ("C", "Civil"),
            Category::Military => ("M", "Militaire"),
            Category::Student => ("E", "Etudiant"),
        };
        practice.push(coding(Some(systems::CATEGORY), code, label));
    }
    let practice = (!practice.is_empty()).then_some(practice);
    let know_how = professional.know_how.iter().filter(|own| !own.code.trim().is_empty()).map(|own| {
        let system = own.code.starts_with("SM").then_some(systems::SPECIALITY);
        vec![coding(system, &own.code, &own.label)]
    });
    practice.into_iter().chain(know_how).map(|codings| json!({"code": {"coding": codings}})).collect()
}
