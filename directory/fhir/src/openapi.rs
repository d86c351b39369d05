//! The same for programs that know OpenAPI 3.1 and not FHIR, from the same table.

use axum::http::HeaderName;
use serde_json::{Map, Value, json};

use crate::Kind;
use crate::catalog::{self, Control, OF_A_READ, Parameter, Shapes};

/// The description.
pub(crate) fn description(base: &str, key_header: &HeaderName) -> Value {
    let mut paths = Map::new();
    paths.insert(
        "/metadata".to_owned(),
        json!({"get": open("metadata", "What this server can.", "CapabilityStatement")}),
    );
    for kind in Kind::ALL {
        paths.insert(format!("/{kind}"), json!({"get": search(kind), "patch": patch_where(kind)}));
        paths.insert(format!("/{kind}/_search"), json!({"post": posted_search(kind)}));
        paths.insert(format!("/{kind}/{{id}}"), json!({"get": read(kind), "patch": patch(kind)}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pli: professional directory, FHIR R4",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Practitioners, their situations of practice, organisations, and their mailboxes.",
        },
        "servers": [{"url": base}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": key_header.as_str()}},
            "schemas": {
                "OperationOutcome": resource("OperationOutcome", &["issue"]),
                "CapabilityStatement": resource("CapabilityStatement", &["status", "kind", "fhirVersion", "format"]),
                "Bundle": resource("Bundle", &["type", "link"]),
                "Parameters": parameters_schema(),
                "Practitioner": resource("Practitioner", &["id", "meta"]),
                "PractitionerRole": resource("PractitionerRole", &["id", "meta"]),
                "Organization": resource("Organization", &["id", "meta"]),
            },
        },
    })
}

fn resource(name: &str, required: &[&str]) -> Value {
    let required: Vec<&str> = ["resourceType"].iter().chain(required).copied().collect();
    json!({"type": "object", "required": required, "properties": {"resourceType": {"const": name}}})
}

/// A patch in the form of FHIR Patch (R4 §3.1.0.8.1).
fn parameters_schema() -> Value {
    let operation = json!({
        "type": "object",
        "required": ["name", "part"],
        "properties": {
            "name": {"const": "operation"},
            "part": {"type": "array", "minItems": 2, "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"enum": ["type", "path", "index", "value"]},
                    "valueCode": {"enum": ["insert", "replace", "delete"]},
                    "valueString": {"type": "string"},
                    "valueBoolean": {"type": "boolean"},
                    "valuePositiveInt": {"type": "integer", "minimum": 1},
                    "valueInteger": {"type": "integer"},
                    "valueContactPoint": {"type": "object"},
                },
            }},
        },
    });
    json!({
        "type": "object",
        "required": ["resourceType", "parameter"],
        "properties": {
            "resourceType": {"const": "Parameters"},
            "parameter": {"type": "array", "minItems": 1, "items": operation},
        },
    })
}

fn content(schema: &str) -> Value {
    json!({"application/fhir+json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}})
}

/// What an operation answers: its resource, or an outcome with one of these statuses.
fn responses(schema: &str, errors: &[&str]) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({"description": "Done.", "content": content(schema)}));
    for status in errors {
        let mut error =
            json!({"description": "An OperationOutcome says why.", "content": content("OperationOutcome")});
        if *status == "304" {
            error = json!({"description": "Nothing new since the version named."});
        }
        responses.insert((*status).to_owned(), error);
    }
    Value::Object(responses)
}

fn open(id: &str, summary: &str, schema: &str) -> Value {
    let mut own =
        json!({"operationId": id, "summary": summary, "responses": responses(schema, &["400", "406"])});
    own["security"] = json!([]);
    own["parameters"] = json!(
        catalog::CONTROLS.iter().filter(|own| own.shapes == Shapes::Format).map(control).collect::<Vec<_>>()
    );
    own
}

const SEARCH_ERRORS: &[&str] = &["400", "401", "406", "410", "413", "414", "429", "503"];
const READ_ERRORS: &[&str] = &["304", "400", "401", "404", "406", "414", "429", "503"];
const PATCH_ERRORS: &[&str] = &["400", "401", "403", "404", "406", "412", "413", "414", "415", "429", "503"];

fn search(kind: Kind) -> Value {
    let own = catalog::parameters(kind).flat_map(search_parameter);
    let controls = catalog::CONTROLS.iter().filter(|own| offered(kind, own)).map(control);
    json!({
        "operationId": format!("search{kind}"),
        "summary": format!("Searches {kind}."),
        "parameters": own.chain(controls).collect::<Vec<_>>(),
        "responses": responses("Bundle", SEARCH_ERRORS),
    })
}

fn posted_search(kind: Kind) -> Value {
    let own = catalog::parameters(kind).map(|own| (own.name, own.text));
    let controls = catalog::CONTROLS.iter().filter(|own| offered(kind, own)).map(|own| (own.name, own.text));
    let fields: Map<String, Value> = own
        .chain(controls)
        .map(|(name, text)| (name.to_owned(), json!({"type": "string", "description": text})))
        .collect();
    let form =
        json!({"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}}});
    let mut errors = SEARCH_ERRORS.to_vec();
    errors.push("415");
    json!({
        "operationId": format!("postSearch{kind}"),
        "summary": format!("Searches {kind} with a form, for long questions."),
        "requestBody": {"required": true, "content": form},
        "responses": responses("Bundle", &errors),
    })
}

fn read(kind: Kind) -> Value {
    let controls = catalog::CONTROLS.iter().filter(|own| OF_A_READ.contains(&own.shapes)).map(control);
    let version = json!({
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "Answers 304 while this is the version.",
    });
    let parameters: Vec<Value> = [id(), version].into_iter().chain(controls).collect();
    json!({
        "operationId": format!("read{kind}"),
        "summary": format!("Reads one {kind}."),
        "parameters": parameters,
        "responses": responses(kind.name(), READ_ERRORS),
    })
}

fn patch(kind: Kind) -> Value {
    json!({
        "operationId": format!("patch{kind}"),
        "summary": format!("Publishes mailboxes of one {kind}."),
        "parameters": [id(), if_match()],
        "requestBody": {"required": true, "content": content("Parameters")},
        "responses": responses(kind.name(), PATCH_ERRORS),
    })
}

fn patch_where(kind: Kind) -> Value {
    let own = catalog::parameters(kind).flat_map(search_parameter);
    json!({
        "operationId": format!("patchOne{kind}"),
        "summary": format!("Publishes mailboxes of the one {kind} that the parameters name."),
        "parameters": own.chain([if_match()]).collect::<Vec<_>>(),
        "requestBody": {"required": true, "content": content("Parameters")},
        "responses": responses(kind.name(), PATCH_ERRORS),
    })
}

fn id() -> Value {
    let schema = json!({"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"});
    json!({"name": "id", "in": "path", "required": true, "schema": schema})
}

fn if_match() -> Value {
    let text = "Changes only this version.";
    json!({"name": "If-Match", "in": "header", "schema": {"type": "string"}, "description": text})
}

fn offered(kind: Kind, control: &Control) -> bool {
    control.shapes != Shapes::Include || kind == Kind::PractitionerRole
}

/// The parameter, and once more with each modifier.
fn search_parameter(own: &Parameter) -> Vec<Value> {
    let named = |name: String| {
        json!({
            "name": name,
            "in": "query",
            "schema": {"type": "string"},
            "description": own.text,
            "example": own.example,
        })
    };
    let modified = own.modifiers.iter().map(|modifier| named(format!("{}:{modifier}", own.name)));
    [named(own.name.to_owned())].into_iter().chain(modified).collect()
}

fn control(own: &Control) -> Value {
    let schema = match own.values {
        [] => json!({"type": "string"}),
        values => json!({"type": "string", "enum": values}),
    };
    json!({"name": own.name, "in": "query", "schema": schema, "description": own.text})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_the_table_is_described() {
        let described = description("https://annuaire.example", &HeaderName::from_static("esante-api-key"));
        for kind in Kind::ALL {
            let told =
                described["paths"][format!("/{kind}")]["get"]["parameters"].as_array().unwrap().clone();
            let told: Vec<_> = told.iter().map(|own| own["name"].as_str().unwrap()).collect();
            for own in catalog::parameters(kind) {
                assert!(told.contains(&own.name), "{kind} {}", own.name);
            }
        }
    }
}
