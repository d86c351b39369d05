use super::*;
use proptest::prelude::*;
use serde_json::json;

const TEAM: &str = "equipe@chb.mssante.example";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn standing() -> HashMap<Address, AccountKind> {
    [(address(TEAM), AccountKind::Organisational), (address("dr@chb.mssante.example"), AccountKind::Personal)]
        .into()
}

fn operation(verb: &str, path: &str, value: Option<(&str, Value)>) -> Value {
    let mut parts =
        vec![json!({"name": "type", "valueCode": verb}), json!({"name": "path", "valueString": path})];
    parts.extend(value.map(|(name, value)| json!({"name": "value", name: value})));
    json!({"name": "operation", "part": parts})
}

fn at(address: &str, behind: &str) -> String {
    format!("Organization.telecom.where(value = '{address}'){behind}")
}

fn told(name: &str) -> String {
    at(TEAM, &format!(".extension('{}').extension('{name}').value", systems::MAILBOX))
}

fn read(operations: &[Value]) -> Result<Vec<Change>, Trouble> {
    let body = json!({"resourceType": "Parameters", "parameter": operations}).to_string();
    changes(Kind::Organization, body.as_bytes(), standing())
}

fn point(address: &str, kind: &str, more: &[Value]) -> Value {
    let kind = json!({"url": "type", "valueCodeableConcept": {"coding": [{"code": kind}]}});
    let told: Vec<&Value> = [&kind].into_iter().chain(more).collect();
    json!({"system": "email", "value": address, "extension": [{"url": systems::MAILBOX, "extension": told}]})
}

#[test]
fn mailboxes_are_made_described_and_closed_in_order() {
    let service = json!({"url": "service", "valueString": "Cardiologie"});
    let new = point("nouvelle@chb.mssante.example", "ORG", &[service]);
    let read = read(&[
        operation("insert", "Organization.telecom", Some(("valueContactPoint", new))),
        operation("replace", &told("listeRouge"), Some(("valueBoolean", json!(true)))),
        operation("replace", &at(TEAM, ".rank"), Some(("valuePositiveInt", json!(2)))),
        operation("delete", &told("description"), None),
        operation("delete", &at("nouvelle@chb.mssante.example", ""), None),
    ]);
    let describe = |description| Change::Describe { address: address(TEAM), description };
    let none = Description::default;
    let expected = [
        Change::Create {
            address: address("nouvelle@chb.mssante.example"),
            kind: AccountKind::Organisational,
            description: Description { service: Some("Cardiologie".to_owned()), ..none() },
        },
        describe(Description { red_list: Some(true), ..none() }),
        describe(Description { rank: Some(2), ..none() }),
        describe(Description { description: Some(String::new()), ..none() }),
        Change::Close { address: address("nouvelle@chb.mssante.example") },
    ];
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn a_mailbox_replaced_whole_keeps_its_address_type_and_red_list() {
    let description = json!({"url": "description", "valueString": "Urgences"});
    let whole = |address: &str, kind: &str| {
        let value = point(address, kind, std::slice::from_ref(&description));
        read(&[operation("replace", &at(TEAM, ""), Some(("valueContactPoint", value)))])
    };
    let expected = Description {
        description: Some("Urgences".to_owned()),
        service: Some(String::new()),
        responsible: Some(String::new()),
        ..Description::default()
    };
    assert_eq!(
        whole(TEAM, "ORG").unwrap(),
        [Change::Describe { address: address(TEAM), description: expected }]
    );
    for (case, address, kind) in [("address", "autre@chb.mssante.example", "ORG"), ("type", TEAM, "APP")] {
        let refused = whole(address, kind).unwrap_err();
        assert!(refused.text.contains("never changes"), "{case}: {}", refused.text);
    }
}

#[test]
fn what_the_trade_forbids_is_refused_with_the_number_of_the_operation() {
    let text = |text: &str| Some(("valueString", json!(text)));
    for (case, operation, status) in [
        ("an unknown mailbox", operation("delete", &at("personne@chb.mssante.example", ""), None), 404),
        ("a mailbox by index", operation("delete", "Organization.telecom[0]", None), 400),
        ("all mailboxes", operation("delete", "Organization.telecom", None), 400),
        ("a move", operation("move", "Organization.telecom", None), 400),
        ("the address", operation("replace", &at(TEAM, ".value"), text("autre@chb.mssante.example")), 400),
        ("the type", operation("replace", &told("type"), text("APP")), 400),
        ("a flag as text", operation("replace", &told("listeRouge"), text("true")), 400),
        ("a text of two lines", operation("replace", &told("service"), text("a\nb")), 400),
        ("no value", operation("replace", &told("service"), None), 400),
        (
            "a rank of zero",
            operation("replace", &at(TEAM, ".rank"), Some(("valuePositiveInt", json!(0)))),
            400,
        ),
        ("no flag at all", operation("delete", &told("listeRouge"), None), 400),
        (
            "a mailbox of the wrong type",
            operation(
                "insert",
                "Organization.telecom",
                Some(("valueContactPoint", point("x@chb.mssante.example", "PER", &[]))),
            ),
            400,
        ),
        (
            "a patient's",
            operation(
                "insert",
                "Organization.telecom",
                Some(("valueContactPoint", point("x@chb.mssante.example", "PAT", &[]))),
            ),
            400,
        ),
        (
            "a service of a person",
            operation(
                "replace",
                &at(
                    "dr@chb.mssante.example",
                    &format!(".extension('{}').extension('service').value", systems::MAILBOX),
                ),
                text("x"),
            ),
            400,
        ),
    ] {
        let refused = read(&[operation]).unwrap_err();
        assert_eq!(refused.status.as_u16(), status, "{case}: {}", refused.text);
        assert!(refused.text.starts_with("operation 1: "), "{case}: {}", refused.text);
    }
}

#[test]
fn what_is_no_patch_is_refused() {
    for (case, body) in [
        ("no JSON", "<Parameters/>"),
        ("another resource", r#"{"resourceType":"Organization"}"#),
        ("no operation", r#"{"resourceType":"Parameters","parameter":[]}"#),
        ("a JSON patch", r#"[{"op":"remove","path":"/telecom"}]"#),
        (
            "two values",
            r#"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete","valueString":"x"}]}]}"#,
        ),
        ("deep", &"[".repeat(10_000)),
    ] {
        let refused = changes(Kind::Organization, body.as_bytes(), standing()).unwrap_err();
        assert_eq!(refused.status.as_u16(), 400, "{case}");
    }
}

proptest! {
    #[test]
    fn no_patch_makes_the_reader_fail(
        verb in "insert|replace|delete|add|\\PC{0,5}",
        path in "Organization\\.telecom(\\.where\\(value='equipe@chb\\.mssante\\.example'\\))?[.a-z()']{0,20}",
        name in "value(String|Boolean|ContactPoint|Code)?",
        value in "\\PC{0,20}",
    ) {
        let _ = read(&[operation(&verb, &path, Some((name.as_str(), json!(value))))]);
        let _ = changes(Kind::Organization, value.as_bytes(), standing());
    }
}
