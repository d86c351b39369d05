//! COPY, MOVE and APPEND: letters that change place inside an account. No body is ever copied.

use std::collections::BTreeMap;

use names::{AccountId, BodyId, EntryId, FolderId, Timestamp};

use crate::counts::Counts;
use crate::fresh::INSERT_ENTRY;
use crate::messages::{columns, entry, list};
use crate::{
    Delivered, Delivery, EntryRow, Error, Flags, FolderNews, Hidden, Mailstore, Marks, News, Origin, Place,
    SealedLetter, Uid,
};

/// What COPY and MOVE answer (`COPYUID`, RFC 4315 §3): the uids there, in the order of those here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// UIDVALIDITY of the folder they went to.
    pub uidvalidity: u32,
    /// Uids here and there.
    pub uids: Vec<(Uid, Uid)>,
}

const ENTRIES: &str = columns!("WHERE folder = $1 AND uid IN ({}) ORDER BY uid");
const ALL_ENTRIES: &str = columns!("WHERE folder = $1 ORDER BY uid");

impl Mailstore {
    /// Copies messages to another folder of the account, or to the same. Those gone meanwhile are left out.
    pub async fn copy(
        &self,
        account: AccountId,
        from: FolderId,
        to: FolderId,
        uids: &[Uid],
        now: Timestamp,
    ) -> Result<Transferred, Error> {
        let copies = self.copies(uids, now);
        let parameters = (self.clone(), account, (from, to), copies, now);
        self.db()
            .write(db::unit("copy messages", parameters, |(store, account, (from, to), copies, now), tx| {
                Box::pin(store.copy_in(tx, *account, (*from, *to), copies, *now))
            }))
            .await
    }

    /// Messages to copy, each with a number drawn for its copy: drawn before the unit, so that it
    /// writes the same when it is run again.
    #[must_use]
    pub fn copies(&self, uids: &[Uid], now: Timestamp) -> Vec<(Uid, EntryId)> {
        uids.iter().map(|uid| (*uid, EntryId(self.db().id(now)))).collect()
    }

    /// [`Mailstore::copy`], inside a unit; the copies come from [`Mailstore::copies`].
    pub async fn copy_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        (from, to): (FolderId, FolderId),
        copies: &[(Uid, EntryId)],
        now: Timestamp,
    ) -> Result<Transferred, Error> {
        const USES: &str = "UPDATE body_key SET uses = uses + $2 WHERE account = $1 AND body IN ({})";
        self.lock_folders(tx, account, from, to).await?;
        let ids: BTreeMap<Uid, EntryId> = copies.iter().copied().collect();
        let uids: Vec<Uid> = ids.keys().copied().collect();
        let mut rows = self.rows_to_transfer(tx, from, Some(&uids)).await?;
        let mut uses = BTreeMap::<BodyId, i64>::new();
        for row in &mut rows {
            row.id = ids[&row.uid];
            row.saved_at = now;
            // It keeps its origin: a copy of what was appended was not delivered either.
            // The letter stands in its conversation once.
            row.conversation = None;
            *uses.entry(row.body).or_default() += 1;
        }
        for (body, count) in uses {
            tx.execute_in(USES, db::args![account, count], vec![body.into()]).await?;
        }
        self.put(tx, account, to, &rows).await
    }

    /// Moves messages to another folder of the account (RFC 6851).
    pub async fn move_messages(
        &self,
        account: AccountId,
        from: FolderId,
        to: FolderId,
        uids: &[Uid],
        now: Timestamp,
    ) -> Result<Transferred, Error> {
        let parameters = (self.clone(), account, (from, to), uids.to_vec(), now);
        self.db()
            .write(db::unit("move messages", parameters, |(store, account, (from, to), uids, now), tx| {
                Box::pin(store.move_in(tx, *account, (*from, *to), Some(uids), *now))
            }))
            .await
    }

    /// Moves these messages, or all, inside a unit.
    pub async fn move_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        (from, to): (FolderId, FolderId),
        only: Option<&[Uid]>,
        now: Timestamp,
    ) -> Result<Transferred, Error> {
        self.lock_folders(tx, account, from, to).await?;
        let mut rows = self.rows_to_transfer(tx, from, only).await?;
        let found: Vec<Uid> = rows.iter().map(|row| row.uid).collect();
        rows.iter_mut().for_each(|row| row.saved_at = now);
        let moved = self.put(tx, account, to, &rows).await?;
        // The uses go along with the entries; only the counters of conversations are put back.
        self.take_entries_out(tx, account, from, Some(&found)).await?;
        let mut letters = BTreeMap::<_, Counts>::new();
        for row in &rows {
            if let Some(conversation) = row.conversation {
                let unread = i64::from(!row.marks.flags.has(Flags::SEEN));
                letters.entry(conversation).or_default().add(row.hidden, 1, unread);
            }
        }
        self.count_letters(tx, letters).await?;
        Ok(moved)
    }

    /// Puts a message into a folder, as APPEND does.
    pub async fn append(
        &self,
        account: AccountId,
        folder: FolderId,
        letter: SealedLetter,
        marks: Marks,
        internal_date: Timestamp,
        now: Timestamp,
    ) -> Result<Delivered, Error> {
        let key = self.key(account).await?.own(&letter.body);
        let delivery = Delivery {
            letter,
            key,
            place: Place::Folder(folder),
            entry: EntryId(self.db().id(now)),
            marks: marks.appended(),
            internal_date,
            saved_at: Some(now).filter(|now| *now != internal_date),
            origin: Origin::Appended,
            hidden: Hidden::NONE,
            thread: None,
            documents: Vec::new(),
            queue: None,
        };
        let mut done = self
            .db()
            .write(db::unit("append a message", (self.clone(), [delivery]), |(store, delivery), tx| {
                Box::pin(store.deliver(tx, delivery))
            }))
            .await?;
        done.pop().ok_or(Error::NoFolder)
    }

    /// Delivers letters and removes the message that they take the place of (RFC 8508), inside a unit. `None`,
    /// and nothing is written, when that message is gone.
    pub async fn replace_in(
        &self,
        tx: &mut db::Tx,
        (owner, from, old): (AccountId, FolderId, Uid),
        (account, to): (AccountId, FolderId),
        deliveries: &[Delivery],
    ) -> Result<Option<Vec<Delivered>>, Error> {
        const THERE: &str = "SELECT uid FROM entries WHERE folder = $1 AND uid = $2";
        let mut folders = [(from, owner), (to, account)];
        folders.sort_unstable();
        for (folder, account) in folders {
            self.lock_folder(tx, account, folder).await?;
        }
        if tx.maybe_row(THERE, db::args![from, old]).await?.is_none() {
            return Ok(None);
        }
        let delivered = self.deliver(tx, deliveries).await?;
        self.remove_entries(tx, owner, from, Some(&[old])).await?;
        Ok(Some(delivered))
    }

    async fn lock_folders(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        one: FolderId,
        other: FolderId,
    ) -> Result<(), Error> {
        self.lock_folder(tx, account, one.min(other)).await?;
        self.lock_folder(tx, account, one.max(other)).await
    }

    pub(crate) async fn rows_to_transfer(
        &self,
        tx: &mut db::Tx,
        from: FolderId,
        only: Option<&[Uid]>,
    ) -> Result<Vec<EntryRow>, Error> {
        let rows = match only {
            Some(uids) => tx.rows_in(ENTRIES, db::args![from], list(uids)).await?,
            None => tx.rows(ALL_ENTRIES, db::args![from]).await?,
        };
        let mut rows = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| row.uid);
        rows.dedup_by_key(|row| row.uid);
        Ok(rows)
    }

    /// Writes entries into a locked folder under new uids.
    pub(crate) async fn put(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        to: FolderId,
        rows: &[EntryRow],
    ) -> Result<Transferred, Error> {
        const TAKE: &str =
            "UPDATE folder SET uid_next = uid_next + $2, modseq = modseq + 1, messages = messages + $2,
            unseen = unseen + $3, size = size + $4 WHERE id = $1 RETURNING uid_next, modseq, uidvalidity";
        let unseen = rows.iter().filter(|row| !row.marks.flags.has(Flags::SEEN)).count() as i64;
        let size: u64 = rows.iter().map(|row| row.size).sum();
        let count = rows.len() as i64;
        let taken = tx.row(TAKE, db::args![to, count, unseen, size as i64]).await?;
        let (uid_next, modseq) = (taken.int(0)?, taken.int(1)?);
        let uidvalidity =
            u32::try_from(taken.int(2)?).map_err(|_| Error::Unreadable { what: "folder", id: to.0 })?;
        if uid_next > i64::from(u32::MAX) {
            return Err(Error::UidsSpent(to));
        }
        let mut uids = Vec::with_capacity(rows.len());
        let mut inserts = Vec::with_capacity(rows.len());
        for (row, uid) in rows.iter().zip(uid_next - count..) {
            uids.push((row.uid, Uid(uid as u32)));
            inserts.push(db::args![
                to,
                uid,
                row.id,
                account,
                modseq,
                i64::from(row.marks.flags.0),
                row.marks.stored_keywords(),
                row.internal_date,
                row.size as i64,
                row.head,
                row.body,
                row.origin as i64,
                row.hidden.0,
                row.conversation,
                row.queue,
                Some(row.saved_at).filter(|saved| *saved != row.internal_date)
            ]);
        }
        tx.insert_rows(INSERT_ENTRY, "", inserts).await?;
        self.tell_after(tx, account, News::of(to, FolderNews::arrived(modseq)));
        Ok(Transferred { uidvalidity, uids })
    }
}
