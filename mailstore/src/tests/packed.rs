//! Bodies whose base64 is kept as what it carries: nobody but the disk notices (ADR 0035).

use std::collections::HashSet;

use names::{AccountId, DAY, Timestamp};

use crate::testing::{NOW, TestStore, stores};
use crate::{Delivered, Depth, FlagChange, Flags, Marks, Role};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A letter with a document: `size` octets, all but the first base64 in lines that nothing else can shorten.
fn document(size: usize) -> Vec<u8> {
    let head = b"--limite\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let symbol = |at: usize| ALPHABET[((at as u32).wrapping_mul(2_654_435_761) >> 26) as usize];
    let line = |line: usize| (0..76).map(move |column| symbol(line * 76 + column)).chain(*b"\r\n");
    head.iter().copied().chain((0..).flat_map(line)).take(size).collect()
}

/// Small, in a segment, in a file of its own; at the edges of frames.
const SIZES: [usize; 7] = [9_000, 50_000, 65_536, 65_537, 200_000, 1_300_000, 3_000_000];

async fn read(store: &TestStore, account: AccountId, letter: &Delivered) -> Vec<u8> {
    let entries = store.all_entries(account, letter.folder).await.unwrap();
    let entry = entries.into_iter().find(|entry| entry.uid == letter.uid).unwrap();
    store.body(account, entry.body).await.unwrap().range(0..u64::MAX).await.unwrap().to_vec()
}

fn octets_on_disk(store: &TestStore) -> u64 {
    store.blob_files().iter().map(|file| std::fs::metadata(file).unwrap().len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_kept_in_three_quarters_of_its_letter_and_read_back_whole_and_in_part() {
    for store in stores().await {
        let doctor = store.doctor().await;
        for size in SIZES {
            let whole = document(size);
            let sealed = store.sealed("compte rendu", &whole).await;
            assert_eq!(sealed.body.size(), size as u64, "the letter's octets count, not those on disk");
            let mut unwritten = store.reader_of(&sealed.body).unwrap();
            assert!(unwritten.range(0..u64::MAX).await.unwrap() == whole, "{size} before it has a row");
            let delivery = store.delivery(&sealed, doctor).await;
            let letter = store.write(vec![delivery]).await.unwrap().remove(0);
            assert!(read(&store, doctor, &letter).await == whole, "{} {size}", store.engine);
            let entry = store.all_entries(doctor, letter.folder).await.unwrap().pop().unwrap();
            let head = b"Subject: compte rendu\r\n\r\n".len();
            assert_eq!(entry.size, (head + size) as u64, "RFC822.SIZE");
            let mut body = store.body(doctor, entry.body).await.unwrap();
            assert_eq!(body.size(), size as u64);
            let end = size as u64;
            for range in [0..10, 65_530..65_550, end - 5..end + 5, end / 3..end / 2, end..end + 1] {
                let cut = |octet: u64| octet.min(end) as usize;
                let want = &whole[cut(range.start)..cut(range.end)];
                assert!(body.range(range.clone()).await.unwrap() == want, "{size} {range:?}");
            }
        }
        store.assert_clean().await;
        let store = store.again().await;
        let kept = octets_on_disk(&store);
        let whole: usize = SIZES[1..].iter().sum();
        assert!(kept * 1_000 < whole as u64 * 740, "{}: {kept} octets for {whole}", store.engine);
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn letters_with_and_without_documents_share_a_file_and_one_kept_as_it_is_has_no_cuts() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let text =
            "Madame, Monsieur,\r\nvoici le compte rendu de la consultation.\r\n".repeat(900).into_bytes();
        let mut letters = Vec::new();
        for number in 0..6 {
            let whole = if number % 2 == 0 { document(50_000 + number) } else { text.clone() };
            letters.push((store.receive("x", &whole, doctor).await, whole));
        }
        assert_eq!(store.segment_files().len(), 1);
        for (letter, whole) in &letters {
            assert!(read(&store, doctor, letter).await == *whole, "{}", store.engine);
        }
        assert_eq!(store.count("SELECT COUNT(*) FROM body WHERE cuts IS NULL").await, 3);
        let report = store.verify(Depth::Contents, NOW).await.unwrap();
        assert_eq!((report.findings.len(), report.dead_octets), (0, 0), "{:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_letters_are_copied_out_of_a_segment_mostly_dead() {
    for store in stores().await {
        let doctor = store.doctor().await;
        let mut letters = Vec::new();
        for number in 0..8 {
            letters.push(store.receive("x", &document(40_000 + number * 30_000), doctor).await);
        }
        let store = store.again().await;
        let old = store.segment_files().remove(0);
        let uids: Vec<_> = letters[1..6].iter().map(|letter| letter.uid).collect();
        let deleted = FlagChange::Add(Marks::new(Flags::DELETED, &[]));
        store.store_flags(doctor, letters[0].folder, &uids, deleted, None).await.unwrap();
        store.expunge(doctor, letters[0].folder, Some(&uids)).await.unwrap();
        let modified = std::fs::metadata(&old).unwrap().modified().unwrap();
        let written = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
        let swept = store.sweep_segments(Timestamp(written + 2 * DAY)).await.unwrap();
        assert_eq!(swept.copied_out, 1, "{}", store.engine);
        for number in [0, 6, 7] {
            assert!(read(&store, doctor, &letters[number]).await == document(40_000 + number * 30_000));
        }
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn verify_finds_a_row_that_tells_of_other_cuts_and_the_body_is_refused() {
    for (case, sql) in [
        ("no cuts any more", "UPDATE body SET cuts = NULL WHERE cuts IS NOT NULL"),
        (
            "cuts of nobody",
            "UPDATE body SET cuts = (SELECT sealed_block FROM head WHERE head.id = body.id) WHERE cuts IS NOT NULL",
        ),
        ("another size", "UPDATE body SET size = size + 1 WHERE cuts IS NOT NULL"),
        ("a smaller size", "UPDATE body SET size = size - 1 WHERE cuts IS NOT NULL"),
    ] {
        for store in stores().await {
            let doctor = store.doctor().await;
            for size in [9_000, 50_000, 3_000_000] {
                store.receive("x", &document(size), doctor).await;
            }
            store.assert_clean().await;
            store.damage(sql).await;
            let report = store.verify(Depth::Contents, NOW).await.unwrap();
            let unread: HashSet<_> = report.findings.iter().map(|finding| &finding.what).collect();
            let engine = store.engine;
            assert!(report.findings.iter().all(|finding| finding.invariant == "V2"), "{case} on {engine}");
            let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap().id;
            for entry in store.all_entries(doctor, inbox).await.unwrap() {
                let body = entry.body;
                let told =
                    unread.iter().any(|what| what.contains(&format!("body {} cannot be read", body.0)));
                assert!(told, "{case} on {engine}: {unread:?}");
                let opened = async { store.body(doctor, body).await?.range(0..u64::MAX).await };
                assert!(opened.await.is_err(), "{case} on {engine}");
            }
        }
    }
}
