//! LIST, LSUB, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3).

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Listing, StatusItem};
use super::name::{self, DELIMITER};
use super::pattern::Pattern;
use super::reply::{self, Completion};
use super::scan::Fault;
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, Code, Folder, FolderKind, FolderName, Refusal, Status, Subscription};

impl Server {
    pub(super) fn list(
        &mut self,
        tag: &str,
        which: Listing,
        reference: &[u8],
        pattern: &[u8],
        out: &mut Out,
    ) {
        // An empty pattern asks for the delimiter (RFC 3501 §6.3.8).
        if pattern.is_empty() && which == Listing::List {
            out.send(format!("* LIST (\\Noselect) \"{DELIMITER}\" \"\"\r\n").as_bytes());
            return self.complete(tag, Completion::ok("LIST done"), Expunges::Told, out);
        }
        match (name::decode(reference), name::decode(pattern)) {
            (Ok(reference), Ok(pattern)) => {
                let task = Task::List { tag: tag.to_owned(), which, pattern: reference + &pattern };
                self.ask(Ask::Folders, task, out);
            }
            (Err(error), _) | (_, Err(error)) => self.fail(tag, Completion::fault(Fault::Name(error)), out),
        }
    }

    pub(super) fn listed(
        &mut self,
        tag: &str,
        which: Listing,
        pattern: &str,
        folders: Result<Vec<Folder>, Refusal>,
        out: &mut Out,
    ) {
        let folders = match folders {
            Ok(folders) => folders,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let (word, done) = match which {
            Listing::List => ("LIST", "LIST done"),
            Listing::Lsub => ("LSUB", "LSUB done"),
        };
        for (folder, attributes) in rows(which, pattern, &folders) {
            let attributes = attributes.join(" ");
            let line = format!("* {word} ({attributes}) \"{DELIMITER}\" {}\r\n", reply::folder(&folder));
            out.send(line.as_bytes());
        }
        self.complete(tag, Completion::ok(done), Expunges::Told, out);
    }

    pub(super) fn status(&mut self, tag: &str, folder: FolderName, items: Vec<StatusItem>, out: &mut Out) {
        let task = Task::Status { tag: tag.to_owned(), folder: folder.clone(), items };
        self.ask(Ask::Status(folder), task, out);
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
        let value = |item: &StatusItem| match item {
            StatusItem::Messages => status.messages,
            StatusItem::Recent => 0,
            StatusItem::UidNext => status.uid_next,
            StatusItem::UidValidity => status.uid_validity,
            StatusItem::Unseen => status.unseen,
        };
        let name = |item: &StatusItem| {
            StatusItem::ALL.iter().find(|(known, _)| known == item).map_or("", |(_, n)| n)
        };
        let pairs: Vec<String> = items.iter().map(|item| format!("{} {}", name(item), value(item))).collect();
        out.send(format!("* STATUS {} ({})\r\n", reply::folder(folder), pairs.join(" ")).as_bytes());
        self.complete(tag, Completion::ok("STATUS done"), Expunges::Told, out);
    }

    pub(super) fn create(&mut self, tag: &str, folder: FolderName, out: &mut Out) {
        if folder.is_inbox() {
            return self.refuse(tag, Code::AlreadyExists, "INBOX is there always", out);
        }
        self.ask(Ask::Create(folder), Task::Outcome { tag: tag.to_owned(), done: "CREATE done" }, out);
    }

    pub(super) fn delete(&mut self, tag: &str, folder: FolderName, out: &mut Out) {
        if folder.is_inbox() {
            return self.refuse(tag, Code::Cannot, "INBOX cannot be deleted", out);
        }
        self.ask(Ask::Delete(folder), Task::Outcome { tag: tag.to_owned(), done: "DELETE done" }, out);
    }

    pub(super) fn rename(&mut self, tag: &str, from: FolderName, to: FolderName, out: &mut Out) {
        if to.is_inbox() || from == to {
            return self.refuse(tag, Code::AlreadyExists, "a folder of this name exists", out);
        }
        if to.is_under(&from) && !from.is_inbox() {
            return self.refuse(tag, Code::Cannot, "a folder cannot lie in itself", out);
        }
        self.ask(Ask::Rename { from, to }, Task::Outcome { tag: tag.to_owned(), done: "RENAME done" }, out);
    }

    pub(super) fn subscribe(&mut self, tag: &str, folder: FolderName, change: Subscription, out: &mut Out) {
        let done = match change {
            Subscription::On => "SUBSCRIBE done",
            Subscription::Off => "UNSUBSCRIBE done",
        };
        self.ask(Ask::Subscribe { folder, change }, Task::Outcome { tag: tag.to_owned(), done }, out);
    }

    fn refuse(&mut self, tag: &str, code: Code, text: &'static str, out: &mut Out) {
        self.complete(tag, Completion::no(code, text), Expunges::Told, out);
    }
}

/// The folders to show, in order, with their attributes.
fn rows(which: Listing, pattern: &str, folders: &[Folder]) -> Vec<(FolderName, Vec<&'static str>)> {
    let pattern = Pattern::new(&with_inbox(pattern));
    let shown = |folder: &Folder| match which {
        Listing::List => folder.kind != FolderKind::Absent,
        Listing::Lsub => folder.subscription == Subscription::On,
    };
    let mut rows: BTreeMap<FolderName, Vec<&'static str>> = BTreeMap::new();
    // Parents of what exists; asked for by name, so that the cost stays linear.
    let mut parents = BTreeSet::new();
    for folder in folders.iter().filter(|folder| folder.kind != FolderKind::Absent) {
        let mut above = folder.name.parent();
        while let Some(parent) = above {
            above = parent.parent();
            if !parents.insert(parent) {
                break;
            }
        }
    }
    let names: BTreeSet<&FolderName> = folders.iter().filter(|f| shown(f)).map(|f| &f.name).collect();
    for folder in folders.iter().filter(|folder| shown(folder)) {
        if pattern.matches(folder.name.as_str()) {
            let mut attributes = Vec::new();
            match folder.kind {
                FolderKind::Selectable => {}
                FolderKind::Container | FolderKind::Absent => attributes.push("\\Noselect"),
            }
            // RFC 3348 §3
            attributes.push(if parents.contains(&folder.name) { "\\HasChildren" } else { "\\HasNoChildren" });
            attributes.extend(folder.role.map(super::Role::as_str));
            rows.insert(folder.name.clone(), attributes);
        }
        // A parent that itself is not shown stands for what it holds (RFC 3501 §6.3.8, §6.3.9).
        let mut above = folder.name.parent();
        while let Some(parent) = above {
            above = parent.parent();
            if !names.contains(&parent) && pattern.matches(parent.as_str()) {
                rows.entry(parent).or_insert_with(|| vec!["\\Noselect", "\\HasChildren"]);
            }
        }
    }
    rows.into_iter().collect()
}

/// A pattern that names INBOX in another case means it (RFC 3501 §5.1).
fn with_inbox(pattern: &str) -> String {
    match (pattern.get(..5), pattern.get(5..)) {
        (Some(first), Some(rest))
            if first.eq_ignore_ascii_case("INBOX")
                && rest.chars().next().is_none_or(|next| matches!(next, DELIMITER | '*' | '%')) =>
        {
            format!("INBOX{rest}")
        }
        _ => pattern.to_owned(),
    }
}
