//! A look at a database that nobody has open, for `pli check`: nothing is made, changed or locked.

use crate::migrate::{APPLIED, Applied, Of, missing};
use crate::open::{OWN_TABLES, refuse_old_sqlite, refuse_strange_schema, refuse_weak_postgres};
use crate::{Config, Error, Migration, lock, sqlite};
use names::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use std::str::FromStr as _;

/// Whether a program that knows these migrations, in the order given, could open this database. Answers what it is,
/// in words. Fails as opening would: no server, a weakened one, tables of a newer program ([`Error::NewerDatabase`]).
pub async fn probe(config: &Config, migrations: &[Migration]) -> Result<String, Error> {
    let (applied, words) = match config {
        Config::Sqlite { folder, name, .. } => {
            if folder.exists() {
                lock::refuse_network_file_system(folder)?;
            }
            refuse_old_sqlite()?;
            let path = folder.join(format!("{name}.db"));
            let opened = |cause| Error::Open { what: path.display().to_string(), cause };
            (sqlite::applied(&path).map_err(opened)?, format!("SQLite in {}", folder.display()))
        }
        Config::Postgres { url, schema } => {
            let mut connection = connect(url).await?;
            refuse_weak_postgres(&mut connection).await?;
            let version: String = ask(&mut connection, "SHOW server_version").await?;
            (applied(&mut connection, schema.as_deref()).await?, format!("PostgreSQL {version}"))
        }
    };
    missing(&applied, Of::Floor, &OWN_TABLES)?;
    missing(&applied, Of::Rooms, migrations)?;
    Ok(words)
}

/// What the clock of the database's machine says; none where the database has no machine of its own.
pub async fn clock(config: &Config) -> Result<Option<Timestamp>, Error> {
    let Config::Postgres { url, .. } = config else { return Ok(None) };
    let mut connection = connect(url).await?;
    let at = ask(&mut connection, "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint").await?;
    Ok(Some(Timestamp(at)))
}

async fn connect(url: &str) -> Result<PgConnection, Error> {
    let opened = |cause: sqlx::Error| Error::Open { what: "PostgreSQL".to_owned(), cause: cause.into() };
    let options = PgConnectOptions::from_str(url).map_err(opened)?;
    PgConnection::connect_with(&options).await.map_err(opened)
}

async fn applied(connection: &mut PgConnection, schema: Option<&str>) -> Result<Applied, Error> {
    let mut table = "migration".to_owned();
    if let Some(schema) = schema {
        refuse_strange_schema(schema)?;
        table = format!("{schema}.{table}");
    }
    if !ask::<bool>(connection, &format!("SELECT to_regclass('{table}') IS NOT NULL")).await? {
        return Ok(Applied::new());
    }
    let sql = APPLIED.replace("migration", &table);
    let failed = |cause: sqlx::Error| Error::Statement { sql: sql.clone(), cause: cause.into() };
    let rows = sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))).collect()
}

/// The one value that a statement answers.
async fn ask<T>(connection: &mut PgConnection, sql: &str) -> Result<T, Error>
where
    T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'row> sqlx::Decode<'row, sqlx::Postgres>,
{
    let failed = |cause: sqlx::Error| Error::Statement { sql: sql.to_owned(), cause: cause.into() };
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;
    use crate::sqlite::{Access, open};
    use crate::testing::both;
    use std::collections::BTreeMap;
    use std::path::Path;

    const KNOWN: Migration = Migration {
        name: "test/0001",
        sql: "CREATE TABLE counter (id {ID}, value {INT} NOT NULL) {STRICT};\n",
    };

    const NEWER: Migration = Migration { name: "test/0002", sql: "CREATE TABLE other (id {ID}) {STRICT};\n" };

    fn files(folder: Option<&Path>) -> BTreeMap<String, Vec<u8>> {
        let entries = folder.into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
    }

    #[tokio::test]
    async fn a_database_is_looked_at_and_left_as_it_is() {
        let edited = Migration { sql: "CREATE TABLE edited (id {ID}) {STRICT};\n", ..KNOWN };
        for (engine, db) in both().await {
            db.migrate(&[KNOWN]).await.unwrap();
            db.copy_back().await.unwrap();
            let before = files(db.folder());
            for known in [&[KNOWN][..], &[KNOWN, NEWER]] {
                let words = probe(db.config(), known).await.unwrap();
                assert!(words.contains("SQL"), "{engine}: {words}");
            }
            let refused = probe(db.config(), &[]).await.unwrap_err();
            assert!(
                matches!(&refused, Error::NewerDatabase(name) if name == "test/0001"),
                "{engine}: {refused}"
            );
            let refused = probe(db.config(), &[edited]).await.unwrap_err();
            assert!(matches!(&refused, Error::Migration(_)), "{engine}: {refused}");
            assert_eq!(files(db.folder()), before, "{engine}: something was made or changed");
        }
    }

    #[tokio::test]
    async fn nothing_is_said_of_tables_that_are_not_there_or_stand_in_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::Sqlite {
            folder: folder.path().join("100 % new?"),
            name: "test".to_owned(),
            durability: Durability::PowerCut,
        };
        probe(&config, &[]).await.unwrap();
        assert_eq!(files(Some(folder.path())).len(), 0);
        let db = crate::testing::sqlite().await;
        db.migrate(&[KNOWN]).await.unwrap();
        probe(db.config(), &[]).await.unwrap();
        db.copy_back().await.unwrap();
        probe(db.config(), &[]).await.unwrap_err();
    }

    #[test]
    fn a_path_of_any_characters_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50 % of #2?.db");
        let connection = open(&path, Access::Write, Durability::PowerCut).unwrap();
        connection
            .raw("CREATE TABLE migration (name TEXT, text_hash INT); INSERT INTO migration VALUES ('a', 7)")
            .unwrap();
        drop(connection);
        assert_eq!(sqlite::applied(&path).unwrap(), BTreeMap::from([("a".to_owned(), 7)]));
    }
}
