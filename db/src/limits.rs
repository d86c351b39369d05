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
pub const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL.
pub const POSTGRES_CONNECTIONS: u32 = 24;
/// How long to wait for a free connection.
pub const ACQUIRE: Duration = Duration::from_secs(30);
/// Prepared statements kept for each connection.
pub const STATEMENTS: usize = 512;
/// Parameters of one multi-row statement: SQLite takes 32,766, PostgreSQL 65,535.
pub const PARAMETERS: usize = 8_192;
/// Pages in the write-ahead log before SQLite copies them back: 16 MiB of 4 KiB pages.
pub const WAL_PAGES: u32 = 4_000;
/// How far ahead the node lease reserves ids; a restart begins behind it.
pub const IDS_AHEAD: i64 = 5 * names::MINUTE;
/// How often the lease is renewed.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(60);
/// How long a lease holds without renewal before another process may take the node number.
pub const LEASE: i64 = 10 * names::MINUTE;
