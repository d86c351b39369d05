//! Imports on both engines, from files as the national directory publishes them.

mod two_numbers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use db::Db;
use db::testing::TestDb;
use names::{AccountKind, Address, Clock, NationalPersonId, Timestamp};

use super::*;
use crate::{Listing, ListingId, Professional};

const NOON: Timestamp = Timestamp(1_795_348_800_000);

const MAILBOX_HEADER: &str =
    "Type de BAL|Adresse BAL|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31";
const ACTIVITY_HEADER: &str = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilite d'exercice|\
    Nom d'exercice|Prenom d'exercice|Code profession|Libelle profession|Code savoir-faire|Libelle savoir-faire|\
    Code mode exercice|Numero FINESS site|Raison sociale site|Code postal (coord. structure)|\
    Libelle commune (coord. structure)|Code secteur d'activite";

/// An import's world: a database, a folder, a clock that the test moves.
struct Ground {
    engine: &'static str,
    db: TestDb,
    folder: tempfile::TempDir,
    now: Arc<Mutex<Timestamp>>,
}

async fn grounds() -> Vec<Ground> {
    let mut grounds = Vec::new();
    for (engine, db) in db::testing::both().await {
        db.migrate(crate::MIGRATIONS).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        grounds.push(Ground { engine, db, folder, now: Arc::new(Mutex::new(NOON)) });
    }
    grounds
}

impl Ground {
    fn importer(&self) -> Importer {
        self.importer_telling(|_| ())
    }

    fn importer_telling(&self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Importer {
        let now = Arc::clone(&self.now);
        let db: &Db = &self.db;
        Importer::new(db.clone(), Clock::new(move || *now.lock().unwrap()), Arc::new(tell))
    }

    fn wait(&self, milliseconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.plus(milliseconds);
    }

    fn order(&self, files: &[(&str, String)]) -> Order {
        let files = files
            .iter()
            .map(|(name, text)| {
                let path = self.folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        Order {
            files,
            rejects: self.folder.path().join("rejects"),
            scratch: self.folder.path().join("scratch"),
            removals: Removals::default(),
        }
    }

    async fn import(&self, files: &[(&str, String)]) -> Result<Counts, Failed> {
        self.import_as(self.order(files)).await
    }

    async fn import_as(&self, order: Order) -> Result<Counts, Failed> {
        let importer = self.importer();
        let planned = importer.plan(&order).await?;
        let counts = *planned.counts();
        let ready = importer.apply(planned).await?;
        flip(&self.db, ready).await?;
        importer.sweep().await?;
        Ok(counts)
    }

    fn rejects(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("rejects")).unwrap_or_default()
    }

    /// Everything in force.
    async fn all(&self) -> Vec<Listing> {
        let mut tx = self.db.read().await.unwrap();
        let generation = store::pointer(&mut tx).await.unwrap().generation;
        store::after(&mut tx, ListingId(0), 10_000, generation).await.unwrap()
    }

    /// Rows of versions, of records, of what ended and of addresses.
    async fn rows(&self) -> Vec<i64> {
        let mut all = Vec::new();
        for table in ["row", "record", "ended", "address"] {
            all.push(self.rows_of(table).await);
        }
        all
    }

    async fn rows_of(&self, table: &'static str) -> i64 {
        let mut tx = self.db.read().await.unwrap();
        let sql = match table {
            "row" => "SELECT COUNT(*) FROM register_row",
            "record" => "SELECT COUNT(*) FROM register_record",
            "address" => "SELECT COUNT(*) FROM register_address",
            "ended" => "SELECT COUNT(*) FROM register_ended",
            other => panic!("{other}"),
        };
        tx.row(sql, db::args![]).await.unwrap().int(0).unwrap()
    }
}

async fn flip(db: &Db, ready: Ready) -> Result<(), Failed> {
    db.write(db::unit("put in force", ready, |ready, tx| Box::pin(ready.flip(tx, NOON)))).await
}

fn rpps(number: u32) -> String {
    format!("8{}", 10_000_000_000_u64 + u64::from(number))
}

/// A PER mailbox of somebody, with a service column that tests change.
fn per(number: u32, mark: &str) -> String {
    format!(
        "PER|p{number}@pro.example|8|x|{}|FINESS|580008803|{mark}|DR|NOM{number}|Jean|C|Civil|10|M\u{e9}decin|SM04|\
         Cardiologie|O|CH|CH|||1||BD|de l'H\u{f4}pital||58000 NEVERS|58000|58|France",
        rpps(number)
    )
}

fn org(number: u32) -> String {
    format!(
        "ORG|o{number}@pro.example||||FINESS|{:09}|Accueil||||||||||N|CLINIQUE {number}||||2||RUE|Haute||01000 BOURG|01000|01|",
        10_000 + number
    )
}

fn mailboxes(lines: &[String]) -> (&'static str, String) {
    ("mailboxes.txt", format!("{MAILBOX_HEADER}\n{}\n", lines.join("\n")))
}

fn activity(number: u32, finess: &str, know_how: &str) -> String {
    format!(
        "8|x|{}|DR|NOM{number}|Jean|10|M\u{e9}decin|{know_how}|Label {know_how}|S|{finess}|MAISON {finess}|58000|Nevers|SA01",
        rpps(number)
    )
}

fn activities(lines: &[String]) -> (&'static str, String) {
    ("activities.txt", format!("{ACTIVITY_HEADER}\n{}\n", lines.join("\n")))
}

fn person(listing: &Listing) -> &Professional {
    match listing {
        Listing::Professional(professional) => professional,
        Listing::Organisation(organisation) => panic!("{organisation:?}"),
    }
}

#[tokio::test]
async fn an_extract_goes_in_and_the_same_again_writes_nothing() {
    for ground in grounds().await {
        let lines = [per(1, ""), org(1), per(2, "")];
        let counts = ground.import(&[mailboxes(&lines)]).await.unwrap();
        assert_eq!((counts.added, counts.mailboxes, counts.rejected), (3, 3, 0), "{}", ground.engine);
        let all = ground.all().await;
        assert_eq!(all.iter().map(|listing| listing.id().0).collect::<Vec<_>>(), [1, 2, 3]);
        let first = person(&all[0]);
        assert_eq!((first.family_name.as_str(), first.know_how[0].code.as_str()), ("NOM1", "SM04"));
        assert_eq!(first.situations[0].mailboxes[0].updated, NOON);
        assert_eq!(first.updated, NOON);

        let mut tx = ground.db.read().await.unwrap();
        let found = |address: &str| Address::parse(address).unwrap();
        let held = store::by_address(&mut tx, &found("O1@Pro.Example"), 1).await.unwrap().unwrap();
        assert_eq!(held.mailboxes().next().unwrap().kind, AccountKind::Organisational);
        assert_eq!(store::by_address(&mut tx, &found("nobody@pro.example"), 1).await.unwrap(), None);
        let by_id = store::by_national_id(&mut tx, &NationalPersonId(rpps(2)), 1).await.unwrap().unwrap();
        assert_eq!(person(&by_id).family_name, "NOM2");
        let asked = [ListingId(3), ListingId(99), ListingId(1)];
        let rows = store::rows(&mut tx, &asked, 1).await.unwrap();
        assert_eq!(rows.iter().map(|listing| listing.id().0).collect::<Vec<_>>(), [3, 1]);
        drop(tx);

        // Lines in another order say the same.
        ground.wait(1);
        let importer = ground.importer();
        let turned: Vec<String> = lines.iter().rev().cloned().collect();
        let planned = importer.plan(&ground.order(&[mailboxes(&turned)])).await.unwrap();
        assert!(planned.is_empty(), "{:?}", planned.counts());
        assert_eq!(planned.counts().unchanged, 3);
        assert_eq!(ground.rows_of("row").await, 3);
    }
}

#[tokio::test]
async fn an_update_writes_what_differs_and_sweeps_what_ended() {
    for ground in grounds().await {
        let lines: Vec<String> = (0..50).map(|number| per(number, "")).collect();
        ground.import(&[mailboxes(&lines)]).await.unwrap();
        let before = ground.all().await;
        let mut lines = lines;
        lines[7] = per(7, "Urgences");
        lines.remove(20);
        lines.push(per(100, ""));
        ground.wait(names::DAY);
        let counts = ground.import(&[mailboxes(&lines)]).await.unwrap();
        assert_eq!(
            (counts.added, counts.changed, counts.removed, counts.unchanged),
            (1, 1, 1, 48),
            "{}",
            ground.engine
        );
        let mut tx = ground.db.read().await.unwrap();
        let changes = store::changed(&mut tx, ListingId(0), 100, 2).await.unwrap();
        let ids: Vec<i64> = changes.iter().map(|change| change.id().0).collect();
        assert_eq!(ids, [8, 21, 51]);
        assert_eq!(changes[1], store::Change::Gone(ListingId(21)));
        // The generation before can still be read.
        assert_eq!(store::after(&mut tx, ListingId(0), 100, 1).await.unwrap(), before);
        let pointer = store::pointer(&mut tx).await.unwrap();
        assert_eq!((pointer.entries, pointer.mailboxes, pointer.version), (50, 50, 3));
        drop(tx);
        let all = ground.all().await;
        let changed = person(&all[7]);
        assert_eq!(changed.situations[0].mailboxes[0].service.as_deref(), Some("Urgences"));
        assert_eq!(changed.updated, NOON.plus(names::DAY));
        assert_eq!(person(&all[6]).updated, NOON);
        assert_eq!(all.len(), 50);

        // Once a third is in force, nobody reads the first any more.
        assert_eq!(ground.rows_of("record").await, 52);
        lines[8] = per(8, "Nuit");
        ground.import(&[mailboxes(&lines)]).await.unwrap();
        assert_eq!(ground.rows_of("record").await, 51);
        assert_eq!((ground.rows_of("row").await, ground.rows_of("ended").await), (51, 1));
        assert_eq!(ground.all().await.len(), 50);
    }
}

#[tokio::test]
async fn an_update_of_a_hundredth_reads_and_writes_a_hundredth() {
    for ground in grounds().await {
        let mut lines: Vec<String> = (0..1_000).map(|number| per(number, "")).collect();
        let practised: Vec<String> = (0..1_000).map(|number| activity(number, "580008803", "")).collect();
        let counts = ground.import(&[mailboxes(&lines), activities(&practised)]).await.unwrap();
        // A thousand people, and the structure they practise in.
        assert_eq!((counts.added, counts.read), (1_001, 1_001), "{}", ground.engine);
        let before = ground.rows().await;
        for number in (0..1_000).step_by(100) {
            lines[number] = per(number as u32, "Urgences");
        }
        // In another order, and some twice: it is what is said that counts.
        lines.reverse();
        lines.extend_from_within(..20);
        let counts = ground.import(&[mailboxes(&lines), activities(&practised)]).await.unwrap();
        assert_eq!(
            (counts.read, counts.changed, counts.unchanged, counts.added, counts.removed),
            (10, 10, 991, 0, 0),
            "{}",
            ground.engine
        );
        let written: Vec<i64> =
            ground.rows().await.iter().zip(&before).map(|(after, before)| after - before).collect();
        // Ten new versions, ten that ended, no address that was not known.
        assert_eq!(written, [10, 10, 10, 0], "{}", ground.engine);
        let mut tx = ground.db.read().await.unwrap();
        let segments = tx
            .rows("SELECT entries FROM register_segment ORDER BY id", db::args![])
            .await
            .unwrap()
            .iter()
            .map(|row| row.int(0).unwrap())
            .collect::<Vec<_>>();
        assert_eq!(segments, [1_001, 10], "{}: ten entries are indexed", ground.engine);
        drop(tx);
        // The same once more: nobody is read.
        let again = ground.order(&[mailboxes(&lines), activities(&practised)]);
        let planned = ground.importer().plan(&again).await.unwrap();
        assert_eq!((planned.counts().read, planned.len()), (0, 0), "{}", ground.engine);
    }
}

#[tokio::test]
async fn what_was_left_out_is_looked_at_and_said_each_time() {
    for ground in grounds().await {
        let second = per(1, "").replacen("p1@", "q1@", 1);
        ground.import(&[mailboxes(&[per(1, ""), second.clone(), per(2, "")])]).await.unwrap();
        // Its kind is for ever: it is left out, and the other mailbox of the same person stays.
        let other_kind = per(1, "").replacen("PER|", "CAB|", 1);
        for (import, changed) in [("first", 1), ("again", 0), ("and again", 0)] {
            let order = ground.order(&[mailboxes(&[other_kind.clone(), second.clone(), per(2, "")])]);
            let order = Order { removals: Removals::Any, ..order };
            let counts = ground.import_as(order).await.unwrap();
            let told = (counts.read, counts.changed, counts.unchanged, counts.rejected);
            assert_eq!(told, (1, changed, 2 - changed, 1), "{}, {import}", ground.engine);
            let rejects = ground.rejects();
            assert!(rejects.contains("has always been of another kind"), "{}: {rejects}", ground.engine);
        }
        assert_eq!(ground.all().await.len(), 2, "{}", ground.engine);
    }
}

#[tokio::test]
async fn a_line_that_gives_a_mailbox_another_kind_takes_it_from_nobody() {
    let of_structure = org(7).replacen("o7@", "p1@", 1);
    let second = per(1, "").replacen("p1@", "q1@", 1);
    let cases = [
        // Each names the holder's other lines, and the line that is wrong.
        ("the same holder", vec![second.clone()], per(1, "").replacen("PER|", "CAB|", 1)),
        ("the same holder, who has no other", Vec::new(), per(1, "").replacen("PER|", "CAB|", 1)),
        ("a structure that is new", vec![second.clone()], of_structure.clone()),
        ("a structure, and nobody else is named", Vec::new(), of_structure),
    ];
    for ground in grounds().await {
        for (case, others, wrong) in &cases {
            let before = [&[per(1, ""), per(2, "")][..], others].concat();
            let order = Order { removals: Removals::Any, ..ground.order(&[mailboxes(&before)]) };
            ground.import_as(order).await.unwrap();
            let known = ground.all().await;
            let after = [&[per(2, ""), wrong.clone()][..], others].concat();
            for _ in 0..2 {
                // The brake holds: nothing goes.
                let counts = ground.import(&[mailboxes(&after)]).await.unwrap();
                let told = (counts.rejected, counts.mailboxes_removed, counts.added, counts.removed);
                assert_eq!(told, (1, 0, 0, 0), "{}: {case}", ground.engine);
                let rejects = ground.rejects();
                assert!(
                    rejects.contains("mailboxes.txt:3: the mailbox of this address"),
                    "{case}: {rejects}"
                );
                let held: Vec<usize> = ground.all().await.iter().map(|one| own(one).len()).collect();
                assert_eq!(held, known.iter().map(|one| own(one).len()).collect::<Vec<_>>(), "{case}");
                assert_eq!(ground.all().await.len(), known.len(), "{}: {case}", ground.engine);
            }
            let held: Vec<_> = ground.all().await.iter().flat_map(own).collect();
            assert!(held.contains(&("p1@pro.example".to_owned(), AccountKind::Personal)), "{case}: {held:?}");
            // Whoever gives it up by leaving it out gives it up.
            let without = [&[per(2, "")][..], others].concat();
            let order = Order { removals: Removals::Any, ..ground.order(&[mailboxes(&without)]) };
            ground.import_as(order).await.unwrap();
            assert!(
                ground.all().await.iter().flat_map(own).all(|(address, _)| address != "p1@pro.example"),
                "{}: {case}",
                ground.engine
            );
        }
    }
}

/// The mailboxes of a professional, with their kinds.
fn own(listing: &Listing) -> Vec<(String, AccountKind)> {
    let professional = person(listing);
    let placed = professional.situations.iter().flat_map(|situation| &situation.mailboxes);
    placed.chain(&professional.mailboxes).map(|mailbox| (mailbox.address.to_string(), mailbox.kind)).collect()
}

#[tokio::test]
async fn the_two_extracts_make_up_one_entry_and_each_replaces_its_own_part() {
    for ground in grounds().await {
        let practising = [
            activity(1, "580008803", "SM04"),
            activity(2, "010000024", "SM05"),
            // The same activity with another know-how, and another activity, far from the first line.
            activity(1, "580008803", "SM12"),
            activity(1, "010000024", "SM04"),
        ];
        let counts = ground.import(&[activities(&practising)]).await.unwrap();
        assert_eq!((counts.entries, counts.activities), (4, 3), "{}", ground.engine);
        ground.import(&[mailboxes(&[per(1, ""), org(1)])]).await.unwrap();
        let all = ground.all().await;
        assert_eq!(all.len(), 5);
        let first = person(&all[0]);
        let know_how: Vec<&str> = first.know_how.iter().map(|known| known.label.as_str()).collect();
        assert_eq!(know_how, ["Label SM04", "Label SM12"]);
        let at: Vec<(&str, usize)> = first
            .situations
            .iter()
            .map(|situation| (situation.organisation_name.as_str(), situation.mailboxes.len()))
            .collect();
        assert!(at.contains(&("MAISON 580008803", 1)) && at.contains(&("MAISON 010000024", 0)), "{at:?}");
        let Listing::Organisation(maison) = &all[3] else { panic!("{:?}", all[3]) };
        assert_eq!(maison.finess.as_ref().unwrap().as_str(), "580008803");
        assert_eq!(maison.sector.as_ref().unwrap().0, "SA01");

        // Without its mailbox the professional stays, because the other extract knows them.
        let order = Order { removals: Removals::Any, ..ground.order(&[mailboxes(&[org(1)])]) };
        let counts = ground.import_as(order).await.unwrap();
        assert_eq!((counts.changed, counts.removed, counts.mailboxes_removed), (1, 0, 1));
        assert_eq!(person(&ground.all().await[0]).situations.len(), 2);
        // Both together, in one generation.
        let both = [mailboxes(&[per(1, "")]), activities(&practising[..2])];
        let counts =
            ground.import_as(Order { removals: Removals::Any, ..ground.order(&both) }).await.unwrap();
        assert_eq!((counts.changed, counts.removed), (1, 1), "the structure of no line is gone");
    }
}

#[tokio::test]
async fn wrong_lines_are_written_down_exactly_and_the_others_go_in() {
    for ground in grounds().await {
        let mut bytes = format!("{MAILBOX_HEADER}\n{}\nPER|short\n", per(1, "")).into_bytes();
        bytes.extend(b"PER|\xff\xfe\n");
        let taken = org(1).replacen("o1@", "p1@", 1);
        bytes.extend(format!("{taken}\n{}\n", per(2, "")).into_bytes());
        let path = ground.folder.path().join("m.txt");
        std::fs::write(&path, bytes).unwrap();
        let order = Order { files: vec![path], ..ground.order(&[]) };
        let counts = ground.import_as(order).await.unwrap();
        assert_eq!((counts.added, counts.rejected, counts.lines), (2, 3, 5), "{}", ground.engine);
        assert_eq!(counts.warnings, 2, "invented numbers have wrong check digits");
        let wanted = format!(
            "m.txt:3: a line of mailboxes has 31 fields\tPER|short\n\
             m.txt:4: the line is not UTF-8\tPER|\u{fffd}\u{fffd}\n\
             m.txt:5: an earlier line gives this address another kind of mailbox\t{taken}\n"
        );
        assert_eq!(ground.rejects(), wanted);

        // The kind is remembered when the mailbox has long gone.
        let order = ground.order(&[mailboxes(&[org(1)])]);
        ground.import_as(Order { removals: Removals::Any, ..order }).await.unwrap();
        assert_eq!(ground.rejects(), "", "the file of an earlier time is emptied");
        let counts =
            ground.import(&[mailboxes(&[org(1), taken.replace("000010001", "000010002")])]).await.unwrap();
        assert_eq!((counts.added, counts.rejected), (0, 1), "{}", ground.engine);
        assert_eq!(
            ground.rejects(),
            "mailboxes.txt:3: the mailbox of this address has always been of another kind\t\n"
        );
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_the_brake_holds_until_released() {
    for ground in grounds().await {
        let lines: Vec<String> = (0..40).map(|number| per(number, "")).collect();
        let importer = ground.importer();
        let planned = importer.plan(&ground.order(&[mailboxes(&lines)])).await.unwrap();
        assert_eq!(planned.counts().added, 40);
        drop(planned);
        assert_eq!(ground.rows_of("row").await, 0, "{}", ground.engine);
        let scratch = std::fs::read_dir(ground.folder.path().join("scratch")).unwrap().count();
        assert_eq!(scratch, 0, "what was sorted is gone");

        ground.import(&[mailboxes(&lines)]).await.unwrap();
        let refused = ground.import(&[mailboxes(&lines[3..])]).await.unwrap_err();
        assert!(
            matches!(refused, Failed::Brake { what: "entries", removed: 3, of: 40, percent: 5 }),
            "{refused}"
        );
        assert_eq!(ground.all().await.len(), 40);
        assert!(unfinished(&mut ground.db.read().await.unwrap()).await.unwrap().is_none());
        ground.import(&[mailboxes(&lines[2..])]).await.unwrap();
        let order = Order { removals: Removals::Any, ..ground.order(&[mailboxes(&lines[20..])]) };
        assert_eq!(ground.import_as(order).await.unwrap().removed, 18);
        assert_eq!(ground.all().await.len(), 20);
    }
}

/// Imports and is dropped when `phase` has been told of; whether it was.
async fn stopped(ground: &Ground, order: &Order, phase: Phase) -> bool {
    let (stop, mut stopping) = tokio::sync::watch::channel(false);
    let importer = ground.importer_telling(move |progress| {
        if progress.phase == phase {
            stop.send_replace(true);
        }
    });
    let work = async {
        let planned = importer.plan(order).await.unwrap();
        importer.apply(planned).await.unwrap()
    };
    let ready = tokio::select! {
        biased;
        _ = stopping.wait_for(|stop| *stop) => return true,
        ready = work => ready,
    };
    // It may have come to its end without resting once after it told.
    if *stopping.borrow() {
        return true;
    }
    flip(&ground.db, ready).await.unwrap();
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_anywhere_goes_on_where_it_was_or_is_dropped() {
    for ground in grounds().await {
        let old: Vec<String> = (0..900).map(|number| per(number, "")).collect();
        ground.import(&[mailboxes(&old)]).await.unwrap();
        let before = ground.all().await;
        let known = ground.rows_of("row").await;
        let earlier = ("other.txt", mailboxes(&old).1);
        // Most entries change, some go, some are new.
        let lines: Vec<String> = (10..1_000).map(|number| per(number, "Nuit")).collect();
        let order = ground.order(&[mailboxes(&lines)]);
        let mut written = 0;
        for phase in [
            Phase::Reading,
            Phase::Comparing,
            Phase::Writing,
            Phase::Writing,
            Phase::Addresses,
            Phase::Addresses,
            Phase::Indexing,
        ] {
            assert!(stopped(&ground, &order, phase).await, "{phase:?}");
            assert_eq!(ground.all().await, before, "{}: nothing is seen before the flip", ground.engine);
            let left = unfinished(&mut ground.db.read().await.unwrap()).await.unwrap();
            let done = left.map_or(0, |left| left.changes_done + left.addresses_done);
            assert!(done >= written && (phase != Phase::Writing || done > written), "{done} {written}");
            if phase == Phase::Writing {
                let other = ground.import(std::slice::from_ref(&earlier)).await.unwrap_err();
                assert!(matches!(other, Failed::Busy { .. }), "{other}");
                ground.wait(limits::IMPORT_HELD + 1);
                let other = ground.import(std::slice::from_ref(&earlier)).await.unwrap_err();
                assert!(matches!(other, Failed::Unfinished { .. }), "{other}");
            }
            written = done;
            ground.wait(limits::IMPORT_HELD + 1);
        }
        assert_eq!(written, 1_990, "the changes and the addresses are all there");
        // Dropped, it leaves nothing.
        let importer = ground.importer();
        assert!(importer.drop_unfinished().await.unwrap().is_some());
        assert!(importer.drop_unfinished().await.unwrap().is_none());
        assert_eq!(
            (ground.rows_of("row").await, ground.rows_of("ended").await),
            (known, 0),
            "{}",
            ground.engine
        );
        assert_eq!((ground.rows_of("record").await, ground.rows_of("address").await), (900, 900));
        assert_eq!(ground.all().await, before);

        // Stopped half way and gone on with, it ends as if nothing had been.
        assert!(stopped(&ground, &order, Phase::Writing).await);
        ground.wait(limits::IMPORT_HELD + 1);
        let counts = ground.import_as(order).await.unwrap();
        assert_eq!((counts.added, counts.changed, counts.removed), (100, 890, 10));
        let all = ground.all().await;
        assert_eq!(all.len(), 990);
        let again = grounds().await.remove(0);
        again.import(&[mailboxes(&old)]).await.unwrap();
        again.import(&[mailboxes(&lines)]).await.unwrap();
        let named = |all: &[Listing]| {
            all.iter().map(|listing| (listing.id(), person(listing).family_name.clone())).collect::<Vec<_>>()
        };
        assert_eq!(named(&all), named(&again.all().await), "{}", ground.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_imports_at_once_one_is_refused_with_a_clear_sentence() {
    for ground in grounds().await {
        let lines: Vec<String> = (0..600).map(|number| per(number, "")).collect();
        let order = ground.order(&[mailboxes(&lines)]);
        let (first, second) = (ground.importer(), ground.importer());
        let one = first.plan(&order).await.unwrap();
        let two = second.plan(&order).await.unwrap();
        let ready = first.apply(one).await.unwrap();
        let refused = second.apply(two).await.err().unwrap();
        assert_eq!(refused.to_string(), "another import is under way (mailboxes.txt); wait for its end");
        let early = second.plan(&order).await.err().unwrap();
        assert!(matches!(early, Failed::Busy { .. }), "{}", ground.engine);
        flip(&ground.db, ready).await.unwrap();
        assert_eq!(ground.all().await.len(), 600);
        assert!(tokio::time::timeout(Duration::from_secs(60), second.plan(&order)).await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_file_that_is_no_extract_is_named() {
    let ground = grounds().await.remove(0);
    for text in ["", "a|b|c\n1|2|3\n", "\u{0}\u{1}"] {
        let failed = ground.import(&[("notes.txt", text.to_owned())]).await.unwrap_err();
        assert!(failed.to_string().contains("notes.txt is neither an extract"), "{failed}");
    }
    let absent = Order { files: vec![ground.folder.path().join("absent")], ..ground.order(&[]) };
    assert!(matches!(ground.import_as(absent).await.unwrap_err(), Failed::File { .. }));
}

#[tokio::test]
async fn a_bundle_adds_and_changes_whom_it_names_and_removes_nobody() {
    const BUNDLE: &str = r#"{ "resourceType": "Bundle", "entry": [
      { "resource": { "resourceType": "Organization", "id": "7", "name": "CLINIQUE DU PONT",
        "identifier": [ { "system": "https://finess.esante.gouv.fr", "value": "000010001" } ],
        "telecom": [ { "system": "email", "value": "o1@pro.example", "extension": [
          { "url": "https://x/as-ext-mailbox-mss-metadata", "extension": [
            { "url": "type", "valueCodeableConcept": { "coding": [ { "code": "ORG" } ] } },
            { "url": "description", "valueString": "Tout le jour" } ] } ] } ] } },
      { "resource": { "resourceType": "Organization", "id": "8", "name": "SANS NUMERO" } } ] }"#;
    for ground in grounds().await {
        ground.import(&[mailboxes(&[per(1, ""), org(1), org(2)])]).await.unwrap();
        let counts = ground.import(&[("bundle.json", BUNDLE.to_owned())]).await.unwrap();
        assert_eq!((counts.changed, counts.removed, counts.rejected), (1, 0, 1), "{}", ground.engine);
        assert_eq!(ground.rejects(), "bundle.json:2: no structure is named\tOrganization/8\n");
        let all = ground.all().await;
        assert_eq!(all.len(), 3);
        let Listing::Organisation(changed) = &all[1] else { panic!("{:?}", all[1]) };
        assert_eq!(changed.name, "CLINIQUE DU PONT");
        assert_eq!(changed.mailboxes[0].description.as_deref(), Some("Tout le jour"));
        let failed = ground.import(&[("other.json", "{\"a\": 1}".to_owned())]).await.unwrap_err();
        assert!(failed.to_string().contains("nor a bundle of FHIR"), "{failed}");
    }
}
