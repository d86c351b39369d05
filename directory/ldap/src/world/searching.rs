//! Carrying a search out: streamed, or gathered and put in order; in one answer, in pages, or as a window.

use std::time::Duration;

use ldap3_proto::proto::LdapResultCode as Code;
use tokio::time::Instant;

use super::{LdapWorld, exhausted, failed};
use crate::answer::Outcome;
use crate::controls::{SortFault, SortKey, Viewed};
use crate::entry::Entry;
use crate::gatekeeper::Gatekeeper;
use crate::limits;
use crate::order;
use crate::reason::Reason;
use crate::server::{Answer, Ended, Question};
use crate::source::Source;
use crate::walk::{Stop, Walk};

/// A search under way.
pub(super) struct Running<S> {
    stage: Stage<S>,
    /// Until when it may go on.
    deadline: Instant,
    /// What is said under the answer.
    sorted: Option<Result<(), SortFault>>,
}

enum Stage<S> {
    /// Entries as they are found.
    Stream(Box<Stream<S>>),
    /// Entries that are known.
    Given { entries: std::vec::IntoIter<Entry>, ended: Box<Ended> },
    /// The end was said.
    Over,
}

struct Stream<S> {
    question: Question,
    walk: Walk<S>,
    /// How many more this answer may hold.
    left: usize,
    /// Entries of the pages before.
    before: usize,
}

/// What waits for the next page or window.
pub(super) enum Kept<S> {
    /// A walk, after so many entries.
    Walk { question: Question, walk: Box<Walk<S>>, before: usize },
    /// The rest of an ordered list, after so many entries.
    List { question: Question, rest: Vec<Entry>, before: usize },
    /// An ordered list that windows look into.
    View { question: Question, entries: Vec<Entry> },
}

impl<S: Source, G: Gatekeeper> LdapWorld<S, G> {
    /// Begins a search. What goes wrong is told by its first item.
    pub(super) async fn begin(&mut self, question: Question) -> Running<S> {
        let seconds = match question.seconds {
            0 => limits::SEARCH,
            seconds => limits::SEARCH.min(Duration::from_secs(u64::from(seconds))),
        };
        let deadline = Instant::now() + seconds;
        let mut sorted = None;
        let stage = match self.remains().await {
            Ok(()) => self.stage(question, deadline, &mut sorted).await,
            Err(ended) => given(Vec::new(), ended),
        };
        Running { stage, deadline, sorted }
    }

    async fn stage(
        &mut self,
        question: Question,
        deadline: Instant,
        sorted: &mut Option<Result<(), SortFault>>,
    ) -> Stage<S> {
        if let Some(page) = question.wishes.page.as_ref().filter(|page| !page.cookie.is_empty()) {
            let cookie = page.cookie.clone();
            return self.next_page(question, &cookie, sorted);
        }
        let walk = |world: &Self, question: &Question| {
            let (source, settings) = (world.house.source.clone(), world.house.settings.clone());
            Walk::new(source, settings, question.target.clone(), question.scope, question.filter.clone())
        };
        let keys = match &question.wishes.sort {
            None => {
                let walk = walk(self, &question);
                return stream(question, walk, 0);
            }
            Some(sort) => match &sort.keys {
                Ok(keys) => keys.clone(),
                // RFC 2891 §2: without order an answer is given only if nobody insists.
                Err(fault) if sort.critical || question.wishes.view.is_some() => {
                    return given(Vec::new(), unsorted(*fault));
                }
                Err(fault) => {
                    *sorted = Some(Err(*fault));
                    let walk = walk(self, &question);
                    return stream(question, walk, 0);
                }
            },
        };
        if let Some(stage) = self.same_view(&question, &keys) {
            return stage;
        }
        let mut walk = walk(self, &question);
        let mut entries = Vec::new();
        let stopped = loop {
            match self.find(&mut walk, deadline).await {
                Ok(Some(entry)) if entries.len() < limits::SORTED => entries.push(entry),
                Ok(Some(_)) => {
                    let critical = question.wishes.sort.as_ref().is_some_and(|sort| sort.critical);
                    if critical || question.wishes.view.is_some() {
                        return given(Vec::new(), unsorted(SortFault::TooMany));
                    }
                    *sorted = Some(Err(SortFault::TooMany));
                    entries.truncate(answer_size(&question));
                    let outcome = Outcome::new(Code::SizeLimitExceeded, "too many answers to put in order");
                    return given(entries, Ended::plain(outcome));
                }
                Ok(None) => break None,
                Err(outcome) => break Some(outcome),
            }
        };
        order::sort(&mut entries, &keys, &self.house.settings.arc);
        *sorted = Some(Ok(()));
        if let Some(outcome) = stopped {
            entries.truncate(answer_size(&question));
            return given(entries, Ended::plain(outcome));
        }
        if question.wishes.view.is_some() {
            return self.view(question, entries, &keys);
        }
        self.of_list(question, entries, 0)
    }

    /// The next page of what waits.
    fn next_page(
        &mut self,
        question: Question,
        cookie: &[u8],
        sorted: &mut Option<Result<(), SortFault>>,
    ) -> Stage<S> {
        let stale =
            || Ended::plain(Outcome::new(Code::UnwillingToPerform, "this page cannot be given any more"));
        let Some(kept) = self.unkeep(cookie) else { return given(Vec::new(), stale()) };
        // RFC 2696 §3: a page of no entries gives the rest up.
        if question.wishes.page.as_ref().is_some_and(|page| page.size == 0) {
            let done = Ended { cookie: Some(Vec::new()), ..Ended::plain(Outcome::plain(Code::Success)) };
            return given(Vec::new(), done);
        }
        match kept {
            Kept::Walk { question: asked, mut walk, before } if same(&asked, &question) => {
                walk.rest();
                if let Some(sort) = &question.wishes.sort {
                    *sorted = Some(sort.keys.as_ref().map(drop).map_err(|fault| *fault));
                }
                stream(question, *walk, before)
            }
            Kept::List { question: asked, rest, before } if same(&asked, &question) => {
                *sorted = Some(Ok(()));
                self.of_list(question, rest, before)
            }
            Kept::Walk { .. } | Kept::List { .. } | Kept::View { .. } => given(Vec::new(), stale()),
        }
    }

    /// An answer, or a page, of an ordered list.
    fn of_list(&mut self, question: Question, mut entries: Vec<Entry>, before: usize) -> Stage<S> {
        let size = answer_size(&question);
        let wished = client_size(&question).saturating_sub(before);
        let rest = entries.split_off(size.min(wished).min(entries.len()));
        let shown = before + entries.len();
        if rest.is_empty() {
            let cookie = question.wishes.page.is_some().then(Vec::new);
            return given(entries, Ended { cookie, ..Ended::plain(Outcome::plain(Code::Success)) });
        }
        if question.wishes.page.is_some() && shown < client_size(&question) {
            let cookie = self.keep(Kept::List { question, rest, before: shown });
            return given(
                entries,
                Ended { cookie: Some(cookie), ..Ended::plain(Outcome::plain(Code::Success)) },
            );
        }
        let cookie = question.wishes.page.is_some().then(Vec::new);
        given(entries, Ended { cookie, ..Ended::plain(Outcome::plain(Code::SizeLimitExceeded)) })
    }

    /// The window of a list that was answered before.
    fn same_view(&mut self, question: &Question, keys: &[SortKey]) -> Option<Stage<S>> {
        let list = question.wishes.view.as_ref()?.list.clone()?;
        match self.unkeep(&list)? {
            Kept::View { question: asked, entries } if same(&asked, question) => {
                Some(self.view(question.clone(), entries, keys))
            }
            Kept::Walk { .. } | Kept::List { .. } | Kept::View { .. } => None,
        }
    }

    fn view(&mut self, question: Question, entries: Vec<Entry>, keys: &[SortKey]) -> Stage<S> {
        let Some(wish) = question.wishes.view.clone() else { return Stage::Over };
        let (range, viewed) = order::window(&entries, keys, &wish, &self.house.settings.arc);
        let shown = entries[range].to_vec();
        let code = match viewed.code {
            0 => Code::Success,
            _ => Code::VirtualListViewError,
        };
        let list = self.keep(Kept::View { question, entries });
        let viewed = Some(Viewed { list: Some(list), ..viewed });
        let ended = Ended { viewed, sorted: Some(Ok(())), ..Ended::plain(Outcome::plain(code)) };
        given(shown, ended)
    }

    /// The next items of what is under way.
    pub(super) async fn go_on(&mut self, mut running: Running<S>) -> (Option<Answer>, Option<Running<S>>) {
        let (entries, ended) = match std::mem::replace(&mut running.stage, Stage::Over) {
            Stage::Over => return (None, None),
            Stage::Given { mut entries, ended } => {
                let some: Vec<Entry> = entries.by_ref().take(limits::STEP).collect();
                if some.is_empty() {
                    (some, Some(ended))
                } else {
                    running.stage = Stage::Given { entries, ended };
                    (some, None)
                }
            }
            Stage::Stream(mut stream) => {
                let (some, stopped) = self.some(&mut stream, running.deadline).await;
                match stopped {
                    None => {
                        running.stage = Stage::Stream(stream);
                        (some, None)
                    }
                    Some(stopped) => {
                        let ended = Box::new(self.streamed(*stream, some.len(), stopped).await);
                        if some.is_empty() {
                            (some, Some(ended))
                        } else {
                            running.stage = Stage::Given { entries: Vec::new().into_iter(), ended };
                            (some, None)
                        }
                    }
                }
            }
        };
        let Some(mut ended) = ended else {
            return (Some(self.shown(entries, &mut running).await), Some(running));
        };
        self.finished(&mut ended, running.sorted);
        running.stage = Stage::Over;
        (Some(Answer::Ended(ended)), Some(running))
    }

    fn finished(&self, ended: &mut Ended, sorted: Option<Result<(), SortFault>>) {
        ended.sorted = ended.sorted.or(sorted);
        match ended.outcome.reason {
            Some(Reason::Size | Reason::Time | Reason::Unindexed) => self.house.tally.cut(),
            Some(Reason::Quota) => self.house.tally.exhausted(),
            _ => {}
        }
    }

    /// Counts entries against the asker's day, and ends the search where the day ends.
    async fn shown(&mut self, mut entries: Vec<Entry>, running: &mut Running<S>) -> Answer {
        match self.take(entries.len()).await {
            Ok(granted) if granted == entries.len() => {}
            Ok(granted) => {
                entries.truncate(granted);
                running.stage = given(Vec::new(), Ended::plain(exhausted()));
            }
            Err(ended) => {
                entries.clear();
                running.stage = given(Vec::new(), ended);
            }
        }
        self.house.tally.shown(entries.len());
        Answer::Entries(entries)
    }

    /// Some entries of a stream, and what stopped it.
    async fn some(
        &mut self,
        stream: &mut Stream<S>,
        deadline: Instant,
    ) -> (Vec<Entry>, Option<Option<Outcome>>) {
        let mut some = Vec::new();
        while some.len() < limits::STEP {
            if stream.left == 0 {
                return (some, Some(None));
            }
            match self.find(&mut stream.walk, deadline).await {
                Ok(Some(entry)) => {
                    stream.left -= 1;
                    some.push(entry);
                }
                Ok(None) => return (some, Some(Some(Outcome::plain(Code::Success)))),
                Err(outcome) => return (some, Some(Some(outcome))),
            }
        }
        (some, None)
    }

    /// How a stream ends: when its answer is full, it matters whether there is more.
    async fn streamed(&mut self, stream: Stream<S>, _last: usize, stopped: Option<Outcome>) -> Ended {
        let Stream { question, mut walk, before, left } = stream;
        let paged = question.wishes.page.is_some();
        let cookie = paged.then(Vec::new);
        if let Some(outcome) = stopped {
            return Ended { cookie, ..Ended::plain(outcome) };
        }
        let shown = before + answer_room(&question, before) - left;
        let more = match self.find(&mut walk, Instant::now() + limits::SEARCH).await {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ended { cookie, ..Ended::plain(Outcome::plain(Code::Success)) },
            Err(outcome) => return Ended { cookie, ..Ended::plain(outcome) },
        };
        if paged && shown < client_size(&question) {
            walk.put_back(more);
            let cookie = self.keep(Kept::Walk { question, walk: Box::new(walk), before: shown });
            return Ended { cookie: Some(cookie), ..Ended::plain(Outcome::plain(Code::Success)) };
        }
        Ended { cookie, ..Ended::plain(Outcome::plain(Code::SizeLimitExceeded)) }
    }

    async fn find(&self, walk: &mut Walk<S>, deadline: Instant) -> Result<Option<Entry>, Outcome> {
        let found = tokio::time::timeout_at(deadline, walk.next(self.now())).await;
        match found {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(Stop::NoSuchObject(nearest))) => Err(self.no_such_object(nearest)),
            Ok(Err(Stop::Examined)) => {
                Err(Outcome::new(Code::AdminLimitExceeded, "too much would have to be looked at; say more"))
            }
            Ok(Err(Stop::Failed(error))) => Err(failed(&error)),
            Err(_) => Err(Outcome::plain(Code::TimeLimitExceeded)),
        }
    }

    /// Keeps a list until its next part is asked for; the oldest gives way.
    fn keep(&mut self, kept: Kept<S>) -> Vec<u8> {
        let number = self.next;
        self.next += 1;
        if self.kept.len() >= limits::KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((number, kept));
        number.to_be_bytes().to_vec()
    }

    fn unkeep(&mut self, cookie: &[u8]) -> Option<Kept<S>> {
        let number = u64::from_be_bytes(cookie.try_into().ok()?);
        let place = self.kept.iter().position(|(kept, _)| *kept == number)?;
        self.kept.remove(place).map(|(_, kept)| kept)
    }
}

/// Whether it is the same search, apart from which part of it is wanted.
fn same(one: &Question, other: &Question) -> bool {
    (&one.target, one.scope, &one.filter, &one.wishes.sort)
        == (&other.target, other.scope, &other.filter, &other.wishes.sort)
}

/// Entries the client wants in all; no bound when it names none.
fn client_size(question: &Question) -> usize {
    match question.size {
        0 => usize::MAX,
        size => usize::try_from(size).unwrap_or(usize::MAX),
    }
}

/// Entries of one answer, or one page (RELIABILITY D-09).
fn answer_size(question: &Question) -> usize {
    let wished = match &question.wishes.page {
        Some(page) if page.size > 0 => usize::try_from(page.size).unwrap_or(usize::MAX),
        Some(_) => limits::ENTRIES,
        None => client_size(question),
    };
    wished.min(limits::ENTRIES)
}

/// The same, as far as the client's own bound leaves room.
fn answer_room(question: &Question, before: usize) -> usize {
    answer_size(question).min(client_size(question).saturating_sub(before))
}

fn stream<S>(question: Question, walk: Walk<S>, before: usize) -> Stage<S> {
    let left = answer_room(&question, before);
    Stage::Stream(Box::new(Stream { question, walk, left, before }))
}

fn given<S>(entries: Vec<Entry>, ended: Ended) -> Stage<S> {
    Stage::Given { entries: entries.into_iter(), ended: Box::new(ended) }
}

fn unsorted(fault: SortFault) -> Ended {
    let outcome = Outcome::new(Code::UnavailableCriticalExtension, "the answers cannot be put in order");
    Ended { sorted: Some(Err(fault)), ..Ended::plain(outcome) }
}
