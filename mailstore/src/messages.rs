//! The messages of a folder: where they stand, how they are marked.

use names::{AccountId, BodyId, ConversationId, EntryId, FolderId, HeadId, QueueId, Timestamp};

use crate::counts::Counts;
use crate::{Error, Flags, FolderNews, Hidden, Mailstore, Marks, News, Origin, Uid, limits};

/// A message's place in a folder, with all that is not sealed. Some hundred octets: a session keeps
/// those of its open folder and asks by head and body for the rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryRow {
    /// Its folder.
    pub folder: FolderId,
    /// Its UID.
    pub uid: Uid,
    /// Its own number, which a move keeps.
    pub id: EntryId,
    /// When it last changed.
    pub modseq: i64,
    /// Its flags and keywords.
    pub marks: Marks,
    /// INTERNALDATE.
    pub internal_date: Timestamp,
    /// When it came into its folder (RFC 8514).
    pub saved_at: Timestamp,
    /// RFC822.SIZE: head and body.
    pub size: u64,
    /// Its header block and summary.
    pub head: HeadId,
    /// Its body.
    pub body: BodyId,
    /// How it came here.
    pub origin: Origin,
    /// From whom it is hidden.
    pub hidden: Hidden,
    /// A patient's thread it belongs to.
    pub conversation: Option<ConversationId>,
    /// The passage that brought it.
    pub queue: Option<QueueId>,
}

/// What STORE asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FlagChange {
    /// `FLAGS`: these and no others.
    Replace(Marks),
    /// `+FLAGS`.
    Add(Marks),
    /// `-FLAGS`.
    Remove(Marks),
}

impl FlagChange {
    fn apply(&self, marks: &Marks) -> Marks {
        let new = match self {
            Self::Replace(new) => new.clone(),
            Self::Add(more) => marks.with(more),
            Self::Remove(less) => marks.without(less),
        };
        new.of_the_same_letter(marks)
    }

    /// Whether somebody came before: marks that were as the asker knows them at `since` may change, others
    /// not (RFC 7162 §3.1.3). Zero asks for marks that were never set; system flags always count as set.
    fn is_too_late(&self, marks: &Marks, modseq: i64, since: i64) -> bool {
        let (Self::Replace(asked) | Self::Add(asked) | Self::Remove(asked)) = self;
        match since {
            0 => asked.flags != Flags::NONE || asked.keywords().any(|keyword| marks.has(keyword)),
            since => modseq > since,
        }
    }
}

/// What STORE did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// The folder's modification sequence after the change, if anything changed.
    pub modseq: Option<i64>,
    /// The messages asked for that are still there, with their marks now.
    pub rows: Vec<(Uid, i64, Marks)>,
    /// Messages changed by another since `unchanged_since` (RFC 7162 §3.1.3), left as they are.
    pub modified: Vec<Uid>,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT folder, uid, id, COALESCE(remarked, modseq), flags, keywords, internal_date, size, head, body, origin, hidden, ",
            "conversation, queue, saved_at FROM entries ",
            $rest
        )
    };
}
pub(crate) use columns;

const PAGE: &str = columns!("WHERE folder = $1 AND account = $2 AND uid > $3 ORDER BY uid LIMIT $4");
const SOME: &str = columns!("WHERE folder = $1 AND account = $2 AND uid IN ({}) ORDER BY uid");

impl Mailstore {
    /// A page of a folder's messages, after uid `after`, by uid.
    pub async fn entries(
        &self,
        account: AccountId,
        folder: FolderId,
        after: Uid,
    ) -> Result<Vec<EntryRow>, Error> {
        let args = db::args![folder, account, after, limits::INDEX_PAGE];
        self.db().read().await?.rows(PAGE, args).await?.iter().map(entry).collect()
    }

    /// Every message of a folder, by uid. A session wants [`Mailstore::view`].
    pub async fn all_entries(&self, account: AccountId, folder: FolderId) -> Result<Vec<EntryRow>, Error> {
        self.entries_in(&mut self.db().read().await?, account, folder).await
    }

    pub(crate) async fn entries_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
    ) -> Result<Vec<EntryRow>, Error> {
        let mut all: Vec<EntryRow> = Vec::new();
        loop {
            let after = all.last().map_or(Uid(0), |row| row.uid);
            let page = tx.rows(PAGE, db::args![folder, account, after, limits::INDEX_PAGE]).await?;
            let full = page.len() as i64 == limits::INDEX_PAGE;
            all.reserve(page.len());
            for row in &page {
                all.push(entry(row)?);
            }
            if !full {
                return Ok(all);
            }
        }
    }

    /// These messages, those still there, by uid: how a watcher told of a few looks.
    pub async fn entries_of(
        &self,
        account: AccountId,
        folder: FolderId,
        uids: &[Uid],
    ) -> Result<Vec<EntryRow>, Error> {
        let mut tx = self.db().read().await?;
        let mut rows = tx
            .rows_in(SOME, db::args![folder, account], list(uids))
            .await?
            .iter()
            .map(entry)
            .collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| row.uid);
        Ok(rows)
    }

    /// Changes the marks of these messages, as a whole act.
    pub async fn store_flags(
        &self,
        account: AccountId,
        folder: FolderId,
        uids: &[Uid],
        change: FlagChange,
        unchanged_since: Option<i64>,
    ) -> Result<Stored, Error> {
        let parameters = (self.clone(), account, folder, uids.to_vec(), change, unchanged_since);
        self.db()
            .write(db::unit(
                "store flags",
                parameters,
                |(store, account, folder, uids, change, since), tx| {
                    Box::pin(store.mark(tx, *account, *folder, uids, change, *since))
                },
            ))
            .await
    }

    /// Changes the marks of these messages, inside a unit.
    pub async fn mark(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
        uids: &[Uid],
        change: &FlagChange,
        unchanged_since: Option<i64>,
    ) -> Result<Stored, Error> {
        const FOLDER: &str = "SELECT modseq FROM folder WHERE account = $1 AND id = $2 {FOR UPDATE}";
        const ENTRIES: &str =
            "SELECT uid, COALESCE(remarked, modseq), flags, keywords, conversation, hidden FROM entry
            WHERE folder = $1 AND uid IN ({}) ORDER BY uid";
        let known = tx.maybe_row(FOLDER, db::args![account, folder]).await?.ok_or(Error::NoFolder)?;
        self.settle(tx).await?;
        let modseq = known.int(0)? + 1;
        let mut stored = Stored::default();
        let mut groups: Vec<(Marks, Vec<Uid>)> = Vec::new();
        let mut unseen = 0;
        let mut unread = std::collections::BTreeMap::<ConversationId, Counts>::new();
        for row in tx.rows_in(ENTRIES, db::args![folder], list(uids)).await? {
            let uid = Uid(row.int(0)? as u32);
            let (old_modseq, old) = (row.int(1)?, Marks::from_row(row.int(2)?, row.maybe_text(3)?));
            if unchanged_since.is_some_and(|since| change.is_too_late(&old, old_modseq, since)) {
                stored.modified.push(uid);
                continue;
            }
            let new = change.apply(&old);
            if !new.fit() {
                return Err(Error::TooManyKeywords);
            }
            if new == old {
                stored.rows.push((uid, old_modseq, old));
                continue;
            }
            let delta = i64::from(old.flags.has(Flags::SEEN)) - i64::from(new.flags.has(Flags::SEEN));
            unseen += delta;
            if let Some(conversation) = row.maybe_int(4)? {
                let counts = unread.entry(ConversationId(conversation)).or_default();
                counts.add(Hidden(row.int(5)?), 0, delta);
            }
            stored.rows.push((uid, modseq, new.clone()));
            match groups.iter_mut().find(|(marks, _)| *marks == new) {
                Some((_, uids)) => uids.push(uid),
                None => groups.push((new, vec![uid])),
            }
        }
        stored.rows.sort_by_key(|row| row.0);
        if groups.is_empty() {
            return Ok(stored);
        }
        let mut touched = Vec::new();
        for (marks, uids) in groups {
            const MARK: &str =
                "UPDATE entry SET flags = $2, keywords = $3, remarked = $4 WHERE folder = $1 AND uid IN ({})";
            let args = db::args![folder, i64::from(marks.flags.0), marks.stored_keywords(), modseq];
            tx.execute_in(MARK, args, list(&uids)).await?;
            touched.extend(uids);
        }
        const COUNT: &str = "UPDATE folder SET modseq = $2, unseen = unseen + $3 WHERE id = $1";
        tx.execute(COUNT, db::args![folder, modseq, unseen]).await?;
        self.count_letters(tx, unread).await?;
        self.tell_after(tx, account, News::of(folder, FolderNews::touched(modseq, touched)));
        stored.modseq = Some(modseq);
        Ok(stored)
    }
}

pub(crate) fn list(uids: &[Uid]) -> Vec<db::Value> {
    uids.iter().map(|uid| db::Value::from(*uid)).collect()
}

pub(crate) fn entry(row: &db::Row) -> Result<EntryRow, Error> {
    let id = EntryId(row.int(2)?);
    let unreadable = || Error::Unreadable { what: "entry", id: id.0 };
    Ok(EntryRow {
        folder: FolderId(row.int(0)?),
        uid: Uid(u32::try_from(row.int(1)?).map_err(|_| unreadable())?),
        id,
        modseq: row.int(3)?,
        marks: Marks::from_row(row.int(4)?, row.maybe_text(5)?),
        internal_date: row.time(6)?,
        saved_at: row.maybe_int(14)?.map_or(row.time(6)?, Timestamp),
        size: u64::try_from(row.int(7)?).map_err(|_| unreadable())?,
        head: HeadId(row.int(8)?),
        body: BodyId(row.int(9)?),
        origin: Origin::from_code(row.int(10)?).ok_or_else(unreadable)?,
        hidden: Hidden(row.int(11)?),
        conversation: row.maybe_int(12)?.map(ConversationId),
        queue: row.maybe_int(13)?.map(QueueId),
    })
}
