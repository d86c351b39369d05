//! Time and chance as values: made once in `assembly`, handed down, replaced in tests.

use crate::Timestamp;
use std::sync::Arc;

/// Where "now" comes from. A struct around a function, so that a test stops it without a trait.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that reads `source`.
    pub fn new(source: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Clock")
    }
}

/// Fills the whole slice it is given.
type Source = dyn Fn(&mut [u8]) + Send + Sync;

/// Where unguessable bytes come from.
#[derive(Clone)]
pub struct Entropy(Arc<Source>);

impl Entropy {
    /// Chance drawn from `source`, which fills the whole slice it is given.
    pub fn new(source: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// `N` fresh bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Entropy")
    }
}
