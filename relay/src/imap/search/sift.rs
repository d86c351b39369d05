//! Going through a folder, page by page: each message is judged by what costs least, and opened only as
//! far as it is still in doubt.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use mailstore::{ClosedLetter, EntryRow, Error, FolderView, GistOf, Mailstore, ReadWith, Uid};
use memchr::memmem::Finder;
use names::{AccountId, FolderId, HeadId};
use tokio::task::JoinSet;
use wire::mime::{Head, Summary, SummaryError};

use super::blocks::LetterTexts;
use super::body;
use super::grams::Grams;
use super::head::{HeadWords, Words};
use super::hints::{self, Hints};
use super::key::{Facts, Plan};
use super::shelf::{Gists, Lease};
use super::verdicts::Judged;
use crate::imap::door::ImapDoor;
use crate::imap::limits;

/// A folder being gone through.
pub(super) struct Sifter {
    pub(super) door: ImapDoor,
    pub(super) store: Mailstore,
    pub(super) account: AccountId,
    pub(super) plan: Arc<Plan>,
    pub(super) rows: Rows,
    /// What gists say of the rows, once they were asked.
    hints: Option<Arc<Hints>>,
    found_out: FoundOut,
}

/// What the letters that were opened say, for the gists of their runs.
#[derive(Default)]
struct FoundOut {
    gists: Gists,
    fresh: BTreeMap<u32, LetterTexts>,
    /// Of each text looked for, which bodies hold it.
    judged: Vec<Judged>,
    weight: usize,
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

/// A row, in the view that it comes from or by itself.
#[derive(Clone)]
pub(super) enum RowOf {
    View(Arc<FolderView>, usize),
    /// Apart: a page of thousands is moved about.
    Page(Arc<EntryRow>),
}

impl Deref for RowOf {
    type Target = EntryRow;

    fn deref(&self) -> &EntryRow {
        match self {
            Self::View(view, at) => &view.rows[*at],
            Self::Page(row) => row,
        }
    }
}

/// A message, and what is known of it so far.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) row: RowOf,
    pub(super) words: Option<Arc<Words>>,
    hints: Option<Arc<Hints>>,
    verdict: Option<bool>,
}

impl Candidate {
    fn facts(&self) -> Facts<'_> {
        let hints = match (&self.row, &self.hints) {
            (RowOf::View(_, at), Some(hints)) => Some((hints.as_ref(), *at)),
            (RowOf::View(..) | RowOf::Page(_), _) => None,
        };
        Facts { words: self.words.as_deref(), hints, ..Facts::of(&self.row) }
    }

    /// Whether gists tell of its header.
    fn tells_head(&self) -> bool {
        match (&self.row, &self.hints) {
            (RowOf::View(_, at), Some(hints)) => hints.tells_head(*at),
            (RowOf::View(..) | RowOf::Page(_), _) => false,
        }
    }

    /// Whether what its text is made of is to be found out when it is opened.
    fn is_unknown(&self) -> bool {
        match (&self.row, self.hints.as_ref().and_then(|hints| hints.texts.as_ref())) {
            (RowOf::View(_, at), Some(texts)) => texts.unknown.has(*at),
            (RowOf::View(..) | RowOf::Page(_), _) => false,
        }
    }
}

impl Sifter {
    pub(super) fn new(door: &ImapDoor, account: AccountId, plan: Plan, rows: Rows) -> Self {
        let (door, store) = (door.clone(), door.relay().mailstore().clone());
        Self { door, store, account, plan: Arc::new(plan), rows, hints: None, found_out: FoundOut::default() }
    }

    /// Asks the gists of the folder, when they save more than they cost; once, before the first page. Gives
    /// what keeps them in memory for the next search.
    pub(super) async fn ask_gists(&mut self) -> Result<Option<Arc<Lease>>, Error> {
        let Rows::Viewed { view, .. } = &self.rows else { return Ok(None) };
        let (plan, view) = (Arc::clone(&self.plan), Arc::clone(view));
        let (headers, texts) = (plan.words && !plan.threads, plan.heads || plan.bodies);
        if !headers && !texts {
            return Ok(None);
        }
        let doubtful = view.rows.iter().filter(|row| plan.judge(&Facts::of(row)).is_none());
        if doubtful.take(limits::GIST_WORTH).count() < limits::GIST_WORTH {
            return Ok(None);
        }
        let (account, folder) = (view.account, view.folder);
        let mut gists = self.door.shelf().look(account, folder);
        let mut hints = Hints::default();
        if headers {
            let known = hints::known(&self.store, &view, &gists.headers).await?;
            let (all, new) = hints::complete(&self.store, &view, known).await?;
            hints::keep(&self.door, account, folder, GistOf::Headers, new);
            hints.headers = Some(hints::of_headers(&plan, &view, &all));
            gists.headers = all;
        }
        let doubt = |at: &usize| {
            let facts = Facts { hints: Some((&hints, *at)), ..Facts::of(&view.rows[*at]) };
            plan.judge(&facts).is_none()
        };
        let doubtful = (0..view.rows.len()).filter(doubt).take(limits::GIST_WORTH).count();
        if texts && doubtful == limits::GIST_WORTH {
            hints.texts = Some(if hints::is_held(&view) {
                gists.texts = hints::known(&self.store, &view, &gists.texts).await?;
                hints::of_texts(&plan, &view, &gists.texts, &gists.verdicts)
            } else {
                hints::of_passing_texts(&plan, &self.store, &view, &gists.verdicts).await?
            });
        }
        let lease = self.door.shelf().keep(account, folder, gists.clone());
        self.hints = Some(Arc::new(hints));
        self.found_out.gists = gists;
        Ok(Some(lease))
    }

    /// The matches of the next page; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Candidate>>, Error> {
        let page = match self.viewed_page() {
            Some(page) => page,
            None => self.stored_page().await?,
        };
        match page {
            Some(page) => self.sift(page).await.map(Some),
            None => {
                self.put_together();
                Ok(None)
            }
        }
    }

    /// Of a view: rows that may match, until enough of them are in doubt or enough were judged.
    fn viewed_page(&mut self) -> Option<Option<Vec<Candidate>>> {
        let opens = self.plan.heads || self.plan.bodies;
        let most = if opens { self.rows.letters() } else { limits::ROWS };
        let Rows::Viewed { view, done, backwards } = &mut self.rows else { return None };
        let (mut page, mut doubtful) = (Vec::new(), 0);
        let until = view.rows.len().min(*done + limits::JUDGED);
        if *done == until {
            return Some(None);
        }
        while *done < until && doubtful < most {
            let at = match backwards {
                Backwards::No => *done,
                Backwards::Yes => view.rows.len() - 1 - *done,
            };
            *done += 1;
            let hints = self.hints.as_deref().map(|hints| (hints, at));
            let verdict = self.plan.judge(&Facts { hints, ..Facts::of(&view.rows[at]) });
            if verdict != Some(false) {
                doubtful += usize::from(verdict.is_none());
                let row = RowOf::View(Arc::clone(view), at);
                let hints = self.hints.clone().filter(|_| verdict.is_none());
                page.push(Candidate { row, words: None, hints, verdict });
            }
        }
        Some(Some(page))
    }

    async fn stored_page(&mut self) -> Result<Option<Vec<Candidate>>, Error> {
        let opens = self.plan.heads || self.plan.bodies;
        let size = if opens { self.rows.letters() } else { limits::ROWS };
        let rows = self.rows.next(&self.store, self.account, size).await?;
        let judged = |row: EntryRow| {
            let verdict = self.plan.judge(&Facts::of(&row));
            Candidate { row: RowOf::Page(Arc::new(row)), words: None, hints: None, verdict }
        };
        Ok(rows.map(|rows| rows.into_iter().map(judged).collect()))
    }

    async fn sift(&mut self, mut all: Vec<Candidate>) -> Result<Vec<Candidate>, Error> {
        let known = self.hints.as_ref().is_some_and(|hints| hints.headers.is_some());
        if self.plan.words && !known {
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
            for looked in self.look_into(&all, doubtful).await? {
                let candidate = &mut all[looked.at];
                candidate.verdict = Some(looked.verdict);
                self.found_out.add(candidate.row.uid, looked);
            }
            if self.found_out.weight > limits::FOUND_OUT {
                self.put_together();
            }
        }
        all.retain(|candidate| candidate.verdict == Some(true));
        Ok(all)
    }

    /// Puts what was found out into the gists, in memory and in the store.
    fn put_together(&mut self) {
        let Rows::Viewed { view, .. } = &self.rows else { return };
        let found_out = &mut self.found_out;
        if found_out.fresh.is_empty() && found_out.judged.iter().all(Judged::is_empty) {
            return;
        }
        let judged = std::mem::take(&mut found_out.judged);
        let found = self.plan.needles.iter().map(String::as_str).zip(&judged);
        let there = view.rows.iter().map(|row| row.uid);
        Arc::make_mut(&mut found_out.gists.verdicts).add(view.uidvalidity, there, found);
        let new = hints::joined_texts(view, &mut found_out.gists.texts, &found_out.fresh);
        found_out.fresh.clear();
        found_out.weight = 0;
        // The session's lease is of this folder still, or nobody wants it any more.
        drop(self.door.shelf().keep(view.account, view.folder, found_out.gists.clone()));
        hints::keep(&self.door, view.account, view.folder, GistOf::Texts, new);
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
    async fn look_into(&self, all: &[Candidate], doubtful: Vec<usize>) -> Result<Vec<Looked>, Error> {
        // Dropped with the search: nobody goes on looking for a peer that has gone.
        let mut tasks = JoinSet::new();
        let mut shares = doubtful.chunks(limits::SEARCH_SHARE);
        let mut verdicts = Vec::with_capacity(doubtful.len());
        loop {
            while tasks.len() < limits::SHARES_AT_ONCE
                && let Some(share) = shares.next()
            {
                let letters: Vec<(usize, Candidate)> =
                    share.iter().map(|at| (*at, all[*at].clone())).collect();
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

/// What came of opening a letter.
struct Looked {
    /// Its place in its page.
    at: usize,
    verdict: bool,
    /// Of each text looked for, whether its body holds it; none when it was not asked.
    body: Option<Vec<bool>>,
    /// What its text is made of, when that was not known.
    texts: Option<LetterTexts>,
}

impl Looked {
    fn at(at: usize, verdict: bool) -> Self {
        Self { at, verdict, body: None, texts: None }
    }
}

impl FoundOut {
    fn add(&mut self, uid: Uid, looked: Looked) {
        if let Some(body) = looked.body {
            self.judged.resize(body.len(), Judged::default());
            self.judged.iter_mut().zip(body).for_each(|(judged, holds)| judged.add(uid, holds));
        }
        if let Some(texts) = looked.texts {
            self.weight += texts.weight();
            self.fresh.insert(uid.0, texts);
        }
    }
}

/// What the next task gives; a panic goes on where the search is.
pub(super) async fn joined<T: 'static>(tasks: &mut JoinSet<T>) -> Option<T> {
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

/// What can be read of these summaries. One that cannot is passed over, and said in the log: it must not hide
/// the others.
pub(super) async fn words_each(
    store: &Mailstore,
    account: AccountId,
    heads: &[HeadId],
) -> Result<HashMap<HeadId, Words>, Error> {
    let mut found = HashMap::with_capacity(heads.len());
    let mut summaries = store.each_summary(account, heads).await?;
    for head in heads {
        let words = match summaries.remove(head) {
            None => Words::default(),
            Some(Err(error)) => {
                tracing::error!(door = "mailbox", head = head.0, %error, "a letter is left out of a search");
                continue;
            }
            Some(Ok(bytes)) => match Summary::envelope_of(&bytes) {
                Ok(envelope) => Words::of(&envelope),
                Err(error) => {
                    tracing::error!(door = "mailbox", head = head.0, %error, "a letter is left out of a search");
                    continue;
                }
            },
        };
        found.insert(*head, words);
    }
    Ok(found)
}

async fn look_through(
    store: &Mailstore,
    account: AccountId,
    plan: Arc<Plan>,
    letters: Vec<(usize, Candidate)>,
) -> Result<Vec<Looked>, Error> {
    let heads: Vec<HeadId> = letters.iter().map(|(_, letter)| letter.row.head).collect();
    if !plan.bodies {
        let blocks = store.header_blocks(account, &heads).await?;
        let judged = beside(move || {
            let judge = |((at, letter), block): ((usize, Candidate), Option<Bytes>)| {
                let head = HeadWords::of(block.as_deref().unwrap_or_default());
                let facts = Facts { head: Some(&head), ..letter.facts() };
                Looked::at(at, plan.judge(&facts).unwrap_or(false))
            };
            letters.into_iter().zip(blocks).map(judge).collect()
        });
        return Ok(judged.await.unwrap_or_default());
    }
    let gathers = letters.iter().any(|(_, letter)| letter.is_unknown());
    let asks_heads = plan.heads && !letters.iter().all(|(_, letter)| letter.tells_head());
    let with = if asks_heads || gathers { ReadWith::BlockAndBody } else { ReadWith::Body };
    let closed = store.closed_letters(account, &heads, with).await?;
    let judged = beside(move || {
        let mut gathered = gathers.then(Grams::new);
        let judge = |((at, letter), closed): ((usize, Candidate), Option<ClosedLetter>)| {
            // None: removed meanwhile.
            let Some(closed) = closed else { return Ok(Looked::at(at, false)) };
            match gathered.as_mut().filter(|_| letter.is_unknown()) {
                Some(gathered) => gather_closed(&plan, (at, &letter), closed, gathered),
                None => judge_closed(&plan, (at, &letter), closed),
            }
        };
        letters.into_iter().zip(closed).map(judge).collect()
    });
    judged.await.unwrap_or_else(|| Ok(Vec::new()))
}

/// Opens a letter as far as it is in doubt.
fn judge_closed(
    plan: &Plan,
    (at, letter): (usize, &Candidate),
    mut closed: ClosedLetter,
) -> Result<Looked, Error> {
    let head = match plan.heads && !letter.tells_head() {
        true => closed.block()?.map(|block| HeadWords::of(&block)),
        false => None,
    };
    let facts = Facts { head: head.as_ref(), ..letter.facts() };
    if let Some(verdict) = plan.judge(&facts) {
        return Ok(Looked::at(at, verdict));
    }
    let root = Summary::root_of(&closed.summary()?).map_err(|error| unreadable(letter.row.head, &error))?;
    let found = body::look(&plan.finders, &root, None, || closed.body())?;
    let verdict = plan.judge(&Facts { body: Some(&found), ..facts }).unwrap_or(false);
    Ok(Looked { body: Some(found), ..Looked::at(at, verdict) })
}

/// Opens a letter to its end, and finds out what its texts are made of.
fn gather_closed(
    plan: &Plan,
    (at, letter): (usize, &Candidate),
    closed: ClosedLetter,
    gathered: &mut Grams,
) -> Result<Looked, Error> {
    let (head, found, texts) = opened(&plan.finders, letter.row.head, closed, gathered)?;
    let facts = Facts { head: plan.heads.then_some(&head), body: Some(&found), ..letter.facts() };
    let verdict = plan.judge(&facts).unwrap_or(false);
    Ok(Looked { at, verdict, body: Some(found), texts: Some(texts) })
}

/// A letter's header, which of the texts its body holds, and what its texts are made of.
pub(super) fn opened(
    needles: &[Finder<'_>],
    id: HeadId,
    mut closed: ClosedLetter,
    gathered: &mut Grams,
) -> Result<(HeadWords, Vec<bool>, LetterTexts), Error> {
    let head = HeadWords::of(&closed.block()?.unwrap_or_default());
    let root = Summary::root_of(&closed.summary()?).map_err(|error| unreadable(id, &error))?;
    let found = body::look(needles, &root, Some(gathered), || closed.body());
    // Also when it failed: the next letter begins anew.
    let texts = LetterTexts::new(&head, gathered.take());
    Ok((head, found?, texts))
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
            // Gone through in place.
            Self::Viewed { .. } => Ok(None),
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
