//! National entries and ours together: generations, updates, and who wins.

use names::{AccountKind, Address};

use super::invented::{doctor, mailbox, person, place};
use super::{answers, ask, publish};
use crate::index::{Building, merge_for_tests};
use crate::local::{self, Holder};
use crate::testing::{Corpus, entries, put_in_force};
use crate::{Criterion, Error, Listing, Query, Register, Source};

#[tokio::test]
async fn our_entry_of_a_holder_wins_and_shows_what_only_the_extracts_know() {
    for (engine, db) in db::testing::both().await {
        let all: Vec<Listing> = entries(Corpus { entries: 40, ..Corpus::SMALL }).collect();
        put_in_force(&db, all.clone().into_iter()).await.unwrap();
        let register = Register::open(db.clone());
        let Some(Listing::Professional(national)) =
            all.iter().find(|listing| listing.mailboxes().all(|mailbox| !mailbox.red_list)).cloned()
        else {
            panic!("an entry with a mailbox");
        };
        let theirs = national.mailboxes[0].address.clone();
        let before = register.by_address(&theirs).await.unwrap().unwrap().0;
        assert_eq!(before.id(), national.id, "{engine}");
        // The same person gets a mailbox here, under another first name.
        let mut ours = doctor(1, "Prénomdici", &national.family_name, "", place("29200", "Brest"));
        ours.national_id = national.national_id.clone();
        ours.know_how.clear();
        ours.mailboxes = vec![mailbox("ici@maison.example.fr", AccountKind::Personal)];
        let id = publish(&db, vec![person(ours.clone())]).await[0];
        assert_eq!(id, national.id, "{engine}: the entry keeps its id");
        let (merged, _) = register.by_address(&theirs).await.unwrap().unwrap();
        let Listing::Professional(merged) = merged else { panic!("{engine}: a person") };
        assert_eq!((merged.source, merged.given_name.as_str()), (Source::Local, "Prénomdici"), "{engine}");
        assert_eq!(merged.know_how, national.know_how, "{engine}: what only the extracts know");
        assert_eq!(merged.mailboxes.len(), 2, "{engine}: both mailboxes");
        let town = &national.situations[0].place.town;
        let asked = format!("prenomdici {town}");
        assert_eq!(ask(&register, &asked).await.len(), 1, "{engine}: a word of ours and one of theirs");
        let by_number =
            Query { all: vec![Criterion::Person(vec![national.national_id.clone()])], ..Query::default() };
        assert_eq!(answers(&register, &by_number).await.len(), 1, "{engine}: once");
        // A new generation changes nothing of that.
        db.write(db::unit("flip", (), |(), tx| {
            Box::pin(async move {
                tx.execute("UPDATE register_row SET until = 2 WHERE id = 7", db::args![]).await?;
                tx.execute("INSERT INTO register_index (generation, place, segment) SELECT 2, place, segment FROM register_index", db::args![]).await?;
                tx.execute("UPDATE register_pointer SET generation = 2, version = version + 1", db::args![]).await
            })
        }))
        .await
        .unwrap();
        assert_eq!(ask(&register, &asked).await.len(), 1, "{engine}");
        // It is closed here: the extracts speak again, but for the address that was ours.
        let holder = Holder::Person(national.national_id.clone());
        db.write(db::unit("remove", holder, |holder, tx| {
            Box::pin(async move { local::remove(tx, holder).await })
        }))
        .await
        .unwrap();
        let (after, _) = register.by_address(&theirs).await.unwrap().unwrap();
        assert_eq!(after, before, "{engine}");
        assert!(ask(&register, "prenomdici").await.is_empty(), "{engine}");
        let ici = Address::parse("ici@maison.example.fr").unwrap();
        assert!(register.by_address(&ici).await.unwrap().is_none(), "{engine}");
    }
}

#[tokio::test]
async fn an_address_of_ours_is_not_shown_by_the_extracts() {
    for (engine, db) in db::testing::both().await {
        let all: Vec<Listing> = entries(Corpus { entries: 40, ..Corpus::SMALL }).collect();
        put_in_force(&db, all.clone().into_iter()).await.unwrap();
        let register = Register::open(db.clone());
        let shown = |listing: &&Listing| listing.mailboxes().all(|mailbox| !mailbox.red_list);
        let theirs = all.iter().rfind(shown).unwrap();
        let address = theirs.mailboxes().next().unwrap().address.clone();
        let mut ours = doctor(10_000_777_777, "Toute", "Autre", "Urologie", place("29200", "Brest"));
        ours.mailboxes[0].address = address.clone();
        publish(&db, vec![person(ours)]).await;
        let (listing, _) = register.by_address(&address).await.unwrap().unwrap();
        assert_eq!(super::name(&listing), "Toute Autre", "{engine}");
        let query = Query { all: vec![Criterion::Mailbox(address)], ..Query::default() };
        assert_eq!(answers(&register, &query).await, ["Toute Autre"], "{engine}");
        let left = register.rows(&[theirs.id()]).await.unwrap();
        assert_eq!(left[0].mailboxes().count(), theirs.mailboxes().count() - 1, "{engine}");
        let reachable =
            Query { all: vec![Criterion::Row(vec![theirs.id()])], reachable: true, ..Query::default() };
        assert_eq!(answers(&register, &reachable).await.len(), theirs.mailboxes().count() - 1, "{engine}");
    }
}

#[test]
fn segments_taken_together_say_what_they_said() {
    let all: Vec<Listing> = entries(Corpus { entries: 300, ..Corpus::SMALL }).collect();
    let segment = |entries: &[Listing], gone: &[Listing]| {
        let mut building = Building::default();
        entries.iter().try_for_each(|listing| building.add(listing))?;
        gone.iter().for_each(|listing| building.gone(listing.id()));
        building.seal()
    };
    let parts = || -> Result<Vec<_>, Error> {
        Ok(vec![
            segment(&all[..100], &[])?,
            segment(&all[50..180], &all[10..20])?,
            segment(&all[170..300], &all[60..70])?,
        ])
    };
    let merged = merge_for_tests(parts().unwrap()).unwrap();
    let whole: Vec<Listing> = all
        .iter()
        .enumerate()
        .filter(|(at, _)| !(10..20).contains(at) && !(60..70).contains(at))
        .map(|(_, l)| l.clone())
        .collect();
    let anew = segment(&whole, &[]).unwrap();
    assert!(merged.docs == anew.docs && merged.flags == anew.flags);
    assert_eq!(merged.gone.len(), 20);
    assert!(merged.words == anew.words, "the same keys at the same places");
    assert!(merged.postings == anew.postings);
}
