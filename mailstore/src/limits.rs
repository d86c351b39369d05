//! Every size, count and time of the store, with its unit and its reason.

use std::time::Duration;

use names::{DAY, HOUR};

/// Octets of a body kept in the database, sharing the commit; longer ones go to a blob (DESIGN §2.3).
pub const INLINE_BODY: usize = 16 * 1024;
/// Octets of a sealed body kept whole in memory on its way to a segment; a longer one streams to a file of
/// its own: the sync of 2 MB takes so long that sharing it gains nothing (ADR 0022).
pub const STAGED_BODY: usize = 1024 * 1024;
/// KiB of sealed bodies waiting for a segment, all letters together; beyond, they go to files of their own.
pub const STAGING_KIB: usize = 16 * 1024;
/// Octets of a segment: small enough to copy out in one run of the sweeper, and some thousand letters.
pub const SEGMENT: u64 = 64 * 1024 * 1024;
/// Octets the file system sets aside at a time in the segment being written.
pub const PREPARED: u64 = 4 * 1024 * 1024;
/// Octets written before one sync at most.
pub const APPEND_GROUP: usize = 8 * 1024 * 1024;
/// Bodies waiting for the writer of segments; a further one waits in its letter.
pub const WAITING_APPENDS: usize = 256;
/// Segments the sweeper looks at in one run.
pub const SEGMENTS_SWEPT: usize = 256;
/// Thousandths of a segment that are dead when its living bodies are copied out: half, so that what is
/// copied is never more than what is given back.
pub const DEAD_SHARE: u64 = 500;
/// Octets a blob is written in: four frames, so that a letter of 2 MB is eight writes.
pub const BLOB_WRITE: usize = 4 * seal::limits::SEALED_FRAME;
/// Frames read from a blob at once while a body streams.
pub const READ_AHEAD: u64 = 4;
/// Rows of a page when heads or summaries are read.
pub const PAGE: usize = 500;
/// Bodies of a page: each may hold `INLINE_BODY` octets in memory.
pub const BODY_PAGE: usize = 64;
/// Rows of a page when the places of a folder are listed.
pub const INDEX_PAGE: i64 = 5_000;
/// Octets of a sealed summary or header block we are ready to hold: a header block above it was refused
/// at the door (RELIABILITY §2.3).
pub const HEAD: usize = 1024 * 1024;
/// Octets of unsealed summaries and header blocks kept in memory for open folders, all accounts together.
pub const CACHE: usize = 24 * 1024 * 1024;
/// Octets of folder views kept in memory for sessions that open the same folder again: some 100,000 rows.
pub const VIEWS: usize = 16 * 1024 * 1024;
/// Account keys kept unwrapped in memory. One is about 700 octets.
pub const KEYS: usize = 4_096;
/// Octets of a folder's name (RFC 9051 §5.1 sets none; this is what mail programs survive).
pub const FOLDER_NAME: usize = 255;
/// Folders of an account.
pub const FOLDERS: i64 = 1_000;
/// Levels in a folder's name.
pub const FOLDER_DEPTH: usize = 10;
/// Annotations of an account, all folders and owners together (RFC 5464 §4.3 lets us say).
pub const ANNOTATIONS: i64 = 2_000;
/// Octets of the values of an account's annotations together.
pub const ANNOTATION_OCTETS: i64 = 1024 * 1024;
/// Keywords of one message.
pub const KEYWORDS: usize = 32;
/// Octets of one keyword.
pub const KEYWORD: usize = 64;
/// Uids of a run of neighbours whose gists are one row (ADR 0032): 10,000 letters are some hundred and sixty rows
/// of some tens of kilobytes.
pub const RUN: u32 = 64;
/// Gists written by one unit, some hundreds of kilobytes: letters pass between.
pub const GISTS_AT_ONCE: usize = 8;
/// Uids a watcher is told one by one; more than these and it looks for itself.
pub const TOLD_UIDS: usize = 256;
/// Rows of what went, remembered of one folder; each is a run of neighbours (RFC 7162 §5.3 sets none). Some
/// 300 kB at most, and an answer of as much.
pub const GONE: i64 = 10_000;
/// Jobs a committer writes in one transaction.
pub const BATCH: usize = 64;
/// How long a batch waits at most for the jobs that are about to come; never longer than half a commit takes.
pub const GATHER: Duration = Duration::from_millis(5);
/// A wait shorter than this is none: a commit of less than 0.4 ms is done before others are there.
pub const GATHER_LEAST: Duration = Duration::from_micros(200);
/// Entries of a batch that is written at once. Two batches made one save a sync and some eight pages (ADR 0031); what
/// so many letters bring with them is thirty pages and more, and a sync for them all is a thirtieth of one each.
pub const GATHER_ENTRIES: usize = 32;
/// Batches that do not wait after waits that brought nobody, at most.
pub const GATHER_PAUSE: u32 = 64;
/// Jobs waiting for a committer; the next submitter waits with its job in hand.
pub const WAITING_JOBS: usize = 1_024;
/// Fresh entries (ADR 0041) at which all move to their folders: 160 pages, which each question about a folder looks
/// through, in 0.15 ms. A letter to fifty is fifty of them.
pub const FRESH: i64 = 4_096;
/// Fresh entries that are left where they are when no more come: looking through them takes 5 µs, moving them a sync.
pub const FRESH_LEFT: i64 = 64;
/// How long no letter comes before more of them than that are moved.
pub const FRESH_QUIET: Duration = Duration::from_millis(300);
/// Milliseconds an unreferenced blob is left alone, and what is dead in a segment: a letter being committed owns
/// one (V2), and so do those of a long APPEND, whose first body waits for the last.
pub const BLOB_GRACE: i64 = DAY;
/// Milliseconds an interrupted blob write is left alone.
pub const TEMPORARY_GRACE: i64 = HOUR;
/// Milliseconds a trace is kept for `pli admin why`: the year a complaint may take.
pub const TRACE: i64 = 400 * DAY;
/// Traces, keys or bodies removed by one unit of retention.
pub const RETENTION_PAGE: i64 = 1_000;
/// Octets free below which letters are refused before the disk is full (RELIABILITY R-03) ...
pub const RESERVE_OCTETS: u64 = 1_000_000_000;
/// ... or this share of the disk, in thousandths, whichever is more.
pub const RESERVE_SHARE: u64 = 50;
/// Wait before changes of other processes are looked at again, when the database failed.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);
