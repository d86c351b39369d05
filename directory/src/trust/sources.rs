//! Where a trusted domain comes from, and what follows when it comes from several places.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use db::{Args, Tx, Value, args};
use names::{DistinguishedName, Domain, Timestamp};

use crate::trust::{self, Details, Place};

/// Who says that a domain is trusted. The earlier one decides what the domain is to us.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// The configuration of this server: its own domains, and further ones.
    Configuration,
    /// Somebody who imported it.
    Manual,
    /// The national list.
    List,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Configuration, Self::Manual, Self::List];

    /// The code kept in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Manual => "manual",
            Self::List => "list",
        }
    }

    pub(super) fn from_code(code: &str) -> Result<Self, db::Error> {
        Self::ALL
            .into_iter()
            .find(|source| source.code() == code)
            .ok_or_else(|| db::Error::Damaged("the source of a trusted domain is unknown".to_owned()))
    }
}

/// A domain that the configuration trusts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configured {
    /// Which.
    pub domain: Domain,
    /// What it is to us.
    pub place: Place,
    /// Who may speak for it, beside those of the national list.
    pub names: Vec<DistinguishedName>,
}

/// What one source says of one domain.
pub(super) type Said = (Place, BTreeSet<DistinguishedName>);

const SOURCES: &str = "SELECT domain, source, place FROM trusted_source WHERE domain IN ({})";
const OF_SOURCE: &str = "SELECT domain, place FROM trusted_source WHERE source = $1";
const NAMES_OF_SOURCE: &str = "SELECT domain, dn FROM trusted_name WHERE source = $1";
const NAMES_HERE: &str = "SELECT dn FROM trusted_name WHERE source = $1 AND domain = $2";
const PUT: &str = "INSERT INTO trusted_source (domain, source, place, since) VALUES ($1, $2, $3, $4)
    ON CONFLICT (domain, source) DO UPDATE SET place = excluded.place";
const PUT_NAMES: &str = "INSERT INTO trusted_name
    (domain, source, dn_key, dn, since, description, contact, support) VALUES";
const FORGET_NAMES: &str = "DELETE FROM trusted_name WHERE source = $1 AND domain = $2 AND dn_key IN ({})";
const FORGET_ALL_NAMES: &str = "DELETE FROM trusted_name WHERE source = $1 AND domain IN ({})";
const FORGET: &str = "DELETE FROM trusted_source WHERE source = $1 AND domain IN ({})";
const DECIDE: &str = "INSERT INTO trusted_domain (domain, place) VALUES";
const DECIDE_AGAIN: &str = "ON CONFLICT (domain) DO UPDATE SET place = excluded.place";
const DISTRUST: &str = "DELETE FROM trusted_domain WHERE domain IN ({})";

/// Writes a domain entered by hand and its distinguished names. The caller bumps the generation.
pub async fn save(
    tx: &mut Tx,
    domain: &Domain,
    place: Place,
    names: &[DistinguishedName],
    now: Timestamp,
) -> Result<(), db::Error> {
    let said = (place, names.iter().cloned().collect());
    put(tx, Source::Manual, domain, &said, now).await?;
    settle(tx, &[domain]).await
}

/// What was entered by hand of these domains.
pub async fn by_hand(tx: &mut Tx, domains: &[&Domain]) -> Result<HashMap<Domain, Said>, db::Error> {
    let mut all = said(tx, Source::Manual).await?;
    Ok(domains.iter().filter_map(|domain| all.remove_entry(*domain)).collect())
}

/// Makes the domains of the configuration exactly these: what it no longer names is no longer trusted
/// because of it. Says whether anything changed; then the caller bumps the generation.
pub async fn configure(tx: &mut Tx, wanted: &[Configured], now: Timestamp) -> Result<bool, db::Error> {
    let known = said(tx, Source::Configuration).await?;
    let mut all: BTreeMap<&Domain, Said> = BTreeMap::new();
    for configured in wanted {
        let said = all.entry(&configured.domain).or_insert_with(|| (configured.place, BTreeSet::new()));
        said.1.extend(configured.names.iter().cloned());
    }
    let gone: Vec<&Domain> = known.keys().filter(|domain| !all.contains_key(domain)).collect();
    remove(tx, Source::Configuration, &gone).await?;
    let mut changed = gone.clone();
    for (domain, said) in &all {
        if known.get(*domain) != Some(said) {
            put(tx, Source::Configuration, domain, said, now).await?;
            changed.push(domain);
        }
    }
    settle(tx, &changed).await?;
    Ok(!changed.is_empty())
}

/// All that one source says.
pub(super) async fn said(tx: &mut Tx, source: Source) -> Result<BTreeMap<Domain, Said>, db::Error> {
    let mut all = BTreeMap::new();
    for row in tx.rows(OF_SOURCE, args![source.code()]).await? {
        all.insert(trust::domain(&row.text(0)?)?, (trust::place(&row.text(1)?)?, BTreeSet::new()));
    }
    for row in tx.rows(NAMES_OF_SOURCE, args![source.code()]).await? {
        if let Some((_, names)) = all.get_mut(&trust::domain(&row.text(0)?)?) {
            names.insert(trust::name(&row.text(1)?)?);
        }
    }
    Ok(all)
}

/// Names that stay keep the date they came.
async fn put(
    tx: &mut Tx,
    source: Source,
    domain: &Domain,
    (place, names): &Said,
    now: Timestamp,
) -> Result<(), db::Error> {
    tx.execute(PUT, args![domain.as_str(), source.code(), place.code(), now]).await?;
    let known: BTreeSet<DistinguishedName> = tx
        .rows(NAMES_HERE, args![source.code(), domain.as_str()])
        .await?
        .iter()
        .map(|row| trust::name(&row.text(0)?))
        .collect::<Result<_, _>>()?;
    let gone = known.difference(names).map(|name| Value::from(name.key())).collect();
    tx.execute_in(FORGET_NAMES, args![source.code(), domain.as_str()], gone).await?;
    let row = |name| name_row(domain, source, name, now, &Details::default());
    put_names(tx, names.difference(&known).map(row).collect()).await
}

pub(super) fn name_row(
    domain: &Domain,
    source: Source,
    name: &DistinguishedName,
    since: Timestamp,
    details: &Details,
) -> Args {
    let Details { description, contact, support } = details;
    let (domain, source, text) = (domain.as_str(), source.code(), name.to_string());
    args![domain, source, name.key(), text, since, description, contact, support]
}

pub(super) async fn put_names(tx: &mut Tx, rows: Vec<Args>) -> Result<(), db::Error> {
    tx.insert_rows(PUT_NAMES, "", rows).await.map(drop)
}

pub(super) async fn forget_names(tx: &mut Tx, source: Source, domains: &[&Domain]) -> Result<(), db::Error> {
    tx.execute_in(FORGET_ALL_NAMES, args![source.code()], list(domains)).await.map(drop)
}

fn list(domains: &[&Domain]) -> Vec<Value> {
    domains.iter().map(|domain| Value::from(domain.as_str())).collect()
}

/// Takes back what a source said of these domains. [`settle`] comes after.
pub(super) async fn remove(tx: &mut Tx, source: Source, domains: &[&Domain]) -> Result<(), db::Error> {
    forget_names(tx, source, domains).await?;
    tx.execute_in(FORGET, args![source.code()], list(domains)).await.map(drop)
}

/// Decides again what these domains are to us, from all that is said of them.
pub(super) async fn settle(tx: &mut Tx, domains: &[&Domain]) -> Result<(), db::Error> {
    let mut decided: BTreeMap<String, (Source, Place)> = BTreeMap::new();
    for row in tx.rows_in(SOURCES, args![], list(domains)).await? {
        let said = (Source::from_code(&row.text(1)?)?, trust::place(&row.text(2)?)?);
        let best = decided.entry(row.text(0)?).or_insert(said);
        if said.0 < best.0 {
            *best = said;
        }
    }
    let gone = domains.iter().filter(|domain| !decided.contains_key(domain.as_str()));
    let gone = gone.map(|domain| Value::from(domain.as_str())).collect();
    tx.execute_in(DISTRUST, args![], gone).await?;
    let rows = decided.iter().map(|(domain, (_, place))| args![domain.as_str(), place.code()]).collect();
    tx.insert_rows(DECIDE, DECIDE_AGAIN, rows).await.map(drop)
}
