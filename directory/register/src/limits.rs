//! Every size, count and duration of this room, with its unit and source.

/// Entries in one page of answers (RELIABILITY D-10).
pub const PAGE: usize = 100;
/// Characters of a word that may stand anywhere in a text (RELIABILITY D-10).
pub const CONTAINS_CHARACTERS: usize = 3;

/// An import belongs to whoever renews it within this time, in milliseconds; then another may go on.
pub const IMPORT_HELD: i64 = names::MINUTE;
/// How often an import renews its claim while it writes nothing, in milliseconds.
pub const IMPORT_RENEWED: i64 = 10 * names::SECOND;
/// Entries written in one unit: some milliseconds, so that a letter never waits longer.
pub const WRITTEN_AT_ONCE: usize = 256;
/// Rows taken away in one unit.
pub const SWEPT_AT_ONCE: i64 = 512;
/// Entries compared with what is known, or read for the index, in one step.
pub const COMPARED_AT_ONCE: usize = 4_000;
/// Octets of one line of an extract; the longest real ones have some hundreds.
pub const LINE_OCTETS: usize = 16 * 1024;
/// Characters of one field of an extract.
pub const FIELD_CHARACTERS: usize = 1_000;
/// Octets of rows sorted in memory before they go to a file.
pub const SORTED_IN_MEMORY: usize = 48 * 1024 * 1024;
/// Octets read ahead of each sorted file: there are some twenty.
pub const MERGE_BUFFER: usize = 128 * 1024;
/// Structures remembered while reading, so that the rows of their people do not repeat them.
pub const STRUCTURES_REMEMBERED: usize = 1_000_000;
/// Entries, or mailboxes, that an import may remove, in per cent of those there are (RELIABILITY T-10 says the
/// same of trust lists).
pub const REMOVED_PERCENT: u8 = 5;
/// Situations of one professional: beyond it rows are refused, the most a real one has are some tens.
pub const SITUATIONS: usize = 500;
/// Mailboxes of one holder.
pub const MAILBOXES: usize = 5_000;
/// Entries that are counted at once against a day's quota, so that a search costs no write of its own.
pub const BLOCK: u64 = 200;
/// Askers whose count stands in memory.
pub const ASKERS: usize = 10_000;
