//! What an update changes in whom we trust.

use std::collections::BTreeMap;
use std::fmt;

use db::{Tx, args};
use names::{Domain, Timestamp};

use crate::trust::{self, Details, List, Place, Source};

/// The difference between the list in force and another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Domains that come.
    pub domains_added: Vec<Domain>,
    /// Domains that go.
    pub domains_removed: Vec<Domain>,
    /// Names that come, those of new domains included.
    pub names_added: Vec<(Domain, String)>,
    /// Names that go, those of lost domains included.
    pub names_removed: Vec<(Domain, String)>,
    /// Domains that are something else to us, since the configuration changed.
    pub places_changed: Vec<(Domain, Place)>,
    /// Entries that differ only in description or contacts.
    pub details_changed: usize,
    /// Domains whose rows are to be written again.
    pub(super) touched: Vec<Domain>,
}

/// What the database holds of the national list.
#[derive(Debug, Default)]
pub(super) struct InForce {
    pub(super) domains: BTreeMap<Domain, Place>,
    names: BTreeMap<Domain, BTreeMap<String, Row>>,
}

#[derive(Debug)]
struct Row {
    dn: String,
    since: Timestamp,
    details: Details,
}

const DOMAINS: &str = "SELECT domain, place FROM trusted_source WHERE source = $1";
const NAMES: &str =
    "SELECT domain, dn_key, dn, since, description, contact, support FROM trusted_name WHERE source = $1";

impl InForce {
    pub(super) async fn load(tx: &mut Tx) -> Result<Self, db::Error> {
        let mut loaded = Self::default();
        for row in tx.rows(DOMAINS, args![Source::List.code()]).await? {
            loaded.domains.insert(trust::domain(&row.text(0)?)?, trust::place(&row.text(1)?)?);
        }
        for row in tx.rows(NAMES, args![Source::List.code()]).await? {
            let details = Details { description: row.text(4)?, contact: row.text(5)?, support: row.text(6)? };
            let of_domain = loaded.names.entry(trust::domain(&row.text(0)?)?).or_default();
            of_domain.insert(row.text(1)?, Row { dn: row.text(2)?, since: row.time(3)?, details });
        }
        Ok(loaded)
    }

    /// Since when a name speaks for a domain, when it did already.
    pub(super) fn since(&self, domain: &Domain, key: &str) -> Option<Timestamp> {
        self.names.get(domain).and_then(|names| names.get(key)).map(|row| row.since)
    }

    /// What applying this list would change; `patients` are the domains of other operators' patients.
    pub(super) fn diff(&self, list: &List, patients: &[Domain]) -> Diff {
        let mut diff = Diff::default();
        for domain in self.domains.keys().filter(|domain| !list.domains.contains_key(domain)) {
            diff.domains_removed.push(domain.clone());
            for row in self.names.get(domain).into_iter().flat_map(BTreeMap::values) {
                diff.names_removed.push((domain.clone(), row.dn.clone()));
            }
        }
        let none = BTreeMap::new();
        for (domain, names) in &list.domains {
            let place = place_of(domain, patients);
            let known = self.names.get(domain).unwrap_or(&none);
            let mut touched = false;
            match self.domains.get(domain) {
                None => diff.domains_added.push(domain.clone()),
                Some(before) if *before != place => diff.places_changed.push((domain.clone(), place)),
                Some(_) => {}
            }
            for (name, details) in names {
                match known.get(name.key()) {
                    None => {
                        diff.names_added.push((domain.clone(), name.to_string()));
                        touched = true;
                    }
                    Some(row) if row.details != *details => {
                        diff.details_changed += 1;
                        touched = true;
                    }
                    Some(_) => {}
                }
            }
            for (key, row) in known {
                if !names.keys().any(|name| name.key() == key) {
                    diff.names_removed.push((domain.clone(), row.dn.clone()));
                    touched = true;
                }
            }
            if touched {
                diff.touched.push(domain.clone());
            }
        }
        diff
    }
}

/// What a listed domain that is not ours is to us: the list does not say whose domain is a patients'.
pub(super) fn place_of(domain: &Domain, patients: &[Domain]) -> Place {
    if patients.contains(domain) { Place::RemotePatients } else { Place::Remote }
}

impl Diff {
    /// Whether nothing changes, not even a contact.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The numbers, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!(
            "domains +{} −{}, names +{} −{}, descriptions and contacts ~{}",
            self.domains_added.len(),
            self.domains_removed.len(),
            self.names_added.len(),
            self.names_removed.len(),
            self.details_changed
        );
        if !self.places_changed.is_empty() {
            text.push_str(&format!(", places ~{}", self.places_changed.len()));
        }
        text
    }
}

/// One line for each change, domains first.
impl fmt::Display for Diff {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for domain in &self.domains_added {
            writeln!(out, "+ {domain}")?;
        }
        for domain in &self.domains_removed {
            writeln!(out, "- {domain}")?;
        }
        for (domain, place) in &self.places_changed {
            writeln!(out, "~ {domain} is now {}", place.code())?;
        }
        for (domain, name) in &self.names_added {
            writeln!(out, "+ {domain}: {name}")?;
        }
        for (domain, name) in &self.names_removed {
            writeln!(out, "- {domain}: {name}")?;
        }
        writeln!(out, "{}", self.summary())
    }
}
