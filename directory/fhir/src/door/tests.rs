use super::*;
use crate::access::{Cause, Change, Holder, Refused};
use crate::testing::{THEN, martin, pharmacy};
use axum::body::to_bytes;
use names::NationalStructureId;
use proptest::strategy::{Strategy as _, ValueTree as _};
use register::{Listing, local};
use std::sync::Mutex as Shelf;
use std::sync::atomic::{AtomicU64, Ordering};

const BASE: &str = "https://annuaire.example";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A house with two keys, `reader` and `publisher`, and a number of entries to show.
struct Keys {
    entries: AtomicU64,
    published: Shelf<Vec<(Holder, Vec<Change>)>>,
}

impl Gatekeeper for Keys {
    async fn admit(&self, key: &str, _from: IpAddr, _now: Timestamp) -> Result<Client, Denied> {
        let publishes = match key {
            "reader" => Vec::new(),
            "publisher" => vec![NationalStructureId("1690000002".to_owned())],
            "impatient" => return Err(Denied::Wait(Duration::from_secs(4))),
            _ => return Err(Denied::Unknown),
        };
        Ok(Client { key: 1, label: key.to_owned(), publishes })
    }

    async fn spend(&self, _client: &Client, entries: u64, _now: Timestamp) -> Result<bool, Cause> {
        let left = |left: u64| left.checked_sub(entries);
        Ok(self.entries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok())
    }
}

impl Publisher for Keys {
    async fn publish(
        &self,
        _client: &Client,
        holder: Holder,
        _seen: Option<Timestamp>,
        changes: Vec<Change>,
        _now: Timestamp,
    ) -> Result<(), Refused> {
        self.published.lock().unwrap().push((holder, changes));
        Ok(())
    }
}

struct House {
    engine: &'static str,
    fhir: Fhir<Keys>,
    _db: db::testing::TestDb,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

/// Dr Martin and the pharmacy, on each engine.
async fn houses(entries: u64) -> Vec<House> {
    let mut houses = Vec::new();
    for (engine, db) in db::testing::both().await {
        db.migrate(register::MIGRATIONS).await.unwrap();
        let people = db::unit("publish the invented", (), |(), tx| {
            Box::pin(async move {
                local::replace(tx, &Listing::Professional(Box::new(martin())), THEN).await?;
                local::replace(tx, &Listing::Organisation(Box::new(pharmacy())), THEN).await?;
                Ok::<(), register::Error>(())
            })
        });
        db.write(people).await.unwrap();
        let register = Register::open((*db).clone());
        let keys = Keys { entries: AtomicU64::new(entries), published: Shelf::default() };
        let settings =
            Settings { base: BASE.to_owned(), key_header: HeaderName::from_static("esante-api-key") };
        let fhir = Fhir::new(settings, &register, keys, crate::Tally::default(), Clock::new(|| THEN));
        houses.push(House { engine, fhir, _db: db });
    }
    houses
}

impl House {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "esante-api-key") {
            request = request.header("esante-api-key", "reader");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.fhir.answer(request.body(Body::from(body.to_owned())).unwrap(), HERE).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "").await
    }
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The types of the entries of a bundle, matches and what came along.
    fn entries(&self) -> Vec<(&str, &str)> {
        let entries = self.body["entry"].as_array().map_or(&[][..], Vec::as_slice);
        entries
            .iter()
            .map(|entry| {
                let kind = entry["resource"]["resourceType"].as_str().unwrap();
                (kind, entry["search"]["mode"].as_str().unwrap())
            })
            .collect()
    }

    fn link(&self, relation: &str) -> Option<String> {
        let links = self.body["link"].as_array().unwrap();
        let link = links.iter().find(|link| link["relation"] == relation)?;
        Some(link["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned())
    }
}

#[tokio::test]
async fn searches_find_what_they_ask_for() {
    for house in houses(10_000).await {
        let both = ["PractitionerRole", "PractitionerRole"];
        for (query, found) in [
            ("Practitioner", vec!["Practitioner"]),
            ("Practitioner?family=martin", vec!["Practitioner"]),
            ("Practitioner?family:exact=MARTIN-LEF%C3%88VRE", vec!["Practitioner"]),
            ("Practitioner?family:exact=MARTIN-LEFEVRE", vec![]),
            ("Practitioner?family:exact=martin-lef%C3%A8vre", vec![]),
            ("Practitioner?family=lefevre", vec!["Practitioner"]),
            ("Practitioner?family=durand", vec![]),
            ("Practitioner?family=durand,martin&given=jeanne", vec!["Practitioner"]),
            ("Practitioner?phonetic=martain", vec!["Practitioner"]),
            ("Practitioner?identifier=https://rpps.esante.gouv.fr|10002422979", vec!["Practitioner"]),
            ("Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|810002422979", vec!["Practitioner"]),
            ("Practitioner?identifier=10002422979", vec!["Practitioner"]),
            ("Practitioner?qualification-code=10", vec!["Practitioner"]),
            ("Practitioner?qualification-code=SM04", vec!["Practitioner"]),
            ("Practitioner?qualification-code=21", vec![]),
            ("Practitioner?mailbox-mss:exact=jeanne.martin@pro.mssante.example", vec!["Practitioner"]),
            ("Practitioner?mailbox-mss:contains=martin@pro", vec!["Practitioner"]),
            ("Practitioner?mailbox-mss=jeanne.martin@lilas", vec![]),
            ("Practitioner?mailbox-mss=jeanne.secret", vec![]),
            ("Practitioner?active=false", vec![]),
            ("Practitioner?_lastUpdated=ge2026-01-31", vec!["Practitioner"]),
            ("Practitioner?_lastUpdated=lt2026-01-31", vec![]),
            ("PractitionerRole", both.to_vec()),
            ("PractitionerRole?family=martin", both.to_vec()),
            ("PractitionerRole?address-city=lyon", vec!["PractitionerRole"]),
            ("PractitionerRole?role=S", vec!["PractitionerRole"]),
            ("PractitionerRole?mailbox-mss=jeanne.martin@lilas", vec!["PractitionerRole"]),
            (
                "PractitionerRole?organization:identifier=https://finess.esante.gouv.fr|690000001",
                vec!["PractitionerRole"],
            ),
            ("Organization?type=SA33", vec!["Organization"]),
            ("Organization?name:contains=nolot", vec!["Organization"]),
            ("Organization?address=lyon", vec!["Organization"]),
            ("Organization?address-postalcode=69", vec!["Organization"]),
            ("Organization?identifier=https://finess.esante.gouv.fr|690000002", vec!["Organization"]),
            ("Organization?identifier=https://sirene.fr|690000002", vec![]),
            ("Organization?partof:identifier=https://finess.esante.gouv.fr|690000009", vec!["Organization"]),
            ("Organization?type=SA07", vec![]),
        ] {
            let path = format!("/{}", query.replace('|', "%7C"));
            let reply = house.get(&path).await;
            assert_eq!(reply.status, 200, "{} {query}: {}", house.engine, reply.body);
            let kinds: Vec<_> = reply.entries().into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, found, "{} {query}", house.engine);
            assert_eq!(reply.body["total"], found.len(), "{} {query}", house.engine);
            assert_eq!(reply.header("content-type"), "application/fhir+json; charset=utf-8");
            assert!(!reply.body["entry"].to_string().contains("jeanne.secret"), "{query}");
        }
    }
}

#[tokio::test]
async fn errors_are_outcomes_with_the_right_status() {
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const JSON: (&str, &str) = ("content-type", "application/fhir+json");
    const PUBLISHER: (&str, &str) = ("esante-api-key", "publisher");
    let long = format!("/Practitioner?family={}", "x".repeat(9_000));
    let form = "x".repeat(10_000);
    let body = "x".repeat(70_000);
    for house in houses(10_000).await {
        for (method, path, headers, body, status, code) in [
            ("GET", "/Practitioner?family.x=1", &[][..], "", 400, "not-supported"),
            ("GET", "/Practitioner?birthdate=1", &[("prefer", "handling=strict")], "", 400, "not-supported"),
            ("GET", "/Practitioner?name:contains=ma", &[], "", 400, "too-costly"),
            ("GET", "/Practitioner?family=%zz", &[], "", 400, "invalid"),
            ("GET", "/Practitioner?_page_token=0-nonsense", &[], "", 410, "expired"),
            ("GET", "/Practitioner", &[("esante-api-key", "wrong")], "", 401, "login"),
            ("GET", "/Practitioner", &[("esante-api-key", "impatient")], "", 429, "throttled"),
            ("GET", "/HealthcareService", &[], "", 404, "not-supported"),
            ("GET", "/Device/1", &[], "", 404, "not-supported"),
            ("GET", "/?_type=Practitioner", &[], "", 404, "not-supported"),
            ("POST", "/", &[JSON], "{}", 404, "not-supported"),
            ("GET", "/Practitioner/nonsense", &[], "", 404, "not-found"),
            ("GET", "/Practitioner/1/_history/1", &[], "", 404, "not-supported"),
            ("GET", "/PractitionerRole/1-00000000000000ff", &[], "", 404, "not-found"),
            ("PUT", "/Practitioner/1", &[], "", 405, "not-supported"),
            ("DELETE", "/Practitioner/1", &[], "", 405, "not-supported"),
            ("POST", "/Practitioner", &[], "", 405, "not-supported"),
            ("GET", "/Practitioner/_search", &[], "", 405, "not-supported"),
            ("POST", "/metadata", &[], "", 405, "not-supported"),
            ("GET", "/Practitioner", &[("accept", "application/fhir+xml")], "", 406, "not-supported"),
            ("GET", "/Practitioner?_format=xml", &[], "", 406, "not-supported"),
            ("POST", "/Practitioner/_search", &[FORM], &form, 413, "too-long"),
            ("POST", "/Practitioner/_search", &[JSON], "{}", 415, "not-supported"),
            ("GET", &long, &[], "", 414, "too-long"),
            ("PATCH", "/Practitioner/1", &[JSON], "{}", 403, "forbidden"),
            (
                "PATCH",
                "/Organization/1",
                &[PUBLISHER, ("content-type", "application/json-patch+json")],
                "[]",
                415,
                "not-supported",
            ),
            ("PATCH", "/Organization/1", &[PUBLISHER, JSON], &body, 413, "too-long"),
            ("PATCH", "/Organization/ffffffff", &[PUBLISHER, JSON], "{}", 404, "not-found"),
            ("PATCH", "/Organization?name=personne", &[PUBLISHER, JSON], "{}", 404, "not-found"),
            ("PATCH", "/Organization", &[PUBLISHER, JSON], "{}", 412, "multiple-matches"),
            ("PATCH", "/PractitionerRole?family=martin", &[PUBLISHER, JSON], "{}", 412, "multiple-matches"),
            ("PATCH", "/Practitioner?family=martin", &[PUBLISHER, JSON], "{}", 403, "forbidden"),
            ("PATCH", "/Organization?type=SA33", &[PUBLISHER, JSON], "{}", 400, "invalid"),
            (
                "PATCH",
                "/Organization?type=SA33",
                &[PUBLISHER, JSON, ("if-match", "W/\"1\"")],
                "{}",
                412,
                "conflict",
            ),
        ] {
            let reply = house.ask(method, path, headers, body).await;
            let shown: String = path.chars().take(60).collect();
            assert_eq!(reply.status, status, "{} {method} {shown}: {}", house.engine, reply.body);
            assert_eq!(reply.body["resourceType"], "OperationOutcome", "{method} {shown}");
            assert_eq!(reply.body["issue"][0]["code"], code, "{method} {shown}");
            let needs = match status {
                401 => "www-authenticate",
                405 => "allow",
                429 => "retry-after",
                _ => "cache-control",
            };
            assert!(!reply.header(needs).is_empty(), "{method} {shown}: no {needs}");
        }
        // The operator sees why, and of nobody.
        let counted = house.fhir.tally().counts();
        let of = |word: &str| counted.refused.iter().find(|(own, _)| *own == word).unwrap().1;
        assert_eq!((of("multiple-matches"), of("conflict"), counted.patches), (2, 1, 0), "{}", house.engine);
    }
}

#[tokio::test]
async fn the_statement_and_the_description_need_no_key() {
    for house in houses(0).await {
        for path in ["/metadata", "/openapi.json"] {
            let reply = house.ask("GET", path, &[("esante-api-key", "wrong")], "").await;
            assert_eq!(reply.status, 200, "{path}");
        }
        assert_eq!(house.get("/metadata").await.body["fhirVersion"], "4.0.1");
    }
}

#[tokio::test]
async fn a_resource_is_read_by_its_id_and_known_by_its_version() {
    for house in houses(10_000).await {
        for kind in ["Practitioner", "PractitionerRole", "Organization"] {
            let all = house.get(&format!("/{kind}")).await;
            let url = all.body["entry"][0]["fullUrl"].as_str().unwrap().to_owned();
            let path = url.strip_prefix(BASE).unwrap();
            let read = house.get(path).await;
            assert_eq!(read.status, 200, "{path}");
            assert_eq!(read.body, all.body["entry"][0]["resource"], "{path}");
            let tag = read.header("etag").to_owned();
            assert_eq!(tag, format!("W/\"{}\"", read.body["meta"]["versionId"].as_str().unwrap()));
            assert_eq!(house.ask("GET", path, &[("if-none-match", &tag)], "").await.status, 304, "{path}");
            assert_eq!(house.ask("GET", path, &[("if-none-match", "W/\"1\"")], "").await.status, 200);
            let id = path.rsplit('/').next().unwrap();
            let found = house.get(&format!("/{kind}?_id={id}")).await;
            assert_eq!(found.body["total"], 1, "{path}");
            let part = house.get(&format!("{path}?_elements=identifier")).await.body;
            assert!(part["active"].is_null() && part["meta"]["tag"].is_array(), "{part}");
        }
    }
}

#[tokio::test]
async fn every_role_stands_on_one_page_of_any_size_and_brings_along_what_is_asked() {
    for house in houses(10_000).await {
        let mut next = Some("/PractitionerRole?_count=1&_include=PractitionerRole:practitioner".to_owned());
        let mut seen = Vec::new();
        while let Some(path) = next {
            let reply = house.get(&path).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            let matches = reply.entries().into_iter().filter(|(_, mode)| *mode == "match").count();
            assert!(matches <= 1, "{path}");
            if matches == 1 {
                assert_eq!(reply.entries()[1], ("Practitioner", "include"), "{path}");
                seen.push(reply.body["entry"][0]["resource"]["id"].as_str().unwrap().to_owned());
            }
            next = reply.link("next");
            assert!(seen.len() < 10, "it never ends");
        }
        seen.dedup();
        assert_eq!(seen.len(), 2, "{}", house.engine);
        let posted = [("content-type", "application/x-www-form-urlencoded")];
        let reply =
            house.ask("POST", "/PractitionerRole/_search", &posted, "address-city=lyon&_count=0").await;
        assert_eq!((reply.status, &reply.body["total"]), (200, &Value::from(1)), "{}", reply.body);
        assert!(reply.body["entry"].is_null());
    }
}

#[tokio::test]
async fn unknown_parameters_are_named_beside_the_answer() {
    for house in houses(10_000).await {
        let reply = house.get("/Organization?birthdate=1970").await;
        assert_eq!(reply.entries(), [("Organization", "match"), ("OperationOutcome", "outcome")]);
        assert_eq!(reply.body["total"], 1);
        assert_eq!(reply.link("self").unwrap(), "/Organization");
    }
}

#[tokio::test]
async fn a_day_of_entries_ends() {
    for house in houses(3).await {
        assert_eq!(house.get("/PractitionerRole").await.status, 200);
        assert_eq!(house.get("/Organization").await.status, 200);
        let reply = house.get("/Organization").await;
        assert_eq!(reply.status, 429, "{}", house.engine);
        assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
    }
}

#[tokio::test]
async fn a_patch_reaches_the_house_and_only_administrators_see_who_answers() {
    let body = serde_json::json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "delete"},
        {"name": "path", "valueString": "Organization.telecom.where(value = 'ordonnances@nolot.mssante.example')"},
    ]}]})
    .to_string();
    for house in houses(10_000).await {
        let key = ("esante-api-key", "publisher");
        let headers = [key, ("content-type", "application/fhir+json")];
        let by_number = "/Organization?identifier=https://finess.esante.gouv.fr%7C690000002";
        let reply = house.ask("PATCH", by_number, &headers, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let published = house.fhir.house().published.lock().unwrap().clone();
        let [(Holder::Structure(structure), changes)] = published.as_slice() else { panic!("{published:?}") };
        assert_eq!(structure.0, "1690000002");
        assert!(matches!(changes.as_slice(), [Change::Close { .. }]), "{changes:?}");
        assert!(reply.body.to_string().contains("Mme Inventée"), "{}", reply.body);
        let administrator = house.ask("GET", "/Organization", &[key], "").await.body.to_string();
        assert!(administrator.contains("Mme Inventée"), "{administrator}");
        let reader = house.get("/Organization").await.body.to_string();
        assert!(!reader.contains("Mme Inventée"), "{reader}");
    }
}

#[tokio::test]
async fn no_question_ever_fails_inside() {
    // A fixed generator: every run asks the same thousand questions.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let names = crate::catalog::PARAMETERS.iter().map(|own| own.name);
    let names: Vec<&str> = names.chain(crate::catalog::CONTROLS.iter().map(|own| own.name)).collect();
    let one = (
        proptest::sample::select(names),
        "(:exact|:contains|:identifier|:missing)?",
        "[a-zé|,:/\\\\'\"%*_.@0-9-]{0,12}|\\PC{0,8}|[0-9]{1,20}|NEAR\\(a\\*|' OR 1=1--",
    );
    let questions = proptest::collection::vec(one, 1..4);
    for house in houses(u64::MAX / 2).await {
        for _ in 0..500 {
            let question = questions.new_tree(&mut runner).unwrap().current();
            let pairs: Vec<Pair> = question
                .into_iter()
                .map(|(name, modifier, value)| (format!("{name}{modifier}"), value))
                .collect();
            let query = pairs::write(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            for kind in Kind::ALL {
                let reply = house.get(&format!("/{kind}?{query}")).await;
                assert!(reply.status < 500, "{} {kind}?{query}: {}", house.engine, reply.body);
                assert!(!reply.body.to_string().contains("jeanne.secret"), "{kind}?{query}");
            }
        }
    }
}
