//! Segments as rows: reading them, and the postings that are kept in memory for a while.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use db::{Tx, Value, args};

use super::segment::{Head, chunks};
use super::{Index, Place, Segment};
use crate::index::segment::Postings;
use crate::{Error, limits};

/// Parts of a segment, by their number in the table.
pub(crate) const HEAD: i64 = 0;
/// Its words.
pub(crate) const WORDS: i64 = 1;
/// Its postings.
pub(crate) const POSTINGS: i64 = 2;

/// Pieces of postings that were read lately, within a budget.
///
/// Two ages: what is used moves to the young one; when that is full, the old one is forgotten.
#[derive(Default)]
pub(crate) struct Chunks(Mutex<Ages>);

type Kept = HashMap<(i64, usize), Arc<[u8]>>;

#[derive(Default)]
struct Ages {
    young: Kept,
    old: Kept,
    octets: usize,
}

impl Chunks {
    fn take(
        &self,
        segment: i64,
        wanted: impl Iterator<Item = usize>,
    ) -> (HashMap<usize, Arc<[u8]>>, Vec<usize>) {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        for chunk in wanted {
            if let Some(octets) = ages.young.get(&(segment, chunk)) {
                found.insert(chunk, Arc::clone(octets));
            } else if let Some(octets) = ages.old.remove(&(segment, chunk)) {
                found.insert(chunk, Arc::clone(&octets));
                ages.keep((segment, chunk), octets);
            } else {
                missing.push(chunk);
            }
        }
        (found, missing)
    }

    fn keep(&self, segment: i64, chunk: usize, octets: &Arc<[u8]>) {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ages.keep((segment, chunk), Arc::clone(octets));
    }
}

impl Ages {
    fn keep(&mut self, key: (i64, usize), octets: Arc<[u8]>) {
        self.octets += octets.len();
        self.young.insert(key, octets);
        if self.octets > limits::POSTINGS_KEPT / 2 {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
    }
}

/// The postings of one segment that a question needs.
pub(crate) enum Pieces<'a> {
    /// All of them.
    Memory(&'a [u8]),
    /// Some chunks.
    Read(HashMap<usize, Arc<[u8]>>),
}

impl Pieces<'_> {
    /// The octets of a place that was fetched; nothing for another.
    pub(crate) fn octets(&self, place: Place) -> Cow<'_, [u8]> {
        let (start, length) = (place.start(), place.length());
        match self {
            Self::Memory(octets) => Cow::Borrowed(octets.get(start..start + length).unwrap_or_default()),
            Self::Read(read) => {
                let touched = chunks(place);
                let first = touched.start() * limits::CHUNK;
                if touched.start() == touched.end() {
                    let chunk = read.get(touched.start()).map_or(&[][..], |chunk| chunk);
                    return Cow::Borrowed(
                        chunk.get(start - first..start - first + length).unwrap_or_default(),
                    );
                }
                let mut octets = Vec::with_capacity(length);
                for number in touched {
                    let Some(chunk) = read.get(&number) else { return Cow::Borrowed(&[]) };
                    let from = start.saturating_sub(number * limits::CHUNK);
                    let to = (start + length - number * limits::CHUNK).min(chunk.len());
                    octets.extend_from_slice(chunk.get(from..to).unwrap_or_default());
                }
                Cow::Owned(octets)
            }
        }
    }
}

/// Brings the postings of these places, one list of places for each part of the index.
pub(crate) async fn fetch<'a>(
    tx: &mut Tx,
    index: &'a Index,
    kept: &Chunks,
    wanted: Vec<Vec<Place>>,
) -> Result<Vec<Pieces<'a>>, Error> {
    let mut all = Vec::with_capacity(index.parts.len());
    for (part, places) in index.parts.iter().zip(wanted) {
        all.push(match &part.segment.postings {
            Postings::Memory(octets) => Pieces::Memory(octets),
            Postings::Stored(segment) => Pieces::Read(read(tx, kept, *segment, places).await?),
        });
    }
    Ok(all)
}

async fn read(
    tx: &mut Tx,
    kept: &Chunks,
    segment: i64,
    places: Vec<Place>,
) -> Result<HashMap<usize, Arc<[u8]>>, Error> {
    let mut wanted: Vec<usize> = places.into_iter().flat_map(chunks).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (mut found, missing) = kept.take(segment, wanted.into_iter());
    let list = missing.iter().map(|chunk| Value::from(*chunk as i64)).collect();
    let rows = tx
        .rows_in(
            "SELECT piece, octets FROM register_segment_piece WHERE segment = $1 AND part = $2 AND piece IN ({})",
            args![segment, POSTINGS],
            list,
        )
        .await?;
    for row in rows {
        let chunk = usize::try_from(row.int(0)?).map_err(|_| Error::Corrupt("piece of a segment"))?;
        let octets: Arc<[u8]> = row.bytes(1)?.into();
        kept.keep(segment, chunk, &octets);
        found.insert(chunk, octets);
    }
    if missing.iter().any(|chunk| !found.contains_key(chunk)) {
        return Err(Error::Corrupt("a piece of a segment is missing"));
    }
    Ok(found)
}

/// The segments of a generation's index, in their order, with their numbers.
pub(crate) async fn listed(tx: &mut Tx, generation: i64) -> Result<Vec<i64>, Error> {
    let rows = tx
        .rows("SELECT segment FROM register_index WHERE generation = $1 ORDER BY place", args![generation])
        .await?;
    Ok(rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?)
}

/// Reads a segment's head and words; its postings stay where they are.
pub(crate) async fn load(tx: &mut Tx, segment: i64) -> Result<Segment, Error> {
    let base = tx.row("SELECT base FROM register_segment WHERE id = $1", args![segment]).await?.bool(0)?;
    let head = whole(tx, segment, HEAD).await?;
    let head = Head::read(&head).ok_or(Error::Corrupt("head of a segment"))?;
    let words = whole(tx, segment, WORDS).await?;
    Segment::of(head, words, Postings::Stored(segment), base)
}

/// All octets of a part.
pub(crate) async fn whole(tx: &mut Tx, segment: i64, part: i64) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    let mut next = 0_i64;
    loop {
        let rows = tx
            .rows(
                "SELECT octets FROM register_segment_piece
                 WHERE segment = $1 AND part = $2 AND piece >= $3 ORDER BY piece LIMIT 64",
                args![segment, part, next],
            )
            .await?;
        for row in &rows {
            all.extend_from_slice(&row.bytes(0)?);
        }
        next += rows.len() as i64;
        if rows.len() < 64 {
            return Ok(all);
        }
    }
}
