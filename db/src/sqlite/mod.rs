//! SQLite: one writer on a thread of its own that commits for all who wait, and a few readers.
//!
//! Statements run where they are asked: a view's on the task that reads, a unit's on the writer's thread.
//! Handing each of them to another thread and back costs more than the statement (ADR 0020). The log is
//! synced for a commit on the writer's thread, and copied back on a thread that may wait; never where units or views run.

mod checkpoint;
mod connection;
mod readers;
mod writer;

pub(crate) use checkpoint::Checkpoints;
pub(crate) use connection::{Access, Connection, applied, open, version};
pub(crate) use readers::{Readers, View};
pub(crate) use writer::Writer;
