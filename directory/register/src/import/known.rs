//! The generation in force, entry by entry, beside the files.

use std::collections::VecDeque;

use crate::import::{Failed, Importer};
use crate::limits;
use crate::parts::Key;
use crate::store::write::{self, Known};

/// The entries in force, in the order of their keys, some thousands at a time.
pub(crate) struct KnownEntries<'a> {
    importer: &'a Importer,
    generation: i64,
    waiting: VecDeque<Known>,
    last: Option<Key>,
    ended: bool,
}

impl<'a> KnownEntries<'a> {
    pub(crate) fn new(importer: &'a Importer, generation: i64) -> Self {
        Self { importer, generation, waiting: VecDeque::new(), last: None, ended: generation == 0 }
    }

    async fn peek(&mut self) -> Result<Option<&Known>, Failed> {
        if self.waiting.is_empty() && !self.ended {
            let count = limits::COMPARED_AT_ONCE as i64;
            let batch = write::known(&self.importer.db, self.generation, self.last.as_ref(), count).await?;
            self.ended = batch.len() < limits::COMPARED_AT_ONCE;
            self.last = batch.last().map(|known| known.key.clone());
            self.waiting.extend(batch);
        }
        Ok(self.waiting.front())
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Known>, Failed> {
        self.peek().await?;
        Ok(self.waiting.pop_front())
    }

    pub(crate) async fn next_before(&mut self, key: &Key) -> Result<Option<Known>, Failed> {
        let is_before = self.peek().await?.is_some_and(|known| known.key < *key);
        Ok(if is_before { self.waiting.pop_front() } else { None })
    }

    pub(crate) async fn next_if(&mut self, key: &Key) -> Result<Option<Known>, Failed> {
        let is_it = self.peek().await?.is_some_and(|known| known.key == *key);
        Ok(if is_it { self.waiting.pop_front() } else { None })
    }
}
