//! From the facts of one entry to its parts.
//!
//! Facts are told by their digest first: an entry whose facts are those of the day before is compared, and never read.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use names::Timestamp;

use crate::import::aliases::Aliases;
use crate::import::fact::{self, Extract, Fact};
use crate::import::sorter::Sorted;
use crate::parts::{self, ActivityPart, Held, Identity, Key, MailboxPart, Site, numbers};
use crate::{Coded, Error, Mailbox, Situation, limits};

/// All that an import says of one entry.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Group {
    pub(crate) key: Key,
    pub(crate) activity: Option<ActivityPart>,
    pub(crate) mailbox: Option<MailboxPart>,
    /// For each mailbox the number of its line, to say which one is left out.
    pub(crate) lines: Vec<(String, u64)>,
    /// Facts that were too many for one entry: their lines.
    pub(crate) too_many: Vec<u64>,
}

/// Octets of the digest of a part: enough against chance, nobody gains by a collision.
pub(crate) const DIGEST: usize = 16;

/// What the digest of facts begins with. To be counted up whenever the same facts become other parts: entries are then
/// read and compared once more.
const READING: u8 = 1;

/// What is told of one entry.
pub(crate) struct Told {
    pub(crate) key: Key,
    /// Digest of what is told of its activities; none when nothing is.
    pub(crate) activity: Option<Vec<u8>>,
    /// The same of its mailboxes.
    pub(crate) mailbox: Option<Vec<u8>>,
    facts: Facts,
    aliases: Arc<Aliases>,
}

/// The facts of an entry.
enum Facts {
    Unread(Vec<(Vec<u8>, u64)>),
    Read(Box<Group>),
}

impl Told {
    /// Reads the facts now, where there is time for it.
    pub(crate) fn read(self) -> Result<Self, Error> {
        let Self { key, activity, mailbox, facts, aliases } = self;
        let group = match facts {
            Facts::Unread(facts) => gathered(key.clone(), &facts, &aliases)?,
            Facts::Read(group) => *group,
        };
        Ok(Self { key, activity, mailbox, facts: Facts::Read(Box::new(group)), aliases })
    }

    /// What the facts say.
    pub(crate) fn group(self) -> Result<Group, Error> {
        match self.facts {
            Facts::Unread(facts) => gathered(self.key, &facts, &self.aliases),
            Facts::Read(group) => Ok(*group),
        }
    }
}

fn gathered(key: Key, facts: &[(Vec<u8>, u64)], aliases: &Aliases) -> Result<Group, Error> {
    let mut gathered = Gathered::default();
    for (row, line) in facts {
        let fact = fact::split(row).and_then(|split| postcard::from_bytes(split.encoded).ok());
        gathered.take(aliases.joined(fact.ok_or(Error::Corrupt("sorted fact"))?), *line);
    }
    Ok(gathered.into_group(key))
}

/// Entries in the order of their keys.
pub(crate) struct Groups {
    facts: Sorted,
    next: Option<(Vec<u8>, u64)>,
    aliases: Arc<Aliases>,
}

impl Groups {
    pub(crate) fn new(mut facts: Sorted, aliases: Arc<Aliases>) -> io::Result<Self> {
        let next = facts.next()?;
        Ok(Self { facts, next, aliases })
    }

    /// The next entry.
    pub(crate) fn next(&mut self) -> Result<Option<Told>, crate::import::Failed> {
        let damaged = || Error::Corrupt("sorted fact");
        let Some((row, line)) = self.next.take() else { return Ok(None) };
        let key = fact::split(&row).ok_or_else(damaged)?.key.to_vec();
        let mut facts = Vec::with_capacity(2);
        let (mut activity, mut mailbox) = (None, None);
        let mut next = Some((row, line));
        while let Some((row, line)) = next.take() {
            let fact::Split { key: its, siret, encoded } = fact::split(&row).ok_or_else(damaged)?;
            if its != key {
                self.next = Some((row, line));
                break;
            }
            let digest = match fact::extract(encoded).ok_or_else(damaged)? {
                Extract::Activities => activity.get_or_insert_with(begun),
                Extract::Mailboxes => mailbox.get_or_insert_with(begun),
            };
            digest.update(&(encoded.len() as u64).to_be_bytes());
            digest.update(encoded);
            // The same line means something else once its structure is known by another number.
            if let Some(site) = siret.and_then(|siret| self.aliases.of(siret)) {
                digest.update(site.as_str().as_bytes());
            }
            facts.push((row, line));
            next = self.facts.next().map_err(crate::import::Failed::scratch)?;
        }
        let (activity, mailbox) = (activity.map(ended), mailbox.map(ended));
        let (key, facts, aliases) = (Key::of_bytes(key)?, Facts::Unread(facts), Arc::clone(&self.aliases));
        Ok(Some(Told { key, activity, mailbox, facts, aliases }))
    }
}

fn begun() -> Context {
    let mut digest = Context::new(&SHA256);
    digest.update(&[READING]);
    digest
}

fn ended(digest: Context) -> Vec<u8> {
    digest.finish().as_ref()[..DIGEST].to_vec()
}

#[derive(Default)]
struct Gathered {
    practises: Option<Identity>,
    practised: BTreeMap<String, Coded>,
    situations: BTreeMap<String, Situation>,
    stands: Option<(parts::Facts, Site)>,
    holds: Option<Identity>,
    held_know_how: BTreeMap<String, Coded>,
    /// By address and structure.
    held: BTreeMap<(String, Option<String>), Held>,
    site: Option<Site>,
    owned: BTreeMap<String, Mailbox>,
    lines: Vec<(String, u64)>,
    too_many: Vec<u64>,
}

impl Gathered {
    fn take(&mut self, fact: Fact, line: u64) {
        match fact {
            Fact::Practises { identity, know_how, situation } => {
                self.practises.get_or_insert(identity);
                self.practised.extend(know_how.map(|known| (known.code.clone(), known)));
                if let Some(situation) = situation {
                    if self.situations.len() >= limits::SITUATIONS {
                        self.too_many.push(line);
                    } else {
                        self.situations.entry(situation.id.clone()).or_insert(situation);
                    }
                }
            }
            Fact::Stands { facts, site } => match &mut self.stands {
                Some((known, _)) => complete(known, facts),
                None => self.stands = Some((facts, site)),
            },
            Fact::Holds { identity, know_how, held } => {
                self.holds.get_or_insert(identity);
                self.held_know_how.extend(know_how.map(|known| (known.code.clone(), known)));
                let address = held.mailbox.address.to_string();
                if self.held.len() >= limits::MAILBOXES {
                    return self.too_many.push(line);
                }
                self.lines.push((address.clone(), line));
                let structure = held.at.as_ref().map(|(id, _)| id.0.clone());
                self.held.entry((address, structure)).or_insert(held);
            }
            Fact::Owns { site, mailbox } => {
                self.site.get_or_insert(site);
                let address = mailbox.address.to_string();
                if self.owned.len() >= limits::MAILBOXES {
                    return self.too_many.push(line);
                }
                self.lines.push((address.clone(), line));
                self.owned.entry(address).or_insert(mailbox);
            }
        }
    }

    fn into_group(self, key: Key) -> Group {
        let known = |known: BTreeMap<String, Coded>| known.into_values().collect();
        let practised = self.practises.map(|identity| ActivityPart::Person {
            identity: Identity { know_how: known(self.practised), ..identity },
            situations: self.situations.into_values().collect(),
        });
        let stands = self.stands.map(|(mut facts, site)| {
            if let Ok(crate::parts::Named::Structure(id)) = key.named() {
                complete(&mut facts, numbers(&id));
            }
            ActivityPart::Structure { facts, site }
        });
        let held = self.holds.map(|identity| MailboxPart::Person {
            identity: Identity { know_how: known(self.held_know_how), ..identity },
            held: self.held.into_values().collect(),
        });
        let owned = self
            .site
            .map(|site| MailboxPart::Structure { site, mailboxes: self.owned.into_values().collect() });
        Group {
            key,
            activity: practised.or(stands),
            mailbox: held.or(owned),
            lines: self.lines,
            too_many: self.too_many,
        }
    }
}

/// Fills what is not known yet.
fn complete(known: &mut parts::Facts, other: parts::Facts) {
    known.finess = known.finess.take().or(other.finess);
    known.finess_legal = known.finess_legal.take().or(other.finess_legal);
    known.siret = known.siret.take().or(other.siret);
    known.siren = known.siren.take().or(other.siren);
    known.sector = known.sector.take().or(other.sector);
    known.phone = known.phone.take().or(other.phone);
    known.legal |= other.legal;
}

impl Group {
    /// Of an entry that no line speaks of.
    pub(crate) fn empty(key: Key) -> Self {
        Self { key, activity: None, mailbox: None, lines: Vec::new(), too_many: Vec::new() }
    }
}

impl MailboxPart {
    /// Of a part that was stored, these mailboxes, as a file would tell them; none when there are none.
    pub(crate) fn only(stored: Self, wanted: impl Fn(&Mailbox) -> bool) -> Option<Self> {
        let undated = |mailbox: Mailbox| Mailbox { updated: Timestamp(0), ..mailbox };
        let part = match stored {
            Self::Person { identity, held } => {
                let held = held.into_iter().filter(|held| wanted(&held.mailbox));
                let held = held.map(|held| Held { mailbox: undated(held.mailbox), ..held }).collect();
                Self::Person { identity, held }
            }
            Self::Structure { site, mailboxes } => {
                let mailboxes =
                    mailboxes.into_iter().filter(|mailbox| wanted(mailbox)).map(undated).collect();
                Self::Structure { site, mailboxes }
            }
        };
        let any = part.mailboxes().next().is_some();
        any.then_some(part)
    }

    /// With the mailboxes of another part of the same entry, in the order of a file's.
    pub(crate) fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Person { identity, mut held }, Self::Person { held: others, .. }) => {
                held.extend(others);
                held.sort_by_cached_key(|held| {
                    (held.mailbox.address.to_string(), held.at.as_ref().map(|(id, _)| id.0.clone()))
                });
                Self::Person { identity, held }
            }
            (Self::Structure { site, mut mailboxes }, Self::Structure { mailboxes: others, .. }) => {
                mailboxes.extend(others);
                mailboxes.sort_by_cached_key(|mailbox| mailbox.address.to_string());
                Self::Structure { site, mailboxes }
            }
            // One key names one kind of holder.
            (part @ Self::Person { .. }, Self::Structure { .. })
            | (part @ Self::Structure { .. }, Self::Person { .. }) => part,
        }
    }

    /// Without the mailboxes of these addresses; none when nothing is left.
    pub(crate) fn without(self, addresses: &[String]) -> Option<Self> {
        let stays = |mailbox: &Mailbox| !addresses.contains(&mailbox.address.to_string());
        let part = match self {
            Self::Person { identity, mut held } => {
                held.retain(|held| stays(&held.mailbox));
                Self::Person { identity, held }
            }
            Self::Structure { site, mut mailboxes } => {
                mailboxes.retain(stays);
                Self::Structure { site, mailboxes }
            }
        };
        let any = part.mailboxes().next().is_some();
        any.then_some(part)
    }
}
