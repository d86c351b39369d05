//! Entries put in force without the files of an import.

use db::{Db, Value, args};

use crate::index::{Builder, Scope};
use crate::local::Holder;
use crate::parts::{ActivityPart, Facts, Held, Identity, Key, MailboxPart, Site};
use crate::store::{self, FOR_EVER};
use crate::{Error, Listing, MIGRATIONS, Professional};

/// Entries written in one unit.
const AT_ONCE: usize = 512;

/// Puts entries in force as the next national generation, with its index; ids ascend from 1.
///
/// # Errors
/// Those of the database.
pub async fn put_in_force(db: &Db, listings: impl Iterator<Item = Listing> + Send) -> Result<(), Error> {
    db.migrate(MIGRATIONS).await?;
    let generation = store::pointer(&mut db.read().await?).await?.generation + 1;
    let mut builder = Builder::new(Scope::Whole);
    let mut listings = listings.peekable();
    let mut last = 0;
    while listings.peek().is_some() {
        let batch: Vec<Listing> = listings.by_ref().take(AT_ONCE).collect();
        let mut rows = (Vec::new(), Vec::new(), Vec::new());
        for listing in &batch {
            builder.add(listing)?;
            last = listing.id().0;
            written(listing, generation, &mut rows)?;
        }
        db.write(db::unit("write invented entries", rows, |(rows, records, addresses), tx| {
            Box::pin(async move {
                tx.insert_rows(
                    "INSERT INTO register_record (record, id, activity, mailbox) VALUES",
                    "",
                    records.clone(),
                )
                .await?;
                tx.insert_rows(
                    "INSERT INTO register_row (national_key, since, until, id, record, activity_digest,
                     mailbox_digest, mailboxes, activities, changed_at) VALUES",
                    "",
                    rows.clone(),
                )
                .await?;
                tx.insert_rows(
                    "INSERT INTO register_address (address, holder, kind, since) VALUES",
                    "",
                    addresses.clone(),
                )
                .await
                .map(drop)
            })
        }))
        .await?;
    }
    builder.finish(db, generation).await?;
    db.write(db::unit("put invented entries in force", (generation, last), |(generation, last), tx| {
        Box::pin(async move {
            tx.execute(
                "UPDATE register_pointer SET generation = $1, version = version + 1, next_id = $2,
                 next_record = $2, entries = $3 WHERE id = 1",
                args![*generation, *last + 1, *last],
            )
            .await
            .map(drop)
        })
    }))
    .await?;
    Ok(())
}

type Rows = Vec<Vec<Value>>;

fn written(listing: &Listing, generation: i64, rows: &mut (Rows, Rows, Rows)) -> Result<(), Error> {
    let (activity, mailbox, updated) = match listing {
        Listing::Professional(person) => {
            let held = person.mailboxes.iter().map(|mailbox| Held { mailbox: mailbox.clone(), at: None });
            let identity = identity(person);
            let mailbox = MailboxPart::Person { identity: identity.clone(), held: held.collect() };
            (
                ActivityPart::Person { identity, situations: person.situations.clone() },
                mailbox,
                person.updated,
            )
        }
        Listing::Organisation(organisation) => {
            let site = Site {
                name: organisation.name.clone(),
                trade_name: organisation.trade_name.clone(),
                place: organisation.place.clone(),
            };
            let facts = Facts {
                finess: organisation.finess.clone(),
                finess_legal: organisation.finess_legal.clone(),
                siret: organisation.siret.clone(),
                siren: organisation.siren.clone(),
                sector: organisation.sector.clone(),
                legal: organisation.legal,
                phone: organisation.phone.clone(),
            };
            let mailboxes = organisation.mailboxes.clone();
            let mailbox = MailboxPart::Structure { site: site.clone(), mailboxes };
            (ActivityPart::Structure { facts, site }, mailbox, organisation.updated)
        }
    };
    let octets = |part: Result<Vec<u8>, postcard::Error>| part.map_err(|_| Error::Corrupt("part"));
    let id = listing.id().0;
    let key: Key = Holder::of(listing).key();
    let (all, records, addresses) = rows;
    // One version of each entry: its record has the number of the entry.
    records.push(args![
        id,
        id,
        octets(postcard::to_stdvec(&activity))?,
        octets(postcard::to_stdvec(&mailbox))?
    ]);
    let none = || Value::Bytes(None);
    all.push(vec![
        key.bytes().into(),
        generation.into(),
        FOR_EVER.into(),
        id.into(),
        id.into(),
        none(),
        none(),
        (mailbox.addresses().len() as i64).into(),
        (activity.activities() as i64).into(),
        updated.into(),
    ]);
    for (address, kind) in mailbox.addresses() {
        addresses.push(args![address.to_string().into_bytes(), id, kind.code(), generation]);
    }
    Ok(())
}

fn identity(person: &Professional) -> Identity {
    Identity {
        civility: person.civility.clone(),
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        profession: person.profession.clone(),
        category: person.category,
        know_how: person.know_how.clone(),
    }
}
