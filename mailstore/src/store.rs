//! The store as one value: its databases, its folder of blobs, its keys, its watchers.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use names::{AccountId, Entropy, FolderId, HeadId, Timestamp};
use seal::{HashKey, MasterKeys, Vault};

use crate::blobs::Blobs;
use crate::cache::Generations;
use crate::fetch::Part;
use crate::fresh::Fresh;
use crate::keys::{Keys, QUEUE};
use crate::segments::Segments;
use crate::watch::Hub;
use crate::{Error, FolderView, Reserve, Room, fresh, limits, others};

/// What a store is made of. Both databases are migrated already (`MIGRATIONS`, `KEY_MIGRATIONS`).
pub struct Parts<'a> {
    /// The data.
    pub db: db::Db,
    /// The account keys.
    pub keys: db::Db,
    /// The master keys.
    pub masters: &'a MasterKeys,
    /// The folder of blobs; made when missing.
    pub blobs: PathBuf,
    /// Room to keep free on its disk.
    pub reserve: Reserve,
    /// Where nonces, keys and names come from.
    pub entropy: Entropy,
}

/// The store. Cloning it is cheap, and every clone is the same store.
#[derive(Clone)]
pub struct Mailstore(Arc<Inner>);

pub(crate) struct Inner {
    db: db::Db,
    keys: Keys,
    blobs: Blobs,
    segments: Segments,
    vault: Vault,
    hashes: HashKey,
    entropy: Entropy,
    hub: Hub,
    fresh: Arc<Fresh>,
    heads: Generations<(Part, HeadId, AccountId), Bytes>,
    views: Generations<FolderId, Arc<FolderView>>,
}

impl Mailstore {
    /// Opens the store.
    pub async fn open(parts: Parts<'_>, now: Timestamp) -> Result<Self, Error> {
        let blobs = Blobs::open(parts.blobs.clone(), parts.reserve)?;
        let segments = Segments::open(&parts.blobs)?;
        let keys = Keys::new(parts.keys, parts.masters, parts.entropy.clone());
        keys.make(QUEUE, now).await?;
        let ear = parts.db.hear();
        let (fresh, many) = Fresh::new();
        let store = Self(Arc::new(Inner {
            db: parts.db,
            keys,
            blobs,
            segments,
            vault: parts.masters.vault("mailstore"),
            hashes: parts.masters.hash_key("mailstore"),
            entropy: parts.entropy,
            hub: Hub::default(),
            fresh: Arc::new(fresh),
            heads: Generations::new(limits::CACHE),
            views: Generations::new(limits::VIEWS),
        }));
        tokio::spawn(others::hear(ear, Arc::downgrade(&store.0)));
        tokio::spawn(fresh::settle_in_quiet(many, Arc::downgrade(&store.0)));
        Ok(store)
    }

    /// The database of the data, for units that put steps of several rooms together.
    #[must_use]
    pub fn db(&self) -> &db::Db {
        &self.0.db
    }

    /// A word that only this house can make, the same each time: for marks that it must know again.
    #[must_use]
    pub fn token(&self, what: &[u8]) -> String {
        let hash = self.hashes().short(&[b"token ", what].concat());
        hash[..10].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether there is room to take a letter in; asked before it is accepted.
    pub fn check_room(&self) -> Result<(), Error> {
        self.0.blobs.check_room()
    }

    /// Octets free on the disk of the store, and octets never filled with letters.
    pub fn room(&self) -> Result<Room, Error> {
        self.0.blobs.room()
    }

    pub(crate) fn of(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.0.segments
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn hashes(&self) -> &HashKey {
        &self.0.hashes
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn fresh(&self) -> &Arc<Fresh> {
        self.0.fresh()
    }

    pub(crate) fn views_in_memory(&self) -> &Generations<FolderId, Arc<FolderView>> {
        &self.0.views
    }

    pub(crate) fn heads_in_memory(&self) -> &Generations<(Part, HeadId, AccountId), Bytes> {
        &self.0.heads
    }
}

impl Inner {
    pub(crate) fn fresh(&self) -> &Arc<Fresh> {
        &self.fresh
    }
}

impl std::fmt::Debug for Mailstore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Mailstore")
    }
}
