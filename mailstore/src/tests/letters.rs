//! A professional's folders: deliver, list, fetch, mark, copy, move, expunge, append.

use crate::testing::{NOW, stores};
use crate::{Error, FlagChange, Flags, FolderName, Gone, Keyword, Marks, Place, Role, Uid};

fn seen() -> Marks {
    Marks::new(Flags::SEEN, &[])
}

fn name(text: &str) -> FolderName {
    FolderName::parse(text).unwrap()
}

#[tokio::test]
async fn a_letter_delivered_is_listed_fetched_marked_copied_and_expunged() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let got = store.receive("Résultats", b"Bonjour.\r\n", doctor).await;
        let inbox = store.folder(doctor, &name("inbox")).await.unwrap();
        assert_eq!((inbox.messages, inbox.unseen, inbox.uid_next), (1, 1, Uid(2)), "{}", store.engine);
        assert_eq!(
            (got.folder, got.uid, got.uidvalidity, got.modseq),
            (inbox.id, Uid(1), inbox.uidvalidity, inbox.modseq)
        );

        let rows = store.all_entries(doctor, inbox.id).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].size, "Subject: Résultats\r\n\r\nBonjour.\r\n".len() as u64);
        assert_eq!(inbox.size, rows[0].size);
        let summary = store.summaries(doctor, &[rows[0].head]).await.unwrap();
        assert_eq!(summary[0].as_deref(), Some("summary of Résultats".as_bytes()));
        let block = store.header_blocks(doctor, &[rows[0].head]).await.unwrap();
        assert_eq!(block[0].as_deref(), Some("Subject: Résultats\r\n\r\n".as_bytes()));
        let mut body = store.body(doctor, rows[0].body).await.unwrap();
        assert_eq!(body.range(0..100).await.unwrap(), &b"Bonjour.\r\n"[..]);
        assert_eq!(body.range(3..5).await.unwrap(), &b"jo"[..]);

        let keyword = Keyword::parse("$Forwarded").unwrap();
        let change =
            FlagChange::Add(Marks::new(Flags::SEEN.with(Flags::DELETED), std::slice::from_ref(&keyword)));
        let stored = store.store_flags(doctor, inbox.id, &[Uid(1), Uid(9)], change, None).await.unwrap();
        assert_eq!(stored.rows.len(), 1);
        assert!(stored.rows[0].2.has_keyword(&keyword));
        let copied = store.copy(doctor, inbox.id, inbox.id, &[Uid(1)], NOW).await.unwrap();
        assert_eq!(copied.uids, [(Uid(1), Uid(2))]);
        let archive = store.role_folder_of(doctor, Role::Archive).await.unwrap();
        let copied = store.copy(doctor, inbox.id, archive.id, &[Uid(1), Uid(2)], NOW).await.unwrap();
        assert_eq!(copied.uids, [(Uid(1), Uid(1)), (Uid(2), Uid(2))]);
        store.assert_clean().await;

        assert_eq!(store.expunge(doctor, inbox.id, Some(&[Uid(2), Uid(7)])).await.unwrap(), [Uid(2)]);
        assert_eq!(store.expunge(doctor, inbox.id, None).await.unwrap(), [Uid(1)]);
        assert_eq!(store.expunge(doctor, inbox.id, None).await.unwrap(), []);
        let inbox = store.folder(doctor, &name("INBOX")).await.unwrap();
        assert_eq!((inbox.messages, inbox.unseen, inbox.size, inbox.uid_next), (0, 0, 0, Uid(3)));
        let copy = store.all_entries(doctor, archive.id).await.unwrap();
        assert_eq!(copy.len(), 2);
        assert!(copy[0].marks.flags.has(Flags::SEEN) && copy[0].marks.has_keyword(&keyword));
        let bodies = store.bodies(doctor, &[copy[0].body, copy[1].body]).await.unwrap();
        assert!(bodies.iter().all(Option::is_some), "a body asked for twice is given twice");
        store.assert_clean().await;

        store.expunge(doctor, archive.id, None).await.unwrap();
        assert_eq!(store.count("SELECT COUNT(*) FROM body").await, 0, "{}: nobody keeps it", store.engine);
        assert_eq!(store.count("SELECT COUNT(*) FROM head").await, 0);
        assert_eq!(store.count("SELECT COUNT(*) FROM body_key").await, 0);
    }
}

#[tokio::test]
async fn a_session_that_comes_back_learns_what_changed() {
    for store in stores().await {
        let doctor = store.doctor().await;
        for subject in ["one", "two", "three"] {
            store.receive(subject, b"", doctor).await;
        }
        let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
        let known = inbox.modseq;
        let changes = store.since(doctor, inbox.id, known).await.unwrap();
        assert_eq!((changes.changed, changes.gone), (vec![], Gone::Runs(vec![])));
        let deleted = FlagChange::Replace(Marks::new(Flags::DELETED, &[]));
        store.store_flags(doctor, inbox.id, &[Uid(2)], deleted, None).await.unwrap();
        store.expunge(doctor, inbox.id, None).await.unwrap();
        store.store_flags(doctor, inbox.id, &[Uid(3)], FlagChange::Add(seen()), None).await.unwrap();
        store.receive("four", b"", doctor).await;
        let changes = store.since(doctor, inbox.id, known).await.unwrap();
        assert_eq!(changes.gone, Gone::Runs(vec![(Uid(2), Uid(2))]));
        assert_eq!(changes.changed, [Uid(3), Uid(4)]);
        let some = store.entries_of(doctor, inbox.id, &[Uid(4), Uid(2), Uid(1)]).await.unwrap();
        assert_eq!(some.iter().map(|row| row.uid).collect::<Vec<_>>(), [Uid(1), Uid(4)]);
    }
}

#[tokio::test]
async fn a_view_is_the_folder_whatever_happened_since_somebody_looked() {
    for store in stores().await {
        let doctor = store.doctor().await;
        for at in 0..20 {
            store.receive(&format!("letter {at}"), b"", doctor).await;
        }
        let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
        let mut random = 7_u32;
        for step in 0..40 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let uids = [Uid(random % 23 + 1), Uid(random / 64 % 23 + 1)];
            let deleted = || Marks::new(Flags::DELETED, &[]);
            match random / 4_096 % 4 {
                0 => assert!(store.receive("more", b"", doctor).await.uid > Uid(20)),
                1 => drop(
                    store
                        .store_flags(doctor, inbox.id, &uids, FlagChange::Add(deleted()), None)
                        .await
                        .unwrap(),
                ),
                2 => drop(store.copy(doctor, inbox.id, inbox.id, &uids, NOW).await.unwrap()),
                _ => drop(store.expunge(doctor, inbox.id, Some(&uids)).await.unwrap()),
            }
            if !random.is_multiple_of(3) {
                let view = store.view(doctor, inbox.id).await.unwrap();
                assert_eq!(view.rows, store.all_entries(doctor, inbox.id).await.unwrap(), "step {step}");
                let folder = store.folder_by_id(doctor, inbox.id).await.unwrap();
                assert_eq!((view.modseq, view.uid_next), (folder.modseq, folder.uid_next));
            }
        }
        let view = store.view(doctor, inbox.id).await.unwrap();
        assert!(
            std::sync::Arc::ptr_eq(&view, &store.view(doctor, inbox.id).await.unwrap()),
            "read again for nothing"
        );
        let last = view.rows.last().unwrap();
        assert_eq!((view.row(last.uid), view.row(Uid(999))), (Some(last), None));
        let stranger = store.doctor().await;
        assert!(matches!(store.view(stranger, inbox.id).await, Err(Error::NoFolder)));
    }
}

#[tokio::test]
async fn a_mark_stored_unless_changed_leaves_what_another_changed() {
    for store in stores().await {
        let doctor = store.doctor().await;
        store.receive("one", b"", doctor).await;
        store.receive("two", b"", doctor).await;
        let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
        let known = inbox.modseq;
        store.store_flags(doctor, inbox.id, &[Uid(1)], FlagChange::Add(seen()), None).await.unwrap();
        let flagged = FlagChange::Add(Marks::new(Flags::FLAGGED, &[]));
        let stored =
            store.store_flags(doctor, inbox.id, &[Uid(1), Uid(2)], flagged, Some(known)).await.unwrap();
        assert_eq!((stored.modified, stored.rows.len()), (vec![Uid(1)], 1));
        // Zero: only marks that were never set may be set (RFC 7162 §3.1.3).
        let never = |text| FlagChange::Add(Marks::new(Flags::NONE, &[Keyword::parse(text).unwrap()]));
        for (change, taken) in [
            (never("$MDNSent"), true),
            (never("$mdnsent"), false),
            (never("$Other"), true),
            (FlagChange::Add(Marks::new(Flags::DRAFT, &[])), false),
        ] {
            let stored = store.store_flags(doctor, inbox.id, &[Uid(1)], change, Some(0)).await.unwrap();
            assert_eq!((stored.rows.len() == 1, stored.modified.is_empty()), (taken, taken));
        }
        // Nothing to change is nothing written: the modification sequence stands.
        let before = store.folder_by_id(doctor, inbox.id).await.unwrap();
        store.store_flags(doctor, inbox.id, &[Uid(1)], FlagChange::Add(seen()), None).await.unwrap();
        assert_eq!(store.folder_by_id(doctor, inbox.id).await.unwrap(), before);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_letter_moved_keeps_its_number_and_is_gone_from_where_it_was() {
    for store in stores().await {
        let doctor = store.doctor().await;
        store.receive("one", b"text", doctor).await;
        let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
        let trash = store.role_folder_of(doctor, Role::Trash).await.unwrap();
        let before = store.all_entries(doctor, inbox.id).await.unwrap();
        let later = names::Timestamp(NOW.0 + 5_000);
        let moved = store.move_messages(doctor, inbox.id, trash.id, &[Uid(1)], later).await.unwrap();
        assert_eq!((moved.uids, moved.uidvalidity), (vec![(Uid(1), Uid(1))], trash.uidvalidity));
        let after = store.all_entries(doctor, trash.id).await.unwrap();
        assert_eq!((after[0].id, after[0].body), (before[0].id, before[0].body));
        let dates = |row: &crate::EntryRow| (row.internal_date, row.saved_at);
        assert_eq!((dates(&before[0]), dates(&after[0])), ((NOW, NOW), (NOW, later)));
        let changes = store.since(doctor, inbox.id, inbox.modseq).await.unwrap();
        assert_eq!(changes.gone, Gone::Runs(vec![(Uid(1), Uid(1))]));
        assert!(matches!(
            store.move_messages(doctor, trash.id, names::FolderId(1), &[Uid(1)], later).await,
            Err(Error::NoFolder)
        ));
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn an_appended_draft_stands_where_it_was_put_with_its_marks() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let drafts = store.role_folder_of(doctor, Role::Drafts).await.unwrap();
        let letter = store.sealed("draft", b"...").await;
        let marks = Marks::new(Flags::DRAFT.with(Flags::SEEN), &[]);
        let date = names::Timestamp(1_000);
        let done = store.append(doctor, drafts.id, letter.clone(), marks.clone(), date, NOW).await.unwrap();
        assert_eq!((done.folder, done.uid), (drafts.id, Uid(1)));
        let rows = store.all_entries(doctor, drafts.id).await.unwrap();
        assert_eq!((rows[0].internal_date, &rows[0].marks), (date, &marks.appended()));
        assert_eq!(store.folder_by_id(doctor, drafts.id).await.unwrap().unseen, 0);
        let other = store.doctor().await;
        let foreign = store.append(other, drafts.id, letter, marks, date, NOW).await;
        assert!(matches!(foreign, Err(Error::NoFolder)), "{}: a foreign folder was written to", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn folders_are_made_renamed_with_what_stands_below_and_removed() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let names = |folders: Vec<crate::Folder>| {
            folders.into_iter().map(|f| f.name.as_str().to_owned()).collect::<Vec<_>>()
        };
        let default = ["INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"];
        assert_eq!(names(store.folders(doctor).await.unwrap()), default);
        let first = store.create_folder(doctor, &name("Patients"), NOW).await.unwrap();
        store.create_folder(doctor, &name("Patients/2026"), NOW).await.unwrap();
        assert!(matches!(
            store.create_folder(doctor, &name("Patients"), NOW).await,
            Err(Error::FolderExists)
        ));
        assert!(matches!(store.create_folder(doctor, &name("inbox"), NOW).await, Err(Error::FolderExists)));
        store.rename_folder(doctor, &name("Patients"), &name("Malades")).await.unwrap();
        assert_eq!(names(store.folders(doctor).await.unwrap())[6..], ["Malades", "Malades/2026"]);
        assert_eq!(store.folder(doctor, &name("Malades")).await.unwrap().uidvalidity, first.uidvalidity);
        for (case, from, to) in [
            ("the inbox", "INBOX", "Old"),
            ("below itself", "Malades", "Malades/x"),
            ("missing", "Patients", "x"),
            ("onto another", "Malades", "Sent"),
        ] {
            assert!(store.rename_folder(doctor, &name(from), &name(to)).await.is_err(), "{case}");
        }
        assert!(matches!(store.delete_folder(doctor, &name("Sent"), NOW).await, Err(Error::FolderKept(_))));
        let letter = store.sealed("kept there", b"x").await;
        let mut delivery = store.delivery(&letter, doctor).await;
        delivery.place = Place::Folder(first.id);
        store.write(vec![delivery]).await.unwrap();
        store.delete_folder(doctor, &name("Malades"), NOW).await.unwrap();
        assert_eq!(store.count("SELECT COUNT(*) FROM body").await, 0);
        let again = store.create_folder(doctor, &name("Malades"), NOW).await.unwrap();
        assert!(again.uidvalidity > first.uidvalidity, "{}: an old UIDVALIDITY came back", store.engine);
        assert!(matches!(store.folder(doctor, &name("x")).await, Err(Error::NoFolder)));
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_long_letter_streams_through_a_blob_and_is_read_in_part() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let long: Vec<u8> =
            (0..5_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let got = store.receive("images", &long, doctor).await;
        let [file] = &store.blob_files()[..] else { panic!("one blob") };
        let stored = std::fs::metadata(file).unwrap().len();
        assert!(stored < long.len() as u64 * 103 / 100, "{stored} octets are written for {}", long.len());
        let row = store.all_entries(doctor, got.folder).await.unwrap().remove(0);
        let mut body = store.body(doctor, row.body).await.unwrap();
        assert_eq!(body.size(), long.len() as u64);
        for range in [0..10, 65_530..65_550, 4_999_990..5_000_100, 70_000..400_000, 5_000_000..5_000_001] {
            let want = &long[(range.start as usize).min(long.len())..(range.end as usize).min(long.len())];
            assert_eq!(body.range(range.clone()).await.unwrap(), want, "{range:?}");
        }
        let mut rest = 0..u64::MAX;
        let mut whole = Vec::new();
        while let Some(piece) = body.next(&mut rest).await.unwrap() {
            assert!(piece.len() <= 4 * 65_536, "a piece of {} octets", piece.len());
            whole.extend_from_slice(&piece);
        }
        assert!(whole == long);
        store.assert_clean().await;

        // A letter given up leaves nothing behind.
        let mut writer = store.body_writer(NOW);
        writer.push(&long).await.unwrap();
        assert_eq!(store.blob_files().len(), 2);
        drop(writer);
        assert_eq!(store.blob_files().len(), 1);

        // One removed leaves its blob to the sweeper, a day later.
        store
            .store_flags(
                doctor,
                got.folder,
                &[got.uid],
                FlagChange::Add(Marks::new(Flags::DELETED, &[])),
                None,
            )
            .await
            .unwrap();
        store.expunge(doctor, got.folder, None).await.unwrap();
        let file_time = std::fs::metadata(file).unwrap().modified().unwrap();
        let written = file_time.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
        assert_eq!(store.sweep(names::Timestamp(written + names::HOUR)).await.unwrap(), (0, 0));
        assert_eq!(store.sweep(names::Timestamp(written + 2 * names::DAY)).await.unwrap(), (1, 0));
        assert!(store.blob_files().is_empty());
    }
}

#[tokio::test]
async fn a_body_is_read_before_it_has_a_row() {
    for store in stores().await {
        for size in [0, 100, 400_000] {
            let plain: Vec<u8> = (0..size).map(|n: u32| n as u8).collect();
            let sealed = store.sealed("Résultats", &plain).await;
            let mut reader = store.reader_of(&sealed.body).unwrap();
            assert_eq!(reader.range(0..u64::MAX).await.unwrap(), plain, "{} {size}", store.engine);
            let half = (plain.len() / 2) as u64;
            assert_eq!(
                reader.range(half..half + 10).await.unwrap(),
                plain[half as usize..].get(..10).unwrap_or(&[])
            );
        }
    }
}

#[tokio::test]
async fn a_body_whose_write_failed_once_is_never_finished() {
    for store in stores().await {
        let mut writer = store.body_writer(NOW);
        let long = vec![7; 2_000_000];
        std::fs::remove_dir(store.blobs().join("tmp")).unwrap();
        assert!(matches!(writer.push(&long).await, Err(Error::Blob { .. })), "{}", store.engine);
        std::fs::create_dir(store.blobs().join("tmp")).unwrap();
        // The disk is well again, but what came before is lost: the letter must not be kept in part.
        assert!(writer.push(&long).await.is_err());
        assert!(writer.finish().await.is_err());
        assert!(store.blob_files().is_empty());
    }
}
