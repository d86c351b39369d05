//! Commands as typed values (RFC 3501 §6, §9). Reading one decides nothing about whether it may run.

use super::acl::{self, AclAsk};
use super::ask::{Mode, Subscription};
use super::condstore::{self, Modifiers, Sync};
use super::enabled::{self, Extension};
use super::fetch_items::FetchItems;
use super::find::{self, Find};
use super::flags::{Flags, StoreMode};
use super::folders;
use super::limits;
use super::list::{self, Listing};
use super::metadata::{self, Annotate};
use super::name::{FolderName, NameError};
use super::notify;
use super::quota::{self, QuotaAsk};
use super::scan::{Cursor, Fault, Parsed};
use super::set::SequenceSet;
use super::status::{self, StatusItem};

/// How a command counts messages, and how its answers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Number,
    Uid,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Capability,
    Noop,
    Check,
    Logout,
    Id(Vec<(String, Option<String>)>),
    Enable(Vec<Extension>),
    StartTls,
    Login {
        login: Vec<u8>,
        password: Vec<u8>,
    },
    Authenticate {
        mechanism: String,
        initial: Option<Vec<u8>>,
    },
    Namespace,
    Acl(AclAsk),
    Quota(QuotaAsk),
    Notify(notify::Wanted),
    SetQuota,
    List(Listing),
    Status {
        folder: FolderName,
        items: Vec<StatusItem>,
    },
    Metadata {
        folder: Option<FolderName>,
        wanted: metadata::Wanted,
    },
    SetMetadata {
        folder: Option<FolderName>,
        changes: Vec<Annotate>,
    },
    Create {
        folder: FolderName,
        uses: Vec<String>,
    },
    Delete(FolderName),
    Rename {
        from: FolderName,
        to: FolderName,
    },
    Subscribe {
        folder: FolderName,
        change: Subscription,
    },
    Select {
        folder: FolderName,
        mode: Mode,
        sync: Sync,
    },
    /// SELECT or EXAMINE of what cannot be a folder's name.
    SelectNothing(NameError),
    Unselect,
    Close,
    Expunge {
        among: Option<SequenceSet>,
    },
    Fetch {
        by: By,
        set: SequenceSet,
        items: FetchItems,
        modifiers: Modifiers,
    },
    Store {
        by: By,
        set: SequenceSet,
        storing: Store,
    },
    Find(Find),
    Copy {
        by: By,
        set: SequenceSet,
        to: FolderName,
        kind: CopyKind,
    },
    Idle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyKind {
    Copy,
    Move,
}

/// What a STORE does to each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Store {
    pub mode: StoreMode,
    pub echo: Echo,
    pub flags: Flags,
    /// RFC 7162 §3.1.3
    pub unchanged_since: Option<u64>,
}

/// Whether STORE answers with the new flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    Told,
    Silent,
}

/// `tag SP`; the tag is kept short and without `+`, which begins a continuation.
pub(super) fn tag<'a>(cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let mut ahead = *cursor;
    let tag = ahead.tag()?;
    (tag.len() <= limits::TAG && ahead.take(b' ')).then(|| {
        *cursor = ahead;
        tag
    })
}

/// The name of the command at this place, in capitals.
pub(super) fn name(mut cursor: Cursor<'_>) -> String {
    cursor.word()
}

/// Reads a command; the tag and its space are behind the cursor.
pub(super) fn parse(mut cursor: Cursor<'_>) -> Parsed<Command> {
    let c = &mut cursor;
    let name = c.word();
    let command = match name.as_str() {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "CHECK" => Command::Check,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "UNSELECT" => Command::Unselect,
        "CLOSE" => Command::Close,
        "IDLE" => Command::Idle,
        "EXPUNGE" => Command::Expunge { among: None },
        "ID" => id(c)?,
        "ENABLE" => enabled::parse(c)?,
        "LOGIN" => {
            c.space()?;
            let login = c.astring()?;
            c.space()?;
            Command::Login { login, password: c.astring()? }
        }
        "AUTHENTICATE" => {
            c.space()?;
            let mechanism = c.atom()?.to_ascii_uppercase();
            let initial = if c.take(b' ') { Some(c.base64()) } else { None };
            Command::Authenticate { mechanism, initial }
        }
        "NOTIFY" => notify::parse(c)?,
        "GETQUOTA" | "GETQUOTAROOT" | "SETQUOTA" => quota::parse(&name, c)?,
        "MYRIGHTS" | "GETACL" | "SETACL" | "DELETEACL" | "LISTRIGHTS" => acl::parse(&name, c)?,
        "LIST" => list::parse(c)?,
        "LSUB" => list::parse_lsub(c)?,
        "STATUS" => status::parse(c)?,
        "GETMETADATA" => metadata::parse(c)?,
        "SETMETADATA" => metadata::parse_set(c)?,
        "CREATE" => folders::parse_create(c)?,
        "DELETE" => Command::Delete(one_folder(c)?),
        "RENAME" => {
            let from = one_folder(c)?;
            Command::Rename { from, to: one_folder(c)? }
        }
        "SUBSCRIBE" => Command::Subscribe { folder: one_folder(c)?, change: Subscription::On },
        "UNSUBSCRIBE" => Command::Subscribe { folder: one_folder(c)?, change: Subscription::Off },
        "SELECT" => select(c, Mode::ReadWrite)?,
        "EXAMINE" => select(c, Mode::ReadOnly)?,
        "FETCH" => fetch(c, By::Number)?,
        "STORE" => store(c, By::Number)?,
        "SEARCH" => Command::Find(find::search(c, By::Number)?),
        "SORT" => Command::Find(find::sorting(c, By::Number)?),
        "THREAD" => Command::Find(find::threading(c, By::Number)?),
        "COPY" => copy(c, By::Number, CopyKind::Copy)?,
        "MOVE" => copy(c, By::Number, CopyKind::Move)?,
        "UID" => {
            c.space()?;
            match c.word().as_str() {
                "FETCH" => fetch(c, By::Uid)?,
                "STORE" => store(c, By::Uid)?,
                "SEARCH" => Command::Find(find::search(c, By::Uid)?),
                "SORT" => Command::Find(find::sorting(c, By::Uid)?),
                "THREAD" => Command::Find(find::threading(c, By::Uid)?),
                "COPY" => copy(c, By::Uid, CopyKind::Copy)?,
                "MOVE" => copy(c, By::Uid, CopyKind::Move)?,
                "EXPUNGE" => {
                    c.space()?;
                    Command::Expunge { among: Some(c.sequence_set()?) }
                }
                "REPLACE" => return Err(Fault::Syntax("REPLACE needs a literal")),
                _ => return Err(Fault::Syntax("an unknown UID command")),
            }
        }
        // With a literal it never comes here; without one it has no letter.
        "APPEND" => return Err(Fault::Syntax("APPEND needs a literal")),
        "REPLACE" => return Err(Fault::Syntax("REPLACE needs a literal")),
        _ => return Err(Fault::Syntax("an unknown command")),
    };
    cursor.end()?;
    Ok(command)
}

pub(super) fn one_folder(c: &mut Cursor<'_>) -> Parsed<FolderName> {
    c.space()?;
    c.folder()
}

/// RFC 2971 §3.3
fn id(c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    let mut pairs = Vec::new();
    if !c.take(b'(') {
        return match c.nstring()? {
            None => Ok(Command::Id(pairs)),
            Some(_) => Err(Fault::Syntax("ID takes a list or NIL")),
        };
    }
    while !c.take(b')') {
        if !pairs.is_empty() {
            c.space()?;
        }
        let field = String::from_utf8_lossy(&c.string()?).into_owned();
        c.space()?;
        let value = c.nstring()?.map(|value| String::from_utf8_lossy(&value).into_owned());
        if value.as_ref().is_some_and(|value| value.len() > limits::ID_VALUE)
            || field.len() > limits::ID_VALUE
        {
            return Err(Fault::Limit("a value of ID is too long"));
        }
        pairs.push((field, value));
        if pairs.len() > limits::ID_PAIRS {
            return Err(Fault::Limit("too many values in ID"));
        }
    }
    Ok(Command::Id(pairs))
}

fn fetch(c: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    c.space()?;
    let set = c.sequence_set()?;
    c.space()?;
    let items = FetchItems::parse(c)?;
    let items = if by == By::Uid { items.with_uid() } else { items };
    let modifiers = condstore::fetch_modifiers(c)?;
    if by == By::Number && modifiers.page.is_some() {
        return Err(Fault::Syntax("PARTIAL is for UID FETCH"));
    }
    Ok(Command::Fetch { by, set, items, modifiers })
}

fn select(c: &mut Cursor<'_>, mode: Mode) -> Parsed<Command> {
    let folder = match one_folder(c) {
        Err(Fault::Name(error)) => Err(error),
        folder => Ok(folder?),
    };
    let sync = condstore::select_parameters(c)?;
    Ok(match folder {
        Ok(folder) => Command::Select { folder, mode, sync },
        Err(error) => Command::SelectNothing(error),
    })
}

fn store(c: &mut Cursor<'_>, by: By) -> Parsed<Command> {
    c.space()?;
    let set = c.sequence_set()?;
    c.space()?;
    let unchanged_since = condstore::store_modifiers(c)?;
    let (mode, echo) = match c.word().as_str() {
        "FLAGS" => (StoreMode::Replace, Echo::Told),
        "FLAGS.SILENT" => (StoreMode::Replace, Echo::Silent),
        "+FLAGS" => (StoreMode::Add, Echo::Told),
        "+FLAGS.SILENT" => (StoreMode::Add, Echo::Silent),
        "-FLAGS" => (StoreMode::Remove, Echo::Told),
        "-FLAGS.SILENT" => (StoreMode::Remove, Echo::Silent),
        _ => return Err(Fault::Syntax("an unknown STORE item")),
    };
    c.space()?;
    Ok(Command::Store { by, set, storing: Store { mode, echo, flags: c.flags()?, unchanged_since } })
}

fn copy(c: &mut Cursor<'_>, by: By, kind: CopyKind) -> Parsed<Command> {
    c.space()?;
    let set = c.sequence_set()?;
    let to = one_folder(c)?;
    Ok(Command::Copy { by, set, to, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Command> {
        parse(Cursor::new(text.as_bytes()))
    }

    #[test]
    fn commands_with_too_little_or_too_much_are_refused() {
        for text in [
            "",
            "BOGUS",
            "NOOP x",
            "LOGIN a",
            "LOGIN a b c",
            "SELECT",
            "SELECT a (BOGUS)",
            "SELECT a ()",
            "SELECT a (QRESYNC (1 2 1:*))",
            "SELECT a (QRESYNC (1 2 1:9 (1,2 5)))",
            "SELECT a (QRESYNC (0 2))",
            "FETCH 1 FLAGS (BOGUS 1)",
            "FETCH 1 FLAGS (VANISHED)",
            "FETCH 1 FLAGS (CHANGEDSINCE x)",
            "STORE 1 (BOGUS 1) FLAGS (x)",
            "STORE 1 (UNCHANGEDSINCE) FLAGS (x)",
            "UID",
            "UID NOOP",
            "UID EXPUNGE",
            "EXPUNGE 1",
            "STATUS a",
            "STATUS a ()",
            "STATUS a (BOGUS)",
            "STORE 1 FLAGS",
            "STORE 1 BOGUS (x)",
            "COPY 1",
            "RENAME a",
            "ID",
            "ID x",
            "ID (\"a\")",
            "ENABLE",
            "LIST a",
            "APPEND a",
            "FETCH 1",
            "SEARCH",
            "SEARCH RETURN ALL",
            "SEARCH RETURN (ALL)",
            "SORT (DATE) ALL",
            "SORT (DATE) UTF-8",
            "SORT DATE UTF-8 ALL",
            "SORT RETURN (BOGUS) (DATE) UTF-8 ALL",
            "THREAD UTF-8 ALL",
            "THREAD BOGUS UTF-8 ALL",
            "THREAD RETURN (ALL) REFERENCES UTF-8 ALL",
            "UID SORT (DATE) US-ASCII",
            "AUTHENTICATE",
        ] {
            assert!(matches!(read(text), Err(Fault::Syntax(_))), "{text}: {:?}", read(text));
        }
    }
}
