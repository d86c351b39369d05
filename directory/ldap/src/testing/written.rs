//! Filters as people write them (RFC 4515): the text parser of the codec knows no numbers of attributes, no
//! spaces and no escapes.

use ldap3_proto::proto::{LdapFilter, LdapMatchingRuleAssertion, LdapSubstringFilter};

pub(super) fn filter(text: &str) -> LdapFilter {
    let mut rest = text;
    let filter = one(&mut rest);
    assert!(rest.is_empty(), "{text}: {rest}");
    filter
}

fn one(rest: &mut &str) -> LdapFilter {
    *rest = rest.strip_prefix('(').unwrap_or_else(|| panic!("a filter begins with a parenthesis: {rest}"));
    let filter = match rest.as_bytes()[0] {
        b'&' => LdapFilter::And(all(rest)),
        b'|' => LdapFilter::Or(all(rest)),
        b'!' => {
            *rest = &rest[1..];
            LdapFilter::Not(Box::new(one(rest)))
        }
        _ => {
            let (item, behind) = rest.split_at(rest.find(')').expect("a filter ends"));
            *rest = behind;
            of_item(item)
        }
    };
    *rest = rest.strip_prefix(')').expect("a filter ends with a parenthesis");
    filter
}

fn all(rest: &mut &str) -> Vec<LdapFilter> {
    *rest = &rest[1..];
    let mut all = Vec::new();
    while rest.starts_with('(') {
        all.push(one(rest));
    }
    all
}

fn of_item(item: &str) -> LdapFilter {
    let (name, value) = item.split_once('=').expect("an item has a value");
    if let Some(name) = name.strip_suffix(':') {
        let mut parts = name.split(':');
        let type_ = parts.next().filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        let mut parts: Vec<&str> = parts.collect();
        let dn_attributes = parts.first() == Some(&"dn");
        parts.drain(..usize::from(dn_attributes));
        let matching_rule = parts.first().map(|rule| (*rule).to_owned());
        let match_value = unescaped(value);
        return LdapFilter::Extensible(LdapMatchingRuleAssertion {
            matching_rule,
            type_,
            match_value,
            dn_attributes,
        });
    }
    let name = |end: char| name.strip_suffix(end).map(ToOwned::to_owned);
    if let Some(name) = name('~') {
        return LdapFilter::Approx(name, unescaped(value));
    }
    if let Some(name) = name('>') {
        return LdapFilter::GreaterOrEqual(name, unescaped(value));
    }
    if let Some(name) = name('<') {
        return LdapFilter::LessOrEqual(name, unescaped(value));
    }
    let name = item.split_once('=').expect("an item has a value").0.to_owned();
    match value.split('*').collect::<Vec<_>>().as_slice() {
        ["", ""] => LdapFilter::Present(name),
        [value] => LdapFilter::Equality(name, unescaped(value)),
        [initial, any @ .., last] => {
            let part = |text: &str| (!text.is_empty()).then(|| unescaped(text));
            let any = any.iter().map(|text| unescaped(text)).collect();
            LdapFilter::Substring(
                name,
                LdapSubstringFilter { initial: part(initial), any, final_: part(last) },
            )
        }
        [] => unreachable!("a split has a part"),
    }
}

fn unescaped(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'\\' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            octets.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).unwrap()
}
