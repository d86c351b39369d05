//! FHIR Patch (R4 §3.1.0.8.1) of mailboxes: from a `Parameters` resource to changes. Pure.

mod path;

use std::collections::HashMap;

use names::{AccountKind, Address};
use serde_json::{Map, Value};

use crate::access::{Change, Description};
use crate::{Kind, Trouble, limits, systems};
use path::{Part, Target, Told};

/// Reads the operations of a patch, in order. `kinds` are the mailboxes that stand there now.
pub(crate) fn changes(
    kind: Kind,
    body: &[u8],
    mut kinds: HashMap<Address, AccountKind>,
) -> Result<Vec<Change>, Trouble> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Trouble::invalid(format!("the body is no JSON: {error}")))?;
    if body.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Err(Trouble::invalid("a patch is a Parameters resource"));
    }
    let operations = body.get("parameter").and_then(Value::as_array).filter(|list| !list.is_empty());
    let operations = operations.ok_or_else(|| Trouble::invalid("a patch has at least one operation"))?;
    if operations.len() > limits::OPERATIONS {
        return Err(Trouble::too_costly(format!("a patch has at most {} operations", limits::OPERATIONS)));
    }
    let mut changes = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        let number = |trouble: Trouble| Trouble {
            text: format!("operation {}: {}", place + 1, trouble.text),
            ..trouble
        };
        let change = Operation::read(operation).and_then(|own| own.change(kind, &kinds)).map_err(number)?;
        match &change {
            Change::Create { address, kind, .. } => drop(kinds.insert(address.clone(), *kind)),
            Change::Close { address } => drop(kinds.remove(address)),
            Change::Describe { .. } => {}
        }
        changes.push(change);
    }
    Ok(changes)
}

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verb {
    Insert,
    Replace,
    Delete,
}

/// One operation as it is written.
struct Operation<'a> {
    verb: Verb,
    path: &'a str,
    value: Option<(&'a str, &'a Value)>,
}

impl<'a> Operation<'a> {
    fn read(parameter: &'a Value) -> Result<Self, Trouble> {
        if parameter.get("name").and_then(Value::as_str) != Some("operation") {
            return Err(Trouble::invalid("a parameter of a patch is named operation"));
        }
        let parts = parameter.get("part").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| Trouble::invalid("an operation has parts"))?;
        let (mut verb, mut path, mut value) = (None, None, None);
        for part in parts {
            let part = part.as_object().ok_or_else(|| Trouble::invalid("a part is an object"))?;
            let named = part.get("name").and_then(Value::as_str).unwrap_or_default();
            let given = given(part)?;
            let twice = match named {
                "type" => verb.replace(given).is_some(),
                "path" => path.replace(given).is_some(),
                "value" => value.replace(given).is_some(),
                // Mailboxes have ranks; their order in the list says nothing.
                "index" => false,
                _ => return Err(Trouble::invalid("parts are type, path, index and value")),
            };
            if twice {
                return Err(Trouble::invalid(format!("the part {named} stands there twice")));
            }
        }
        let text = |given: Option<(&'a str, &'a Value)>| given.and_then(|(_, value)| value.as_str());
        let verb = match text(verb) {
            Some("insert") => Verb::Insert,
            Some("replace") => Verb::Replace,
            Some("delete") => Verb::Delete,
            Some("add" | "move") => {
                return Err(Trouble::not_offered("insert, replace and delete are offered"));
            }
            Some(_) | None => return Err(Trouble::invalid("the part type is insert, replace or delete")),
        };
        let path = text(path).ok_or_else(|| Trouble::invalid("an operation has a path"))?;
        Ok(Self { verb, path, value })
    }

    fn change(&self, kind: Kind, kinds: &HashMap<Address, AccountKind>) -> Result<Change, Trouble> {
        let target = path::parse(kind, self.path)?;
        let known = |address: &Address| {
            let known = kinds.get(address).copied();
            known.ok_or_else(|| Trouble::not_found(format!("{address} is no mailbox of this {kind}")))
        };
        match (self.verb, target) {
            (Verb::Insert, Target::All) => self.create(kind),
            (Verb::Insert, Target::Mailbox(..)) => Err(wrong_place("insert", kind)),
            (Verb::Replace | Verb::Delete, Target::All) => {
                Err(Trouble::not_offered("one mailbox at a time: .where(value = 'address')"))
            }
            (Verb::Replace, Target::Mailbox(address, part)) => {
                let own = known(&address)?;
                let description = match part {
                    Part::Whole => self.whole(&address, own)?,
                    Part::Rank => Description { rank: Some(self.rank()?), ..Description::default() },
                    Part::Told(told) => self.told(told, own)?,
                };
                Ok(Change::Describe { address, description })
            }
            (Verb::Delete, Target::Mailbox(address, part)) => {
                known(&address)?;
                let nothing = || Some(String::new());
                let description = match part {
                    Part::Whole => return Ok(Change::Close { address }),
                    Part::Told(Told::Description) => {
                        Description { description: nothing(), ..Description::default() }
                    }
                    Part::Told(Told::Service) => Description { service: nothing(), ..Description::default() },
                    Part::Told(Told::Responsible) => {
                        Description { responsible: nothing(), ..Description::default() }
                    }
                    Part::Rank | Part::Told(Told::RedList | Told::Paperless) => {
                        return Err(Trouble::against_rules("this always has a value: replace it"));
                    }
                };
                Ok(Change::Describe { address, description })
            }
        }
    }

    fn create(&self, holder: Kind) -> Result<Change, Trouble> {
        let contact = Contact::read(self.contact()?)?;
        let kind =
            contact.kind.ok_or_else(|| Trouble::value("the extension says of which type the mailbox is"))?;
        let fits = match holder {
            Kind::Practitioner | Kind::PractitionerRole => {
                matches!(kind, AccountKind::Personal | AccountKind::Practice)
            }
            Kind::Organization => matches!(kind, AccountKind::Organisational | AccountKind::Applicative),
        };
        if !fits {
            let text = format!("a {holder} has no mailbox of type {}", kind.code());
            return Err(Trouble::against_rules(text));
        }
        contact.description.fits(kind)?;
        Ok(Change::Create { address: contact.address, kind, description: contact.description })
    }

    /// Everything said of a mailbox anew; what is left out is taken away, but the red list stays as it is.
    fn whole(&self, address: &Address, kind: AccountKind) -> Result<Description, Trouble> {
        let contact = Contact::read(self.contact()?)?;
        if contact.address != *address {
            return Err(Trouble::against_rules("the address of a mailbox never changes"));
        }
        if contact.kind.is_some_and(|given| given != kind) {
            return Err(Trouble::against_rules("the type of a mailbox never changes"));
        }
        contact.description.fits(kind)?;
        let or_none = |text: Option<String>, told| text.or_else(|| allowed(kind, told).then(String::new));
        let given = contact.description;
        Ok(Description {
            description: or_none(given.description, Told::Description),
            service: or_none(given.service, Told::Service),
            responsible: or_none(given.responsible, Told::Responsible),
            ..given
        })
    }

    fn told(&self, told: Told, kind: AccountKind) -> Result<Description, Trouble> {
        let mut description = Description::default();
        let (name, value) = self.value.ok_or_else(|| Trouble::invalid("replace needs a value"))?;
        description.set(told, name, value)?;
        description.fits(kind)?;
        Ok(description)
    }

    fn rank(&self) -> Result<i64, Trouble> {
        rank(self.value.map(|(_, value)| value))
    }

    fn contact(&self) -> Result<&Map<String, Value>, Trouble> {
        let contact = self.value.filter(|(name, _)| *name == "valueContactPoint");
        let contact = contact.and_then(|(_, value)| value.as_object());
        contact.ok_or_else(|| Trouble::invalid("the value is a valueContactPoint"))
    }
}

fn wrong_place(verb: &str, kind: Kind) -> Trouble {
    Trouble::not_offered(format!("{verb} goes to {kind}.telecom"))
}

/// The `value[x]` of a part.
fn given(part: &Map<String, Value>) -> Result<(&str, &Value), Trouble> {
    let mut values = part.iter().filter(|(name, _)| name.starts_with("value"));
    match (values.next(), values.next()) {
        (Some((name, value)), None) => Ok((name.as_str(), value)),
        (Some(_), Some(_)) => Err(Trouble::invalid("a part has one value")),
        (None, _) => Err(Trouble::invalid("a part has a value")),
    }
}

fn rank(value: Option<&Value>) -> Result<i64, Trouble> {
    let rank = value.and_then(Value::as_i64).filter(|rank| (1..=1_000).contains(rank));
    rank.ok_or_else(|| Trouble::value("a rank is a number from 1"))
}

/// A ContactPoint as it was sent.
struct Contact {
    address: Address,
    kind: Option<AccountKind>,
    description: Description,
}

impl Contact {
    fn read(point: &Map<String, Value>) -> Result<Self, Trouble> {
        if point.get("system").and_then(Value::as_str).is_some_and(|system| system != "email") {
            return Err(Trouble::against_rules("mailboxes are published here: system is email"));
        }
        let address = point.get("value").and_then(Value::as_str).unwrap_or_default();
        let address =
            Address::parse(address).map_err(|error| Trouble::value(format!("the address: {error}")))?;
        let mut contact = Self { address, kind: None, description: Description::default() };
        if let Some(own) = point.get("rank") {
            contact.description.rank = Some(rank(Some(own))?);
        }
        for part in extensions(point.get("extension"))? {
            match part.get("url").and_then(Value::as_str) {
                Some(systems::MAILBOX) => {
                    for told in extensions(part.get("extension"))? {
                        contact.tell(told)?;
                    }
                }
                Some(systems::EMAIL_TYPE_EXTENSION) => {}
                Some(_) | None => return Err(Trouble::not_offered("an extension that is not known here")),
            }
        }
        Ok(contact)
    }

    fn tell(&mut self, extension: &Map<String, Value>) -> Result<(), Trouble> {
        let url = extension.get("url").and_then(Value::as_str).unwrap_or_default();
        let (name, value) = given(extension)?;
        if url == "type" {
            let codes = value.get("coding").and_then(Value::as_array).into_iter().flatten();
            let code = codes.filter_map(|coding| coding.get("code")?.as_str()).next().unwrap_or_default();
            let kind = AccountKind::from_code(code).filter(|kind| kind.is_professional());
            let kind = kind.ok_or_else(|| Trouble::value("the type is PER, ORG, APP or CAB"))?;
            self.kind = Some(kind);
            return Ok(());
        }
        let told = Told::ALL.into_iter().find(|told| told.url() == url);
        let told = told.ok_or_else(|| {
            Trouble::not_offered(
                "what is told of a mailbox: type, description, \
            service, responsible, listeRouge, digitization",
            )
        })?;
        self.description.set(told, name, value)
    }
}

fn extensions(list: Option<&Value>) -> Result<Vec<&Map<String, Value>>, Trouble> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let wrong = || Trouble::invalid("extension is a list of objects");
    let list = list.as_array().ok_or_else(wrong)?;
    list.iter().map(|own| own.as_object().ok_or_else(wrong)).collect()
}

/// What may be told of a mailbox of this type (DOMAIN §1.5).
fn allowed(kind: AccountKind, told: Told) -> bool {
    use AccountKind::{Applicative, Organisational, Patient, Personal, Practice};
    match (told, kind) {
        (Told::RedList | Told::Paperless, Personal | Organisational | Applicative | Practice) => true,
        (Told::Description, Organisational | Applicative | Practice) => true,
        (Told::Service | Told::Responsible, Organisational | Applicative) => true,
        (Told::Description, Personal)
        | (Told::Service | Told::Responsible, Personal | Practice)
        | (_, Patient) => false,
    }
}

impl Description {
    fn set(&mut self, told: Told, name: &str, value: &Value) -> Result<(), Trouble> {
        let text = || -> Result<String, Trouble> {
            let text = Some(value).filter(|_| name == "valueString").and_then(Value::as_str);
            let text = text.ok_or_else(|| Trouble::value(format!("{} is a valueString", told.url())))?;
            let most = limits::TEXT_CHARACTERS;
            if text.chars().count() > most || text.chars().any(char::is_control) {
                return Err(Trouble::value(format!(
                    "{} is one line of at most {most} characters",
                    told.url()
                )));
            }
            Ok(text.trim().to_owned())
        };
        let flag = || {
            let flag = Some(value).filter(|_| name == "valueBoolean").and_then(Value::as_bool);
            flag.ok_or_else(|| Trouble::value(format!("{} is a valueBoolean", told.url())))
        };
        match told {
            Told::Description => self.description = Some(text()?),
            Told::Service => self.service = Some(text()?),
            Told::Responsible => self.responsible = Some(text()?),
            Told::RedList => self.red_list = Some(flag()?),
            Told::Paperless => self.paperless = Some(flag()?),
        }
        Ok(())
    }

    /// Whether all of it may be told of a mailbox of this type.
    fn fits(&self, kind: AccountKind) -> Result<(), Trouble> {
        let told = [
            (Told::Description, self.description.is_some()),
            (Told::Service, self.service.is_some()),
            (Told::Responsible, self.responsible.is_some()),
        ];
        match told.into_iter().find(|(told, given)| *given && !allowed(kind, *told)) {
            None => Ok(()),
            Some((told, _)) => {
                let text = format!("a mailbox of type {} has no {}", kind.code(), told.url());
                Err(Trouble::against_rules(text))
            }
        }
    }
}

#[cfg(test)]
mod tests;
