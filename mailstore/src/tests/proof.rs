//! What must hold when somebody steals, breaks or repeats.

use std::io::{Read, Seek, SeekFrom, Write};

use names::{Address, PartyId, QueueId, Timestamp};

use crate::testing::{NOW, TestStore, stores};
use crate::{Confidentiality, Depth, DocumentDraft, Error, FolderName, Thread, Trace, TracedRecipient};

/// Words put everywhere a letter can hide one; none may be found on the disk.
const CANARIES: [&str; 20] = [
    "canary-subject",
    "canary-other-subject",
    "canary-body",
    "canary-long-body",
    "canary-title",
    "canary-file",
    "canary-author",
    "canary-publisher",
    "canary-folder",
    "canary-thread",
    "canary-address",
    "canary-sender",
    "canary-recipient",
    "canary-reply",
    "canary-message-id",
    "canary-summary",
    "canary-rule",
    "canary-accepted",
    "canary-renamed",
    "canary-draft",
];

/// A store with every canary in it; answers the patient.
async fn haunted(store: &TestStore) -> names::AccountId {
    let [
        subject,
        other,
        body,
        long,
        title,
        file,
        author,
        publisher,
        folder,
        thread_word,
        address,
        sender,
        recipient,
        reply,
        message,
        summary,
        rule,
        accepted,
        renamed,
        draft_word,
    ] = CANARIES;
    let patient = store.patient().await;
    let owner = store.key(patient).await.unwrap();
    let letter = store.sealed(&format!("{subject} {summary}"), body.as_bytes()).await;
    let mut thread = store.thread(&owner, thread_word.as_bytes(), other, NOW);
    thread.participants = vec![PartyId(9)];
    let mut delivery = store.threaded(&letter, patient, thread).await;
    let document = DocumentDraft {
        title: title.into(),
        file_name: file.into(),
        category: "other".into(),
        mime: "text/plain".into(),
        size: 1,
        act_date: NOW,
        author: None,
        author_name: author.into(),
        publisher: PartyId(9),
        publisher_name: publisher.into(),
        entry: delivery.entry,
        queue: Some(QueueId(5)),
        body: letter.body.id(),
        part: 0..1,
        encoding: "7bit".into(),
        confidentiality: Confidentiality::NONE,
    };
    delivery.documents = vec![store.new_document(&owner, &document, NOW)];
    store.write(vec![delivery]).await.unwrap();
    // One in a segment, and one in a file of its own.
    store.receive(draft_word, long.repeat(4_000).as_bytes(), patient).await;
    store.receive(draft_word, long.repeat(80_000).as_bytes(), patient).await;
    let name = |text: &str| FolderName::parse(text).unwrap();
    store.create_folder(patient, &name(folder), NOW).await.unwrap();
    store.rename_folder(patient, &name(folder), &name(renamed)).await.unwrap();
    let trace = Trace {
        queue: QueueId(5),
        at: NOW,
        door: "submission".into(),
        account: None,
        body: None,
        size: 10,
        message_id: Some(message.into()),
        envelope_id: None,
        sender: sender.into(),
        claims: crate::Claims::NONE,
        recipients: vec![TracedRecipient {
            address: recipient.into(),
            rule: rule.into(),
            outcome: "refused".into(),
            reply: reply.into(),
        }],
    };
    let address = Address::parse(&format!("{address}@operator.fr")).unwrap();
    let key = store.accepted_key(&[accepted.as_bytes()], None);
    let recipients = store.accepted_recipients(key, [recipient]);
    let passage = crate::Passage { key, recipients, queue: QueueId(5), expires_at: NOW.plus(1) };
    let parameters = (store.store.clone(), trace, address, passage);
    let unit = db::unit("haunt", parameters, |(store, trace, address, passage), tx| {
        Box::pin(async move {
            store.write_traces(tx, std::slice::from_ref(trace)).await?;
            store.ensure_parties(tx, std::slice::from_ref(address), NOW).await?;
            store.accept(tx, std::slice::from_ref(passage), NOW).await
        })
    });
    store.db().write(unit).await.unwrap();
    let why = store.why(QueueId(5)).await.unwrap().unwrap();
    assert_eq!((why.sender.as_str(), why.recipients[0].reply.as_str()), (sender, reply));
    patient
}

fn holds_canary(bytes: &[u8]) -> Option<&'static str> {
    CANARIES.into_iter().find(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

#[tokio::test]
async fn what_stands_on_the_disk_holds_no_word_of_a_letter() {
    for store in stores().await {
        haunted(&store).await;
        let mut read = 0;
        let folders = [store.data.folder(), store.keys.folder()].into_iter().flatten().map(Into::into);
        let files = folders
            .flat_map(|folder: std::path::PathBuf| {
                std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path())
            })
            .chain(store.blob_files());
        for file in files.filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file).unwrap();
            read += bytes.len();
            assert_eq!(holds_canary(&bytes), None, "in {}", file.display());
        }
        assert!(read > 300_000, "the files read are the ones written");
        // PostgreSQL's files are its own; its dump is what can be stolen.
        for sql in [
            "SELECT sealed_name, name_hash FROM folder",
            "SELECT frames FROM head WHERE frames IS NOT NULL",
            "SELECT sealed_block, sealed_summary FROM head",
            "SELECT wrapped FROM body_key",
            "SELECT sealed_address, address_hash FROM party WHERE account IS NULL",
            "SELECT sealed_subject, thread_hash FROM conversation",
            "SELECT sealed_details FROM document",
            "SELECT key FROM accepted",
            "SELECT sealed_trace, message_hash FROM letter",
        ] {
            let rows = store.db().read().await.unwrap().rows(sql, db::args![]).await.unwrap();
            assert!(!rows.is_empty(), "{sql}");
            let columns = if sql.contains(", ") { 2 } else { 1 };
            for row in &rows {
                for column in 0..columns {
                    assert_eq!(holds_canary(&row.bytes(column).unwrap()), None, "{sql}");
                }
            }
        }
        store.assert_clean().await;
    }
}

#[tokio::test]
async fn without_its_key_nothing_of_an_account_opens() {
    for store in stores().await {
        let patient = haunted(&store).await;
        let conversation =
            store.conversations(patient, crate::Viewer::Patient, None, 1).await.unwrap().remove(0);
        let letters = store.letters(patient, conversation.id, crate::Viewer::Patient).await.unwrap();
        let (head, body) = (letters[0].entry.head, letters[0].entry.body);
        store.destroy_key(patient, NOW).await.unwrap();
        let no_key = |error: Error| assert!(matches!(error, Error::NoKey(_)), "{}: {error}", store.engine);
        no_key(store.summaries(patient, &[head]).await.unwrap_err());
        no_key(store.header_blocks(patient, &[head]).await.unwrap_err());
        no_key(store.body(patient, body).await.unwrap_err());
        no_key(store.conversations(patient, crate::Viewer::Patient, None, 1).await.unwrap_err());
        no_key(store.documents(patient, None, crate::Viewer::Patient, None, 1).await.unwrap_err());
        no_key(store.folders(patient).await.unwrap_err());
        assert_eq!(store.destroyed_keys().await.unwrap(), [(patient, NOW)]);
        // A key made anew opens nothing of what was.
        let unit = db::unit("again", patient, |patient, tx| {
            Box::pin(async move {
                const MADE: &str = "INSERT INTO account_key (account, wrapped, created_at)
                    SELECT $1, wrapped, created_at FROM account_key WHERE account = 0";
                tx.execute(MADE, db::args![*patient]).await
            })
        });
        store.keys.write(unit).await.unwrap();
        assert!(matches!(store.body(patient, body).await, Err(Error::Sealed { .. })));
    }
}

#[tokio::test]
async fn verify_finds_each_planted_damage() {
    let damages = [
        (
            "a folder that counts wrong",
            "UPDATE folder SET messages = messages + 1 WHERE role = 'inbox'",
            "V6",
        ),
        ("a folder whose next uid is taken", "UPDATE folder SET uid_next = 1 WHERE role = 'inbox'", "V3"),
        ("a folder behind its entries", "UPDATE folder SET modseq = 0 WHERE role = 'inbox'", "V3"),
        ("a conversation that counts wrong", "UPDATE conversation SET unread = unread + 1", "V6"),
        ("a head that is gone", "DELETE FROM head", "V2"),
        ("a body that is gone", "DELETE FROM body WHERE blob IS NULL", "V2"),
        ("a key that is gone", "DELETE FROM body_key WHERE account <> 0", "V7"),
        ("a use not counted", "UPDATE body_key SET uses = 0", "V6"),
        ("an entry of another account", "UPDATE entry SET account = account + 1", "V7"),
        ("a conversation of another account", "UPDATE conversation SET account = account + 1", "V7"),
        ("heads that changed places", "UPDATE head SET sealed_block = sealed_summary", "V2"),
        (
            "a subject of another place",
            "UPDATE conversation SET sealed_subject = (SELECT sealed_details FROM document)",
            "V2",
        ),
        ("a key of another body", "UPDATE body_key SET wrapped = (SELECT MIN(wrapped) FROM body_key)", "V2"),
        ("a body of another size", "UPDATE body SET size = size + 1", "V2"),
        ("a body in two places", "UPDATE body SET segment = 1, place = 0 WHERE blob IS NOT NULL", "V2"),
        ("a body on another", "UPDATE body SET place = place + 1 WHERE segment IS NOT NULL", "V2"),
        ("a segment nobody wrote", "UPDATE body SET segment = 1 WHERE segment IS NOT NULL", "V2"),
        ("a body beyond its segment", "UPDATE body SET place = 99000000 WHERE segment IS NOT NULL", "V2"),
        ("half a place", "UPDATE body SET place = NULL WHERE segment IS NOT NULL", "V2"),
        (
            "a blob nobody wrote",
            "UPDATE body SET blob = 'ffffffffffffffffffffffffffffffff' WHERE blob IS NOT NULL",
            "V2",
        ),
    ];
    for (at, (case, sql, invariant)) in damages.into_iter().enumerate() {
        for store in stores().await {
            // The questions are the same text on both engines: every second one is enough there. (And
            // PostgreSQL knows no MIN of bytes.)
            if store.engine == "PostgreSQL" && (at % 2 == 1 || sql.contains("MIN(wrapped)")) {
                continue;
            }
            haunted(&store).await;
            store.assert_clean().await;
            store.damage(sql).await;
            let report = store.verify(Depth::Contents, NOW).await.unwrap();
            let found = report.findings.iter().any(|finding| finding.invariant == invariant);
            assert!(found, "{case} on {}: {:?}", store.engine, report.findings);
        }
    }
}

#[tokio::test]
async fn verify_finds_a_flipped_bit_in_a_blob_and_a_blob_that_is_gone() {
    for store in stores().await {
        haunted(&store).await;
        let [blob] = &store.blobs_of_their_own()[..] else { panic!("one blob") };
        let size = std::fs::metadata(blob).unwrap().len();
        for at in [0, size / 2, size - 1] {
            flip(blob, at);
            let report = store.verify(Depth::Contents, NOW).await.unwrap();
            assert!(
                report.findings.iter().any(|f| f.what.contains("cannot be read")),
                "{at}: {:?}",
                report.findings
            );
            flip(blob, at);
        }
        store.assert_clean().await;
        std::fs::write(store.blobs().join("aa").join("a".repeat(32)), b"nobody's").unwrap();
        let later = Timestamp(NOW.0 + 10_000 * names::DAY);
        assert_eq!(store.verify(Depth::Rows, later).await.unwrap().orphan_blobs, 1);
        std::fs::remove_file(blob).unwrap();
        let report = store.verify(Depth::Rows, NOW).await.unwrap();
        assert!(
            report.findings.iter().any(|finding| finding.what.contains("missing")),
            "{:?}",
            report.findings
        );
    }
}

fn flip(path: &std::path::Path, at: u64) {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ 1]).unwrap();
}

fn trace_of(queue: QueueId) -> Trace {
    Trace {
        queue,
        at: NOW,
        door: "submission".into(),
        account: None,
        body: None,
        size: 0,
        message_id: None,
        envelope_id: None,
        sender: "a@b.fr".into(),
        claims: crate::Claims::NONE,
        recipients: Vec::new(),
    }
}

#[tokio::test]
async fn a_letter_sent_again_gets_its_first_answer_until_that_expires() {
    use crate::Taken::{Again, Now};
    for store in stores().await {
        let key = store.accepted_key(&[b"login", b"sender", b"hash"], Some(NOW));
        assert_ne!(
            key,
            store.accepted_key(&[b"loginsender", b"", b"hash"], Some(NOW)),
            "parts are told apart"
        );
        let later = NOW.plus(names::HOUR);
        let passage = |queue, expires_at| passage(&store, queue, &["a@b.fr"], expires_at);
        let twice = vec![passage(1, later), passage(2, later)];
        assert_eq!(accept(&store, twice, NOW).await, [Now, Again(QueueId(1))], "{}", store.engine);
        let next = NOW.plus(1);
        assert_eq!(accept(&store, vec![passage(3, later)], next).await, [Again(QueueId(1))]);
        assert_eq!(accept(&store, vec![passage(1, later)], next).await, [Now], "run again");
        let parameters = (store.store.clone(), trace_of(QueueId(1)));
        let unit = db::unit("trace", parameters, |(store, trace), tx| {
            Box::pin(store.write_traces(tx, std::slice::from_ref(trace)))
        });
        store.db().write(unit).await.unwrap();
        let own = [Again(QueueId(1))];
        assert_eq!(accept(&store, vec![passage(1, later)], next).await, own, "kept before");
        let who = ["a@b.fr", "c@b.fr"];
        let found = store.accepted(key, &who, next).await.unwrap();
        assert_eq!(found, Some((QueueId(1), vec![true, false])), "{}", store.engine);
        assert_eq!(store.accepted(key, &who, later).await.unwrap(), None, "{}: expired", store.engine);
        let end = later.plus(names::HOUR);
        assert_eq!(accept(&store, vec![passage(4, end)], later).await, [Now]);
        assert_eq!(accept(&store, vec![passage(5, end)], later).await, [Again(QueueId(4))]);
        assert_eq!(store.due(end).await.unwrap().accepted, 1);
        assert_eq!(store.retain(end).await.unwrap().rows.accepted, 1);
        assert_eq!(store.due(end).await.unwrap(), crate::Due::default());
    }
}

fn passage(store: &TestStore, queue: i64, recipients: &[&str], expires_at: Timestamp) -> crate::Passage {
    let key = store.accepted_key(&[b"login", b"sender", b"hash"], Some(NOW));
    let recipients = store.accepted_recipients(key, recipients.iter().copied());
    crate::Passage { key, recipients, queue: QueueId(queue), expires_at }
}

async fn accept(store: &TestStore, passages: Vec<crate::Passage>, now: Timestamp) -> Vec<crate::Taken> {
    let parameters = (store.store.clone(), passages, now);
    let unit = db::unit("accept", parameters, |(store, passages, now), tx| {
        Box::pin(async move {
            let taken = store.accept(tx, passages, *now).await?;
            for (passage, taken) in passages.iter().zip(&taken) {
                if let crate::Taken::More(all) = taken {
                    store.join(tx, &[(passage.key, all.clone(), passage.expires_at)]).await?;
                }
            }
            Ok::<_, crate::Error>(taken)
        })
    });
    store.db().write(unit).await.unwrap()
}

/// What a passage may do is a word here: `More` says all whom the letter was taken for.
#[tokio::test]
async fn for_whom_a_letter_was_taken_is_remembered_one_by_one() {
    use crate::Taken;
    for store in stores().await {
        let later = NOW.plus(names::HOUR);
        let mut next = 0;
        for (what, together, said) in [
            ("two recipients", vec![vec!["a", "b"]], vec!["now"]),
            ("fewer", vec![vec!["b"]], vec!["again 1"]),
            ("one more beside one who has it", vec![vec!["a", "c"]], vec!["partly"]),
            ("only the one more, and its repeat", vec![vec!["c"], vec!["c"]], vec!["more 3", "again 4"]),
            ("all of them", vec![vec!["a", "b", "c"]], vec!["again 1"]),
            ("two others in one unit", vec![vec!["d"], vec!["e"]], vec!["more 4", "partly"]),
            ("the other comes again", vec![vec!["e"]], vec!["more 5"]),
        ] {
            let passages = together.iter().map(|recipients| {
                next += 1;
                passage(&store, next, recipients, later)
            });
            let passages = passages.collect();
            let words = accept(&store, passages, NOW).await.into_iter().map(|taken| match taken {
                Taken::Now => "now".to_owned(),
                Taken::Again(QueueId(queue)) => format!("again {queue}"),
                Taken::Partly => "partly".to_owned(),
                Taken::More(all) => format!("more {}", all.len()),
            });
            assert_eq!(words.collect::<Vec<_>>(), said, "{}: {what}", store.engine);
        }
    }
}

#[tokio::test]
async fn old_traces_and_bodies_without_owner_are_removed_in_their_time() {
    for store in stores().await {
        haunted(&store).await;
        store.damage("DELETE FROM entry").await;
        store.damage("DELETE FROM body_key WHERE account <> 0").await;
        assert_eq!(store.due(NOW).await.unwrap().bodies, 3);
        let far = NOW.plus(500 * names::DAY);
        let swept = store.retain(far).await.unwrap();
        assert_eq!((swept.rows.bodies, swept.rows.traces, swept.blobs), (3, 1, 1), "{}", store.engine);
        assert!(store.why(QueueId(5)).await.unwrap().is_none());
        assert_eq!(store.count("SELECT COUNT(*) FROM head").await, 0);
    }
}

#[tokio::test]
async fn a_thread_of_the_same_name_is_another_for_another_account() {
    for store in stores().await {
        let (one, two) = (store.patient().await, store.patient().await);
        let letter = store.sealed("x", b"").await;
        let mut deliveries = Vec::new();
        for account in [one, two] {
            let owner = store.key(account).await.unwrap();
            let thread: Thread = store.thread(&owner, b"same", "Sujet", NOW);
            deliveries.push(store.threaded(&letter, account, thread).await);
        }
        let done = store.write(deliveries).await.unwrap();
        assert_ne!(done[0].conversation, done[1].conversation, "{}", store.engine);
        store.assert_clean().await;
    }
}
