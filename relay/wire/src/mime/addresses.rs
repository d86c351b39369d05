//! Address lists (RFC 5322 §3.4), read by one tokenizer for policy, display and IMAP alike.
//!
//! Encoded words are decoded in display names only; an address with `=?` is refused, as are quoted
//! local parts and domain literals (RELIABILITY S-13, S-14).

use names::{Address, AddressError};

use super::{envelope::EnvelopeAddress, limits, words};

/// An address with the name written beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name: decoded, one line, no controls. Written by the sender: to be shown beside
    /// the directory's own name only.
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

/// What an address field holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressList {
    /// The addresses we accept, in order, those inside groups included.
    pub mailboxes: Vec<Mailbox>,
    /// What stands where an address should and is none of ours.
    pub refused: Vec<Refused>,
    /// Names of the groups.
    pub groups: Vec<String>,
}

/// A thing in an address field that is no address we accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// As written, made safe to show. May name a patient.
    pub text: String,
    /// Why; `None` when the grammar itself is broken.
    pub cause: Option<AddressError>,
}

impl AddressList {
    /// Reads an unfolded value.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut list = Self::default();
        for item in items(text).into_iter().take(limits::MAILBOXES) {
            match item {
                Item::GroupStart(name) => list.groups.push(display(&name).unwrap_or_default()),
                Item::GroupEnd => {}
                Item::Broken(text) => list.refused.push(Refused { text: words::clean(&text), cause: None }),
                Item::Mailbox(spec) => {
                    let written = format!("{}@{}", spec.local, spec.domain);
                    // A route or a quoted local part is refused, never followed (RELIABILITY S-06).
                    let parsed = if spec.quoted || spec.route.is_some() {
                        Err(AddressError::LocalPart)
                    } else {
                        Address::parse(&written)
                    };
                    match parsed {
                        Ok(address) => list.mailboxes.push(Mailbox { name: display(&spec.name), address }),
                        Err(cause) => {
                            list.refused.push(Refused { text: words::clean(&written), cause: Some(cause) });
                        }
                    }
                }
            }
        }
        list
    }
}

/// The addresses of an unfolded value as IMAP's ENVELOPE wants them.
pub(super) fn envelope_list(text: &str) -> Vec<EnvelopeAddress> {
    let filled = |text: String| Some(text).filter(|t| !t.is_empty());
    items(text)
        .into_iter()
        .take(limits::MAILBOXES)
        .map(|item| match item {
            Item::GroupStart(name) => EnvelopeAddress { mailbox: Some(name), ..EnvelopeAddress::default() },
            Item::GroupEnd => EnvelopeAddress::default(),
            // A broken address still has to be shown; an empty host keeps it from looking like a group.
            Item::Broken(text) => EnvelopeAddress {
                mailbox: Some(text),
                host: Some(String::new()),
                ..EnvelopeAddress::default()
            },
            Item::Mailbox(spec) => EnvelopeAddress {
                name: filled(spec.name),
                route: spec.route,
                mailbox: Some(spec.local),
                host: Some(spec.domain),
            },
        })
        .collect()
}

fn display(name: &str) -> Option<String> {
    Some(words::cut(&words::clean(&words::decode(name)), limits::NAME_CHARS)).filter(|n| !n.is_empty())
}

enum Item {
    Mailbox(Spec),
    GroupStart(String),
    GroupEnd,
    Broken(String),
}

struct Spec {
    name: String,
    route: Option<String>,
    local: String,
    domain: String,
    quoted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Atom characters, dots excluded; anything not special counts.
    Atom(String),
    /// A quoted string, unquoted.
    Quoted(String),
    /// A domain literal with its brackets.
    Literal(String),
    /// A comment, without its parentheses.
    Comment(String),
    Special(char),
    /// White space between two tokens.
    Space,
}

/// One pass over the characters; comments nest, and everything unclosed ends with the text.
fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {
                if out.last() != Some(&Token::Space) {
                    out.push(Token::Space);
                }
            }
            '"' => {
                let mut inner = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => inner.extend(chars.next()),
                        c => inner.push(c),
                    }
                }
                out.push(Token::Quoted(inner));
            }
            '(' => {
                let (mut depth, mut inner) = (1_usize, String::new());
                while let Some(c) = chars.next() {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        '\\' => {
                            inner.extend(chars.next());
                            continue;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                    inner.push(c);
                }
                out.push(Token::Comment(inner));
            }
            '[' => {
                let mut inner = String::from("[");
                for c in chars.by_ref() {
                    inner.push(c);
                    if c == ']' {
                        break;
                    }
                }
                out.push(Token::Literal(inner));
            }
            '<' | '>' | '@' | ',' | ';' | ':' | '.' => out.push(Token::Special(c)),
            c => {
                let mut atom = String::from(c);
                while let Some(c) = chars.next_if(|c| !" \t\r\n\"([<>@,;:.".contains(*c)) {
                    atom.push(c);
                }
                out.push(Token::Atom(atom));
            }
        }
    }
    out
}

/// Splits into groups and mailboxes at the commas, semicolons and colons that stand outside angle
/// brackets.
fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    let (mut angle, mut group) = (false, false);
    for token in tokens(text) {
        match token {
            Token::Special('<') => angle = true,
            Token::Special('>') => angle = false,
            // Obsolete routes hold commas and a colon inside the brackets (RFC 5322 §4.4).
            Token::Special(',' | ':' | ';') if angle => {}
            Token::Special(',') => {
                finish(&mut current, &mut items);
                continue;
            }
            Token::Special(':') if !group => {
                items.push(Item::GroupStart(phrase(&current)));
                current.clear();
                group = true;
                continue;
            }
            Token::Special(';') if group => {
                finish(&mut current, &mut items);
                items.push(Item::GroupEnd);
                group = false;
                continue;
            }
            _ => {}
        }
        current.push(token);
    }
    finish(&mut current, &mut items);
    if group {
        items.push(Item::GroupEnd);
    }
    items
}

fn finish(current: &mut Vec<Token>, items: &mut Vec<Item>) {
    let tokens = std::mem::take(current);
    if tokens.iter().any(|t| !matches!(t, Token::Space | Token::Comment(_))) {
        items.push(mailbox(&tokens).map_or_else(|| Item::Broken(spelled(&tokens)), Item::Mailbox));
    }
}

/// `name-addr / addr-spec` (RFC 5322 §3.4); a comment after a bare address names it (obsolete, alive).
fn mailbox(tokens: &[Token]) -> Option<Spec> {
    let open = tokens.iter().position(|t| *t == Token::Special('<'));
    let Some(open) = open else {
        let name = tokens.iter().rev().find_map(|t| match t {
            Token::Comment(text) => Some(text.clone()),
            _ => None,
        });
        let (local, domain, quoted) = spec(tokens)?;
        return Some(Spec { name: name.unwrap_or_default(), route: None, local, domain, quoted });
    };
    let close = tokens.iter().position(|t| *t == Token::Special('>'))?;
    let after = &tokens[close + 1..];
    // Nothing but comments may follow the bracket: `<a@x> <b@y>` is nobody's address.
    if close < open || after.iter().any(|t| !matches!(t, Token::Space | Token::Comment(_))) {
        return None;
    }
    let mut inner = &tokens[open + 1..close];
    let mut route = None;
    if matches!(inner.iter().find(|t| **t != Token::Space), Some(Token::Special('@'))) {
        let colon = inner.iter().position(|t| *t == Token::Special(':'))?;
        route = Some(spelled(&inner[..colon]));
        inner = &inner[colon + 1..];
    }
    let (local, domain, quoted) = spec(inner)?;
    Some(Spec { name: phrase(&tokens[..open]), route, local, domain, quoted })
}

/// `local-part "@" domain`, comments and spaces allowed around it but not inside: there readers differ.
fn spec(tokens: &[Token]) -> Option<(String, String, bool)> {
    let blank = |t: &Token| matches!(t, Token::Space | Token::Comment(_));
    let first = tokens.iter().position(|t| !blank(t))?;
    let last = tokens.iter().rposition(|t| !blank(t))?;
    let core = &tokens[first..=last];
    let at = core.iter().rposition(|t| *t == Token::Special('@'))?;
    let mut quoted = false;
    let mut local = String::new();
    for token in &core[..at] {
        match token {
            Token::Atom(text) => local.push_str(text),
            Token::Quoted(text) => {
                quoted = true;
                local.push_str(text);
            }
            Token::Special('.') => local.push('.'),
            _ => return None,
        }
    }
    let mut domain = String::new();
    for token in &core[at + 1..] {
        match token {
            Token::Atom(text) | Token::Literal(text) => domain.push_str(text),
            Token::Special('.') => domain.push('.'),
            _ => return None,
        }
    }
    (!local.is_empty() && !domain.is_empty()).then_some((local, domain, quoted))
}

/// A display name: words joined as written, quotes undone, comments dropped.
fn phrase(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::Atom(text) | Token::Quoted(text) | Token::Literal(text) => out.push_str(text),
            Token::Special(c) => out.push(*c),
            Token::Space if !out.is_empty() && !out.ends_with(' ') => out.push(' '),
            Token::Space | Token::Comment(_) => {}
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn spelled(tokens: &[Token]) -> String {
    let mut out = String::new();
    for token in tokens {
        match token {
            Token::Atom(text) | Token::Literal(text) => out.push_str(text),
            Token::Quoted(text) => out.push_str(&format!("\"{text}\"")),
            Token::Comment(text) => out.push_str(&format!("({text})")),
            Token::Special(c) => out.push(*c),
            Token::Space => out.push(' '),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        AddressList::parse(text)
            .mailboxes
            .into_iter()
            .map(|m| (m.name.unwrap_or_default(), m.address.to_string()))
            .collect()
    }

    #[test]
    fn addresses_as_mailers_write_them() {
        for (text, want) in [
            ("a@b.fr", &[("", "a@b.fr")][..]),
            ("<a@b.fr>", &[("", "a@b.fr")]),
            ("Jean Dupont <a@b.fr>", &[("Jean Dupont", "a@b.fr")]),
            ("\"Dupont, Jean\" <A@B.fr>", &[("Dupont, Jean", "a@b.fr")]),
            ("\"a \\\"b\\\" c\"<a@b.fr>", &[("a \"b\" c", "a@b.fr")]),
            ("Dr. J. Dupont <a@b.fr>, c@d.fr", &[("Dr. J. Dupont", "a@b.fr"), ("", "c@d.fr")]),
            ("a@b.fr (Jean)", &[("Jean", "a@b.fr")]),
            ("=?utf-8?Q?H=C3=A9l=C3=A8ne?= <a@b.fr>", &[("Hélène", "a@b.fr")]),
            ("=?utf-8?Q?a=0D=0ABcc=3A_x?= <a@b.fr>", &[("a Bcc: x", "a@b.fr")]),
            ("\"=?utf-8?Q?H=C3=A9l=C3=A8ne?=\" <a@b.fr>", &[("Hélène", "a@b.fr")]),
            ("equipe: a@b.fr, Jean <c@d.fr>;", &[("", "a@b.fr"), ("Jean", "c@d.fr")]),
            ("undisclosed-recipients:;", &[]),
            ("a@b.fr,, ,c@d.fr,", &[("", "a@b.fr"), ("", "c@d.fr")]),
            ("Hôpital A – Service Cardiologie <a@b.fr>", &[("Hôpital A – Service Cardiologie", "a@b.fr")]),
            ("Dr_Marie_MARTIN_Cabinet Medical <a@b.fr>", &[("Dr_Marie_MARTIN_Cabinet Medical", "a@b.fr")]),
            ("\"x@y.fr\" <a@b.fr>", &[("x@y.fr", "a@b.fr")]),
            ("", &[]),
        ] {
            let want: Vec<_> = want.iter().map(|(n, a)| ((*n).to_owned(), (*a).to_owned())).collect();
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn tricks_are_refused_not_followed() {
        for text in [
            "=?utf-8?q?a=40b.fr?=",
            "=?utf-8?q?a=40b?=@c.fr",
            "<=?utf-8?q?a?=@c.fr>",
            "\"a b\"@c.fr",
            "\"a\"@c.fr",
            "<@evil.fr:a@c.fr>",
            "a@[127.0.0.1]",
            "a(x)@c.fr",
            "a@(x)c.fr",
            "a @c.fr",
            "<a@b.fr> <c@d.fr>",
            "a@b.fr <",
            "a@b.fr>",
            "a@b@c.fr",
            "<>",
            "a%d@c.fr",
            "nobody",
        ] {
            let list = AddressList::parse(text);
            assert!(list.mailboxes.is_empty(), "{text} gave {:?}", read(text));
            assert_eq!(list.refused.len(), 1, "{text}");
        }
    }

    #[test]
    fn imap_sees_groups_and_routes_and_raw_names() {
        let list = envelope_list("=?utf-8?Q?H?= <@r.fr:a@b.fr>, g: c@d.fr;, nobody");
        let flat: Vec<_> = list
            .iter()
            .map(|a| {
                [&a.name, &a.route, &a.mailbox, &a.host]
                    .map(|t| t.as_deref().unwrap_or("NIL").to_owned())
                    .join(" ")
            })
            .collect();
        assert_eq!(
            flat,
            [
                "=?utf-8?Q?H?= @r.fr a b.fr",
                "NIL NIL g NIL",
                "NIL NIL c d.fr",
                "NIL NIL NIL NIL",
                "NIL NIL nobody "
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_names_hold_no_control(text in "[ -~éà\\r\\n\"<>@,;:()\\\\=?]{0,80}") {
            for mailbox in AddressList::parse(&text).mailboxes {
                prop_assert!(!mailbox.name.unwrap_or_default().chars().any(char::is_control));
            }
            envelope_list(&text);
        }
    }
}
