//! Order (RFC 2891), and windows into it (draft-ietf-ldapext-ldapv3-vlv-09).

use std::cmp::Ordering;

use crate::controls::{Aim, SortKey, ViewWish, Viewed};
use crate::entry::Entry;
use crate::limits;
use crate::values::prepared;

/// A window that the target lies outside of.
const OFFSET_RANGE: u8 = 61;

/// Puts entries in order. Who has no value stands last (RFC 2891 §2.2), or first in reverse; the name
/// decides among equals, so that an order is the same each time.
pub(crate) fn sort(entries: &mut [Entry], keys: &[SortKey], arc: &str) {
    entries.sort_by_cached_key(|entry| {
        let keys = keys.iter().map(|key| Place { value: least(entry, key, arc), reverse: key.reverse });
        (keys.collect::<Vec<_>>(), entry.dn.clone())
    });
}

/// A value's place under one key.
#[derive(PartialEq, Eq)]
struct Place {
    value: Option<String>,
    reverse: bool,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = match (&self.value, &other.value) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if self.reverse { order.reverse() } else { order }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Of several values the least counts.
fn least(entry: &Entry, key: &SortKey, arc: &str) -> Option<String> {
    let syntax = key.attribute.syntax();
    entry.values(key.attribute).iter().filter_map(|value| prepared(syntax, value, arc)).min()
}

/// The part of an ordered list that a window shows, and what is told of it.
pub(crate) fn window(
    entries: &[Entry],
    keys: &[SortKey],
    wish: &ViewWish,
    arc: &str,
) -> (std::ops::Range<usize>, Viewed) {
    let count = entries.len();
    let told = |position, code| Viewed { position, count, code, list: None };
    let target = match &wish.target {
        Aim::Offset(0, _) => return (0..0, told(0, OFFSET_RANGE)),
        Aim::Offset(offset, believed) => place(*offset, *believed, count),
        Aim::Value(value) => at_value(entries, keys, value, arc),
    };
    let first = target.saturating_sub(wish.before);
    let last = target.saturating_add(wish.after).saturating_add(1).min(count);
    let last = last.min(first + limits::ENTRIES).max(first.min(count));
    (first.min(last)..last, told(target + 1, 0))
}

/// The client's place in the list as it believes it to be, in the list as it is (§6.2): its ends are ends.
fn place(offset: u64, believed: u64, count: usize) -> usize {
    let count = count as u64;
    let place = match believed {
        0 => offset,
        _ if offset == 1 => 1,
        _ if offset >= believed => count,
        _ => (u128::from(offset) * u128::from(count) / u128::from(believed)) as u64,
    };
    usize::try_from(place.clamp(1, count.max(1)) - 1).unwrap_or(0)
}

/// The first whose value is this or stands behind it in the order.
fn at_value(entries: &[Entry], keys: &[SortKey], value: &str, arc: &str) -> usize {
    let Some(key) = keys.first() else { return 0 };
    let wanted = Place { value: prepared(key.attribute.syntax(), value, arc), reverse: key.reverse };
    entries.partition_point(|entry| Place { value: least(entry, key, arc), reverse: key.reverse } < wanted)
}
