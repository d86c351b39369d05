//! SORT and THREAD: all matches are gone through once, and of each only what it is compared by is kept,
//! within [`limits::ORDER_MEMORY`]. The comparing is done beside the tasks that serve other sessions.

use mailstore::Error;
use wire::imap::{
    Answer, Code, Direction, EnvelopeField, Match, Refusal, SortBy, SortKey, Tangled, ThreadBy, Threadable,
    Threads,
};

use super::SEARCHING;
use super::sift::{Candidate, Depth, Sifter, beside};
use crate::imap::{limits, refusals, words};

/// What matches are put into.
pub(super) enum Order {
    Sort(Vec<SortKey>),
    Thread(ThreadBy),
}

/// Why there is no order.
enum Failure {
    Store(Error),
    TooMany,
    Tangled,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Tangled> for Failure {
    fn from(Tangled: Tangled) -> Self {
        Self::Tangled
    }
}

impl Failure {
    fn refusal(self) -> Refusal {
        let limit = |text: &str| Refusal::new(Code::Limit, text);
        match self {
            Self::Store(error) => refusals::store(SEARCHING)(error),
            Self::TooMany => limit("too many messages to sort at once; please sort a part of them"),
            Self::Tangled => limit("the threads of this folder are too long; please thread a part of it"),
        }
    }
}

/// The answers, in order.
pub(super) async fn answers(sifter: Sifter, order: Order) -> Vec<Answer> {
    let found = match order {
        Order::Sort(keys) => sorted(sifter, keys).await,
        Order::Thread(by) => threaded(sifter, by).await,
    };
    found.unwrap_or_else(|failure| vec![Answer::Refused(failure.refusal())])
}

/// A message and what it is compared by.
struct Item {
    found: Match,
    values: Box<[Value]>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Box<str>),
}

async fn sorted(mut sifter: Sifter, keys: Vec<SortKey>) -> Result<Vec<Answer>, Failure> {
    let mut items: Vec<Item> = Vec::new();
    let mut weight = 0;
    while let Some(mut page) = sifter.next().await? {
        if !keys.iter().all(|key| key.by.is_of_the_row()) {
            let mut unread: Vec<&mut Candidate> = page.iter_mut().collect();
            sifter.add_words(&mut unread, Depth::Envelope).await?;
        }
        for candidate in &page {
            let item = Item::of(candidate, &keys);
            weight += item.weight();
            items.push(item);
        }
        if weight > limits::ORDER_MEMORY {
            return Err(Failure::TooMany);
        }
        tokio::task::yield_now().await;
    }
    ordered(move || {
        items.sort_unstable_by(|one, other| {
            let values = keys.iter().zip(one.values.iter().zip(&other.values));
            let orders = values.map(|(key, (one, other))| match key.direction {
                Direction::Ascending => one.cmp(other),
                Direction::Descending => other.cmp(one),
            });
            // RFC 5256 §3: what no key tells apart stays in the order of the folder.
            let decided = orders.into_iter().find(|order| order.is_ne());
            decided.unwrap_or_else(|| one.found.uid.cmp(&other.found.uid))
        });
        let pages = items.chunks(limits::ROWS);
        Ok(pages.map(|page| Answer::Found(page.iter().map(|item| item.found).collect())).collect())
    })
    .await
}

async fn threaded(mut sifter: Sifter, by: ThreadBy) -> Result<Vec<Answer>, Failure> {
    let depth = match by {
        ThreadBy::References => Depth::References,
        ThreadBy::OrderedSubject => Depth::Envelope,
    };
    let mut threads = Threads::new(by);
    while let Some(mut page) = sifter.next().await? {
        let mut unread: Vec<&mut Candidate> = page.iter_mut().collect();
        sifter.add_words(&mut unread, depth).await?;
        for candidate in &page {
            let Candidate { row, words: Some(words), .. } = candidate else { continue };
            threads.push(Threadable {
                uid: row.uid.0,
                sent: words.sent_at.unwrap_or(row.internal_date).0,
                id: words.id,
                references: words.references().unwrap_or_default(),
                subject: words.base(),
                answers: words.answers,
            })?;
        }
        if threads.weight() > limits::ORDER_MEMORY {
            return Err(Failure::TooMany);
        }
        tokio::task::yield_now().await;
    }
    ordered(move || {
        let places = threads.finish();
        Ok(places.chunks(limits::ROWS).map(|page| Answer::Threads(page.to_vec())).collect())
    })
    .await
}

/// Work of some hundred milliseconds at most, on a thread that serves nobody else.
async fn ordered(
    work: impl FnOnce() -> Result<Vec<Answer>, Failure> + Send + 'static,
) -> Result<Vec<Answer>, Failure> {
    beside(work).await.unwrap_or_else(|| Ok(Vec::new()))
}

impl Item {
    fn of(candidate: &Candidate, keys: &[SortKey]) -> Self {
        let row = &candidate.row;
        let found = Match { uid: row.uid.0, modseq: words::modseq(row.modseq) };
        Self { found, values: keys.iter().map(|key| Value::of(candidate, key.by)).collect() }
    }

    fn weight(&self) -> usize {
        let text = |value: &Value| match value {
            Value::Number(_) => 0,
            Value::Text(text) => text.len() + 16,
        };
        size_of::<Self>() + self.values.iter().map(|value| size_of::<Value>() + text(value)).sum::<usize>()
    }
}

impl Value {
    fn of(candidate: &Candidate, by: SortBy) -> Self {
        let row = &candidate.row;
        let words = candidate.words.as_deref();
        // i;unicode-casemap (RFC 5051 §2) compares capitals: signs between the two cases, as the
        // underscore, come after letters. Accents were taken off, so that é stands beside e and not after z.
        let text = |text: Option<&str>| Self::Text(text.unwrap_or_default().to_ascii_uppercase().into());
        match by {
            SortBy::Arrival => Self::Number(row.internal_date.0),
            SortBy::Size => Self::Number(i64::try_from(row.size).unwrap_or(i64::MAX)),
            SortBy::Date => {
                let sent = words.and_then(|words| words.sent_at);
                Self::Number(sent.unwrap_or(row.internal_date).0)
            }
            SortBy::Subject => text(words.map(|words| words.base())),
            SortBy::From => text(words.map(|words| words.mailbox(EnvelopeField::From))),
            SortBy::To => text(words.map(|words| words.mailbox(EnvelopeField::To))),
            SortBy::Cc => text(words.map(|words| words.mailbox(EnvelopeField::Cc))),
            SortBy::DisplayFrom => text(words.map(|words| words.display(EnvelopeField::From))),
            SortBy::DisplayTo => text(words.map(|words| words.display(EnvelopeField::To))),
        }
    }
}
