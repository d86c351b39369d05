//! Every size, count and duration of this room, with its unit and source.

/// Entries in one page of answers (RELIABILITY D-10).
pub const PAGE: usize = 100;
/// Characters of a word that may stand anywhere in a text (RELIABILITY D-10).
pub const CONTAINS_CHARACTERS: usize = 3;
