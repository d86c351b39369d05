//! What the register publishes of this house: each holder's complete entry, written in the unit of whatever
//! changed it.
//!
//! Open mailboxes are published, suspended ones for administrators and with that said, closed ones are not; their
//! addresses stay ours all the same (`register::local`). Members and delegations are nobody's business outside.

use db::{Row, Tx, args};
use names::{AccountKind, Address, OrganisationId, PersonId, Timestamp};
use register::local::{self, Holder};
use register::{Coded, Listing, ListingId, Place, Professional, Situation, Source, Standing};

use crate::mailboxes::{Mailbox, MailboxState};
use crate::{Directory, Error, Organisation, Person, limits, organisations, people};

/// The form that holders are published in: counted up when it changes, so that all are published anew.
const FORM: i64 = 2;

const OF_PERSON: &str = "SELECT address, kind, description, service, responsible, red_list, rank, changed_at,
    organisation, state FROM mailbox WHERE person = $1 AND state <> 'closed' ORDER BY rank, address";
const OF_ORGANISATION: &str =
    "SELECT address, kind, description, service, responsible, red_list, rank, changed_at,
    organisation, state FROM mailbox WHERE organisation = $1 AND person IS NULL AND state <> 'closed'
    ORDER BY rank, address";
const PEOPLE: &str = "SELECT id FROM person WHERE id > $1 ORDER BY id LIMIT $2";
const ORGANISATIONS: &str = "SELECT id FROM organisation WHERE id > $1 ORDER BY id LIMIT $2";
const HELD_IN: &str =
    "SELECT DISTINCT person FROM mailbox WHERE organisation = $1 AND person IS NOT NULL ORDER BY person";
const PUBLISHED: &str = "SELECT form FROM directory_published WHERE id = 1";
const PUBLISH: &str = "UPDATE directory_published SET form = $1 WHERE id = 1";

/// Publishes the holder of a mailbox anew. Call it late in a unit, before the generation is counted up.
pub(crate) async fn of_mailbox(tx: &mut Tx, mailbox: &Mailbox, now: Timestamp) -> Result<(), Error> {
    match (&mailbox.person, &mailbox.organisation) {
        (Some(holder), _) => of_person(tx, holder.id, now).await,
        (None, Some(holder)) => of_organisation(tx, holder.id, now).await,
        (None, None) => Ok(()),
    }
}

/// Publishes a professional anew, or takes their entry away when they hold no mailbox.
pub(crate) async fn of_person(tx: &mut Tx, id: PersonId, now: Timestamp) -> Result<(), Error> {
    let Some(person) = people::find(tx, id).await? else { return Ok(()) };
    let rows = tx.rows(OF_PERSON, args![id]).await?;
    if rows.is_empty() {
        local::remove(tx, &Holder::Person(person.national_id)).await?;
        return Ok(());
    }
    let mut own = Vec::new();
    let mut situations: Vec<(OrganisationId, Vec<register::Mailbox>)> = Vec::new();
    for row in &rows {
        let mailbox = mailbox(row)?;
        match row.maybe_int(8)?.map(OrganisationId) {
            None => own.push(mailbox),
            Some(at) => match situations.iter_mut().find(|(known, _)| *known == at) {
                Some((_, mailboxes)) => mailboxes.push(mailbox),
                None => situations.push((at, vec![mailbox])),
            },
        }
    }
    let mut placed = Vec::with_capacity(situations.len());
    for (at, mailboxes) in situations {
        let organisation = organisations::find(tx, at).await?.ok_or(Error::Corrupt("organisation"))?;
        placed.push(situation(organisation, mailboxes));
    }
    let listing = Listing::Professional(Box::new(professional(person, placed, own, now)));
    local::replace(tx, &listing, now).await?;
    Ok(())
}

/// Publishes an organisation anew, or takes its entry away when it holds no mailbox.
pub(crate) async fn of_organisation(tx: &mut Tx, id: OrganisationId, now: Timestamp) -> Result<(), Error> {
    let Some(organisation) = organisations::find(tx, id).await? else { return Ok(()) };
    let rows = tx.rows(OF_ORGANISATION, args![id]).await?;
    if rows.is_empty() {
        local::remove(tx, &Holder::Structure(organisation.national_id)).await?;
        return Ok(());
    }
    let mailboxes = rows.iter().map(mailbox).collect::<Result<_, _>>()?;
    let listing = Listing::Organisation(Box::new(structure(organisation, mailboxes, now)));
    local::replace(tx, &listing, now).await?;
    Ok(())
}

/// Whose entries an import has changed, each published once at its end.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    people: std::collections::BTreeSet<i64>,
    organisations: std::collections::BTreeSet<i64>,
}

impl Touched {
    /// What is said of this professional changed.
    pub(crate) fn person(&mut self, person: PersonId) {
        self.people.insert(person.0);
    }

    /// What is said of this organisation changed, and so where people practise.
    pub(crate) fn organisation(&mut self, organisation: OrganisationId) {
        self.organisations.insert(organisation.0);
    }

    /// A mailbox changed: its holder's entry does.
    pub(crate) fn mailbox(&mut self, mailbox: &Mailbox) {
        match (&mailbox.person, &mailbox.organisation) {
            (Some(holder), _) => self.person(holder.id),
            (None, Some(holder)) => self.organisation(holder.id),
            (None, None) => {}
        }
    }

    /// Publishes all of them.
    pub(crate) async fn publish(mut self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        for organisation in &self.organisations {
            of_organisation(tx, OrganisationId(*organisation), now).await?;
            for row in tx.rows(HELD_IN, args![*organisation]).await? {
                self.people.insert(row.int(0)?);
            }
        }
        for person in self.people {
            of_person(tx, PersonId(person), now).await?;
        }
        Ok(())
    }
}

impl Directory {
    /// Publishes everybody who is here, once for each form of the entries: a house from before the register
    /// has it filled at its next start. How many holders were looked at.
    pub async fn publish_all(&self, now: Timestamp) -> Result<usize, Error> {
        if self.db().read().await?.row(PUBLISHED, args![]).await?.int(0)? >= FORM {
            return Ok(0);
        }
        let mut looked_at = 0;
        for book in [Book::People, Book::Organisations] {
            let mut after = 0;
            loop {
                let publish = db::unit("publish holders", (book, after, now), |(book, after, now), tx| {
                    Box::pin(book.publish(tx, *after, *now))
                });
                let Some((count, last)) = self.db().write(publish).await? else { break };
                looked_at += count;
                after = last;
            }
        }
        let done = db::unit("note what is published", (), |(), tx| {
            Box::pin(async move { tx.execute(PUBLISH, args![FORM]).await.map(drop) })
        });
        self.db().write(done).await?;
        Ok(looked_at)
    }
}

/// One of the two tables of holders.
#[derive(Clone, Copy)]
enum Book {
    People,
    Organisations,
}

impl Book {
    /// The next holders after an id: how many, and the last; none at the end.
    async fn publish(self, tx: &mut Tx, after: i64, now: Timestamp) -> Result<Option<(usize, i64)>, Error> {
        let sql = match self {
            Self::People => PEOPLE,
            Self::Organisations => ORGANISATIONS,
        };
        let rows = tx.rows(sql, args![after, limits::PUBLISHED_AT_ONCE as i64]).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
        for id in &ids {
            match self {
                Self::People => of_person(tx, PersonId(*id), now).await?,
                Self::Organisations => of_organisation(tx, OrganisationId(*id), now).await?,
            }
        }
        Ok(ids.last().map(|last| (ids.len(), *last)))
    }
}

fn professional(
    person: Person,
    situations: Vec<Situation>,
    mailboxes: Vec<register::Mailbox>,
    now: Timestamp,
) -> Professional {
    let label = |label: String| Coded { code: String::new(), label };
    Professional {
        id: ListingId(0),
        source: Source::Local,
        national_id: person.national_id,
        civility: person.civility,
        given_name: person.given_name,
        family_name: person.family_name,
        profession: person.profession,
        category: None,
        know_how: person.specialty.map(label).into_iter().collect(),
        situations,
        mailboxes,
        updated: now,
    }
}

fn situation(organisation: Organisation, mailboxes: Vec<register::Mailbox>) -> Situation {
    Situation {
        id: organisation.national_id.0.clone(),
        mode: None,
        role: None,
        place: place(&organisation),
        organisation: Some(organisation.national_id),
        organisation_name: organisation.name,
        sector: organisation.sector,
        phone: None,
        mailboxes,
    }
}

fn structure(
    organisation: Organisation,
    mailboxes: Vec<register::Mailbox>,
    now: Timestamp,
) -> register::Organisation {
    register::Organisation {
        id: ListingId(0),
        source: Source::Local,
        place: place(&organisation),
        siren: organisation.siret.as_ref().and_then(|siret| siret.get(..9)).map(str::to_owned),
        national_id: organisation.national_id,
        finess: organisation.finess,
        finess_legal: None,
        siret: organisation.siret,
        name: organisation.name,
        trade_name: String::new(),
        sector: organisation.sector,
        legal: false,
        phone: None,
        mailboxes,
        updated: now,
    }
}

fn place(organisation: &Organisation) -> Place {
    let street = Some(organisation.street.clone()).filter(|street| !street.is_empty());
    Place {
        lines: street.into_iter().collect(),
        postal_code: organisation.postal_code.clone(),
        town: organisation.town.clone(),
        department: String::new(),
        country: String::new(),
    }
}

fn mailbox(row: &Row) -> Result<register::Mailbox, Error> {
    Ok(register::Mailbox {
        address: Address::parse(&row.text(0)?).map_err(|_| Error::Corrupt("address of a mailbox"))?,
        kind: AccountKind::from_code(&row.text(1)?).ok_or(Error::Corrupt("kind of a mailbox"))?,
        description: row.maybe_text(2)?,
        service: row.maybe_text(3)?,
        responsible: row.maybe_text(4)?,
        red_list: row.bool(5)?,
        rank: row.int(6)?,
        paperless: false,
        updated: row.time(7)?,
        standing: match MailboxState::from_code(&row.text(9)?).ok_or(Error::Corrupt("state of a mailbox"))? {
            MailboxState::Open => Standing::Open,
            MailboxState::Suspended | MailboxState::Closed => Standing::Suspended,
        },
    })
}
