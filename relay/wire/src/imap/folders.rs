//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3).

use super::ask::Deleted;
use super::command::{self, Command};
use super::name::Role;
use super::reply::Completion;
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, Code, FolderName, MailboxId, Refusal, Subscription, limits};

/// `"CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]` (RFC 6154 §6)
pub(super) fn parse_create(c: &mut Cursor<'_>) -> Parsed<Command> {
    let folder = command::one_folder(c)?;
    let mut uses = Vec::new();
    let mut ahead = *c;
    if ahead.take(b' ') && ahead.take(b'(') {
        *c = ahead;
        if c.word() != "USE" {
            return Err(Fault::Syntax("an unknown parameter of CREATE"));
        }
        c.space()?;
        c.expect(b'(', "uses were expected")?;
        while !c.take(b')') {
            if !uses.is_empty() {
                c.space()?;
            }
            c.expect(b'\\', "a use begins with a backslash")?;
            uses.push(format!("\\{}", c.atom()?));
            if uses.len() > limits::PATTERNS {
                return Err(Fault::Limit("too many uses"));
            }
        }
        c.expect(b')', "the parameters of CREATE are not closed")?;
    }
    Ok(Command::Create { folder, uses })
}

impl Server {
    pub(super) fn create(&mut self, tag: &str, folder: FolderName, uses: &[String], out: &mut Out) {
        if folder.is_inbox() {
            return self.refuse(tag, Code::AlreadyExists, "INBOX is there always", out);
        }
        let role = match uses {
            [] => None,
            [one] => match Role::ALL.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(one)) {
                Some(role) => Some(role),
                None => return self.refuse(tag, Code::UseAttr, "no folder is made for this use", out),
            },
            _ => return self.refuse(tag, Code::UseAttr, "a folder has one use at most", out),
        };
        self.ask(Ask::Create { folder, role }, Task::Create { tag: tag.to_owned() }, out);
    }

    pub(super) fn created(&mut self, tag: &str, created: Result<MailboxId, Refusal>, out: &mut Out) {
        let completion = match created {
            // RFC 8474 §4.1
            Ok(id) => Completion::ok("CREATE done").with(format!("MAILBOXID ({})", id.0)),
            Err(refusal) => Completion::refused(refusal),
        };
        self.complete(tag, completion, Expunges::Told, out);
    }

    pub(super) fn delete(&mut self, tag: &str, folder: FolderName, out: &mut Out) {
        if folder.is_inbox() {
            return self.refuse(tag, Code::Cannot, "INBOX cannot be deleted", out);
        }
        self.ask(Ask::Delete(folder), Task::Delete { tag: tag.to_owned() }, out);
    }

    pub(super) fn deleted(&mut self, tag: &str, deleted: Result<Deleted, Refusal>, out: &mut Out) {
        let completion = match deleted {
            Ok(Deleted::Other) => Completion::ok("DELETE done"),
            Ok(Deleted::Selected) => {
                // The client did it: it loses the folder, not the session. RFC 9051 §7.1 has the word.
                self.selection = None;
                self.late.clear();
                out.send(b"* OK [CLOSED] the folder was deleted\r\n");
                Completion::ok("DELETE done")
            }
            Err(refusal) => Completion::refused(refusal),
        };
        self.complete(tag, completion, Expunges::Told, out);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_takes_uses_and_nothing_else() {
        let read = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            parse_create(&mut cursor).and_then(|command| cursor.end().map(|()| command))
        };
        for (text, want) in [
            (" a", Some(0)),
            (" a (USE ())", Some(0)),
            (" a (use (\\Drafts))", Some(1)),
            (" \"a b\" (USE (\\Drafts \\x-mine))", Some(2)),
            (" a (USE (Drafts))", None),
            (" a (USE)", None),
            (" a (BOGUS (\\Drafts))", None),
            (" a (USE (\\Drafts)", None),
            (" a USE", None),
        ] {
            let uses = match read(text) {
                Ok(Command::Create { uses, .. }) => Some(uses.len()),
                Ok(_) | Err(_) => None,
            };
            assert_eq!(uses, want, "{text}");
        }
    }
}
