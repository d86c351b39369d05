//! What one line of an extract says of one entry, as octets that sort: key first.

use serde::{Deserialize, Serialize};

use crate::import::aliases;
use crate::parts::{Facts, Held, Identity, Key, Site};
use crate::{Coded, Mailbox, Situation};

/// What one line says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) enum Fact {
    /// A professional practises; the situation is absent when the line names none.
    Practises { identity: Identity, know_how: Option<Coded>, situation: Option<Situation> },
    /// A structure is as it stands beside somebody's activity.
    Stands { facts: Facts, site: Site },
    /// A professional holds a mailbox.
    Holds { identity: Identity, know_how: Option<Coded>, held: Held },
    /// A structure holds a mailbox.
    Owns { site: Site, mailbox: Mailbox },
}

/// Which extract tells a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extract {
    Activities,
    Mailboxes,
}

/// The extract that an encoded fact is of: the octet it begins with is the number of its variant.
pub(crate) fn extract(encoded: &[u8]) -> Option<Extract> {
    match encoded.first()? {
        0 | 1 => Some(Extract::Activities),
        2 | 3 => Some(Extract::Mailboxes),
        _ => None,
    }
}

/// Behind the key: the fact names no structure by its SIRET.
const NAMES_NONE: u8 = 0;
/// It does, by the eight octets that follow.
const NAMES_SIRET: u8 = 1;

/// Between key and fact; stands in no key, and below every octet that does.
const END_OF_KEY: u8 = 0;

/// The octets of a fact of an entry, in `row`, which is emptied before.
pub(crate) fn encode(key: &Key, fact: &Fact, row: &mut Vec<u8>) {
    row.clear();
    row.extend_from_slice(key.bytes());
    row.push(END_OF_KEY);
    match aliases::named_by(fact) {
        None => row.push(NAMES_NONE),
        Some(siret) => {
            row.push(NAMES_SIRET);
            row.extend_from_slice(&siret.to_be_bytes());
        }
    }
    let encoded = postcard::to_extend(fact, std::mem::take(row));
    // Writing to memory does not fail.
    *row = encoded.unwrap_or_default();
}

/// A row in its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split<'a> {
    pub(crate) key: &'a [u8],
    /// The SIRET that the fact names a structure by: what it means hangs on the FINESS of it.
    pub(crate) siret: Option<u64>,
    /// The octets of the fact.
    pub(crate) encoded: &'a [u8],
}

pub(crate) fn split(row: &[u8]) -> Option<Split<'_>> {
    let end = row.iter().position(|byte| *byte == END_OF_KEY)?;
    let (key, rest) = (&row[..end], &row[end + 1..]);
    match rest.split_first()? {
        (&NAMES_NONE, encoded) => Some(Split { key, siret: None, encoded }),
        (&NAMES_SIRET, rest) => {
            let (siret, encoded) = rest.split_first_chunk::<8>()?;
            Some(Split { key, siret: Some(u64::from_be_bytes(*siret)), encoded })
        }
        (_, _) => None,
    }
}

/// The same row for another entry.
pub(crate) fn rekeyed(row: &[u8], key: &Key) -> Option<Vec<u8>> {
    let end = row.iter().position(|byte| *byte == END_OF_KEY)?;
    Some([key.bytes(), &row[end..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{AccountKind, Address, NationalStructureId, Timestamp};

    #[test]
    fn an_encoded_fact_says_which_extract_it_is_of() {
        let mailbox = Mailbox {
            address: Address::parse("a@x.example").unwrap(),
            kind: AccountKind::Personal,
            description: None,
            service: None,
            responsible: None,
            red_list: false,
            rank: 1,
            paperless: false,
            updated: Timestamp(0),
            standing: crate::Standing::Open,
        };
        let held = Held { mailbox: mailbox.clone(), at: None };
        let identity = Identity::default();
        for (fact, wanted) in [
            (
                Fact::Practises { identity: identity.clone(), know_how: None, situation: None },
                Extract::Activities,
            ),
            (Fact::Stands { facts: Facts::default(), site: Site::default() }, Extract::Activities),
            (Fact::Holds { identity, know_how: None, held }, Extract::Mailboxes),
            (Fact::Owns { site: Site::default(), mailbox }, Extract::Mailboxes),
        ] {
            let mut row = Vec::new();
            encode(&Key::structure(&NationalStructureId("1580008803".to_owned())), &fact, &mut row);
            assert_eq!(extract(split(&row).unwrap().encoded), Some(wanted), "{fact:?}");
        }
        assert_eq!(extract(&[4]), None);
        assert_eq!(extract(&[]), None);
    }
}
