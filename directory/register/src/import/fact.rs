//! What one line of an extract says of one entry, as octets that sort: key first.

use serde::{Deserialize, Serialize};

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

/// Between key and fact; stands in no key, and below every octet that does.
const END_OF_KEY: u8 = 0;

/// The octets of a fact of an entry, in `row`, which is emptied before.
pub(crate) fn encode(key: &Key, fact: &Fact, row: &mut Vec<u8>) {
    row.clear();
    row.extend_from_slice(key.bytes());
    row.push(END_OF_KEY);
    let encoded = postcard::to_extend(fact, std::mem::take(row));
    // Writing to memory does not fail.
    *row = encoded.unwrap_or_default();
}

/// The key and the octets of the fact.
pub(crate) fn split(row: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = row.iter().position(|byte| *byte == END_OF_KEY)?;
    Some((&row[..end], &row[end + 1..]))
}
