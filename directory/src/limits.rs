//! Every size, count and duration of this room, with its unit and source.

use names::{DAY, HOUR, MINUTE, SECOND};

/// PBKDF2 iterations of an application password's verifier (RFC 7677 §4: at least 4096). The secret
/// is 128 random bits, so iterations add nothing against guessing; more would only slow log-ins.
pub const SCRAM_ITERATIONS: u32 = 4096;
/// Octets of the salt that all verifiers of the house share (docs/adr/0019-one-salt.md).
pub const SCRAM_SALT: usize = 16;
/// Application passwords of one login that a proof is tried against, the newest ones: two hashes each.
pub const SCRAM_CANDIDATES: usize = 512;
/// Tries that every proof costs at least, so that time tells little of a login (RELIABILITY A-02).
pub const SCRAM_TRIES: usize = 64;
/// Octets of a password of any kind, looked at before any hashing (RELIABILITY A-03).
pub const PASSWORD_OCTETS: usize = 1024;
/// How long a verified log-in is believed without hashing again, in milliseconds. Changes are heard of
/// at once by generation; only a delegation that ends by its date may live this much longer.
pub const LOGIN_CACHE_AGE: i64 = MINUTE;
/// Verified log-ins kept in memory.
pub const LOGIN_CACHE_ENTRIES: usize = 20_000;
/// Resolved addresses kept in memory.
pub const RESOLVE_CACHE_ENTRIES: usize = 50_000;

/// Argon2id memory, in KiB (OWASP: 19 MiB with two passes).
pub const ARGON2_MEMORY: u32 = 19 * 1024;
/// Argon2id passes.
pub const ARGON2_PASSES: u32 = 2;
/// Patients' passwords hashed at the same time: bounds memory and processor under a flood.
pub const ARGON2_AT_ONCE: usize = 2;

/// Characters of a patient's password, at least (DOMAIN §6.2).
pub const PASSWORD_CHARACTERS: usize = 9;
/// Characters of a login id, least and most (DOMAIN §6.2).
pub const LOGIN_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=100;

/// Life of a one-time code, in milliseconds (ASVS 6.5.5).
pub const CODE_LIFE: i64 = 10 * MINUTE;
/// Tries one code allows (RELIABILITY A-08).
pub const CODE_TRIES: i64 = 5;
/// Time between two codes of one account, in milliseconds (RELIABILITY A-10).
pub const CODE_PAUSE: i64 = 60 * SECOND;
/// Codes of one account in an hour (RELIABILITY A-10).
pub const CODES_PER_HOUR: i64 = 5;
/// Codes of one account in a day (RELIABILITY A-08).
pub const CODES_PER_DAY: i64 = 10;
/// Sign-ins that wait are kept this long, in milliseconds, for the counts above.
pub const CODE_KEPT: i64 = DAY;

/// Characters of an invitation to the professional space: 60 bits in base 32, typed once.
pub const INVITATION_CHARACTERS: usize = 12;
/// Life of an invitation, in milliseconds: it travels by hand or by letter.
pub const INVITATION_LIFE: i64 = 7 * DAY;
/// How recent a professional's sign-in must be to make a password or give a delegation, in milliseconds
/// (ASVS 7.5.3: full authentication again before a highly sensitive change).
pub const STEP_UP: i64 = 10 * MINUTE;
/// Professionals' sessions that one person may have at a time; the longest unused goes.
pub const PROFESSIONAL_SESSIONS: i64 = 20;

/// Seconds of one code of an administrator's second factor (RFC 6238 §5.2).
pub const TOTP_SECONDS: i64 = 30;
/// Codes before and after the present one that are taken too, for clocks that are not right (RFC 6238 §5.2).
pub const TOTP_WINDOW: i64 = 1;
/// Recovery codes of one administrator.
pub const RECOVERY_CODES: usize = 8;
/// Life of an enrolment between the password and the first code, in milliseconds.
pub const ENROLMENT_LIFE: i64 = 30 * MINUTE;
/// Sign-ins of administrators that wait are kept this long, in milliseconds.
pub const FACTOR_KEPT: i64 = HOUR;
/// Characters of an administrator's login, least and most.
pub const ADMINISTRATOR_LOGIN: std::ops::RangeInclusive<usize> = 3..=60;
/// Characters of an administrator's name, least and most.
pub const ADMINISTRATOR_NAME: std::ops::RangeInclusive<usize> = 2..=100;
/// Characters of what the directory says of a mailbox: description, service, responsible.
pub const ENTRY_TEXT: usize = 200;
/// Ranks of a mailbox among those of its holder.
pub const ENTRY_RANK: std::ops::RangeInclusive<i64> = 1..=99;
/// Characters of a civility, a first name, a last name.
pub const NAME_TEXT: usize = 100;
/// Holders published in one unit.
pub const PUBLISHED_AT_ONCE: usize = 200;
/// An administrator's session ends this long after sign-in, in milliseconds, whatever its use.
pub const CONSOLE_SESSION: i64 = 8 * HOUR;
/// Sessions that one administrator may have at a time; the longest unused goes.
pub const CONSOLE_SESSIONS: i64 = 5;

/// A session ends this long after sign-in, in milliseconds, whatever its use.
pub const SESSION_ABSOLUTE: i64 = 12 * HOUR;
/// A session ends after this long without use, in milliseconds.
pub const SESSION_IDLE: i64 = 30 * MINUTE;
/// A session's last use is written at most this often, in milliseconds.
pub const SESSION_TOUCH: i64 = MINUTE;

/// From announcement to creation without opposition: six weeks, in milliseconds (DOMAIN §6.1).
pub const OPPOSITION_TIME: i64 = 42 * DAY;
/// Characters of the temporary code of a profile (DOMAIN §6.2).
pub const TEMPORARY_CODE: usize = 12;
/// Life of an activation under way, in milliseconds.
pub const ACTIVATION_LIFE: i64 = 60 * MINUTE;
/// Times that codes leave for the contacts of one activation.
pub const ACTIVATION_SENDS: usize = 5;
/// Years for which a closed profile is archived (DOMAIN §6.1, R1111-36).
pub const ARCHIVE_YEARS: i16 = 10;
/// Days from a request of deletion to the deletion.
pub const DELETION_DAYS: i64 = 30;
/// The most there may be: three months (DOMAIN §6.1) are 89 days at least, less a day for whoever must mend
/// something.
pub const DELETION_DAYS_MOST: i64 = 88;
/// Days a second parent has to answer.
pub const REPRESENTATION_DAYS: i64 = 30;
/// Invitations that may wait for one child.
pub const REPRESENTATIONS_WAITING: i64 = 3;
/// Notices about profiles are kept this long once they left, in milliseconds.
pub const PROFILE_NOTICES_KEPT: i64 = 400 * DAY;
/// Age at which a legal representative's mandate ends by itself, in years (RELIABILITY A-14).
pub const MAJORITY: i16 = 18;

/// Words of a pharmacy search that count.
pub const SEARCH_WORDS: usize = 6;
/// Characters of a pharmacy search that count.
pub const SEARCH_CHARACTERS: usize = 120;
/// Pharmacies shown at most.
pub const SEARCH_RESULTS: usize = 50;

/// Octets of one seed file.
pub const SEED_OCTETS: usize = 64 * 1024 * 1024;
/// Rows of one import in all: more belong to the full imports.
pub const SEED_ROWS: usize = 100_000;
/// Octets of one line of a large table of patients: some hundred are usual.
pub const PATIENT_LINE: usize = 16 * 1024;
/// Lines that one row may go over: an address in one cell has six.
pub const PATIENT_ROW_LINES: usize = 8;
/// Rows imported in one unit: some ten milliseconds, so that letters pass between two.
pub const PATIENT_BATCH: usize = 250;
/// Rows read before somebody looks, when most of them are wrong.
pub const PATIENT_ROWS_AT_ONCE: u64 = 5_000;
/// Octets of a table read at a time.
pub const PATIENT_READ: usize = 256 * 1024;
/// How many per cent of living profiles a list of everybody may leave out.
pub const ABSENT_PERCENT: u8 = 5;
/// Characters of one field of a seed file.
pub const SEED_FIELD: usize = 1000;

/// Octets of a national list: the real one has some 4 MB (DOMAIN §1.1).
pub const TRUST_LIST_OCTETS: usize = 64 * 1024 * 1024;
/// Entries of a national list: the real one has some 9,000.
pub const TRUST_LIST_ENTRIES: usize = 100_000;
/// Elements inside each other in a national list: the list itself needs 4, a signature 7.
pub const TRUST_LIST_DEPTH: usize = 16;
/// Octets of the text of one field of an entry.
pub const TRUST_FIELD_OCTETS: usize = 8 * 1024;
/// Attributes and namespace declarations of one element of a national list.
pub const TRUST_LIST_ATTRIBUTES: usize = 32;
/// Octets of the signature element of a national list, its certificates included.
pub const TRUST_SIGNATURE_OCTETS: usize = 256 * 1024;
/// How far ahead of our clock a list's date may be, in milliseconds: a date far ahead would keep all
/// later lists out.
pub const TRUST_VERSION_AHEAD: i64 = DAY;
/// Domains that may vanish in one update, in per cent (RELIABILITY T-10).
pub const TRUST_SHRINK_PERCENT: u8 = 5;
/// What happened to the list is kept this long, in milliseconds.
pub const TRUST_EVENTS_KEPT: i64 = 400 * DAY;
/// A peer's known key is written again at most this often, in milliseconds.
pub const PEER_KEY_TOUCH: i64 = DAY;
/// How often one support agent may look for patients in a day: a busy day on the telephone.
pub const PATIENT_LOOKS_A_DAY: i64 = 200;
/// Days for which those counts are kept.
pub const PATIENT_LOOKS_KEPT: i64 = 7;
/// Mailboxes looked over at a time for those that nobody uses.
pub const IDLE_PAGE: i64 = 500;
/// People written to at most about one mailbox that nobody uses: those who manage a team's are few.
pub const IDLE_TOLD: usize = 20;
