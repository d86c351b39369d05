//! Whose certificates speak for a domain, with all that is known of it: for people who look.

use db::{Tx, args};
use names::{DistinguishedName, Domain, Timestamp};

use crate::trust::{self, Source};

/// A distinguished name that may speak for a domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Speaker {
    /// The name.
    pub name: DistinguishedName,
    /// Who says so.
    pub source: Source,
    /// Since when.
    pub since: Timestamp,
    /// What the list says the domain serves.
    pub description: String,
    /// Who answers for the domain, as the list writes it.
    pub contact: String,
    /// Who helps, as the list writes it.
    pub support: String,
    /// When a certificate with this name was last shown to us.
    pub seen: Option<Timestamp>,
}

const SPEAKERS: &str = "SELECT dn, source, since, description, contact, support,
        (SELECT MAX(last_seen) FROM peer_key WHERE peer_key.dn_key = trusted_name.dn_key)
    FROM trusted_name WHERE domain = $1 ORDER BY dn_key, source";

/// Who may send letters from this domain.
pub async fn who_may_send(tx: &mut Tx, domain: &Domain) -> Result<Vec<Speaker>, db::Error> {
    let rows = tx.rows(SPEAKERS, args![domain.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Speaker {
                name: trust::name(&row.text(0)?)?,
                source: Source::from_code(&row.text(1)?)?,
                since: row.time(2)?,
                description: row.text(3)?,
                contact: row.text(4)?,
                support: row.text(5)?,
                seen: row.maybe_time(6)?,
            })
        })
        .collect()
}
