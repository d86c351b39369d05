//! The connections that read, each lent to one view at a time.

use super::connection::{self, Access, Connection};
use crate::{Cause, Durability, Error, limits};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A few connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Inner>);

struct Inner {
    path: PathBuf,
    durability: Durability,
    idle: Mutex<Vec<Connection>>,
    room: Arc<Semaphore>,
}

/// One consistent view; its connection goes back when it is dropped.
pub(crate) struct View {
    connection: Option<Connection>,
    readers: Readers,
    _room: OwnedSemaphorePermit,
}

impl Readers {
    /// Readers of a file that the writer has made.
    pub(crate) fn of(path: PathBuf, durability: Durability) -> Self {
        let room = Arc::new(Semaphore::new(limits::SQLITE_READERS));
        Self(Arc::new(Inner { path, durability, idle: Mutex::default(), room }))
    }

    /// Waits for a free connection and begins a view on it.
    pub(crate) async fn begin(&self) -> Result<View, Error> {
        let room = tokio::time::timeout(limits::ACQUIRE, Arc::clone(&self.0.room).acquire_owned());
        let room = room.await.map_err(|_elapsed| Error::Busy)?.map_err(|_closed| Error::Closed)?;
        let opened = |cause: Cause| Error::Open { what: "for reading".to_owned(), cause };
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open(&self.0.path, Access::Read, self.0.durability).map_err(opened)?,
        };
        connection.control("BEGIN").map_err(opened)?;
        Ok(View { connection: Some(connection), readers: self.clone(), _room: room })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for View {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a view has its connection until it is dropped")
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // A connection whose view does not end is thrown away, and another one opened in its place.
        if let Some(connection) = self.connection.take()
            && connection.control("ROLLBACK").is_ok()
        {
            self.readers.idle().push(connection);
        }
    }
}
