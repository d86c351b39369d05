//! Every limit of the IMAP machine, with its unit and its source.

use std::time::Duration;

/// Limits an operator may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one appended letter (DESIGN §6: 25,000,000 as on the wire).
    pub letter: u64,
    /// Refused commands in one session before `BYE`.
    pub errors: u32,
    /// Refused sign-ins in one connection before `BYE`.
    pub sign_ins: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { letter: 25_000_000, errors: 50, sign_ins: 3 }
    }
}

/// Octets of one command with its literals before sign-in; an AUTHENTICATE line with a token fits.
pub const COMMAND_BEFORE_SIGN_IN: usize = 16 * 1024;
/// Octets of one literal before sign-in (RELIABILITY I-01).
pub const LITERAL_BEFORE_SIGN_IN: u64 = 4 * 1024;
/// Octets of one command with all its literals after sign-in, the appended letter excepted (I-01).
pub const COMMAND: usize = 64 * 1024;
/// Literals in one command (I-01).
pub const LITERALS: usize = 256;
/// Octets of one non-synchronising literal (RFC 7888 §5, LITERAL-).
pub const LITERAL_MINUS: u64 = 4096;
/// Octets of a tag.
pub const TAG: usize = 64;
/// Octets of one line of an AUTHENTICATE exchange (RFC 4422 leaves it open; tokens of 8 kB exist).
pub const SASL_LINE: usize = 12 * 1024;
/// Depth of SEARCH keys (I-03).
pub const SEARCH_DEPTH: usize = 50;
/// SEARCH keys in one command (I-03).
pub const SEARCH_KEYS: usize = 1_000;
/// Criteria of one SORT: there are nine, each may be reversed.
pub const SORT_CRITERIA: usize = 18;
/// Octets of an EMAILID or THREADID (RFC 8474 §7).
pub const OBJECT_ID: usize = 255;
/// Steps from a letter up to the root of its thread, all letters of a THREAD together (I-03): a chain of
/// 6,000 answers to answers fits, and 100,000 letters in chains of 400.
pub const THREAD_STEPS: u32 = 20_000_000;
/// Ranges in one sequence set.
pub const RANGES: usize = 10_000;
/// Items in one FETCH.
pub const FETCH_ITEMS: usize = 64;
/// Field names in one HEADER.FIELDS.
pub const FIELD_NAMES: usize = 256;
/// Nested part numbers in one section (the MIME scanner stops at a lower depth).
pub const SECTION_DEPTH: usize = 64;
/// Octets of a header block held for HEADER.FIELDS; a longer one is cut after this many.
pub const HEAD: usize = 512 * 1024;
/// Octets of a folder's name, in UTF-8 (RELIABILITY I-05).
pub const FOLDER_NAME: usize = 512;
/// Levels of a folder's name.
pub const FOLDER_DEPTH: usize = 16;
/// Octets of the patterns of one LIST.
pub const PATTERN: usize = 1024;
/// Octets of the value of one annotation (RFC 5464 §4.3 lets us say).
pub const ANNOTATION: usize = 8 * 1024;
/// Octets of the name of an annotation.
pub const ENTRY_NAME: usize = 256;
/// Annotations in one command.
pub const ENTRIES: usize = 64;
/// Patterns in one LIST (RFC 5258 §3 sets none).
pub const PATTERNS: usize = 32;
/// Groups of events in one NOTIFY.
pub const WATCH_GROUPS: usize = 32;
/// Folders named in one of them.
pub const WATCH_FOLDERS: usize = 256;
/// Octets of one keyword.
pub const KEYWORD: usize = 64;
/// Keywords in one command.
pub const KEYWORDS: usize = 64;
/// Pairs in one ID command (RFC 2971 §3.3 says 30), and octets of a value (1024).
pub const ID_PAIRS: usize = 30;
/// Octets of one value of an ID command (RFC 2971 §3.3).
pub const ID_VALUE: usize = 1024;
/// Ranges in one line of VANISHED: some 8 kB at most (RFC 7162 §4 speaks of lines of that length).
pub const VANISHED_RANGES: usize = 350;
/// Names in one ENABLE.
pub const ENABLED_NAMES: usize = 64;
/// Letters of one MULTIAPPEND (RFC 3502 sets none): the heads and short bodies of all stand in memory, sealed, until
/// the command is whole.
pub const APPEND_LETTERS: usize = 100;
/// Octets of the line between two letters of an APPEND, flags and date in it.
pub const APPEND_LINE: usize = 8 * 1024;
/// Octets of an appended letter handed on at once.
pub const PUSH: usize = 64 * 1024;

/// Silence before sign-in. RFC 3501 §5.4 binds only signed-in sessions.
pub const PATIENCE_BEFORE_SIGN_IN: Duration = Duration::from_secs(60);
/// Silence of a signed-in session (RFC 3501 §5.4: at least 30 minutes; clients renew IDLE at 29).
pub const PATIENCE: Duration = Duration::from_secs(30 * 60 + 30);
/// Silence in the middle of a command or of a literal.
pub const PATIENCE_INSIDE: Duration = Duration::from_secs(5 * 60);
