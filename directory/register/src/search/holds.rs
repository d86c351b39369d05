//! Whether an entry fits a criterion, seen from the entry alone: the last word on every answer.

use names::AccountKind;

use crate::words::{Alike, alike, initials, is_noise, joined, plain, words};
use crate::{Criterion, Listing, Mailbox, Match, Query, Situation, Wanted};

use super::asked::Asked;

/// Whether everything a query asks beside its free text holds of an entry as it is seen.
pub(crate) fn holds(query: &Query, listing: &Listing) -> bool {
    let wanted = match (query.wanted, listing) {
        (Wanted::Everything, _)
        | (Wanted::Professionals, Listing::Professional(_))
        | (Wanted::Organisations, Listing::Organisation(_)) => true,
        (Wanted::Professionals, Listing::Organisation(_))
        | (Wanted::Organisations, Listing::Professional(_)) => false,
    };
    let reachable = !query.reachable || mailboxes(listing).next().is_some();
    wanted && reachable && query.all.iter().all(|criterion| fits(criterion, listing))
}

fn fits(criterion: &Criterion, listing: &Listing) -> bool {
    match criterion {
        Criterion::Family(asked) => {
            any(asked, person(listing).map(|person| person.family_name.clone()), None)
        }
        Criterion::Given(asked) => any(asked, person(listing).map(|person| person.given_name.clone()), None),
        Criterion::Name(asked) => {
            let asked = without_noise(asked);
            any(&asked, names(listing), None)
                || person(listing).is_some_and(|person| is_full_name(&asked, person))
        }
        Criterion::Profession(asked) => person(listing)
            .and_then(|person| person.profession.as_ref())
            .is_some_and(|profession| any(asked, [profession.label.clone()], Some(&profession.code))),
        Criterion::KnowHow(asked) => person(listing)
            .into_iter()
            .flat_map(|person| &person.know_how)
            .any(|know_how| any(asked, [know_how.label.clone()], Some(&know_how.code))),
        Criterion::Sector(asked) => {
            let own = match listing {
                Listing::Organisation(organisation) => organisation.sector.as_ref(),
                Listing::Professional(_) => None,
            };
            let sectors =
                situations(listing).iter().filter_map(|situation| situation.sector.as_ref()).chain(own);
            sectors.into_iter().any(|sector| any(asked, [], Some(&sector.0)))
        }
        Criterion::Role(asked) => situations(listing)
            .iter()
            .flat_map(|situation| situation.mode.iter().chain(&situation.role))
            .any(|coded| any(asked, [coded.label.clone()], Some(&coded.code))),
        Criterion::Town(asked) => places(listing).any(|place| any(asked, [place.town.clone()], None)),
        Criterion::PostalCode(asked) => {
            places(listing).any(|place| any(asked, [place.postal_code.clone()], None))
        }
        Criterion::Line(asked) => places(listing).any(|place| any(asked, place.lines.clone(), None)),
        Criterion::Organisation(asked) => match listing {
            Listing::Professional(professional) => any(
                asked,
                professional.situations.iter().map(|situation| situation.organisation_name.clone()),
                None,
            ),
            Listing::Organisation(organisation) => {
                any(asked, [organisation.name.clone(), organisation.trade_name.clone()], None)
            }
        },
        Criterion::Service(asked) => {
            any(asked, mailboxes(listing).filter_map(|mailbox| mailbox.service.clone()), None)
        }
        Criterion::Address(asked) => {
            any(asked, mailboxes(listing).map(|mailbox| mailbox.address.to_string()), None)
        }
        Criterion::Kind(kind) => mailboxes(listing).any(|mailbox| mailbox.kind == *kind),
        Criterion::Person(ids) => person(listing).is_some_and(|person| ids.contains(&person.national_id)),
        Criterion::Structure(ids) => match listing {
            Listing::Professional(professional) => professional
                .situations
                .iter()
                .filter_map(|situation| situation.organisation.as_ref())
                .any(|organisation| ids.contains(organisation)),
            Listing::Organisation(organisation) => ids.contains(&organisation.national_id),
        },
        Criterion::Identifier(number) => identified(listing, number.trim()),
        Criterion::Row(ids) => ids.contains(&listing.id()),
        Criterion::UpdatedSince(since) => updated(listing) >= *since,
        Criterion::UpdatedBefore(before) => updated(listing) < *before,
        Criterion::PartOf(finess) => match listing {
            Listing::Organisation(organisation) => organisation.finess_legal.as_ref() == Some(finess),
            Listing::Professional(_) => false,
        },
        Criterion::Any(alternatives) => alternatives.iter().any(|criterion| fits(criterion, listing)),
        Criterion::Mailbox(address) => mailboxes(listing).any(|mailbox| mailbox.address == *address),
    }
}

/// Whether any of some texts, or a code, is as asked.
fn any(asked: &Match, texts: impl IntoIterator<Item = String>, code: Option<&str>) -> bool {
    let mut texts = texts.into_iter();
    let by_code = code.is_some_and(|code| match asked {
        Match::Exactly(text) | Match::Like(text) => names::fold(text) == names::fold(code),
        Match::Begins(text) => {
            let text = names::fold(text);
            !text.is_empty() && names::fold(code).starts_with(&text)
        }
        Match::Contains(_) => false,
        Match::Present => true,
    });
    by_code || texts.any(|text| is(asked, &text, Joined::Too))
}

/// Whether a first and a last name together are as asked, in either order.
fn is_full_name(asked: &Match, person: &crate::Professional) -> bool {
    let (given, family) = (&person.given_name, &person.family_name);
    match asked {
        Match::Like(text) => {
            let (given, family) = (words(given), words(family));
            let mut all = answering(&given);
            all.extend(answering(&family));
            is_like(text, &all, &[initials(&given), initials(&family)])
        }
        Match::Exactly(_) | Match::Begins(_) | Match::Contains(_) | Match::Present => {
            [format!("{given} {family}"), format!("{family} {given}")]
                .iter()
                .any(|name| is(asked, name, Joined::Not))
        }
    }
}

/// Whether a text may also be asked as one word. A first and a last name may not: `Martine` is not `Martin E…`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    Too,
    Not,
}

/// Whether a text is as asked. Case, accents and signs do not count.
fn is(asked: &Match, text: &str, as_one: Joined) -> bool {
    let (written, spelt) = (plain(text), words(text));
    if written.is_empty() {
        return false;
    }
    match asked {
        Match::Exactly(asked) => {
            let asked = words(asked);
            let same = as_one == Joined::Too && !asked.is_empty() && asked.concat() == spelt.concat();
            asked == spelt || same
        }
        Match::Begins(asked) => {
            let (asked, meant) = (plain(asked).join(" "), begun(asked));
            let begins = |words: &[String], asked: &str| {
                (0..words.len()).any(|from| words[from..].join(" ").starts_with(asked))
            };
            !asked.is_empty()
                && (begins(&written, &asked)
                    || begins(&spelt, &meant)
                    || (as_one == Joined::Too && spelt.concat().starts_with(&meant.replace(' ', ""))))
        }
        Match::Contains(asked) => {
            let asked = plain(asked).join(" ");
            !asked.is_empty() && (written.join(" ").contains(&asked) || spelt.join(" ").contains(&asked))
        }
        Match::Like(asked) => is_like(asked, &answering(&spelt), &[initials(&spelt)]),
        Match::Present => true,
    }
}

/// What a text is found by, beside its initials: its words, and neighbours as one.
fn answering(words: &[String]) -> Vec<String> {
    let mut all = joined(words);
    all.extend_from_slice(words);
    all
}

/// Whether every word asked is answered by one of these, or by initials, which are read and never heard: `hp` has no
/// sound that `paix` could share.
fn is_like(asked: &str, all: &[String], initials: &[Option<String>]) -> bool {
    let asked = Asked::of(asked);
    let answered = |word: &super::asked::Word| {
        let is_one = |asked: &str| {
            let mut initials = initials.iter().flatten().filter_map(|word| alike(asked, word));
            all.iter().any(|word| alike(asked, word).is_some()) || initials.any(|alike| alike != Alike::Sound)
        };
        let as_one = |asked: &String| {
            all.iter().any(|word| matches!(alike(asked, word), Some(Alike::Same | Alike::Sound)))
        };
        is_one(&word.text) || word.joined.iter().any(as_one)
    };
    let mut required = asked.required().peekable();
    required.peek().is_some() && required.all(answered)
}

/// The question with short forms spelt out, all but the last, which may be half typed.
fn begun(asked: &str) -> String {
    let written = plain(asked);
    let Some((last, before)) = written.split_last() else { return String::new() };
    let mut all = words(&before.join(" "));
    all.push(last.clone());
    all.join(" ")
}

/// `Dr Marie Martin` asks for `Marie Martin`.
pub(super) fn without_noise(asked: &Match) -> Match {
    let bare = |text: &String| {
        let kept: Vec<String> = plain(text).into_iter().filter(|word| !is_noise(word)).collect();
        if kept.is_empty() { text.clone() } else { kept.join(" ") }
    };
    match asked {
        Match::Exactly(text) => Match::Exactly(bare(text)),
        Match::Begins(text) => Match::Begins(bare(text)),
        Match::Contains(text) => Match::Contains(bare(text)),
        Match::Like(text) => Match::Like(bare(text)),
        Match::Present => Match::Present,
    }
}

/// The names of an entry, each alone.
fn names(listing: &Listing) -> Vec<String> {
    match listing {
        Listing::Professional(person) => vec![person.family_name.clone(), person.given_name.clone()],
        Listing::Organisation(organisation) => {
            vec![organisation.name.clone(), organisation.trade_name.clone()]
        }
    }
}

fn person(listing: &Listing) -> Option<&crate::Professional> {
    match listing {
        Listing::Professional(professional) => Some(professional),
        Listing::Organisation(_) => None,
    }
}

fn situations(listing: &Listing) -> &[Situation] {
    person(listing).map_or(&[], |person| &person.situations)
}

fn places(listing: &Listing) -> impl Iterator<Item = &crate::Place> {
    let own = match listing {
        Listing::Organisation(organisation) => Some(&organisation.place),
        Listing::Professional(_) => None,
    };
    own.into_iter().chain(situations(listing).iter().map(|situation| &situation.place))
}

fn mailboxes(listing: &Listing) -> impl Iterator<Item = &Mailbox> {
    listing.mailboxes().filter(|mailbox| mailbox.kind != AccountKind::Patient)
}

fn updated(listing: &Listing) -> names::Timestamp {
    match listing {
        Listing::Professional(professional) => professional.updated,
        Listing::Organisation(organisation) => organisation.updated,
    }
}

fn identified(listing: &Listing, number: &str) -> bool {
    let is = |id: &str| id.eq_ignore_ascii_case(number);
    let with_kind = |id: &str| is(id) || id.get(1..).is_some_and(is);
    match listing {
        Listing::Professional(professional) => with_kind(&professional.national_id.0),
        Listing::Organisation(organisation) => {
            let finess = organisation.finess.as_ref().map(|finess| finess.as_str());
            let siret = organisation.siret.as_deref();
            // The SIREN is the beginning of the SIRET.
            let siren = organisation.siren.as_deref().or_else(|| siret.and_then(|siret| siret.get(..9)));
            let numbers = [("1", finess), ("3", siret), ("2", siren)];
            with_kind(&organisation.national_id.0)
                || numbers.into_iter().any(|(kind, found)| {
                    found.is_some_and(|found| {
                        is(found) || number.strip_prefix(kind).is_some_and(|bare| bare == found)
                    })
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_read_and_not_heard() {
        let like = |asked: &str, text: &str| is(&Match::Like(asked.to_owned()), text, Joined::Too);
        assert!(like("JP", "Jean-Pierre"));
        assert!(like("hopital pasteur", "Hôpital Pasteur"));
        // `hp` would sound like `paix`.
        assert!(!like("Hôpital de la Paix", "Hôpital Pasteur"));
    }
}
