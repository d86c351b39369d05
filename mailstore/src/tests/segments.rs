//! Bodies that share a file: kept together, read in part, given back when dead.

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use names::{AccountId, DAY, Timestamp};

use crate::body::StoredBody;
use crate::testing::{NOW, TestStore, stores};
use crate::{Delivered, Depth, Error, FlagChange, Flags, Marks, SealedLetter, limits};

/// What letter `number` says: 50 kB that nothing can shorten.
fn text(number: u32) -> Vec<u8> {
    (0..50_000_u32)
        .map(|at| (at.wrapping_add(number * 77_777).wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

async fn letters(store: &TestStore, account: AccountId, count: u32) -> Vec<Delivered> {
    let mut kept = Vec::new();
    for number in 0..count {
        kept.push(store.receive(&format!("Lettre {number}"), &text(number), account).await);
    }
    kept
}

/// Reads letter `number` where its entry says it stands.
async fn read(store: &TestStore, account: AccountId, letter: &Delivered) -> Result<Vec<u8>, Error> {
    let entries = store.all_entries(account, letter.folder).await?;
    let entry = entries.into_iter().find(|entry| entry.uid == letter.uid).unwrap();
    Ok(store.body(account, entry.body).await?.range(0..u64::MAX).await?.to_vec())
}

#[tokio::test]
async fn no_row_is_written_of_a_body_that_a_power_cut_would_take() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let mut letters = Vec::new();
        for number in 0..2 {
            let mut writer = store.body_writer(NOW);
            writer.push(&text(number)).await.unwrap();
            let body = writer.finish_written().await.unwrap();
            let head = store.seal_head(&body, b"Subject: long\r\n\r\n", b"summary", NOW);
            letters.push(SealedLetter { body: Arc::new(body), head: Arc::new(head) });
        }
        let delivery = store.delivery(&letters[0], doctor).await;
        let refused = store.write(vec![delivery.clone()]).await;
        assert!(matches!(refused, Err(Error::NotOnDisk(id)) if id == letters[0].body.id()), "{refused:?}");
        store.secure(letters.iter().map(|letter| &*letter.body)).await.unwrap();
        let kept = store.write(vec![delivery]).await.unwrap().remove(0);
        assert!(read(&store, doctor, &kept).await.unwrap() == text(0), "{}", store.engine);
        store.assert_clean().await;
    }
}

async fn remove(store: &TestStore, account: AccountId, letters: &[Delivered]) {
    let uids: Vec<_> = letters.iter().map(|letter| letter.uid).collect();
    let deleted = FlagChange::Add(Marks::new(Flags::DELETED, &[]));
    store.store_flags(account, letters[0].folder, &uids, deleted, None).await.unwrap();
    assert_eq!(store.expunge(account, letters[0].folder, Some(&uids)).await.unwrap().len(), uids.len());
}

fn written_at(path: &Path) -> Timestamp {
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    Timestamp(modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64)
}

/// `(removed, copied out, cut)`.
async fn sweep(store: &TestStore, now: Timestamp) -> (u64, u64, u64) {
    let swept = store.sweep_segments(now).await.unwrap();
    (swept.removed, swept.copied_out, swept.cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_middle_size_share_a_file_and_are_read_in_part() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let all = letters(&store, doctor, 12).await;
        let [segment] = &store.segment_files()[..] else { panic!("one segment") };
        assert!(store.blobs_of_their_own().is_empty());
        for (number, letter) in all.iter().enumerate() {
            assert!(read(&store, doctor, letter).await.unwrap() == text(number as u32), "letter {number}");
        }
        let entry = store.all_entries(doctor, all[7].folder).await.unwrap().remove(7);
        let mut body = store.body(doctor, entry.body).await.unwrap();
        assert_eq!(body.range(40_000..40_010).await.unwrap(), text(7)[40_000..40_010]);
        assert_eq!(body.range(49_995..60_000).await.unwrap(), text(7)[49_995..]);
        store.assert_clean().await;
        let segment = segment.clone();
        let store = store.again().await;
        let stored = std::fs::metadata(&segment).unwrap().len();
        assert_eq!(stored, 12 * (50_000 + 16), "{}: bodies lie close, nothing behind them", store.engine);
        // The next process begins a segment of its own.
        letters(&store, doctor, 1).await;
        assert_eq!(store.segment_files().len(), 2);
        store.assert_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_come_at_once_are_all_kept_whole() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let store = std::sync::Arc::new(store);
        let tasks = (0..24).map(|number| {
            let store = store.clone();
            let size = [20_000, 70_000, 300_000][number as usize % 3];
            tokio::spawn(async move {
                let whole = text(number).into_iter().cycle().take(size).collect::<Vec<u8>>();
                let letter = store.receive("x", &whole, doctor).await;
                assert!(read(&store, doctor, &letter).await.unwrap() == whole, "letter {number}");
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(store.segment_files().len(), 1);
        let report = store.verify(Depth::Contents, NOW).await.unwrap();
        assert_eq!((report.findings.len(), report.dead_octets), (0, 0), "{:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_leaves_behind_the_last_letter_is_cut_after_a_day() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let all = letters(&store, doctor, 3).await;
        // Kept, and its row never came.
        store.sealed("x", &text(3)).await;
        let store = store.again().await;
        let [segment] = &store.segment_files()[..] else { panic!("one segment") };
        let mut torn = std::fs::OpenOptions::new().append(true).open(segment).unwrap();
        torn.write_all(&[7; 12_345]).unwrap();
        let written = written_at(segment);
        assert_eq!(sweep(&store, written.plus(DAY / 2)).await, (0, 0, 0), "it may be a letter under way");
        assert_eq!(sweep(&store, written.plus(2 * DAY)).await, (0, 0, 50_016 + 12_345));
        assert_eq!(std::fs::metadata(segment).unwrap().len(), 3 * 50_016, "{}", store.engine);
        assert!(read(&store, doctor, &all[2]).await.unwrap() == text(2));
        store.assert_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_written_since_the_folder_was_listed_is_left_alone() {
    for store in stores().await {
        let doctor = store.doctor().await;
        letters(&store, doctor, 1).await;
        // On disk, and its row is to come.
        let letter = store.sealed("x", &text(1)).await;
        let at = match &letter.body.stored {
            StoredBody::Segment(at) => *at,
            other => panic!("{}", matches!(other, StoredBody::Inline(_))),
        };
        let folder = store.segment_files().remove(0);
        let written = written_at(&folder);
        let store = store.again().await;
        // Whatever the sweeper read in the folder, it comes to this segment now.
        let mut swept = Default::default();
        store.sweep_segment(at.segment, written.plus(DAY / 2), &mut swept).await.unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().len(), 2 * 50_016, "{}", store.engine);
        store.sweep_segment(at.segment, written.plus(2 * DAY), &mut swept).await.unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().len(), 50_016, "{}", store.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_being_written_is_left_alone_however_late_it_is() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let all = letters(&store, doctor, 3).await;
        remove(&store, doctor, &all).await;
        assert_eq!(sweep(&store, NOW.plus(1_000 * DAY)).await, (0, 0, 0), "{}", store.engine);
        letters(&store, doctor, 1).await;
        assert_eq!(store.segment_files().len(), 1);
        store.assert_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_living_are_copied_out_of_a_segment_mostly_dead_and_it_goes_a_day_later() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let all = letters(&store, doctor, 9).await;
        let store = store.again().await;
        let [old] = &store.segment_files()[..] else { panic!("one segment") };
        remove(&store, doctor, &all[..4]).await;
        let late = written_at(old).plus(2 * DAY);
        assert_eq!(sweep(&store, late).await, (0, 0, 0), "less than half is dead");
        remove(&store, doctor, &all[5..7]).await;
        assert_eq!(sweep(&store, written_at(old).plus(DAY / 2)).await, (0, 0, 0), "too young");
        let entry = store.all_entries(doctor, all[4].folder).await.unwrap().remove(0);
        let mut before = store.body(doctor, entry.body).await.unwrap();
        assert_eq!(sweep(&store, late).await, (0, 1, 0), "{}", store.engine);
        assert_eq!(store.segment_files().len(), 2, "who reads the old one goes on");
        assert!(before.range(0..u64::MAX).await.unwrap() == text(4));
        for number in [4, 7, 8] {
            assert!(read(&store, doctor, &all[number]).await.unwrap() == text(number as u32), "{number}");
        }
        store.assert_clean().await;
        assert_eq!(sweep(&store, late.plus(DAY / 2)).await, (0, 0, 0));
        assert_eq!(sweep(&store, late.plus(2 * DAY)).await, (1, 0, 0));
        assert_eq!(store.segment_files().len(), 1);
        assert!(read(&store, doctor, &all[8]).await.unwrap() == text(8));
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn without_room_to_wait_in_a_letter_goes_to_a_file_of_its_own() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let whole: Vec<u8> = text(0).repeat(8);
        let mut others = store.segments().staged();
        assert!(store.segments().stage(&mut others, limits::STAGING_KIB * 1_024 - 100 * 1_024));
        let letter = store.receive("x", &whole, doctor).await;
        assert_eq!((store.blobs_of_their_own().len(), store.segment_files().len()), (1, 0));
        assert!(read(&store, doctor, &letter).await.unwrap() == whole);
        drop(others);
        // What waited gave its room back, whichever way it went.
        let letter = store.receive("x", &whole, doctor).await;
        assert_eq!((store.blobs_of_their_own().len(), store.segment_files().len()), (1, 1));
        assert!(read(&store, doctor, &letter).await.unwrap() == whole);
        let mut all = store.segments().staged();
        assert!(store.segments().stage(&mut all, limits::STAGING_KIB * 1_024), "{}", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn a_disk_that_failed_costs_the_letters_that_waited_and_no_other() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let folder = store.blobs().join("segments");
        std::fs::remove_dir(&folder).unwrap();
        let mut writer = store.body_writer(NOW);
        writer.push(&text(0)).await.unwrap();
        assert!(matches!(writer.finish().await, Err(Error::Blob { .. })), "{}", store.engine);
        std::fs::create_dir(&folder).unwrap();
        let letter = letters(&store, doctor, 1).await.remove(0);
        assert!(read(&store, doctor, &letter).await.unwrap() == text(0));
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn verify_finds_a_flipped_bit_in_a_segment_and_a_segment_that_is_cut_or_gone() {
    for store in stores().await {
        let doctor = store.doctor().await;
        letters(&store, doctor, 3).await;
        let [segment] = &store.segment_files()[..] else { panic!("one segment") };
        let file = std::fs::OpenOptions::new().read(true).write(true).open(segment).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, 60_000).unwrap();
        file.write_all_at(&[byte[0] ^ 1], 60_000).unwrap();
        let found = |report: crate::Report, what: &str| {
            assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
            assert!(report.findings[0].what.contains(what), "{:?}", report.findings);
        };
        found(store.verify(Depth::Contents, NOW).await.unwrap(), "cannot be read");
        file.write_all_at(&byte, 60_000).unwrap();
        store.assert_clean().await;
        file.set_len(3 * 50_016 - 1).unwrap();
        found(store.verify(Depth::Rows, NOW).await.unwrap(), "ends behind its segment");
        std::fs::write(segment.with_file_name("note.txt"), b"").unwrap();
        std::fs::remove_file(segment).unwrap();
        let report = store.verify(Depth::Rows, NOW).await.unwrap();
        let missing = report.findings.iter().filter(|finding| finding.what.contains("is missing"));
        assert_eq!(missing.count(), 3, "{}: {:?}", store.engine, report.findings);
        assert!(report.findings.iter().any(|finding| finding.invariant == "V10"), "{:?}", report.findings);
    }
}
