//! GETQUOTA, GETQUOTAROOT (RFC 9208). Each mailbox is one root, called by its address; bounds are the
//! operator's, so SETQUOTA is refused and QUOTASET not offered.

use super::command::Command;
use super::reply::{self, Completion};
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, Code, FolderName, Refusal};

/// Whose quota is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaAsk {
    /// That of the mailbox of a folder.
    Folder(FolderName),
    /// That of a root.
    Root(String),
}

/// A root, what it holds and may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaRoot {
    /// Its name.
    pub name: String,
    /// Octets held.
    pub octets: u64,
    /// The most; told only when there is a bound.
    pub most_octets: Option<u64>,
    /// Messages held.
    pub messages: u64,
    /// The most; told only when there is a bound.
    pub most_messages: Option<u64>,
}

/// A command of this family; the name is read already.
pub(super) fn parse(name: &str, c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    match name {
        "GETQUOTA" => Ok(Command::Quota(QuotaAsk::Root(c.astring_text()?))),
        "GETQUOTAROOT" => Ok(Command::Quota(QuotaAsk::Folder(c.folder()?))),
        "SETQUOTA" => {
            c.astring()?;
            c.space()?;
            c.expect(b'(', "a list of resources was expected")?;
            while !c.take(b')') {
                c.atom()?;
                c.space()?;
                c.number64()?;
                c.take(b' ');
            }
            Ok(Command::SetQuota)
        }
        _ => Err(Fault::Syntax("an unknown command")),
    }
}

impl Server {
    pub(super) fn quota(&mut self, tag: &str, ask: QuotaAsk, out: &mut Out) {
        self.ask(Ask::Quota(ask.clone()), Task::Quota { tag: tag.to_owned(), ask }, out);
    }

    pub(super) fn set_quota(&mut self, tag: &str, out: &mut Out) {
        let completion = Completion::no(Code::NoPermission, "the operator sets the bounds");
        self.complete(tag, completion, Expunges::Told, out);
    }

    pub(super) fn told_quota(
        &mut self,
        tag: &str,
        ask: &QuotaAsk,
        root: Result<QuotaRoot, Refusal>,
        out: &mut Out,
    ) {
        let root = match root {
            Ok(root) => root,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let name = reply::quoted(&root.name);
        // RFC 9208 §5.1: STORAGE is told in units of 1024 octets.
        let storage =
            root.most_octets.map(|most| format!("STORAGE {} {}", root.octets.div_ceil(1024), most / 1024));
        let messages = root.most_messages.map(|most| format!("MESSAGE {} {most}", root.messages));
        let resources: Vec<String> = storage.into_iter().chain(messages).collect();
        let told = format!("* QUOTA {name} ({})\r\n", resources.join(" "));
        // A root without a resource cannot be told (RFC 9208 §7 `quota-list`): a mailbox without bounds has none.
        let (text, completion) = match (ask, resources.is_empty()) {
            (QuotaAsk::Folder(folder), true) => {
                (format!("* QUOTAROOT {}\r\n", self.folder_name(folder)), Completion::ok("GETQUOTAROOT done"))
            }
            (QuotaAsk::Folder(folder), false) => {
                let root = format!("* QUOTAROOT {} {name}\r\n", self.folder_name(folder));
                (root + &told, Completion::ok("GETQUOTAROOT done"))
            }
            (QuotaAsk::Root(_), true) => {
                (String::new(), Completion::no(Code::Nonexistent, "there is no such quota root"))
            }
            (QuotaAsk::Root(_), false) => (told, Completion::ok("GETQUOTA done")),
        };
        out.send(text.as_bytes());
        self.complete(tag, completion, Expunges::Told, out);
    }
}
