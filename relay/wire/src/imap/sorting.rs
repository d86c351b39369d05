//! SORT's order and THREAD's letters for the world of the tests, from the raw fields.

use std::cmp::Ordering;

use super::thread_oracle;
use super::world::Letter;
use super::{Direction, SortBy, SortKey};
use crate::mime::{Head, base_subject};

fn head(letter: &Letter) -> Head {
    Head::parse(letter.head.clone()).expect("it was parsed before")
}

fn subject(letter: &Letter) -> (String, bool) {
    let subject = head(letter).subject();
    let base = base_subject(&subject);
    (base.text.to_uppercase(), base.answers)
}

fn sent(letter: &Letter) -> i64 {
    head(letter).date().unwrap_or(letter.received).0
}

/// The mailbox, or the name, of the first address.
fn address(letter: &Letter, field: &str, by: SortBy) -> String {
    let addresses = head(letter).addresses(field).mailboxes;
    let Some(first) = addresses.first() else { return String::new() };
    let address = first.address.to_string();
    let text = match by {
        SortBy::DisplayFrom | SortBy::DisplayTo => first.name.clone().unwrap_or(address),
        _ => address.split('@').next().unwrap_or_default().to_owned(),
    };
    text.to_uppercase()
}

pub fn compare(a: &Letter, b: &Letter, keys: &[SortKey]) -> Ordering {
    let decided = keys.iter().map(|key| {
        let order = match key.by {
            SortBy::Arrival => a.received.cmp(&b.received),
            SortBy::Size => a.raw().len().cmp(&b.raw().len()),
            SortBy::Date => sent(a).cmp(&sent(b)),
            SortBy::Subject => subject(a).0.cmp(&subject(b).0),
            SortBy::Cc => address(a, "Cc", key.by).cmp(&address(b, "Cc", key.by)),
            SortBy::From | SortBy::DisplayFrom => address(a, "From", key.by).cmp(&address(b, "From", key.by)),
            SortBy::To | SortBy::DisplayTo => address(a, "To", key.by).cmp(&address(b, "To", key.by)),
        };
        match key.direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        }
    });
    decided.fold(Ordering::Equal, Ordering::then).then(a.uid.cmp(&b.uid))
}

pub fn threadable(letter: &Letter) -> thread_oracle::Letter {
    let head = head(letter);
    let (subject, answers) = subject(letter);
    let mut references = head.references();
    if references.is_empty() {
        references = head.in_reply_to().into_iter().filter(|id| id.contains('@')).take(1).collect();
    }
    thread_oracle::Letter {
        uid: letter.uid,
        sent: sent(letter),
        id: head.message_id(),
        references: references.into_iter().map(|id| id.replace('"', "")).collect(),
        subject,
        answers,
    }
}
