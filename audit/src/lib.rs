//! The append-only trail: who did what, for whom, and the proof that no line was changed.
//!
//! Lines are written in the transaction of the act they tell. One chain for each account and one
//! for the house: `hash = H(previous hash ‖ chain ‖ seq ‖ commitment)` where
//! `commitment = H(salt ‖ line)`. Erasing the text and salt of a line (a patient's right) leaves
//! the commitment, so the chain still holds, and the salt keeps the text from being guessed back.
//! Heads are signed in checkpoints and exported, so that the whole trail cannot be rewritten either.
//!
//! A line holds ids and codes, never a name, an address, a subject or an INS: those who may know
//! look the ids up in the directory.
#![warn(missing_docs)]

mod chain;
mod checkpoint;
mod count;
mod line;
mod verify;
mod walk;

pub use chain::{Written, append, erase, erase_page, history};
pub use checkpoint::{Checkpoint, Signer, SignerError, checkpoint};
pub use count::count;
pub use line::{Act, Actor, Chain, Entry, Line};
pub use verify::{Broken, size, verify, verify_chain_of};

/// The tables of this room.
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration { name: "audit/0001", sql: include_str!("../migrations/0001.sql") },
    db::Migration { name: "audit/0002", sql: include_str!("../migrations/0002.sql") },
];
