//! Structures known by two numbers: which FINESS a SIRET is of, as lines of the extracts state it
//! (docs/adr/0033-two-numbers-one-structure.md).

use std::collections::HashMap;

use db::{Db, Tx, Unit, Value, args};
use names::{NationalStructureId, Timestamp};

use crate::import::Failed;
use crate::parts::{Key, Site9, siret_of};
use crate::store::imports::{self, Claim, Step};
use crate::{Error, limits};

/// What each SIRET is of; none where lines disagree.
pub(crate) type Pairs = HashMap<u64, Option<Site9>>;

/// All that holds at a generation.
pub(crate) async fn all(db: &Db, generation: i64) -> Result<Pairs, Failed> {
    let mut tx = db.read().await?;
    let (mut pairs, mut after) = (Pairs::new(), -1_i64);
    loop {
        // Of one number the rows stand in the order of their generations: the last one read counts.
        let rows = tx
            .rows(
                "SELECT siret, finess FROM register_alias WHERE siret > $1 AND since <= $2
                 ORDER BY siret, since LIMIT $3",
                args![after, generation, limits::ALIASES_AT_ONCE],
            )
            .await?;
        let Some(last) = rows.last() else { return Ok(pairs) };
        let last = last.int(0)?;
        for row in &rows {
            pairs.insert(number(row.int(0)?)?, site(row.maybe_text(1)?)?);
        }
        // A page may end within the rows of one number: it is read again, which changes nothing.
        let all_of_one = rows.first().map(|row| row.int(0)).transpose()? == Some(last);
        after = if all_of_one { last } else { last - 1 };
        if (rows.len() as i64) < limits::ALIASES_AT_ONCE {
            return Ok(pairs);
        }
    }
}

/// The other identifier of each of these structures that has one at this generation.
pub(crate) async fn of(tx: &mut Tx, keys: &[Key], generation: i64) -> Result<HashMap<Key, Key>, Error> {
    let sirets: HashMap<u64, &Key> =
        keys.iter().filter_map(|key| Some((siret_of(key.structure_id()?)?, key))).collect();
    if sirets.is_empty() {
        return Ok(HashMap::new());
    }
    let list = sirets.keys().map(|siret| Value::from(i64::try_from(*siret).unwrap_or(i64::MAX))).collect();
    let rows = tx
        .rows_in(
            "SELECT siret, since, finess FROM register_alias WHERE since <= $1 AND siret IN ({})",
            args![generation],
            list,
        )
        .await?;
    let mut newest = HashMap::<u64, (i64, Option<Site9>)>::new();
    for row in &rows {
        let (siret, since) = (number(row.int(0)?)?, row.int(1)?);
        if newest.get(&siret).is_none_or(|(known, _)| *known < since) {
            newest.insert(siret, (since, site(row.maybe_text(2)?)?));
        }
    }
    let joined = |(siret, (_, site)): (u64, (i64, Option<Site9>))| {
        Some(((*sirets.get(&siret)?).clone(), Key::structure(&site?.national_id())))
    };
    Ok(newest.into_iter().filter_map(joined).collect())
}

/// These structures, each by every identifier it has at this generation.
pub(crate) async fn every_id(
    tx: &mut Tx,
    ids: &[NationalStructureId],
    generation: i64,
) -> Result<Vec<NationalStructureId>, Error> {
    let mut keys: Vec<Key> = ids.iter().map(Key::structure).collect();
    keys.extend(sirets_of(tx, ids, generation).await?);
    let others = of(tx, &keys, generation).await?;
    let mut all = ids.to_vec();
    let mut add = |key: &Key| {
        let id = key.structure_id().filter(|id| all.iter().all(|known| known.0 != **id));
        all.extend(id.map(|id| NationalStructureId(id.to_owned())));
    };
    let asked = |key: &Key| ids.iter().any(|id| Some(id.0.as_str()) == key.structure_id());
    for (siret, finess) in &others {
        // A number that was another structure's once leads nowhere else.
        if asked(siret) {
            add(finess);
        }
        if asked(finess) {
            add(siret);
        }
    }
    Ok(all)
}

/// Every SIRET that a line ever gave to one of these by its FINESS: whether it still counts is for [`of`] to say.
async fn sirets_of(tx: &mut Tx, ids: &[NationalStructureId], generation: i64) -> Result<Vec<Key>, Error> {
    let sites: Vec<Value> = ids.iter().filter_map(|id| id.0.strip_prefix('1')).map(Value::from).collect();
    if sites.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx
        .rows_in(
            "SELECT siret FROM register_alias WHERE since <= $1 AND finess IN ({})",
            args![generation],
            sites,
        )
        .await?;
    let key =
        |row: &db::Row| Ok(Key::structure(&NationalStructureId(format!("3{:014}", number(row.int(0)?)?))));
    rows.iter().map(key).collect()
}

/// A batch of pairs of an import that nobody sees yet. Written again it changes nothing.
pub(crate) struct Write {
    pub(crate) claim: Claim,
    pub(crate) pairs: Vec<(u64, Option<Site9>)>,
    pub(crate) now: Timestamp,
}

impl Unit for Write {
    const NAME: &'static str = "import numbers of structures";
    type Output = ();
    type Error = Failed;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Failed> {
        // Nothing of the plan is done by this: it only must still be ours to write.
        let done = |done: i64| (done, done);
        let step =
            Step { changes: done(self.claim.changes_done), addresses: done(self.claim.addresses_done) };
        imports::advance(tx, &self.claim, &step, self.now).await?;
        let row = |(siret, site): &(u64, Option<Site9>)| {
            let siret = i64::try_from(*siret).unwrap_or(i64::MAX);
            args![siret, self.claim.generation, site.map(|site| site.as_str().to_owned())]
        };
        let insert = "INSERT INTO register_alias (siret, since, finess) VALUES";
        let again = "ON CONFLICT (siret, since) DO UPDATE SET finess = excluded.finess";
        tx.insert_rows(insert, again, self.pairs.iter().map(row).collect()).await?;
        Ok(())
    }
}

fn number(siret: i64) -> Result<u64, Error> {
    u64::try_from(siret).map_err(|_| Error::Corrupt("number of a structure"))
}

fn site(text: Option<String>) -> Result<Option<Site9>, Error> {
    let read = |text: String| Site9::parse(&text).ok_or(Error::Corrupt("number of a structure"));
    text.map(read).transpose()
}
