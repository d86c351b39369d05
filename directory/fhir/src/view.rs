//! How much of a resource is shown: `_summary`, `_elements`, `_pretty`, `_format` (FHIR R4 §3.1.1.5).

use serde_json::{Map, Value, json};

use crate::catalog::{Control, Shapes};
use crate::{Kind, Trouble, limits, systems};

/// How a resource is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct View {
    part: Part,
    pub(crate) pretty: bool,
    /// Whether the form of the answer was said here: it wins over what the headers take.
    format: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Part {
    #[default]
    All,
    /// The elements that FHIR marks as its summary.
    Summary,
    /// All but the narrative; there is none.
    Data,
    Elements(Vec<String>),
    /// Nothing but how many there are.
    Count,
}

/// Elements of every type that are never left out.
const ALWAYS: [&str; 3] = ["resourceType", "id", "meta"];

impl View {
    /// Takes a control that concerns it.
    pub(crate) fn shape(&mut self, control: &Control, value: &str) -> Result<(), Trouble> {
        let name = control.name;
        if !control.values.is_empty() && !control.values.contains(&value) {
            // A plus that was not written %2B arrives as a blank.
            if control.shapes == Shapes::Format && control.values.contains(&value.replace(' ', "+").as_str())
            {
                self.format = true;
                return Ok(());
            }
            let text = format!("{name} may be one of: {}", control.values.join(", "));
            return Err(match control.shapes {
                Shapes::Format => Trouble::not_acceptable(text),
                _ => Trouble::not_offered(text),
            });
        }
        match control.shapes {
            Shapes::Summary => {
                self.part = match value {
                    "true" => Part::Summary,
                    "data" => Part::Data,
                    "count" => Part::Count,
                    _ => Part::All,
                };
            }
            Shapes::Elements => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                let names: Vec<String> = names.map(str::to_owned).collect();
                if names.len() > limits::ALTERNATIVES {
                    return Err(Trouble::too_costly("_elements names fewer elements"));
                }
                if !names.is_empty() {
                    self.part = Part::Elements(names);
                }
            }
            Shapes::Pretty => self.pretty = value == "true",
            Shapes::Format => self.format = true,
            Shapes::Count | Shapes::Page | Shapes::Include | Shapes::Total => {}
        }
        Ok(())
    }

    pub(crate) fn has_format(&self) -> bool {
        self.format
    }

    pub(crate) fn only_counts(&self) -> bool {
        self.part == Part::Count
    }

    /// The resource as it is wanted.
    pub(crate) fn of(&self, kind: Kind, mut resource: Map<String, Value>) -> Value {
        let keeps = |name: &str| match &self.part {
            Part::All | Part::Data | Part::Count => true,
            Part::Summary => summary(kind).contains(&name),
            Part::Elements(names) => names.iter().any(|wanted| wanted == name),
        };
        resource.retain(|name, _| ALWAYS.contains(&name.as_str()) || keeps(name));
        let whole = matches!(self.part, Part::All | Part::Count);
        if !whole && let Some(Value::Object(meta)) = resource.get_mut("meta") {
            meta.insert("tag".to_owned(), json!([{"system": systems::SUBSETTED, "code": "SUBSETTED"}]));
        }
        Value::Object(resource)
    }
}

/// Elements with the mark Σ in FHIR R4.
fn summary(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Practitioner => &["identifier", "active", "name", "telecom"],
        Kind::PractitionerRole => &[
            "identifier",
            "active",
            "practitioner",
            "organization",
            "code",
            "specialty",
            "location",
            "telecom",
        ],
        Kind::Organization => &["identifier", "active", "type", "name", "partOf"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::control;

    fn shaped(name: &str, value: &str) -> Result<View, Trouble> {
        let mut view = View::default();
        view.shape(control(name).unwrap(), value)?;
        Ok(view)
    }

    #[test]
    fn a_part_is_marked_as_a_part() {
        let resource = || {
            let whole =
                json!({"resourceType": "Organization", "id": "1", "meta": {}, "name": "x", "address": []});
            whole.as_object().unwrap().clone()
        };
        for (name, value, kept, marked) in [
            ("_summary", "false", vec!["address", "id", "meta", "name", "resourceType"], false),
            ("_summary", "data", vec!["address", "id", "meta", "name", "resourceType"], true),
            ("_summary", "true", vec!["id", "meta", "name", "resourceType"], true),
            ("_elements", "address,nonsense", vec!["address", "id", "meta", "resourceType"], true),
            ("_elements", ",", vec!["address", "id", "meta", "name", "resourceType"], false),
        ] {
            let shown = shaped(name, value).unwrap().of(Kind::Organization, resource());
            let mut keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(keys, kept, "{name}={value}");
            assert_eq!(shown["meta"]["tag"].is_array(), marked, "{name}={value}");
        }
    }

    #[test]
    fn forms_are_json_or_refused() {
        for (value, status) in [
            ("json", None),
            ("application/fhir+json", None),
            ("application/fhir json", None),
            ("xml", Some(406)),
            ("application/fhir+xml", Some(406)),
        ] {
            let refused = shaped("_format", value).err().map(|trouble| trouble.status.as_u16());
            assert_eq!(refused, status, "{value}");
        }
        assert_eq!(shaped("_summary", "text").unwrap_err().status.as_u16(), 400);
    }
}
