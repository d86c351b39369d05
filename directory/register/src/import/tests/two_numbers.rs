//! A structure known by its SIRET in one extract and by its FINESS in another is one entry, whichever comes first.

use names::{NationalStructureId, Timestamp};

use super::*;
use crate::local;
use crate::parts::Key;
use crate::resolve::{Purpose, Who};
use crate::{Organisation, Register, Source};

const SIRET: &str = "31831002100028";
const OTHER_SIRET: &str = "75004888600017";
const FINESS: &str = "580008803";
const OTHER_FINESS: &str = "300017985";

/// A line of activities that says these numbers of the site, either of which may be empty.
fn line(number: u32, siret: &str, finess: &str) -> String {
    format!("{}|{siret}", activity(number, finess, "").replace("MAISON |", "MAISON X|"))
}

fn told(lines: &[String]) -> (&'static str, String) {
    ("activities.txt", format!("{ACTIVITY_HEADER}|Numero SIRET site\n{}\n", lines.join("\n")))
}

/// A structure's mailbox, and a person's in a structure, which is named by its SIRET.
fn org_of(siret: &str) -> String {
    org(1).replace("FINESS|000010001", &format!("SIRET|{siret}"))
}

fn per_of(number: u32, siret: &str) -> String {
    per(number, "").replace("FINESS|580008803", &format!("SIRET|{siret}"))
}

fn id(text: &str) -> NationalStructureId {
    NationalStructureId(text.to_owned())
}

impl Ground {
    async fn organisations(&self) -> Vec<Organisation> {
        let all = self.all().await;
        let of = |listing| match listing {
            Listing::Organisation(own) => Some(*own),
            Listing::Professional(_) => None,
        };
        all.into_iter().filter_map(of).collect()
    }

    /// The address that is answered for the structure with this number.
    async fn address_of(&self, number: &str) -> Option<String> {
        let register = Register::open((*self.db).clone());
        let who = Who::Structure { id: id(number), service: None };
        let found = register.resolve(&who, Purpose::StructureFile, None, NOON).await.unwrap();
        found.choice.map(|choice| choice.mailbox.address.to_string())
    }

    /// One organisation holds the mailbox, under either number.
    async fn is_one(&self, case: &str) {
        let engine = self.engine;
        let [one] = &self.organisations().await[..] else { panic!("{engine}: {case}: one organisation") };
        assert_eq!(one.national_id, id(&format!("1{FINESS}")), "{engine}: {case}");
        assert_eq!(one.siret.as_deref(), Some(SIRET), "{engine}: {case}");
        assert_eq!(one.mailboxes.len(), 1, "{engine}: {case}");
        for number in [format!("1{FINESS}"), format!("3{SIRET}")] {
            let address = self.address_of(&number).await;
            assert_eq!(address.as_deref(), Some("o1@pro.example"), "{engine}: {case}: {number}");
        }
        let mut tx = self.db.read().await.unwrap();
        let generation = store::pointer(&mut tx).await.unwrap().generation;
        let found = store::by_structures(&mut tx, &[id(&format!("3{SIRET}"))], generation).await.unwrap();
        assert_eq!(found.len(), 1, "{engine}: {case}");
    }

    async fn pairs(&self) -> i64 {
        let mut tx = self.db.read().await.unwrap();
        tx.row("SELECT COUNT(*) FROM register_alias", db::args![]).await.unwrap().int(0).unwrap()
    }
}

#[tokio::test]
async fn whichever_extract_comes_first_the_two_numbers_lead_to_one_structure() {
    let both = || told(&[line(1, SIRET, FINESS)]);
    let held = || mailboxes(&[org_of(SIRET)]);
    for ground in grounds().await {
        ground.import(&[both()]).await.unwrap();
        ground.import(&[held()]).await.unwrap();
        ground.is_one("activities first").await;
    }
    for ground in grounds().await {
        let engine = ground.engine;
        ground.import(&[held()]).await.unwrap();
        assert_eq!(ground.organisations().await[0].national_id, id(&format!("3{SIRET}")), "{engine}");
        // The brake holds: the entry did not go, it is another one now.
        let counts = ground.import(&[both()]).await.unwrap();
        assert_eq!((counts.joined, counts.removed, counts.mailboxes_removed), (1, 0, 0), "{engine}");
        assert_eq!((counts.entries, counts.mailboxes), (2, 1), "{engine}: {counts:?}");
        ground.is_one("mailboxes first").await;
        // The next day says the same, and nothing but the note of where it came from changes.
        let counts = ground.import(&[held()]).await.unwrap();
        assert_eq!((counts.added, counts.removed, counts.joined), (0, 0, 0), "{engine}");
        ground.is_one("the day after").await;
        for files in [[held(), both()], [both(), held()]] {
            ground.import(&files).await.unwrap();
            let counts = ground.import(&files).await.unwrap();
            assert_eq!((counts.read, counts.changed), (0, 0), "{engine}: a quiet day reads nothing");
        }
        assert_eq!(ground.pairs().await, 1, "{engine}: remembered once");
        ground.is_one("quiet days").await;
    }
    for ground in grounds().await {
        let engine = ground.engine;
        let counts = ground.import(&[held(), both()]).await.unwrap();
        assert_eq!((counts.added, counts.joined), (2, 0), "{engine}: together");
        ground.is_one("together").await;
        // Lines that say both are gone from the extract: what was stated once is kept.
        let gone = ground.order(&[told(&[line(2, "", OTHER_FINESS)]), held()]);
        ground.import_as(Order { removals: Removals::Any, ..gone }).await.unwrap();
        let known = ground.organisations().await;
        assert!(known.iter().any(|one| one.national_id == id(&format!("1{FINESS}"))), "{engine}: {known:?}");
        assert_eq!(
            ground.address_of(&format!("3{SIRET}")).await.as_deref(),
            Some("o1@pro.example"),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn what_a_person_does_in_a_structure_stands_at_the_number_it_goes_by() {
    for ground in grounds().await {
        let engine = ground.engine;
        // The line that states both comes last, and is about somebody else.
        let lines = [line(1, SIRET, ""), line(2, OTHER_SIRET, ""), line(3, SIRET, FINESS)];
        ground.import(&[told(&lines), mailboxes(&[per_of(1, SIRET)])]).await.unwrap();
        let all = ground.all().await;
        let first = person(&all[0]);
        assert_eq!(first.situations.len(), 1, "{engine}: {:?}", first.situations);
        assert_eq!(first.situations[0].organisation, Some(id(&format!("1{FINESS}"))), "{engine}");
        assert_eq!(first.situations[0].mailboxes.len(), 1, "{engine}");
        let alone = Some(id(&format!("3{OTHER_SIRET}")));
        assert_eq!(person(&all[1]).situations[0].organisation, alone, "{engine}: nothing is invented");
        let numbers: Vec<_> = ground.organisations().await.into_iter().map(|one| one.national_id.0).collect();
        assert_eq!(numbers, [format!("1{FINESS}"), format!("3{OTHER_SIRET}")], "{engine}");

        // The other pair is learned a day later: lines that did not change are looked at again, those only.
        let later = [&lines[..], &[line(4, OTHER_SIRET, OTHER_FINESS)]].concat();
        let counts = ground.import(&[told(&later), mailboxes(&[per_of(1, SIRET)])]).await.unwrap();
        assert_eq!((counts.joined, counts.removed), (1, 0), "{engine}: {counts:?}");
        assert_eq!(counts.read, 3, "{engine}: the second person, the fourth, the structure: {counts:?}");
        let moved = Some(id(&format!("1{OTHER_FINESS}")));
        assert_eq!(person(&ground.all().await[1]).situations[0].organisation, moved, "{engine}");
    }
}

#[tokio::test]
async fn lines_that_disagree_are_told_with_their_number_and_join_nothing() {
    for ground in grounds().await {
        let engine = ground.engine;
        let lines = [line(1, SIRET, FINESS), line(2, SIRET, OTHER_FINESS), line(3, SIRET, OTHER_FINESS)];
        let files = [told(&lines), mailboxes(&[org_of(SIRET)])];
        for day in ["first", "second"] {
            let counts = ground.import(&files).await.unwrap();
            assert_eq!((counts.contradictions, counts.rejected, counts.joined), (1, 0, 0), "{engine}: {day}");
            let warned = ground.rejects();
            assert!(
                warned.starts_with("activities.txt:3: warning: SIRET 31831002100028 has FINESS"),
                "{warned}"
            );
            assert_eq!(warned.lines().count(), 1, "{engine}: {day}: said once");
        }
        let known = ground.organisations().await;
        assert_eq!(known.len(), 3, "{engine}: {known:?}");
        let holds = |one: &&Organisation| !one.mailboxes.is_empty();
        let holder = known.iter().find(holds).unwrap();
        assert_eq!(holder.national_id, id(&format!("3{SIRET}")), "{engine}");
        // Once the lines agree, it is one.
        let order = ground.order(&[told(&[line(1, SIRET, FINESS)]), mailboxes(&[org_of(SIRET)])]);
        let counts = ground.import_as(Order { removals: Removals::Any, ..order }).await.unwrap();
        assert_eq!((counts.joined, counts.contradictions), (1, 0), "{engine}: {counts:?}");
        ground.is_one("they agree").await;
        // And apart again when they do not.
        let order = Order { removals: Removals::Any, ..ground.order(&files) };
        ground.import_as(order).await.unwrap();
        assert_eq!(ground.organisations().await.len(), 3, "{engine}");
    }
}

#[tokio::test]
async fn a_dry_run_and_a_dropped_import_teach_nothing() {
    for ground in grounds().await {
        let engine = ground.engine;
        let files = [told(&[line(1, SIRET, FINESS)]), mailboxes(&[org_of(SIRET)])];
        ground.importer().plan(&ground.order(&files)).await.unwrap();
        assert_eq!(ground.pairs().await, 0, "{engine}: a dry run");
        let importer = ground.importer();
        let planned = importer.plan(&ground.order(&files)).await.unwrap();
        let ready = importer.apply(planned).await.unwrap();
        assert_eq!(ground.pairs().await, 1, "{engine}: written, and seen by nobody");
        let mut tx = ground.db.read().await.unwrap();
        let asked = [id(&format!("3{SIRET}"))];
        assert_eq!(store::aliases::every_id(&mut tx, &asked, 0).await.unwrap(), asked, "{engine}");
        drop((tx, ready));
        ground.wait(limits::IMPORT_HELD + 1);
        importer.drop_unfinished().await.unwrap();
        assert_eq!(ground.pairs().await, 0, "{engine}: dropped");
        // Taken up again after a crash it ends as it should.
        let planned = importer.plan(&ground.order(&files)).await.unwrap();
        importer.apply(planned).await.unwrap();
        ground.wait(limits::IMPORT_HELD + 1);
        ground.import(&files).await.unwrap();
        assert_eq!(ground.pairs().await, 1, "{engine}");
        ground.is_one("taken up again").await;
    }
}

#[tokio::test]
async fn a_pair_is_learned_from_lines_that_have_not_changed() {
    for ground in grounds().await {
        let engine = ground.engine;
        ground.import(&[told(&[line(1, SIRET, FINESS)])]).await.unwrap();
        // As on a house whose entries are from before pairs were remembered.
        let unit = db::unit("from before", (), |(), tx| {
            Box::pin(tx.execute("DELETE FROM register_alias", db::args![]))
        });
        let forgotten: Result<u64, db::Error> = ground.db.write(unit).await;
        assert_eq!(forgotten.unwrap(), 1, "{engine}");
        let planned =
            ground.importer().plan(&ground.order(&[told(&[line(1, SIRET, FINESS)])])).await.unwrap();
        assert!(!planned.is_empty() && planned.counts().read == 0, "{engine}: {:?}", planned.counts());
        ground.import(&[told(&[line(1, SIRET, FINESS)])]).await.unwrap();
        assert_eq!(ground.pairs().await, 1, "{engine}");
        let planned =
            ground.importer().plan(&ground.order(&[told(&[line(1, SIRET, FINESS)])])).await.unwrap();
        assert!(planned.is_empty(), "{engine}: and then nothing");
        ground.import(&[mailboxes(&[org_of(SIRET)])]).await.unwrap();
        ground.is_one("learned late").await;
    }
}

#[tokio::test]
async fn an_organisation_of_this_house_known_by_the_other_number_is_the_same() {
    for ground in grounds().await {
        let engine = ground.engine;
        ground.import(&[told(&[line(1, SIRET, FINESS)]), mailboxes(&[org_of(SIRET)])]).await.unwrap();
        let national = ground.organisations().await.remove(0);
        let own = Organisation {
            national_id: id(&format!("3{SIRET}")),
            source: Source::Local,
            name: "NOTRE MAISON".to_owned(),
            finess: None,
            mailboxes: Vec::new(),
            ..national
        };
        let listing = Listing::Organisation(Box::new(own));
        let unit = db::unit("publish", listing, |listing, tx| Box::pin(local::replace(tx, listing, NOON)));
        ground.db.write(unit).await.unwrap();
        let register = Register::open((*ground.db).clone());
        for number in [format!("1{FINESS}"), format!("3{SIRET}")] {
            let who = Who::Structure { id: id(&number), service: None };
            let found =
                register.resolve(&who, Purpose::StructureFile, None, Timestamp(NOON.0)).await.unwrap();
            let choice = found.choice.unwrap();
            assert_eq!(choice.name, "NOTRE MAISON", "{engine}: {number}");
            assert_eq!(choice.mailbox.address.to_string(), "o1@pro.example", "{engine}: {number}");
        }
    }
}

#[tokio::test]
async fn two_numbers_of_one_structure_asked_for_together_both_lead_to_it() {
    for ground in grounds().await {
        let lines = [line(1, SIRET, FINESS), line(2, OTHER_SIRET, FINESS)];
        ground.import(&[told(&lines), mailboxes(&[org_of(SIRET)])]).await.unwrap();
        let keys: Vec<Key> = [format!("3{SIRET}"), format!("3{OTHER_SIRET}"), format!("1{FINESS}")]
            .map(|number| Key::structure(&id(&number)))
            .into();
        let generation = Register::open((*ground.db).clone()).pointer().await.unwrap().generation;
        let mut tx = ground.db.read().await.unwrap();
        let found = local::national(&mut tx, &keys, generation).await.unwrap();
        let ids: std::collections::HashSet<i64> = found.iter().map(|(_, id)| id.0).collect();
        let mut by: Vec<Key> = found.into_iter().map(|(key, _)| key).collect();
        by.sort();
        let mut asked = keys.clone();
        asked.sort();
        assert_eq!((by, ids.len()), (asked, 1), "{}", ground.engine);
    }
}
