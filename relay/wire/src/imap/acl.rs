//! GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314).

use super::command::Command;
use super::reply::{self, Completion};
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{AclRights, Ask, Code, FolderName, Refusal};

/// What is asked about the rights in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclAsk {
    /// One's own.
    Mine(FolderName),
    /// Everybody's.
    Everybody(FolderName),
    /// Those that somebody may be given.
    Grantable {
        /// Where.
        folder: FolderName,
        /// Who.
        identifier: String,
    },
    /// Change those of somebody.
    Change {
        /// Where.
        folder: FolderName,
        /// Whose.
        identifier: String,
        /// How.
        change: AclChange,
    },
}

/// How somebody's rights change (RFC 4314 §3.1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclChange {
    /// These and no others.
    Set(AclRights),
    /// These too.
    Add(AclRights),
    /// These no more.
    Remove(AclRights),
    /// None, and off the list.
    Delete,
}

/// What is told of the rights in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AclAnswer {
    /// One's own.
    Mine(AclRights),
    /// Everybody's.
    Everybody(Vec<(String, AclRights)>),
    /// Those that somebody always has, and groups of which they may be given all or none.
    Grantable {
        /// Always.
        always: AclRights,
        /// Together.
        groups: Vec<AclRights>,
    },
    /// They are changed.
    Changed,
}

/// A command of this family; the name is read already.
pub(super) fn parse(name: &str, c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    let folder = c.folder()?;
    let ask = match name {
        "MYRIGHTS" => AclAsk::Mine(folder),
        "GETACL" => AclAsk::Everybody(folder),
        "LISTRIGHTS" => AclAsk::Grantable { folder, identifier: identifier(c)? },
        "DELETEACL" => AclAsk::Change { folder, identifier: identifier(c)?, change: AclChange::Delete },
        "SETACL" => {
            let identifier = identifier(c)?;
            c.space()?;
            AclAsk::Change { folder, identifier, change: change(&c.astring()?)? }
        }
        _ => return Err(Fault::Syntax("an unknown command")),
    };
    Ok(Command::Acl(ask))
}

fn identifier(c: &mut Cursor<'_>) -> Parsed<String> {
    c.space()?;
    c.astring_text()
}

/// RFC 4314 §3.1: an unrecognised right is answered with BAD.
fn change(text: &[u8]) -> Parsed<AclChange> {
    let read = |letters| AclRights::parse(letters).ok_or(Fault::Syntax("an unknown right"));
    Ok(match text.split_first() {
        Some((b'+', letters)) => AclChange::Add(read(letters)?),
        Some((b'-', letters)) => AclChange::Remove(read(letters)?),
        Some(_) | None => AclChange::Set(read(text)?),
    })
}

impl Server {
    pub(super) fn acl(&mut self, tag: &str, ask: AclAsk, out: &mut Out) {
        if let AclAsk::Change { identifier, .. } = &ask
            && identifier.starts_with('-')
        {
            // RFC 4314 §2: negative rights may be left out of an implementation.
            let completion = Completion::no(Code::Cannot, "rights are given here, never denied");
            return self.complete(tag, completion, Expunges::Told, out);
        }
        self.ask(Ask::Acl(ask.clone()), Task::Acl { tag: tag.to_owned(), ask }, out);
    }

    pub(super) fn told_rights(
        &mut self,
        tag: &str,
        ask: &AclAsk,
        answer: Result<AclAnswer, Refusal>,
        out: &mut Out,
    ) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let done = match (ask, answer) {
            (AclAsk::Mine(folder), AclAnswer::Mine(rights)) => {
                out.send(my_rights(&self.folder_name(folder), rights).as_bytes());
                "MYRIGHTS done"
            }
            (AclAsk::Everybody(folder), AclAnswer::Everybody(list)) => {
                let mut line = format!("* ACL {}", self.folder_name(folder));
                for (identifier, rights) in list {
                    line.push_str(&format!(" {} {}", reply::quoted(&identifier), letters(rights)));
                }
                out.send(format!("{line}\r\n").as_bytes());
                "GETACL done"
            }
            (AclAsk::Grantable { folder, identifier }, AclAnswer::Grantable { always, groups }) => {
                // Whatever the client called them: it comes back as it may stand in a line.
                let mut line = format!("* LISTRIGHTS {} ", self.folder_name(folder)).into_bytes();
                reply::string(&mut line, identifier);
                line.extend_from_slice(format!(" {}", letters(always)).as_bytes());
                groups.iter().for_each(|group| line.extend_from_slice(format!(" {group}").as_bytes()));
                line.extend_from_slice(b"\r\n");
                out.send(&line);
                "LISTRIGHTS done"
            }
            (AclAsk::Change { change: AclChange::Delete, .. }, AclAnswer::Changed) => "DELETEACL done",
            (AclAsk::Change { .. }, AclAnswer::Changed) => "SETACL done",
            // The answer to another question: going on could tell somebody the rights of another.
            (_, _) => return self.bye("SERVERBUG", "an internal error; please come back", out),
        };
        self.complete(tag, Completion::ok(done), Expunges::Told, out);
    }
}

/// `* MYRIGHTS` (RFC 4314 §3.8); the folder as the session writes it.
pub(super) fn my_rights(folder: &str, rights: AclRights) -> String {
    format!("* MYRIGHTS {folder} {}\r\n", letters(rights))
}

/// An empty set is a string too.
fn letters(rights: AclRights) -> String {
    if rights == AclRights::NONE { "\"\"".to_owned() } else { rights.to_string() }
}
