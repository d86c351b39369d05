//! What differs between the files and the generation in force, written down change by change.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use names::NationalStructureId;

use crate::import::changes::{Change, ChangeWriter, Next, Part, part};
use crate::import::group::{DIGEST, Group, Groups, Told};
use crate::import::known::KnownEntries;
use crate::import::mailboxes::hash;
use crate::import::planned::{Counts, Planned, brake};
use crate::import::read::{Covers, Kinds, Read, place_of};
use crate::import::scratch::Scratch;
use crate::import::sorter::Sorter;
use crate::import::{Failed, Importer, Order, Phase, slow};
use crate::parts::{Key, MailboxPart, Site9};
use crate::store::Pointer;
use crate::store::imports::About;
use crate::store::write::{self, Known};
use crate::{Error, ListingId, Mailbox, limits};

/// Compares the entries of the files with those in force.
pub(crate) async fn compare(importer: &Importer, order: &Order, read: Read) -> Result<Planned, Failed> {
    let base = write::pointer(&importer.db).await?;
    let Read {
        facts, scratch, rejects, names, digest, lines, warnings, activities, mailboxes, kinds, ..
    } = read;
    let (aliases, contradictions) = (read.aliases, read.contradictions);
    if aliases.generation != base.generation {
        return Err(Failed::Overtaken);
    }
    let pairs = aliases.news();
    let joining = joining(importer, base.generation, &pairs).await?;
    let changes = ChangeWriter::create(scratch.path().join("plan"))?;
    let mut planning = Planning {
        importer,
        base,
        covers: (activities, mailboxes),
        changes,
        addresses: Sorter::new(scratch.path(), "addresses"),
        next_id: base.next_id,
        next_record: base.next_record,
        counts: Counts { lines, warnings, contradictions, ..Counts::default() },
        names,
        rejects,
        kinds,
        joining,
        pairs,
    };
    let mut known = KnownEntries::new(importer, base.generation);
    let mut waiting = slow(move || Groups::new(facts, aliases).map_err(Failed::scratch)).await?;
    let reading = if base.generation == 0 { Reading::All } else { Reading::WhatDiffers };
    let mut batch;
    (waiting, batch) = gathered(waiting, reading).await?;
    while !batch.is_empty() {
        // The next entries are gathered while these are compared.
        let (next, compared) = tokio::join!(gathered(waiting, reading), planning.batch(batch, &mut known));
        compared?;
        (waiting, batch) = next?;
    }
    while let Some(old) = known.next().await? {
        planning.entry(old.key.clone(), None, Some(old))?;
    }
    planning.end(order, digest, scratch)
}

/// Entries in force that files now give to another one, under its other number.
#[derive(Default)]
struct Joining {
    /// By the key of the entry they go to.
    to: HashMap<Key, Vec<Known>>,
    /// Their own keys.
    from: HashSet<Key>,
}

/// Looks for entries of structures whose second number was learned now; of pairs known before there are none left.
async fn joining(
    importer: &Importer,
    generation: i64,
    pairs: &[(u64, Option<Site9>)],
) -> Result<Joining, Failed> {
    let mut joining = Joining::default();
    if generation == 0 {
        return Ok(joining);
    }
    let of_siret = |siret: u64| Key::structure(&NationalStructureId(format!("3{siret:014}")));
    for batch in pairs.chunks(limits::COMPARED_AT_ONCE) {
        let sites: HashMap<Key, Site9> =
            batch.iter().filter_map(|(siret, site)| Some((of_siret(*siret), (*site)?))).collect();
        let keys: Vec<Key> = sites.keys().cloned().collect();
        for known in write::known_of(&importer.db, generation, &keys).await? {
            let Some(site) = sites.get(&known.key) else { continue };
            joining.from.insert(known.key.clone());
            joining.to.entry(Key::structure(&site.national_id())).or_default().push(known);
        }
    }
    Ok(joining)
}

/// Which facts are read before they are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reading {
    /// All: nothing is known to compare with.
    All,
    /// None: of most entries the digest says enough.
    WhatDiffers,
}

/// The next entries of the files; none at their end.
async fn gathered(mut waiting: Groups, reading: Reading) -> Result<(Groups, Vec<Told>), Failed> {
    slow(move || {
        let mut batch = Vec::with_capacity(limits::COMPARED_AT_ONCE);
        while batch.len() < limits::COMPARED_AT_ONCE {
            match waiting.next()? {
                Some(told) => batch.push(match reading {
                    Reading::All => told.read()?,
                    Reading::WhatDiffers => told,
                }),
                None => break,
            }
        }
        Ok((waiting, batch))
    })
    .await
}

/// Digests of what is told of activities and mailboxes; none when not all of it is taken.
type Sources = (Option<Vec<u8>>, Option<Vec<u8>>);

/// An entry that must be read to know what becomes of it.
struct Differing {
    key: Key,
    told: Option<(Group, Sources)>,
    old: Option<Known>,
}

struct Planning<'a> {
    importer: &'a Importer,
    base: Pointer,
    covers: (Covers, Covers),
    changes: ChangeWriter,
    addresses: Sorter,
    next_id: i64,
    next_record: i64,
    counts: Counts,
    names: Vec<String>,
    rejects: crate::import::rejects::Rejects,
    /// Of the addresses of the files, by their hash.
    kinds: Kinds,
    joining: Joining,
    pairs: Vec<(u64, Option<Site9>)>,
}

impl Planning<'_> {
    async fn batch(&mut self, batch: Vec<Told>, known: &mut KnownEntries<'_>) -> Result<(), Failed> {
        let mut differing = Vec::new();
        for told in batch {
            while let Some(old) = known.next_before(&told.key).await? {
                differing.push(Differing { key: old.key.clone(), told: None, old: Some(old) });
            }
            match known.next_if(&told.key).await? {
                Some(old) if self.is_same(&told, &old) && !self.joining.to.contains_key(&told.key) => {
                    self.unchanged(&old);
                }
                old => {
                    let sources = (told.activity.clone(), told.mailbox.clone());
                    let (key, group) = (told.key.clone(), told.group()?);
                    self.counts.read += 1;
                    differing.push(Differing { key, told: Some((group, sources)), old });
                }
            }
        }
        // A first import finds no kind of long ago.
        if self.base.generation > 0 {
            self.leave_out_other_kinds(&mut differing).await?;
            self.keep_known_kinds(&mut differing).await?;
            self.take_mailboxes_over(&mut differing).await?;
        }
        for Differing { key, told, old } in differing {
            let Some((group, mut sources)) = told else {
                self.entry(key, None, old)?;
                continue;
            };
            for line in &group.too_many {
                self.reject(*line, "the entry holds too many mailboxes or situations")?;
            }
            if !group.too_many.is_empty() {
                sources = (None, None);
            }
            self.entry(key, Some((group, sources)), old)?;
        }
        let done = (self.counts.added + self.counts.changed + self.counts.unchanged) as u64;
        self.importer.tell(Phase::Comparing, done, 0);
        Ok(())
    }

    /// Whether the facts are those that the version in force was made of.
    fn is_same(&self, told: &Told, old: &Known) -> bool {
        let same = |told: Option<&Vec<u8>>, covers, known: Option<&Vec<u8>>| match (told, covers) {
            (Some(told), _) => known == Some(told),
            (None, Covers::Nothing) => true,
            (None, Covers::Everything) => known.is_none(),
        };
        same(told.activity.as_ref(), self.covers.0, old.activity_digest.as_ref())
            && same(told.mailbox.as_ref(), self.covers.1, old.mailbox_digest.as_ref())
    }

    fn unchanged(&mut self, old: &Known) {
        self.counts.unchanged += 1;
        self.counts.entries += 1;
        self.counts.mailboxes += old.mailboxes;
        self.counts.activities += old.activities;
    }

    /// Address and kind of a mailbox never change (DOMAIN §1.5), not even after it went.
    async fn leave_out_other_kinds(&mut self, batch: &mut [Differing]) -> Result<(), Failed> {
        let told = batch.iter().filter_map(|differing| differing.told.as_ref());
        let held = told.filter_map(|(group, _)| group.mailbox.as_ref());
        let addresses: Vec<_> = held.flat_map(|part| part.addresses()).map(|(address, _)| address).collect();
        let kinds = write::kinds(&self.importer.db, &addresses).await?;
        for (group, sources) in batch.iter_mut().filter_map(|differing| differing.told.as_mut()) {
            let Some(part) = group.mailbox.take() else { continue };
            let wrong: Vec<String> = part
                .addresses()
                .into_iter()
                .filter(|(address, kind)| kinds.get(&address.to_string()).is_some_and(|known| known != kind))
                .map(|(address, _)| address.to_string())
                .collect();
            if wrong.is_empty() {
                group.mailbox = Some(part);
                continue;
            }
            group.mailbox = part.without(&wrong);
            // What is left out is said at each import: the entry is read at each.
            sources.1 = None;
            for (_, line) in group.lines.iter().filter(|(address, _)| wrong.contains(address)) {
                self.reject(*line, "the mailbox of this address has always been of another kind")?;
            }
        }
        Ok(())
    }

    /// A mailbox that the files give another kind stays as it is known, with whoever holds it: a wrong line takes
    /// nobody's mailbox away.
    async fn keep_known_kinds(&mut self, batch: &mut [Differing]) -> Result<(), Failed> {
        // Only who has fewer mailboxes than before may have lost one so.
        let fewer = |differing: &Differing| {
            let told = differing.told.as_ref().and_then(|(group, _)| group.mailbox.as_ref());
            let replaced = told.is_some() || self.covers.1 == Covers::Everything;
            let count = told.map_or(0, |part| part.mailboxes().count() as i64);
            let old = differing.old.as_ref().filter(|old| replaced && old.mailboxes > count);
            old.map(|old| old.version.record)
        };
        let records: Vec<i64> = batch.iter().filter_map(fewer).collect();
        if records.is_empty() {
            return Ok(());
        }
        let parts = write::records(&self.importer.db, &records).await?;
        for differing in batch {
            let Some(old) = &differing.old else { continue };
            let Some((_, Some(stored))) = parts.get(&old.version.record) else { continue };
            let stored = postcard::from_bytes(stored).map_err(|_| Error::Corrupt("mailbox part"))?;
            let is_other = |mailbox: &Mailbox| {
                let told = self.kinds.get(&hash(&mailbox.address));
                told.is_some_and(|told| *told != mailbox.kind)
            };
            let Some(kept) = MailboxPart::only(stored, is_other) else { continue };
            let (group, sources) =
                differing.told.get_or_insert_with(|| (Group::empty(differing.key.clone()), (None, None)));
            group.mailbox = Some(match group.mailbox.take() {
                Some(told) => told.with(kept),
                None => kept,
            });
            sources.1 = None;
        }
        Ok(())
    }

    /// An entry that another one joins takes over the mailboxes that stood there, when the files speak of none.
    async fn take_mailboxes_over(&mut self, batch: &mut [Differing]) -> Result<(), Failed> {
        if self.covers.1 == Covers::Everything || self.joining.to.is_empty() {
            return Ok(());
        }
        for differing in batch {
            let Some(others) = self.joining.to.get(&differing.key) else { continue };
            let own = differing.old.as_ref().map(|old| old.version.record);
            let records: Vec<i64> =
                own.into_iter().chain(others.iter().map(|known| known.version.record)).collect();
            let parts = write::records(&self.importer.db, &records).await?;
            let (group, sources) =
                differing.told.get_or_insert_with(|| (Group::empty(differing.key.clone()), (None, None)));
            for record in records {
                // What the files tell of its own mailboxes counts; the others' have no line.
                if Some(record) == own && group.mailbox.is_some() {
                    continue;
                }
                let Some((_, Some(stored))) = parts.get(&record) else { continue };
                let stored: MailboxPart =
                    postcard::from_bytes(stored).map_err(|_| Error::Corrupt("mailbox part"))?;
                let Some(stored) = MailboxPart::only(stored, |_| true) else { continue };
                group.mailbox = Some(match group.mailbox.take() {
                    Some(known) => known.with(stored),
                    None => stored,
                });
                // No line says this, and no digest of lines is it: the next extract of mailboxes writes its own.
                sources.1 = Some(digest(&SHA256, b"joined").as_ref()[..DIGEST].to_vec());
            }
        }
        Ok(())
    }

    fn reject(&mut self, number: u64, reason: &str) -> Result<(), Failed> {
        let (file, line) = place_of(number);
        let name = self.names.get(file).map_or("", String::as_str);
        self.rejects.push(name, line, reason, b"").map_err(Failed::scratch)
    }

    /// What becomes of one entry.
    fn entry(&mut self, key: Key, told: Option<(Group, Sources)>, old: Option<Known>) -> Result<(), Failed> {
        if told.is_none()
            && let Some(old) = old.as_ref().filter(|_| self.joining.from.contains(&key))
        {
            // Nothing goes: it is told of under its other number.
            self.counts.joined += 1;
            return self.changes.write(&Change { key, id: old.id, ends: Some(old.version), begins: None });
        }
        let (activity, mailbox, sources) = match told {
            Some((group, sources)) => (group.activity, group.mailbox, sources),
            None => (None, None, (None, None)),
        };
        let activities = activity.as_ref().map(|part| part.activities() as i64);
        let mailboxes = mailbox.as_ref().map(|part| part.mailboxes().count() as i64);
        let addresses: Vec<Vec<u8>> = mailbox.as_ref().map(MailboxPart::ledger).unwrap_or_default();
        let known_activity = old.as_ref().and_then(|old| old.activity_digest.clone());
        let known_mailbox = old.as_ref().and_then(|old| old.mailbox_digest.clone());
        let activity = part(activity, sources.0, self.covers.0, known_activity.as_ref())?;
        let mailbox = part(mailbox, sources.1, self.covers.1, known_mailbox.as_ref())?;
        let counted = |part: &Part, given: Option<i64>, known: Option<i64>| match part {
            Part::Gone => 0,
            Part::Kept(_) => known.unwrap_or_default(),
            Part::Is(..) => given.unwrap_or_default(),
        };
        let activities = counted(&activity, activities, old.as_ref().map(|old| old.activities));
        let mailboxes = counted(&mailbox, mailboxes, old.as_ref().map(|old| old.mailboxes));
        let before = old.as_ref().map_or(0, |old| old.mailboxes);
        self.counts.mailboxes_added += (mailboxes - before).max(0);
        self.counts.mailboxes_removed += (before - mailboxes).max(0);
        self.counts.mailboxes += mailboxes;
        self.counts.activities += activities;
        let stays = !(activity.is_gone() && mailbox.is_gone());
        self.counts.entries += i64::from(stays);
        let Some(old) = old else {
            // A group may be empty: all its lines were left out.
            if stays {
                self.counts.added += 1;
                let id = ListingId(self.next_id);
                self.next_id += 1;
                self.begin(
                    Change { key, id, ends: None, begins: None },
                    activity,
                    mailbox,
                    (activities, mailboxes),
                )?;
                self.remember(id, &addresses)?;
            }
            return Ok(());
        };
        let change = Change { key, id: old.id, ends: Some(old.version), begins: None };
        if !stays {
            self.counts.removed += 1;
            return self.changes.write(&change);
        }
        if activity.same_as(known_activity.as_ref()) && mailbox.same_as(known_mailbox.as_ref()) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        self.counts.changed += 1;
        self.begin(change, activity, mailbox, (activities, mailboxes))?;
        self.remember(old.id, &addresses)
    }

    fn begin(
        &mut self,
        change: Change,
        activity: Part,
        mailbox: Part,
        (activities, mailboxes): (i64, i64),
    ) -> Result<(), Failed> {
        let begins = Next { record: self.next_record, activity, mailbox, activities, mailboxes };
        self.next_record += 1;
        self.changes.write(&Change { begins: Some(begins), ..change })
    }

    fn remember(&mut self, holder: ListingId, addresses: &[Vec<u8>]) -> Result<(), Failed> {
        for address in addresses {
            let number = u64::try_from(holder.0).unwrap_or_default();
            let mut row = address.clone();
            row.extend_from_slice(&number.to_be_bytes());
            self.addresses.push(&row, number).map_err(Failed::scratch)?;
        }
        Ok(())
    }

    fn end(mut self, order: &Order, digest: [u8; 32], scratch: Scratch) -> Result<Planned, Failed> {
        let unwritable = |cause| Failed::File { path: order.rejects.clone(), cause };
        self.rejects.flush().map_err(unwritable)?;
        self.counts.rejected = self.rejects.count();
        let counts = self.counts;
        let after = Pointer {
            next_id: self.next_id,
            next_record: self.next_record,
            entries: counts.entries,
            mailboxes: counts.mailboxes,
            activities: counts.activities,
            ..self.base
        };
        Ok(Planned {
            counts,
            first_rejects: self.rejects.first().to_vec(),
            base: self.base,
            changes: self.changes.finish()?,
            addresses: self.addresses.sorted().map_err(Failed::scratch)?,
            pairs: self.pairs,
            about: About { files: self.names.join(", "), digest },
            brake: brake(order.removals, &self.base, &counts),
            after,
            _scratch: scratch,
        })
    }
}

impl MailboxPart {
    /// Addresses with their kinds, as the sorter takes them.
    fn ledger(&self) -> Vec<Vec<u8>> {
        self.addresses()
            .into_iter()
            .map(|(address, kind)| format!("{address} {}", kind.code()).into_bytes())
            .collect()
    }
}
