//! Delivery: the rows of a whole batch of letters in a few statements.
//!
//! Order of locks on PostgreSQL: contact (before, by the relay), folder, conversation, chain head
//! (after, by the audit). Everything sealed was sealed before the unit.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use names::{AccountId, BodyId, ConversationId, EntryId, FolderId, HeadId, QueueId, Timestamp};

use crate::body::StoredBody;
use crate::context::{self, Kind};
use crate::fresh::NewEntry;
use crate::{
    Error, Flags, FolderNews, Hidden, Mailstore, Marks, NewDocument, News, Origin, Place, Role, SealedBody,
    Thread, Uid, WrappedKey,
};

/// A header block and its summary, sealed, waiting for their row.
pub struct SealedHead {
    id: HeadId,
    body: BodyId,
    size: u64,
    block: Vec<u8>,
    summary: Vec<u8>,
}

impl SealedHead {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> HeadId {
        self.id
    }
}

impl std::fmt::Debug for SealedHead {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SealedHead({:?} of {:?})", self.id, self.body)
    }
}

/// A letter as some recipients see it: the body, and their head. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SealedLetter {
    /// The body, written once however many letters share it.
    pub body: Arc<SealedBody>,
    /// The head, likewise.
    pub head: Arc<SealedHead>,
}

/// One letter for one place.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What.
    pub letter: SealedLetter,
    /// Its message key for the account it goes to.
    pub key: WrappedKey,
    /// Where, in that account.
    pub place: Place,
    /// The number of its entry, drawn before the unit.
    pub entry: EntryId,
    /// Its first marks.
    pub marks: Marks,
    /// INTERNALDATE.
    pub internal_date: Timestamp,
    /// When it comes into its folder, if that is not its internal date (RFC 8514).
    pub saved_at: Option<Timestamp>,
    /// How it comes.
    pub origin: Origin,
    /// From whom it is hidden. A letter counts for those only who may see it.
    pub hidden: Hidden,
    /// The patient's thread it joins.
    pub thread: Option<Thread>,
    /// Documents filed with it, in the same account.
    pub documents: Vec<NewDocument>,
    /// The passage that brings it.
    pub queue: Option<QueueId>,
}

/// Where a letter went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// The account.
    pub account: AccountId,
    /// The folder.
    pub folder: FolderId,
    /// Its UIDVALIDITY.
    pub uidvalidity: u32,
    /// The uid there (`APPENDUID`).
    pub uid: Uid,
    /// The folder's modification sequence.
    pub modseq: i64,
    /// The conversation it joined.
    pub conversation: Option<ConversationId>,
}

/// A letter kept for an owner without a place in a folder: the queue's waiting letters.
#[derive(Clone, Debug)]
pub struct Hold {
    /// What.
    pub letter: SealedLetter,
    /// Its message key for the owner, [`crate::QUEUE`] mostly.
    pub key: WrappedKey,
    /// How many rows lean on it; give them back one by one by [`Mailstore::release`].
    pub uses: i64,
}

const LOCK_BY_ROLE: &str =
    "SELECT id FROM folder WHERE role IS NOT NULL AND account IN ({}) ORDER BY id {FOR UPDATE}";
const LOCK_BY_ID: &str = "SELECT id FROM folder WHERE id IN ({}) ORDER BY id {FOR UPDATE}";
const TAKE_BY_ROLE: &str =
    "UPDATE folder SET uid_next = uid_next + $1, modseq = modseq + 1, messages = messages + $1,
    unseen = unseen + $2, size = size + $3 WHERE role = $4 AND account IN ({})
    RETURNING id, account, uid_next, modseq, uidvalidity";
const TAKE_BY_ID: &str =
    "UPDATE folder SET uid_next = uid_next + $1, modseq = modseq + 1, messages = messages + $1,
    unseen = unseen + $2, size = size + $3 WHERE id IN ({})
    RETURNING id, account, uid_next, modseq, uidvalidity";

/// Uids taken in one folder.
struct Taken {
    folder: FolderId,
    next: i64,
    modseq: i64,
    uidvalidity: u32,
}

/// How far the counters of a folder move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Growth {
    messages: i64,
    unseen: i64,
    size: i64,
}

impl Mailstore {
    /// Seals a header block and its summary under the message key of `body`. The summary is opaque
    /// here: whoever reads letters made it (ENVELOPE, BODYSTRUCTURE, part offsets, preview).
    #[must_use]
    pub fn seal_head(&self, body: &SealedBody, block: &[u8], summary: &[u8], now: Timestamp) -> SealedHead {
        // The first head takes the body's number: the frames of a small body stand in its row.
        let id = match body.headed.swap(true, Ordering::Relaxed) {
            false => HeadId(body.id.0),
            true => HeadId(self.db().id(now)),
        };
        let cipher = body.key.cipher();
        SealedHead {
            id,
            body: body.id,
            size: block.len() as u64,
            block: cipher.seal(&context::of(Kind::Head, id, body.id), block, self.entropy()),
            summary: cipher.seal(&context::of(Kind::Summary, id, body.id), summary, self.entropy()),
        }
    }

    /// Writes deliveries: bodies and heads once each, keys, uids from the locked folder rows, entries,
    /// conversations, documents; watchers are told after the commit. Answers in order.
    pub async fn deliver<D: Borrow<Delivery>>(
        &self,
        tx: &mut db::Tx,
        deliveries: &[D],
    ) -> Result<Vec<Delivered>, Error> {
        let deliveries: Vec<&Delivery> = deliveries.iter().map(Borrow::borrow).collect();
        let letters = deliveries.iter().map(|delivery| &delivery.letter);
        let uses = deliveries.iter().map(|delivery| (&delivery.key, 1 + delivery.documents.len() as i64));
        self.write_letters(tx, letters, uses).await?;
        let mut taken = self.take_uids(tx, &deliveries).await?;
        let conversations = self.join_conversations(tx, &deliveries).await?;
        let mut done = Vec::with_capacity(deliveries.len());
        let mut entries = Vec::with_capacity(deliveries.len());
        let mut news = BTreeMap::<AccountId, BTreeMap<FolderId, FolderNews>>::new();
        for (&delivery, conversation) in deliveries.iter().zip(conversations) {
            let account = delivery.key.account;
            let place = taken.get_mut(&(account, delivery.place)).ok_or(Error::NoFolder)?;
            let uid = place.next;
            place.next += 1;
            let args = entry_args(delivery, place, uid, conversation);
            entries.push(NewEntry { folder: place.folder, uid, id: delivery.entry, args });
            let folder_news = FolderNews::arrived(place.modseq);
            news.entry(account).or_default().insert(place.folder, folder_news);
            done.push(Delivered {
                account,
                folder: place.folder,
                uidvalidity: place.uidvalidity,
                uid: Uid(uid as u32),
                modseq: place.modseq,
                conversation,
            });
        }
        self.enter(tx, entries).await?;
        self.insert_documents(tx, deliveries.iter().flat_map(|delivery| &delivery.documents)).await?;
        for (account, folders) in news {
            self.tell_after(tx, account, News { folders, ..News::default() });
        }
        Ok(done)
    }

    /// Writes letters that stand in no folder yet: the queue's. May go along with [`Mailstore::deliver`]
    /// of the same letter in the same unit.
    pub async fn hold(&self, tx: &mut db::Tx, holds: &[Hold]) -> Result<(), Error> {
        let letters = holds.iter().map(|hold| &hold.letter);
        self.write_letters(tx, letters, holds.iter().map(|hold| (&hold.key, hold.uses))).await
    }

    async fn write_letters<'a>(
        &self,
        tx: &mut db::Tx,
        letters: impl Iterator<Item = &'a SealedLetter>,
        uses: impl Iterator<Item = (&'a WrappedKey, i64)>,
    ) -> Result<(), Error> {
        const BODY: &str = "INSERT INTO body (id, size, inline_frames, blob, segment, place, cuts) VALUES";
        const HEAD: &str = "INSERT INTO head (id, body, sealed_summary, sealed_block, frames) VALUES";
        const KEY: &str = "INSERT INTO body_key (body, account, wrapped, uses) VALUES";
        const MORE: &str = "ON CONFLICT (body, account) DO UPDATE SET uses = body_key.uses + excluded.uses";
        // A letter both held and delivered comes here twice in one unit.
        const KNOWN: &str = "ON CONFLICT (id) DO NOTHING";
        let (mut bodies, mut heads) = (BTreeMap::new(), BTreeMap::new());
        for letter in letters {
            if !letter.body.is_safe() {
                return Err(Error::NotOnDisk(letter.body.id));
            }
            bodies.insert(letter.body.id, &letter.body);
            heads.insert(letter.head.id, &letter.head);
        }
        let mut keys = BTreeMap::<(BodyId, AccountId), (&WrappedKey, i64)>::new();
        for (key, count) in uses {
            keys.entry((key.body, key.account)).or_insert((key, 0)).1 += count;
        }
        let mut small = BTreeMap::new();
        let bodies = bodies.into_values().map(|body| {
            let (mut frames, mut blob, mut segment, mut place) = (None, None, None, None);
            match &body.stored {
                StoredBody::Inline(inline) => match heads.contains_key(&HeadId(body.id.0)) {
                    true => drop(small.insert(body.id, inline.clone())),
                    false => frames = Some(inline.clone()),
                },
                StoredBody::Segment(at) => (segment, place) = (Some(at.segment.0), Some(at.place as i64)),
                StoredBody::Blob(name) => blob = Some(name.as_str()),
            }
            db::args![body.id, body.size() as i64, frames, blob, segment, place, body.layout.cuts()]
        });
        let bodies = bodies.collect();
        tx.insert_rows(BODY, KNOWN, bodies).await?;
        let heads = heads.into_values().map(|head| {
            let frames = if head.id.0 == head.body.0 { small.remove(&head.body) } else { None };
            db::args![head.id, head.body, &head.summary, &head.block, frames]
        });
        tx.insert_rows(HEAD, KNOWN, heads.collect()).await?;
        let keys = keys.into_values().map(|(key, count)| db::args![key.body, key.account, &key.bytes, count]);
        tx.insert_rows(KEY, MORE, keys.collect()).await?;
        Ok(())
    }

    /// Takes the uids of all deliveries: one statement for all folders that grow alike.
    async fn take_uids(
        &self,
        tx: &mut db::Tx,
        deliveries: &[&Delivery],
    ) -> Result<HashMap<(AccountId, Place), Taken>, Error> {
        let mut growths = BTreeMap::<(AccountId, Place), Growth>::new();
        for delivery in deliveries {
            let growth = growths.entry((delivery.key.account, delivery.place)).or_default();
            growth.messages += 1;
            growth.unseen += i64::from(!delivery.marks.flags.has(Flags::SEEN));
            growth.size += size_of(delivery);
        }
        self.lock_places(tx, growths.keys()).await?;
        let mut alike = BTreeMap::<(Growth, Option<Role>), Vec<(AccountId, Place)>>::new();
        for ((account, place), growth) in growths {
            let role = match place {
                Place::Role(role) => Some(role),
                Place::Folder(_) => None,
            };
            alike.entry((growth, role)).or_default().push((account, place));
        }
        let mut taken = HashMap::new();
        for ((growth, role), places) in alike {
            let list = places.iter().map(|(account, place)| match place {
                Place::Role(_) => db::Value::from(*account),
                Place::Folder(folder) => db::Value::from(*folder),
            });
            let list = list.collect();
            let rows = match role {
                Some(role) => {
                    let args = db::args![growth.messages, growth.unseen, growth.size, role.code()];
                    tx.rows_in(TAKE_BY_ROLE, args, list).await?
                }
                None => {
                    let args = db::args![growth.messages, growth.unseen, growth.size];
                    tx.rows_in(TAKE_BY_ID, args, list).await?
                }
            };
            for row in rows {
                let folder = FolderId(row.int(0)?);
                let place = role.map_or(Place::Folder(folder), Place::Role);
                let uid_next = row.int(2)?;
                if uid_next > i64::from(u32::MAX) {
                    return Err(Error::UidsSpent(folder));
                }
                let uidvalidity = u32::try_from(row.int(4)?);
                let uidvalidity =
                    uidvalidity.map_err(|_| Error::Unreadable { what: "folder", id: folder.0 })?;
                let first = uid_next - growth.messages;
                let found = Taken { folder, next: first, modseq: row.int(3)?, uidvalidity };
                taken.insert((AccountId(row.int(1)?), place), found);
            }
            // A folder that is gone, or another account's: `deliver` finds no uid for it and gives up.
        }
        Ok(taken)
    }

    /// On PostgreSQL, locks the folders in one order; SQLite has one writer anyway.
    async fn lock_places(
        &self,
        tx: &mut db::Tx,
        places: impl Iterator<Item = &(AccountId, Place)>,
    ) -> Result<(), Error> {
        if tx.engine() == db::Engine::Sqlite {
            return Ok(());
        }
        let (mut accounts, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for (account, place) in places {
            match place {
                Place::Role(_) => accounts.insert(account.0),
                Place::Folder(folder) => folders.insert(folder.0),
            };
        }
        if accounts.len() + folders.len() > 1 {
            let list = |ids: BTreeSet<i64>| ids.into_iter().map(db::Value::from).collect();
            tx.rows_in(LOCK_BY_ROLE, db::args![], list(accounts)).await?;
            tx.rows_in(LOCK_BY_ID, db::args![], list(folders)).await?;
        }
        Ok(())
    }
}

fn size_of(delivery: &Delivery) -> i64 {
    (delivery.letter.head.size + delivery.letter.body.size()) as i64
}

fn entry_args(
    delivery: &Delivery,
    place: &Taken,
    uid: i64,
    conversation: Option<ConversationId>,
) -> db::Args {
    db::args![
        place.folder,
        uid,
        delivery.entry,
        delivery.key.account,
        place.modseq,
        i64::from(delivery.marks.flags.0),
        delivery.marks.stored_keywords(),
        delivery.internal_date,
        size_of(delivery),
        delivery.letter.head.id,
        delivery.letter.body.id,
        delivery.origin as i64,
        delivery.hidden.0,
        conversation,
        delivery.queue,
        delivery.saved_at,
    ]
}
