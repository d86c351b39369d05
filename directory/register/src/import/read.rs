//! Reading the files of an import: right lines become sorted facts, wrong ones are left out and written down.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::io::{BufReader, Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{self, Context, SHA256};

use crate::Error;
use crate::import::activities::{self, Columns};
use crate::import::aliases::{Aliases, Stated};
use crate::import::aside::Stop;
use crate::import::fact::{self, Fact};
use crate::import::fhir;
use crate::import::ids::Check;
use crate::import::lines::{Line, Lines};
use crate::import::mailboxes;
use crate::import::rejects::Rejects;
use crate::import::scratch::Scratch;
use crate::import::sorter::{Sorted, Sorter};
use crate::import::zip::{self, Source};
use crate::import::{Failed, Order, Phase, Progress, Teller};
use crate::limits;
use crate::parts::{Key, siret_of};
use names::AccountKind;

/// How much of a part of the entries the files tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Covers {
    /// Nothing: what is known stays.
    #[default]
    Nothing,
    /// All: what is not told is gone.
    Everything,
}

/// Kinds of addresses, by the hash of each.
pub(crate) type Kinds = HashMap<u64, AccountKind, Hashed>;

/// The files, read.
pub(crate) struct Read {
    pub(crate) facts: Sorted,
    pub(crate) scratch: Scratch,
    pub(crate) rejects: Rejects,
    pub(crate) names: Vec<String>,
    pub(crate) digest: [u8; 32],
    pub(crate) lines: u64,
    /// Identifiers whose check digit is wrong.
    pub(crate) warnings: u64,
    pub(crate) activities: Covers,
    pub(crate) mailboxes: Covers,
    /// The kind that each address has in the files, by its hash.
    pub(crate) kinds: Kinds,
    /// Structures known by two numbers.
    pub(crate) aliases: Arc<Aliases>,
    /// Lines that contradict an earlier one about that.
    pub(crate) contradictions: u64,
}

/// Numbers of lines of all files together: the file in the high bits.
const FILE_SHIFT: u32 = 40;

/// The file, counted from 0, and the line in it, of a number that goes with a fact.
pub(crate) fn place_of(number: u64) -> (usize, u64) {
    ((number >> FILE_SHIFT) as usize, number & ((1 << FILE_SHIFT) - 1))
}

pub(crate) fn read(order: &Order, aliases: Aliases, teller: Teller, stop: Stop) -> Result<Read, Failed> {
    Reading::new(order, aliases, teller, stop)?.all(order)
}

/// Keys that are hashes already are not hashed once more.
#[derive(Default)]
pub(crate) struct AsItIs(u64);

pub(crate) type Hashed = BuildHasherDefault<AsItIs>;

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.0 = self.0.rotate_left(8) ^ u64::from(*octet));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

struct Reading {
    teller: Teller,
    stop: Stop,
    scratch: Scratch,
    sorter: Sorter,
    /// Facts of structures named by their SIRET: which entry they are of is known when all lines are read.
    by_siret: Sorter,
    aliases: Aliases,
    contradictions: u64,
    rejects: Rejects,
    /// Kinds of the addresses met, by their hash.
    kinds: Kinds,
    /// Structures met beside activities, by the hash of what was said of them.
    structures: HashSet<u64, Hashed>,
    row: Vec<u8>,
    lines: u64,
    warnings: u64,
    octets: u64,
    total: u64,
}

impl Reading {
    fn new(order: &Order, aliases: Aliases, teller: Teller, stop: Stop) -> Result<Self, Failed> {
        let mut total = 0;
        for path in &order.files {
            let length = std::fs::metadata(path).map_err(|cause| file(path, cause))?.len();
            total += length;
        }
        let scratch = Scratch::new(&order.scratch)?;
        let rejects = Rejects::at(&order.rejects).map_err(|cause| file(&order.rejects, cause))?;
        Ok(Self {
            teller,
            stop,
            sorter: Sorter::new(scratch.path(), "facts"),
            by_siret: Sorter::with_memory(scratch.path(), "by-siret", limits::SORTED_BY_SIRET),
            aliases,
            contradictions: 0,
            scratch,
            rejects,
            kinds: HashMap::default(),
            structures: HashSet::default(),
            row: Vec::new(),
            lines: 0,
            warnings: 0,
            octets: 0,
            total,
        })
    }

    fn all(mut self, order: &Order) -> Result<Read, Failed> {
        let mut names = Vec::new();
        let mut whole = Context::new(&SHA256);
        let (mut activities, mut mailboxes) = (Covers::Nothing, Covers::Nothing);
        for (number, path) in order.files.iter().enumerate() {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let mut opened = File::open(path).map_err(|cause| file(path, cause))?;
            if let Some(bundle) = bundle(path, &mut opened)? {
                whole.update(digest::digest(&SHA256, &bundle).as_ref());
                self.bundle(number, path, &name, &bundle)?;
                names.push(name);
                continue;
            }
            let source = zip::opened(opened).map_err(|cause| file(path, cause))?;
            let mut lines = Lines::new(BufReader::with_capacity(1 << 20, source));
            let format = match lines.next().map_err(|cause| file(path, cause))? {
                Some(Line::Text(header)) if mailboxes::is_header(header) => Format::Mailboxes,
                Some(Line::Text(header)) => Columns::of(header)
                    .map(|columns| Format::Activities(Box::new(columns)))
                    .ok_or_else(|| Failed::NotAnExtract(path.clone()))?,
                Some(Line::Wrong(..)) | None => return Err(Failed::NotAnExtract(path.clone())),
            };
            match &format {
                Format::Mailboxes => mailboxes = Covers::Everything,
                Format::Activities(_) => activities = Covers::Everything,
            }
            self.file(number, path, &name, &mut lines, &format)?;
            self.octets += lines.octets();
            whole.update(&lines.digest());
            names.push(name);
        }
        self.tell(self.total);
        drop(std::mem::take(&mut self.structures));
        self.join()?;
        let mut digest = [0; 32];
        digest.copy_from_slice(whole.finish().as_ref());
        Ok(Read {
            facts: self.sorter.sorted().map_err(Failed::scratch)?,
            scratch: self.scratch,
            rejects: self.rejects,
            names,
            digest,
            lines: self.lines,
            warnings: self.warnings,
            activities,
            mailboxes,
            kinds: self.kinds,
            aliases: Arc::new(self.aliases),
            contradictions: self.contradictions,
        })
    }

    /// Gives what was said of structures by their SIRET to the entries of their FINESS, where a line states both.
    fn join(&mut self) -> Result<(), Failed> {
        let none = Sorter::with_memory(self.scratch.path(), "none", 0);
        let mut waiting = std::mem::replace(&mut self.by_siret, none).sorted().map_err(Failed::scratch)?;
        while let Some((row, number)) = waiting.next().map_err(Failed::scratch)? {
            let damaged = || Failed::from(Error::Corrupt("sorted fact"));
            let key = Key::of_bytes(fact::split(&row).ok_or_else(damaged)?.key.to_vec())?;
            let row = match self.aliases.key_of(&key) {
                Some(key) => fact::rekeyed(&row, &key).ok_or_else(damaged)?,
                None => row,
            };
            self.sorter.push(&row, number).map_err(Failed::scratch)?;
        }
        Ok(())
    }

    /// A fact whose octets stand in `row`, of the entry with this key.
    fn push(&mut self, key: &Key, number: u64) -> Result<(), Failed> {
        let of_siret = key.structure_id().is_some_and(|id| siret_of(id).is_some());
        let sorter = if of_siret { &mut self.by_siret } else { &mut self.sorter };
        sorter.push(&self.row, number).map_err(Failed::scratch)
    }

    /// A line states two numbers of a structure.
    fn state(&mut self, (siret, finess): &(String, String), name: &str, at: u64) -> Result<(), Failed> {
        let Stated::Contradiction(known) = self.aliases.state(siret, finess) else { return Ok(()) };
        self.contradictions += 1;
        let what = format!(
            "warning: SIRET {siret} has FINESS {finess} here and {} on an earlier line; what is known by the SIRET is \
             given to neither",
            known.as_str()
        );
        self.rejects.warn(name, at, &what).map_err(Failed::scratch)
    }

    fn file(
        &mut self,
        number: usize,
        path: &Path,
        name: &str,
        lines: &mut Lines<BufReader<Source>>,
        format: &Format,
    ) -> Result<(), Failed> {
        let rejects = self.rejects.path().to_owned();
        loop {
            let (octets, at) = (lines.octets(), lines.number() + 1);
            let Some(line) = lines.next().map_err(|cause| file(path, cause))? else { return Ok(()) };
            if at.is_multiple_of(16_384) {
                self.tell(self.octets + octets);
                self.stop.asked()?;
            }
            let number = ((number as u64) << FILE_SHIFT) | at;
            let (text, taken) = match line {
                Line::Text("") => continue,
                Line::Text(text) => (text.as_bytes(), self.line(text, number, (name, at), format)?),
                Line::Wrong(raw, reason) => (raw, Err(reason)),
            };
            self.lines += 1;
            if let Err(reason) = taken {
                self.rejects.push(name, at, reason, text).map_err(|cause| file(&rejects, cause))?;
            }
        }
    }

    /// Entries of a bundle count as lines.
    fn bundle(&mut self, number: usize, path: &Path, name: &str, text: &[u8]) -> Result<(), Failed> {
        let rejects = self.rejects.path().to_owned();
        let entries = fhir::read(text).ok_or_else(|| Failed::NotAnExtract(path.to_owned()))?;
        for (entry, at) in entries.into_iter().zip(1_u64..) {
            self.lines += 1;
            let told = entry.told.and_then(|told| self.kinds_hold(told));
            match told {
                Ok(told) => {
                    for told in told {
                        fact::encode(&told.key, &told.fact, &mut self.row);
                        let number = ((number as u64) << FILE_SHIFT) | at;
                        self.push(&told.key, number)?;
                    }
                }
                Err(reason) => {
                    let text = entry.name.as_bytes();
                    self.rejects.push(name, at, reason, text).map_err(|cause| file(&rejects, cause))?;
                }
            }
        }
        self.octets += text.len() as u64;
        Ok(())
    }

    fn kinds_hold(&mut self, told: Vec<fhir::Told>) -> Result<Vec<fhir::Told>, &'static str> {
        for fact in told.iter().map(|told| &told.fact) {
            let mailbox = match fact {
                Fact::Holds { held, .. } => &held.mailbox,
                Fact::Owns { mailbox, .. } => mailbox,
                Fact::Practises { .. } | Fact::Stands { .. } => continue,
            };
            let kind = *self.kinds.entry(mailboxes::hash(&mailbox.address)).or_insert(mailbox.kind);
            if kind != mailbox.kind {
                return Err(OTHER_KIND);
            }
        }
        Ok(told)
    }

    fn line(
        &mut self,
        text: &str,
        number: u64,
        (name, at): (&str, u64),
        format: &Format,
    ) -> Result<Result<(), &'static str>, Failed> {
        match format {
            Format::Mailboxes => {
                let read = match mailboxes::read(text) {
                    Ok(read) => read,
                    Err(reason) => return Ok(Err(reason)),
                };
                let kind = *self.kinds.entry(mailboxes::hash(&read.address)).or_insert(read.kind);
                if kind != read.kind {
                    return Ok(Err(OTHER_KIND));
                }
                self.warnings += u64::from(read.check == Check::Fails);
                fact::encode(&read.key, &read.fact, &mut self.row);
                self.push(&read.key, number)?;
            }
            Format::Activities(columns) => {
                let read = match activities::read(text, columns) {
                    Ok(read) => read,
                    Err(reason) => return Ok(Err(reason)),
                };
                self.warnings += u64::from(read.check == Check::Fails);
                if let Some(numbers) = &read.numbers {
                    self.state(numbers, name, at)?;
                }
                let (key, fact) = &read.person;
                fact::encode(key, fact, &mut self.row);
                self.push(key, number)?;
                if let Some((key, fact)) = &read.structure {
                    fact::encode(key, fact, &mut self.row);
                    if self.is_news() {
                        self.push(key, number)?;
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    /// Whether the same was not said of a structure before.
    fn is_news(&mut self) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.row);
        let hash = hasher.finish();
        if self.structures.len() < limits::STRUCTURES_REMEMBERED {
            self.structures.insert(hash)
        } else {
            !self.structures.contains(&hash)
        }
    }

    fn tell(&self, done: u64) {
        (self.teller)(Progress { phase: Phase::Reading, done, total: self.total });
    }
}

const OTHER_KIND: &str = "an earlier line gives this address another kind of mailbox";

/// The whole of a file that begins like JSON; none for others, which are read line by line.
fn bundle(path: &Path, opened: &mut File) -> Result<Option<Vec<u8>>, Failed> {
    let read = |opened: &mut File| {
        let mut start = [0; 64];
        let length = opened.read(&mut start)?;
        opened.rewind()?;
        let is_json = start[..length].trim_ascii_start().starts_with(b"{");
        if !is_json {
            return Ok(None);
        }
        let mut text = Vec::new();
        opened.take(limits::BUNDLE_OCTETS + 1).read_to_end(&mut text)?;
        if text.len() as u64 > limits::BUNDLE_OCTETS {
            return Err(std::io::Error::other("a bundle is too long; import it in pages"));
        }
        Ok(Some(text))
    };
    read(opened).map_err(|cause| file(path, cause))
}

enum Format {
    Mailboxes,
    Activities(Box<Columns>),
}

fn file(path: &Path, cause: std::io::Error) -> Failed {
    Failed::File { path: path.to_owned(), cause }
}
