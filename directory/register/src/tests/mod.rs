//! The room from outside, on both engines.

mod hostile;
pub(crate) mod invented;
mod local_entries;
mod misspelt;
mod national;
mod properties;
mod resolving;
mod turns;

use db::Db;
use names::Timestamp;

use crate::{Error, Listing, ListingId, Page, Query, Register, local};

/// When tests happen.
const NOON: Timestamp = Timestamp(1_795_348_800_000);

/// Writes entries of this house, each in a unit.
async fn publish(db: &Db, listings: Vec<Listing>) -> Vec<ListingId> {
    db.write(db::unit("publish", listings, |listings, tx| {
        Box::pin(async move {
            let mut ids = Vec::new();
            for listing in listings {
                ids.push(local::replace(tx, listing, NOON).await?);
            }
            Ok::<_, Error>(ids)
        })
    }))
    .await
    .expect("entries are written")
}

/// The first page of free text.
async fn ask(register: &Register, text: &str) -> Vec<String> {
    let query = Query { text: Some(text.to_owned()), ..Query::default() };
    answers(register, &query).await
}

/// Names of the first page.
async fn answers(register: &Register, query: &Query) -> Vec<String> {
    let page = Page { count: 100, after: None };
    let found = register.search(query, &page, NOON).await.expect("the question is answered");
    found.listings.iter().map(name).collect()
}

fn name(listing: &Listing) -> String {
    match listing {
        Listing::Professional(person) => format!("{} {}", person.given_name, person.family_name),
        Listing::Organisation(organisation) => organisation.name.clone(),
    }
}
