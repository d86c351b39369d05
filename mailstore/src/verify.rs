//! Proof of the store: what must hold after any crash (RELIABILITY §4.2, invariants V2, V3, V6, V7, V10).

use std::collections::{BTreeMap, HashSet};

use names::{AccountId, BodyId, HeadId, Timestamp};

use crate::blobs::{BlobName, blocking};
use crate::body::layout;
use crate::context::{self, Kind};
use crate::fetch::Where;
use crate::{Error, Mailstore, QUEUE, limits};

/// How far to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Rows, counters and the presence of blobs.
    Rows,
    /// And every sealed value is opened.
    Contents,
}

/// Something that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The invariant, as `V6`.
    pub invariant: &'static str,
    /// What is wrong, in words and numbers of rows.
    pub what: String,
}

/// What was looked at, and what was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// Bodies no account has a key to: waste, not damage.
    pub orphan_bodies: u64,
    /// Blobs no body refers to and old enough to be swept: waste, not damage.
    pub orphan_blobs: u64,
    /// Octets in segments between and before living bodies that belong to nobody: waste, not damage.
    pub dead_octets: u64,
    /// Bodies looked at.
    pub bodies: u64,
    /// Blobs looked at.
    pub blobs: u64,
    /// Segments looked at.
    pub segments: u64,
}

/// Questions whose every answer is a finding: (invariant, what it means, SQL giving one number).
const QUESTIONS: [(&str, &str, &str); 19] = [
    ("V3", "folder has given uids not below its next one",
        "SELECT DISTINCT f.id FROM folder f JOIN entries e ON e.folder = f.id WHERE e.uid >= f.uid_next"),
    ("V3", "folder has entries changed after its modification sequence",
        "SELECT DISTINCT f.id FROM folder f JOIN entries e ON e.folder = f.id WHERE e.modseq > f.modseq
            OR e.remarked > f.modseq OR e.remarked < e.modseq"),
    ("V3", "folder whose messages did not come in the order of their uids",
        "SELECT DISTINCT folder FROM (SELECT folder, modseq, LAG(modseq) OVER (PARTITION BY folder ORDER BY uid)
            AS before FROM entries) w WHERE before > modseq"),
    ("V3", "folder has a message both among its own and among the fresh ones",
        "SELECT DISTINCT f.folder FROM fresh_entry f JOIN entry e ON e.folder = f.folder AND e.uid = f.uid"),
    ("V6", "folder does not count its messages",
        "SELECT f.id FROM folder f LEFT JOIN (SELECT folder, COUNT(*) AS messages,
            SUM(CASE WHEN flags % 2 = 0 THEN 1 ELSE 0 END) AS unseen, SUM(size) AS size FROM entries GROUP BY folder) c
            ON c.folder = f.id WHERE f.messages <> COALESCE(c.messages, 0) OR f.unseen <> COALESCE(c.unseen, 0)
            OR f.size <> COALESCE(c.size, 0)"),
    ("V6", "conversation does not count its letters",
        "SELECT v.id FROM conversation v LEFT JOIN (SELECT conversation, COUNT(*) AS letters,
            SUM(CASE WHEN flags % 2 = 0 THEN 1 ELSE 0 END) AS unread FROM entries
            WHERE conversation IS NOT NULL AND hidden % 2 = 0 GROUP BY conversation) c
            ON c.conversation = v.id WHERE v.letters <> COALESCE(c.letters, 0) OR v.unread <> COALESCE(c.unread, 0)"),
    ("V6", "conversation does not count its letters as who acts for the patient sees them",
        "SELECT v.id FROM conversation v LEFT JOIN (SELECT conversation, COUNT(*) AS letters,
            SUM(CASE WHEN flags % 2 = 0 THEN 1 ELSE 0 END) AS unread FROM entries
            WHERE conversation IS NOT NULL AND hidden = 0 GROUP BY conversation) c
            ON c.conversation = v.id WHERE v.shared_letters <> COALESCE(c.letters, 0)
            OR v.shared_unread <> COALESCE(c.unread, 0)"),
    ("V6", "message key does not count its uses; body",
        "SELECT k.body FROM body_key k LEFT JOIN (SELECT body, account, COUNT(*) AS uses FROM
            (SELECT body, account FROM entries UNION ALL SELECT body, account FROM document) u GROUP BY body, account) c
            ON c.body = k.body AND c.account = k.account WHERE k.account <> 0 AND k.uses <> COALESCE(c.uses, 0)"),
    ("V7", "entry stands in no folder of its account; entry",
        "SELECT e.id FROM entries e LEFT JOIN folder f ON f.id = e.folder AND f.account = e.account WHERE f.id IS NULL"),
    ("V7", "subscription kept beside a folder of its name;",
        "SELECT s.id FROM subscription s JOIN folder f ON f.account = s.account AND f.name_hash = s.name_hash"),
    ("V7", "annotation of no folder of its account;",
        "SELECT a.id FROM annotation a LEFT JOIN folder f ON f.id = a.folder AND f.account = a.account
            WHERE a.folder <> 0 AND f.id IS NULL"),
    ("V7", "gist of no folder of its account; folder",
        "SELECT DISTINCT g.folder FROM gist g LEFT JOIN folder f ON f.id = g.folder AND f.account = g.account
            WHERE f.id IS NULL"),
    ("V2", "entry without its body or with a head of another; entry",
        "SELECT e.id FROM entries e LEFT JOIN head h ON h.id = e.head AND h.body = e.body
            LEFT JOIN body b ON b.id = e.body WHERE h.id IS NULL OR b.id IS NULL"),
    ("V7", "entry whose account has no key to its body; entry",
        "SELECT e.id FROM entries e LEFT JOIN body_key k ON k.body = e.body AND k.account = e.account
            WHERE k.body IS NULL"),
    ("V7", "entry in a conversation of another account; entry",
        "SELECT e.id FROM entries e LEFT JOIN conversation v ON v.id = e.conversation AND v.account = e.account
            WHERE e.conversation IS NOT NULL AND v.id IS NULL"),
    ("V7", "document whose account has no key to its body; document",
        "SELECT d.id FROM document d LEFT JOIN body_key k ON k.body = d.body AND k.account = d.account
            LEFT JOIN body b ON b.id = d.body WHERE k.body IS NULL OR b.id IS NULL"),
    ("V2", "message key of no body; body",
        "SELECT k.body FROM body_key k LEFT JOIN body b ON b.id = k.body WHERE b.id IS NULL"),
    ("V2", "head of no body; head", "SELECT h.id FROM head h LEFT JOIN body b ON b.id = h.body WHERE b.id IS NULL"),
    ("V2", "body in no place or in two; body",
        "SELECT id FROM body WHERE (segment IS NULL) <> (place IS NULL)
            OR (CASE WHEN inline_frames IS NULL AND NOT EXISTS (SELECT 1 FROM head h
                WHERE h.id = body.id AND h.frames IS NOT NULL) THEN 0 ELSE 1 END)
            + (CASE WHEN blob IS NULL THEN 0 ELSE 1 END)
            + (CASE WHEN segment IS NULL THEN 0 ELSE 1 END) <> 1"),
];

/// Findings of one question that are named; the rest are counted.
const NAMED: usize = 20;

impl Mailstore {
    /// Looks at the whole store, in one view. `Contents` reads every octet of it.
    pub async fn verify(&self, depth: Depth, now: Timestamp) -> Result<Report, Error> {
        let mut report = Report::default();
        for what in self.db().check_integrity().await? {
            report.find("V9", what);
        }
        let mut tx = self.db().read().await?;
        for (invariant, what, sql) in QUESTIONS {
            let rows = tx.rows(sql, db::args![]).await?;
            for row in rows.iter().take(NAMED) {
                report.find(invariant, format!("{what} {}", row.int(0)?));
            }
            if rows.len() > NAMED {
                report.find(invariant, format!("{what}: {} more", rows.len() - NAMED));
            }
        }
        self.verify_blobs(&mut tx, &mut report, now).await?;
        self.verify_segments(&mut tx, &mut report).await?;
        self.verify_bodies(&mut tx, &mut report, depth).await?;
        if depth == Depth::Contents {
            self.verify_words(&mut tx, &mut report).await?;
        }
        Ok(report)
    }

    async fn verify_blobs(&self, tx: &mut db::Tx, report: &mut Report, now: Timestamp) -> Result<(), Error> {
        const BLOBS: &str = "SELECT id, size, cuts, blob FROM body WHERE blob IS NOT NULL ORDER BY id";
        let store = self.clone();
        let listing = blocking(move || store.blobs().list(now.plus(-limits::BLOB_GRACE))).await?;
        let sizes: BTreeMap<&BlobName, u64> =
            listing.blobs.iter().map(|blob| (&blob.name, blob.size)).collect();
        let mut referenced = HashSet::new();
        for row in tx.rows(BLOBS, db::args![]).await? {
            let body = row.int(0)?;
            let Ok(layout) = layout(body, row.int(1)?, row.maybe_bytes(2)?.as_deref()) else {
                report.find("V2", format!("body {body} is not cut as one of its size"));
                continue;
            };
            match BlobName::parse(&row.text(3)?) {
                None => report.find("V2", format!("body {body} names no blob")),
                Some(name) => {
                    match sizes.get(&name) {
                        None => report.find("V2", format!("the blob of body {body} is missing")),
                        Some(stored) if *stored != layout.sealed_size() => {
                            report.find("V2", format!("the blob of body {body} has another size"));
                        }
                        Some(_) => {}
                    }
                    referenced.insert(name);
                }
            }
        }
        for stranger in &listing.strangers {
            report.find("V10", format!("{} has no business among the blobs", stranger.display()));
        }
        report.blobs = listing.blobs.len() as u64;
        let orphans = listing.blobs.iter().filter(|blob| blob.old && !referenced.contains(&blob.name));
        report.orphan_blobs = orphans.count() as u64;
        Ok(())
    }

    /// Every body lies inside its segment, and none on another.
    async fn verify_segments(&self, tx: &mut db::Tx, report: &mut Report) -> Result<(), Error> {
        const PAGE: &str = "SELECT id, segment, place, size, cuts FROM body
            WHERE place IS NOT NULL AND (segment > $1 OR (segment = $1 AND place > $2)) ORDER BY segment, place LIMIT $3";
        let store = self.clone();
        let (segments, strangers) = blocking(move || store.segments().list()).await?;
        for stranger in &strangers {
            report.find("V10", format!("{} has no business among the segments", stranger.display()));
        }
        report.segments = segments.len() as u64;
        let sizes: BTreeMap<i64, u64> = segments.iter().map(|one| (one.id.0, one.size)).collect();
        let (mut segment, mut end, mut after) = (0, 0, -1);
        loop {
            let rows = tx.rows(PAGE, db::args![segment, after, limits::INDEX_PAGE]).await?;
            for row in &rows {
                let (body, place) = (row.int(0)?, row.int(2)?);
                if row.int(1)? != segment {
                    (segment, end) = (row.int(1)?, 0);
                }
                after = place;
                let start = place.max(0) as u64;
                let Ok(layout) = layout(body, row.int(3)?, row.maybe_bytes(4)?.as_deref()) else {
                    report.find("V2", format!("body {body} is not cut as one of its size"));
                    continue;
                };
                match sizes.get(&segment) {
                    None => report.find("V2", format!("the segment of body {body} is missing")),
                    Some(whole) if start + layout.sealed_size() > *whole => {
                        report.find("V2", format!("body {body} ends behind its segment"));
                    }
                    Some(_) if start < end => {
                        report.find("V2", format!("body {body} lies on another in its segment"));
                    }
                    Some(_) => report.dead_octets += start - end,
                }
                end = end.max(start + layout.sealed_size());
            }
            if rows.len() < limits::INDEX_PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn verify_bodies(&self, tx: &mut db::Tx, report: &mut Report, depth: Depth) -> Result<(), Error> {
        const PAGE: &str =
            "SELECT b.id, b.size, COALESCE(b.inline_frames, f.frames), b.blob, b.segment, b.place, b.cuts
                FROM body b
                LEFT JOIN head f ON f.id = b.id WHERE b.id > $1 ORDER BY b.id LIMIT $2";
        const KEYS: &str = "SELECT body, account, wrapped FROM body_key WHERE body IN ({})";
        let mut after = 0;
        loop {
            let bodies = tx.rows(PAGE, db::args![after, limits::BODY_PAGE as i64]).await?;
            let Some(last) = bodies.last() else { return Ok(()) };
            after = last.int(0)?;
            let ids = bodies
                .iter()
                .map(|row| Ok(db::Value::from(row.int(0)?)))
                .collect::<Result<Vec<_>, Error>>()?;
            let mut keys = BTreeMap::<i64, Vec<(AccountId, Vec<u8>)>>::new();
            for row in tx.rows_in(KEYS, db::args![], ids.clone()).await? {
                keys.entry(row.int(0)?).or_default().push((AccountId(row.int(1)?), row.bytes(2)?));
            }
            report.bodies += bodies.len() as u64;
            report.orphan_bodies += bodies.len() as u64 - keys.len() as u64;
            if depth == Depth::Contents {
                let opened = self.open_keys(&keys, report).await?;
                for row in &bodies {
                    if let Some(key) = opened.get(&row.int(0)?) {
                        self.verify_body(key, row, report).await?;
                    }
                }
                verify_heads(tx, &opened, ids, report).await?;
            }
        }
    }

    /// Opens every message key; gives one for each body. An account whose key was destroyed is no damage.
    async fn open_keys(
        &self,
        keys: &BTreeMap<i64, Vec<(AccountId, Vec<u8>)>>,
        report: &mut Report,
    ) -> Result<BTreeMap<i64, seal::Key>, Error> {
        let accounts: Vec<_> = keys.values().flatten().map(|(account, _)| *account).collect();
        let ring = self.keyring(&accounts).await?;
        let mut opened = BTreeMap::new();
        for (body, owners) in keys {
            for (account, wrapped) in owners {
                let Ok(owner) = ring.of(*account) else { continue };
                match owner.message_key(BodyId(*body), wrapped) {
                    Ok(key) => drop(opened.insert(*body, key)),
                    Err(_) => report.find(
                        "V2",
                        format!("the key of body {body} for account {} does not open", account.0),
                    ),
                }
            }
        }
        Ok(opened)
    }

    async fn verify_body(&self, key: &seal::Key, row: &db::Row, report: &mut Report) -> Result<(), Error> {
        let id = BodyId(row.int(0)?);
        let stands = match Where::of(row, 2)? {
            // Told already.
            Where::Nowhere => return Ok(()),
            stands => stands,
        };
        let reader = layout(id.0, row.int(1)?, row.maybe_bytes(6)?.as_deref())
            .and_then(|layout| self.stored_body(key, id, layout, stands));
        let read = async {
            let mut reader = reader?;
            let mut rest = 0..u64::MAX;
            while reader.next(&mut rest).await?.is_some() {}
            Ok::<_, Error>(())
        };
        if let Err(error) = read.await {
            report.find("V2", format!("body {} cannot be read: {error}", id.0));
        }
        Ok(())
    }

    /// Folder names, subjects, document titles, remote parties and traces.
    async fn verify_words(&self, tx: &mut db::Tx, report: &mut Report) -> Result<(), Error> {
        const WORDS: [(Kind, &str, &str); 5] = [
            (Kind::FolderName, "the name of folder", "SELECT id, account, sealed_name FROM folder"),
            (
                Kind::Subject,
                "the subject of conversation",
                "SELECT id, account, sealed_subject FROM conversation",
            ),
            (Kind::Document, "document", "SELECT id, account, sealed_details FROM document"),
            (
                Kind::Subscription,
                "the name of subscription",
                "SELECT id, account, sealed_name FROM subscription",
            ),
            (Kind::Annotation, "annotation", "SELECT id, account, sealed FROM annotation"),
        ];
        for (kind, what, sql) in WORDS {
            for row in tx.rows(sql, db::args![]).await? {
                let account = AccountId(row.int(1)?);
                let ring = self.keyring(&[account]).await?;
                let Ok(key) = ring.of(account) else { continue };
                if key.open(kind, row.int(0)?, what, row.bytes(2)?).is_err() {
                    report.find("V2", format!("{what} {} does not open", row.int(0)?));
                }
            }
        }
        const VAULT: [(Kind, &str, &str); 2] = [
            (Kind::Party, "party", "SELECT id, sealed_address FROM party WHERE sealed_address IS NOT NULL"),
            (Kind::Trace, "the trace of letter", "SELECT queue, sealed_trace FROM letter"),
        ];
        for (kind, what, sql) in VAULT {
            for row in tx.rows(sql, db::args![]).await? {
                if self.vault().open(&context::of(kind, row.int(0)?, 0), row.bytes(1)?).is_err() {
                    report.find("V2", format!("{what} {} does not open", row.int(0)?));
                }
            }
        }
        for (folder, gists) in self.verify_gists(tx).await? {
            report.find("V2", format!("{gists} gists of folder {folder} do not open"));
        }
        if self.key(QUEUE).await.is_err() {
            report.find("V2", "the key of the queue does not open".to_owned());
        }
        Ok(())
    }
}

async fn verify_heads(
    tx: &mut db::Tx,
    keys: &BTreeMap<i64, seal::Key>,
    bodies: Vec<db::Value>,
    report: &mut Report,
) -> Result<(), Error> {
    // As they are found: the first by the body's own number, the others by their index.
    const FIRST: &str = "SELECT id, body, sealed_block, sealed_summary FROM head WHERE id IN ({})";
    const OTHERS: &str =
        "SELECT id, body, sealed_block, sealed_summary FROM head WHERE id <> body AND body IN ({})";
    let mut heads = tx.rows_in(FIRST, db::args![], bodies.clone()).await?;
    heads.extend(tx.rows_in(OTHERS, db::args![], bodies).await?);
    for row in heads {
        let (head, body) = (HeadId(row.int(0)?), BodyId(row.int(1)?));
        let Some(key) = keys.get(&body.0) else { continue };
        let cipher = key.cipher();
        if cipher.open(&context::of(Kind::Head, head, body), row.bytes(2)?).is_err() {
            report.find("V2", format!("the header block of head {} does not open", head.0));
        }
        if cipher.open(&context::of(Kind::Summary, head, body), row.bytes(3)?).is_err() {
            report.find("V2", format!("the summary of head {} does not open", head.0));
        }
    }
    Ok(())
}

impl Report {
    /// Whether everything holds.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, invariant: &'static str, what: String) {
        self.findings.push(Finding { invariant, what });
    }
}
