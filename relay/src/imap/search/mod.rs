//! SEARCH, SORT and THREAD: a tree of keys asked of every message, cheapest question first.
//!
//! Rows decide what they can (flags, dates, sizes); then subjects and addresses from memory; then
//! header blocks; last bodies, opened, decoded and looked through piece by piece. A key that is decided
//! early asks nothing more. No index of words is kept (DESIGN §2.3): what a search finds out of the letters
//! it opens is kept sealed, as gists (ADR 0032), and opened in this process's memory only, within
//! [`limits::SEARCH_MEMORY`] and [`limits::GIST_MEMORY`].

mod ahead;
mod blocks;
mod body;
mod fold;
mod grams;
mod head;
mod hints;
mod keeper;
mod key;
mod memory;
mod order;
mod shelf;
mod sift;
mod verdicts;

use std::collections::VecDeque;

use audit::Act;
use mailstore::Uid;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use wire::imap::{Answer, Code, Match, Refusal, SearchKey, SortKey, ThreadBy, Wanted};

use super::door::ImapDoor;
use super::session::Session;
use super::{limits, refusals, trail, words};
pub(super) use ahead::Ahead;
use key::Plan;
pub(super) use memory::Memory;
use order::Order;
pub(super) use shelf::{Lease, Shelf};
use sift::{Backwards, Rows, Sifter};

const SEARCHING: &str = "searching messages";

/// What is asked of the folder.
pub(super) enum Question {
    Search(Wanted),
    Sort(Vec<SortKey>),
    Thread(ThreadBy),
}

/// A SEARCH, SORT or THREAD under way.
pub(super) struct Searching {
    progress: Progress,
    /// The line of the trail on its way to the disk: there before anything is shown.
    telling: Option<JoinHandle<Result<(), db::Error>>>,
}

enum Progress {
    /// Matches go out as they are found.
    Forwards {
        sifter: Sifter,
        left: u32,
    },
    /// Those of the end are found first, and wait for the others.
    Backwards {
        sifter: Sifter,
        left: u32,
    },
    Ordering {
        sifter: Sifter,
        order: Order,
        turn: OwnedSemaphorePermit,
    },
    Known(VecDeque<Answer>),
}

pub(super) async fn begin(
    door: &ImapDoor,
    session: &mut Session,
    key: SearchKey,
    question: Question,
) -> Result<Searching, Refusal> {
    let (relay, store, account) = (door.relay(), door.relay().mailstore(), session.selected()?.account);
    let folder = session.folder()?.folder;
    let now = relay.now();
    let too_many = || Refusal::new(Code::Limit, "the search looks for too many texts");
    let plan = Plan::of(key, store, account, now).ok_or_else(too_many)?;
    let looks_at = plan.looks_at().max(question.looks_at());
    if looks_at.is_sealed() {
        door.shelf().keeper().searched();
        door.ahead().searches();
    }
    let telling = looks_at.is_sealed().then(|| {
        let detail = format!("folder={} looks_at={}", folder.0, looks_at.as_str());
        let (line, db) =
            (session.line(relay, account, Act::LettersSearched, detail, now), store.db().clone());
        tokio::spawn(async move { trail::write(&db, vec![line]).await })
    });
    let store_failed = refusals::store(SEARCHING);
    let rows = if session.folder()?.messages <= limits::VIEWED {
        let backwards = match question {
            Question::Search(Wanted::Last(_)) => Backwards::Yes,
            Question::Search(Wanted::All | Wanted::First(_)) | Question::Sort(_) | Question::Thread(_) => {
                Backwards::No
            }
        };
        let view = store.view(account, folder).await.map_err(&store_failed)?;
        Rows::Viewed { view, done: 0, backwards }
    } else {
        Rows::Stored { folder, after: Uid(0), page: Vec::new().into_iter() }
    };
    let in_memory = matches!(rows, Rows::Viewed { .. });
    let mut sifter = Sifter::new(door, account, plan, rows);
    if let Some(lease) = sifter.ask_gists().await.map_err(&store_failed)? {
        session.searched(lease);
    }
    let progress = match question {
        Question::Search(Wanted::First(left)) => Progress::Forwards { sifter, left },
        Question::Search(Wanted::Last(left)) if in_memory => Progress::Backwards { sifter, left },
        // Of a folder read page by page all is told; the machine takes what it wants.
        Question::Search(Wanted::All | Wanted::Last(_)) => Progress::Forwards { sifter, left: u32::MAX },
        Question::Sort(keys) => ordering(door, sifter, Order::Sort(keys)).await?,
        Question::Thread(by) => ordering(door, sifter, Order::Thread(by)).await?,
    };
    Ok(Searching { progress, telling })
}

async fn ordering(door: &ImapDoor, sifter: Sifter, order: Order) -> Result<Progress, Refusal> {
    let turn = door.turn_to_order().await.ok_or_else(refusals::unavailable)?;
    Ok(Progress::Ordering { sifter, order, turn })
}

/// How deep a search looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LooksAt {
    Flags,
    Headers,
    Letters,
}

impl LooksAt {
    fn as_str(self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::Headers => "headers",
            Self::Letters => "letters",
        }
    }

    fn is_sealed(self) -> bool {
        self != Self::Flags
    }
}

impl Question {
    /// What it looks at beside its keys.
    fn looks_at(&self) -> LooksAt {
        match self {
            Self::Search(_) => LooksAt::Flags,
            Self::Sort(keys) if keys.iter().all(|key| key.by.is_of_the_row()) => LooksAt::Flags,
            Self::Sort(_) | Self::Thread(_) => LooksAt::Headers,
        }
    }
}

impl Searching {
    /// The next answer.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        let answer = self.progress.next().await;
        let told = match self.telling.take() {
            Some(telling) => telling.await,
            None => return answer,
        };
        let refusal = match told {
            Ok(Ok(())) => return answer,
            Ok(Err(error)) => refusals::database("telling the trail")(error),
            // The house stops.
            Err(_) => refusals::unavailable(),
        };
        self.progress = Progress::Known(VecDeque::new());
        Some(Answer::Refused(refusal))
    }
}

impl Progress {
    async fn next(&mut self) -> Option<Answer> {
        loop {
            match self {
                Self::Known(answers) => return answers.pop_front(),
                Self::Forwards { left: 0, .. } => return None,
                Self::Forwards { sifter, left } => match found(sifter).await {
                    Ok(None) => return None,
                    Ok(Some(page)) if page.is_empty() => tokio::task::yield_now().await,
                    Ok(Some(mut page)) => {
                        page.truncate(*left as usize);
                        *left -= page.len() as u32;
                        return Some(Answer::Found(page));
                    }
                    Err(refusal) => *self = Self::Known([Answer::Refused(refusal)].into()),
                },
                Self::Backwards { sifter, left } => {
                    let mut all = Vec::new();
                    let failed = loop {
                        match found(sifter).await {
                            Ok(Some(page)) => all.extend(page),
                            Ok(None) => break None,
                            Err(refusal) => break Some(refusal),
                        }
                        if all.len() >= *left as usize {
                            break None;
                        }
                        tokio::task::yield_now().await;
                    };
                    all.truncate(*left as usize);
                    all.reverse();
                    *self = Self::Known(match failed {
                        None => all.chunks(limits::ROWS).map(|page| Answer::Found(page.to_vec())).collect(),
                        Some(refusal) => [Answer::Refused(refusal)].into(),
                    });
                }
                Self::Ordering { .. } => {
                    let ordering = std::mem::replace(self, Self::Known(VecDeque::new()));
                    if let Self::Ordering { sifter, order, turn } = ordering {
                        *self = Self::Known(order::answers(sifter, order).await.into());
                        drop(turn);
                    }
                }
            }
        }
    }
}

/// The matches of the next page.
async fn found(sifter: &mut Sifter) -> Result<Option<Vec<Match>>, Refusal> {
    let page = sifter.next().await.map_err(refusals::store(SEARCHING))?;
    let found = |row: &mailstore::EntryRow| Match { uid: row.uid.0, modseq: words::modseq(row.modseq) };
    Ok(page.map(|page| page.iter().map(|candidate| found(&candidate.row)).collect()))
}
