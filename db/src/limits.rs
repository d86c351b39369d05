//! Every bound of the floor, side by side.

use std::time::Duration;

/// How long one run of a unit may take before it is rolled back.
pub const UNIT_DEADLINE: Duration = Duration::from_secs(30);
/// Units that share one SQLite transaction at most.
pub const GROUP_UNITS: usize = 256;
/// How long an SQLite transaction keeps taking in further units.
pub const GROUP_TIME: Duration = Duration::from_millis(8);
/// Units waiting for the SQLite writer; a further one waits in its caller (back-pressure).
pub const WAITING_UNITS: usize = 4096;
/// Runs of one unit on PostgreSQL when it meets a deadlock or a serialisation failure.
pub const RETRIES: u32 = 20;
/// Reading connections of SQLite.
pub const SQLITE_READERS: usize = 4;
/// Connections to PostgreSQL.
pub const POSTGRES_CONNECTIONS: u32 = 24;
/// How long to wait for a free connection.
pub const ACQUIRE: Duration = Duration::from_secs(30);
/// Prepared statements kept for each connection.
pub const STATEMENTS: usize = 512;
/// Parameters of one multi-row statement: SQLite takes 32,766, PostgreSQL 65,535.
pub const PARAMETERS: usize = 8_192;
/// Octets of a page of SQLite. A letter touches the ends of a dozen trees: the smaller the page, the less
/// is written for each. Below 2 KiB reading gets dearer than writing gets cheaper (ADR 0020).
pub const PAGE: u32 = 2_048;
/// Pages in the write-ahead log before SQLite copies them back: 64 MiB. Pages that change with every
/// letter are then copied once for thousands of letters.
pub const WAL_PAGES: u32 = 32_000;
/// How often is looked whether the log may be copied back in a quiet moment.
pub const CHECKPOINT_LOOK: Duration = Duration::from_secs(1);
/// Pages written since the last look that leave a moment quiet: 6 MB. A thousand people who read write no more;
/// letters in numbers do, and pages that each of them changes are better copied once for thousands.
pub const CHECKPOINT_QUIET: i64 = 3_000;
/// Pages in the log that are not worth copying back yet: 2 MiB.
pub const CHECKPOINT_PAGES: i64 = 1_000;
/// KiB of pages that a reading connection keeps in memory.
pub const CACHE_KIB: i64 = 8_000;
/// KiB of pages that the writing connection keeps: twice what its largest group changes. It reads back only
/// inner pages and the ends of trees; what it drops is in the system's cache.
pub const WRITER_CACHE_KIB: i64 = 3_000;
/// How long a connection waits for a lock of SQLite's; there is one writer, so hardly ever.
pub const BUSY: Duration = Duration::from_secs(10);
/// How far ahead the node lease reserves ids; a restart begins behind it.
pub const IDS_AHEAD: i64 = 5 * names::MINUTE;
/// How often the lease is renewed.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(60);
/// How long a lease holds without renewal before another process may take the node number.
pub const LEASE: i64 = 10 * names::MINUTE;
/// Words that wait to be told to other processes; more, and they are told to look at everything.
pub const WORDS: usize = 1_024;
/// Words heard that wait for an ear of this process; one that falls behind looks at everything.
pub const WORDS_HEARD: usize = 4_096;
/// Rest between two notices of a process: twenty commits a second, whatever is delivered meanwhile.
pub const NOTICE_PAUSE: Duration = Duration::from_millis(50);
/// Notices of a process that are kept: three seconds of them, longer than between two looks.
pub const NOTICES_KEPT: i64 = 64;
/// How often the notices of others are looked at though no bell rang.
pub const LOOK_AT_NOTICES: Duration = Duration::from_secs(1);
/// First wait before listening again after the listening connection broke; it doubles ...
pub const LISTEN_AGAIN: Duration = Duration::from_millis(100);
/// ... up to this.
pub const LISTEN_AT_MOST: Duration = Duration::from_secs(30);
