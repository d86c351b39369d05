//! The index of this house's own entries: in memory, brought up to date by what changed.
//!
//! Three segments: all entries as they were when it was loaded, those changed since, and the newest few. A change
//! builds the newest anew, which takes a millisecond; when it is full it goes into the one before, and when that is
//! full everything is loaded again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use db::Tx;

use super::{Building, Segment};
use crate::local::{self, Local};
use crate::merge::{self, Ours};
use crate::parts::Key;
use crate::{Error, Listing, ListingId, limits, store};

/// Entries by id; nothing for one that is gone.
type Entries = BTreeMap<i64, Option<Listing>>;

/// This house's entries at one version.
#[derive(Clone, Default)]
pub(crate) struct Live {
    version: i64,
    generation: i64,
    /// Every address that is or was ours.
    pub(crate) ours: Arc<Ours>,
    /// The national entry of each holder of ours, where there is one.
    pub(crate) twins: Arc<HashMap<ListingId, ListingId>>,
    /// The national entries that are shown as part of ours.
    hidden: Arc<HashSet<ListingId>>,
    all: Option<Arc<Segment>>,
    newer: Arc<Entries>,
    newer_segment: Option<Arc<Segment>>,
    newest: Arc<Entries>,
    newest_segment: Option<Arc<Segment>>,
}

impl Live {
    /// The segments, oldest first.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Arc<Segment>> {
        [&self.all, &self.newer_segment, &self.newest_segment].into_iter().flatten().cloned()
    }

    /// Whether this house has no entry and never had one.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_none() && self.newer.is_empty() && self.newest.is_empty()
    }

    /// Whether a national entry is shown as part of ours, under another id.
    pub(crate) fn hides(&self, id: ListingId) -> bool {
        self.hidden.contains(&id)
    }

    /// What holds at another version, as `tx` sees it.
    pub(crate) async fn at(&self, tx: &mut Tx, version: i64, generation: i64) -> Result<Self, Error> {
        if self.version == 0 || generation != self.generation {
            return Self::loaded(tx, version, generation).await;
        }
        let changed = local::changed(tx, self.version, 0, limits::LIVE_NEWER).await?;
        if self.newer.len() + self.newest.len() + changed.len() >= limits::LIVE_NEWER {
            return Self::loaded(tx, version, generation).await;
        }
        let mut live = Self { version, ..self.clone() };
        if changed.is_empty() {
            return Ok(live);
        }
        let mut newest = Entries::clone(&live.newest);
        live.take_in(tx, changed, &mut newest).await?;
        if newest.len() > limits::LIVE_NEWEST {
            let mut newer = Entries::clone(&live.newer);
            newer.append(&mut newest);
            live.newer_segment = built(&newer)?;
            live.newer = Arc::new(newer);
        }
        live.newest_segment = built(&newest)?;
        live.newest = Arc::new(newest);
        Ok(live)
    }

    async fn loaded(tx: &mut Tx, version: i64, generation: i64) -> Result<Self, Error> {
        let mut live = Self { version, generation, ..Self::default() };
        let mut entries = Entries::new();
        let mut after = 0;
        loop {
            let some = local::changed(tx, 0, after, limits::LIVE_NEWER).await?;
            let Some(last) = some.last().map(|local| local.id.0) else { break };
            after = last;
            live.take_in(tx, some, &mut entries).await?;
        }
        live.all = built(&entries)?;
        Ok(live)
    }

    /// What some rows of this house make of the entries they touch.
    async fn take_in(&mut self, tx: &mut Tx, locals: Vec<Local>, entries: &mut Entries) -> Result<(), Error> {
        let keys: Vec<Key> = locals.iter().map(|local| local.key.clone()).collect();
        let twins: HashMap<Key, ListingId> =
            local::national(tx, &keys, self.generation).await?.into_iter().collect();
        let mut ours = Ours::clone(&self.ours);
        for (address, id) in addresses(tx, &locals).await? {
            ours.insert(address, id);
        }
        // National entries to be seen without an address that is ours.
        let mut touched = self.other_holders(tx, &ours).await?;
        touched.extend(twins.values());
        touched.sort_unstable();
        touched.dedup();
        let national = store::rows(tx, &touched, self.generation).await?;
        let mut national: HashMap<ListingId, Listing> =
            national.into_iter().map(|listing| (listing.id(), merge::without_ours(listing, &ours))).collect();
        let mut known = HashMap::clone(&self.twins);
        for Local { id, key, listing } in locals {
            let twin = twins.get(&key).copied();
            match (listing, twin) {
                (Some(listing), twin) => {
                    let national = twin.and_then(|twin| national.remove(&twin));
                    if let Some(twin) = twin {
                        known.insert(id, twin);
                        entries.insert(twin.0, None);
                    }
                    entries.insert(id.0, Some(merge::merged(listing, national)));
                }
                (None, twin) => {
                    known.remove(&id);
                    entries.insert(id.0, None);
                    if let Some(twin) = twin {
                        entries.insert(twin.0, national.remove(&twin));
                    }
                }
            }
        }
        let hidden: HashSet<ListingId> = known.values().copied().collect();
        for (id, listing) in national {
            if !hidden.contains(&id) {
                entries.insert(id.0, Some(listing));
            }
        }
        self.hidden = Arc::new(hidden);
        (self.ours, self.twins) = (Arc::new(ours), Arc::new(known));
        Ok(())
    }

    /// National entries that hold an address that was not ours before.
    async fn other_holders(&self, tx: &mut Tx, ours: &Ours) -> Result<Vec<ListingId>, Error> {
        let new = ours.keys().filter(|address| !self.ours.contains_key(address));
        let list = new.map(|address| address.to_string().into_bytes().into()).collect();
        let rows = tx
            .rows_in("SELECT holder FROM register_address WHERE address IN ({})", db::args![], list)
            .await?;
        Ok(rows.iter().map(|row| row.int(0).map(ListingId)).collect::<Result<_, _>>()?)
    }
}

/// The addresses of some rows, those that were closed too.
async fn addresses(tx: &mut Tx, locals: &[Local]) -> Result<Vec<(names::Address, ListingId)>, Error> {
    let list = locals.iter().map(|local| db::Value::from(local.id.0)).collect();
    local::addresses_of(tx, list).await
}

fn built(entries: &Entries) -> Result<Option<Arc<Segment>>, Error> {
    let mut building = Building::default();
    for (id, listing) in entries {
        match listing {
            Some(listing) => building.add(listing)?,
            None => building.gone(ListingId(*id)),
        }
    }
    Ok(if building.is_empty() { None } else { Some(Arc::new(building.into_segment()?)) })
}
