//! One set of migrations, forward only, embedded in the binary.

use crate::{Error, Tx, args, dialect};
use std::collections::BTreeMap;

/// One step of the schema. Never changed once released: add another.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Room and number, as `mailstore/0001`.
    pub name: &'static str,
    /// Statements, each ending in `;` at the end of a line.
    pub sql: &'static str,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    name {TEXT} NOT NULL PRIMARY KEY, text_hash {INT} NOT NULL, applied_at {INT} NOT NULL) {STRICT}";

/// Whose tables they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Of {
    /// The floor's own, which stand before any room's.
    Floor,
    /// All others.
    Rooms,
}

impl Of {
    fn owner(name: &str) -> Self {
        if name.starts_with("db/") { Self::Floor } else { Self::Rooms }
    }
}

/// What is applied in a database.
pub(crate) const APPLIED: &str = "SELECT name, text_hash FROM migration";

/// Names of what is applied, and the hash of each text.
pub(crate) type Applied = BTreeMap<String, i64>;

/// Which of `known`, all that this program knows of these tables, are not applied yet. Refuses a database that has
/// others, or one of them with another text.
pub(crate) fn missing<'a>(
    applied: &Applied,
    of: Of,
    known: &'a [Migration],
) -> Result<Vec<&'a Migration>, Error> {
    let is_known = |name: &str| known.iter().any(|known| known.name == name);
    if let Some(unknown) = applied.keys().find(|name| Of::owner(name) == of && !is_known(name)) {
        return Err(Error::NewerDatabase(unknown.clone()));
    }
    let mut missing = Vec::new();
    for migration in known {
        match applied.get(migration.name) {
            Some(hash) if *hash == fnv(migration.sql) => {}
            Some(_) => return Err(Error::Migration(migration.name.to_owned())),
            None => missing.push(migration),
        }
    }
    Ok(missing)
}

/// Applies in one transaction what is not applied yet, in the order given: all that this program knows of these
/// tables. A database with one more is refused untouched: a program that does not know how rows are kept would
/// overlook some (ADR 0041).
pub(crate) async fn apply(
    tx: &mut Tx,
    of: Of,
    migrations: &[Migration],
    now: names::Timestamp,
) -> Result<(), Error> {
    let engine = tx.engine();
    if engine == crate::Engine::Postgres {
        // Two processes may start together; one applies, the other waits here.
        tx.execute("SELECT pg_advisory_xact_lock(7055201)", args![]).await?;
    }
    tx.execute(TABLE, args![]).await?;
    let mut applied = Applied::new();
    for row in tx.rows(APPLIED, args![]).await? {
        applied.insert(row.text(0)?.to_owned(), row.int(1)?);
    }
    for migration in missing(&applied, of, migrations)? {
        let text = dialect::render(migration.sql, engine, dialect::Mode::Writing);
        for statement in statements(&text) {
            let failed = |cause| Error::Statement { sql: format!("{}: {statement}", migration.name), cause };
            tx.raw(statement.to_owned()).await.map_err(failed)?;
        }
        tx.execute(
            "INSERT INTO migration (name, text_hash, applied_at) VALUES ($1, $2, $3)",
            args![migration.name, fnv(migration.sql), now],
        )
        .await?;
    }
    Ok(())
}

/// The statements of a text: each ends in `;` at the end of a line.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    text.split(";\n").map(|statement| statement.trim().trim_end_matches(';')).filter(|statement| {
        statement.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with("--"))
    })
}

/// FNV-1a of the text without regard to line ends: tells an edited migration, resists no attacker.
fn fnv(text: &str) -> i64 {
    let hash = text.bytes().filter(|byte| *byte != b'\r').fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash as i64
}
