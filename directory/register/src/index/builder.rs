//! The index of a generation, built before it is put in force.

use std::sync::Arc;

use db::{Db, Value, args};

use super::build::Sealed;
use super::segment::Head;
use super::{Building, merge, stored};
use crate::{Error, Listing, ListingId, limits};

/// What is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// All entries of a generation.
    Whole,
    /// What a generation changed of the one before it.
    Update,
}

/// Takes the entries of a generation, ids ascending, and keeps what finds them again.
///
/// At most one segment is built in memory at a time; the finished ones wait as the octets that are stored.
pub(crate) struct Builder {
    scope: Scope,
    building: Building,
    sealed: Vec<Sealed>,
}

impl Builder {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, building: Building::default(), sealed: Vec::new() }
    }

    /// The next entry. Slow work: it belongs on a thread of its own.
    pub(crate) fn add(&mut self, listing: &Listing) -> Result<(), Error> {
        self.building.add(listing)?;
        if self.building.len() >= limits::SEGMENT {
            self.sealed.push(std::mem::take(&mut self.building).seal()?);
        }
        Ok(())
    }

    /// An entry that is there no more.
    pub(crate) fn gone(&mut self, id: ListingId) {
        self.building.gone(id);
    }

    /// Orders what was added last. Slow work, too.
    pub(crate) fn seal(&mut self) -> Result<(), Error> {
        if !self.building.is_empty() {
            self.sealed.push(std::mem::take(&mut self.building).seal()?);
        }
        Ok(())
    }

    /// Writes the index of `generation`, in units as small as those of the import. Nothing reads it before the
    /// generation is put in force.
    pub(crate) async fn finish(mut self, db: &Db, generation: i64) -> Result<(), Error> {
        self.seal()?;
        let before = match self.scope {
            Scope::Whole => Vec::new(),
            Scope::Update => stored::listed(&mut db.read().await?, generation - 1).await?,
        };
        let mut segments = match self.scope {
            Scope::Whole => before,
            Scope::Update => together(db, before, &mut self.sealed).await?,
        };
        for (number, sealed) in self.sealed.into_iter().enumerate() {
            let id = id(generation, number)?;
            write(db, id, sealed, self.scope).await?;
            segments.push(id);
        }
        db.write(db::unit(
            "list the segments of an index",
            (generation, segments),
            |(generation, segments), tx| {
                Box::pin(async move {
                    let rows = segments
                        .iter()
                        .zip(0_i64..)
                        .map(|(segment, place)| args![*generation, place, *segment]);
                    tx.insert_rows(
                        "INSERT INTO register_index (generation, place, segment) VALUES",
                        "",
                        rows.collect(),
                    )
                    .await
                    .map(drop)
                })
            },
        ))
        .await?;
        Ok(())
    }
}

/// Takes small segments together with a new one when there are many; answers those that stay as they are.
async fn together(db: &Db, before: Vec<i64>, sealed: &mut Vec<Sealed>) -> Result<Vec<i64>, Error> {
    let mut tx = db.read().await?;
    let (mut stay, mut small) = (Vec::new(), Vec::new());
    for id in before {
        let segment = stored::load(&mut tx, id).await?;
        if segment.base { stay.push(id) } else { small.push((id, segment)) }
    }
    if small.len() < limits::SMALL_SEGMENTS {
        stay.extend(small.into_iter().map(|(id, _)| id));
        return Ok(stay);
    }
    let mut all = Vec::new();
    for (id, segment) in small {
        let postings = stored::whole(&mut tx, id, stored::POSTINGS).await?;
        all.push((segment, postings));
    }
    drop(tx);
    for new in sealed.drain(..) {
        all.push(merge::opened(new)?);
    }
    // Slow work: this is the thread of an import.
    sealed.push(merge::merged(&all)?);
    Ok(stay)
}

/// Whether a generation has an index that an update can build upon.
pub(crate) async fn exists(tx: &mut db::Tx, generation: i64) -> Result<bool, Error> {
    Ok(!stored::listed(tx, generation).await?.is_empty())
}

/// Segments of one generation.
const NUMBERS: u32 = 8;

fn id(generation: i64, number: usize) -> Result<i64, Error> {
    match i64::try_from(number) {
        Ok(number) if number < 1 << NUMBERS => Ok(generation << NUMBERS | number),
        Ok(_) | Err(_) => Err(Error::Corrupt("too many segments")),
    }
}

async fn write(db: &Db, id: i64, sealed: Sealed, scope: Scope) -> Result<(), Error> {
    let Sealed { docs, gone, flags, words, postings } = sealed;
    let entries = i64::from(docs.len());
    let head = Head { docs, gone, flags }.write();
    let octets = (head.len() + words.len() + postings.len()) as i64;
    let row = (id, entries, scope == Scope::Whole, octets);
    db.write(db::unit("begin a segment", row, |(id, entries, base, octets), tx| {
        Box::pin(async move {
            tx.execute(
                "INSERT INTO register_segment (id, entries, base, octets) VALUES ($1, $2, $3, $4)",
                args![*id, *entries, *base, *octets],
            )
            .await
        })
    }))
    .await?;
    for (part, octets) in [(stored::HEAD, head), (stored::WORDS, words), (stored::POSTINGS, postings)] {
        let octets = Arc::new(octets);
        for first in (0..octets.len()).step_by(limits::STORED_AT_ONCE) {
            let some = (id, part, first, Arc::clone(&octets));
            db.write(db::unit("write a segment", some, |(id, part, first, octets), tx| {
                Box::pin(async move {
                    let end = octets.len().min(first + limits::STORED_AT_ONCE);
                    let piece = |(at, some): (usize, &[u8])| {
                        args![*id, *part, (first / limits::CHUNK + at) as i64, some]
                    };
                    let rows = octets[*first..end].chunks(limits::CHUNK).enumerate().map(piece).collect();
                    tx.insert_rows(
                        "INSERT INTO register_segment_piece (segment, part, piece, octets) VALUES",
                        "",
                        rows,
                    )
                    .await
                    .map(drop)
                })
            }))
            .await?;
        }
    }
    Ok(())
}

/// Takes back what was written for a generation that never came in force.
pub(crate) async fn forget(db: &Db, generation: i64) -> Result<(), Error> {
    unlist(db, generation, generation).await?;
    remove_unlisted(db, generation).await
}

/// Removes the indexes of generations before the one before `generation`, which is in force, and the segments that
/// no index names any more.
pub(crate) async fn sweep(db: &Db, generation: i64) -> Result<(), Error> {
    unlist(db, 0, generation - 2).await?;
    remove_unlisted(db, generation).await
}

async fn unlist(db: &Db, from: i64, to: i64) -> Result<(), Error> {
    db.write(db::unit("forget an index", (from, to), |(from, to), tx| {
        Box::pin(async move {
            tx.execute(
                "DELETE FROM register_index WHERE generation >= $1 AND generation <= $2",
                args![*from, *to],
            )
            .await
        })
    }))
    .await
    .map(drop)
    .map_err(Error::from)
}

/// Those of later generations are left: somebody may be writing them.
async fn remove_unlisted(db: &Db, last: i64) -> Result<(), Error> {
    let rows = db
        .read()
        .await?
        .rows(
            "SELECT id FROM register_segment
             WHERE id < $1 AND id NOT IN (SELECT segment FROM register_index) ORDER BY id",
            args![(last + 1) << NUMBERS],
        )
        .await?;
    for row in rows {
        let id = row.int(0)?;
        while db.write(db::unit("remove a segment", id, |id, tx| Box::pin(removed_some(*id, tx)))).await? {}
    }
    Ok(())
}

/// Removes some pieces of a segment, and at last the segment; whether there is more to remove.
async fn removed_some(id: i64, tx: &mut db::Tx) -> Result<bool, Error> {
    let most = (limits::STORED_AT_ONCE / limits::CHUNK) as i64;
    for part in [stored::HEAD, stored::WORDS, stored::POSTINGS] {
        let rows = tx
            .rows(
                "SELECT piece FROM register_segment_piece WHERE segment = $1 AND part = $2 ORDER BY piece LIMIT $3",
                args![id, part, most],
            )
            .await?;
        let pieces: Vec<Value> =
            rows.iter().map(|row| row.int(0).map(Value::from)).collect::<Result<_, _>>()?;
        if !pieces.is_empty() {
            let sql = "DELETE FROM register_segment_piece WHERE segment = $1 AND part = $2 AND piece IN ({})";
            tx.execute_in(sql, args![id, part], pieces).await?;
            return Ok(true);
        }
    }
    tx.execute("DELETE FROM register_segment WHERE id = $1", args![id]).await?;
    Ok(false)
}
