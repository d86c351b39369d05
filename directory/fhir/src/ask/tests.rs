use super::*;
use crate::testing::{nowhere, somewhere};
use names::{NationalPersonId, NationalStructureId};
use proptest::prelude::*;
use register::ListingId;

const BASE: &str = "https://annuaire.example";

fn parse(kind: Kind, query: &str) -> Result<Search, Trouble> {
    Search::parse(kind, BASE, &pairs::parse(query)?, Handling::Lenient)
}

fn asked(kind: Kind, query: &str) -> Vec<Criterion> {
    parse(kind, query).unwrap().query(&somewhere()).all
}

fn begins(text: &str) -> Match {
    Match::Begins(text.to_owned())
}

fn exactly(text: &str) -> Match {
    Match::Exactly(text.to_owned())
}

fn structure(number: &str) -> Criterion {
    Criterion::Structure(vec![NationalStructureId(number.to_owned())])
}

fn people(numbers: &[&str]) -> Criterion {
    Criterion::Person(numbers.iter().map(|number| NationalPersonId((*number).to_owned())).collect())
}

#[test]
fn every_parameter_becomes_what_the_register_is_asked() {
    use Criterion::{
        Address, Any, Family, Given, Identifier, KnowHow, Line, Name, PostalCode, Profession, Role,
    };
    use Kind::{Organization, Practitioner, PractitionerRole};
    let finess = |text: &str| Finess::parse(text).unwrap();
    for (kind, query, expected) in [
        (Practitioner, "", vec![]),
        (Practitioner, "_id=2a", vec![Criterion::Row(vec![ListingId(42)])]),
        (Practitioner, "_id=nonsense", vec![Any(vec![])]),
        (Practitioner, "active=true", vec![]),
        (Practitioner, "active=false", vec![Any(vec![])]),
        (Practitioner, "family=Martin&given=Jeanne", vec![Family(begins("Martin")), Given(begins("Jeanne"))]),
        (Practitioner, "family:exact=Martin", vec![Family(exactly("Martin"))]),
        (Practitioner, "name:contains=mart", vec![Name(Match::Contains("mart".to_owned()))]),
        (Practitioner, "phonetic=lefaivre", vec![Name(Match::Like("lefaivre".to_owned()))]),
        (
            Practitioner,
            "family=martin,durand",
            vec![Any(vec![Family(begins("martin")), Family(begins("durand"))])],
        ),
        (Practitioner, "identifier=urn:oid:1.2.250.1.71.4.2.1|810002422979", vec![people(&["810002422979"])]),
        (Practitioner, "identifier=https://rpps.esante.gouv.fr|10002422979", vec![people(&["810002422979"])]),
        (
            Practitioner,
            "identifier=10002422979",
            vec![people(&["10002422979", "810002422979", "010002422979"])],
        ),
        (Practitioner, "identifier=http://elsewhere|1", vec![Any(vec![])]),
        (
            Practitioner,
            "qualification-code=10",
            vec![Any(vec![Profession(exactly("10")), KnowHow(exactly("10"))])],
        ),
        (
            Practitioner,
            "qualification-code=https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante|10",
            vec![Profession(exactly("10"))],
        ),
        (
            Practitioner,
            "mailbox-mss:exact=Jeanne@x.mssante.example",
            vec![Address(exactly("Jeanne@x.mssante.example"))],
        ),
        (PractitionerRole, "practitioner=Practitioner/2a", vec![Criterion::Row(vec![ListingId(42)])]),
        (
            PractitionerRole,
            "practitioner=https://annuaire.example/Practitioner/2a",
            vec![Criterion::Row(vec![ListingId(42)])],
        ),
        (
            PractitionerRole,
            "practitioner:identifier=https://rpps.esante.gouv.fr|10002422979",
            vec![people(&["810002422979"])],
        ),
        (PractitionerRole, "organization=7", vec![structure("1690000002")]),
        (PractitionerRole, "organization=Organization/8", vec![Any(vec![])]),
        (
            PractitionerRole,
            "organization:identifier=https://finess.esante.gouv.fr|690000002",
            vec![structure("1690000002")],
        ),
        (PractitionerRole, "role=L", vec![Role(exactly("L"))]),
        (PractitionerRole, "address-city=lyon", vec![Criterion::Town(begins("lyon"))]),
        (Organization, "identifier=690000002", vec![Identifier("690000002".to_owned())]),
        (
            Organization,
            "identifier=https://finess.esante.gouv.fr|690000002",
            vec![Identifier("690000002".to_owned())],
        ),
        (Organization, "identifier=urn:oid:1.2.250.1.71.4.2.2|1690000002", vec![structure("1690000002")]),
        (Organization, "type=SA33", vec![Criterion::Sector(exactly("SA33"))]),
        (Organization, "partof=Organization/7", vec![Criterion::PartOf(finess("690000002"))]),
        (
            Organization,
            "partof:identifier=https://finess.esante.gouv.fr|690000009",
            vec![Criterion::PartOf(finess("690000009"))],
        ),
        (
            Organization,
            "address=lilas",
            vec![Any(vec![
                Line(begins("lilas")),
                Criterion::Town(begins("lilas")),
                PostalCode(begins("lilas")),
            ])],
        ),
    ] {
        assert_eq!(asked(kind, query), expected, "{kind}?{query}");
    }
}

#[test]
fn what_is_not_offered_is_refused_clearly() {
    use Kind::{Organization, Practitioner, PractitionerRole};
    for (kind, query, status, words) in [
        (PractitionerRole, "organization.name=x", 400, "chained"),
        (PractitionerRole, "practitioner:Practitioner.family=x", 400, "not offered"),
        (Practitioner, "_has:PractitionerRole:practitioner:role=L", 400, "chained"),
        (Practitioner, "family:missing=true", 400, "family:missing"),
        (Practitioner, "active:not=true", 400, "active:not"),
        (Practitioner, "name:contains=ma", 400, "at least 3"),
        (Practitioner, "_include=PractitionerRole:practitioner", 400, "PractitionerRole only"),
        (PractitionerRole, "_include=*", 400, "one of"),
        (PractitionerRole, "_include:iterate=PractitionerRole:organization", 400, "_include:iterate"),
        (Practitioner, "_count=-1", 400, "number"),
        (Practitioner, "_count=many", 400, "number"),
        (Practitioner, "_total=about", 400, "one of"),
        (Practitioner, "_format=xml", 406, "json"),
        (Practitioner, "_page_token=x", 400, "next link"),
        (Practitioner, "_lastUpdated=ap2026", 400, "behind eq, ne"),
        (Practitioner, "_lastUpdated=2026,2027", 400, "alternatives"),
        (Practitioner, "active=maybe", 400, "true or false"),
        (PractitionerRole, "practitioner=Organization/7", 400, "Practitioner/id"),
        (
            Organization,
            "type=https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-3307|LEGAL-ENTITY",
            400,
            "sector",
        ),
    ] {
        let refused = parse(kind, query).unwrap_err();
        assert_eq!(refused.status.as_u16(), status, "{kind}?{query}");
        assert!(refused.text.contains(words), "{kind}?{query}: {}", refused.text);
    }
}

#[test]
fn an_unknown_parameter_is_left_out_or_refused_as_preferred() {
    let pairs = pairs::parse("family=martin&birthdate=1970&given=").unwrap();
    let lenient = Search::parse(Kind::Practitioner, BASE, &pairs, Handling::Lenient).unwrap();
    assert_eq!(lenient.ignored.len(), 2);
    assert_eq!(lenient.link(&Start::default()), "family=martin");
    let strict = Search::parse(Kind::Practitioner, BASE, &pairs, Handling::Strict).unwrap_err();
    assert!(strict.text.contains("birthdate"), "{}", strict.text);
    // A parameter of another type is no parameter here.
    assert_eq!(parse(Kind::Practitioner, "role=L").unwrap().ignored.len(), 1);
}

#[test]
fn a_page_begins_where_its_link_says() {
    let search = parse(Kind::PractitionerRole, "family=Le+F%C3%A8vre&_count=2&_page_token=3-abc").unwrap();
    assert_eq!(search.count, 2);
    assert_eq!(search.from, Start { after: Some(Mark("abc".to_owned())), skip: 3 });
    let next = Start { after: None, skip: 1 };
    assert_eq!(search.link(&next), "family=Le%20F%C3%A8vre&_count=2&_page_token=1-");
    assert_eq!(parse(Kind::Practitioner, &search.link(&next)).unwrap().from, next);
}

#[test]
fn pages_are_bounded() {
    for (query, count) in [("", 50), ("_count=10", 10), ("_count=1000000000", 100), ("_count=0", 0)] {
        assert_eq!(parse(Kind::Practitioner, query).unwrap().count, count, "{query}");
    }
    let endless = "_count=999999999999999999999999999";
    assert_eq!(parse(Kind::Practitioner, endless).unwrap_err().status.as_u16(), 400);
}

#[test]
fn every_example_of_the_table_is_understood() {
    for parameter in catalog::PARAMETERS {
        for kind in parameter.on {
            let query = pairs::write([(parameter.name, parameter.example)]);
            let search = parse(*kind, &query).unwrap_or_else(|trouble| panic!("{kind}?{query}: {trouble}"));
            assert_eq!(search.understood.len(), 1, "{kind}?{query}");
            let _ = search.query(&nowhere());
            for modifier in parameter.modifiers {
                let key = format!("{}:{modifier}", parameter.name);
                assert!(
                    parse(*kind, &pairs::write([(key.as_str(), "https://x|1234")])).is_ok(),
                    "{kind}?{key}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn no_question_makes_the_reader_fail(
        parameters in proptest::collection::vec((0_usize..30, "(:[a-z]{1,8})?", "\\PC{0,30}|[a-zA-Z0-9|,/:\\\\%-]{0,30}"), 0..6),
        kind in 0_usize..3,
    ) {
        let names: Vec<&str> = catalog::PARAMETERS.iter().map(|own| own.name)
            .chain(catalog::CONTROLS.iter().map(|own| own.name)).collect();
        let pairs: Vec<Pair> = parameters.into_iter()
            .map(|(name, modifier, value)| (format!("{}{modifier}", names[name % names.len()]), value))
            .collect();
        match Search::parse(Kind::ALL[kind], BASE, &pairs, Handling::Strict) {
            Ok(search) => { let _ = (search.query(&somewhere()), search.link(&search.from)); }
            Err(trouble) => prop_assert!(trouble.status.is_client_error()),
        }
    }
}
