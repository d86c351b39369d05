//! Every size, count and duration of this room, with its unit and source.

/// Entries in one page of answers (RELIABILITY D-10).
pub const PAGE: usize = 100;
/// Characters of a word that may stand anywhere in a text (RELIABILITY D-10).
pub const CONTAINS_CHARACTERS: usize = 3;

/// An import belongs to whoever renews it within this time, in milliseconds; then another may go on.
pub const IMPORT_HELD: i64 = names::MINUTE;
/// How often an import renews its claim while it writes nothing, in milliseconds.
pub const IMPORT_RENEWED: i64 = 10 * names::SECOND;
/// How far the thread of an import gives way to others (`nice`): beside a delivery that would use two processors whole,
/// an import of a million mailboxes still ends within five minutes.
pub const IMPORT_NICENESS: i32 = 5;
/// How long an import rests at most behind a unit when others write too: as long as the unit took, in milliseconds.
pub const IMPORT_RESTS: u64 = 50;
/// Entries written in one unit: some milliseconds, so that a letter never waits longer.
pub const WRITTEN_AT_ONCE: usize = 256;
/// Rows taken away in one unit.
pub const SWEPT_AT_ONCE: i64 = 512;
/// Entries compared with what is known, or read for the index, in one step.
pub const COMPARED_AT_ONCE: usize = 4_000;
/// Octets of one line of an extract; the longest real ones have some hundreds.
pub const LINE_OCTETS: usize = 16 * 1024;
/// Octets of a bundle of FHIR, which is read whole.
pub const BUNDLE_OCTETS: u64 = 64 * 1024 * 1024;
/// Octets that an archive may unpack to: the extracts have less than two thousand million.
pub const INFLATED_OCTETS: u64 = 16 * 1024 * 1024 * 1024;
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

/// Letters of a word that may hold a typing error; in shorter ones every word is one error from another.
pub const TYPO_LETTERS: usize = 4;
/// Letters of a word that is also heard.
pub const SOUND_LETTERS: usize = 3;
/// Letters that suffice for the beginning of a word in free text.
pub const BEGINS_LETTERS: usize = 3;
/// Words of a question that count; what follows is not read.
pub const ASKED_WORDS: usize = 10;
/// Characters of a question that are read.
pub const ASKED_CHARACTERS: usize = 300;
/// Values in one list of alternatives of a criterion.
pub const ALTERNATIVES: usize = 1_000;
/// Best answers of a question in free text that can be paged through.
pub const RANKED: usize = 1_000;
/// Candidates of one page that are looked at row by row before the page is handed out as it is.
pub const LOOKED_AT: usize = 5_000;
/// Answers to the rarest word of a question: with fewer its lists are sorted, with more all lists are laid in tables.
pub const LISTED: u64 = 8_000;
/// Characters of a word in the index; more are cut off.
pub const WORD_CHARACTERS: usize = 40;
/// Words of one beginning, or around one part, that are followed.
pub const WORDS_FOLLOWED: usize = 50_000;
/// Octets of postings in one row.
pub const CHUNK: usize = 16 * 1024;
/// Octets of postings kept in memory, for all questions of a process together.
pub const POSTINGS_KEPT: usize = 32 * 1024 * 1024;
/// Entries in one segment: what is built in memory at once stays under 150 MB.
pub const SEGMENT: usize = 500_000;
/// Octets of rows written by one unit while a segment is stored: the writer of SQLite is held that long.
pub const STORED_AT_ONCE: usize = 1024 * 1024;
/// Small segments beside the large ones before they are merged into one.
pub const SMALL_SEGMENTS: usize = 8;
/// Local entries in the newest part held in memory, rebuilt at each change ...
pub const LIVE_NEWEST: usize = 64;
/// ... and in the part that takes it in when full.
pub const LIVE_NEWER: usize = 1_024;
/// Words that a beginning of free text is taken to stand for, at most.
pub const WORDS_BEGUN: usize = 1_000;
/// Figures of a SIREN, and of a FINESS.
pub const SIREN_FIGURES: usize = 9;
/// Alternatives within alternatives.
pub const DEPTH: usize = 10;
/// A mailbox that changed within this time is fresh, in milliseconds (DOMAIN §1.6: inactive after twelve months).
pub const FRESH: i64 = 365 * names::DAY;
/// Sectors of activity that are pharmacies (DOMAIN §4.8, DESIGN §2.5).
pub const PHARMACIES: [&str; 4] = ["SA33", "SA38", "SA39", "SA65"];
/// Searches at once on SQLite, which lends four views to all who read ([`db`]'s own limits).
pub const SEARCHES_ON_SQLITE: usize = 3;
/// Entries that are weighed against each other when words may mean several.
pub const CANDIDATES: usize = 8;

/// Numbers of structures read at a time when an import begins, in rows.
pub const ALIASES_AT_ONCE: i64 = 20_000;
/// Numbers of structures written in one unit: small rows, a millisecond or two.
pub const ALIASES_WRITTEN: usize = 1_000;
/// Octets of facts about structures named by their SIRET that are sorted in memory at a time.
pub const SORTED_BY_SIRET: usize = 8 * 1024 * 1024;
