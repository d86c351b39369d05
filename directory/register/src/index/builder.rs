//! The index of a generation, built before it is put in force.

use db::Db;

use crate::{Error, Listing};

/// Takes the entries of a generation, ids ascending, and keeps what finds them again.
pub(crate) struct Builder {
    last: i64,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { last: 0 }
    }

    /// The next entry. Slow work is allowed: it runs on a thread of its own.
    pub(crate) fn add(&mut self, listing: &Listing) {
        debug_assert!(listing.id().0 > self.last, "entries come by ascending id");
        self.last = listing.id().0;
    }

    /// Writes the index of `generation`, in units as small as those of the import.
    pub(crate) async fn finish(self, _db: &Db, _generation: i64) -> Result<(), Error> {
        Ok(())
    }
}

/// Takes back what was written for a generation that never came in force.
pub(crate) async fn forget(_db: &Db, _generation: i64) -> Result<(), Error> {
    Ok(())
}
