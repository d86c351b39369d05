//! STATUS (RFC 3501 §6.3.10): counters of a folder, of which some came later.

use super::ask::Count;
use super::command::{self, Command};
use super::reply::Completion;
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, FolderName, Refusal, Status, limits};

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusItem {
    Messages,
    /// Never any: RFC 9051 dropped it.
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    /// RFC 8438
    Size,
    /// RFC 9051 §6.3.11
    Deleted,
    /// RFC 9208 §4.1.4, in octets.
    DeletedStorage,
    /// RFC 7162 §3.1.7
    HighestModSeq,
    /// RFC 8474 §4.3
    MailboxId,
    /// RFC 7889 §4
    AppendLimit,
}

impl StatusItem {
    const ALL: [(StatusItem, &'static str); 11] = [
        (Self::Messages, "MESSAGES"),
        (Self::Recent, "RECENT"),
        (Self::UidNext, "UIDNEXT"),
        (Self::UidValidity, "UIDVALIDITY"),
        (Self::Unseen, "UNSEEN"),
        (Self::Size, "SIZE"),
        (Self::Deleted, "DELETED"),
        (Self::DeletedStorage, "DELETED-STORAGE"),
        (Self::HighestModSeq, "HIGHESTMODSEQ"),
        (Self::MailboxId, "MAILBOXID"),
        (Self::AppendLimit, "APPENDLIMIT"),
    ];
}

/// `"STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"`
pub(super) fn parse(c: &mut Cursor<'_>) -> Parsed<Command> {
    let folder = command::one_folder(c)?;
    c.space()?;
    Ok(Command::Status { folder, items: items(c)? })
}

/// The items in their brackets.
pub(super) fn items(c: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    c.expect(b'(', "a list of status items was expected")?;
    let mut items = Vec::new();
    loop {
        let word = c.word();
        let known = StatusItem::ALL.into_iter().find(|(_, name)| *name == word);
        items.push(known.ok_or(Fault::Syntax("an unknown status item"))?.0);
        if items.len() > limits::FETCH_ITEMS {
            return Err(Fault::Limit("too many status items"));
        }
        if !c.take(b' ') {
            break;
        }
    }
    c.expect(b')', "the list of status items is not closed")?;
    Ok(items)
}

/// What the world must count for these.
pub(super) fn count(items: &[StatusItem]) -> Count {
    let deleted = items.iter().any(|item| matches!(item, StatusItem::Deleted | StatusItem::DeletedStorage));
    if deleted { Count::Deleted } else { Count::Kept }
}

impl Server {
    pub(super) fn status(&mut self, tag: &str, folder: FolderName, items: Vec<StatusItem>, out: &mut Out) {
        self.uses_status(&items, out);
        let ask = Ask::Status { folder: folder.clone(), count: count(&items) };
        self.ask(ask, Task::Status { tag: tag.to_owned(), folder, items }, out);
    }

    /// Who asks for HIGHESTMODSEQ knows modification sequences (RFC 7162 §3.1).
    pub(super) fn uses_status(&mut self, items: &[StatusItem], out: &mut Out) {
        if items.contains(&StatusItem::HighestModSeq) {
            self.enable_condstore(out);
        }
    }

    pub(super) fn counted(
        &mut self,
        tag: &str,
        folder: &FolderName,
        items: &[StatusItem],
        status: Result<Status, Refusal>,
        out: &mut Out,
    ) {
        let status = match status {
            Ok(status) => status,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        out.send(self.status_line(&self.folder_name(folder), items, &status).as_bytes());
        self.complete(tag, Completion::ok("STATUS done"), Expunges::Told, out);
    }

    /// `* STATUS`; the name is the one that the client knows.
    pub(super) fn status_line(&self, name: &str, items: &[StatusItem], status: &Status) -> String {
        let pairs: Vec<String> = items.iter().map(|item| self.status_item(*item, status)).collect();
        format!("* STATUS {name} ({})\r\n", pairs.join(" "))
    }

    fn status_item(&self, item: StatusItem, status: &Status) -> String {
        let name = StatusItem::ALL.into_iter().find(|(known, _)| *known == item).map_or("", |(_, name)| name);
        let number = match item {
            StatusItem::Messages => status.messages.into(),
            StatusItem::Recent => 0,
            StatusItem::UidNext => status.uid_next.into(),
            StatusItem::UidValidity => status.uid_validity.into(),
            StatusItem::Unseen => status.unseen.into(),
            StatusItem::Size => status.size,
            StatusItem::Deleted => status.deleted.into(),
            StatusItem::DeletedStorage => status.deleted_size,
            StatusItem::HighestModSeq => status.highest_modseq,
            StatusItem::AppendLimit => self.config.limits.letter,
            StatusItem::MailboxId => return format!("{name} ({})", status.id.0),
        };
        format!("{name} {number}")
    }
}
