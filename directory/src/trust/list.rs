//! The national list as published (DOMAIN §1.1), read in one pass.
//!
//! An entry that cannot be read is left out and told: it gives trust to nobody. Refusing the whole list
//! for it would keep the older one in force, and with it every domain that was removed since; whoever
//! prefers that sets it ([`super::Unreadable`]).

use std::collections::{BTreeMap, HashMap};

use names::{DistinguishedName, Domain, Timestamp};

use crate::limits;
use crate::trust::xml::{Element, Piece, Reader, XmlFault, is_space};

/// The namespace of the list.
pub const NAMESPACE: &str = "https://listeblanche.mssante.fr/schema";

/// Why a list is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// It is no XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlFault),
    /// The root is another element.
    #[error("the root element is not ListeBlancheMSSante in the namespace {NAMESPACE}")]
    Root,
    /// An element that must be there once is not, or is there twice.
    #[error("{0} must stand in the list exactly once")]
    Once(&'static str),
    /// The date of generation is no date.
    #[error("DateDeGeneration is no date as 2025-03-13T14:54:10Z")]
    Version,
    /// More entries than any list has.
    #[error("the list has more than {} entries", limits::TRUST_LIST_ENTRIES)]
    Entries,
}

/// A list, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// When it was generated: its version.
    pub version: Timestamp,
    /// Each domain with the names that may speak for it.
    pub domains: BTreeMap<Domain, BTreeMap<DistinguishedName, Details>>,
    /// How many entries it has, those left out included.
    pub entries: usize,
    /// Entries that could not be read.
    pub left_out: Vec<LeftOut>,
}

/// What an entry says beside domain and name; nothing of it decides on trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// What the domain serves.
    pub description: String,
    /// Who answers for it.
    pub contact: String,
    /// Who helps.
    pub support: String,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its number in the list, from 1.
    pub entry: usize,
    /// Its domain, as far as it is one.
    pub domain: Option<Domain>,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "entry {}", self.entry)?;
        if let Some(domain) = &self.domain {
            write!(out, " ({domain})")?;
        }
        write!(out, ": {}", self.why)
    }
}

impl List {
    /// Reads a list. Its signature is looked at elsewhere, by the same reader.
    pub fn read(bytes: &[u8]) -> Result<Self, ListFault> {
        let mut reader = Reader::new(bytes)?;
        let root = loop {
            match reader.next()? {
                Piece::Open(root) => break root,
                Piece::Text(_) | Piece::Close => {}
                Piece::End => return Err(ListFault::Root),
            }
        };
        if !root.is(NAMESPACE, "ListeBlancheMSSante") {
            return Err(ListFault::Root);
        }
        let mut reading = Reading { reader, names: HashMap::new() };
        let (mut version, mut domains) = (None, None);
        while let Some(element) = reading.child()? {
            match element.local.as_str() {
                "DateDeGeneration" if element.namespace == NAMESPACE => {
                    let text = reading.text()?.ok_or(ListFault::Version)?;
                    let read = instant(&text).ok_or(ListFault::Version)?;
                    if version.replace(read).is_some() {
                        return Err(ListFault::Once("DateDeGeneration"));
                    }
                }
                "ListeDomaines" if element.namespace == NAMESPACE => {
                    if domains.replace(reading.entries()?).is_some() {
                        return Err(ListFault::Once("ListeDomaines"));
                    }
                }
                // The signature, and what later versions may add.
                _ => reading.skip()?,
            }
        }
        loop {
            // To the end: what is cut off there is cut off.
            if let Piece::End = reading.reader.next()? {
                break;
            }
        }
        let version = version.ok_or(ListFault::Once("DateDeGeneration"))?;
        let Entries { domains, count, left_out } = domains.ok_or(ListFault::Once("ListeDomaines"))?;
        Ok(Self { version, domains, entries: count, left_out })
    }
}

#[derive(Default)]
struct Entries {
    domains: BTreeMap<Domain, BTreeMap<DistinguishedName, Details>>,
    count: usize,
    left_out: Vec<LeftOut>,
}

struct Reading<'a> {
    reader: Reader<'a>,
    /// Names already read: one operator's name stands in hundreds of entries.
    names: HashMap<String, Result<DistinguishedName, String>>,
}

/// The fields of one entry; a text too long or with elements inside is none.
#[derive(Default)]
struct Fields {
    domain: Vec<Option<String>>,
    names: Vec<Option<String>>,
    details: Details,
}

impl Reading<'_> {
    /// The next element inside the one that is open; none when that one is closed.
    fn child(&mut self) -> Result<Option<Element>, XmlFault> {
        loop {
            match self.reader.next()? {
                Piece::Open(element) => return Ok(Some(element)),
                Piece::Text(_) => {}
                Piece::Close | Piece::End => return Ok(None),
            }
        }
    }

    /// Passes over the rest of the element that is open.
    fn skip(&mut self) -> Result<(), XmlFault> {
        let inside = self.reader.depth();
        while self.reader.depth() >= inside {
            self.reader.next()?;
        }
        Ok(())
    }

    /// The text of the element that is open, to its end, without space around it.
    fn text(&mut self) -> Result<Option<String>, XmlFault> {
        let inside = self.reader.depth();
        let (mut text, mut whole) = (String::new(), true);
        while self.reader.depth() >= inside {
            match self.reader.next()? {
                Piece::Text(more) if text.len() + more.len() <= limits::TRUST_FIELD_OCTETS => {
                    text.push_str(&more);
                }
                Piece::Text(_) | Piece::Open(_) => whole = false,
                Piece::Close | Piece::End => {}
            }
        }
        Ok(whole.then(|| text.trim_matches(is_space).to_owned()))
    }

    fn entries(&mut self) -> Result<Entries, ListFault> {
        let mut entries = Entries::default();
        while let Some(element) = self.child()? {
            if !element.is(NAMESPACE, "Domaine") {
                self.skip()?;
                continue;
            }
            entries.count += 1;
            if entries.count > limits::TRUST_LIST_ENTRIES {
                return Err(ListFault::Entries);
            }
            let fields = self.fields()?;
            let domain = one(&fields.domain, "Nom")
                .and_then(|text| Domain::parse(text).map_err(|error| format!("Nom {text:?}: {error}")));
            let names = self.distinguished_names(&fields.names);
            match (domain, names) {
                (Ok(domain), Ok(names)) => {
                    let known = entries.domains.entry(domain).or_default();
                    for name in names {
                        known.entry(name).or_insert_with(|| fields.details.clone());
                    }
                }
                (domain, names) => {
                    let why = match (&domain, names) {
                        (Err(why), _) => why.clone(),
                        (Ok(_), names) => names.err().unwrap_or_default(),
                    };
                    entries.left_out.push(LeftOut { entry: entries.count, domain: domain.ok(), why });
                }
            }
        }
        Ok(entries)
    }

    fn fields(&mut self) -> Result<Fields, XmlFault> {
        let mut fields = Fields::default();
        while let Some(element) = self.child()? {
            if element.namespace != NAMESPACE {
                self.skip()?;
                continue;
            }
            match element.local.as_str() {
                "Nom" => fields.domain.push(self.text()?),
                "DNCertificatOperateur" => fields.names.push(self.text()?),
                "Description" => fields.details.description = self.line()?,
                "ResponsableContact" => fields.details.contact = self.line()?,
                "SupportContact" => fields.details.support = self.line()?,
                _ => self.skip()?,
            }
        }
        Ok(fields)
    }

    /// A text for people: runs of spaces and line ends are one space.
    fn line(&mut self) -> Result<String, XmlFault> {
        let text = self.text()?.unwrap_or_default();
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn distinguished_names(&mut self, texts: &[Option<String>]) -> Result<Vec<DistinguishedName>, String> {
        if texts.is_empty() {
            return Err("DNCertificatOperateur is missing".to_owned());
        }
        let read = |text: &Option<String>| {
            let text = text.as_ref().ok_or("DNCertificatOperateur is not a text")?;
            if let Some(known) = self.names.get(text) {
                return known.clone();
            }
            let name = DistinguishedName::parse(text)
                .map_err(|error| format!("DNCertificatOperateur {text:?}: {error}"));
            self.names.insert(text.clone(), name.clone());
            name
        };
        texts.iter().map(read).collect()
    }
}

fn one<'f>(texts: &'f [Option<String>], what: &str) -> Result<&'f str, String> {
    match texts {
        [Some(text)] => Ok(text),
        [] => Err(format!("{what} is missing")),
        [None] => Err(format!("{what} is not a text")),
        [_, _, ..] => Err(format!("{what} stands there more than once")),
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(instant.as_millisecond()))
}

#[cfg(test)]
mod tests;
