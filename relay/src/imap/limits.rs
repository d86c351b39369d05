//! Every bound of the mailbox door's world, with unit and reason.

use std::time::Duration;

use names::HOUR;

/// Rows of one page of a FETCH that shows flags, dates and sizes only.
pub(super) const ROWS: usize = 500;
/// Rows of one page of a FETCH that shows summaries, each of some 1 KiB.
pub(super) const SUMMARIES: usize = 64;
/// Letters of one page whose header blocks and bodies are opened: each may hold some 64 KiB of body
/// and 100 KiB of header in memory.
pub(super) const LETTERS: usize = 64;
/// Octets of letters opened for one page, the last of them beyond it: with the pages opened ahead, what a peer that
/// does not read makes us hold beside the driver's output (RELIABILITY I-02).
pub(super) const PAGE_OCTETS: u64 = 64 * 1024;
/// Pages opened while one is written: both cores of a small machine are busy with one reader, and none of them
/// waits for the other at every page.
pub(super) const PAGES_AHEAD: usize = 4;
/// Octets of letters in the pages opened ahead, the last of those pages beyond it.
pub(super) const OCTETS_AHEAD: u64 = 128 * 1024;
/// Octets of a body that is opened whole with its page; a longer one is read from its file piece by piece.
pub(super) const BODY_IN_MEMORY: u64 = 64 * 1024;
/// Octets of a letter of which only fields of the header, or what its summary says, stand in memory.
pub(super) const HEAD_IN_MEMORY: u64 = 1024;
/// Octets of a letter that stand in memory when it is opened: its header block and a short body.
pub(super) const LETTER_IN_MEMORY: u64 = BODY_IN_MEMORY + 8 * 1024;
/// Octets of one piece of a body on its way to the peer.
pub(super) const CHUNK: usize = 64 * 1024;
/// Keywords that SELECT tells of; those beyond work all the same (`\*`, RFC 3501 §7.1).
pub(super) const KEYWORDS_TOLD: usize = 100;
/// Messages of a folder that is looked at whole, by the store's views; a row is about 140 octets.
/// Longer folders are read page by page each time.
pub(super) const VIEWED: u32 = 100_000;
/// Octets of folded subjects and addresses kept in memory for sorting and threading, all folders together.
pub(super) const SEARCH_MEMORY: usize = 12 * 1024 * 1024;
/// Octets of opened gists kept in memory for searching, all folders together (ADR 0032): 10,000 letters of 2 kB
/// have some 14 MB.
pub(super) const GIST_MEMORY: usize = 32 * 1024 * 1024;
/// Letters in doubt from which on gists are asked, and letters of a run that make it worth keeping one anew.
pub(super) const GIST_WORTH: usize = 16;
/// Octets of a folded header that a gist tells; a longer one is read each time.
pub(super) const GIST_HEAD: usize = 4 * 1024;
/// Letters of a folder whose text gists are all held while it is searched: some 30 MB. Those of a longer one pass
/// by, and are read again by each search.
pub(super) const GIST_ROWS: usize = 20_000;
/// Runs whose text gists pass by at once.
pub(super) const GISTS_PASSING: usize = 64;
/// Gists read and opened by one task.
pub(super) const GISTS_SHARE: usize = 16;
/// Octets of what a search found out of letters before it puts it into gists.
pub(super) const FOUND_OUT: usize = 2 * 1024 * 1024;
/// Gists are written once nobody searched for this long, so that no line of the trail waits for the disk behind them.
pub(super) const GISTS_QUIET: Duration = Duration::from_millis(500);
/// So many times they are put off by searches, then they are written all the same.
pub(super) const GISTS_PUT_OFF: u32 = 20;
/// Octets of gists that wait to be written: beyond it all are, at once. What 10,000 letters of 2 kB have.
pub(super) const GISTS_WAITING: usize = 16 * 1024 * 1024;
/// Folders that wait for gists made ahead of any search (ADR 0040), 16 octets each.
pub(super) const AHEAD_FOLDERS: usize = 1_000;

/// The house is quiet when in this time no more happens than [`AHEAD_ACTS`].
pub(super) const AHEAD_QUIET: Duration = Duration::from_millis(500);

/// Questions of sessions and units of work that a quiet house may have in that time: a notice, a program that asks for news.
pub(super) const AHEAD_ACTS: u64 = 4;

/// So many times as long as a run took, nothing is made: a quarter of one core.
pub(super) const AHEAD_REST: u32 = 3;

/// Texts whose verdicts over a folder's bodies are kept (ADR 0034): each takes some 8 kB for 10,000 letters.
pub(super) const VERDICTS: usize = 32;
/// Folders whose gists one session keeps in memory.
pub(super) const SEARCHED: usize = 8;
/// Rows judged in one go by what is in memory: some tenth of a millisecond, in which nobody else is served.
pub(super) const JUDGED: usize = 4096;
/// Octets of decoded text searched at once.
pub(super) const SEARCH_WINDOW: usize = 64 * 1024;
/// Different texts looked for in bodies by one search (RELIABILITY I-03): each costs a pass over every
/// letter. A person writes a few.
pub(super) const SEARCH_TEXTS: usize = 64;
/// Summaries opened by one task of a search; a page of [`ROWS`] is shared among the cores.
pub(super) const SUMMARIES_SHARE: usize = 125;
/// Octets that one SORT or THREAD may hold (RELIABILITY I-03). A message takes some 100 with one or two
/// keys, 200 with its references: 100,000 messages need 10 to 20 MB.
pub(super) const ORDER_MEMORY: usize = 48 * 1024 * 1024;
/// SORTs and THREADs carried out at once, all sessions together; the next ones wait their turn.
pub(super) const ORDERS: usize = 2;
/// Letters whose text is searched by one task.
pub(super) const SEARCH_SHARE: usize = 32;
/// Such shares in memory at once, for one search: as many as keep the cores of a small machine busy while one
/// more is read. With [`SEARCH_SHARE`], twice [`LETTERS`] stand open.
pub(super) const SHARES_AT_ONCE: usize = 4;
/// Letters of a page of a search whose header blocks and bodies are opened, once it is known to be long.
pub(super) const LETTERS_MOST: usize = 512;
/// Sessions of one mailbox and one person at a time (RELIABILITY I-06).
pub(super) const SESSIONS: usize = 20;
/// Octets of a UID set in a line of the trail; a longer one is told by its ends and its count.
pub(super) const LINE_UIDS: usize = 800;
/// Milliseconds from the first octet of an APPEND to its last, all its letters together: far less than the day after
/// which the store gives back what no row tells of.
pub(super) const APPENDING: i64 = 6 * HOUR;
/// Folders that one connection watches by NOTIFY; each is some 200 octets of memory.
pub(super) const WATCHED: usize = 5_000;
/// The least time an idle session waits before its login is looked at again: a database that fails is not
/// asked in a circle.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// After a change of the directory, idle sessions look at their logins within this: thousands do not at
/// once, and many changes are one. With the second in which another process's change is heard of, a
/// withdrawn right ends an idle session within 5 s (RELIABILITY A-15).
pub(super) const LOOK_SPREAD: Duration = Duration::from_secs(2);
