//! The two databases: the data, and the small store of account keys apart from it.

use crate::config::Config;
use anyhow::Context as _;
use db::Durability;
use names::Clock;
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub(super) struct Databases {
    pub(super) data: db::Db,
    pub(super) keys: db::Db,
    pub(super) held: Option<File>,
}

/// Another server holds the data folder.
#[derive(Debug, thiserror::Error)]
#[error("another server holds {0}")]
pub struct HoldError(pub PathBuf);

/// Opens and migrates both.
pub(super) async fn open(config: &Config, clock: &Clock) -> anyhow::Result<Databases> {
    let folder = &config.server.data;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder.join("keys"))
        .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let data = data_config(config)?;
    let (keys, held) = match &data {
        db::Config::Sqlite { .. } => (sqlite(&folder.join("keys"), "keys"), None),
        db::Config::Postgres { url, schema } => {
            let schema = schema.as_ref().map(|schema| format!("{schema}_keys"));
            (db::Config::Postgres { url: url.clone(), schema }, Some(hold(folder)?))
        }
    };
    let data = open_one(&data, clock).await?;
    let keys = open_one(&keys, clock).await.context("opening the store of account keys")?;
    let all = [audit::MIGRATIONS, directory::MIGRATIONS, mailstore::MIGRATIONS, relay::MIGRATIONS].concat();
    data.migrate(&all).await.context("bringing the tables up to date")?;
    keys.migrate(mailstore::KEY_MIGRATIONS).await.context("bringing the tables of keys up to date")?;
    Ok(Databases { data, keys, held })
}

/// Where the data is.
pub(crate) fn data_config(config: &Config) -> anyhow::Result<db::Config> {
    let Some(file) = &config.database.postgres_url_file else {
        return Ok(sqlite(&config.server.data, "pli"));
    };
    let url = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read database.postgres_url_file {}", file.display()))?;
    let schema = config.database.schema.clone().unwrap_or_else(|| "pli".to_owned());
    Ok(db::Config::Postgres { url: url.trim().to_owned(), schema: Some(schema) })
}

async fn open_one(config: &db::Config, clock: &Clock) -> anyhow::Result<db::Db> {
    db::Db::open(config, clock.clone()).await.map_err(|error| match error {
        db::Error::Locked(folder) => HoldError(folder).into(),
        error => error.into(),
    })
}

fn sqlite(folder: &Path, name: &str) -> db::Config {
    let durability = Durability::PowerCut;
    db::Config::Sqlite { folder: folder.to_owned(), name: name.to_owned(), durability }
}

/// The data folder has blobs and the control socket also where the tables are elsewhere.
fn hold(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("cannot use {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HoldError(folder.to_owned()).into()),
        Err(TryLockError::Error(cause)) => {
            Err(cause).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}
