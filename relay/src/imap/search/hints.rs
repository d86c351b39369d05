//! What gists say of the rows of a view, before any letter is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mailstore::{EntryRow, Error, FolderView, GistOf, Mailstore, NewGist, Run, Uid};
use names::{AccountId, FolderId};
use tokio::task::JoinSet;
use wire::imap::Date;
use zeroize::Zeroizing;

use super::blocks::{Block, Headers, LetterTexts, Texts};
use super::head::{Words, field_holds};
use super::key::Plan;
use super::shelf::Runs;
use super::sift::{joined, words_each};
use super::verdicts::Verdicts;
use crate::imap::door::ImapDoor;
use crate::imap::limits;

/// By the numbers of rows in a view.
#[derive(Default)]
pub(super) struct Hints {
    pub(super) headers: Option<HeaderHints>,
    pub(super) texts: Option<TextHints>,
}

/// What is known of all rows: the keys about subjects, addresses and days are decided.
pub(super) struct HeaderHints {
    /// For each key, the rows that match.
    fields: Vec<Bits>,
    sent: Vec<Option<Date>>,
}

/// What is known of header texts, and what bodies surely do not hold.
pub(super) struct TextHints {
    /// For each text looked for, the rows whose body may hold it.
    bodies: Vec<Bits>,
    /// The rows of which it is known, and those of them that hold it; none when nobody asked before.
    judged: Vec<Option<(Bits, Bits)>>,
    /// The rows whose header holds it, among those of which headers are told.
    heads: Vec<Bits>,
    /// The same of the texts looked for in one field.
    named: Vec<Bits>,
    told: Bits,
    /// Rows that no gist tells of.
    pub(super) unknown: Bits,
}

impl Hints {
    pub(super) fn field(&self, key: usize, at: usize) -> Option<bool> {
        Some(self.headers.as_ref()?.fields[key].has(at))
    }

    /// The day a letter says it was sent, when that is known.
    pub(super) fn sent(&self, at: usize) -> Option<Option<Date>> {
        Some(self.headers.as_ref()?.sent[at])
    }

    /// Whether a body holds a text: it was found out before, or it surely does not.
    pub(super) fn body_holds(&self, needle: usize, at: usize) -> Option<bool> {
        let texts = self.texts.as_ref()?;
        match &texts.judged[needle] {
            Some((known, holds)) if known.has(at) => Some(holds.has(at)),
            Some(_) | None => (!texts.bodies[needle].has(at)).then_some(false),
        }
    }

    /// Whether a header holds a text.
    pub(super) fn head_holds(&self, needle: usize, at: usize) -> Option<bool> {
        self.texts.as_ref().filter(|texts| texts.told.has(at)).map(|texts| texts.heads[needle].has(at))
    }

    /// Whether a field holds the text of a `HEADER` key.
    pub(super) fn named(&self, key: usize, at: usize) -> Option<bool> {
        self.texts.as_ref().filter(|texts| texts.told.has(at)).map(|texts| texts.named[key].has(at))
    }

    /// Whether the header of a row is told.
    pub(super) fn tells_head(&self, at: usize) -> bool {
        self.texts.as_ref().is_some_and(|texts| texts.told.has(at))
    }
}

/// A set of rows.
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn new(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    fn add(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }
}

/// The rows of each run, with the number of the first in the view.
pub(super) fn runs(view: &FolderView) -> impl Iterator<Item = (Run, usize, &[EntryRow])> {
    runs_from(view, 0)
}

/// The same from a row on that is the first of its run.
fn runs_from(view: &FolderView, first: usize) -> impl Iterator<Item = (Run, usize, &[EntryRow])> {
    let mut at = first;
    view.rows[first..].chunk_by(|one, other| Run::of(one.uid) == Run::of(other.uid)).map(move |rows| {
        let first = at;
        at += rows.len();
        (Run::of(rows[0].uid), first, rows)
    })
}

/// Whether a run's gist tells of letters that are there only.
fn is_of<T: Block>(block: &T, rows: &[EntryRow]) -> bool {
    let mut rows = rows.iter();
    block.uids().iter().all(|uid| rows.any(|row| row.uid.0 == *uid))
}

/// The gists of a view from memory and from the store. Those that tell of letters that are gone are let go.
pub(super) async fn known<T: Block>(
    store: &Mailstore,
    view: &FolderView,
    before: &Arc<Runs<T>>,
) -> Result<Arc<Runs<T>>, Error> {
    known_among(store, view, (0, usize::MAX), before).await
}

/// The same of so many runs, from a row on.
async fn known_among<T: Block>(
    store: &Mailstore,
    view: &FolderView,
    (first, count): (usize, usize),
    before: &Arc<Runs<T>>,
) -> Result<Arc<Runs<T>>, Error> {
    let (mut kept, mut asked) = (BTreeMap::new(), BTreeSet::new());
    for (run, _, rows) in runs_from(view, first).take(count) {
        let block = before.get(&run).filter(|block| is_of(block.as_ref(), rows));
        if block.is_none_or(|block| block.uids().len() < rows.len()) {
            asked.insert(run);
        }
        if let Some(block) = block {
            kept.insert(run, Arc::clone(block));
        }
    }
    if asked.is_empty() && kept.len() == before.len() {
        return Ok(Arc::clone(before));
    }
    let asked: Vec<Run> = asked.into_iter().collect();
    let (mut tasks, mut opened) = (JoinSet::new(), BTreeMap::new());
    for share in asked.chunks(limits::GISTS_SHARE) {
        let (store, share) = (store.clone(), share.iter().copied().collect::<BTreeSet<_>>());
        let (account, folder) = (view.account, view.folder);
        tasks.spawn(async move { blocks::<T>(&store, account, folder, &share).await });
        while tasks.len() >= limits::SHARES_AT_ONCE {
            opened.extend(joined(&mut tasks).await.unwrap_or_else(|| Ok(Vec::new()))?);
        }
    }
    while let Some(share) = joined(&mut tasks).await {
        opened.extend(share?);
    }
    for (run, _, rows) in runs_from(view, first).take(count) {
        let block = opened.remove(&run).filter(|block: &Arc<T>| is_of(block.as_ref(), rows));
        let Some(block) = block else { continue };
        if kept.get(&run).is_none_or(|known| known.uids().len() < block.uids().len()) {
            kept.insert(run, block);
        }
    }
    Ok(Arc::new(kept))
}

async fn blocks<T: Block>(
    store: &Mailstore,
    account: AccountId,
    folder: FolderId,
    asked: &BTreeSet<Run>,
) -> Result<Vec<(Run, Arc<T>)>, Error> {
    let mut blocks = Vec::new();
    for sealed in store.gists(account, folder, T::OF, asked).await? {
        let run = sealed.run();
        let block: Option<T> = match sealed.open().map(Zeroizing::new) {
            Ok(plain) => T::decoded(&plain),
            Err(error) => {
                // It says what letters say: they are asked themselves.
                tracing::error!(door = "mailbox", folder = folder.0, %error, "a gist cannot be read");
                None
            }
        };
        blocks.extend(block.map(|block| (run, Arc::new(block))));
    }
    Ok(blocks)
}

/// The headers of all rows: what no gist tells of is read from the summaries, on all cores. Gives what is new.
pub(super) async fn complete(
    store: &Mailstore,
    view: &Arc<FolderView>,
    known: Arc<Runs<Headers>>,
) -> Result<(Arc<Runs<Headers>>, Vec<NewGist>), Error> {
    let lacking = |(run, first, rows): (Run, usize, &[EntryRow])| {
        let there = known.get(&run).map_or(0, |block| block.uids().len());
        (there < rows.len()).then_some((run, first, rows.len()))
    };
    let lacking: Vec<(Run, usize, usize)> = runs(view).filter_map(lacking).collect();
    if lacking.is_empty() {
        return Ok((known, Vec::new()));
    }
    let (mut all, mut new) = (known.as_ref().clone(), Vec::new());
    let mut tasks = JoinSet::new();
    let mut shares = lacking.chunks(limits::SUMMARIES_SHARE.div_ceil(mailstore::limits::RUN as usize));
    loop {
        while tasks.len() < limits::SHARES_AT_ONCE
            && let Some(share) = shares.next()
        {
            let (store, view, known, share) =
                (store.clone(), Arc::clone(view), Arc::clone(&known), share.to_vec());
            tasks.spawn(async move { read(&store, &view, &known, share).await });
        }
        let Some(share) = joined(&mut tasks).await else { return Ok((Arc::new(all), new)) };
        for (run, block, gist) in share? {
            all.insert(run, block);
            new.extend(gist);
        }
    }
}

type Read = Vec<(Run, Arc<Headers>, Option<NewGist>)>;

async fn read(
    store: &Mailstore,
    view: &FolderView,
    known: &Runs<Headers>,
    share: Vec<(Run, usize, usize)>,
) -> Result<Read, Error> {
    let rows = |first: usize, count: usize| &view.rows[first..first + count];
    let there =
        |run: &Run, uid: Uid| known.get(run).and_then(|block| block.uids().binary_search(&uid.0).ok());
    let mut heads = Vec::new();
    for (run, first, count) in &share {
        let missing = rows(*first, *count).iter().filter(|row| there(run, row.uid).is_none());
        heads.extend(missing.map(|row| row.head));
    }
    let words = words_each(store, view.account, &heads).await?;
    let mut read = Vec::with_capacity(share.len());
    for (run, first, count) in share {
        let (mut block, mut fresh, mut damaged) = (Headers::default(), 0, 0);
        for row in rows(first, count) {
            match there(&run, row.uid).zip(known.get(&run)) {
                Some((at, before)) => block.push_from(before, at),
                None => {
                    fresh += 1;
                    match words.get(&row.head) {
                        Some(words) => block.push(row.uid, words),
                        None => {
                            damaged += 1;
                            block.push(row.uid, &Words::default());
                        }
                    }
                }
            }
        }
        let gist = (damaged == 0).then(|| gist(view, run, fresh, &block)).flatten();
        read.push((run, Arc::new(block), gist));
    }
    Ok(read)
}

/// A gist to keep: of a run that is over, or that tells of some more letters.
fn gist<T: Block>(view: &FolderView, run: Run, fresh: usize, block: &T) -> Option<NewGist> {
    let is_over = Run::of(view.uid_next) > run;
    (is_over || fresh >= limits::GIST_WORTH).then(|| NewGist {
        run,
        uids: block.uids().iter().copied().map(Uid).collect(),
        plain: block.encoded(),
    })
}

/// Text gists with what was found out of letters that were opened; what is new of them.
pub(super) fn joined_texts(
    view: &FolderView,
    known: &mut Arc<Runs<Texts>>,
    fresh: &BTreeMap<u32, LetterTexts>,
) -> Vec<NewGist> {
    let (all, mut new) = (Arc::make_mut(known), Vec::new());
    let stays = is_held(view);
    for (run, _, rows) in runs(view) {
        let count = rows.iter().filter(|row| fresh.contains_key(&row.uid.0)).count();
        // What is known of the others of a run that is not held would be lost.
        if count == 0 || (!stays && count < rows.len()) {
            continue;
        }
        let mut block = Texts::default();
        let before = all.get(&run);
        for row in rows {
            let known = before.and_then(|block| Some((block, block.uids().binary_search(&row.uid.0).ok()?)));
            match (known, fresh.get(&row.uid.0)) {
                (_, Some(letter)) => block.push(row.uid, letter),
                (Some((before, at)), None) => block.push_from(before, at),
                (None, None) => {}
            }
        }
        new.extend(gist(view, run, count, &block));
        if stays {
            all.insert(run, Arc::new(block));
        }
    }
    new
}

/// What the headers of all rows say of a plan's keys.
pub(super) fn of_headers(plan: &Plan, view: &FolderView, known: &Runs<Headers>) -> HeaderHints {
    let rows = view.rows.len();
    let mut fields: Vec<Bits> = plan.fields.iter().map(|_| Bits::new(rows)).collect();
    let mut sent = Vec::with_capacity(if plan.sent { rows } else { 0 });
    for (run, first, rows) in runs(view) {
        let Some(block) = known.get(&run) else {
            sent.extend(rows.iter().map(|_| None));
            continue;
        };
        for (bits, (field, needle)) in fields.iter_mut().zip(&plan.fields) {
            block.find(*field, needle, |at| bits.add(first + at));
        }
        if plan.sent {
            sent.extend((0..rows.len()).map(|at| block.sent(at)));
        }
    }
    HeaderHints { fields, sent }
}

/// Whether all text gists of a folder may stand in memory at once.
pub(super) fn is_held(view: &FolderView) -> bool {
    view.rows.len() <= limits::GIST_ROWS
}

/// What the text gists of a folder say that are too many to be held: some runs after the other.
pub(super) async fn of_passing_texts(
    plan: &Plan,
    store: &Mailstore,
    view: &FolderView,
    verdicts: &Verdicts,
) -> Result<TextHints, Error> {
    let mut hints = TextHints::new(plan, view, verdicts);
    let firsts: Vec<usize> = runs(view).map(|(_, first, _)| first).step_by(limits::GISTS_PASSING).collect();
    for first in firsts {
        let among = (first, limits::GISTS_PASSING);
        let known = known_among(store, view, among, &Arc::default()).await?;
        hints.add(plan, runs_from(view, first).take(limits::GISTS_PASSING), &known);
        tokio::task::yield_now().await;
    }
    Ok(hints)
}

/// What the text gists say.
pub(super) fn of_texts(
    plan: &Plan,
    view: &FolderView,
    known: &Runs<Texts>,
    verdicts: &Verdicts,
) -> TextHints {
    let mut hints = TextHints::new(plan, view, verdicts);
    hints.add(plan, runs(view), known);
    hints
}

impl TextHints {
    fn new(plan: &Plan, view: &FolderView, verdicts: &Verdicts) -> Self {
        let rows = view.rows.len();
        let none = |count: usize| (0..count).map(|_| Bits::new(rows)).collect::<Vec<_>>();
        Self {
            bodies: none(plan.probes.len()),
            judged: plan.needles.iter().map(|needle| judged(view, verdicts, needle)).collect(),
            heads: none(if plan.heads { plan.probes.len() } else { 0 }),
            named: none(plan.named.len()),
            told: Bits::new(rows),
            unknown: Bits::new(rows),
        }
    }

    fn add<'a>(
        &mut self,
        plan: &Plan,
        runs: impl Iterator<Item = (Run, usize, &'a [EntryRow])>,
        known: &Runs<Texts>,
    ) {
        let hints = self;
        // The rows of a run that its gist tells of, in its order.
        let mut places = Vec::new();
        for (run, first, rows) in runs {
            let block = known.get(&run);
            places.clear();
            for (at, row) in (first..).zip(rows) {
                match block.filter(|block| block.uids().get(places.len()) == Some(&row.uid.0)) {
                    Some(block) => {
                        if block.tells_head(places.len()) {
                            hints.told.add(at);
                        }
                        for (bits, probe) in hints.bodies.iter_mut().zip(&plan.probes) {
                            if block.body_may_hold(places.len(), probe) {
                                bits.add(at);
                            }
                        }
                        places.push(at);
                    }
                    None => {
                        hints.unknown.add(at);
                        hints.bodies.iter_mut().for_each(|bits| bits.add(at));
                    }
                }
            }
            let Some(block) = block else { continue };
            for (bits, needle) in hints.heads.iter_mut().zip(&plan.finders) {
                block.find_in_heads(needle, |at| bits.add(places[at]));
            }
            for (bits, (name, needle)) in hints.named.iter_mut().zip(&plan.named) {
                block.find_in_heads(needle, |at| {
                    let text = std::str::from_utf8(needle.needle()).unwrap_or_default();
                    if block.head(at).is_some_and(|head| field_holds(head, name, text)) {
                        bits.add(places[at]);
                    }
                });
            }
        }
    }
}

/// What was found out of the bodies of a view.
fn judged(view: &FolderView, verdicts: &Verdicts, needle: &str) -> Option<(Bits, Bits)> {
    let judged = verdicts.of(view.uidvalidity, needle)?;
    let (mut known, mut holds) = (Bits::new(view.rows.len()), Bits::new(view.rows.len()));
    for (run, first, rows) in runs(view) {
        let of = judged.of(run);
        for (at, verdict) in (first..).zip(rows).filter_map(|(at, row)| Some((at, of(row.uid)?))) {
            known.add(at);
            if verdict {
                holds.add(at);
            }
        }
    }
    Some((known, holds))
}

/// Keeps new gists in the store, once nobody waits for the disk; another search that keeps some is waited for.
pub(super) fn keep(door: &ImapDoor, account: AccountId, folder: FolderId, of: GistOf, gists: Vec<NewGist>) {
    if gists.is_empty() {
        return;
    }
    let parcel = door.shelf().keeper().parcel(gists.iter().map(|gist| gist.plain.len()).sum());
    let door = door.clone();
    tokio::spawn(async move {
        parcel.may_go().await;
        let Some(turn) = door.turn_to_keep().await else { return };
        if let Err(error) = door.relay().mailstore().keep_gists(account, folder, of, gists).await {
            // They are made again by the next search.
            tracing::warn!(door = "mailbox", folder = folder.0, %error, "gists could not be kept");
        }
        drop((turn, parcel));
    });
}
