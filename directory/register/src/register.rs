//! The handle by which the directory is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use db::{Db, Tx};
use names::{Address, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::index::{Chunks, Index, Live, Segment};
use crate::local::{self, Local};
use crate::resolve::{self, Candidate, DocumentType, Purpose, Resolution, Who};
use crate::search::{self, Found};
use crate::store::{self, Pointer};
use crate::{
    Criterion, Error, Listing, ListingId, Mailbox, Page, Query, Source, Wanted, index, limits, merge,
};

/// A page of one entry.
const ONE: Page = Page { count: 1, after: None };

/// Who looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sight {
    /// Whoever may search: what the red list hides is neither shown nor found, nor who answers for a mailbox.
    Public,
    /// Administrators: everything.
    Administrator,
}

/// The published directory, to be read. Cheap to clone; all clones share what they keep in memory.
#[derive(Clone)]
pub struct Register {
    db: Db,
    sight: Sight,
    shared: Arc<Shared>,
}

/// What all clones keep: the keys of the index, and postings read lately.
struct Shared {
    state: Mutex<Option<Arc<State>>>,
    bringing_up: tokio::sync::Mutex<()>,
    chunks: Arc<Chunks>,
    /// Who searches now. Others wait in the order they came, so that each waits for a few questions and none for all of
    /// somebody else's.
    turns: Semaphore,
}

/// The directory of one moment.
pub(crate) struct State {
    version: i64,
    pub(crate) generation: i64,
    segments: Vec<(i64, Arc<Segment>)>,
    pub(crate) live: Live,
    pub(crate) index: Index,
    pub(crate) chunks: Arc<Chunks>,
}

impl Register {
    /// The directory of a database, as the public sees it.
    #[must_use]
    pub fn open(db: Db) -> Self {
        let at_once = searches_at_once(db.engine());
        let shared = Shared {
            state: Mutex::default(),
            bringing_up: tokio::sync::Mutex::default(),
            chunks: Arc::default(),
            turns: Semaphore::new(at_once),
        };
        Self { db, sight: Sight::Public, shared: Arc::new(shared) }
    }

    /// The same, as somebody else sees it.
    #[must_use]
    pub fn seen_by(&self, sight: Sight) -> Self {
        Self { sight, ..self.clone() }
    }

    /// Answers a question, a page at a time.
    ///
    /// Nothing here tells the time yet; `now` is for rules that depend on it.
    pub async fn search(&self, query: &Query, page: &Page, _now: Timestamp) -> Result<Found, Error> {
        let _turn = self.turn().await;
        let (mut tx, state) = self.state().await?;
        search::search(&mut tx, &state, query, page, self.sight).await
    }

    /// The same among the entries of this house alone, however many others answer as well.
    pub async fn search_here(&self, query: &Query, page: &Page, _now: Timestamp) -> Result<Found, Error> {
        let _turn = self.turn().await;
        let (mut tx, state) = self.state().await?;
        let mut found = search::search(&mut tx, &state.of_house(), query, page, self.sight).await?;
        // A national entry that lost an address to us stands beside ours.
        found.listings.retain(|listing| match listing {
            Listing::Professional(entry) => entry.source == Source::Local,
            Listing::Organisation(entry) => entry.source == Source::Local,
        });
        // How many answer is not how many are ours.
        found.total = None;
        Ok(found)
    }

    /// Who holds an address, and that mailbox.
    pub async fn by_address(&self, address: &Address) -> Result<Option<(Listing, Mailbox)>, Error> {
        let (mut tx, state) = self.state().await?;
        let mut holders = search::holders(&mut tx, &state, std::slice::from_ref(address)).await?;
        let ids: Vec<ListingId> =
            holders.remove(address).unwrap_or_default().into_iter().map(ListingId).collect();
        for listing in state.rows(&mut tx, &ids, self.sight).await? {
            let mailbox = listing.mailboxes().find(|mailbox| mailbox.address == *address).cloned();
            if let Some(mailbox) = mailbox {
                return Ok(Some((listing, mailbox)));
            }
        }
        Ok(None)
    }

    /// The entries with these ids, in the order asked; unknown ones are left out.
    pub async fn rows(&self, ids: &[ListingId]) -> Result<Vec<Listing>, Error> {
        let (mut tx, state) = self.state().await?;
        state.rows(&mut tx, ids, self.sight).await
    }

    /// Which address to use: one, with reasons and warnings.
    ///
    /// The red list gives no address, whoever asks: administrators write to nobody by it.
    pub async fn resolve(
        &self,
        who: &Who,
        purpose: Purpose,
        document: Option<&DocumentType>,
        now: Timestamp,
    ) -> Result<Resolution, Error> {
        let _turn = match who {
            Who::Text(_) => self.turn().await,
            Who::Address(_) | Who::Person(_) | Who::Structure { .. } => None,
        };
        let (mut tx, state) = self.state().await?;
        let candidates = self.candidates(&mut tx, &state, who).await?;
        Ok(resolve::decide(who, purpose, document, &candidates, now))
    }

    async fn candidates(&self, tx: &mut Tx, state: &State, who: &Who) -> Result<Vec<Candidate>, Error> {
        let sight = Sight::Public;
        let listings = match who {
            Who::Text(text) => {
                let found = search::candidates(tx, state, text, sight).await?;
                return Ok(found.into_iter().map(|(listing, score)| Candidate { listing, score }).collect());
            }
            Who::Address(address) => {
                let mut holders = search::holders(tx, state, std::slice::from_ref(address)).await?;
                let ids: Vec<_> =
                    holders.remove(address).unwrap_or_default().into_iter().map(ListingId).collect();
                // Who holds a red-listed address is as unknown as who holds one that never was.
                let complete = state.rows(tx, &ids, Sight::Administrator).await?;
                let hidden = complete.iter().any(|listing| {
                    listing.mailboxes().any(|mailbox| mailbox.address == *address && mailbox.red_list)
                });
                let listings = if hidden { Vec::new() } else { complete };
                listings.into_iter().map(|listing| merge::seen_by_address(listing, address)).collect()
            }
            Who::Person(id) => {
                let query = Query { all: vec![Criterion::Person(vec![id.clone()])], ..Query::default() };
                search::search(tx, state, &query, &ONE, sight).await?.listings
            }
            Who::Structure { id, .. } => {
                let all = vec![Criterion::Structure(vec![id.clone()])];
                let query = Query { all, wanted: Wanted::Organisations, ..Query::default() };
                search::search(tx, state, &query, &ONE, sight).await?.listings
            }
        };
        // Of several holders of an address the one that shows it.
        let shows = |listing: &Listing| match who {
            Who::Address(address) => listing.mailboxes().any(|mailbox| mailbox.address == *address),
            Who::Person(_) | Who::Structure { .. } | Who::Text(_) => true,
        };
        let place = listings.iter().position(shows).unwrap_or_default();
        Ok(listings
            .into_iter()
            .skip(place)
            .take(1)
            .map(|listing| Candidate { listing, score: 1.0 })
            .collect())
    }

    /// A number that grows with every change of what is published here.
    pub async fn version(&self) -> Result<i64, Error> {
        Ok(store::pointer(&mut self.db.read().await?).await?.version)
    }

    /// What the directory says of itself: how much it holds, and since when.
    pub async fn pointer(&self) -> Result<Pointer, Error> {
        store::pointer(&mut self.db.read().await?).await
    }

    /// Octets of the index that this process keeps in memory, postings read lately apart.
    pub async fn octets(&self) -> Result<usize, Error> {
        let (_tx, state) = self.state().await?;
        Ok(state.index.parts.iter().map(|part| part.segment.octets()).sum())
    }

    /// Waits until it is this question's turn.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        match self.shared.turns.try_acquire() {
            Ok(turn) => {
                // Whoever else waits for this thread goes first: a search that finds all it needs in memory never waits
                // itself.
                tokio::task::yield_now().await;
                Some(turn)
            }
            // Whoever waits for a turn has let others go first. Nobody closes the turns.
            Err(_) => self.shared.turns.acquire().await.ok(),
        }
    }

    /// A view and the directory as it stands there: what is in memory is brought up to date first.
    async fn state(&self) -> Result<(Tx, Arc<State>), Error> {
        loop {
            let mut tx = self.db.read().await?;
            let pointer = store::pointer(&mut tx).await?;
            let known = self.known();
            if let Some(state) = known.clone().filter(|state| state.version == pointer.version) {
                return Ok((tx, state));
            }
            if known.is_some_and(|state| state.version > pointer.version) {
                // Somebody saw a later commit than this view does: look again.
                continue;
            }
            drop(tx);
            let _alone = self.shared.bringing_up.lock().await;
            let mut tx = self.db.read().await?;
            let pointer = store::pointer(&mut tx).await?;
            let state = match self.known() {
                Some(state) if state.version == pointer.version => state,
                known => Arc::new(State::at(&mut tx, known, &pointer, &self.shared.chunks).await?),
            };
            *self.shared.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&state));
            return Ok((tx, state));
        }
    }

    fn known(&self) -> Option<Arc<State>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// As many searches as there are processors to work on them; on SQLite one view stays free for others.
fn searches_at_once(engine: db::Engine) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match engine {
        db::Engine::Sqlite => processors.min(limits::SEARCHES_ON_SQLITE),
        // The server works for one while we work for another.
        db::Engine::Postgres => 2 * processors,
    }
}

impl State {
    /// What holds at a pointer; what `known` has already is taken over.
    async fn at(
        tx: &mut Tx,
        known: Option<Arc<State>>,
        pointer: &Pointer,
        chunks: &Arc<Chunks>,
    ) -> Result<Self, Error> {
        let Pointer { version, generation, .. } = *pointer;
        let (mut segments, live) = match &known {
            Some(known) => (known.segments.clone(), known.live.clone()),
            None => (Vec::new(), Live::default()),
        };
        if known.is_none_or(|known| known.generation != generation) {
            let mut listed = Vec::new();
            for id in index::listed(tx, generation).await? {
                let loaded = match segments.iter().find(|(known, _)| *known == id) {
                    Some((_, segment)) => Arc::clone(segment),
                    None => Arc::new(index::load(tx, id).await?),
                };
                listed.push((id, loaded));
            }
            segments = listed;
        }
        let live = live.at(tx, version, generation).await?;
        let all = segments.iter().map(|(_, segment)| Arc::clone(segment)).chain(live.segments()).collect();
        Ok(Self { version, generation, segments, live, index: Index::of(all), chunks: Arc::clone(chunks) })
    }

    /// The same with nothing to be found but what this house says.
    fn of_house(&self) -> Self {
        Self {
            version: self.version,
            generation: self.generation,
            segments: Vec::new(),
            live: self.live.clone(),
            index: Index::of(self.live.segments().collect()),
            chunks: Arc::clone(&self.chunks),
        }
    }

    /// The entries with these ids, in the order asked, as `sight` shows them.
    pub(crate) async fn rows(
        &self,
        tx: &mut Tx,
        ids: &[ListingId],
        sight: Sight,
    ) -> Result<Vec<Listing>, Error> {
        let locals = if self.live.is_empty() { Vec::new() } else { local::rows(tx, ids).await? };
        let mut locals: HashMap<ListingId, Local> =
            locals.into_iter().map(|local| (local.id, local)).collect();
        let mut national: Vec<ListingId> = ids.iter().copied().filter(|id| !self.live.hides(*id)).collect();
        national.extend(ids.iter().filter_map(|id| self.live.twins.get(id)));
        let national = store::rows(tx, &national, self.generation).await?;
        let mut national: HashMap<ListingId, Listing> = national
            .into_iter()
            .map(|listing| (listing.id(), merge::without_ours(listing, &self.live.ours)))
            .collect();
        let one = |id: &ListingId| {
            let listing = match locals.remove(id).and_then(|local| local.listing) {
                Some(listing) => {
                    let twin = self.live.twins.get(id).and_then(|twin| national.remove(twin));
                    merge::merged(listing, twin)
                }
                None => national.remove(id)?,
            };
            Some(merge::seen(listing, sight))
        };
        Ok(ids.iter().filter_map(one).collect())
    }
}
