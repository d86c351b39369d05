//! GETMETADATA and SETMETADATA: notes about a folder or an account, `/private` ones per person.

use audit::{Act, Entry};
use mailstore::{Annotating, Mailstore, Owner, Subject};
use names::AccountId;
use wire::imap::{Annotate, Annotation, Code, EntryName, FolderName, Refusal, Sharing};

use super::door::ImapDoor;
use super::session::Session;
use super::shared::Mailbox;
use super::{folders, refusals, words};

const ANNOTATING: &str = "keeping notes about a folder";

/// The use of a folder, as a note of it (RFC 6154 §4); it is told and never changed so.
const SPECIAL_USE: &str = "/private/specialuse";

/// What notes are about.
struct About {
    mailbox: Mailbox,
    subject: Subject,
    role: Option<mailstore::Role>,
}

async fn about(door: &ImapDoor, session: &Session, folder: Option<&FolderName>) -> Result<About, Refusal> {
    let Some(name) = folder else {
        return Ok(About { mailbox: session.own(), subject: Subject::Account, role: None });
    };
    let located = session.locate(name)?;
    let folder = folders::find(door, &located).await?;
    Ok(About { mailbox: located.mailbox, subject: Subject::Folder(folder.id), role: folder.role })
}

/// Whose this session's private notes are: a person's, whichever mailbox they open.
pub(super) fn owner(session: &Session) -> Owner {
    session.login().person.map_or(Owner::Account, Owner::Person)
}

pub(super) async fn read(
    door: &ImapDoor,
    session: &Session,
    folder: Option<&FolderName>,
) -> Result<Vec<Annotation>, Refusal> {
    let about = about(door, session, folder).await?;
    let store = door.relay().mailstore();
    let kept = store.annotations(about.mailbox.account, about.subject, owner(session)).await;
    let kept = kept.map_err(refusals::store(ANNOTATING))?;
    let mut found: Vec<Annotation> = kept
        .into_iter()
        .filter_map(|note| Some(Annotation { entry: EntryName::parse(&note.entry)?, value: note.value }))
        .collect();
    let role = about.role.and_then(words::role).zip(EntryName::parse(SPECIAL_USE));
    found.extend(role.map(|(role, entry)| Annotation { entry, value: role.as_str().as_bytes().to_vec() }));
    Ok(found)
}

/// Changes of notes and the line that tells of them, in one unit.
struct Noting {
    store: Mailstore,
    changes: Vec<Annotating>,
    line: Entry,
}

impl db::Unit for Noting {
    const NAME: &'static str = "keep notes";
    type Output = ();
    type Error = mailstore::Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<(), mailstore::Error> {
        self.store.annotate_in(tx, &self.changes).await?;
        Ok(audit::append(tx, std::slice::from_ref(&self.line)).await?)
    }
}

pub(super) async fn write(
    door: &ImapDoor,
    session: &Session,
    folder: Option<&FolderName>,
    changes: &[Annotate],
) -> Result<(), Refusal> {
    let about = about(door, session, folder).await?;
    let (relay, store, now) = (door.relay(), door.relay().mailstore(), door.relay().now());
    let account: AccountId = about.mailbox.account;
    let mut sealed = Vec::new();
    for change in changes {
        if change.entry.is_admin() {
            return Err(Refusal::new(Code::NoPermission, "only the operator writes this entry"));
        }
        if change.entry.as_str() == SPECIAL_USE {
            return Err(Refusal::new(Code::UseAttr, "the use of a folder does not change"));
        }
        // What one notes for oneself changes nothing for others (RFC 5464 §3.3).
        let owner = match change.entry.sharing() {
            Sharing::Private => owner(session),
            Sharing::Shared => {
                about.mailbox.may_write()?;
                Owner::Everybody
            }
        };
        let note = (change.entry.as_str(), change.value.as_deref());
        let one = store.annotating(account, (about.subject, owner), note, now).await;
        sealed.push(one.map_err(refusals::store(ANNOTATING))?);
    }
    let subject = match about.subject {
        Subject::Account => "none".to_owned(),
        Subject::Folder(folder) => folder.0.to_string(),
    };
    let told = format!("folder={subject} how=annotate entries={}", changes.len());
    let line = session.line(relay, account, Act::FolderChanged, told, now);
    let unit = Noting { store: store.clone(), changes: sealed, line };
    store.db().write(unit).await.map_err(refusals::store(ANNOTATING))
}
