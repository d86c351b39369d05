//! Going through a folder, page by page: each message is judged by what costs least, and opened only as
//! far as it is still in doubt.

use std::sync::Arc;

use bytes::Bytes;
use mailstore::{ClosedLetter, EntryRow, Error, FolderView, Mailstore, ReadWith, Uid};
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
        let opens = self.plan.heads || self.plan.bodies;
        let size = if opens { self.rows.letters() } else { limits::ROWS };
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

    /// Decides by header blocks and bodies: shares of the page on all cores, a few at a time.
    async fn look_into(&self, all: &[Candidate], doubtful: Vec<usize>) -> Result<Vec<(usize, bool)>, Error> {
        // Dropped with the search: nobody goes on looking for a peer that has gone.
        let mut tasks = JoinSet::new();
        let mut shares = doubtful.chunks(limits::SEARCH_SHARE);
        let mut verdicts = Vec::with_capacity(doubtful.len());
        loop {
            while tasks.len() < limits::SHARES_AT_ONCE
                && let Some(share) = shares.next()
            {
                let letters = share.iter().map(|at| {
                    let Candidate { row, words, .. } = &all[*at];
                    (*at, Candidate { row: row.clone(), words: words.clone(), verdict: None })
                });
                let letters: Vec<(usize, Candidate)> = letters.collect();
                let (store, account, plan) = (self.store.clone(), self.account, Arc::clone(&self.plan));
                tasks.spawn(async move { look_through(&store, account, plan, letters).await });
            }
            match joined(&mut tasks).await {
                Some(share) => verdicts.extend(share?),
                None => return Ok(verdicts),
            }
        }
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
    plan: Arc<Plan>,
    letters: Vec<(usize, Candidate)>,
) -> Result<Vec<(usize, bool)>, Error> {
    let heads: Vec<HeadId> = letters.iter().map(|(_, letter)| letter.row.head).collect();
    if !plan.bodies {
        let blocks = store.header_blocks(account, &heads).await?;
        let judged = beside(move || {
            let judge = |((at, letter), block): ((usize, Candidate), Option<Bytes>)| {
                let head = HeadWords::of(block.as_deref().unwrap_or_default());
                (at, plan.judge(&Facts { head: Some(&head), ..letter.facts() }).unwrap_or(false))
            };
            letters.into_iter().zip(blocks).map(judge).collect()
        });
        return Ok(judged.await.unwrap_or_default());
    }
    let with = if plan.heads { ReadWith::BlockAndBody } else { ReadWith::Body };
    let closed = store.closed_letters(account, &heads, with).await?;
    let judged = beside(move || {
        let judge = |((at, letter), closed): ((usize, Candidate), Option<ClosedLetter>)| {
            // None: removed meanwhile.
            let verdict = closed.map_or(Ok(false), |closed| judge_closed(&plan, &letter, closed))?;
            Ok((at, verdict))
        };
        letters.into_iter().zip(closed).map(judge).collect()
    });
    judged.await.unwrap_or_else(|| Ok(Vec::new()))
}

/// Opens a letter as far as it is in doubt.
fn judge_closed(plan: &Plan, letter: &Candidate, mut closed: ClosedLetter) -> Result<bool, Error> {
    let head = closed.block()?.map(|block| HeadWords::of(&block));
    let facts = Facts { head: head.as_ref(), ..letter.facts() };
    if let Some(verdict) = plan.judge(&facts) {
        return Ok(verdict);
    }
    let root = Summary::root_of(&closed.summary()?).map_err(|error| unreadable(letter.row.head, &error))?;
    let found = body::look(&plan.finders, &root, || closed.body())?;
    Ok(plan.judge(&Facts { body: Some(&found), ..facts }).unwrap_or(false))
}

/// Work of some milliseconds on a thread that serves nobody else; nothing when the house stops.
pub(super) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

impl Rows {
    /// Letters of the next page when they are opened: few at first, for whoever wants the first match only.
    fn letters(&self) -> usize {
        match self {
            Self::Viewed { done, .. } => (*done).clamp(limits::LETTERS, limits::LETTERS_MOST),
            Self::Stored { .. } => limits::LETTERS_MOST,
        }
    }

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
