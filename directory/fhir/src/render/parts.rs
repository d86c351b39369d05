//! What all resources are made of: meta, identifiers, names of codes, postal addresses.

use names::Timestamp;
use register::Place;
use serde_json::{Map, Value, json};

use crate::{Kind, systems};

/// What every resource begins with.
pub(super) fn head(kind: Kind, id: String, updated: Timestamp) -> Map<String, Value> {
    let mut resource = Map::new();
    put(&mut resource, "resourceType", json!(kind.name()));
    put(&mut resource, "id", json!(id));
    put(&mut resource, "meta", json!({"versionId": version(updated), "lastUpdated": instant(updated)}));
    put(&mut resource, "active", json!(true));
    resource
}

/// The version of an entry: when it last changed.
pub(crate) fn version(updated: Timestamp) -> String {
    updated.0.max(0).to_string()
}

/// As FHIR writes an instant.
pub(crate) fn instant(time: Timestamp) -> String {
    time.utc().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Puts a value under a name, unless there is nothing to say: FHIR knows no empty element.
pub(super) fn put(resource: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = match &value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !empty {
        resource.insert(name.to_owned(), value);
    }
}

/// An identifier of a kind.
pub(super) fn identifier(kind: &str, system: &str, value: &str) -> Value {
    json!({
        "type": {"coding": [{"system": systems::IDENTIFIER_TYPE, "code": kind}]},
        "system": system,
        "value": value,
    })
}

/// A code with its label, when it has one.
pub(super) fn coding(system: Option<&str>, code: &str, label: &str) -> Value {
    let mut coding = Map::new();
    put(&mut coding, "system", json!(system));
    put(&mut coding, "code", json!(code));
    put(&mut coding, "display", json!(label));
    Value::Object(coding)
}

/// A postal address.
pub(super) fn address(place: &Place) -> Option<Value> {
    let mut address = Map::new();
    let lines: Vec<&String> = place.lines.iter().filter(|line| !line.trim().is_empty()).collect();
    put(&mut address, "line", json!(lines));
    put(&mut address, "city", json!(place.town));
    put(&mut address, "district", json!(place.department));
    put(&mut address, "postalCode", json!(place.postal_code));
    put(&mut address, "country", json!(place.country));
    (!address.is_empty()).then_some(Value::Object(address))
}

/// A telephone.
pub(super) fn phone(number: Option<&String>) -> Option<Value> {
    let number = number.filter(|number| !number.trim().is_empty())?;
    Some(json!({"system": "phone", "value": number}))
}

/// A reference to a structure: to its resource when it has one here, by its number always.
pub(super) fn structure(row: Option<String>, system: &str, number: &str, name: &str) -> Value {
    let mut reference = Map::new();
    if let Some(row) = row {
        put(&mut reference, "reference", json!(format!("{}/{row}", Kind::Organization)));
    }
    put(&mut reference, "identifier", json!({"system": system, "value": number}));
    put(&mut reference, "display", json!(name));
    Value::Object(reference)
}
