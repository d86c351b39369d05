//! One search: the register's answers, made into a page of resources.

use std::collections::HashMap;

use names::{NationalStructureId, Timestamp};
use register::{
    Criterion, Listing, ListingId, Organisation, Page, Professional, Query, Register, Situation, Wanted,
};
use serde_json::{Map, Value, json};

use crate::access::Client;
use crate::ask::{Condition, Include, Search, Start, Structures};
use crate::ids::{self, RoleId};
use crate::render::{self, Restricted};
use crate::{Kind, Trouble, limits, outcome};

/// A page, and how many entries its reader is shown.
pub(crate) struct Found {
    pub(crate) bundle: Value,
    pub(crate) shown: u64,
}

/// What a search runs over.
pub(crate) struct Shelves<'a> {
    /// As outsiders see it.
    pub(crate) register: &'a Register,
    /// As administrators see it: who answers for a mailbox stands there only.
    pub(crate) complete: &'a Register,
    pub(crate) client: &'a Client,
    pub(crate) base: &'a str,
    pub(crate) now: Timestamp,
}

/// A resource before it is rendered: an entry, and which part of it.
#[derive(Clone)]
struct Item {
    listing: Listing,
    /// Place of the situation, for a role.
    situation: Option<usize>,
}

/// What the register gave, as far as it was asked.
struct Collected {
    items: Vec<Item>,
    next: Option<Start>,
    /// Of the register.
    total: Option<u64>,
}

impl Structures for HashMap<ListingId, Organisation> {
    fn structure(&self, row: ListingId) -> Option<&Organisation> {
        self.get(&row)
    }
}

impl Shelves<'_> {
    pub(crate) async fn search(&self, search: &Search) -> Result<Found, Trouble> {
        let named = self.named(&search.conditions).await?;
        let query = search.query(&named);
        if search.only_counts() {
            let total = self.count(search, &query, &named).await?;
            return Ok(Found { bundle: self.bundle(search, Some(total), None, Vec::new()), shown: 1 });
        }
        let Collected { mut items, next, total } = self.collect(search, &query, &named).await?;
        self.complete(&mut items).await?;
        let whole = search.from == Start::default() && next.is_none();
        let total = match total {
            _ if whole => Some(items.len() as u64),
            Some(total) if search.counts_as_the_register() => Some(total),
            Some(_) | None => None,
        };
        let places = self.places(&items).await?;
        let mut shown: Vec<(String, Value)> = Vec::new();
        for item in &items {
            shown.push(self.entry(item, &places, &search.view, "match"));
        }
        for item in self.along(search, &items, &places) {
            let entry = self.entry(&item, &places, &search.view, "include");
            if !shown.iter().any(|(url, _)| *url == entry.0) {
                shown.push(entry);
            }
        }
        let count = shown.len() as u64;
        let entries = shown.into_iter().map(|(_, entry)| entry).collect();
        let total = total.filter(|_| search.total);
        Ok(Found { bundle: self.bundle(search, total, next.as_ref(), entries), shown: count.max(1) })
    }

    /// All of one search's items up to two: for a patch that names its resource by a condition.
    pub(crate) async fn at_most_two(
        &self,
        search: &Search,
    ) -> Result<Vec<(Listing, Option<usize>)>, Trouble> {
        let named = self.named(&search.conditions).await?;
        let two = Search { count: 2, ..search.clone() };
        let found = self.collect(&two, &search.query(&named), &named).await?;
        Ok(found.items.into_iter().map(|item| (item.listing, item.situation)).collect())
    }

    /// The resource with this id.
    pub(crate) async fn read(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Option<(Listing, Option<usize>)>, Trouble> {
        let (row, role) = match kind {
            Kind::Practitioner | Kind::Organization => (ids::parse_row(id), None),
            Kind::PractitionerRole => {
                let role = RoleId::parse(id);
                (role.map(|role| role.professional), role)
            }
        };
        let Some(row) = row else { return Ok(None) };
        let found = self.register.rows(&[row]).await.map_err(failed)?.pop();
        Ok(match (kind, found) {
            (Kind::Practitioner, Some(listing @ Listing::Professional(_)))
            | (Kind::Organization, Some(listing @ Listing::Organisation(_))) => Some((listing, None)),
            (Kind::PractitionerRole, Some(Listing::Professional(professional))) => {
                let is = |own: &Situation| role.is_some_and(|role| role.is(own));
                let place = professional.situations.iter().position(is);
                place.map(|place| (Listing::Professional(professional), Some(place)))
            }
            (Kind::Practitioner | Kind::PractitionerRole | Kind::Organization, _) => None,
        })
    }

    /// An entry with what outsiders are not told.
    pub(crate) async fn everything(&self, row: ListingId) -> Result<Option<Listing>, Trouble> {
        Ok(self.complete.rows(&[row]).await.map_err(failed)?.pop())
    }

    /// The same resource as it stands now.
    pub(crate) async fn again(
        &self,
        before: &Listing,
        situation: Option<usize>,
    ) -> Result<Option<(Listing, Option<usize>)>, Trouble> {
        let item = Item { listing: before.clone(), situation };
        let id = match item.role() {
            Some((professional, situation)) => RoleId::of(professional.id, situation).to_string(),
            None => ids::row(before.id()),
        };
        self.read(item.kind(), &id).await
    }

    /// The resource of an entry, or of a situation of it.
    pub(crate) async fn resource(
        &self,
        listing: Listing,
        situation: Option<usize>,
    ) -> Result<Map<String, Value>, Trouble> {
        let mut item = [Item { listing, situation }];
        self.complete(&mut item).await?;
        let places = self.places(&item).await?;
        let [item] = item;
        Ok(self.render(&item, &places))
    }

    /// Reads the structures again that this client administers, with what outsiders are not told.
    async fn complete(&self, items: &mut [Item]) -> Result<(), Trouble> {
        let administers = |item: &&mut Item| match &item.listing {
            Listing::Organisation(own) => self.client.administers(&own.national_id),
            Listing::Professional(_) => false,
        };
        for item in items.iter_mut().filter(administers) {
            let row = item.listing.id();
            if let Some(complete) = self.complete.rows(&[row]).await.map_err(failed)?.pop() {
                item.listing = complete;
            }
        }
        Ok(())
    }

    /// The structures that conditions name by their rows.
    async fn named(&self, conditions: &[Condition]) -> Result<HashMap<ListingId, Organisation>, Trouble> {
        let rows: Vec<ListingId> = conditions.iter().flat_map(Condition::rows).collect();
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.register.rows(&rows).await.map_err(failed)?;
        Ok(found.into_iter().filter_map(organisation).map(|own| (own.id, own)).collect())
    }

    /// Reads on in the register until a page is full: an entry may give several resources, or none.
    async fn collect(
        &self,
        search: &Search,
        query: &Query,
        named: &HashMap<ListingId, Organisation>,
    ) -> Result<Collected, Trouble> {
        let mut at = search.from.clone();
        let mut collected = Collected { items: Vec::new(), next: None, total: None };
        for round in 0..limits::ROUNDS {
            let page = Page { count: search.count, after: at.after.clone() };
            let found = self.register.search(query, &page, self.now).await.map_err(failed)?;
            if round == 0 {
                collected.total = found.total;
            }
            let all = found.listings.into_iter().flat_map(|listing| items(search, listing, named));
            let mut fresh = all.skip(at.skip);
            let room = search.count - collected.items.len();
            let before = collected.items.len();
            collected.items.extend(fresh.by_ref().take(room));
            if fresh.next().is_some() {
                let given = collected.items.len() - before;
                collected.next = Some(Start { skip: at.skip + given, after: at.after });
                return Ok(collected);
            }
            let Some(token) = found.next else {
                collected.next = None;
                return Ok(collected);
            };
            at = Start { after: Some(token), skip: 0 };
            collected.next = Some(at.clone());
            if collected.items.len() == search.count {
                return Ok(collected);
            }
        }
        Ok(collected)
    }

    /// How many there are.
    async fn count(
        &self,
        search: &Search,
        query: &Query,
        named: &HashMap<ListingId, Organisation>,
    ) -> Result<u64, Trouble> {
        let first =
            Page { count: if search.counts_as_the_register() { 1 } else { limits::PAGE_MAX }, after: None };
        let mut found = self.register.search(query, &first, self.now).await.map_err(failed)?;
        if search.counts_as_the_register()
            && let Some(total) = found.total
        {
            return Ok(total);
        }
        let mut count = 0;
        for _ in 0..limits::COUNTING_ROUNDS {
            count +=
                found.listings.into_iter().map(|own| items(search, own, named).len() as u64).sum::<u64>();
            let Some(token) = found.next.take() else { return Ok(count) };
            let next = Page { count: limits::PAGE_MAX, after: Some(token) };
            found = self.register.search(query, &next, self.now).await.map_err(failed)?;
        }
        Err(Trouble::too_costly("too many to be counted; ask for less"))
    }

    /// The structures that these items name, by number.
    async fn places(&self, items: &[Item]) -> Result<HashMap<String, Organisation>, Trouble> {
        let mut numbers: Vec<NationalStructureId> = items.iter().flat_map(|item| item.structures()).collect();
        numbers.sort_by(|a, b| a.0.cmp(&b.0));
        numbers.dedup();
        let mut places = HashMap::new();
        for numbers in numbers.chunks(limits::PAGE_MAX) {
            let query = Query {
                all: vec![Criterion::Structure(numbers.to_vec())],
                wanted: Wanted::Organisations,
                ..Query::default()
            };
            let page = Page { count: limits::PAGE_MAX, after: None };
            let found = self.register.search(&query, &page, self.now).await.map_err(failed)?;
            let found = found.listings.into_iter().filter_map(organisation);
            places.extend(found.map(|own| (own.national_id.0.clone(), own)));
        }
        Ok(places)
    }

    /// What comes along with situations.
    fn along(&self, search: &Search, items: &[Item], places: &HashMap<String, Organisation>) -> Vec<Item> {
        let mut along = Vec::new();
        for item in items {
            let Some((professional, situation)) = item.role() else { continue };
            for include in &search.include {
                match include {
                    Include::Practitioner => {
                        let listing = Listing::Professional(Box::new(professional.clone()));
                        along.push(Item { listing, situation: None });
                    }
                    Include::Organization => {
                        let number = situation.organisation.as_ref();
                        let place = number.and_then(|number| places.get(&number.0));
                        along.extend(place.map(|own| Item {
                            listing: Listing::Organisation(Box::new(own.clone())),
                            situation: None,
                        }));
                    }
                }
            }
        }
        along
    }

    fn entry(
        &self,
        item: &Item,
        places: &HashMap<String, Organisation>,
        view: &crate::view::View,
        mode: &str,
    ) -> (String, Value) {
        let kind = item.kind();
        let resource = self.render(item, places);
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
        let url = format!("{}/{kind}/{id}", self.base);
        let entry = json!({"fullUrl": url, "resource": view.of(kind, resource), "search": {"mode": mode}});
        (url, entry)
    }

    fn render(&self, item: &Item, places: &HashMap<String, Organisation>) -> Map<String, Value> {
        let row = |number: &str| places.get(number).map(|own| own.id);
        // Who answers for a mailbox is told to the administrators of its structure (DOMAIN §4.1).
        let seen_by = |structure: Option<&NationalStructureId>| match structure {
            Some(structure) if self.client.administers(structure) => Restricted::Shown,
            Some(_) | None => Restricted::Hidden,
        };
        match (&item.listing, item.role()) {
            (Listing::Professional(_), Some((professional, situation))) => {
                let at = situation.organisation.as_ref();
                render::role(professional, situation, at.and_then(|number| row(&number.0)), seen_by(at))
            }
            (Listing::Professional(professional), None) => {
                render::practitioner(professional, Restricted::Hidden)
            }
            (Listing::Organisation(own), _) => {
                let legal =
                    own.finess_legal.as_ref().and_then(|finess| row(&format!("1{}", finess.as_str())));
                render::organization(own, legal, seen_by(Some(&own.national_id)))
            }
        }
    }

    fn bundle(
        &self,
        search: &Search,
        total: Option<u64>,
        next: Option<&Start>,
        mut entries: Vec<Value>,
    ) -> Value {
        let link = |relation: &str, start: &Start| {
            let query = search.link(start);
            let mark = if query.is_empty() { "" } else { "?" };
            json!({"relation": relation, "url": format!("{}/{}{mark}{query}", self.base, search.kind)})
        };
        let mut links = vec![link("self", &search.from)];
        links.extend(next.map(|next| link("next", next)));
        if !search.ignored.is_empty() {
            let outcome = outcome::warnings(&search.ignored);
            entries.push(json!({"resource": outcome, "search": {"mode": "outcome"}}));
        }
        let mut bundle = Map::new();
        bundle.insert("resourceType".to_owned(), json!("Bundle"));
        bundle.insert("type".to_owned(), json!("searchset"));
        bundle.insert("timestamp".to_owned(), json!(render::instant(self.now)));
        if let Some(total) = total {
            bundle.insert("total".to_owned(), json!(total));
        }
        bundle.insert("link".to_owned(), json!(links));
        // FHIR knows no empty list.
        if !entries.is_empty() {
            bundle.insert("entry".to_owned(), json!(entries));
        }
        Value::Object(bundle)
    }
}

impl Item {
    fn kind(&self) -> Kind {
        match (&self.listing, self.situation) {
            (Listing::Professional(_), None) => Kind::Practitioner,
            (Listing::Professional(_), Some(_)) => Kind::PractitionerRole,
            (Listing::Organisation(_), _) => Kind::Organization,
        }
    }

    fn role(&self) -> Option<(&Professional, &Situation)> {
        match &self.listing {
            Listing::Professional(professional) => {
                Some((professional, professional.situations.get(self.situation?)?))
            }
            Listing::Organisation(_) => None,
        }
    }

    /// Structures whose resources this one refers to.
    fn structures(&self) -> Vec<NationalStructureId> {
        match &self.listing {
            Listing::Professional(_) => {
                self.role().and_then(|(_, own)| own.organisation.clone()).into_iter().collect()
            }
            Listing::Organisation(own) => {
                let legal = own.finess_legal.as_ref().filter(|_| !own.legal);
                legal.map(|finess| NationalStructureId(format!("1{}", finess.as_str()))).into_iter().collect()
            }
        }
    }
}

/// The resources that an entry gives to a search.
fn items(search: &Search, listing: Listing, named: &HashMap<ListingId, Organisation>) -> Vec<Item> {
    let all = |holds: &dyn Fn(&Condition) -> bool| search.conditions.iter().all(holds);
    match (search.kind, &listing) {
        (Kind::Practitioner, Listing::Professional(own)) => {
            let holds = all(&|condition| condition.holds_of_practitioner(own));
            holds.then_some(Item { listing, situation: None }).into_iter().collect()
        }
        (Kind::Organization, Listing::Organisation(own)) => {
            let holds = all(&|condition| condition.holds_of_organisation(own));
            holds.then_some(Item { listing, situation: None }).into_iter().collect()
        }
        (Kind::PractitionerRole, Listing::Professional(own)) => {
            let holds =
                |situation: &Situation| all(&|condition| condition.holds_of_role(own, situation, named));
            let places = own.situations.iter().enumerate();
            let places = places.filter(|(_, situation)| holds(situation)).map(|(place, _)| place);
            places.map(|place| Item { listing: listing.clone(), situation: Some(place) }).collect()
        }
        (Kind::Practitioner | Kind::PractitionerRole, Listing::Organisation(_))
        | (Kind::Organization, Listing::Professional(_)) => Vec::new(),
    }
}

fn organisation(listing: Listing) -> Option<Organisation> {
    match listing {
        Listing::Organisation(organisation) => Some(*organisation),
        Listing::Professional(_) => None,
    }
}

/// What a failure of the register is to who asked.
pub(crate) fn failed(error: register::Error) -> Trouble {
    match error {
        register::Error::StaleToken => Trouble::gone(
            "this page cannot be given any more: the directory has changed; ask from the beginning",
        ),
        register::Error::TooWide(what) => Trouble::too_costly(format!("the question is too wide: {what}")),
        error @ (register::Error::Db(_) | register::Error::Corrupt(_)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a question to the directory failed");
            Trouble::broken()
        }
    }
}
