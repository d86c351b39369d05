//! What changed in a folder since somebody last knew it (RFC 7162), cheap whatever the folder's size.
//!
//! Arrivals have sequences that grow with the uid, so they are the messages after one uid, found by
//! halving; marks have an index of their own; what went is written down, and forgotten from time to time.

use std::collections::BTreeSet;

use names::{AccountId, FolderId};

use crate::messages::{columns, entry};
use crate::{EntryRow, Error, Mailstore, Uid, limits};

/// What a session that knew a folder at one modification sequence has to learn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Since {
    /// The folder's modification sequence now.
    pub modseq: i64,
    /// Messages come or marked since, in order.
    pub changed: Vec<Uid>,
    /// Messages gone since.
    pub gone: Gone,
}

/// Messages gone since somebody knew a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Gone {
    /// These: first and last uid of each run, in order.
    Runs(Vec<(Uid, Uid)>),
    /// It is too long ago: whatever is not there (RFC 7162 §5.3 lets a server forget).
    Forgotten,
}

/// How far an open session was told of its folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// All that happened up to this modification sequence.
    pub modseq: i64,
    /// The last message told of.
    pub last: Uid,
    /// Of the marks after `modseq`, those up to this sequence and uid.
    pub marks: (i64, Uid),
}

impl Known {
    /// A folder just looked at whole.
    #[must_use]
    pub fn whole(modseq: i64, last: Uid) -> Self {
        Self { modseq, last, marks: (modseq, Uid(u32::MAX)) }
    }
}

/// The next piece of what an open session has to learn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// How far it is told with this.
    pub known: Known,
    /// Messages marked, in the order of their marks; a page at most.
    pub marked: Vec<EntryRow>,
    /// Messages come.
    pub arrived: Vec<Uid>,
    /// Messages gone.
    pub gone: Gone,
    /// Whether that is all there is now.
    pub complete: bool,
}

const FOLDER: &str =
    "SELECT modseq, uid_next, COALESCE(forgotten, 0) FROM folder WHERE account = $1 AND id = $2";
const MARKED: &str = "SELECT uid FROM entry WHERE folder = $1 AND remarked > $2 AND uid <= $3";
const ARRIVED: &str = "SELECT uid FROM entries WHERE folder = $1 AND uid > $2 ORDER BY uid LIMIT $3";

/// A folder's row, as far as changes ask.
struct Standing {
    modseq: i64,
    uid_next: i64,
    forgotten: i64,
}

impl Mailstore {
    /// What changed after modification sequence `since`: how a mail program that comes back learns it.
    /// A sequence that the folder has not reached is of another life of it: everything is told anew.
    pub async fn since(&self, account: AccountId, folder: FolderId, since: i64) -> Result<Since, Error> {
        let mut tx = self.db().read().await?;
        let standing = standing(&mut tx, account, folder).await?;
        let modseq = standing.modseq;
        if since == modseq {
            return Ok(Since { modseq, changed: Vec::new(), gone: Gone::Runs(Vec::new()) });
        }
        let another_life = since > modseq;
        let since = if another_life { 0 } else { since };
        let before = last_before(&mut tx, folder, &standing, since).await?;
        let mut changed = BTreeSet::new();
        for row in tx.rows(MARKED, db::args![folder, since, before]).await? {
            changed.insert(Uid(row.int(0)? as u32));
        }
        let mut changed: Vec<Uid> = changed.into_iter().collect();
        changed.extend(arrived(&mut tx, folder, before).await?);
        let gone = match another_life {
            true => Gone::Forgotten,
            false => gone(&mut tx, folder, &standing, since).await?,
        };
        Ok(Since { modseq, changed, gone })
    }

    /// Every uid of a folder, in order: the long answer, when what went was forgotten.
    pub async fn uids(&self, account: AccountId, folder: FolderId) -> Result<Vec<Uid>, Error> {
        let mut tx = self.db().read().await?;
        standing(&mut tx, account, folder).await?;
        arrived(&mut tx, folder, Uid(0)).await
    }

    /// What an open session has to learn next. Asked again until it is complete, it costs a page of memory
    /// however much changed.
    pub async fn news_since(
        &self,
        account: AccountId,
        folder: FolderId,
        known: Known,
    ) -> Result<Piece, Error> {
        const MARKS: &str = columns!(
            "WHERE folder = $1 AND account = $2 AND remarked IS NOT NULL
             AND (remarked, uid) > ($3, $4) AND uid <= $5
             ORDER BY remarked, uid LIMIT $6"
        );
        let mut tx = self.db().read().await?;
        let standing = standing(&mut tx, account, folder).await?;
        let args = db::args![folder, account, known.marks.0, known.marks.1, known.last, limits::INDEX_PAGE];
        let marked = tx.rows(MARKS, args).await?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let gone = gone(&mut tx, folder, &standing, known.modseq).await?;
        let arrived = arrived(&mut tx, folder, known.last).await?;
        let last = arrived.last().copied().unwrap_or(known.last);
        let complete = (marked.len() as i64) < limits::INDEX_PAGE;
        let known = match marked.last() {
            Some(row) if !complete => Known {
                // The marks of this last sequence may go on in the next page.
                modseq: known.modseq.max(row.modseq - 1),
                last,
                marks: (row.modseq, row.uid),
            },
            Some(_) | None => Known::whole(standing.modseq, last),
        };
        Ok(Piece { known, marked, arrived, gone, complete })
    }

    /// The rows of [`Mailstore::since`], for a view; `None` when what went was forgotten.
    pub(crate) async fn changes_in(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        folder: FolderId,
        since: i64,
    ) -> Result<Option<Changes>, Error> {
        const NEW: &str = columns!("WHERE folder = $1 AND account = $2 AND uid > $3 ORDER BY uid");
        const MARKED: &str =
            columns!("WHERE folder = $1 AND account = $2 AND remarked > $3 AND uid <= $4 ORDER BY uid");
        let standing = standing(tx, account, folder).await?;
        let Gone::Runs(gone) = gone(tx, folder, &standing, since).await? else { return Ok(None) };
        let before = last_before(tx, folder, &standing, since).await?;
        let mut rows = tx.rows(MARKED, db::args![folder, account, since, before]).await?;
        rows.extend(tx.rows(NEW, db::args![folder, account, before]).await?);
        Ok(Some(Changes { rows: rows.iter().map(entry).collect::<Result<_, _>>()?, gone }))
    }

    /// Writes down what went, neighbours as one row.
    pub(crate) async fn note_gone(
        &self,
        tx: &mut db::Tx,
        folder: FolderId,
        modseq: i64,
        gone: &[Uid],
    ) -> Result<(), Error> {
        let rows = runs(gone).into_iter().map(|(first, last)| db::args![folder, modseq, first, last]);
        tx.insert_rows("INSERT INTO expunged (folder, modseq, uid, upto) VALUES", "", rows.collect()).await?;
        Ok(())
    }

    /// Forgets what went long ago, in folders that remember too much: a session that comes back later than
    /// that is told by what is missing, which costs it more words and no truth (RFC 7162 §5.3). Rows, not
    /// days, are counted: a mail program that was away for a year in a quiet folder still gets the short
    /// answer.
    pub(crate) async fn forget_gone(&self) -> Result<u64, Error> {
        const FULL: &str = "SELECT folder FROM expunged GROUP BY folder HAVING COUNT(*) > $1";
        let full = self.db().read().await?.rows(FULL, db::args![limits::GONE]).await?;
        let mut forgotten = 0;
        for row in full {
            let unit = db::unit("forget what went", FolderId(row.int(0)?), |folder, tx| {
                Box::pin(forget_in(tx, *folder))
            });
            forgotten += self.db().write(unit).await?;
        }
        Ok(forgotten)
    }
}

/// What changed in a folder, with the rows.
#[derive(Debug)]
pub(crate) struct Changes {
    /// New messages and messages marked anew, by uid.
    pub(crate) rows: Vec<EntryRow>,
    /// Messages gone.
    pub(crate) gone: Vec<(Uid, Uid)>,
}

async fn forget_in(tx: &mut db::Tx, folder: FolderId) -> Result<u64, Error> {
    const LOCK: &str = "SELECT id FROM folder WHERE id = $1 {FOR UPDATE}";
    // Half goes, so that a busy folder is not swept every hour.
    const CUT: &str = "SELECT modseq FROM expunged WHERE folder = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2";
    const FORGET: &str = "DELETE FROM expunged WHERE folder = $1 AND modseq <= $2";
    const TELL: &str = "UPDATE folder SET forgotten = $2 WHERE id = $1 AND COALESCE(forgotten, 0) < $2";
    if tx.maybe_row(LOCK, db::args![folder]).await?.is_none() {
        return Ok(0);
    }
    let Some(cut) = tx.maybe_row(CUT, db::args![folder, limits::GONE / 2]).await? else { return Ok(0) };
    let cut = cut.int(0)?;
    tx.execute(TELL, db::args![folder, cut]).await?;
    Ok(tx.execute(FORGET, db::args![folder, cut]).await?)
}

async fn standing(tx: &mut db::Tx, account: AccountId, folder: FolderId) -> Result<Standing, Error> {
    let row = tx.maybe_row(FOLDER, db::args![account, folder]).await?.ok_or(Error::NoFolder)?;
    Ok(Standing { modseq: row.int(0)?, uid_next: row.int(1)?, forgotten: row.int(2)? })
}

async fn arrived(tx: &mut db::Tx, folder: FolderId, after: Uid) -> Result<Vec<Uid>, Error> {
    let mut uids: Vec<Uid> = Vec::new();
    loop {
        let after = uids.last().copied().unwrap_or(after);
        let page = tx.rows(ARRIVED, db::args![folder, after, limits::INDEX_PAGE]).await?;
        for row in &page {
            uids.push(Uid(row.int(0)? as u32));
        }
        if (page.len() as i64) < limits::INDEX_PAGE {
            return Ok(uids);
        }
    }
}

async fn gone(tx: &mut db::Tx, folder: FolderId, standing: &Standing, since: i64) -> Result<Gone, Error> {
    const GONE: &str =
        "SELECT uid, COALESCE(upto, uid) FROM expunged WHERE folder = $1 AND modseq > $2 ORDER BY uid";
    if since < standing.forgotten {
        return Ok(Gone::Forgotten);
    }
    let rows = tx.rows(GONE, db::args![folder, since]).await?;
    let runs = rows.iter().map(|row| Ok((Uid(row.int(0)? as u32), Uid(row.int(1)? as u32))));
    Ok(Gone::Runs(runs.collect::<Result<_, Error>>()?))
}

/// The greatest uid up to which every message came at `since` or before: two logarithms of what came after.
async fn last_before(
    tx: &mut db::Tx,
    folder: FolderId,
    standing: &Standing,
    since: i64,
) -> Result<Uid, Error> {
    const LAST: &str =
        "SELECT uid, modseq FROM entries WHERE folder = $1 AND uid <= $2 ORDER BY uid DESC LIMIT 1";
    // Every message up to `known` came before, the one at `new` and those behind it came after.
    let (mut known, mut new) = (0, standing.uid_next);
    let mut step = 1;
    while new > step {
        match tx.maybe_row(LAST, db::args![folder, new - step]).await? {
            Some(row) if row.int(1)? > since => new = row.int(0)?,
            Some(_) | None => {
                known = new - step;
                break;
            }
        }
        step *= 2;
    }
    while new - known > 1 {
        let middle = known + (new - known) / 2;
        match tx.maybe_row(LAST, db::args![folder, middle]).await? {
            Some(row) if row.int(1)? > since => new = row.int(0)?,
            Some(_) | None => known = middle,
        }
    }
    Ok(Uid(known as u32))
}

/// Ascending uids as runs of neighbours.
fn runs(uids: &[Uid]) -> Vec<(Uid, Uid)> {
    let mut runs: Vec<(Uid, Uid)> = Vec::new();
    for uid in uids {
        match runs.last_mut() {
            Some((_, last)) if last.0.checked_add(1) == Some(uid.0) => *last = *uid,
            Some(_) | None => runs.push((*uid, *uid)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, stores};
    use crate::{FlagChange, Flags, Marks, Role};

    fn uids(numbers: &[u32]) -> Vec<Uid> {
        numbers.iter().copied().map(Uid).collect()
    }

    #[test]
    fn neighbours_gone_are_one_run() {
        assert_eq!(
            runs(&uids(&[1, 2, 3, 7, 9, 10])),
            [(Uid(1), Uid(3)), (Uid(7), Uid(7)), (Uid(9), Uid(10))]
        );
        assert_eq!(runs(&uids(&[u32::MAX])), [(Uid(u32::MAX), Uid(u32::MAX))]);
        assert_eq!(runs(&[]), []);
    }

    /// What a list that remembers everything says.
    #[derive(Default)]
    struct Model {
        rows: std::collections::BTreeMap<Uid, i64>,
        gone: Vec<(i64, Uid)>,
    }

    #[tokio::test]
    async fn what_changed_since_any_moment_is_what_a_list_that_forgets_nothing_says() {
        for store in stores().await {
            let doctor = store.doctor().await;
            store.receive("first", b"", doctor).await;
            let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
            let (mut model, mut moments) = (Model::default(), vec![1, inbox.modseq]);
            model.rows.insert(Uid(1), inbox.modseq);
            let mut random = 11_u32;
            for _ in 0..60 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let some = [Uid(random % 31 + 1), Uid(random / 64 % 31 + 1)];
                match random / 4_096 % 5 {
                    0 | 1 => assert!(store.receive("more", b"", doctor).await.uid > Uid(1)),
                    2 => drop(store.copy(doctor, inbox.id, inbox.id, &some, NOW).await.unwrap()),
                    3 => {
                        let flag = if random.is_multiple_of(2) { Flags::SEEN } else { Flags::DELETED };
                        let change = FlagChange::Add(Marks::new(flag, &[]));
                        drop(store.store_flags(doctor, inbox.id, &some, change, None).await.unwrap());
                    }
                    _ => drop(store.expunge(doctor, inbox.id, None).await.unwrap()),
                }
                let now = store.folder_by_id(doctor, inbox.id).await.unwrap().modseq;
                let rows = store.all_entries(doctor, inbox.id).await.unwrap();
                let rows: std::collections::BTreeMap<_, _> =
                    rows.iter().map(|row| (row.uid, row.modseq)).collect();
                model
                    .gone
                    .extend(model.rows.keys().filter(|uid| !rows.contains_key(uid)).map(|uid| (now, *uid)));
                model.rows = rows;
                moments.push(now);
            }
            for since in moments {
                let got = store.since(doctor, inbox.id, since).await.unwrap();
                let changed: Vec<Uid> =
                    model.rows.iter().filter(|row| *row.1 > since).map(|row| *row.0).collect();
                assert_eq!(got.changed, changed, "{} since {since}", store.engine);
                let Gone::Runs(runs) = got.gone else { panic!("nothing was forgotten") };
                let told: Vec<u32> = runs.iter().flat_map(|(first, last)| first.0..=last.0).collect();
                let mut gone: Vec<u32> =
                    model.gone.iter().filter(|(at, _)| *at > since).map(|(_, uid)| uid.0).collect();
                gone.sort_unstable();
                assert_eq!(told, gone, "{} since {since}", store.engine);
            }
            let beyond = store.since(doctor, inbox.id, i64::MAX).await.unwrap();
            assert_eq!((beyond.changed.len(), beyond.gone), (model.rows.len(), Gone::Forgotten));
            store.assert_clean().await;
        }
    }

    #[tokio::test]
    async fn an_open_session_learns_all_piece_by_piece_and_nothing_twice() {
        for store in stores().await {
            let doctor = store.doctor().await;
            for subject in ["one", "two", "three", "four"] {
                store.receive(subject, b"", doctor).await;
            }
            let inbox = store.role_folder_of(doctor, Role::Inbox).await.unwrap();
            let known = Known::whole(inbox.modseq, Uid(4));
            let mark = |flags| FlagChange::Add(Marks::new(flags, &[]));
            store.store_flags(doctor, inbox.id, &uids(&[3, 4]), mark(Flags::SEEN), None).await.unwrap();
            store.store_flags(doctor, inbox.id, &uids(&[1, 2]), mark(Flags::DELETED), None).await.unwrap();
            store.expunge(doctor, inbox.id, Some(&[Uid(2)])).await.unwrap();
            store.receive("five", b"", doctor).await;
            let piece = store.news_since(doctor, inbox.id, known).await.unwrap();
            let marked: Vec<(Uid, i64)> = piece.marked.iter().map(|row| (row.uid, row.modseq)).collect();
            let first = known.modseq + 1;
            assert_eq!(marked, [(Uid(3), first), (Uid(4), first), (Uid(1), first + 1)], "{}", store.engine);
            assert_eq!(piece.arrived, [Uid(5)]);
            assert_eq!(piece.gone, Gone::Runs(vec![(Uid(2), Uid(2))]));
            assert_eq!((piece.known.modseq, piece.complete), (first + 3, true));
            let again = store.news_since(doctor, inbox.id, piece.known).await.unwrap();
            assert_eq!((again.marked.len(), again.arrived.len(), again.gone), (0, 0, Gone::Runs(vec![])));
            // In the middle of the marks of one sequence: the rest comes, and the sequence is not reached.
            let half = Known { marks: (first, Uid(3)), ..known };
            let rest = store.news_since(doctor, inbox.id, half).await.unwrap();
            assert_eq!(rest.marked.iter().map(|row| row.uid).collect::<Vec<_>>(), uids(&[4, 1]));
        }
    }

    #[tokio::test]
    async fn what_went_long_ago_is_forgotten_and_said_to_be() {
        for store in stores().await {
            let doctor = store.doctor().await;
            let got = store.receive("one", b"", doctor).await;
            let filled = db::unit("fill", got.folder, |folder, tx| {
                Box::pin(async move {
                    // As many expunges of every other message.
                    let rows =
                        (0..limits::GONE + 1).map(|n| db::args![*folder, n + 10, 2 * n + 10, 2 * n + 10]);
                    let into = "INSERT INTO expunged (folder, modseq, uid, upto) VALUES";
                    tx.insert_rows(into, "", rows.collect()).await?;
                    let top = "UPDATE folder SET modseq = $2 WHERE id = $1";
                    tx.execute(top, db::args![*folder, limits::GONE + 10]).await.map(drop)
                })
            });
            store.db().write(filled).await.unwrap();
            let since = async |since| store.since(doctor, got.folder, since).await.unwrap().gone;
            assert!(matches!(since(9).await, Gone::Runs(runs) if runs.len() as i64 == limits::GONE + 1));
            assert_eq!(store.forget_gone().await.unwrap(), limits::GONE as u64 / 2 + 1, "{}", store.engine);
            assert_eq!(since(9).await, Gone::Forgotten);
            assert!(matches!(since(limits::GONE + 5).await, Gone::Runs(runs) if runs.len() == 5));
            // A view made before is made anew, not patched with what is no longer known.
            assert_eq!(store.view(doctor, got.folder).await.unwrap().rows.len(), 1);
            assert_eq!(store.forget_gone().await.unwrap(), 0);
        }
    }
}
