//! NOTIFY (RFC 5465): news of other folders, and of the selected one between commands.
//!
//! A session that never says NOTIFY pays one pointer for it. What is watched is the world's to keep; the
//! machine keeps what it must know to tell of the selected folder.

use std::sync::Arc;

use super::command::{By, Command};
use super::condstore::End;
use super::enabled::Extension;
use super::fetch_items::FetchItems;
use super::name::DELIMITER;
use super::reply::Completion;
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Phase, Server, Task};
use super::session::Expunges;
use super::status::StatusItem;
use super::{
    Ask, Code, EntryName, Folder, FolderKind, FolderName, MarkSeen, Refusal, Status, Subscription, UidSet,
    limits,
};

/// What a client wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Whether anything of the selected folder is told; if not, nothing, not even between commands.
    pub selected: WatchSelected,
    /// Other folders: the first group that names one decides (RFC 5465 §3.1).
    pub groups: Vec<WatchGroup>,
    /// Whether the counters of what is watched are told at once.
    pub counters: TellCounters,
}

/// Whether the selected folder is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WatchSelected {
    /// It is.
    Yes,
    /// It is not.
    #[default]
    No,
}

/// Whether NOTIFY begins with the counters of what it watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TellCounters {
    /// It does.
    AtOnce,
    /// It does not.
    #[default]
    Later,
}

/// Some folders and what is told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchGroup {
    /// Which.
    pub folders: WatchFolders,
    /// What.
    pub events: WatchEvents,
}

/// Folders as NOTIFY names them (RFC 5465 §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchFolders {
    /// Where letters are delivered, in one's own mailbox.
    Inboxes,
    /// One's own.
    Personal,
    /// The subscribed ones.
    Subscribed,
    /// These and what lies below.
    Subtree(Vec<FolderName>),
    /// These.
    These(Vec<FolderName>),
}

/// What is told (RFC 5465 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchEvents(u8);

impl WatchEvents {
    /// Letters come and go: `MessageNew` and `MessageExpunge`, which only go together.
    pub const MESSAGES: Self = Self(1);
    /// `FlagChange`
    pub const FLAGS: Self = Self(2);
    /// `MailboxName`: folders are made, renamed, removed.
    pub const NAMES: Self = Self(4);
    /// `SubscriptionChange`
    pub const SUBSCRIPTIONS: Self = Self(8);
    /// `MailboxMetadataChange`: annotations of folders.
    pub const NOTES: Self = Self(16);
    /// `ServerMetadataChange`: annotations of the account, whichever folders are named beside.
    pub const SERVER_NOTES: Self = Self(32);

    /// Whether all of these are among them.
    #[must_use]
    pub fn has(self, events: Self) -> bool {
        self.0 & events.0 == events.0
    }

    /// All of both.
    #[must_use]
    pub fn and(self, events: Self) -> Self {
        Self(self.0 | events.0)
    }
}

/// One piece of news of a folder that is not selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Its messages changed.
    Counters {
        /// Which.
        folder: FolderName,
        /// Its counters now.
        status: Status,
    },
    /// It was made, renamed, removed or (un)subscribed; absent when it is gone.
    Folder {
        /// As it is now.
        folder: Folder,
        /// Its name before, when it was renamed.
        was: Option<FolderName>,
    },
    /// Annotations changed; their values are asked for by whoever wants them (RFC 5464 §4.4.2).
    Metadata {
        /// Of which folder; of the account when none.
        folder: Option<FolderName>,
        /// Which.
        entries: Vec<EntryName>,
    },
    /// Too much is asked: nothing is told any more.
    Overflow,
}

/// NOTIFY as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Set {
        watch: Watch,
        telling: Telling,
    },
    /// An event that we do not know.
    Unknown,
}

/// How the selected folder is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Telling {
    /// `selected-delayed`: gone messages only where the RFC of IMAP allows.
    expunges: Option<Expunges>,
    flags: bool,
    /// What is fetched of each new message.
    fetch: Option<Arc<FetchItems>>,
}

/// What a session told once it has said NOTIFY.
#[derive(Debug, Default)]
pub(super) struct Notify {
    telling: Telling,
    active: bool,
    /// Notices that came while a command ran.
    late: Vec<Notice>,
}

/// What follows when new messages were shown.
#[derive(Debug)]
pub(super) enum After {
    Ready,
    Idle(String),
    Complete(String, Completion),
}

const EVENTS: &str = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange \
                      MailboxMetadataChange ServerMetadataChange";

/// The arguments of NOTIFY.
pub(super) fn parse(c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    match c.word().as_str() {
        "NONE" => return Ok(Command::Notify(Wanted::Nothing)),
        "SET" => {}
        _ => return Err(Fault::Syntax("NOTIFY takes SET or NONE")),
    }
    c.space()?;
    let mut watch = Watch::default();
    if c.peek() != Some(b'(') {
        if c.word() != "STATUS" {
            return Err(Fault::Syntax("a group of events was expected"));
        }
        watch.counters = TellCounters::AtOnce;
        c.space()?;
    }
    let (mut telling, mut unknown) = (None, false);
    loop {
        c.expect(b'(', "a group of events was expected")?;
        let filter = c.word();
        let selected = match filter.as_str() {
            "SELECTED" => Some(Expunges::Told),
            "SELECTED-DELAYED" => Some(Expunges::Kept),
            _ => None,
        };
        let folders = match filter.as_str() {
            "SELECTED" | "SELECTED-DELAYED" => None,
            "INBOXES" => Some(WatchFolders::Inboxes),
            "PERSONAL" => Some(WatchFolders::Personal),
            "SUBSCRIBED" => Some(WatchFolders::Subscribed),
            "SUBTREE" => Some(WatchFolders::Subtree(folders(c)?)),
            "MAILBOXES" => Some(WatchFolders::These(folders(c)?)),
            _ => return Err(Fault::Syntax("unknown folders to watch")),
        };
        c.space()?;
        let Events { events, fetch, unknown: some } = events(c)?;
        unknown |= some;
        c.expect(b')', "a group of events is not closed")?;
        match folders {
            // RFC 5465 §5.2: of other folders only counters are told.
            Some(_) if fetch.is_some() => {
                return Err(Fault::Syntax("messages are shown of the selected folder only"));
            }
            Some(folders) => watch.groups.push(WatchGroup { folders, events }),
            // RFC 5465 §6.1: one of the two, once, and for messages only.
            None if telling.is_some() => return Err(Fault::Syntax("the selected folder is named twice")),
            None if events.and(WatchEvents::FLAGS) != WatchEvents::MESSAGES.and(WatchEvents::FLAGS)
                && events != WatchEvents::default() =>
            {
                return Err(Fault::Syntax("of the selected folder only messages are told"));
            }
            None => {
                let messages = events.has(WatchEvents::MESSAGES);
                let flags = events.has(WatchEvents::FLAGS);
                telling = Some(Telling { expunges: selected.filter(|_| messages), flags, fetch });
            }
        }
        if watch.groups.len() > limits::WATCH_GROUPS {
            return Err(Fault::Limit("too many groups of events"));
        }
        if !c.take(b' ') {
            break;
        }
    }
    let telling = telling.unwrap_or_default();
    if telling.expunges.is_some() {
        watch.selected = WatchSelected::Yes;
    }
    Ok(Command::Notify(if unknown { Wanted::Unknown } else { Wanted::Set { watch, telling } }))
}

fn folders(c: &mut Cursor<'_>) -> Parsed<Vec<FolderName>> {
    c.space()?;
    if !c.take(b'(') {
        return Ok(vec![c.folder()?]);
    }
    let mut all = vec![c.folder()?];
    while !c.take(b')') {
        c.space()?;
        all.push(c.folder()?);
        if all.len() > limits::WATCH_FOLDERS {
            return Err(Fault::Limit("too many folders to watch"));
        }
    }
    Ok(all)
}

struct Events {
    events: WatchEvents,
    fetch: Option<Arc<FetchItems>>,
    unknown: bool,
}

fn events(c: &mut Cursor<'_>) -> Parsed<Events> {
    let mut all = Events { events: WatchEvents::default(), fetch: None, unknown: false };
    if !c.take(b'(') {
        return match c.word().as_str() {
            "NONE" => Ok(all),
            _ => Err(Fault::Syntax("a list of events was expected")),
        };
    }
    let (mut new, mut gone) = (false, false);
    loop {
        match c.word().as_str() {
            "MESSAGENEW" => {
                new = true;
                let mut ahead = *c;
                if ahead.take(b' ') && ahead.peek() == Some(b'(') {
                    *c = ahead;
                    all.fetch = Some(Arc::new(FetchItems::parse(c)?));
                }
            }
            "MESSAGEEXPUNGE" => gone = true,
            "FLAGCHANGE" => all.events = all.events.and(WatchEvents::FLAGS),
            "MAILBOXNAME" => all.events = all.events.and(WatchEvents::NAMES),
            "SUBSCRIPTIONCHANGE" => all.events = all.events.and(WatchEvents::SUBSCRIPTIONS),
            "MAILBOXMETADATACHANGE" => all.events = all.events.and(WatchEvents::NOTES),
            "SERVERMETADATACHANGE" => all.events = all.events.and(WatchEvents::SERVER_NOTES),
            "" => return Err(Fault::Syntax("an event was expected")),
            _ => all.unknown = true,
        }
        if c.take(b')') {
            break;
        }
        c.space()?;
    }
    // RFC 5465 §5: both or none, and flags only with both.
    if new != gone || (all.events.has(WatchEvents::FLAGS) && !new) {
        return Err(Fault::Syntax("MessageNew and MessageExpunge go together, FlagChange with both"));
    }
    if new {
        all.events = all.events.and(WatchEvents::MESSAGES);
    }
    Ok(all)
}

impl Server {
    pub(super) fn notify(&mut self, tag: &str, wanted: Wanted, out: &mut Out) {
        let (watch, telling) = match wanted {
            Wanted::Nothing => (None, Telling::default()),
            Wanted::Set { watch, telling } => (Some(watch), telling),
            Wanted::Unknown => {
                // RFC 5465 §3.1: NO, and the events that there are.
                let completion = Completion::no(Code::Cannot, "some of these events are not known here");
                let completion = completion.with(format!("BADEVENT ({EVENTS})"));
                return self.complete(tag, completion, Expunges::Told, out);
            }
        };
        let active = watch.is_some();
        let task = Task::Notify { tag: tag.to_owned(), telling, active };
        self.ask(Ask::Notify(watch), task, out);
    }

    pub(super) fn notifies(
        &mut self,
        tag: &str,
        (telling, active): (Telling, bool),
        notices: Result<Vec<Notice>, Refusal>,
        out: &mut Out,
    ) {
        match notices {
            Ok(notices) => {
                for notice in notices {
                    self.tell_notice(notice, out);
                }
                self.notify = Some(Box::new(Notify { telling, active, late: Vec::new() }));
                // RFC 5465 §3.1: what changed so far is told, as by NOOP.
                self.complete(tag, Completion::ok("NOTIFY done"), Expunges::Told, out);
            }
            Err(refusal) => self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        }
    }

    /// News of other folders; what comes while a command runs waits for its end.
    pub(super) fn notices(&mut self, notices: Vec<Notice>, out: &mut Out) {
        match self.phase {
            Phase::Ready | Phase::Idle { .. } => {
                notices.into_iter().for_each(|notice| self.tell_notice(notice, out));
            }
            Phase::Over => {}
            _ => {
                if let Some(notify) = self.notify.as_mut() {
                    notify.late.extend(notices);
                }
            }
        }
    }

    /// Tells the notices that had to wait.
    pub(super) fn late_notices(&mut self, out: &mut Out) {
        let Some(notify) = self.notify.as_mut().filter(|notify| !notify.late.is_empty()) else { return };
        let late = std::mem::take(&mut notify.late);
        late.into_iter().for_each(|notice| self.tell_notice(notice, out));
    }

    fn tell_notice(&mut self, notice: Notice, out: &mut Out) {
        let line = match notice {
            Notice::Counters { folder, status } => {
                let mut items = vec![
                    StatusItem::Messages,
                    StatusItem::UidNext,
                    StatusItem::UidValidity,
                    StatusItem::Unseen,
                ];
                if self.enabled.has(Extension::CondStore) {
                    items.push(StatusItem::HighestModSeq);
                }
                self.status_line(&self.folder_name(&folder), &items, &status)
            }
            Notice::Folder { folder, was } => {
                let gone = (folder.kind == FolderKind::Absent).then_some("\\NonExistent");
                let subscribed = (folder.subscription == Subscription::On).then_some("\\Subscribed");
                let role = folder.role.map(super::Role::as_str);
                let attributes: Vec<&str> = gone.into_iter().chain(subscribed).chain(role).collect();
                let name = self.folder_name(&folder.name);
                let was = was.map(|was| format!(" (\"OLDNAME\" ({}))", self.folder_name(&was)));
                let (attributes, was) = (attributes.join(" "), was.unwrap_or_default());
                format!("* LIST ({attributes}) \"{DELIMITER}\" {name}{was}\r\n")
            }
            Notice::Metadata { folder, entries } => {
                let name = folder.map_or_else(|| "\"\"".to_owned(), |folder| self.folder_name(&folder));
                let entries: Vec<&str> = entries.iter().map(EntryName::as_str).collect();
                format!("* METADATA {name} {}\r\n", entries.join(" "))
            }
            Notice::Overflow => {
                if let Some(notify) = self.notify.as_mut() {
                    notify.active = false;
                }
                "* OK [NOTIFICATIONOVERFLOW] too much is watched; please ask for less\r\n".to_owned()
            }
        };
        out.send(line.as_bytes());
    }

    /// Whether news may come between commands.
    pub(super) fn hears_between(&self) -> bool {
        let waits = matches!(self.phase, Phase::Ready) && !self.reader.is_inside();
        waits && self.notify.as_ref().is_some_and(|notify| notify.active)
    }

    /// Whether news of the selected folder that comes between commands may tell of gone messages; none
    /// when it is not told at all.
    pub(super) fn between(&self) -> Option<Expunges> {
        self.notify.as_ref()?.telling.expunges
    }

    /// Whether changed flags of the selected folder are told.
    pub(super) fn tells_flags(&self) -> bool {
        self.notify.as_ref().is_none_or(|notify| !notify.active || notify.telling.flags)
    }

    /// Shows of new messages what the client wants to see of each (RFC 5465 §5.2); false when nothing is
    /// to be shown, and then nothing was done with `after`.
    pub(super) fn show_new(&mut self, arrived: &UidSet, after: After, out: &mut Out) -> Result<(), After> {
        let fetch = self.notify.as_ref().and_then(|notify| notify.telling.fetch.clone());
        let Some(items) = fetch.filter(|_| !arrived.is_empty() && self.selection.is_some()) else {
            return Err(after);
        };
        let fetching = self.fetching(String::new(), (By::Uid, Arc::clone(&items)), None, End::Shown(after));
        let (uids, strings) = (arrived.clone(), self.enabled.strings());
        let ask = Ask::Fetch { uids, items, seen: MarkSeen::No, strings };
        self.pull(ask, Task::Fetch(fetching), out);
        Ok(())
    }

    /// New messages were shown.
    pub(super) fn shown(&mut self, after: After, out: &mut Out) {
        self.phase = match after {
            After::Ready => Phase::Ready,
            After::Idle(tag) => Phase::Idle { tag },
            After::Complete(tag, completion) => {
                out.send(completion.line(&tag).as_bytes());
                Phase::Ready
            }
        };
        self.late_notices(out);
    }
}
