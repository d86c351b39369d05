//! Publishing: a patch for the mailboxes of one resource (DOMAIN §4.2).

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use names::{AccountKind, Address, NationalStructureId, Timestamp};
use register::Listing;

use crate::access::{Cause, Client, Gatekeeper, Holder, Publisher, Refused};
use crate::answer::Answer;
use crate::ask::{Handling, Search};
use crate::door::{Fhir, Where, http_date, updated};
use crate::negotiation::{accepts, is_of, names_version, wants_minimal};
use crate::{Kind, Trouble, patch, render};

impl<H: Gatekeeper + Publisher> Fhir<H> {
    pub(crate) async fn patch(
        &self,
        kind: Kind,
        at: Where<'_>,
        headers: &HeaderMap,
        body: &[u8],
        client: &Client,
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        if client.publishes.is_empty() {
            return Err(Trouble::forbidden("this key only reads"));
        }
        accepts(headers)?;
        if !is_of(headers, &["application/fhir+json", "application/json"]) {
            return Err(Trouble::media_type("a patch is a Parameters resource in application/fhir+json"));
        }
        let (listing, situation) = self.patched(kind, at, client, now).await?;
        let (holder, structures) = holder(&listing, situation);
        if !structures.iter().any(|structure| client.administers(structure)) {
            return Err(Trouble::forbidden(format!(
                "this key does not administer the mailboxes of this {kind}"
            )));
        }
        let seen = expected(headers, &listing)?;
        let changes = patch::changes(kind, body, self.standing(&listing, situation, client, now).await?)?;
        let count = changes.len();
        let published = self.house().publish(client, holder, seen, changes, now).await;
        published.map_err(|refused| why(refused, kind))?;
        self.tally().patched();
        tracing::info!(key = client.key, %kind, changes = count, "published");
        if wants_minimal(headers) {
            return Ok(Answer::empty());
        }
        self.after(listing, situation, client, now).await
    }

    /// The one entry that is meant.
    async fn patched(
        &self,
        kind: Kind,
        at: Where<'_>,
        client: &Client,
        now: Timestamp,
    ) -> Result<(Listing, Option<usize>), Trouble> {
        let shelves = self.shelves(client, now);
        match at {
            Where::Id(id) => {
                let found = shelves.read(kind, id).await?;
                found.ok_or_else(|| Trouble::not_found(format!("there is no {kind} with this id")))
            }
            Where::Matching(pairs) => {
                // A condition half understood might name another resource than the one meant.
                let search = Search::parse(kind, self.base(), pairs, Handling::Strict)?;
                if search.conditions.is_empty() {
                    return Err(Trouble::several(format!("name the {kind} by its identifier")));
                }
                let mut found = shelves.at_most_two(&search).await?;
                match (found.pop(), found.pop()) {
                    (Some(one), None) => Ok(one),
                    (Some(_), Some(_)) => {
                        Err(Trouble::several(format!("several {kind} match; 0 or 1 required")))
                    }
                    (None, _) => Err(Trouble::not_found(format!("no {kind} matches"))),
                }
            }
        }
    }

    /// The mailboxes that stand there now, those of the red list too.
    async fn standing(
        &self,
        listing: &Listing,
        situation: Option<usize>,
        client: &Client,
        now: Timestamp,
    ) -> Result<HashMap<Address, AccountKind>, Trouble> {
        let complete = self.shelves(client, now).everything(listing.id()).await?;
        let complete = complete.as_ref().unwrap_or(listing);
        let mailboxes = match (complete, situation) {
            (Listing::Professional(own), Some(place)) => {
                own.situations.get(place).map_or(&[][..], |situation| &situation.mailboxes)
            }
            (Listing::Professional(own), None) => &own.mailboxes[..],
            (Listing::Organisation(own), _) => &own.mailboxes[..],
        };
        Ok(mailboxes.iter().map(|own| (own.address.clone(), own.kind)).collect())
    }

    /// The resource as it is after the change.
    async fn after(
        &self,
        before: Listing,
        situation: Option<usize>,
        client: &Client,
        now: Timestamp,
    ) -> Result<Answer, Trouble> {
        let shelves = self.shelves(client, now);
        // Without its last mailbox an entry of ours may be published no more.
        let Some((after, situation)) = shelves.again(&before, situation).await? else {
            return Ok(Answer::empty());
        };
        let updated = updated(&after);
        let resource = shelves.resource(after, situation).await?;
        let answer = Answer::resource(serde_json::Value::Object(resource));
        Ok(answer.versioned(render::version(updated), http_date(updated)))
    }
}

/// The version that must still be there when it is written, when one was named.
fn expected(headers: &HeaderMap, listing: &Listing) -> Result<Option<Timestamp>, Trouble> {
    let Some(named) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let updated = updated(listing);
    let same = named.to_str().is_ok_and(|named| names_version(named, &render::version(updated)));
    if same { Ok(Some(updated)) } else { Err(changed()) }
}

fn changed() -> Trouble {
    Trouble::changed("this is no longer the version you named")
}

/// Who holds the mailboxes, and the structures whose administrators may change them.
fn holder(listing: &Listing, situation: Option<usize>) -> (Holder, Vec<NationalStructureId>) {
    match listing {
        Listing::Organisation(own) => {
            (Holder::Structure(own.national_id.clone()), vec![own.national_id.clone()])
        }
        Listing::Professional(own) => {
            let person = own.national_id.clone();
            match situation.and_then(|place| own.situations.get(place)) {
                Some(situation) => {
                    let at = situation.organisation.clone();
                    (Holder::Person { person, at: at.clone() }, at.into_iter().collect())
                }
                None => {
                    let structures =
                        own.situations.iter().filter_map(|own| own.organisation.clone()).collect();
                    (Holder::Person { person, at: None }, structures)
                }
            }
        }
    }
}

fn why(refused: Refused, kind: Kind) -> Trouble {
    match refused {
        Refused::NotYours => {
            Trouble::forbidden(format!("this key does not administer the mailboxes of this {kind}"))
        }
        Refused::NoMailbox(address) => Trouble::not_found(format!("{address} is no mailbox of this {kind}")),
        Refused::Changed => changed(),
        Refused::Rule(text) => Trouble::against_rules(text),
        Refused::Failed(cause) => broken(cause),
    }
}

fn broken(cause: Cause) -> Trouble {
    tracing::error!(error = &*cause, "a patch failed");
    Trouble::broken()
}
