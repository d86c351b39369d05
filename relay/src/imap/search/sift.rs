//! Going through a folder, page by page: each message is judged by what costs least, and opened only as
//! far as it is still in doubt.

use std::sync::Arc;

use bytes::Bytes;
use mailstore::{BodyReader, EntryRow, Error, FolderView, Mailstore, Uid};
use names::{AccountId, FolderId, HeadId};
use tokio::task::JoinSet;
use wire::mime::{Head, Summary, SummaryError};

use super::body;
use super::head::{HeadWords, Words};
use super::key::{Facts, Plan};
use crate::imap::door::ImapDoor;
use crate::imap::limits;

/// A folder being gone through.
pub(super) struct Sifter {
    pub(super) door: ImapDoor,
    pub(super) store: Mailstore,
    pub(super) account: AccountId,
    pub(super) plan: Arc<Plan>,
    pub(super) rows: Rows,
}

/// Where rows come from.
pub(super) enum Rows {
    /// Ascending, or descending when only the last ones are wanted.
    Viewed { view: Arc<FolderView>, done: usize, backwards: Backwards },
    /// A folder too long to be looked at whole.
    Stored { folder: FolderId, after: Uid, page: std::vec::IntoIter<EntryRow> },
}

/// Which way a folder is gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backwards {
    Yes,
    No,
}

/// How much is read of a summary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Envelope,
    References,
}

/// A message, and what is known of it so far.
pub(super) struct Candidate {
    pub(super) row: EntryRow,
    pub(super) words: Option<Arc<Words>>,
    verdict: Option<bool>,
}

impl Candidate {
    fn facts(&self) -> Facts<'_> {
        Facts { words: self.words.as_deref(), ..Facts::of(&self.row) }
    }
}

impl Sifter {
    /// The matches of the next page; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Candidate>>, Error> {
        let size = if self.plan.heads || self.plan.bodies { limits::LETTERS } else { limits::ROWS };
        match self.rows.next(&self.store, self.account, size).await? {
            Some(rows) => self.sift(rows).await.map(Some),
            None => Ok(None),
        }
    }

    async fn sift(&self, rows: Vec<EntryRow>) -> Result<Vec<Candidate>, Error> {
        let judged = |row: EntryRow| {
            let verdict = self.plan.judge(&Facts::of(&row));
            Candidate { row, words: None, verdict }
        };
        let mut all: Vec<Candidate> = rows.into_iter().map(judged).collect();
        if self.plan.words {
            let mut doubtful: Vec<&mut Candidate> =
                all.iter_mut().filter(|one| one.verdict.is_none()).collect();
            let depth = if self.plan.threads { Depth::References } else { Depth::Envelope };
            self.add_words(&mut doubtful, depth).await?;
            for candidate in doubtful {
                candidate.verdict = self.plan.judge(&candidate.facts());
            }
        }
        let doubtful: Vec<usize> = (0..all.len()).filter(|at| all[*at].verdict.is_none()).collect();
        if !doubtful.is_empty() {
            for (at, verdict) in self.look_into(&all, doubtful).await? {
                all[at].verdict = Some(verdict);
            }
        }
        all.retain(|candidate| candidate.verdict == Some(true));
        Ok(all)
    }

    /// Subjects and addresses, from memory or from the summaries, which are opened on all cores. A message
    /// removed meanwhile has none, and is found by nothing that asks for them.
    pub(super) async fn add_words(&self, messages: &mut [&mut Candidate], depth: Depth) -> Result<(), Error> {
        let memory = self.door.memory();
        let heads: Vec<HeadId> = messages.iter().map(|message| message.row.head).collect();
        let enough = |words: &Arc<Words>| depth == Depth::Envelope || words.references().is_some();
        let mut missing = Vec::new();
        for (at, known) in memory.all(self.account, &heads).into_iter().enumerate() {
            match known.filter(enough) {
                Some(known) => messages[at].words = Some(known),
                None => missing.push((at, heads[at])),
            }
        }
        let mut tasks = JoinSet::new();
        for share in missing.chunks(limits::SUMMARIES_SHARE) {
            let (store, account, share) = (self.store.clone(), self.account, share.to_vec());
            tasks.spawn(async move { words_of(&store, account, share, depth).await });
        }
        let mut fresh = Vec::with_capacity(missing.len());
        while let Some(share) = joined(&mut tasks).await {
            for (at, words) in share? {
                fresh.push((heads[at], Arc::clone(&words)));
                messages[at].words = Some(words);
            }
        }
        memory.keep(self.account, fresh);
        Ok(())
    }

    /// Decides by header blocks and bodies, several letters at a time.
    async fn look_into(&self, all: &[Candidate], doubtful: Vec<usize>) -> Result<Vec<(usize, bool)>, Error> {
        // Dropped with the search: nobody goes on looking for a peer that has gone.
        let mut tasks = JoinSet::new();
        for share in doubtful.chunks(limits::SEARCH_SHARE) {
            let letters = share.iter().map(|at| {
                let Candidate { row, words, .. } = &all[*at];
                (*at, Candidate { row: row.clone(), words: words.clone(), verdict: None })
            });
            let letters: Vec<(usize, Candidate)> = letters.collect();
            let (store, account, plan) = (self.store.clone(), self.account, Arc::clone(&self.plan));
            tasks.spawn(async move { look_through(&store, account, &plan, letters).await });
        }
        let mut verdicts = Vec::new();
        while let Some(share) = joined(&mut tasks).await {
            verdicts.extend(share?);
        }
        Ok(verdicts)
    }
}

/// What the next task gives; a panic goes on where the search is.
async fn joined<T: 'static>(tasks: &mut JoinSet<T>) -> Option<T> {
    match tasks.join_next().await? {
        Ok(done) => Some(done),
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

type Share = Vec<(usize, Arc<Words>)>;

async fn words_of(
    store: &Mailstore,
    account: AccountId,
    share: Vec<(usize, HeadId)>,
    depth: Depth,
) -> Result<Share, Error> {
    let heads: Vec<HeadId> = share.iter().map(|(_, head)| *head).collect();
    let summaries = store.summaries(account, &heads).await?;
    let (mut words, mut unknown) = (Vec::with_capacity(share.len()), Vec::new());
    for ((at, head), bytes) in share.into_iter().zip(summaries) {
        let read = match (bytes, depth) {
            (None, Depth::Envelope) => Words::default(),
            (None, Depth::References) => Words::default().with_references(&[], None),
            (Some(bytes), Depth::Envelope) => {
                Words::of(&Summary::envelope_of(&bytes).map_err(|error| unreadable(head, &error))?)
            }
            (Some(bytes), Depth::References) => {
                let summary = decoded(&bytes, head)?;
                let (read, root) = (Words::of(&summary.envelope), summary.thread_root());
                match summary.references {
                    Some(references) => read.with_references(&references, root),
                    None => {
                        unknown.push((at, head, read, root));
                        continue;
                    }
                }
            }
        };
        words.push((at, Arc::new(read)));
    }
    if unknown.is_empty() {
        return Ok(words);
    }
    // Summaries made before references were put into them.
    let heads: Vec<HeadId> = unknown.iter().map(|(_, head, ..)| *head).collect();
    let blocks = store.header_blocks(account, &heads).await?;
    for ((at, _, read, root), block) in unknown.into_iter().zip(blocks) {
        let head = block.and_then(|block| Head::parse(block.to_vec()).ok());
        let references = head.map(|head| head.references()).unwrap_or_default();
        words.push((at, Arc::new(read.with_references(&references, root))));
    }
    Ok(words)
}

async fn look_through(
    store: &Mailstore,
    account: AccountId,
    plan: &Plan,
    letters: Vec<(usize, Candidate)>,
) -> Result<Vec<(usize, bool)>, Error> {
    let heads: Vec<HeadId> = letters.iter().map(|(_, letter)| letter.row.head).collect();
    let blocks: Vec<Option<Bytes>> =
        if plan.heads { store.header_blocks(account, &heads).await? } else { vec![None; heads.len()] };
    let mut verdicts = Vec::with_capacity(letters.len());
    let mut doubtful = Vec::new();
    for ((at, letter), block) in letters.into_iter().zip(blocks) {
        let head = plan.heads.then(|| HeadWords::of(block.as_deref().unwrap_or_default()));
        let verdict = plan.judge(&Facts { head: head.as_ref(), ..letter.facts() });
        match verdict {
            Some(verdict) => verdicts.push((at, verdict)),
            None => doubtful.push((at, letter, head)),
        }
        tokio::task::yield_now().await;
    }
    if doubtful.is_empty() || !plan.bodies {
        verdicts.extend(doubtful.into_iter().map(|(at, ..)| (at, false)));
        return Ok(verdicts);
    }
    let heads: Vec<HeadId> = doubtful.iter().map(|(_, letter, _)| letter.row.head).collect();
    let ids: Vec<_> = doubtful.iter().map(|(_, letter, _)| letter.row.body).collect();
    let summaries = store.summaries(account, &heads).await?;
    let bodies: Vec<Option<BodyReader>> = store.bodies(account, &ids).await?;
    for ((at, letter, head), (summary, body)) in doubtful.into_iter().zip(summaries.into_iter().zip(bodies)) {
        let verdict = match (summary, body) {
            (Some(summary), Some(body)) => {
                let summary = decoded(&summary, letter.row.head)?;
                let found = body::look(&plan.needles, &summary, body).await?;
                let facts = Facts { head: head.as_ref(), body: Some(&found), ..letter.facts() };
                plan.judge(&facts).unwrap_or(false)
            }
            // Removed meanwhile.
            (_, _) => false,
        };
        verdicts.push((at, verdict));
        tokio::task::yield_now().await;
    }
    Ok(verdicts)
}

impl Rows {
    async fn next(
        &mut self,
        store: &Mailstore,
        account: AccountId,
        size: usize,
    ) -> Result<Option<Vec<EntryRow>>, Error> {
        match self {
            Self::Viewed { view, done, backwards } => {
                let count = size.min(view.rows.len() - *done);
                let rows = match backwards {
                    Backwards::No => view.rows[*done..*done + count].to_vec(),
                    Backwards::Yes => {
                        let end = view.rows.len() - *done;
                        view.rows[end - count..end].iter().rev().cloned().collect()
                    }
                };
                *done += count;
                Ok((count > 0).then_some(rows))
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

fn decoded(bytes: &[u8], head: HeadId) -> Result<Summary, Error> {
    Summary::decode(bytes).map_err(|error| unreadable(head, &error))
}

fn unreadable(head: HeadId, error: &SummaryError) -> Error {
    tracing::error!(head = head.0, %error, "a summary does not decode");
    Error::Unreadable { what: "the summary of head", id: head.0 }
}
