//! SEARCH: a tree of keys asked of every message, cheapest question first.
//!
//! Rows decide what they can (flags, dates, sizes); then subjects and addresses from memory; then
//! header blocks; last bodies, opened, decoded and looked through piece by piece. A key that is decided
//! early asks nothing more. No index of words is kept (DESIGN §2.3): what is remembered of subjects and
//! addresses lives in this process's memory only, within [`limits::SEARCH_MEMORY`].

mod body;
mod fold;
mod head;
mod key;
mod memory;

use std::sync::Arc;

use audit::Act;
use bytes::Bytes;
use mailstore::{BodyReader, EntryRow, Error, FolderView, Mailstore, Uid};
use names::{AccountId, FolderId};
use tokio::task::JoinSet;
use wire::imap::{Answer, Refusal, SearchKey};
use wire::mime::Summary;

use super::door::ImapDoor;
use super::session::Session;
use super::{limits, refusals, trail};
use head::{HeadWords, Words};
use key::{Facts, Plan};
pub(super) use memory::Memory;

const SEARCHING: &str = "searching messages";

/// A SEARCH under way.
pub(super) struct Searching {
    door: ImapDoor,
    store: Mailstore,
    account: AccountId,
    plan: Arc<Plan>,
    rows: Rows,
}

/// Where rows come from.
enum Rows {
    Viewed {
        view: Arc<FolderView>,
        at: usize,
    },
    /// A folder too long to be looked at whole.
    Stored {
        folder: FolderId,
        after: Uid,
        page: std::vec::IntoIter<EntryRow>,
    },
    Done,
}

/// A message that is not decided yet.
struct Doubtful {
    at: usize,
    row: EntryRow,
    words: Option<Arc<Words>>,
}

pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    key: SearchKey,
) -> Result<Searching, Refusal> {
    let (relay, store, account) = (door.relay(), door.relay().mailstore(), session.selected()?.account);
    let folder = session.folder()?.folder;
    let plan = Plan::of(key);
    if plan.reads_letters() {
        let detail = format!("folder={} looks_at={}", folder.0, plan.looks_at());
        let line = session.line(relay, account, Act::LettersSearched, detail, relay.now());
        trail::write(store.db(), vec![line]).await.map_err(refusals::database("telling the trail"))?;
    }
    let store_failed = refusals::store(SEARCHING);
    let rows = if session.folder()?.messages <= limits::VIEWED {
        Rows::Viewed { view: store.view(account, folder).await.map_err(&store_failed)?, at: 0 }
    } else {
        Rows::Stored { folder, after: Uid(0), page: Vec::new().into_iter() }
    };
    Ok(Searching { door: door.clone(), store: store.clone(), account, plan: Arc::new(plan), rows })
}

impl Searching {
    /// The next UIDs found.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        loop {
            let size = if self.plan.heads || self.plan.bodies { limits::LETTERS } else { limits::ROWS };
            let found = match self.rows.next(&self.store, self.account, size).await {
                Ok(None) => return None,
                Ok(Some(rows)) => self.page(rows).await,
                Err(error) => Err(error),
            };
            match found {
                Ok(found) if found.is_empty() => tokio::task::yield_now().await,
                Ok(found) => return Some(Answer::Found(found)),
                Err(error) => {
                    self.rows = Rows::Done;
                    return Some(Answer::Refused(refusals::store(SEARCHING)(error)));
                }
            }
        }
    }

    /// The matches of a page, by uid.
    async fn page(&self, rows: Vec<EntryRow>) -> Result<Vec<u32>, Error> {
        let uids: Vec<u32> = rows.iter().map(|row| row.uid.0).collect();
        let mut matches = vec![false; rows.len()];
        let mut doubtful = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            match self.plan.judge(&Facts::of(&row)) {
                Some(verdict) => matches[at] = verdict,
                None => doubtful.push(Doubtful { at, row, words: None }),
            }
        }
        if self.plan.words && !doubtful.is_empty() {
            self.add_words(&mut doubtful).await?;
            doubtful.retain(|message| match self.plan.judge(&message.facts()) {
                Some(verdict) => {
                    matches[message.at] = verdict;
                    false
                }
                None => true,
            });
        }
        if !doubtful.is_empty() {
            for (at, verdict) in self.letters(doubtful).await? {
                matches[at] = verdict;
            }
        }
        Ok(uids.into_iter().zip(matches).filter_map(|(uid, found)| found.then_some(uid)).collect())
    }

    /// Subjects and addresses, from memory or from the summaries. A message removed meanwhile has none
    /// and is found by nothing that asks for them.
    async fn add_words(&self, messages: &mut [Doubtful]) -> Result<(), Error> {
        let memory = self.door.memory();
        let heads: Vec<_> = messages.iter().map(|message| message.row.head).collect();
        let known = memory.all(self.account, &heads);
        let missing: Vec<usize> = (0..heads.len()).filter(|at| known[*at].is_none()).collect();
        for (message, known) in messages.iter_mut().zip(known) {
            message.words = known;
        }
        let asked: Vec<_> = missing.iter().map(|at| heads[*at]).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let found = self.store.summaries(self.account, &asked).await?;
        let mut fresh = Vec::with_capacity(asked.len());
        for (at, bytes) in missing.into_iter().zip(found) {
            let words = Arc::new(match bytes {
                Some(bytes) => Words::of(&decode(&bytes, &messages[at].row)?),
                None => Words::default(),
            });
            fresh.push((heads[at], Arc::clone(&words)));
            messages[at].words = Some(words);
        }
        memory.keep(self.account, fresh);
        Ok(())
    }

    /// Decides by header blocks and bodies, several letters at a time.
    async fn letters(&self, messages: Vec<Doubtful>) -> Result<Vec<(usize, bool)>, Error> {
        let heads: Vec<_> = messages.iter().map(|message| message.row.head).collect();
        let blocks = if self.plan.heads {
            self.store.header_blocks(self.account, &heads).await?
        } else {
            vec![None; heads.len()]
        };
        let (summaries, bodies) = if self.plan.bodies {
            let ids: Vec<_> = messages.iter().map(|message| message.row.body).collect();
            (self.store.summaries(self.account, &heads).await?, self.store.bodies(self.account, &ids).await?)
        } else {
            (vec![None; heads.len()], heads.iter().map(|_| None).collect())
        };
        let parts = blocks.into_iter().zip(summaries.into_iter().zip(bodies));
        let mut letters: Vec<Letter> = messages
            .into_iter()
            .zip(parts)
            .map(|(message, (block, (summary, body)))| Letter { message, block, summary, body })
            .collect();
        // Dropped with the search: nobody goes on looking for a peer that has gone.
        let mut tasks = JoinSet::new();
        while !letters.is_empty() {
            let share = letters.split_off(letters.len().saturating_sub(limits::SEARCH_SHARE));
            tasks.spawn(look_through(Arc::clone(&self.plan), share));
        }
        let mut verdicts = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(found) => verdicts.extend(found?),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        Ok(verdicts)
    }
}

/// A letter with what the plan reads of it.
struct Letter {
    message: Doubtful,
    block: Option<Bytes>,
    summary: Option<Bytes>,
    body: Option<BodyReader>,
}

async fn look_through(plan: Arc<Plan>, letters: Vec<Letter>) -> Result<Vec<(usize, bool)>, Error> {
    let mut verdicts = Vec::with_capacity(letters.len());
    for Letter { message, block, summary, body } in letters {
        let head = plan.heads.then(|| HeadWords::of(block.as_deref().unwrap_or_default()));
        let facts = Facts { head: head.as_ref(), ..message.facts() };
        let verdict = match (plan.judge(&facts), summary, body) {
            (Some(verdict), ..) => verdict,
            (None, Some(summary), Some(body)) => {
                let summary = decode(&summary, &message.row)?;
                let found = body::look(&plan.needles, &summary, body).await?;
                plan.judge(&Facts { body: Some(&found), ..facts }).unwrap_or(false)
            }
            // Removed meanwhile.
            (None, _, _) => false,
        };
        verdicts.push((message.at, verdict));
        tokio::task::yield_now().await;
    }
    Ok(verdicts)
}

impl Doubtful {
    fn facts(&self) -> Facts<'_> {
        Facts { words: self.words.as_deref(), ..Facts::of(&self.row) }
    }
}

impl Rows {
    async fn next(
        &mut self,
        store: &Mailstore,
        account: AccountId,
        size: usize,
    ) -> Result<Option<Vec<EntryRow>>, Error> {
        match self {
            Self::Done => Ok(None),
            Self::Viewed { view, at } => {
                let rows = &view.rows[*at..view.rows.len().min(*at + size)];
                *at += rows.len();
                Ok((!rows.is_empty()).then(|| rows.to_vec()))
            }
            Self::Stored { folder, after, page } => {
                if page.len() == 0 {
                    *page = store.entries(account, *folder, *after).await?.into_iter();
                }
                let rows: Vec<EntryRow> = page.by_ref().take(size).collect();
                if let Some(last) = rows.last() {
                    *after = last.uid;
                }
                Ok((!rows.is_empty()).then_some(rows))
            }
        }
    }
}

fn decode(bytes: &[u8], row: &EntryRow) -> Result<Summary, Error> {
    Summary::decode(bytes).map_err(|error| {
        tracing::error!(entry = row.id.0, %error, "a summary does not decode");
        Error::Unreadable { what: "the summary of entry", id: row.id.0 }
    })
}
