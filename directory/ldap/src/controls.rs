//! Controls of searches: pages (RFC 2696), order (RFC 2891), windows into a list
//! (draft-ietf-ldapext-ldapv3-vlv-09).

use ldap3_proto::control::LdapControl;

use crate::ber::{self, Broken, Reader, Writer};
use crate::limits;
use crate::message::Control;
use crate::schema::Attribute;

/// Pages.
pub(crate) const PAGED: &str = "1.2.840.113556.1.4.319";
/// Order, asked for.
pub(crate) const SORT: &str = "1.2.840.113556.1.4.473";
/// Order, answered.
const SORTED: &str = "1.2.840.113556.1.4.474";
/// A window, asked for.
pub(crate) const VIEW: &str = "2.16.840.1.113730.3.4.9";
/// A window, answered.
const VIEWED: &str = "2.16.840.1.113730.3.4.10";
/// No referrals are wanted (RFC 3296); there are none.
const MANAGE: &str = "2.16.840.1.113730.3.4.2";
/// The same, as Microsoft's programs say it.
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";

/// What controls ask of a search.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wishes {
    /// In pages.
    pub page: Option<PageWish>,
    /// In order.
    pub sort: Option<SortWish>,
    /// A window.
    pub view: Option<ViewWish>,
}

/// The next page.
#[derive(Clone, PartialEq, Debug)]
pub struct PageWish {
    /// Entries at most; 0 ends what the cookie stands for.
    pub size: u32,
    /// From the page before; empty for the first.
    pub cookie: Vec<u8>,
}

/// An order.
#[derive(Clone, PartialEq, Debug)]
pub struct SortWish {
    /// What decides, the first first; or why it cannot be done.
    pub keys: Result<Vec<SortKey>, SortFault>,
    /// Whether an answer without order is worth nothing.
    pub critical: bool,
}

/// What decides an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SortKey {
    /// Whose values are compared.
    pub attribute: Attribute,
    /// The last first.
    pub reverse: bool,
}

/// Why answers are not in order (RFC 2891 §1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortFault {
    /// There is no such attribute.
    NoSuchAttribute,
    /// It has no such order.
    InappropriateMatching,
    /// There are too many answers.
    TooMany,
}

/// A window into an ordered list.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewWish {
    /// Entries before the target.
    pub before: usize,
    /// Entries behind it.
    pub after: usize,
    /// The target.
    pub target: Aim,
    /// The list that was answered before.
    pub list: Option<Vec<u8>>,
}

/// Which entry a window is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Aim {
    /// This one of so many, as the client believes; 0 when it does not know.
    Offset(u64, u64),
    /// The first whose value is this or stands behind it.
    Value(String),
}

/// What a window shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Viewed {
    /// The target's place, from 1.
    pub position: usize,
    /// How many there are.
    pub count: usize,
    /// The result code of the control.
    pub code: u8,
    /// The list, for the next window.
    pub list: Option<Vec<u8>>,
}

/// Why controls are not obeyed; the request is answered with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Critical and unknown, or not for this request (RFC 4511 §4.1.11).
    Unavailable,
    /// Its value cannot be read, or it stands there twice.
    Wrong,
    /// A window needs an order.
    Unsorted,
    /// Pages and windows exclude each other.
    Both,
}

/// What the controls of a search ask.
pub(crate) fn of_search(controls: &[Control], arc: &str) -> Result<Wishes, Fault> {
    let mut wishes = Wishes::default();
    for (place, control) in controls.iter().enumerate() {
        let known = [PAGED, SORT, VIEW, MANAGE, DOMAIN_SCOPE].contains(&control.oid.as_str());
        if !known {
            if control.critical {
                return Err(Fault::Unavailable);
            }
            continue;
        }
        if controls[..place].iter().any(|before| before.oid == control.oid) {
            return Err(Fault::Wrong);
        }
        let value = control.value.as_deref().unwrap_or_default();
        match control.oid.as_str() {
            PAGED => wishes.page = Some(page(value).map_err(|_| Fault::Wrong)?),
            SORT => wishes.sort = Some(sort(value, control.critical, arc).map_err(|_| Fault::Wrong)?),
            VIEW => wishes.view = Some(view(value).map_err(|_| Fault::Wrong)?),
            _ => {}
        }
    }
    match (&wishes.view, &wishes.sort, &wishes.page) {
        (Some(_), _, Some(_)) => Err(Fault::Both),
        (Some(_), None, _) => Err(Fault::Unsorted),
        _ => Ok(wishes),
    }
}

/// Requests other than searches know none.
pub(crate) fn of_other(controls: &[Control]) -> Result<(), Fault> {
    let harmless = |control: &&Control| [MANAGE, DOMAIN_SCOPE].contains(&control.oid.as_str());
    let refused = controls.iter().filter(|control| !harmless(control)).any(|control| control.critical);
    if refused { Err(Fault::Unavailable) } else { Ok(()) }
}

fn page(value: &[u8]) -> Result<PageWish, Broken> {
    let mut inside = Reader::new(value).inside(ber::SEQUENCE)?;
    let size = inside.integer()?;
    let cookie = inside.expect(ber::OCTETS)?.to_vec();
    Ok(PageWish { size: u32::try_from(size).map_err(|_| Broken::Number)?, cookie })
}

fn sort(value: &[u8], critical: bool, arc: &str) -> Result<SortWish, Broken> {
    let mut all = Reader::new(value).inside(ber::SEQUENCE)?;
    let mut keys = Ok(Vec::new());
    let mut count = 0;
    while !all.is_empty() {
        let mut key = all.inside(ber::SEQUENCE)?;
        let name = key.text()?;
        let rule = key.maybe(0x80)?.map(ber::text).transpose()?;
        let reverse = key.maybe(0x81)?.map(ber::boolean).transpose()?.unwrap_or(false);
        count += 1;
        if !key.is_empty() || count > limits::SORT_KEYS {
            return Err(Broken::Kind);
        }
        let found = match (Attribute::named(name, arc), rule) {
            (None, _) => Err(SortFault::NoSuchAttribute),
            (Some(attribute), None) => Ok(attribute),
            (Some(attribute), Some(rule)) if ordering(rule) => Ok(attribute),
            (Some(_), Some(_)) => Err(SortFault::InappropriateMatching),
        };
        keys = match (keys, found) {
            (Ok(mut keys), Ok(attribute)) => {
                keys.push(SortKey { attribute, reverse });
                Ok(keys)
            }
            (Err(fault), _) | (Ok(_), Err(fault)) => Err(fault),
        };
    }
    if count == 0 { Err(Broken::Short) } else { Ok(SortWish { keys, critical }) }
}

/// Orders that may be named: each attribute is compared by its own all the same.
fn ordering(rule: &str) -> bool {
    const RULES: [(&str, &str); 6] = [
        ("caseIgnoreOrderingMatch", "2.5.13.3"),
        ("caseExactOrderingMatch", "2.5.13.6"),
        ("integerOrderingMatch", "2.5.13.15"),
        ("numericStringOrderingMatch", "2.5.13.9"),
        ("generalizedTimeOrderingMatch", "2.5.13.28"),
        ("caseIgnoreMatch", "2.5.13.2"),
    ];
    RULES.iter().any(|(name, oid)| name.eq_ignore_ascii_case(rule) || *oid == rule)
}

fn view(value: &[u8]) -> Result<ViewWish, Broken> {
    let mut inside = Reader::new(value).inside(ber::SEQUENCE)?;
    let size = |number: i64| usize::try_from(number).map_err(|_| Broken::Number);
    let before = size(inside.integer()?)?;
    let after = size(inside.integer()?)?;
    let target = inside.element()?;
    let target = match target.tag {
        0xa0 => {
            let mut place = Reader::new(target.body);
            let natural = |number: i64| u64::try_from(number).map_err(|_| Broken::Number);
            Aim::Offset(natural(place.integer()?)?, natural(place.integer()?)?)
        }
        0x81 => Aim::Value(ber::text(target.body)?.to_owned()),
        _ => return Err(Broken::Kind),
    };
    let list = inside.maybe(ber::OCTETS)?.map(<[u8]>::to_vec);
    Ok(ViewWish { before, after, target, list })
}

/// What stands under the answer to a page.
pub(crate) fn paged(cookie: &[u8]) -> LdapControl {
    // The whole number is not known (RFC 2696 §3: 0 says so).
    let value = Writer::default().number(ber::INTEGER, 0).element(ber::OCTETS, cookie).sequence();
    LdapControl::Unknown { oid: PAGED.to_owned(), criticality: false, value: Some(value) }
}

/// What stands under an answer that should be in order. Written here: the codec gives the attribute's
/// name a tag of its own choice.
pub(crate) fn sorted(fault: Option<SortFault>) -> LdapControl {
    let code = match fault {
        None => 0,
        Some(SortFault::NoSuchAttribute) => 16,
        Some(SortFault::InappropriateMatching) => 18,
        Some(SortFault::TooMany) => 11,
    };
    let value = Writer::default().number(ber::ENUMERATED, code).sequence();
    LdapControl::Unknown { oid: SORTED.to_owned(), criticality: false, value: Some(value) }
}

/// What stands under a window.
pub(crate) fn viewed(viewed: &Viewed) -> LdapControl {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut value = Writer::default()
        .number(ber::INTEGER, number(viewed.position))
        .number(ber::INTEGER, number(viewed.count))
        .number(ber::ENUMERATED, i64::from(viewed.code));
    if let Some(list) = &viewed.list {
        value = value.element(ber::OCTETS, list);
    }
    LdapControl::Unknown { oid: VIEWED.to_owned(), criticality: false, value: Some(value.sequence()) }
}
