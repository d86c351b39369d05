//! The directory for programs: asked by curl over TLS, judged by the JSON schema of FHIR R4, published by a program
//! of a delegated administrator, and tried by schemathesis.

use crate::people::MARIE;
use kit::{Engine, House, Outside, Plan, Tool};
use serde_json::{Value, json};
use std::time::Duration;

const HOSPITAL: &str = "1990000010";
const METADATA: &str =
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata";
const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const NEW: &str = "urgences@hopital-saint-roch.mssante.example";

/// A program with its key.
struct Program<'a> {
    house: &'a House,
    key: String,
}

struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl<'a> Program<'a> {
    /// A key made at the command line.
    fn enrolled(house: &'a House, rights: &[&str]) -> Self {
        let add = [&["api-key", "add", "--label", "Logiciel"], rights].concat();
        let text = house.pli("admin", &add).ok().text();
        let line = text.lines().find(|line| line.starts_with("key ")).unwrap();
        Self { house, key: line["key".len()..].trim().to_owned() }
    }

    fn ask(&self, method: &str, path: &str, more: &[&str]) -> Reply {
        let url = format!("{}{path}", self.house.directory());
        let key = format!("ESANTE-API-KEY: {}", self.key);
        let curl = Tool::new("curl").args(["--silent", "--show-error", "--include", "--globoff", "--cacert"]);
        let curl = curl.arg(self.house.path("tls/root.pem")).args(["--request", method, "--header", &key]);
        let said = curl.args(more).arg(url).run().ok().text();
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        Reply { status, head: head.to_lowercase(), body }
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[])
    }

    fn patch(&self, path: &str, operations: &Value) -> Reply {
        let body = json!({"resourceType": "Parameters", "parameter": operations}).to_string();
        self.ask("PATCH", path, &["--header", "Content-Type: application/fhir+json", "--data-binary", &body])
    }

    /// The e-mail addresses of the resources found.
    fn mailboxes(&self, path: &str) -> Vec<String> {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        let entries = reply.body["entry"].as_array().cloned().unwrap_or_default();
        let points = entries.iter().flat_map(|entry| entry["resource"]["telecom"].as_array()).flatten();
        let emails = points.filter(|point| point["system"] == "email");
        emails.map(|point| point["value"].as_str().unwrap().to_owned()).collect()
    }
}

fn operation(verb: &str, path: &str, value: Option<(&str, Value)>) -> Value {
    let mut parts =
        vec![json!({"name": "type", "valueCode": verb}), json!({"name": "path", "valueString": path})];
    parts.extend(value.map(|(name, value)| json!({"name": "value", name: value})));
    json!({"name": "operation", "part": parts})
}

fn hospital() -> String {
    "/Organization?identifier=urn:oid:1.2.250.1.71.4.2.2%7C".to_owned() + HOSPITAL
}

#[test]
fn the_schema_of_r4_finds_nothing_wrong_with_any_answer() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let house = House::open(engine);
        let reader = Program::enrolled(&house, &[]);
        let publisher = Program::enrolled(&house, &["--publish-for", HOSPITAL]);
        let mut judged = Vec::new();
        for (program, path, status) in [
            (&reader, "/metadata", 200),
            (&reader, "/Practitioner", 200),
            (&reader, "/Practitioner?family=lenoir&_summary=true", 200),
            (
                &reader,
                "/PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:organization",
                200,
            ),
            (&reader, "/PractitionerRole?_count=1", 200),
            (&reader, "/Organization?_elements=name,telecom", 200),
            (&publisher, "/Organization", 200),
            (&reader, "/Organization?type=SA33&nonsense=1", 200),
            (&reader, "/Organization?_summary=count", 200),
            (&reader, "/Practitioner?family=personne", 200),
            (&reader, "/Practitioner?name:contains=x", 400),
            (&reader, "/Practitioner/ffffffffffff", 404),
            (&reader, "/Device", 404),
        ] {
            let reply = program.get(path);
            assert_eq!(reply.status, status, "{engine:?} {path}: {}", reply.body);
            let inner = reply.body["entry"].as_array().cloned().unwrap_or_default();
            let inner = inner.into_iter().map(|entry| json!({"name": path, "resource": entry["resource"]}));
            judged.extend(inner);
            let mut body = reply.body;
            if path == "/metadata" {
                // The schema at hand is that of 4.0.0, which its correction left as it was but for this number.
                assert_eq!(body["fhirVersion"], "4.0.1");
                body["fhirVersion"] = json!("4.0.0");
            }
            judged.push(json!({"name": path, "resource": body}));
        }
        assert!(judged.len() > 30, "{engine:?}: only {} resources were judged", judged.len());
        let judge = Tool::new("node").arg(Outside::repository("tests/fhir/judge.mjs"));
        judge.input(Value::from(judged).to_string()).within(Duration::from_secs(60)).run().ok();
    }
}

#[test]
fn a_program_without_a_key_learns_nothing() {
    let house = House::open(Engine::Sqlite);
    let nobody = Program { house: &house, key: "aaaa-bbbb-cccc-dddd-eeee-ffff-gg".to_owned() };
    let reply = nobody.get("/Practitioner");
    assert_eq!((reply.status, &reply.body["issue"][0]["code"]), (401, &json!("login")));
    let program = Program::enrolled(&house, &[]);
    let reply = program.get("/Practitioner?identifier=https://rpps.esante.gouv.fr%7C10099000019");
    assert_eq!((reply.status, &reply.body["total"]), (200, &json!(1)), "{}", reply.body);
    for header in ["strict-transport-security:", "cache-control: private", "x-content-type-options: nosniff"]
    {
        assert!(reply.head.contains(header), "no {header} in {}", reply.head);
    }
    // Patients are no professionals: no name, no number, no address of theirs leads anywhere.
    for path in [
        "/Practitioner?name=moreau",
        "/Practitioner?phonetic=fontaine",
        "/Practitioner?identifier=167029900040424",
        "/PractitionerRole?mailbox-mss=167029900040424",
        "/Organization?name=petit",
    ] {
        assert_eq!(program.get(path).body["total"], 0, "{path}");
    }
    let listed = house.pli("admin", &["api-key", "list"]).ok().text();
    let number = listed.split_whitespace().next().unwrap();
    house.pli("admin", &["api-key", "revoke", "--number", number]).ok();
    assert_eq!(program.get("/Practitioner").status, 401, "a key that is revoked opens no more");
}

#[test]
fn a_mailbox_is_published_found_written_to_hidden_and_closed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let house = House::open(engine);
        let program = Program::enrolled(&house, &["--publish-for", HOSPITAL]);
        let point = json!({
            "system": "email",
            "value": NEW,
            "rank": 3,
            "extension": [{"url": METADATA, "extension": [
                {"url": "type", "valueCodeableConcept": {"coding": [{"code": "ORG"}]}},
                {"url": "description", "valueString": "Urgences"},
                {"url": "responsible", "valueString": "Mme Inventée"},
            ]}],
        });
        let insert = json!([operation("insert", "Organization.telecom", Some(("valueContactPoint", point)))]);
        let made = program.patch(&hospital(), &insert);
        assert_eq!(made.status, 200, "{engine:?}: {}", made.body);
        assert!(made.head.contains("etag: w/\""), "{}", made.head);

        // Seen at once by who searches and by who writes.
        assert_eq!(program.mailboxes(&format!("/Organization?mailbox-mss:exact={NEW}")).len(), 3);
        let mut sender = house.sender(MARIE.address, MARIE.password).unwrap();
        sender.expect(&format!("MAIL FROM:<{}>", MARIE.address), 250).unwrap();
        sender.expect(&format!("RCPT TO:<{NEW}>"), 250).unwrap();
        let reader = Program::enrolled(&house, &[]);
        assert!(!reader.get(&hospital()).body.to_string().contains("Mme Inventée"));
        assert!(program.get(&hospital()).body.to_string().contains("Mme Inventée"));

        // All or nothing: the second operation may not be, so the first is not done.
        let at = |behind: &str| format!("Organization.telecom.where(value = '{NEW}'){behind}");
        let told = |name: &str| at(&format!(".extension('{METADATA}').extension('{name}').value"));
        let twice = json!([
            operation("replace", &told("listeRouge"), Some(("valueBoolean", json!(true)))),
            operation("replace", &at(".rank"), Some(("valuePositiveInt", json!(1_000)))),
        ]);
        assert_eq!(program.patch(&hospital(), &twice).status, 400);
        assert!(program.mailboxes(&hospital()).contains(&NEW.to_owned()));

        let hide = json!([operation("replace", &told("listeRouge"), Some(("valueBoolean", json!(true))))]);
        assert_eq!(program.patch(&hospital(), &hide).status, 200);
        assert!(!program.mailboxes(&hospital()).contains(&NEW.to_owned()));
        assert!(program.mailboxes(&format!("/Organization?mailbox-mss:exact={NEW}")).is_empty());

        let close = json!([operation("delete", &at(""), None)]);
        assert_eq!(program.patch(&hospital(), &close).status, 200);
        assert_eq!(program.patch(&hospital(), &close).status, 404);
        assert_eq!(program.patch(&hospital(), &insert).status, 400, "an address is given once");
        let refused = sender.say(&format!("RCPT TO:<{NEW}>")).unwrap();
        assert!(refused.code >= 500, "{}", refused.text);

        // Nobody else's mailboxes, and nothing by a key that only reads.
        let team =
            json!([operation("delete", &format!("Organization.telecom.where(value = '{TEAM}')"), None)]);
        assert_eq!(reader.patch(&hospital(), &team).status, 403);
        let pharmacy = "/Organization?identifier=https://finess.esante.gouv.fr%7C990000036";
        assert_eq!(program.patch(pharmacy, &team).status, 403);
        let history = house.pli("admin", &["account", "history", NEW]).ok().text();
        for line in ["account.created", "account.described", "account.changed", "program:"] {
            assert!(history.contains(line), "no {line} in {history}");
        }
    }
}

#[test]
fn whoever_copies_the_directory_is_stopped_for_the_day() {
    let settings = "[limits]\ndirectory_entries = 20\n".to_owned();
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let program = Program::enrolled(&house, &[]);
    let mut answered = 0;
    let stopped = loop {
        let reply = program.get("/Practitioner");
        if reply.status != 200 {
            break reply;
        }
        answered += 1;
        assert!(answered < 20, "nobody stops it");
    };
    assert_eq!((stopped.status, &stopped.body["issue"][0]["code"]), (429, &json!("throttled")));
    assert!(stopped.head.contains("retry-after: "), "{}", stopped.head);
    assert!(house.log().contains("all of a day's entries"), "no alarm was raised");
    assert_eq!(Program::enrolled(&house, &[]).get("/Practitioner").status, 200, "others are not stopped");
}

#[test]
fn schemathesis_finds_no_failure_inside() {
    let settings = "[limits]\ndirectory_entries = 0\n".to_owned();
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let program = Program::enrolled(&house, &["--publish-for", HOSPITAL]);
    let tried = Tool::new(Outside::repository("target/schemathesis/bin/schemathesis"))
        // Python finds no name under localhost, so it is asked by the name itself.
        .args(["run", &format!("https://localhost:{}/openapi.json", house.ports.fhir)])
        .args(["--url", &format!("https://localhost:{}", house.ports.fhir)])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-time", "45", "--max-examples", "20"])
        .args(["--seed", "5", "--no-color"])
        .args(["--header", &format!("ESANTE-API-KEY: {}", program.key)])
        .arg("--tls-verify")
        .arg(house.path("tls/root.pem"))
        // It keeps notes of what it tried where it stands.
        .folder(&house.path(""))
        .within(Duration::from_secs(120))
        .run();
    let text = tried.text();
    assert!(text.contains(" generated, "), "nothing was tried: {text}");
    let tail: String =
        text.lines().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    assert_eq!(tried.code, Some(0), "{tail}\n{}", tried.err);
}
