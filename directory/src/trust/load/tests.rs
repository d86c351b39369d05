use names::DAY;

use super::*;
use crate::testing::{House, NOW, empty_houses};
use crate::trust::invented::{entries, entry, list};
use crate::trust::tests::{dn, domain};
use crate::trust::{Configured, Signers, configure, domains_of, is_trusted, places, save, who_may_send};

const A: &str = "CN=mx.a.example,O=A,C=FR";
const B: &str = "CN=mx.b.example,O=B,C=FR";

/// A list of the day `day` before NOW with these domains, all spoken for by one name.
fn text(day: i64, domains: &[String], name: &str) -> String {
    let entries: String = domains.iter().map(|domain| entry(domain, name)).collect();
    list(&NOW.plus(-day * DAY).rfc3339(), &entries)
}

fn domains(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("d{number}.example")).collect()
}

async fn load_with(house: &House, text: &str, settings: &Settings, brake: Brake) -> Loaded {
    let settings = Arc::new(settings.clone());
    let bytes = text.as_bytes().to_vec();
    house.directory.load_trust_list(bytes, "a test", &settings, brake, Actor::System, NOW).await.unwrap()
}

async fn load(house: &House, text: &str) -> Outcome {
    load_with(house, text, &Settings::default(), Brake::Holds).await.outcome
}

async fn trusted(house: &House, text: &str) -> bool {
    is_trusted(&mut house.db.read().await.unwrap(), &domain(text)).await.unwrap()
}

#[tokio::test]
async fn a_list_is_put_in_force_and_the_next_one_changes_what_differs() {
    for house in empty_houses().await {
        let generation = house.directory.generation().known();
        let first = text(3, &domains(40), A);
        match load(&house, &first).await {
            Outcome::Applied(diff) => {
                assert_eq!((diff.domains_added.len(), diff.names_added.len()), (40, 40), "{}", house.engine);
            }
            other => panic!("{other:?}"),
        }
        assert!(house.directory.generation().known() > generation, "caches hear of it");
        assert_eq!(load(&house, &first).await, Outcome::Unchanged);

        // One domain goes (2.5 %), one comes, one has another operator, one another contact.
        let mut second = text(2, &domains(41), A).replace("d7.example", "d7b.example");
        second = second.replace(&entry("d8.example", A), &entry("D8.example", B));
        second = second.replace(&entry("d9.example", A), &entry("d9.example", A).replace("a@b", "c@d"));
        match load(&house, &second).await {
            Outcome::Applied(diff) => {
                assert_eq!(diff.summary(), "domains +2 −1, names +3 −2, descriptions and contacts ~1");
            }
            other => panic!("{other:?}"),
        }
        assert!(!trusted(&house, "d7.example").await && trusted(&house, "d7b.example").await);
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(
            domains_of(&mut tx, &dn("cn=MX.b.example, o=b, c=fr")).await.unwrap(),
            [domain("d8.example")]
        );
        let speakers = who_may_send(&mut tx, &domain("d9.example")).await.unwrap();
        assert_eq!((speakers[0].contact.as_str(), speakers[0].since), ("c@d.example", NOW));
        let current = current(&mut tx).await.unwrap().unwrap();
        assert_eq!((current.version, current.entries), (NOW.plus(-2 * DAY), 41));
        let kinds: Vec<EventKind> =
            trust::events(&mut tx, 10).await.unwrap().iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [EventKind::Applied, EventKind::Applied]);
    }
}

/// RELIABILITY T-10
#[tokio::test]
async fn t_10_a_version_may_not_go_back_nor_change_nor_come_from_tomorrow() {
    for house in empty_houses().await {
        load(&house, &text(2, &domains(10), A)).await;
        for (case, offered, want) in [
            (
                "an older list",
                text(3, &domains(10), A),
                Refusal::Older { offered: NOW.plus(-3 * DAY), in_force: NOW.plus(-2 * DAY) },
            ),
            (
                "the same date, other contents",
                text(2, &domains(10), B),
                Refusal::SameVersion(NOW.plus(-2 * DAY)),
            ),
            ("a far date", text(-400, &domains(10), A), Refusal::Ahead(NOW.plus(400 * DAY))),
            (
                "a cut list",
                text(1, &domains(10), A).replace("</ListeBlancheMSSante>", ""),
                Refusal::List(ListFault::Xml(crate::trust::XmlFault::Truncated)),
            ),
            (
                "a DOCTYPE",
                text(1, &domains(10), A).replace("?>", "?><!DOCTYPE x>"),
                Refusal::List(ListFault::Xml(crate::trust::XmlFault::Doctype)),
            ),
        ] {
            // An administrator who releases the brake releases nothing else.
            for brake in [Brake::Holds, Brake::Released] {
                let loaded = load_with(&house, &offered, &Settings::default(), brake).await;
                assert_eq!(loaded.outcome, Outcome::Refused(want.clone()), "{} {case}", house.engine);
            }
        }
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(current(&mut tx).await.unwrap().unwrap().version, NOW.plus(-2 * DAY));
        let events = trust::events(&mut tx, 10).await.unwrap();
        let refused: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Refused).collect();
        assert_eq!(refused.len(), 5, "{events:?}");
        assert!(refused.iter().all(|event| event.times == 2 && event.kind.is_alarm()), "{refused:?}");
    }
}

/// RELIABILITY T-10
#[tokio::test]
async fn t_10_when_more_than_five_per_cent_vanish_the_old_list_stays_until_somebody_looked() {
    for house in empty_houses().await {
        load(&house, &text(3, &domains(100), A)).await;
        assert!(matches!(load(&house, &text(2, &domains(95), A)).await, Outcome::Applied(_)), "5 of 100");
        let shrunk = text(1, &domains(90), A);
        let refusal = Refusal::Brake { vanished: 5, of: 95, percent: 5 };
        assert_eq!(load(&house, &shrunk).await, Outcome::Refused(refusal), "{}", house.engine);
        assert!(trusted(&house, "d94.example").await, "the old list stays");
        let mut tx = house.db.read().await.unwrap();
        let events = trust::events(&mut tx, 10).await.unwrap();
        assert!(
            events.iter().any(|event| event.kind == EventKind::Refused && event.text.contains("5 of 95"))
        );
        drop(tx);
        let generous = Settings { max_shrink_percent: 6, ..Settings::default() };
        let offer = Offer::read(Arc::from(shrunk.as_bytes()), "", &generous).unwrap();
        assert_eq!(house.directory.diff_trust_list(&offer, &generous, NOW).await.unwrap().1, None);
        let judged = house.directory.diff_trust_list(&offer, &Settings::default(), NOW).await.unwrap();
        assert!(matches!(judged.1, Some(Refusal::Brake { .. })), "a diff tells it and does nothing");

        let loaded = load_with(&house, &shrunk, &Settings::default(), Brake::Released).await;
        assert!(matches!(loaded.outcome, Outcome::Applied(_)));
        assert!(!trusted(&house, "d94.example").await);
        let mut tx = house.db.read().await.unwrap();
        let events = trust::events(&mut tx, 10).await.unwrap();
        assert!(events.iter().any(|event| event.text.contains("the brake was released")), "{events:?}");
        let lines = audit::history(&mut tx, Chain::System, None, 1).await.unwrap();
        let detail = lines[0].line.as_ref().map(|line| line.detail.as_str()).unwrap_or_default();
        assert!(detail.contains("brake=released"), "{detail}");
    }
}

/// RELIABILITY T-10
#[tokio::test]
async fn t_10_a_tampered_list_is_refused_where_signatures_are_required() {
    let signed = include_str!("../fixtures/rsa-exclusive.xml");
    let signers = Signers::new(include_bytes!("../fixtures/rsa-exclusive.pem"), []).unwrap();
    let settings = Settings { signature: SignaturePolicy::Required(signers), ..Settings::default() };
    for house in empty_houses().await {
        for (case, offered, want) in [
            ("unsigned", text(1, &domains(3), A), SignatureFault::Missing),
            ("changed", signed.replace("mx.operateur", "mx.malice"), SignatureFault::Digest),
        ] {
            let loaded = load_with(&house, &offered, &settings, Brake::Released).await;
            assert_eq!(loaded.outcome, Outcome::Refused(Refusal::Signature(want)), "{case}");
        }
        assert!(!trusted(&house, "clinique-lilas.mssante.example").await);
        let loaded = load_with(&house, signed, &settings, Brake::Holds).await;
        assert!(matches!(loaded.outcome, Outcome::Applied(_)), "{loaded:?}");
        assert!(trusted(&house, "clinique-lilas.mssante.example").await, "{}", house.engine);
        // The certificate was made on 22 November 2026.
        let older = signed.replace("2026-11-22T08", "2026-11-22T06");
        assert_eq!(
            Offer::read(Arc::from(older.as_bytes()), "", &settings).err(),
            Some(Refusal::Signature(SignatureFault::Digest))
        );
    }
}

#[tokio::test]
async fn own_domains_and_what_was_entered_otherwise_are_not_the_lists_to_change() {
    for house in empty_houses().await {
        house
            .db
            .write(db::unit("prepare", (), |(), tx| {
                Box::pin(async move {
                    let own =
                        |name: &str, place| Configured { domain: domain(name), place, names: Vec::new() };
                    let own =
                        [own("us.example", Place::Local), own("patients.us.example", Place::LocalPatients)];
                    configure(tx, &own, NOW).await?;
                    save(tx, &domain("by-hand.example"), Place::Remote, &[dn(B)], NOW).await
                })
            }))
            .await
            .unwrap();
        let place = |name: &'static str| {
            let db = (*house.db).clone();
            async move {
                let domain = domain(name);
                places(&mut db.read().await.unwrap(), &[&domain]).await.unwrap().remove(&domain)
            }
        };
        let all = ["us.example", "by-hand.example", "other-patients.example", "d.example"].map(str::to_owned);
        let settings = Settings {
            patient_domains: vec![domain("other-patients.example"), domain("us.example")],
            ..Settings::default()
        };
        let loaded = load_with(&house, &text(3, &all, A), &settings, Brake::Holds).await;
        assert_eq!(loaded.warnings, ["our domain patients.us.example is not on the national list"]);
        assert_eq!(place("us.example").await, Some(Place::Local), "{}", house.engine);
        assert_eq!(place("patients.us.example").await, Some(Place::LocalPatients));
        assert_eq!(place("other-patients.example").await, Some(Place::RemotePatients));
        assert_eq!(place("d.example").await, Some(Place::Remote));

        // The same list, another configuration.
        let loaded = load_with(&house, &text(3, &all, A), &Settings::default(), Brake::Holds).await;
        assert!(
            matches!(&loaded.outcome, Outcome::Applied(diff) if diff.places_changed.len() == 2),
            "{loaded:?}"
        );
        assert_eq!(place("other-patients.example").await, Some(Place::Remote));

        // Gone from the list, all of them.
        let loaded =
            load_with(&house, &text(2, &["x.example".to_owned()], A), &Settings::default(), Brake::Released)
                .await;
        assert!(matches!(loaded.outcome, Outcome::Applied(_)));
        assert_eq!(place("us.example").await, Some(Place::Local));
        assert_eq!(place("by-hand.example").await, Some(Place::Remote));
        assert_eq!(place("d.example").await, None);
        let mut tx = house.db.read().await.unwrap();
        let speakers = who_may_send(&mut tx, &domain("by-hand.example")).await.unwrap();
        assert_eq!(speakers.len(), 1);
        assert_eq!((&speakers[0].name, speakers[0].source), (&dn(B), Source::Manual));
    }
}

#[tokio::test]
async fn few_unreadable_entries_are_left_out_and_many_refuse_the_list() {
    for house in empty_houses().await {
        let bad = |count: usize| {
            let good: String = domains(20).iter().map(|domain| entry(domain, A)).collect();
            list(&NOW.rfc3339(), &(good + &entry("bad.example", "CN=a, SARL").repeat(count)))
        };
        let refuse = Settings { unreadable: Unreadable::Refuse, ..Settings::default() };
        let loaded = load_with(&house, &bad(1), &refuse, Brake::Holds).await;
        assert!(matches!(loaded.outcome, Outcome::Refused(Refusal::Unreadable { left_out: 1, of: 21, .. })));
        assert!(
            matches!(load(&house, &bad(2)).await, Outcome::Refused(Refusal::Unreadable { .. })),
            "2 of 22"
        );
        let loaded = load_with(&house, &bad(1), &Settings::default(), Brake::Holds).await;
        assert!(matches!(loaded.outcome, Outcome::Applied(_)));
        assert!(
            loaded.warnings[0].starts_with("left out: entry 21 (bad.example): "),
            "{:?}",
            loaded.warnings
        );
        assert!(!trusted(&house, "bad.example").await, "{}", house.engine);
    }
}

#[tokio::test]
async fn the_last_good_list_is_kept_as_a_file() {
    for house in empty_houses().await {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("trust/list.xml");
        let settings = Settings { kept: Some(kept.clone()), ..Settings::default() };
        let good = text(3, &domains(4), A);
        load_with(&house, &good, &settings, Brake::Holds).await;
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), good, "{}", house.engine);
        load_with(&house, &text(4, &domains(4), A), &settings, Brake::Holds).await;
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), good, "a refused list is not kept");
        assert_eq!(
            std::fs::read_dir(folder.path().join("trust")).unwrap().count(),
            1,
            "and nothing beside it"
        );
    }
}

#[tokio::test]
async fn ten_thousand_entries_go_in_at_once_and_a_thousand_moves_follow() {
    for house in empty_houses().await {
        let first = entries(10_000);
        let loaded = load(&house, &list("2026-11-20T06:00:00Z", &first)).await;
        assert!(
            matches!(&loaded, Outcome::Applied(diff) if diff.domains_added.len() == 9_000),
            "{}",
            house.engine
        );
        // An operator's name changes: hundreds of entries move with it.
        let moved = first.replace("CN=mx1", "CN=neuf1");
        match load(&house, &list("2026-11-21T06:00:00Z", &moved)).await {
            Outcome::Applied(diff) => {
                assert!(diff.names_added.len() > 1_000, "{}", diff.summary());
                assert_eq!(diff.names_added.len(), diff.names_removed.len());
                assert_eq!((diff.domains_added.len(), diff.details_changed), (0, 0));
            }
            other => panic!("{other:?}"),
        }
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(trust::domains(&mut tx, Place::Remote).await.unwrap().len(), 9_000);
        // Thirty domains of one operator, found by the layout of a certificate.
        let moved =
            dn("cn=NEUF100.operateur.example,OU=300000000000100,O=gip sante\u{301} numérique n° 100,\
                        ST=doubs (25),C=fr");
        assert!(domains_of(&mut tx, &moved).await.unwrap().len() > 20, "{}", house.engine);
    }
}
