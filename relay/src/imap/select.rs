//! SELECT and EXAMINE: the folder as it stands when it is opened.

use mailstore::{EntryRow, Flags, Folder, Mailstore, Uid};
use names::AccountId;
use wire::imap::{Access, FolderName, Mode, Refusal, Selected, UidSet};

use super::door::ImapDoor;
use super::news::Open;
use super::session::Session;
use super::{folders, limits, refusals, words};

const OPENING: &str = "opening a folder";

/// What SELECT tells of the messages.
#[derive(Default)]
struct Picture {
    uids: UidSet,
    first_unseen: Option<u32>,
    keywords: wire::imap::Flags,
    modseq: i64,
}

pub(super) async fn select(
    door: &ImapDoor,
    session: &mut Session,
    name: &FolderName,
    mode: Mode,
) -> Result<Selected, Refusal> {
    session.open = None;
    let located = session.locate(name)?;
    let (store, account) = (door.relay().mailstore(), located.mailbox.account);
    // What was heard of before is in what is read next; what comes meanwhile is told after it.
    session.watch(door, account);
    let folder = folders::find(door, &located).await?;
    let picture = picture(store, account, &folder).await.map_err(refusals::store(OPENING))?;
    if folder.messages as usize >= limits::GIST_WORTH {
        door.ahead().uses(account, folder.id);
    }
    let access = match mode {
        Mode::ReadOnly => Access::ReadOnly,
        Mode::ReadWrite => located.mailbox.access(),
    };
    let last = Uid(picture.uids.last().unwrap_or(0).max(folder.uid_next.0.saturating_sub(1)));
    session.open = Some(Open::new(account, folder.id, folder.messages, last, picture.modseq));
    // A folder of one's own may have been asked for by an alias; those of others have no aliases.
    let own_name =
        (account == session.login().account).then(|| FolderName::parse(folder.name.as_str()).ok()).flatten();
    Ok(Selected {
        name: own_name,
        uids: picture.uids,
        first_unseen: picture.first_unseen,
        uid_next: last.0.saturating_add(1),
        uid_validity: folder.uidvalidity,
        modseq: words::modseq(picture.modseq),
        keywords: picture.keywords,
        // Always: one may come while the folder is open, and a flag must be known before it is shown.
        fixed_keywords: words::appended(),
        access,
        id: folders::mailbox_id(store, folder.id),
    })
}

async fn picture(
    store: &Mailstore,
    account: AccountId,
    folder: &Folder,
) -> Result<Picture, mailstore::Error> {
    let mut picture = Picture { modseq: folder.modseq, ..Picture::default() };
    if folder.messages <= limits::VIEWED {
        let view = store.view_of(account, folder).await?;
        view.rows.iter().for_each(|row| picture.add(row));
        picture.modseq = view.modseq;
        return Ok(picture);
    }
    // Pages may show more than the folder's row did; what they show twice is told twice, harmlessly.
    let mut after = Uid(0);
    loop {
        let page = store.entries(account, folder.id, after).await?;
        let Some(last) = page.last() else { return Ok(picture) };
        after = last.uid;
        page.iter().for_each(|row| picture.add(row));
    }
}

impl Picture {
    fn add(&mut self, row: &EntryRow) {
        self.uids.push(row.uid.0);
        if self.first_unseen.is_none() && !row.marks.flags.has(Flags::SEEN) {
            self.first_unseen = Some(row.uid.0);
        }
        let own = row.marks.keywords().filter(|keyword| !keyword.eq_ignore_ascii_case(mailstore::APPENDED));
        for keyword in own.filter_map(wire::imap::Keyword::parse) {
            // Each is compared with all before it: somebody may have given every letter words of its own.
            if self.keywords.keywords().len() >= limits::KEYWORDS_TOLD {
                return;
            }
            self.keywords.set_keyword(keyword);
        }
    }
}
