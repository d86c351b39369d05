//! Rights in folders (RFC 4314), as the directory knows them: whole mailboxes, three degrees.
//!
//! | in the directory | letters |
//! |---|---|
//! | read | `lr`: a reader marks nothing as read, since marks are the team's |
//! | write | `lrswipkxte` |
//! | manage | `lrswipkxtea` |
//!
//! SETACL gives what is one of these, or nothing; whatever else is refused.

use directory::{MemberRefusal, Rights, Standing};
use names::PersonId;
use wire::imap::{AclAnswer, AclAsk, AclChange, AclRights, Code, FolderName, Refusal};

use super::door::ImapDoor;
use super::session::Session;
use super::shared::Mailbox;
use super::{folders, refusals};

const LOOKING: &str = "looking at the rights in a folder";

/// The letters of a degree.
pub(super) fn letters(rights: Rights) -> AclRights {
    let read = parsed("lr");
    match rights {
        Rights::Read => read,
        Rights::Write => read.and(parsed(WRITING)),
        Rights::Manage => read.and(parsed(WRITING)).and(parsed("a")),
    }
}

/// What writing adds, all or nothing.
const WRITING: &str = "swipkxte";

fn parsed(letters: &str) -> AclRights {
    AclRights::parse(letters.as_bytes()).unwrap_or_default()
}

pub(super) async fn answer(door: &ImapDoor, session: &Session, ask: AclAsk) -> Result<AclAnswer, Refusal> {
    match ask {
        AclAsk::Mine(folder) => {
            let mailbox = existing(door, session, &folder).await?;
            Ok(AclAnswer::Mine(letters(mailbox.rights)))
        }
        AclAsk::Everybody(folder) => {
            let members = members(door, session, &folder).await?;
            let list = members.into_iter().map(|member| (member.identifier, letters(member.rights)));
            Ok(AclAnswer::Everybody(list.collect()))
        }
        AclAsk::Grantable { folder, identifier } => {
            let members = members(door, session, &folder).await?;
            let holder = members.iter().any(|member| {
                member.standing == Standing::Holder && member.identifier.eq_ignore_ascii_case(&identifier)
            });
            if holder {
                return Ok(AclAnswer::Grantable { always: letters(Rights::Manage), groups: Vec::new() });
            }
            let groups = vec![parsed("lr"), parsed(WRITING), parsed("a")];
            Ok(AclAnswer::Grantable { always: AclRights::NONE, groups })
        }
        AclAsk::Change { folder, identifier, change } => {
            let now = door.relay().now();
            let (person, mailbox) = managing(door, session, &folder).await?;
            let before = match change {
                AclChange::Set(_) | AclChange::Delete => AclRights::NONE,
                AclChange::Add(_) | AclChange::Remove(_) => {
                    let members = members(door, session, &folder).await?;
                    let known = members.iter().find(|one| one.identifier.eq_ignore_ascii_case(&identifier));
                    known.map_or(AclRights::NONE, |known| letters(known.rights))
                }
            };
            let rights = degree(before, change)?;
            let directory = door.relay().directory();
            let set = directory.set_member(person, mailbox.account, &identifier, rights, now).await;
            set.map_err(|error| refusals::directory("changing the rights in a mailbox", &error))?
                .map_err(refused)?;
            Ok(AclAnswer::Changed)
        }
    }
}

/// The mailbox of a folder that is there.
async fn existing(door: &ImapDoor, session: &Session, folder: &FolderName) -> Result<Mailbox, Refusal> {
    let located = session.locate(folder)?;
    folders::find(door, &located).await?;
    Ok(located.mailbox)
}

/// The same, for who manages it (RFC 4314 §4: `a`).
async fn managing(
    door: &ImapDoor,
    session: &Session,
    folder: &FolderName,
) -> Result<(PersonId, Mailbox), Refusal> {
    let mailbox = existing(door, session, folder).await?;
    match (session.login().person, mailbox.rights) {
        (Some(person), Rights::Manage) => Ok((person, mailbox)),
        (None, _) | (Some(_), Rights::Read | Rights::Write) => Err(not_yours()),
    }
}

async fn members(
    door: &ImapDoor,
    session: &Session,
    folder: &FolderName,
) -> Result<Vec<directory::Member>, Refusal> {
    let (person, mailbox) = managing(door, session, folder).await?;
    let found = door.relay().directory().members(person, mailbox.account, door.relay().now()).await;
    found.map_err(|error| refusals::directory(LOOKING, &error))?.ok_or_else(not_yours)
}

/// The degree that somebody has after a change; none is nothing at all.
fn degree(before: AclRights, change: AclChange) -> Result<Option<Rights>, Refusal> {
    let after = match change {
        AclChange::Set(rights) => rights,
        AclChange::Add(rights) => before.and(rights),
        AclChange::Remove(rights) => before.without(rights),
        AclChange::Delete => AclRights::NONE,
    };
    if after == AclRights::NONE {
        return Ok(None);
    }
    let known = Rights::ALL.into_iter().find(|rights| letters(*rights) == after);
    known.map(Some).ok_or_else(|| {
        let degrees = Rights::ALL.map(|rights| letters(rights).to_string()).join(", ");
        Refusal::new(Code::Cannot, format!("rights are given to whole mailboxes, as one of: {degrees}"))
    })
}

fn not_yours() -> Refusal {
    Refusal::new(Code::NoPermission, "you do not manage this mailbox")
}

fn refused(why: MemberRefusal) -> Refusal {
    match why {
        MemberRefusal::NotYours => not_yours(),
        MemberRefusal::Nobody => Refusal::new(
            Code::NoPermission,
            "nobody of this mailbox's organisation has this identifier; give an address or a national number",
        ),
        MemberRefusal::Holder => Refusal::new(Code::Cannot, "the holder's rights stay as they are"),
        MemberRefusal::Managing => {
            Refusal::new(Code::Cannot, "managing the mailbox of a person is not given to another")
        }
        MemberRefusal::LastManager => Refusal::new(Code::Cannot, "somebody must manage this mailbox"),
        MemberRefusal::Past => Refusal::new(Code::Cannot, "these rights would end before they begin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_one_of_three_degrees_or_nothing() {
        let set = |letters: &str| AclRights::parse(letters.as_bytes()).unwrap();
        let write = letters(Rights::Write);
        for (name, before, change, want) in [
            ("reading", AclRights::NONE, AclChange::Set(set("rl")), Some(Some(Rights::Read))),
            (
                "writing, in old letters",
                AclRights::NONE,
                AclChange::Set(set("lrswipcd")),
                Some(Some(Rights::Write)),
            ),
            ("managing by adding", write, AclChange::Add(set("a")), Some(Some(Rights::Manage))),
            ("back to reading", write, AclChange::Remove(set("swipcd")), Some(Some(Rights::Read))),
            ("all taken", write, AclChange::Remove(write), Some(None)),
            ("off the list", write, AclChange::Delete, Some(None)),
            ("an empty set", AclRights::NONE, AclChange::Set(AclRights::NONE), Some(None)),
            ("seeing only", AclRights::NONE, AclChange::Set(set("l")), None),
            ("without managing what it needs", AclRights::NONE, AclChange::Set(set("lra")), None),
        ] {
            assert_eq!(degree(before, change).ok(), want, "{name}");
        }
    }
}
