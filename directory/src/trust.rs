//! Which domains are ours, which are trusted, and whose certificates speak for them.
//!
//! Trust is decided by this list, never by a suffix (DESIGN §2.4). It has three sources, kept apart:
//! the configuration, what was imported by hand, and the national list.

mod canonical;
mod diff;
mod events;
#[cfg(test)]
mod invented;
mod keys;
mod list;
mod load;
mod signature;
mod sources;
mod speakers;
mod xml;

use std::collections::HashMap;

use db::{Tx, Value, args};
use names::{DistinguishedName, Domain};

pub use diff::Diff;
pub use events::{Event, EventKind, events};
pub use keys::{SharedKey, note_key};
pub use list::{Details, LeftOut, List, ListFault, NAMESPACE};
pub use load::{Brake, Current, Loaded, Offer, Outcome, Refusal, Settings, Unreadable, current};
pub use signature::{SignatureFault, SignaturePolicy, Signed, Signers, SignersError};
pub use sources::{Configured, Source, by_hand, configure, save};
pub use speakers::{Speaker, who_may_send};
pub use xml::XmlFault;

/// What a listed domain is to us.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// Ours, for professionals.
    Local,
    /// Ours, for patients.
    LocalPatients,
    /// Another operator's, for professionals.
    Remote,
    /// Another operator's, for patients.
    RemotePatients,
}

impl Place {
    /// Every place, for tables of tests.
    pub const ALL: [Self; 4] = [Self::Local, Self::LocalPatients, Self::Remote, Self::RemotePatients];

    /// The code kept in the database and in import files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::LocalPatients => "local-patients",
            Self::Remote => "remote",
            Self::RemotePatients => "remote-patients",
        }
    }

    /// The place a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.code() == code)
    }

    /// Whether its mailboxes are in this house.
    #[must_use]
    pub fn is_local(self) -> bool {
        match self {
            Self::Local | Self::LocalPatients => true,
            Self::Remote | Self::RemotePatients => false,
        }
    }
}

const PLACES: &str = "SELECT domain, place FROM trusted_domain WHERE domain IN ({})";
const BY_PLACE: &str = "SELECT domain FROM trusted_domain WHERE place = $1 ORDER BY domain";
const NAMES: &str = "SELECT domain, dn FROM trusted_name WHERE domain IN ({})";
const BY_NAME: &str = "SELECT DISTINCT domain FROM trusted_name WHERE dn_key = $1 ORDER BY domain";

/// What these domains are to us; those not listed are left out: they are not trusted.
pub async fn places(tx: &mut Tx, domains: &[&Domain]) -> Result<HashMap<Domain, Place>, db::Error> {
    let list = domains.iter().map(|domain| Value::from(domain.as_str())).collect();
    let rows = tx.rows_in(PLACES, args![], list).await?;
    rows.iter().map(|row| Ok((domain(&row.text(0)?)?, place(&row.text(1)?)?))).collect()
}

/// Whether a domain is ours or on the list.
pub async fn is_trusted(tx: &mut Tx, domain: &Domain) -> Result<bool, db::Error> {
    Ok(!places(tx, &[domain]).await?.is_empty())
}

/// The domains that are this to us.
pub async fn domains(tx: &mut Tx, place: Place) -> Result<Vec<Domain>, db::Error> {
    tx.rows(BY_PLACE, args![place.code()]).await?.iter().map(|row| domain(&row.text(0)?)).collect()
}

/// The domains that the holder of a certificate may speak for.
pub async fn domains_of(tx: &mut Tx, name: &DistinguishedName) -> Result<Vec<Domain>, db::Error> {
    tx.rows(BY_NAME, args![name.key()]).await?.iter().map(|row| domain(&row.text(0)?)).collect()
}

/// The distinguished names that may speak for these domains, each pair once.
pub async fn names_of(
    tx: &mut Tx,
    domains: &[&Domain],
) -> Result<Vec<(Domain, DistinguishedName)>, db::Error> {
    let list = domains.iter().map(|domain| Value::from(domain.as_str())).collect();
    let rows = tx.rows_in(NAMES, args![], list).await?;
    let mut found: Vec<(Domain, DistinguishedName)> = rows
        .iter()
        .map(|row| Ok((domain(&row.text(0)?)?, name(&row.text(1)?)?)))
        .collect::<Result<_, db::Error>>()?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn domain(text: &str) -> Result<Domain, db::Error> {
    Domain::parse(text).map_err(|_| db::Error::Damaged("a trusted domain does not parse".to_owned()))
}

fn place(code: &str) -> Result<Place, db::Error> {
    Place::from_code(code).ok_or_else(|| db::Error::Damaged("the place of a domain is unknown".to_owned()))
}

fn name(text: &str) -> Result<DistinguishedName, db::Error> {
    DistinguishedName::parse(text)
        .map_err(|_| db::Error::Damaged("a trusted distinguished name does not parse".to_owned()))
}

#[cfg(test)]
mod tests;
