//! What this server says it can, from the table of parameters (FHIR R4 §2.21).

use serde_json::{Value, json};

use crate::Kind;
use crate::catalog;

/// The CapabilityStatement.
pub(crate) fn statement(base: &str, started: &str) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": started,
        "kind": "instance",
        "software": {"name": "Pli"},
        "implementation": {"description": "Professional directory of a secure health-mail relay", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/json", "json"],
        "patchFormat": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "documentation": "Read-only but for mailboxes, which delegated administrators publish by FHIR Patch. \
                One type at a time: no search over all types, no batch. Unknown search parameters are left out and \
                named in an OperationOutcome of the answer, or refused with Prefer: handling=strict. In strings \
                case, accents and punctuation do not count, but with :exact; in addresses of mailboxes never.",
            "security": {
                "cors": false,
                "description": "A key in a header, issued by the directory's operator, with a daily number of entries.",
            },
            "resource": Kind::ALL.map(resource),
        }],
    })
}

fn resource(kind: Kind) -> Value {
    let parameters: Vec<Value> = catalog::parameters(kind)
        .map(|own| {
            let modifiers = own.modifiers.iter().map(|modifier| format!(":{modifier}")).collect::<Vec<_>>();
            let modifiers = match modifiers.as_slice() {
                [] => String::new(),
                some => format!(" Modifiers {}.", some.join(", ")),
            };
            json!({"name": own.name, "type": own.kind.name(), "documentation": format!("{}{modifiers}", own.text)})
        })
        .collect();
    let mut resource = json!({
        "type": kind.name(),
        "interaction": [{"code": "read"}, {"code": "search-type"}, {"code": "patch"}],
        "versioning": "versioned",
        "readHistory": false,
        "conditionalRead": "not-match",
        "searchParam": parameters,
    });
    if kind == Kind::PractitionerRole {
        let include = catalog::CONTROLS.iter().find(|control| control.name == "_include");
        resource["searchInclude"] = json!(include.map(|control| control.values));
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_lists_what_the_table_offers_and_nothing_else() {
        let statement = statement("https://annuaire.example", "2026-01-31T00:00:00.000Z");
        let types = statement["rest"][0]["resource"].as_array().unwrap();
        let names: Vec<_> = types.iter().map(|own| own["type"].as_str().unwrap()).collect();
        assert_eq!(names, ["Practitioner", "PractitionerRole", "Organization"]);
        for (kind, own) in Kind::ALL.into_iter().zip(types) {
            let told = own["searchParam"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
            let offered: Vec<_> = catalog::parameters(kind).map(|one| one.name).collect();
            assert_eq!(told.collect::<Vec<_>>(), offered, "{kind}");
        }
    }
}
