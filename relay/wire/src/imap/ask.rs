//! What the IMAP machine asks, and what it may be told.
//!
//! The machine alone knows sequence numbers; the world only ever sees UIDs. The world keeps one
//! signed-in account and at most one selected folder per session. "The selected folder" below is
//! the one of the last accepted [`Ask::Select`].
//!
//! | ask | kind | answer |
//! |---|---|---|
//! | [`Ask::Identify`] | ask | [`Answer::Done`] |
//! | [`Ask::Authenticate`] [`Ask::Respond`] | ask | [`Answer::Outcome`], or [`Answer::Challenge`] and then `Respond` |
//! | [`Ask::Folders`] | ask | [`Answer::Folders`] |
//! | [`Ask::Namespaces`] | ask | [`Answer::Namespaces`] |
//! | [`Ask::Notify`] | ask | [`Answer::Notices`] |
//! | [`Ask::Quota`] | ask | [`Answer::Quota`] |
//! | [`Ask::Acl`] | ask | [`Answer::Acl`] |
//! | [`Ask::Create`] | ask | [`Answer::Created`] |
//! | [`Ask::Delete`] | ask | [`Answer::Deleted`] |
//! | [`Ask::Rename`] [`Ask::Subscribe`] | ask | [`Answer::Outcome`] |
//! | [`Ask::Annotations`] | ask | [`Answer::Annotations`] |
//! | [`Ask::Annotate`] | ask | [`Answer::Outcome`] |
//! | [`Ask::Status`] | ask | [`Answer::Status`] |
//! | [`Ask::Select`] | ask | [`Answer::Selected`] |
//! | [`Ask::Unselect`] | ask | [`Answer::Done`] |
//! | [`Ask::Poll`] | ask | [`Answer::Changes`] |
//! | [`Ask::Since`] | ask | [`Answer::Since`] |
//! | [`Ask::Fetch`] | pull | per message one [`Answer::Row`], then [`Answer::Chunk`]s; or [`Answer::Refused`] |
//! | [`Ask::Store`] | pull | per message [`Answer::Flagged`], and [`Answer::Modified`]; or [`Answer::Refused`] |
//! | [`Ask::Search`] [`Ask::Sort`] | pull | any number of [`Answer::Found`]; or [`Answer::Refused`] |
//! | [`Ask::Thread`] | pull | any number of [`Answer::Threads`]; or [`Answer::Refused`] |
//! | [`Ask::Append`] | ask | [`Answer::Outcome`], then pushes, then another, or one of the next two |
//! | [`Ask::Finish`] | ask | [`Answer::Appended`] |
//! | [`Ask::Discard`] | ask | [`Answer::Done`] |
//! | [`Ask::Copy`] [`Ask::Move`] | ask | [`Answer::Copied`] |
//! | [`Ask::Expunge`] | ask | [`Answer::Expunged`] |
//! | (listening) | event | [`Answer::Changes`], after NOTIFY also [`Answer::Notices`] |
//!
//! An answer of another kind than asked for ends the session with `BYE`: it is a bug of the world,
//! and guessing could show one message as another.

use std::sync::Arc;

use bytes::Bytes;
use names::Timestamp;

use super::{
    AclAnswer, AclAsk, AclRights, Annotate, Annotation, Described, FetchItems, Flags, FolderName, Namespaces,
    Notice, QuotaAsk, QuotaRoot, Role, SearchKey, SortKey, StoreMode, Strings, ThreadBy, Threaded, UidSet,
    Watch,
};
use crate::sasl::{Attempt, Secret};

/// What the machine wants to know or have done.
#[derive(Debug)]
pub enum Ask {
    /// The client named itself (ID, RFC 2971); for logs and later work-arounds.
    Identify(Vec<(String, Option<String>)>),
    /// May they in? Asked over TLS only.
    Authenticate {
        /// What the client shows. IMAP's own LOGIN command is a password by [`Mechanism::Login`].
        ///
        /// [`Mechanism::Login`]: crate::sasl::Mechanism::Login
        attempt: Attempt,
        /// The session's `tls-exporter` (RFC 9266), when it has one.
        binding: Option<Vec<u8>>,
    },
    /// What the client answers to the last [`Answer::Challenge`].
    Respond(Secret),
    /// All folders of the account with their counters, parents before children, and names that are only
    /// subscribed. The machine matches LIST patterns.
    Folders(Count),
    /// Where the folders of others stand (RFC 2342).
    Namespaces,
    /// Watch this and nothing else, or nothing at all (RFC 5465).
    Notify(Option<Watch>),
    /// What a mailbox holds and may hold (RFC 9208).
    Quota(QuotaAsk),
    /// Rights in a folder (RFC 4314).
    Acl(AclAsk),
    /// Create this folder and its missing parents (as selectable folders). An alias ([`FolderName::meant`])
    /// of a folder that is there is created without a change.
    Create {
        /// Its name.
        folder: FolderName,
        /// The use it is made for (RFC 6154 §3).
        role: Option<Role>,
    },
    /// Delete this folder. `INBOX` never comes; a folder with children is the world's to judge.
    Delete(FolderName),
    /// Rename a folder with its children. From `INBOX`: move its messages (RFC 3501 §6.3.5).
    Rename {
        /// The folder as it is called.
        from: FolderName,
        /// Its new name, never `INBOX`.
        to: FolderName,
    },
    /// Put on the list of LSUB, or take off it. A name without folder may be subscribed (§6.3.6).
    Subscribe {
        /// Which.
        folder: FolderName,
        /// On or off.
        change: Subscription,
    },
    /// Counters of a folder.
    Status {
        /// Which.
        folder: FolderName,
        /// Which of those that cost more.
        count: Count,
    },
    /// What this session may see of the notes about a folder, or about the account (RFC 5464 §4.2).
    Annotations(Option<FolderName>),
    /// Change notes; all or none (RFC 5464 §4.3).
    Annotate {
        /// The folder, or the account.
        folder: Option<FolderName>,
        /// What becomes of which; no entry twice.
        changes: Vec<Annotate>,
    },
    /// Open a folder; the one selected before is already unselected.
    Select {
        /// Which.
        folder: FolderName,
        /// SELECT or EXAMINE.
        mode: Mode,
    },
    /// Forget the selected folder.
    Unselect,
    /// What changed in the selected folder since [`Answer::Selected`], the last [`Answer::Changes`]
    /// or event. Asked after every command, so it must cost nothing when nothing changed.
    Poll,
    /// Which messages of the selected folder came, changed or went after this modification sequence
    /// (RFC 7162); asked by a client that comes back, so it must be cheap in a folder of any size.
    Since(u64),
    /// Rows, and contents, of these messages of the selected folder, ascending by UID.
    Fetch {
        /// Which; UIDs that are gone give no row.
        uids: UidSet,
        /// What of each: ask it for [`FetchItems::needs_summary`], [`FetchItems::reads_content`] and,
        /// per row, [`FetchItems::describe`].
        items: Arc<FetchItems>,
        /// Set `\Seen` on these messages before their rows are given ([`FetchRow::flags`] shows it).
        seen: MarkSeen,
        /// How texts are written for this client.
        strings: Strings,
    },
    /// Change flags of these messages of the selected folder; rows ascending by UID.
    Store {
        /// Which; UIDs that are gone give no row.
        uids: UidSet,
        /// How.
        mode: StoreMode,
        /// The flags to add, remove or set.
        flags: Flags,
        /// Leave alone, and tell as [`Answer::Modified`], those that changed after this modification
        /// sequence; with 0, those on which a flag of these was ever set (RFC 7162 §3.1.3).
        unchanged_since: Option<u64>,
    },
    /// The messages of the selected folder that match, ascending by UID.
    Search {
        /// What they must be.
        key: SearchKey,
        /// How many are enough.
        wanted: Wanted,
    },
    /// The messages of the selected folder that match, sorted.
    Sort {
        /// What they must be.
        key: SearchKey,
        /// What they are sorted by.
        by: Vec<SortKey>,
    },
    /// The messages of the selected folder that match, in threads.
    Thread {
        /// What they must be.
        key: SearchKey,
        /// How they are gathered.
        by: ThreadBy,
    },
    /// May a letter of `size` octets be placed there? If so its octets follow as
    /// [`Action::Push`](crate::Action::Push), then the next letter of the same command, or [`Ask::Finish`] or
    /// [`Ask::Discard`]. A world dropped in between drops what it holds.
    Append {
        /// Where.
        folder: FolderName,
        /// With which flags.
        flags: Flags,
        /// Its internal date; now when absent.
        date: Option<Timestamp>,
        /// Octets to come.
        size: u64,
        /// REPLACE (RFC 8508): the message of the selected folder that goes in the same unit.
        replaces: Option<u32>,
    },
    /// All octets were pushed and the command is well-formed: commit all its letters, or none.
    Finish,
    /// Give the letters up: the command turned out to be malformed, or one of them was refused.
    Discard,
    /// Copy these messages of the selected folder; all or none (RFC 3501 §6.4.7).
    Copy {
        /// Which; UIDs that are gone are left out.
        uids: UidSet,
        /// To.
        to: FolderName,
    },
    /// Move these messages of the selected folder; all or none, in one unit.
    Move {
        /// Which; UIDs that are gone are left out.
        uids: UidSet,
        /// To.
        to: FolderName,
    },
    /// Remove the messages of the selected folder that have `\Deleted`.
    Expunge {
        /// Only among these (UID EXPUNGE); all when absent.
        among: Option<UidSet>,
    },
}

/// What the world says.
#[derive(Debug)]
pub enum Answer {
    /// Understood.
    Done,
    /// To a sign-in: send this, and [`Ask::Respond`] with what the client says.
    Challenge(Vec<u8>),
    /// It was done, or why not.
    Outcome(Result<(), Refusal>),
    /// All folders.
    Folders(Result<Vec<Folder>, Refusal>),
    /// Where the folders of others stand.
    Namespaces(Result<Namespaces, Refusal>),
    /// News of folders that are watched.
    Notices(Result<Vec<Notice>, Refusal>),
    /// What a mailbox holds and may hold.
    Quota(Result<QuotaRoot, Refusal>),
    /// Rights in a folder; the kind that was asked for.
    Acl(Result<AclAnswer, Refusal>),
    /// The notes.
    Annotations(Result<Vec<Annotation>, Refusal>),
    /// The folder is there now, and its number.
    Created(Result<MailboxId, Refusal>),
    /// The folder is gone.
    Deleted(Result<Deleted, Refusal>),
    /// Counters.
    Status(Result<Status, Refusal>),
    /// The folder is open.
    Selected(Result<Selected, Refusal>),
    /// What changed.
    Changes(Changes),
    /// One message of a FETCH. Its contents follow as [`Answer::Chunk`]s: the octets of
    /// [`Described::spans`], one after another, in pieces of any size; none when there are no spans.
    Row(FetchRow),
    /// The next octets of the last row's spans.
    Chunk(Bytes),
    /// What came, changed and went.
    Since(Result<Since, Refusal>),
    /// One message of a STORE, with its flags now.
    Flagged(FlagChange),
    /// Messages that a conditional STORE left alone.
    Modified(UidSet),
    /// Some messages that match, in the order asked for over all answers.
    Found(Vec<Match>),
    /// Some places of threads, in the order of reading over all answers; only messages that match.
    Threads(Vec<Threaded>),
    /// The letters are stored, and where.
    Appended(Result<Placed, Refusal>),
    /// The messages are copied or moved, and where.
    Copied(Result<Copied, Refusal>),
    /// These UIDs are gone now, by this command.
    Expunged(Result<UidSet, Refusal>),
    /// The pull cannot go on; [`Input::End`](crate::Input::End) follows. Never between a row and its last chunk.
    Refused(Refusal),
}

/// How a folder is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// SELECT
    ReadWrite,
    /// EXAMINE
    ReadOnly,
}

/// Which counters are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Those that stand beside the folder and cost nothing.
    Kept,
    /// And how many messages have `\Deleted`, which must be counted.
    Deleted,
}

/// Which folder was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// One that this session has not selected.
    Other,
    /// The selected folder, which is forgotten already.
    Selected,
}

/// What names a folder for ever, through renames (RFC 8474 §4): letters, digits, `_` and `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxId(pub String);

/// On the list of LSUB or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// SUBSCRIBE
    On,
    /// UNSUBSCRIBE
    Off,
}

/// How many matches of a SEARCH are enough. They come ascending by UID all the same; more do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// The first so many.
    First(u32),
    /// The last so many.
    Last(u32),
}

/// A message that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Which message.
    pub uid: u32,
    /// The last change's number (RFC 7162).
    pub modseq: u64,
}

/// Whether a FETCH marks what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkSeen {
    /// `BODY[…]`, `RFC822`, `RFC822.TEXT` in a folder opened to write.
    Yes,
    /// Anything else.
    No,
}

/// A folder as LIST shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its whole name.
    pub name: FolderName,
    /// Its use (RFC 6154).
    pub role: Option<Role>,
    /// Whether LSUB lists it.
    pub subscription: Subscription,
    /// Whether it is there to be selected. Not: it is only a subscribed name, or a parent kept for its
    /// children.
    pub kind: FolderKind,
    /// Its counters; of no meaning unless it is selectable.
    pub status: Status,
    /// What this session may do there (RFC 8440).
    pub rights: AclRights,
}

/// What stands behind a folder's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderKind {
    /// A folder.
    Selectable,
    /// A parent kept for its children (`\Noselect`).
    Container,
    /// Nothing but a subscription: LSUB shows it, LIST does not.
    Absent,
}

/// Counters of a folder (RFC 3501 §6.3.10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Messages in it.
    pub messages: u32,
    /// Those without `\Seen`.
    pub unseen: u32,
    /// The next UID at least.
    pub uid_next: u32,
    /// Grows when UIDs lose their meaning; never goes down.
    pub uid_validity: u32,
    /// Octets of all its messages (RFC 8438).
    pub size: u64,
    /// Messages with `\Deleted` (RFC 9051 §6.3.11), when they were counted.
    pub deleted: u32,
    /// Octets of those (RFC 9208 §4.1.4), likewise.
    pub deleted_size: u64,
    /// The last change's number (RFC 7162).
    pub highest_modseq: u64,
    /// What names it through renames.
    pub id: MailboxId,
}

/// A folder just opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// What the folder is called, if it may be called otherwise than it was asked for.
    pub name: Option<FolderName>,
    /// Every message in it.
    pub uids: UidSet,
    /// The first message without `\Seen`.
    pub first_unseen: Option<u32>,
    /// The next UID at least.
    pub uid_next: u32,
    /// Grows when UIDs lose their meaning; never goes down.
    pub uid_validity: u32,
    /// The modification sequence of the last change that this answer shows; never one beyond it
    /// (RFC 7162 §3.1.2.1).
    pub modseq: u64,
    /// The keywords in use here.
    pub keywords: Flags,
    /// Keywords that no client may change: in FLAGS, and not in PERMANENTFLAGS (RFC 3501 §7.1).
    pub fixed_keywords: Flags,
    /// Whether it may be written to although SELECT asked for it.
    pub access: Access,
    /// What names it through renames.
    pub id: MailboxId,
}

/// Whether the account may change the folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// It may.
    #[default]
    ReadWrite,
    /// It may only read.
    ReadOnly,
}

/// What changed in the selected folder. Marks that the session's own commands made are not told again;
/// of messages that it removed itself the machine drops what it knows already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Messages gone.
    pub vanished: UidSet,
    /// Messages come; each UID is greater than every one told before.
    pub arrived: UidSet,
    /// Messages with other flags, in the order of their changes.
    pub flags: Vec<FlagChange>,
    /// With this answer everything up to this modification sequence was told, and the client may be given
    /// the number (RFC 7162 §3.1.2.1); absent when that is not known.
    pub modseq: Option<u64>,
    /// There is more to tell: ask again at once.
    pub more: bool,
    /// The session must end: folder deleted, rights withdrawn, credential expired.
    pub ended: Option<Refusal>,
}

impl Changes {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { vanished, arrived, flags, modseq: _, more, ended } = self;
        vanished.is_empty() && arrived.is_empty() && flags.is_empty() && !more && ended.is_none()
    }
}

/// What came, changed and went after a modification sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Messages come or changed.
    pub changed: UidSet,
    /// Messages gone; absent when it is too long ago to know: then it is whatever is missing.
    pub gone: Option<UidSet>,
}

/// A message and its flags now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagChange {
    /// Which message.
    pub uid: u32,
    /// All its flags.
    pub flags: Flags,
    /// The change's number (RFC 7162).
    pub modseq: u64,
}

/// One message of a FETCH.
#[derive(Clone, Debug)]
pub struct FetchRow {
    /// Which message.
    pub uid: u32,
    /// Its flags, after `\Seen` was set if that was asked.
    pub flags: Flags,
    /// Whether this FETCH set `\Seen`; then the flags are shown though not asked for.
    pub newly_seen: bool,
    /// Its internal date.
    pub received: Timestamp,
    /// Octets of the whole letter.
    pub size: u64,
    /// The last change's number (RFC 7162).
    pub modseq: u64,
    /// When it came into this folder (RFC 8514).
    pub saved: Timestamp,
    /// Needed when [`FetchItems::wants_object_ids`] says so.
    pub object: Option<ObjectIds>,
    /// What is said from its summary, and what is streamed: [`FetchItems::describe`].
    pub described: Described,
}

/// What a message is called wherever it lies in its account (RFC 8474): letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectIds {
    /// The same for the same content.
    pub email: String,
    /// The same for letters of one thread; needed when the items ask for it.
    pub thread: Option<String>,
}

/// Where appended letters lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The folder's UIDVALIDITY.
    pub uid_validity: u32,
    /// The letters' UIDs, which grow in the order of the command (RFC 4315 §3).
    pub uids: UidSet,
}

/// Where copied or moved messages lie: the n-th source became the n-th destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The destination's UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDs in the selected folder.
    pub from: UidSet,
    /// UIDs in the destination.
    pub to: UidSet,
}

/// Why not, for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub code: Code,
    /// One sentence, shown by many mail programs; anything but printable ASCII is replaced.
    pub text: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Response codes a world may give (RFC 5530 §3, RFC 3501 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// `[UNAVAILABLE]`: a temporary failure of ours.
    Unavailable,
    /// `[AUTHENTICATIONFAILED]`: unknown login or wrong password, which of them is not said.
    AuthenticationFailed,
    /// `[AUTHORIZATIONFAILED]`: right password, but not for that account.
    AuthorizationFailed,
    /// `[EXPIRED]`: the credential has expired or was revoked.
    Expired,
    /// `[CONTACTADMIN]`
    ContactAdmin,
    /// `[NOPERM]`
    NoPermission,
    /// `[INUSE]`
    InUse,
    /// `[SERVERBUG]`
    ServerBug,
    /// `[CANNOT]`: never possible, as deleting INBOX.
    Cannot,
    /// `[LIMIT]`: one of our limits.
    Limit,
    /// `[OVERQUOTA]`
    OverQuota,
    /// `[NOTIFICATIONOVERFLOW]`: more is to be watched than is (RFC 5465 §5.8).
    NotificationOverflow,
    /// `[TOOBIG]`: larger than APPENDLIMIT (RFC 7889), or a literal too large for LITERAL-.
    TooBig,
    /// `[UNKNOWN-CTE]`: a transfer encoding that is not undone, or octets that cannot be kept (RFC 3516).
    UnknownCte,
    /// `[ALREADYEXISTS]`
    AlreadyExists,
    /// `[EXPUNGEISSUED]`: what was meant is gone; the client may come for the news.
    ExpungeIssued,
    /// `[HASCHILDREN]`: the folders in it must go first (RFC 9051 §7.1).
    HasChildren,
    /// `[USEATTR]`: no folder can be made for that use (RFC 6154 §3).
    UseAttr,
    /// `[METADATA TOOMANY]`: no more annotations fit (RFC 5464 §4.3).
    TooManyAnnotations,
    /// `[NONEXISTENT]`; to COPY, MOVE and APPEND the machine says `[TRYCREATE]` instead.
    Nonexistent,
}
