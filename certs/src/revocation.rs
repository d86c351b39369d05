//! The newest good list of each authority: kept, asked about, written to disk.

mod folder;

use crate::anchors::{Anchors, Issuer};
use crate::list::{List, ListError};
use arc_swap::ArcSwap;
use folder::Folder;
pub use folder::FolderError;
use names::Timestamp;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Whether lists of revoked certificates count.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// Every authority of a chain needs a list, and what it does not vouch for is refused.
    Required(Arc<RevocationLists>),
    /// Nobody looks: for the throwaway authority of development.
    Off,
}

/// The lists of the configured authorities, shared by all doors and ways out. A new list counts
/// at the next handshake; sessions that are open stay open.
#[derive(Debug)]
pub struct RevocationLists {
    anchors: Arc<Anchors>,
    grace: i64,
    folder: Option<Folder>,
    lists: ArcSwap<Vec<Arc<List>>>,
    /// Held while a list is compared with the one it replaces.
    changing: Mutex<()>,
}

/// What became of a list that was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It counts from now on.
    New(ListState),
    /// It is the one we have.
    Unchanged(ListState),
}

/// What is known of one authority's list: for metrics and `pli check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListState {
    /// The authority, RFC 4514 text.
    pub issuer: String,
    /// Whether the list still counts.
    pub freshness: Freshness,
    /// The list's own facts, if there is one.
    pub list: Option<ListFacts>,
}

/// What a list says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFacts {
    /// When it was made.
    pub this_update: Timestamp,
    /// When the next one is promised.
    pub next_update: Timestamp,
    /// Milliseconds since it was made.
    pub age: i64,
    /// Certificates it revokes.
    pub entries: usize,
}

/// How a list stands to its `nextUpdate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Before it.
    Fresh,
    /// After it: still counts, and is an alarm from the first minute (DESIGN §6).
    Grace {
        /// The moment from which sessions are refused.
        until: Timestamp,
    },
    /// Too old: whoever this authority vouches for is refused.
    Stale,
    /// There is none: the same.
    Missing,
}

impl Freshness {
    /// A stable word for logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Grace { .. } => "grace",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }
}

impl RevocationLists {
    /// No list yet; kept in memory only. `grace` is how long a list counts after its
    /// `nextUpdate`, in milliseconds ([`LIST_GRACE`](crate::LIST_GRACE)).
    #[must_use]
    pub fn new(anchors: Arc<Anchors>, grace: i64) -> Arc<Self> {
        Arc::new(Self::with(anchors, grace, None))
    }

    /// Takes up the lists that an earlier run, or an administrator, left in `dir` as `.crl` files,
    /// and keeps the coming ones there.
    pub fn open(
        anchors: Arc<Anchors>,
        dir: &Path,
        grace: i64,
        now: Timestamp,
    ) -> Result<Arc<Self>, FolderError> {
        let lists = Self::with(anchors, grace, Some(Folder::open(dir)?));
        lists.reload(now)?;
        Ok(Arc::new(lists))
    }

    /// Reads the folder again: where no network reaches the authority, lists are carried in by hand.
    /// A file that cannot be used is logged and passed over.
    pub fn reload(&self, now: Timestamp) -> Result<(), FolderError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        for (path, bytes) in folder.read()? {
            match self.take(&bytes, now) {
                // The kept file of an older list, beside the one carried in.
                Ok(_) | Err(ListError::Older { .. }) => {}
                Err(error) => {
                    let path = path.display().to_string();
                    tracing::warn!(path, "a kept list of revoked certificates is of no use: {error}");
                }
            }
        }
        Ok(())
    }

    fn with(anchors: Arc<Anchors>, grace: i64, folder: Option<Folder>) -> Self {
        let lists = ArcSwap::from_pointee(Vec::new());
        Self { anchors, grace, folder, lists, changing: Mutex::new(()) }
    }

    /// Offers a list, DER or PEM. It counts at once if an authority of ours signed it and it is
    /// not older than the one we have. Writes a file: not to be called where nothing may wait.
    pub fn install(&self, bytes: &[u8], now: Timestamp) -> Result<Installed, ListError> {
        let (list, is_new) = self.take(bytes, now)?;
        let state = ListState {
            issuer: list.issuer.clone(),
            freshness: self.freshness(&list, now),
            list: Some(facts(&list, now)),
        };
        if !is_new {
            return Ok(Installed::Unchanged(state));
        }
        if let Some(folder) = &self.folder
            && let Err(error) = folder.write(&list)
        {
            // It counts all the same; only a restart would have to fetch it again.
            let cause = std::error::Error::source(&error);
            tracing::warn!(issuer = list.issuer, cause, "{error}");
        }
        Ok(Installed::New(state))
    }

    /// Replaces the list of the same scope, and says whether this one is another.
    fn take(&self, bytes: &[u8], now: Timestamp) -> Result<(Arc<List>, bool), ListError> {
        let list = Arc::new(List::read(bytes, &self.anchors, now)?);
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.lists.load_full();
        let place = old.iter().position(|old| old.scope == list.scope);
        if let Some(have) = place.map(|place| &old[place]) {
            if have.der == list.der {
                return Ok((list, false));
            }
            if !list.follows(have) {
                return Err(ListError::Older { issuer: list.issuer.clone(), have: have.this_update });
            }
        }
        let mut lists = Vec::clone(&old);
        match place {
            Some(place) => lists[place] = Arc::clone(&list),
            None => lists.push(Arc::clone(&list)),
        }
        self.lists.store(Arc::new(lists));
        Ok((list, true))
    }

    /// One line for each list, and one for each authority without a list. The worst come first.
    #[must_use]
    pub fn states(&self, now: Timestamp) -> Vec<ListState> {
        let lists = self.lists.load();
        let kept = lists.iter().map(|list| ListState {
            issuer: list.issuer.clone(),
            freshness: self.freshness(list, now),
            list: Some(facts(list, now)),
        });
        let has_list = |issuer: &Issuer| lists.iter().any(|list| list.issuer_raw == issuer.raw);
        let without = self.anchors.issuers().iter().filter(|issuer| !has_list(issuer)).map(|issuer| {
            ListState { issuer: issuer.name.clone(), freshness: Freshness::Missing, list: None }
        });
        let mut states: Vec<ListState> = kept.chain(without).collect();
        let rank = |state: &ListState| match state.freshness {
            Freshness::Missing => 0,
            Freshness::Stale => 1,
            Freshness::Grace { .. } => 2,
            Freshness::Fresh => 3,
        };
        states.sort_by_key(|state| (rank(state), state.issuer.clone()));
        states
    }

    /// The earliest `nextUpdate` of the lists we have.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        self.lists.load().iter().map(|list| list.next_update).min()
    }

    /// The authorities whose lists these are.
    #[must_use]
    pub fn anchors(&self) -> &Arc<Anchors> {
        &self.anchors
    }

    pub(crate) fn current(&self) -> Arc<Vec<Arc<List>>> {
        self.lists.load_full()
    }

    pub(crate) fn freshness(&self, list: &List, now: Timestamp) -> Freshness {
        let until = list.next_update.plus(self.grace);
        if now <= list.next_update {
            Freshness::Fresh
        } else if now <= until {
            Freshness::Grace { until }
        } else {
            Freshness::Stale
        }
    }
}

fn facts(list: &List, now: Timestamp) -> ListFacts {
    ListFacts {
        this_update: list.this_update,
        next_update: list.next_update,
        age: now.since(list.this_update),
        entries: list.entries,
    }
}

#[cfg(test)]
mod tests;
