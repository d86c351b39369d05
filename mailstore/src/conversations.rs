//! Conversations: a patient's letters by thread, as the pages show them.

use std::collections::{BTreeMap, HashMap, HashSet};

use names::{AccountId, ConversationId, EntryId, FolderId, PartyId, QueueId, Timestamp};

use crate::context::Kind;
use crate::counts::Counts;
use crate::messages::{columns, entry};
use crate::{
    AccountKey, Delivery, EntryRow, Error, FlagChange, Flags, Hidden, Mailstore, Marks, Role, Uid, Viewer,
};

/// What a letter does to its conversation's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThreadState {
    /// Nothing.
    Unchanged,
    /// It is open (again).
    Open,
    /// This party ended it.
    EndedBy(PartyId),
}

/// The conversation a letter joins.
#[derive(Clone, Debug)]
pub struct Thread {
    at: ThreadAt,
    /// Parties that take part.
    pub participants: Vec<PartyId>,
    /// How many attachments the letter brings.
    pub attachments: u32,
    /// What it does to the end of the exchange.
    pub state: ThreadState,
}

#[derive(Clone, Debug)]
enum ThreadAt {
    Existing(ConversationId),
    ByHash { hash: [u8; 16], id: ConversationId, subject: Vec<u8> },
}

impl Thread {
    /// A conversation known by number: a patient's answer.
    #[must_use]
    pub fn existing(conversation: ConversationId) -> Self {
        Self {
            at: ThreadAt::Existing(conversation),
            participants: Vec::new(),
            attachments: 0,
            state: ThreadState::Unchanged,
        }
    }
}

/// A line of a patient's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// Its number.
    pub id: ConversationId,
    /// The subject of its first letter.
    pub subject: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When its last letter came or left.
    pub last_at: Timestamp,
    /// Letters in it.
    pub letters: u32,
    /// Letters not read yet.
    pub unread: u32,
    /// Attachments in it.
    pub attachments: u32,
    /// Who ended it.
    pub ended_by: Option<PartyId>,
    /// Who takes part, the patient aside.
    pub participants: Vec<PartyId>,
}

/// A letter of a conversation and its summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterRow {
    /// Its place.
    pub entry: EntryRow,
    /// Its summary, as it was given.
    pub summary: bytes::Bytes,
}

const PAGE_OWN: &str =
    "SELECT id, sealed_subject, created_at, last_at, letters, unread, attachments, ended_by
    FROM conversation WHERE account = $1 AND letters > 0 AND (last_at < $2 OR (last_at = $2 AND id < $3))
    ORDER BY last_at DESC, id DESC LIMIT $4";
const PAGE_SHARED: &str = "SELECT id, sealed_subject, created_at, shared_last_at, shared_letters,
    shared_unread, shared_attachments, ended_by FROM conversation
    WHERE account = $1 AND shared_letters > 0 AND (shared_last_at < $2 OR (shared_last_at = $2 AND id < $3))
    ORDER BY shared_last_at DESC, id DESC LIMIT $4";
const ONE_OWN: &str = "SELECT id, sealed_subject, created_at, last_at, letters, unread, attachments, ended_by
    FROM conversation WHERE account = $1 AND id = $2 AND letters > 0";
const ONE_SHARED: &str = "SELECT id, sealed_subject, created_at, shared_last_at, shared_letters,
    shared_unread, shared_attachments, ended_by FROM conversation
    WHERE account = $1 AND id = $2 AND shared_letters > 0";
const LETTERS: &str = columns!("WHERE conversation = $1 AND account = $2 ORDER BY id");
const OF_SENT: &str = "SELECT e.conversation FROM entries e JOIN folder f ON f.id = e.folder
    WHERE f.account = $1 AND f.role = $2 AND e.queue = $3 AND e.conversation IS NOT NULL LIMIT 1";
const LETTER: &str = columns!("WHERE conversation = $1 AND id = $2 AND account = $3");

impl Mailstore {
    /// The thread of a letter that comes to the account of `key`. `thread_key` says which letters
    /// belong together (correspondents and folded subject, chosen by the caller); a new conversation
    /// takes `subject`.
    #[must_use]
    pub fn thread(&self, key: &AccountKey, thread_key: &[u8], subject: &str, now: Timestamp) -> Thread {
        let id = ConversationId(self.db().id(now));
        let mut bytes = b"thread".to_vec();
        bytes.extend_from_slice(&key.account().0.to_be_bytes());
        bytes.extend_from_slice(thread_key);
        let at = ThreadAt::ByHash {
            hash: self.hashes().short(&bytes),
            id,
            subject: key.seal(Kind::Subject, id, subject.as_bytes()),
        };
        Thread { at, participants: Vec::new(), attachments: 0, state: ThreadState::Unchanged }
    }

    /// The conversation of a letter that this account sent under this number: where reports on it go.
    /// Reads one patient's Sent folder, and only when a report comes.
    pub async fn conversation_of_sent(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        queue: QueueId,
    ) -> Result<Option<ConversationId>, Error> {
        let row = tx.maybe_row(OF_SENT, db::args![account, Role::Sent.code(), queue]).await?;
        row.map(|row| Ok(ConversationId(row.int(0)?))).transpose()
    }

    /// A page of a patient's conversations, latest first, after `before` (the last one of the page
    /// before). One without a letter that `viewer` may see is not there for them.
    pub async fn conversations(
        &self,
        account: AccountId,
        viewer: Viewer,
        before: Option<(Timestamp, ConversationId)>,
        limit: u32,
    ) -> Result<Vec<Conversation>, Error> {
        let key = self.key(account).await?;
        let (at, id) = before.unwrap_or((Timestamp(i64::MAX), ConversationId(i64::MAX)));
        let sql = match viewer {
            Viewer::Patient => PAGE_OWN,
            Viewer::Representative => PAGE_SHARED,
        };
        let mut tx = self.db().read().await?;
        let rows = tx.rows(sql, db::args![account, at, id, limit]).await?;
        let mut page = rows.iter().map(|row| conversation(&key, row)).collect::<Result<Vec<_>, _>>()?;
        self.add_participants(&mut tx, &mut page).await?;
        Ok(page)
    }

    /// One conversation of this account, if it has it and `viewer` may see a letter of it.
    pub async fn conversation(
        &self,
        account: AccountId,
        viewer: Viewer,
        id: ConversationId,
    ) -> Result<Option<Conversation>, Error> {
        let sql = match viewer {
            Viewer::Patient => ONE_OWN,
            Viewer::Representative => ONE_SHARED,
        };
        let key = self.key(account).await?;
        let mut tx = self.db().read().await?;
        let Some(row) = tx.maybe_row(sql, db::args![account, id]).await? else { return Ok(None) };
        let mut one = [conversation(&key, &row)?];
        self.add_participants(&mut tx, &mut one).await?;
        let [one] = one;
        Ok(Some(one))
    }

    /// Letters that `viewer` may see and nobody has read, and conversations that hold some.
    pub async fn unread(&self, account: AccountId, viewer: Viewer) -> Result<(u64, u64), Error> {
        const OWN: &str = "SELECT CAST(COALESCE(SUM(unread), 0) AS {INT}), COUNT(*) FROM conversation
            WHERE account = $1 AND unread > 0";
        const SHARED: &str = "SELECT CAST(COALESCE(SUM(shared_unread), 0) AS {INT}), COUNT(*)
            FROM conversation WHERE account = $1 AND shared_unread > 0";
        let sql = match viewer {
            Viewer::Patient => OWN,
            Viewer::Representative => SHARED,
        };
        let row = self.db().read().await?.row(sql, db::args![account]).await?;
        Ok((row.int(0)? as u64, row.int(1)? as u64))
    }

    /// Everybody who takes part in a conversation of which `viewer` may see a letter.
    pub async fn correspondents_seen(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        viewer: Viewer,
    ) -> Result<HashSet<PartyId>, Error> {
        const OWN: &str = "SELECT DISTINCT p.party FROM conversation v JOIN participant p
            ON p.conversation = v.id WHERE v.account = $1 AND v.letters > 0";
        const SHARED: &str = "SELECT DISTINCT p.party FROM conversation v JOIN participant p
            ON p.conversation = v.id WHERE v.account = $1 AND v.shared_letters > 0";
        let sql = match viewer {
            Viewer::Patient => OWN,
            Viewer::Representative => SHARED,
        };
        let rows = tx.rows(sql, db::args![account]).await?;
        rows.iter().map(|row| Ok(PartyId(row.int(0)?))).collect()
    }

    /// The letters of a conversation, oldest first, that `viewer` may see.
    pub async fn letters(
        &self,
        account: AccountId,
        conversation: ConversationId,
        viewer: Viewer,
    ) -> Result<Vec<LetterRow>, Error> {
        let rows = self.db().read().await?.rows(LETTERS, db::args![conversation, account]).await?;
        let entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        self.with_summaries(account, entries, viewer).await
    }

    /// One letter of a conversation, if it is there and `viewer` may see it.
    pub async fn letter(
        &self,
        account: AccountId,
        conversation: ConversationId,
        letter: EntryId,
        viewer: Viewer,
    ) -> Result<Option<LetterRow>, Error> {
        let row = self.db().read().await?.maybe_row(LETTER, db::args![conversation, letter, account]).await?;
        let entries = row.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok(self.with_summaries(account, entries, viewer).await?.pop())
    }

    /// Marks every letter of a conversation that `viewer` may see as read, inside a unit; answers which
    /// were not.
    pub async fn mark_read(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        conversation: ConversationId,
        viewer: Viewer,
    ) -> Result<Vec<EntryId>, Error> {
        let rows = tx.rows(LETTERS, db::args![conversation, account]).await?;
        let mut by_folder = BTreeMap::<FolderId, Vec<Uid>>::new();
        let mut read = Vec::new();
        for row in &rows {
            let entry = entry(row)?;
            if !entry.marks.flags.has(Flags::SEEN) && !entry.hidden.from(viewer) {
                by_folder.entry(entry.folder).or_default().push(entry.uid);
                read.push(entry.id);
            }
        }
        let seen = FlagChange::Add(Marks::new(Flags::SEEN, &[]));
        for (folder, uids) in by_folder {
            self.mark(tx, account, folder, &uids, &seen, None).await?;
        }
        Ok(read)
    }

    /// Finds or makes the conversations of these deliveries and moves their counters; in order.
    pub(crate) async fn join_conversations(
        &self,
        tx: &mut db::Tx,
        deliveries: &[&Delivery],
    ) -> Result<Vec<Option<ConversationId>>, Error> {
        if deliveries.iter().all(|delivery| delivery.thread.is_none()) {
            return Ok(vec![None; deliveries.len()]);
        }
        let by_hash = self.ensure_conversations(tx, deliveries).await?;
        let mut joined = Vec::with_capacity(deliveries.len());
        let mut participants = BTreeMap::new();
        let mut growths = BTreeMap::<ConversationId, Growth>::new();
        for delivery in deliveries {
            let Some(thread) = &delivery.thread else {
                joined.push(None);
                continue;
            };
            let id = match &thread.at {
                ThreadAt::Existing(id) => *id,
                ThreadAt::ByHash { hash, .. } => {
                    *by_hash.get(&hash[..]).ok_or(Error::Unreadable { what: "thread", id: 0 })?
                }
            };
            joined.push(Some(id));
            participants.extend(thread.participants.iter().map(|party| ((id, *party), ())));
            growths.entry(id).or_insert_with(|| Growth::of(delivery.key.account())).add(delivery, thread);
        }
        for (id, growth) in growths {
            growth.write(tx, id).await?;
        }
        let rows = participants.into_keys().map(|(id, party)| db::args![id, party]).collect();
        const PARTICIPANT: &str = "INSERT INTO participant (conversation, party) VALUES";
        tx.insert_rows(PARTICIPANT, "ON CONFLICT (conversation, party) DO NOTHING", rows).await?;
        Ok(joined)
    }

    async fn ensure_conversations(
        &self,
        tx: &mut db::Tx,
        deliveries: &[&Delivery],
    ) -> Result<HashMap<Vec<u8>, ConversationId>, Error> {
        const INSERT: &str = "INSERT INTO conversation (id, account, thread_hash, sealed_subject, created_at,
            last_at, letters, unread, attachments, shared_last_at, shared_letters, shared_unread,
            shared_attachments) VALUES";
        const FIND: &str = "SELECT thread_hash, id FROM conversation WHERE thread_hash IN ({})";
        // One row a thread, in order of hash: two units that make the same ones wait, never deadlock.
        let mut wanted = BTreeMap::new();
        for delivery in deliveries {
            if let Some(Thread { at: ThreadAt::ByHash { hash, id, subject }, .. }) = &delivery.thread {
                let at = delivery.internal_date;
                wanted.entry(*hash).or_insert_with(|| {
                    let none = 0_i64;
                    let account = delivery.key.account();
                    db::args![*id, account, *hash, subject, at, at, none, none, none, at, none, none, none]
                });
            }
        }
        let list = wanted.keys().map(|hash| db::Value::from(*hash)).collect();
        tx.insert_rows(INSERT, "ON CONFLICT (thread_hash) DO NOTHING", wanted.into_values().collect())
            .await?;
        let mut found = HashMap::new();
        for row in tx.rows_in(FIND, db::args![], list).await? {
            found.insert(row.bytes(0)?, ConversationId(row.int(1)?));
        }
        Ok(found)
    }

    async fn add_participants(&self, tx: &mut db::Tx, page: &mut [Conversation]) -> Result<(), Error> {
        const SELECT: &str = "SELECT conversation, party FROM participant WHERE conversation IN ({}) ORDER BY conversation, party";
        let list = page.iter().map(|conversation| db::Value::from(conversation.id)).collect();
        for row in tx.rows_in(SELECT, db::args![], list).await? {
            let id = ConversationId(row.int(0)?);
            if let Some(conversation) = page.iter_mut().find(|conversation| conversation.id == id) {
                conversation.participants.push(PartyId(row.int(1)?));
            }
        }
        Ok(())
    }

    async fn with_summaries(
        &self,
        account: AccountId,
        mut entries: Vec<EntryRow>,
        viewer: Viewer,
    ) -> Result<Vec<LetterRow>, Error> {
        entries.retain(|entry| !entry.hidden.from(viewer));
        let heads: Vec<_> = entries.iter().map(|entry| entry.head).collect();
        let summaries = self.summaries(account, &heads).await?;
        let letters = entries.into_iter().zip(summaries);
        // A letter removed between the two questions is simply not there any more.
        Ok(letters.filter_map(|(entry, summary)| Some(LetterRow { entry, summary: summary? })).collect())
    }
}

/// How a conversation grows by a batch.
struct Growth {
    account: AccountId,
    counts: Counts,
    last_at: Timestamp,
    attachments: i64,
    shared_last_at: Timestamp,
    shared_attachments: i64,
    state: ThreadState,
}

impl Growth {
    fn of(account: AccountId) -> Self {
        let none = Timestamp(i64::MIN);
        Self {
            account,
            counts: Counts::default(),
            last_at: none,
            attachments: 0,
            shared_last_at: none,
            shared_attachments: 0,
            state: ThreadState::Unchanged,
        }
    }

    /// A letter counts for those from whom it is not hidden; one hidden from the patient does nothing.
    fn add(&mut self, delivery: &Delivery, thread: &Thread) {
        let unread = i64::from(!delivery.marks.flags.has(Flags::SEEN));
        self.counts.add(delivery.hidden, 1, unread);
        if !delivery.hidden.from(Viewer::Patient) {
            self.last_at = self.last_at.max(delivery.internal_date);
            self.attachments += i64::from(thread.attachments);
            if thread.state != ThreadState::Unchanged {
                self.state = thread.state;
            }
        }
        if delivery.hidden == Hidden::NONE {
            self.shared_last_at = self.shared_last_at.max(delivery.internal_date);
            self.shared_attachments += i64::from(thread.attachments);
        }
    }

    async fn write(&self, tx: &mut db::Tx, id: ConversationId) -> Result<(), Error> {
        const GROW: &str = "UPDATE conversation SET letters = letters + $3, unread = unread + $4,
            attachments = attachments + $5, last_at = CASE WHEN last_at < $6 THEN $6 ELSE last_at END,
            shared_letters = shared_letters + $7, shared_unread = shared_unread + $8,
            shared_attachments = shared_attachments + $9,
            shared_last_at = CASE WHEN shared_last_at < $10 THEN $10 ELSE shared_last_at END
            WHERE id = $1 AND account = $2";
        const END: &str = "UPDATE conversation SET ended_by = $2 WHERE id = $1";
        let (own, shared) = (self.counts.own, self.counts.shared);
        let args = db::args![
            id,
            self.account,
            own.letters,
            own.unread,
            self.attachments,
            self.last_at,
            shared.letters,
            shared.unread,
            self.shared_attachments,
            self.shared_last_at
        ];
        if tx.execute(GROW, args).await? == 0 {
            return Err(Error::Unreadable { what: "conversation", id: id.0 });
        }
        match self.state {
            ThreadState::Unchanged => {}
            ThreadState::Open => drop(tx.execute(END, db::args![id, None::<PartyId>]).await?),
            ThreadState::EndedBy(party) => drop(tx.execute(END, db::args![id, party]).await?),
        }
        Ok(())
    }
}

fn conversation(key: &AccountKey, row: &db::Row) -> Result<Conversation, Error> {
    let id = ConversationId(row.int(0)?);
    let unreadable = || Error::Unreadable { what: "conversation", id: id.0 };
    let subject = key.open(Kind::Subject, id, "the subject of conversation", row.bytes(1)?)?;
    let count = |column| -> Result<u32, Error> { u32::try_from(row.int(column)?).map_err(|_| unreadable()) };
    Ok(Conversation {
        id,
        subject: String::from_utf8(subject).map_err(|_| unreadable())?,
        created_at: row.time(2)?,
        last_at: row.time(3)?,
        letters: count(4)?,
        unread: count(5)?,
        attachments: count(6)?,
        ended_by: row.maybe_int(7)?.map(PartyId),
        participants: Vec::new(),
    })
}
