//! Which domains are ours, which are trusted, and whose certificates speak for them.
//!
//! Trust is decided by this list, never by a suffix (DESIGN §2.4). Simple for now: seeded by hand;
//! the signed national list comes later and fills the same two tables.

use std::collections::HashMap;

use db::{Tx, Value, args};
use names::Domain;

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
const BY_NAME: &str = "SELECT domain FROM trusted_name WHERE dn = $1 ORDER BY domain";
const SAVE: &str = "INSERT INTO trusted_domain (domain, place) VALUES ($1, $2)
    ON CONFLICT (domain) DO UPDATE SET place = excluded.place";
const FORGET_NAMES: &str = "DELETE FROM trusted_name WHERE domain = $1";
const ADD_NAMES: &str = "INSERT INTO trusted_name (domain, dn) VALUES";

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

/// The domains that a certificate's distinguished name may speak for, as the list writes it.
pub async fn domains_of_name(tx: &mut Tx, dn: &str) -> Result<Vec<Domain>, db::Error> {
    tx.rows(BY_NAME, args![dn]).await?.iter().map(|row| domain(&row.text(0)?)).collect()
}

/// The distinguished names that may speak for these domains.
pub async fn names_of(tx: &mut Tx, domains: &[&Domain]) -> Result<Vec<(Domain, String)>, db::Error> {
    let list = domains.iter().map(|domain| Value::from(domain.as_str())).collect();
    let rows = tx.rows_in(NAMES, args![], list).await?;
    rows.iter().map(|row| Ok((domain(&row.text(0)?)?, row.text(1)?))).collect()
}

/// Writes a domain and its distinguished names. The caller bumps the generation.
pub async fn save(tx: &mut Tx, domain: &Domain, place: Place, names: &[String]) -> Result<(), db::Error> {
    tx.execute(SAVE, args![domain.as_str(), place.code()]).await?;
    tx.execute(FORGET_NAMES, args![domain.as_str()]).await?;
    let rows = names.iter().map(|name| args![domain.as_str(), name.as_str()]).collect();
    tx.insert_rows(ADD_NAMES, "ON CONFLICT (domain, dn) DO NOTHING", rows).await.map(drop)
}

fn domain(text: &str) -> Result<Domain, db::Error> {
    Domain::parse(text).map_err(|_| db::Error::Damaged("a trusted domain does not parse".to_owned()))
}

fn place(code: &str) -> Result<Place, db::Error> {
    Place::from_code(code).ok_or_else(|| db::Error::Damaged("the place of a domain is unknown".to_owned()))
}
