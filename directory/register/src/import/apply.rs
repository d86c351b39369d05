//! Writing a plan into a generation of its own.

use db::Tx;

use crate::import::changes::{Change, ChangeReader, Next, Part};
use crate::import::planned::Planned;
use crate::import::sorter::Sorted;
use crate::import::{Counts, Failed, Importer, Phase, slow};
use crate::index::{self, Builder, Scope};
use crate::parts::MailboxPart;
use crate::store::aliases;
use crate::store::imports::{self, Claim, Step};
use crate::store::write::{Addresses, Begins, Changes, Write, flip, records};
use crate::store::{self, Pointer};
use crate::{Error, ListingId, limits};
use names::AccountKind;

/// A generation that is written, with its index, and not yet in force.
#[derive(Clone)]
pub struct Ready {
    claim: Claim,
    after: Pointer,
    counts: Counts,
    digest: [u8; 32],
    files: String,
}

impl Ready {
    /// Puts it in force, inside a unit of the caller: what else belongs to the act, as its line in the trail,
    /// goes with it. Best last in the unit.
    pub async fn flip(&self, tx: &mut Tx, now: names::Timestamp) -> Result<(), Failed> {
        flip(tx, &self.claim, &self.after, &self.summary(), now).await
    }

    /// The generation it will be.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.claim.generation
    }

    /// What it does, in one line: for the history and the trail.
    #[must_use]
    pub fn summary(&self) -> String {
        let Counts { added, changed, removed, rejected, .. } = self.counts;
        let digest: String = self.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "generation={} added={added} changed={changed} removed={removed} rejected={rejected} sha256={digest} \
             files={}",
            self.claim.generation, self.files
        )
    }
}

pub(crate) async fn apply(importer: &Importer, planned: Planned) -> Result<Ready, Failed> {
    planned.allowed()?;
    let now = importer.now()?;
    let about = planned.about.clone();
    let claim = imports::claim(&importer.db, about.clone(), importer.db.id(now), now).await?;
    if claim.generation != planned.base.generation + 1 {
        return Err(Failed::Overtaken);
    }
    let (after, counts) = (planned.after, planned.counts);
    if let Err(failed) = write(importer, &claim, planned).await {
        // The next one need not wait until the claim runs out.
        if importer.is_wanted() {
            imports::release(&importer.db, &claim).await?;
        }
        return Err(failed);
    }
    Ok(Ready { claim, after, counts, digest: about.digest, files: about.files })
}

async fn write(importer: &Importer, claim: &Claim, planned: Planned) -> Result<(), Failed> {
    let Planned { changes, addresses, after, pairs, _scratch: scratch, .. } = planned;
    for batch in pairs.chunks(limits::ALIASES_WRITTEN) {
        let unit = aliases::Write { claim: claim.clone(), pairs: batch.to_vec(), now: importer.now()? };
        importer.write(unit).await?;
    }
    let written = write_changes(importer, claim, changes.reader()?, changes.count).await?;
    let total = after.mailboxes as u64;
    write_addresses(importer, claim, (written, claim.addresses_done), addresses, total).await?;
    drop(scratch);
    // What an earlier attempt at the same generation left.
    index::forget(&importer.db, claim.generation).await?;
    build_index(importer, claim, written.max(0) as u64, after.entries as u64).await
}

/// Writes the changes that are not written yet; answers how many there are in all.
async fn write_changes(
    importer: &Importer,
    claim: &Claim,
    mut reader: ChangeReader,
    total: u64,
) -> Result<i64, Failed> {
    let skip = usize::try_from(claim.changes_done).unwrap_or_default();
    let mut done = claim.changes_done;
    reader = slow(move || {
        let mut left = skip;
        while left > 0 {
            let passed = reader.next(left.min(limits::WRITTEN_AT_ONCE))?.len();
            if passed == 0 {
                return Err(Failed::Overtaken);
            }
            left -= passed;
        }
        Ok(reader)
    })
    .await?;
    let mut batch;
    (reader, batch) = prepare(importer, claim, reader).await?;
    while !batch.is_empty() {
        let count = batch.len() as i64;
        let addresses = (claim.addresses_done, claim.addresses_done);
        let step = Step { changes: (done, done + count), addresses };
        let unit = Changes { claim: claim.clone(), step, writes: batch, now: importer.now()? };
        // The next batch is made ready while this one is written.
        let (written, prepared) = tokio::join!(importer.write(unit), prepare(importer, claim, reader));
        written?;
        done += count;
        importer.tell(Phase::Writing, done as u64, total);
        (reader, batch) = prepared?;
    }
    Ok(done)
}

async fn prepare(
    importer: &Importer,
    claim: &Claim,
    mut reader: ChangeReader,
) -> Result<(ChangeReader, Vec<Write>), Failed> {
    let (reader, changes) = slow(move || {
        let changes = reader.next(limits::WRITTEN_AT_ONCE)?;
        Ok((reader, changes))
    })
    .await?;
    let needed: Vec<i64> =
        changes.iter().filter(|change| needs_old(change)).filter_map(|c| Some(c.ends?.record)).collect();
    let old = if needed.is_empty() { Default::default() } else { records(&importer.db, &needed).await? };
    let started = claim.started_at;
    let writes = slow(move || {
        let writes = changes.into_iter().map(|change| {
            let before = change.ends.and_then(|version| old.get(&version.record).cloned());
            let (activity, mailbox) = before.unwrap_or_default();
            let begins = change.begins.map(|next| begins(next, activity, mailbox, started)).transpose()?;
            Ok(Write { key: change.key, id: change.id, ends: change.ends, begins })
        });
        writes.collect::<Result<Vec<Write>, Failed>>()
    })
    .await?;
    Ok((reader, writes))
}

/// Whether the version that ends gives something to the one that begins: a part, or dates of mailboxes.
fn needs_old(change: &Change) -> bool {
    change.begins.as_ref().is_some_and(|next| {
        matches!(next.activity, Part::Kept(_)) || matches!(next.mailbox, Part::Kept(_) | Part::Is(..))
    })
}

fn begins(
    next: Next,
    old_activity: Option<Vec<u8>>,
    old_mailbox: Option<Vec<u8>>,
    started: names::Timestamp,
) -> Result<Begins, Failed> {
    let (activity, activity_digest) = match next.activity {
        Part::Gone => (None, None),
        Part::Kept(digest) => (old_activity, Some(digest)),
        Part::Is(bytes, digest) => (Some(bytes), Some(digest)),
    };
    let (mailbox, mailbox_digest) = match next.mailbox {
        Part::Gone => (None, None),
        Part::Kept(digest) => (old_mailbox, Some(digest)),
        Part::Is(bytes, digest) => {
            let (_, before) = store::decoded(None, old_mailbox)?;
            let part: MailboxPart = postcard::from_bytes(&bytes).map_err(|_| Error::Corrupt("part"))?;
            let dated = part.dated(before.as_ref(), started);
            (Some(postcard::to_stdvec(&dated).map_err(|_| Error::Corrupt("part"))?), Some(digest))
        }
    };
    Ok(Begins {
        record: next.record,
        activity,
        activity_digest,
        mailbox,
        mailbox_digest,
        activities: next.activities,
        mailboxes: next.mailboxes,
    })
}

async fn write_addresses(
    importer: &Importer,
    claim: &Claim,
    (changes, mut done): (i64, i64),
    mut sorted: Sorted,
    total: u64,
) -> Result<(), Failed> {
    let mut left = usize::try_from(done).unwrap_or_default();
    loop {
        let (back, skipped, addresses) = slow(move || {
            let mut addresses = Vec::with_capacity(limits::WRITTEN_AT_ONCE);
            let mut skipped = 0;
            while addresses.len() < limits::WRITTEN_AT_ONCE {
                match sorted.next().map_err(Failed::scratch)? {
                    Some(_) if skipped < left => skipped += 1,
                    Some((row, _)) => addresses.push(address(&row)?),
                    None => break,
                }
            }
            Ok((sorted, skipped, addresses))
        })
        .await?;
        sorted = back;
        left -= skipped;
        if addresses.is_empty() {
            return Ok(());
        }
        let count = addresses.len() as i64;
        let step = Step { changes: (changes, changes), addresses: (done, done + count) };
        importer.write(Addresses { claim: claim.clone(), step, addresses, now: importer.now()? }).await?;
        done += count;
        importer.tell(Phase::Addresses, done as u64, total);
    }
}

/// Address, holder and kind from a row of the sorter: `address KIND` and eight octets.
fn address(row: &[u8]) -> Result<(Vec<u8>, ListingId, AccountKind), Failed> {
    let damaged = || Failed::from(Error::Corrupt("sorted address"));
    let (text, holder) = row.split_last_chunk::<8>().ok_or_else(damaged)?;
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    let (address, kind) = text.rsplit_once(' ').ok_or_else(damaged)?;
    let kind = AccountKind::from_code(kind).ok_or_else(damaged)?;
    Ok((address.as_bytes().to_vec(), ListingId(i64::from_be_bytes(*holder)), kind))
}

/// Of so many entries one must change before the index is built anew rather than added to.
const BUILT_ANEW: u64 = 8;

async fn build_index(importer: &Importer, claim: &Claim, changed: u64, total: u64) -> Result<(), Failed> {
    let mut tx = importer.db.read().await?;
    let scope = match index::exists(&mut tx, claim.generation - 1).await? {
        true if changed < total / BUILT_ANEW => Scope::Update,
        true | false => Scope::Whole,
    };
    drop(tx);
    let total = match scope {
        Scope::Whole => total,
        Scope::Update => changed,
    };
    let mut builder = Builder::new(scope);
    let (mut last, mut done) = (ListingId(0), 0);
    let mut renewed = importer.now()?;
    loop {
        let mut tx = importer.db.read().await?;
        let (after, count) = (last, limits::COMPARED_AT_ONCE);
        let batch: Vec<store::Change> = match scope {
            Scope::Whole => {
                let all = store::after(&mut tx, after, count, claim.generation).await?;
                all.into_iter().map(|listing| store::Change::Now(Box::new(listing))).collect()
            }
            Scope::Update => store::changed(&mut tx, after, count, claim.generation).await?,
        };
        drop(tx);
        let Some(end) = batch.last() else { break };
        (last, done) = (end.id(), done + batch.len() as u64);
        builder = slow(move || {
            let mut builder = builder;
            for change in &batch {
                match change {
                    store::Change::Now(listing) => builder.add(listing)?,
                    store::Change::Gone(id) => builder.gone(*id),
                }
            }
            Ok(builder)
        })
        .await?;
        importer.tell(Phase::Indexing, done, total);
        let now = importer.now()?;
        if now.since(renewed) >= limits::IMPORT_RENEWED {
            imports::renew(&importer.db, claim, now).await?;
            renewed = now;
        }
    }
    builder = slow(move || {
        let mut builder = builder;
        builder.seal()?;
        Ok(builder)
    })
    .await?;
    imports::renew(&importer.db, claim, importer.now()?).await?;
    builder.finish(&importer.db, claim.generation).await?;
    imports::renew(&importer.db, claim, importer.now()?).await
}
