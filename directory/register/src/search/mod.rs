//! Answering a question: words and criteria become sets of each segment, the sets become entries, and every entry
//! is looked at once more before it is handed out.

mod asked;
mod dense;
mod holds;
mod node;
mod plan;
mod ranked;
mod token;

#[cfg(test)]
pub(crate) use holds::holds as fits_all;

use std::collections::HashMap;

use db::Tx;
use names::{Address, NationalStructureId};

use crate::index::{Flags, Index, Part, fetch};
use crate::parts::Key;
use crate::register::State;
use crate::{Criterion, Error, Listing, ListingId, Page, Query, Sight, Token, limits, local, store};
use asked::Asked;
use node::Set;
use plan::{Known, Plan, numbered_people};
use ranked::{Ranked, Sought};
use token::End;

/// A page of answers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Found {
    /// The entries: the best first when the question had free text, by row id otherwise.
    pub listings: Vec<Listing>,
    /// How many answer in all, when that was cheap to know.
    pub total: Option<u64>,
    /// Where the next page begins; none when this was the last.
    pub next: Option<Token>,
}

/// Answers a question as `tx` and `state` see the directory.
pub(crate) async fn search(
    tx: &mut Tx,
    state: &State,
    query: &Query,
    page: &Page,
    sight: Sight,
) -> Result<Found, Error> {
    check(&query.all, limits::DEPTH)?;
    let hash = token::question(query);
    let after = page.after.as_ref().map(|token| End::of(token, hash)).transpose()?;
    let count = page.count.min(limits::PAGE);
    let joined = joined(tx, state, query).await?;
    let query = joined.as_ref().unwrap_or(query);
    let known = known(tx, state, query).await?;
    let plan = Plan::of(query, known, sight);
    let asked = query.text.as_deref().map(Asked::of).filter(|asked| !asked.0.is_empty());
    let sought = asked.map(|asked| Sought::of(&asked, &state.index, sight));
    let mut nodes = Vec::with_capacity(state.index.parts.len());
    let mut wanted = Vec::with_capacity(state.index.parts.len());
    for (at, part) in state.index.parts.iter().enumerate() {
        let node = plan.of_segment(&part.segment)?;
        let mut places = Vec::new();
        node.places(&mut places);
        if let Some(sought) = &sought {
            sought.places(at, &mut places);
        }
        nodes.push(node);
        wanted.push(places);
    }
    let pieces = fetch(tx, &state.index, &state.chunks, wanted).await?;
    let read = nodes.iter().zip(&pieces).zip(&state.index.parts);
    let sets: Vec<Set> = read.map(|((node, pieces), part)| node.read(pieces, &part.segment.flags)).collect();
    let looking = Looking { state, query, sight, count, hash };
    match (&sought, after) {
        (Some(sought), None) => {
            let best = sought.ranked(&state.index, &pieces, &sets, plan.flags, limits::RANKED);
            looking.best(tx, best, 0, plan.exact).await
        }
        (Some(sought), Some(End::Best { generation, answers })) if generation == state.generation => {
            let best = sought.ranked(&state.index, &pieces, &sets, plan.flags, limits::RANKED);
            looking.best(tx, best, answers, plan.exact).await
        }
        (Some(_), Some(_)) | (None, Some(End::Best { .. })) => Err(Error::StaleToken),
        // Free text without a word answers nothing.
        (None, _) if query.text.as_deref().is_some_and(|text| !text.trim().is_empty()) => {
            Ok(Found { total: Some(0), ..Found::default() })
        }
        (None, None) => looking.ordered(tx, &sets, plan.flags, i64::MIN, plan.exact).await,
        (None, Some(End::Id(id))) => looking.ordered(tx, &sets, plan.flags, id, plan.exact).await,
    }
}

/// Refuses a question that would look at too much.
fn check(criteria: &[Criterion], depth: usize) -> Result<(), Error> {
    if criteria.len() > limits::ALTERNATIVES {
        return Err(Error::TooWide("too many criteria"));
    }
    for criterion in criteria {
        let values = match criterion {
            Criterion::Person(ids) => ids.len(),
            Criterion::Structure(ids) => ids.len(),
            Criterion::Row(ids) => ids.len(),
            Criterion::Any(_) if depth == 0 => {
                return Err(Error::TooWide("alternatives within alternatives"));
            }
            Criterion::Any(alternatives) => {
                check(alternatives, depth - 1)?;
                alternatives.len()
            }
            _ => 1,
        };
        if values > limits::ALTERNATIVES {
            return Err(Error::TooWide("too many alternatives"));
        }
    }
    Ok(())
}

/// The same question with every number of the structures it names; none when it names none by a number that another one
/// stands for.
async fn joined(tx: &mut Tx, state: &State, query: &Query) -> Result<Option<Query>, Error> {
    let mut wanted = query.clone();
    let mut named: Vec<&mut Vec<NationalStructureId>> = Vec::new();
    let mut waiting: Vec<&mut Criterion> = wanted.all.iter_mut().collect();
    while let Some(criterion) = waiting.pop() {
        match criterion {
            Criterion::Structure(ids) => named.push(ids),
            Criterion::Any(alternatives) => waiting.extend(alternatives),
            _ => {}
        }
    }
    let mut found = false;
    for ids in named {
        let all = store::aliases::every_id(tx, ids, state.generation).await?;
        found |= all.len() > ids.len();
        *ids = all;
    }
    Ok(found.then_some(wanted))
}

/// What the database knows of the people and addresses that a question names.
async fn known(tx: &mut Tx, state: &State, query: &Query) -> Result<Known, Error> {
    let (mut keys, mut addresses) = (Vec::<Key>::new(), Vec::<Address>::new());
    let mut waiting: Vec<&Criterion> = query.all.iter().collect();
    while let Some(criterion) = waiting.pop() {
        match criterion {
            Criterion::Person(ids) => keys.extend(ids.iter().map(Key::person)),
            Criterion::Identifier(number) => keys.extend(numbered_people(number)),
            Criterion::Mailbox(address) => addresses.push(address.clone()),
            Criterion::Any(alternatives) => waiting.extend(alternatives),
            _ => {}
        }
    }
    let mut known = Known::default();
    if !keys.is_empty() {
        let mut found = local::national(tx, &keys, state.generation).await?;
        found.extend(local::entries(tx, &keys).await?);
        for (key, id) in found {
            known.people.entry(key).or_default().push(id.0);
        }
    }
    if !addresses.is_empty() {
        known.addresses = holders(tx, state, &addresses).await?;
    }
    Ok(known)
}

/// The entries that hold or held these addresses.
pub(crate) async fn holders(
    tx: &mut Tx,
    state: &State,
    addresses: &[Address],
) -> Result<HashMap<Address, Vec<i64>>, Error> {
    let mut found: HashMap<Address, Vec<i64>> = HashMap::new();
    let mut elsewhere = Vec::new();
    for address in addresses {
        match state.live.ours.get(address) {
            Some(id) => found.entry(address.clone()).or_default().push(id.0),
            None => elsewhere.push(db::Value::from(address.to_string().into_bytes())),
        }
    }
    let rows = tx
        .rows_in("SELECT address, holder FROM register_address WHERE address IN ({})", db::args![], elsewhere)
        .await?;
    for row in rows {
        let address = String::from_utf8(row.bytes(0)?).ok().and_then(|text| Address::parse(&text).ok());
        found.entry(address.ok_or(Error::Corrupt("address"))?).or_default().push(row.int(1)?);
    }
    Ok(found)
}

/// The best answers to free text among those with a mailbox, with what they count.
pub(crate) async fn candidates(
    tx: &mut Tx,
    state: &State,
    text: &str,
    sight: Sight,
) -> Result<Vec<(Listing, f32)>, Error> {
    let query = Query { text: Some(text.to_owned()), reachable: true, ..Query::default() };
    let plan = Plan::of(&query, Known::default(), sight);
    let sought = Sought::of(&Asked::of(text), &state.index, sight);
    let wanted = (0..state.index.parts.len()).map(|at| {
        let mut places = Vec::new();
        sought.places(at, &mut places);
        places
    });
    let pieces = fetch(tx, &state.index, &state.chunks, wanted.collect()).await?;
    let sets = vec![Set::All; state.index.parts.len()];
    let (best, _) = sought.ranked(&state.index, &pieces, &sets, plan.flags, limits::CANDIDATES);
    let ids: Vec<ListingId> = best.iter().map(|ranked| ListingId(ranked.id)).collect();
    let rows = state.rows(tx, &ids, sight).await?;
    let score =
        |listing: &Listing| best.iter().find(|ranked| ranked.id == listing.id().0).map(|ranked| ranked.score);
    Ok(rows.into_iter().filter_map(|listing| score(&listing).map(|score| (listing, score))).collect())
}

/// A question while its answers are looked at.
struct Looking<'a> {
    state: &'a State,
    query: &'a Query,
    sight: Sight,
    count: usize,
    hash: u64,
}

impl Looking<'_> {
    /// The best answers behind so many.
    async fn best(
        &self,
        tx: &mut Tx,
        (best, all): (Vec<Ranked>, usize),
        from: usize,
        exact: bool,
    ) -> Result<Found, Error> {
        let mut found = Found { total: exact.then_some(all as u64), ..Found::default() };
        let reach = best.len();
        let mut at = from.min(reach);
        while found.listings.len() < self.count && at < reach {
            let end = reach.min(at + (self.count - found.listings.len()).max(if exact { 1 } else { 20 }));
            let ids: Vec<ListingId> = best[at..end].iter().map(|ranked| ListingId(ranked.id)).collect();
            let used = self.look(tx, &ids, &mut found).await?;
            at += used;
        }
        let generation = self.state.generation;
        found.next = (at < reach).then(|| End::Best { generation, answers: at }.token(self.hash));
        if !exact && from == 0 && found.next.is_none() && all == reach {
            found.total = Some(found.listings.len() as u64);
        }
        Ok(found)
    }

    /// The answers with ids above `after`, ascending.
    async fn ordered(
        &self,
        tx: &mut Tx,
        sets: &[Set],
        flags: Flags,
        after: i64,
        exact: bool,
    ) -> Result<Found, Error> {
        let index = &self.state.index;
        let mut found = Found::default();
        if exact {
            found.total =
                Some(index.parts.iter().zip(sets).map(|(part, set)| counted(part, set, flags)).sum());
        }
        let mut ids = ascending(index, sets, flags, after).peekable();
        let (mut last, mut looked) = (after, 0);
        while found.listings.len() < self.count && looked < limits::LOOKED_AT {
            let some = (self.count - found.listings.len()).max(if exact { 1 } else { 20 });
            let batch: Vec<ListingId> = ids.by_ref().take(some).map(ListingId).collect();
            if batch.is_empty() {
                break;
            }
            let used = self.look(tx, &batch, &mut found).await?;
            looked += used;
            last = batch[used - 1].0;
            if used < batch.len() {
                found.next = Some(End::Id(last).token(self.hash));
                return Ok(found);
            }
        }
        found.next = ids.peek().map(|_| End::Id(last).token(self.hash));
        if !exact && after == i64::MIN && found.next.is_none() {
            found.total = Some(found.listings.len() as u64);
        }
        Ok(found)
    }

    /// Adds those of some entries that fit until the page is full; answers how many were looked at.
    async fn look(&self, tx: &mut Tx, ids: &[ListingId], found: &mut Found) -> Result<usize, Error> {
        let rows = self.state.rows(tx, ids, self.sight).await?;
        let mut rows = rows.into_iter().peekable();
        for (at, id) in ids.iter().enumerate() {
            if found.listings.len() == self.count {
                return Ok(at);
            }
            // A row that is gone since, or hidden, is no answer.
            if let Some(listing) = rows.next_if(|listing| listing.id() == *id)
                && holds::holds(self.query, &listing)
            {
                found.listings.push(listing);
            }
        }
        Ok(ids.len())
    }
}

fn counted(part: &Part, set: &Set, flags: Flags) -> u64 {
    match set {
        Set::All if flags == Flags::default() => {
            u64::from(part.segment.docs.len()) - part.hidden.len() as u64
        }
        Set::All => (0..part.segment.docs.len()).filter(|entry| part.shows(*entry, flags)).count() as u64,
        Set::These(entries) => entries.iter().filter(|entry| part.shows(**entry, flags)).count() as u64,
    }
}

/// The ids of what the sets hold, above `after`, ascending, of all segments together.
fn ascending<'a>(
    index: &'a Index,
    sets: &'a [Set],
    flags: Flags,
    after: i64,
) -> impl Iterator<Item = i64> + 'a {
    let from = after.saturating_add(1);
    let mut each: Vec<_> = index
        .parts
        .iter()
        .zip(sets)
        .map(|(part, set)| {
            let docs = &part.segment.docs;
            let first = docs.from(from);
            let entries: Box<dyn Iterator<Item = u32> + Send + 'a> = match set {
                Set::All => Box::new(first..docs.len()),
                Set::These(entries) => {
                    Box::new(entries[entries.partition_point(|entry| *entry < first)..].iter().copied())
                }
            };
            entries.filter(move |entry| part.shows(*entry, flags)).map(|entry| docs.id(entry)).peekable()
        })
        .collect();
    std::iter::from_fn(move || {
        let next = each.iter_mut().filter_map(|ids| ids.peek().copied()).min()?;
        for ids in &mut each {
            let _ = ids.next_if_eq(&next);
        }
        Some(next)
    })
}
