//! What all sessions of the mailbox door share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use directory::Login;
use names::{AccountId, PersonId};
use net::ConnInfo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::quota::Quotas;
use super::search::{Ahead, Memory, Shelf};
use super::{ImapWorld, limits};
use crate::{Entrance, Relay};

/// The mailbox door. Clones are one door.
#[derive(Clone)]
pub struct ImapDoor(Arc<Inner>);

struct Inner {
    relay: Relay,
    entrance: Entrance,
    memory: Memory,
    shelf: Arc<Shelf>,
    ahead: Ahead,
    keeping: Arc<Semaphore>,
    orders: Arc<Semaphore>,
    sessions: Mutex<HashMap<Holder, usize>>,
    sessions_each: usize,
    quotas: Quotas,
}

/// Whose sessions are counted together: a team's mailbox has many members.
type Holder = (AccountId, Option<PersonId>);

/// One session's place in the count; given back when dropped.
pub(super) struct Place {
    door: ImapDoor,
    holder: Holder,
}

impl ImapDoor {
    /// The door of this house; one value for the ports 993 and 143.
    #[must_use]
    pub fn new(relay: Relay, entrance: impl Into<Entrance>) -> Self {
        Self::with_sessions(relay, entrance, limits::SESSIONS)
    }

    /// The same with another number of sessions that one person may have in one mailbox.
    #[must_use]
    pub fn with_sessions(relay: Relay, entrance: impl Into<Entrance>, sessions_each: usize) -> Self {
        Self(Arc::new(Inner {
            relay,
            entrance: entrance.into(),
            memory: Memory::default(),
            shelf: Arc::default(),
            ahead: Ahead::default(),
            keeping: Arc::new(Semaphore::new(1)),
            orders: Arc::new(Semaphore::new(limits::ORDERS)),
            sessions: Mutex::default(),
            sessions_each,
            quotas: Quotas::default(),
        }))
    }

    /// The same with bounds of what mailboxes hold. Said before the door is cloned.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.quotas = quotas;
        }
        self
    }

    /// The world of one connection.
    #[must_use]
    pub fn world(&self, connection: &ConnInfo) -> ImapWorld {
        ImapWorld::new(self.clone(), connection.peer.ip())
    }

    pub(super) fn relay(&self) -> &Relay {
        &self.0.relay
    }

    pub(super) fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    pub(super) fn shelf(&self) -> &Arc<Shelf> {
        &self.0.shelf
    }

    pub(super) fn ahead(&self) -> &Ahead {
        &self.0.ahead
    }

    /// Waits until nobody else keeps what a search found out; none when the house stops.
    pub(super) async fn turn_to_keep(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.keeping).acquire_owned().await.ok()
    }

    /// Waits until one more SORT or THREAD may be held in memory; none when the house stops.
    pub(super) async fn turn_to_order(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.orders).acquire_owned().await.ok()
    }

    pub(super) fn quotas(&self) -> &Quotas {
        &self.0.quotas
    }

    /// A place for one more session of this login, if it may have one.
    pub(super) fn admit(&self, login: &Login) -> Option<Place> {
        let holder = (login.account, login.person);
        let mut sessions = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sessions.entry(holder).or_default();
        if *count >= self.0.sessions_each {
            return None;
        }
        *count += 1;
        Some(Place { door: self.clone(), holder })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sessions = self.door.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sessions.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                sessions.remove(&self.holder);
            }
        }
    }
}

impl std::fmt::Debug for ImapDoor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ImapDoor")
    }
}
