//! Entries of this house: seen at their commit, by every process, and taken away again.

use names::AccountKind;

use super::invented::{doctor, mailbox, organisation, person, place, structure, town};
use super::{NOON, answers, ask, publish};
use crate::local::{self, Holder};
use crate::{Criterion, Error, Listing, MIGRATIONS, Match, Page, Query, Register, Sight, Wanted};

#[tokio::test]
async fn forgiving_words_find_whom_they_mean() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        publish(&db, town()).await;
        let register = Register::open(db.clone());
        for (case, asked, want) in [
            ("the whole name", "Marie Martin", "Marie Martin"),
            ("swapped", "MARTIN marie", "Marie Martin"),
            ("an initial", "M. Martin", "Marie Martin"),
            ("two initials", "jp lefevre", "Jean-Pierre Lefèvre"),
            ("an initial and a name", "J. Lefebvre", "Jean-Pierre Lefèvre"),
            ("no accents", "eloise le goff", "Éloïse Le Goff"),
            ("as one word", "legoff", "Éloïse Le Goff"),
            ("one part of two", "Moreau ophtalmo", "Yves Dupont-Moreau"),
            ("without the hyphen", "dupontmoreau", "Yves Dupont-Moreau"),
            ("maiden name", "Mme X née Dupont", "Yves Dupont-Moreau"),
            ("by ear", "filipe tibo", "Philippe Thibault"),
            ("a letter missing", "Thibalt", "Philippe Thibault"),
            ("a letter too many", "Marrtin Marie", "Marie Martin"),
            ("a wrong letter", "Msrtin Marie", "Marie Martin"),
            ("two in the wrong order", "Matrin Marie", "Marie Martin"),
            ("speciality and town", "cardiologue paris", "Marie Martin"),
            ("speciality in a word of the street", "pediatre 29200", "Éloïse Le Goff"),
            ("particles", "latour auvergne", "Béatrice de La Tour d’Auvergne"),
            ("apostrophe", "phie hotel dieu", "Pharmacie de l’Hôtel-Dieu"),
            ("a saint", "hopital st etienne", "Hôpital Saint-Étienne"),
            ("a department", "pharmacie 29", "Pharmacie de l’Hôtel-Dieu"),
            ("a word too many", "marie martin marseille", "Marie Martin"),
            ("the beginning of a word", "dermat", "Philippe Thibault"),
        ] {
            let found = ask(&register, asked).await;
            assert_eq!(found.first().map(String::as_str), Some(want), "{engine}: {case}: {asked}: {found:?}");
        }
        assert!(ask(&register, "zzzzzz").await.is_empty());
        assert!(ask(&register, "…").await.is_empty());
    }
}

#[tokio::test]
async fn every_criterion_finds_whom_it_means() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        publish(&db, town()).await;
        let register = Register::open(db.clone());
        let exactly = |text: &str| Match::Exactly(text.to_owned());
        let begins = |text: &str| Match::Begins(text.to_owned());
        let contains = |text: &str| Match::Contains(text.to_owned());
        let like = |text: &str| Match::Like(text.to_owned());
        for (case, criterion, want) in [
            ("family", Criterion::Family(exactly("martin")), &["Marie Martin"][..]),
            ("a part is not all", Criterion::Family(exactly("goff")), &[]),
            ("family with particle", Criterion::Family(begins("le g")), &["Éloïse Le Goff"]),
            (
                "family begins",
                Criterion::Family(begins("T")),
                &["Philippe Thibault", "Béatrice de La Tour d’Auvergne"],
            ),
            ("family contains", Criterion::Family(contains("ibau")), &["Philippe Thibault"]),
            ("family like", Criterion::Family(like("lefebvre")), &["Jean-Pierre Lefèvre"]),
            ("given", Criterion::Given(begins("jean")), &["Jean-Pierre Lefèvre"]),
            ("name", Criterion::Name(exactly("Dr Marie MARTIN")), &["Marie Martin"]),
            ("name contains", Criterion::Name(contains("rie mar")), &["Marie Martin"]),
            ("name of a structure", Criterion::Name(contains("hotel")), &["Pharmacie de l’Hôtel-Dieu"]),
            (
                "code of a profession",
                Criterion::Profession(exactly("10")),
                &[
                    "Marie Martin",
                    "Jean-Pierre Lefèvre",
                    "Éloïse Le Goff",
                    "Yves Dupont-Moreau",
                    "Philippe Thibault",
                    "Béatrice de La Tour d’Auvergne",
                ],
            ),
            ("speciality", Criterion::KnowHow(begins("ophtal")), &["Yves Dupont-Moreau"]),
            ("code of a speciality", Criterion::KnowHow(exactly("sm13")), &["Yves Dupont-Moreau"]),
            ("sector", Criterion::Sector(exactly("SA33")), &["Pharmacie de l’Hôtel-Dieu"]),
            (
                "town",
                Criterion::Town(exactly("brest")),
                &["Jean-Pierre Lefèvre", "Éloïse Le Goff", "Pharmacie de l’Hôtel-Dieu"],
            ),
            (
                "postal code",
                Criterion::PostalCode(begins("29")),
                &["Jean-Pierre Lefèvre", "Éloïse Le Goff", "Pharmacie de l’Hôtel-Dieu"],
            ),
            ("workplace", Criterion::Organisation(contains("thibault")), &["Philippe Thibault"]),
            (
                "workplace from a particle on",
                Criterion::Organisation(begins("du Dr thib")),
                &["Philippe Thibault"],
            ),
            // The index has no such word; the texts have.
            (
                "workplace by a particle",
                Criterion::Organisation(begins("du")),
                &[
                    "Marie Martin",
                    "Jean-Pierre Lefèvre",
                    "Éloïse Le Goff",
                    "Yves Dupont-Moreau",
                    "Philippe Thibault",
                    "Béatrice de La Tour d’Auvergne",
                ],
            ),
            (
                "address",
                Criterion::Address(exactly("marie.martin.10000000001@cabinet.example.fr")),
                &["Marie Martin"],
            ),
            ("address contains", Criterion::Address(contains("tin.1000")), &["Marie Martin"]),
            (
                "kind",
                Criterion::Kind(AccountKind::Organisational),
                &["Pharmacie de l’Hôtel-Dieu", "Hôpital Saint-Étienne"],
            ),
            ("no service", Criterion::Service(Match::Present), &[]),
            (
                "identifier with its digit",
                Criterion::Identifier("810000000003".to_owned()),
                &["Éloïse Le Goff"],
            ),
            ("identifier without", Criterion::Identifier("10000000003".to_owned()), &["Éloïse Le Goff"]),
            ("finess without", Criterion::Identifier("290000001".to_owned()), &["Pharmacie de l’Hôtel-Dieu"]),
            ("changed since", Criterion::UpdatedSince(NOON.plus(1)), &[]),
            ("changed before", Criterion::UpdatedBefore(NOON), &[]),
            (
                "alternatives",
                Criterion::Any(vec![
                    Criterion::Sector(exactly("SA01")),
                    Criterion::Family(exactly("martin")),
                ]),
                &["Marie Martin", "Hôpital Saint-Étienne"],
            ),
            ("no alternative", Criterion::Any(Vec::new()), &[]),
        ] {
            let query = Query { all: vec![criterion], ..Query::default() };
            assert_eq!(answers(&register, &query).await, want, "{engine}: {case}");
        }
        let structures = Query { wanted: Wanted::Organisations, ..Query::default() };
        assert_eq!(answers(&register, &structures).await.len(), 2, "{engine}");
        let short = Query { all: vec![Criterion::Name(contains("ma"))], ..Query::default() };
        let page = Page { count: 10, after: None };
        assert!(matches!(register.search(&short, &page, NOON).await, Err(Error::TooWide(_))), "{engine}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_belong_to_their_question() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        publish(&db, town()).await;
        let register = Register::open(db.clone());
        for query in [Query::default(), Query { text: Some("paris".to_owned()), ..Query::default() }] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let found = register.search(&query, &Page { count: 3, after }, NOON).await.unwrap();
                seen.extend(found.listings.iter().map(Listing::id));
                assert!(found.total.is_none_or(|total| total as usize >= seen.len()), "{engine}");
                // Something else changes between two pages.
                publish(
                    &db,
                    vec![structure(organisation(
                        990_000_001,
                        "Laboratoire",
                        "SA25",
                        place("13001", "Marseille"),
                    ))],
                )
                .await;
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
            let count = seen.len();
            seen.dedup();
            assert_eq!(seen.len(), count, "{engine}: nobody twice");
            assert!(count >= 5, "{engine}: {count}");
            let first = register.search(&query, &Page { count: 3, after: None }, NOON).await.unwrap();
            let other = Query { wanted: Wanted::Professionals, ..query.clone() };
            let stolen = Page { count: 3, after: first.next };
            assert!(
                matches!(register.search(&other, &stolen, NOON).await, Err(Error::StaleToken)),
                "{engine}"
            );
        }
    }
}

#[tokio::test]
async fn the_red_list_is_neither_shown_nor_found_nor_counted() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        let mut hidden = doctor(10_000_000_009, "Aude", "Cachée", "Urologie", place("31000", "Toulouse"));
        hidden.mailboxes[0].red_list = true;
        hidden.mailboxes[0].service = Some("Discret".to_owned());
        hidden.mailboxes[0].responsible = Some("Quelqu’un".to_owned());
        let address = hidden.mailboxes[0].address.clone();
        publish(&db, vec![person(hidden)]).await;
        let public = Register::open(db.clone());
        let admin = public.seen_by(Sight::Administrator);
        assert_eq!(ask(&public, "aude cachee").await, ["Aude Cachée"], "{engine}: the person is listed");
        for criterion in [
            Criterion::Mailbox(address.clone()),
            Criterion::Address(Match::Exactly(address.to_string())),
            Criterion::Address(Match::Begins("aude".to_owned())),
            Criterion::Address(Match::Contains("10000000009".to_owned())),
            Criterion::Address(Match::Like("aude".to_owned())),
            Criterion::Address(Match::Present),
            Criterion::Kind(AccountKind::Personal),
            Criterion::Service(Match::Present),
            Criterion::Service(Match::Exactly("discret".to_owned())),
        ] {
            let query = Query { all: vec![criterion.clone()], ..Query::default() };
            let page = Page { count: 10, after: None };
            let found = public.search(&query, &page, NOON).await.unwrap();
            assert!(found.listings.is_empty(), "{engine}: {criterion:?}");
            assert_eq!(found.total.unwrap_or(0), 0, "{engine}: {criterion:?}");
            assert_eq!(answers(&admin, &query).await, ["Aude Cachée"], "{engine}: {criterion:?}");
        }
        for text in ["discret", "10000000009", "cabinet example fr", &address.to_string()] {
            let found = ask(&public, text).await;
            let by_name = text.starts_with("aude") && found == ["Aude Cachée"];
            assert!(
                found.is_empty() || by_name || text.starts_with("cabinet"),
                "{engine}: {text}: {found:?}"
            );
        }
        let reachable = Query { text: Some("cachee".to_owned()), reachable: true, ..Query::default() };
        assert!(answers(&public, &reachable).await.is_empty(), "{engine}");
        assert_eq!(answers(&admin, &reachable).await, ["Aude Cachée"], "{engine}");
        assert!(public.by_address(&address).await.unwrap().is_none(), "{engine}");
        assert!(admin.by_address(&address).await.unwrap().is_some(), "{engine}");
        let page = Page { count: 10, after: None };
        let all = public.search(&Query::default(), &page, NOON).await.unwrap();
        assert!(all.listings.iter().all(|listing| listing.mailboxes().count() == 0), "{engine}");
    }
}

#[tokio::test]
async fn a_change_is_seen_at_its_commit_by_every_handle() {
    for (engine, db) in db::testing::both().await {
        db.migrate(MIGRATIONS).await.unwrap();
        let (here, there) = (Register::open(db.clone()), Register::open(db.clone()));
        let mut last = here.version().await.unwrap();
        // More changes than the newest part holds, so that parts are taken together.
        for number in 0..80_u64 {
            let one = person(doctor(
                10_000_001_000 + number,
                "Zoé",
                &format!("Nom{number}"),
                "Urologie",
                place("59000", "Lille"),
            ));
            publish(&db, vec![one]).await;
            let version = there.version().await.unwrap();
            assert!(version > last, "{engine}");
            last = version;
            if number % 9 == 0 {
                assert_eq!(
                    ask(&there, &format!("nom{number} zoe")).await[0],
                    format!("Zoé Nom{number}"),
                    "{engine}"
                );
            }
        }
        assert_eq!(
            answers(&here, &Query { text: Some("zoe".to_owned()), ..Query::default() }).await.len(),
            80,
            "{engine}"
        );
        // A name changes, a mailbox goes, an entry goes.
        let mut changed = doctor(10_000_001_003, "Zoé", "Nouveaunom", "Urologie", place("59000", "Lille"));
        let gone = std::mem::replace(
            &mut changed.mailboxes,
            vec![mailbox("zoe@autre.example.fr", AccountKind::Personal)],
        );
        publish(&db, vec![person(changed)]).await;
        assert_eq!(ask(&there, "nouveaunom").await, ["Zoé Nouveaunom"], "{engine}");
        assert!(!ask(&there, "nom3 zoe").await.contains(&"Zoé Nom3".to_owned()), "{engine}");
        assert!(there.by_address(&gone[0].address).await.unwrap().is_none(), "{engine}");
        let Some((listing, _)) =
            there.by_address(&mailbox("zoe@autre.example.fr", AccountKind::Personal).address).await.unwrap()
        else {
            panic!("{engine}: the new address is known");
        };
        let holder = Holder::of(&listing);
        let removed = db
            .write(db::unit("remove", holder, |holder, tx| {
                Box::pin(async move { local::remove(tx, holder).await })
            }))
            .await
            .unwrap();
        assert!(removed, "{engine}");
        assert!(ask(&here, "nouveaunom").await.is_empty(), "{engine}");
        assert!(here.rows(&[listing.id()]).await.unwrap().is_empty(), "{engine}");
        assert_eq!(
            answers(&here, &Query { text: Some("zoe".to_owned()), ..Query::default() }).await.len(),
            79,
            "{engine}"
        );
    }
}
