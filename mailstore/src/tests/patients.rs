//! A patient's space: contacts, conversations, documents, secrecy.

use names::{Address, ConversationId, PartyId, Timestamp};

use crate::testing::{NOW, TestStore, stores};
use crate::{
    Confidentiality, Contact, ContactState, DocumentDraft, Error, Hidden, Party, Thread, ThreadState, Viewer,
};

fn draft(
    letter: &crate::SealedLetter,
    entry: names::EntryId,
    title: &str,
    part: std::ops::Range<u64>,
) -> DocumentDraft {
    DocumentDraft {
        title: title.to_owned(),
        file_name: "analyse.pdf".to_owned(),
        category: "biology".to_owned(),
        mime: "application/pdf".to_owned(),
        size: 3,
        act_date: NOW,
        author: None,
        author_name: "Dr Martin".to_owned(),
        publisher: PartyId(7),
        publisher_name: "Laboratoire".to_owned(),
        entry,
        queue: None,
        body: letter.body.id(),
        part,
        encoding: "base64".to_owned(),
        confidentiality: Confidentiality::NONE,
    }
}

async fn thread(store: &TestStore, account: names::AccountId, key: &str) -> Thread {
    let owner = store.key(account).await.unwrap();
    let mut thread = store.thread(&owner, key.as_bytes(), &format!("Sujet {key}"), NOW);
    thread.participants = vec![PartyId(7)];
    thread
}

#[tokio::test]
async fn letters_of_one_thread_make_one_conversation_that_counts_them() {
    for store in stores().await {
        let patient = store.patient().await;
        let mut deliveries = Vec::new();
        for (at, key) in ["a", "b", "a"].into_iter().enumerate() {
            let letter = store.sealed(key, b"text").await;
            let mut thread = thread(&store, patient, key).await;
            thread.attachments = 1;
            let mut delivery = store.threaded(&letter, patient, thread).await;
            delivery.internal_date = NOW.plus(at as i64);
            deliveries.push(delivery);
        }
        let done = store.write(deliveries).await.unwrap();
        assert_eq!(done[0].conversation, done[2].conversation, "{}", store.engine);
        assert_ne!(done[0].conversation, done[1].conversation);
        let page = store.conversations(patient, Viewer::Patient, None, 10).await.unwrap();
        assert_eq!(page.iter().map(|c| c.subject.as_str()).collect::<Vec<_>>(), ["Sujet a", "Sujet b"]);
        assert_eq!((page[0].letters, page[0].unread, page[0].attachments), (2, 2, 2));
        assert_eq!((page[0].last_at, page[0].participants.as_slice()), (NOW.plus(2), &[PartyId(7)][..]));
        assert_eq!(store.unread(patient, Viewer::Patient).await.unwrap(), (3, 2));
        let next = store
            .conversations(patient, Viewer::Patient, Some((page[0].last_at, page[0].id)), 10)
            .await
            .unwrap();
        assert_eq!(next, page[1..]);

        let letters = store.letters(patient, page[0].id, Viewer::Patient).await.unwrap();
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[1].summary, &b"summary of a"[..]);
        let parameters = (store.store.clone(), patient, page[0].id);
        let unit = db::unit("read", parameters, |(store, patient, conversation), tx| {
            Box::pin(store.mark_read(tx, *patient, *conversation, Viewer::Patient))
        });
        assert_eq!(store.db().write(unit).await.unwrap().len(), 2);
        assert_eq!(store.unread(patient, Viewer::Patient).await.unwrap(), (1, 1));
        store.assert_clean().await;

        // The patient's answer joins by number, and an ended exchange shows who ended it.
        let answer = store.sealed("Re: a", b"merci").await;
        let mut again = Thread::existing(page[0].id);
        again.state = ThreadState::EndedBy(PartyId(7));
        let answer = store.threaded(&answer, patient, again).await;
        store.write(vec![answer]).await.unwrap();
        let one = store.conversation(patient, Viewer::Patient, page[0].id).await.unwrap().unwrap();
        assert_eq!((one.letters, one.ended_by), (3, Some(PartyId(7))));
        let letter = store.sealed("a", b"").await;
        let mut reopened = thread(&store, patient, "a").await;
        reopened.state = ThreadState::Open;
        let letter = store.threaded(&letter, patient, reopened).await;
        store.write(vec![letter]).await.unwrap();
        assert_eq!(
            store.conversation(patient, Viewer::Patient, page[0].id).await.unwrap().unwrap().ended_by,
            None
        );
        let other = store.patient().await;
        assert_eq!(store.conversation(other, Viewer::Patient, page[0].id).await.unwrap(), None);
        let stray = store.sealed("x", b"").await;
        let stray = store.threaded(&stray, other, Thread::existing(page[0].id)).await;
        assert!(store.write(vec![stray]).await.is_err(), "a letter joined another patient's conversation");
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_letter_hidden_from_a_viewer_shows_nowhere() {
    for store in stores().await {
        let patient = store.patient().await;
        let letter = store.sealed("secret", b"").await;
        let mut hidden = store.threaded(&letter, patient, thread(&store, patient, "s").await).await;
        hidden.hidden = Hidden::REPRESENTATIVES;
        let entry = hidden.entry;
        let done = store.write(vec![hidden]).await.unwrap();
        let conversation = done[0].conversation.unwrap();
        for (viewer, want) in [(Viewer::Patient, 1), (Viewer::Representative, 0)] {
            let page = store.conversations(patient, viewer, None, 10).await.unwrap();
            assert_eq!(page.iter().map(|line| line.letters).collect::<Vec<_>>(), vec![1; want], "{viewer:?}");
            assert_eq!(
                store.unread(patient, viewer).await.unwrap(),
                (want as u64, want as u64),
                "{viewer:?}"
            );
            let one = store.conversation(patient, viewer, conversation).await.unwrap();
            assert_eq!(one.is_some(), want == 1, "{viewer:?}");
            let mut tx = store.db().read().await.unwrap();
            let seen = store.correspondents_seen(&mut tx, patient, viewer).await.unwrap();
            assert_eq!(seen.contains(&PartyId(7)), want == 1, "{viewer:?}");
        }
        assert_eq!(store.letters(patient, conversation, Viewer::Representative).await.unwrap(), []);
        assert_eq!(store.letters(patient, conversation, Viewer::Patient).await.unwrap().len(), 1);
        let seen = |viewer| store.letter(patient, conversation, entry, viewer);
        assert!(seen(Viewer::Patient).await.unwrap().is_some());
        assert!(seen(Viewer::Representative).await.unwrap().is_none());
        let elsewhere = store.letter(patient, ConversationId(1), entry, Viewer::Patient).await.unwrap();
        assert_eq!(elsewhere, None);
        store.assert_clean().await;

        // A later open letter of the thread, and one hidden from the patient too: the parents see
        // and count the open one, as if it stood alone.
        let mut more = Vec::new();
        for (at, hidden) in
            [Hidden::NONE, Hidden::PATIENT.and(Hidden::REPRESENTATIVES)].into_iter().enumerate()
        {
            let letter = store.sealed("more", b"").await;
            let mut thread = thread(&store, patient, "s").await;
            thread.attachments = 1;
            let mut delivery = store.threaded(&letter, patient, thread).await;
            delivery.hidden = hidden;
            delivery.internal_date = NOW.plus(1 + at as i64);
            more.push(delivery);
        }
        let placed = store.write(more).await.unwrap();
        for (viewer, letters) in [(Viewer::Patient, 2), (Viewer::Representative, 1)] {
            let one = store.conversation(patient, viewer, conversation).await.unwrap().unwrap();
            let counted = (one.letters, one.unread, one.attachments, one.last_at);
            assert_eq!(counted, (letters, letters, 1, NOW.plus(1)), "{viewer:?} {}", store.engine);
        }
        let parameters = (store.store.clone(), patient, conversation);
        let unit = db::unit("read", parameters, |(store, patient, conversation), tx| {
            Box::pin(store.mark_read(tx, *patient, *conversation, Viewer::Patient))
        });
        assert_eq!(store.db().write(unit).await.unwrap().len(), 2);
        store.assert_clean().await;
        let deleted = crate::FlagChange::Add(crate::Marks::new(crate::Flags::DELETED, &[]));
        let uids: Vec<_> = [&done, &placed].into_iter().flatten().map(|place| place.uid).collect();
        store.store_flags(patient, done[0].folder, &uids, deleted, None).await.unwrap();
        store.expunge(patient, done[0].folder, None).await.unwrap();
        assert_eq!(store.conversation(patient, Viewer::Patient, conversation).await.unwrap(), None);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn documents_are_filed_with_a_letter_or_by_click_and_outlive_it() {
    for store in stores().await {
        let patient = store.patient().await;
        let owner = store.key(patient).await.unwrap();
        let letter = store.sealed("analyses", b"xxxxQUJDyyyy").await;
        let mut delivery = store.delivery(&letter, patient).await;
        let first = draft(&letter, delivery.entry, "Prise de sang", 4..8);
        delivery.documents = vec![store.new_document(&owner, &first, NOW)];
        let done = store.write(vec![delivery]).await.unwrap();
        let mut second = first.clone();
        second.category = "imaging".to_owned();
        second.act_date = NOW.plus(-names::DAY);
        second.confidentiality = Confidentiality::REPRESENTATIVES;
        let filed = store.new_document(&owner, &second, NOW);
        let unit = db::unit("file", (store.store.clone(), filed), |(store, filed), tx| {
            Box::pin(store.file(tx, filed))
        });
        let second_id = store.db().write(unit).await.unwrap();
        store.assert_clean().await;

        let all = store.documents(patient, None, Viewer::Patient, None, 10).await.unwrap();
        assert_eq!(all.iter().map(|d| &d.draft).collect::<Vec<_>>(), [&first, &second], "{}", store.engine);
        let biology = store.documents(patient, Some("biology"), Viewer::Patient, None, 10).await.unwrap();
        assert_eq!(biology, all[..1]);
        let parents = store.documents(patient, None, Viewer::Representative, None, 10).await.unwrap();
        assert_eq!(parents, all[..1]);
        assert_eq!(store.document(patient, second_id, Viewer::Representative).await.unwrap(), None);
        let page = store.documents(patient, None, Viewer::Patient, Some((NOW, all[0].id)), 10).await.unwrap();
        assert_eq!(page, all[1..]);

        let deleted = crate::FlagChange::Add(crate::Marks::new(crate::Flags::DELETED, &[]));
        store.store_flags(patient, done[0].folder, &[done[0].uid], deleted, None).await.unwrap();
        store.expunge(patient, done[0].folder, None).await.unwrap();
        let mut part = store.document_part(patient, &all[0]).await.unwrap();
        assert_eq!(
            (part.reader.range(part.range).await.unwrap(), part.encoding.as_str()),
            ((&b"QUJD"[..]).into(), "base64")
        );
        store.assert_clean().await;
        for (document, left) in [(all[0].id, 1), (second_id, 0)] {
            let parameters = (store.store.clone(), patient, document);
            let unit = db::unit("unfile", parameters, |(store, patient, document), tx| {
                Box::pin(store.unfile(tx, *patient, *document))
            });
            store.db().write(unit).await.unwrap();
            assert_eq!(store.count("SELECT COUNT(*) FROM body").await, left);
        }
        let stray = store.new_document(&owner, &first, NOW);
        let unit = db::unit("file", (store.store.clone(), stray), |(store, stray), tx| {
            Box::pin(store.file(tx, stray))
        });
        assert!(matches!(store.db().write(unit).await, Err(Error::NoBody(_))));
    }
}

#[tokio::test]
async fn contacts_load_for_many_pairs_and_keep_what_was_decided() {
    for store in stores().await {
        let address = |text: &str| Address::parse(text).unwrap();
        let unit = db::unit("contacts", store.store.clone(), |store, tx| {
            Box::pin(async move {
                let (one, two) = (PartyId(1), PartyId(2));
                let far = Address::parse("dr.far@operator.fr").unwrap();
                let parties = store.ensure_parties(tx, &[far.clone(), far.clone()], NOW).await?;
                assert_eq!(store.ensure_parties(tx, std::slice::from_ref(&far), NOW).await?, parties);
                let far_party = parties[&far];
                let pairs = [(one, far_party), (two, far_party), (one, two)];
                let found = store.load_contacts(tx, &pairs).await?;
                assert!(pairs.iter().all(|pair| found[pair] == Contact::never(pair.0, pair.1)));
                let open = Contact {
                    state: ContactState::Open,
                    opened_by: Some(far_party),
                    answerable_from: Some(Timestamp(5)),
                    no_access: true,
                    ..Contact::never(one, far_party)
                };
                let ended = Contact {
                    state: ContactState::Ended,
                    refuse_letters: true,
                    ..Contact::never(two, far_party)
                };
                store
                    .write_contacts(tx, &[Contact::never(one, far_party), ended.clone(), open.clone()], NOW)
                    .await?;
                let found = store.load_contacts(tx, &pairs).await?;
                assert_eq!((&found[&pairs[0]], &found[&pairs[1]]), (&open, &ended));
                assert_eq!(store.contacts_of(tx, one).await?, [open]);
                Ok::<_, Error>(far_party)
            })
        });
        let party = store.db().write(unit).await.unwrap();
        let doctor = store.doctor().await;
        let mut tx = store.db().read().await.unwrap();
        let who = store.who(&mut tx, &[party, Party::of_account(doctor)]).await.unwrap();
        assert_eq!(who[&party], Party::Remote(address("dr.far@operator.fr")), "{}", store.engine);
        assert_eq!(who[&Party::of_account(doctor)], Party::Account(doctor));
        assert!(store.parties_of(&mut tx, &[address("x@y.fr")]).await.unwrap().is_empty());
    }
}
