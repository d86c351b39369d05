//! The two databases: the data, and the small store of account keys apart from it.

use crate::config::Config;
use anyhow::Context as _;
use db::Durability;
use names::{Clock, Entropy};
use relay::queue::Home;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

pub(super) struct Databases {
    pub(super) data: db::Db,
    pub(super) keys: db::Db,
    pub(super) home: Home,
    pub(super) held: Option<File>,
}

/// Another server holds the data folder.
#[derive(Debug, thiserror::Error)]
#[error("another server holds {0}")]
pub struct HoldError(pub PathBuf);

/// Opens and migrates both.
pub(super) async fn open(config: &Config, clock: &Clock, entropy: &Entropy) -> anyhow::Result<Databases> {
    let folder = &config.server.data;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder.join("keys"))
        .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let data = data_config(config)?;
    let (home, held) = match &data {
        db::Config::Sqlite { .. } => (Home::ONLY, None),
        db::Config::Postgres { .. } => {
            let mut held = hold(folder)?;
            let home = home(&mut held, entropy)
                .with_context(|| format!("cannot read {}", lock(folder).display()))?;
            (home, Some(held))
        }
    };
    let keys = keys_config(config, &data);
    let data = open_one(&data, clock).await?;
    let keys = open_one(&keys, clock).await.context("opening the store of account keys")?;
    data.migrate(&migrations()).await.context("bringing the tables up to date")?;
    keys.migrate(mailstore::KEY_MIGRATIONS).await.context("bringing the tables of keys up to date")?;
    Ok(Databases { data, keys, home, held })
}

/// Whether this program could open both. Changes nothing; answers what they are, in words.
pub(crate) async fn probe(config: &Config) -> anyhow::Result<String> {
    let data = data_config(config)?;
    let words = db::probe(&data, &migrations()).await?;
    let keys = keys_config(config, &data);
    db::probe(&keys, mailstore::KEY_MIGRATIONS).await.context("in the store of account keys")?;
    Ok(words)
}

/// All that the data's tables are made of.
fn migrations() -> Vec<db::Migration> {
    [audit::MIGRATIONS, directory::MIGRATIONS, mailstore::MIGRATIONS, relay::MIGRATIONS].concat()
}

/// Where the keys of accounts are.
fn keys_config(config: &Config, data: &db::Config) -> db::Config {
    match data {
        db::Config::Sqlite { .. } => sqlite(&config.server.data.join("keys"), "keys"),
        db::Config::Postgres { url, schema } => {
            let schema = schema.as_ref().map(|schema| format!("{schema}_keys"));
            db::Config::Postgres { url: url.clone(), schema }
        }
    }
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

fn lock(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Which home of the database this folder is: several servers share it, and one that starts again takes
/// what it held before it died, while others go on. A copied folder is another home, which is why the
/// number of the file stands beside.
fn home(held: &mut File, entropy: &Entropy) -> std::io::Result<Home> {
    let mut text = String::new();
    // What is no text is no home.
    let read = held.read_to_string(&mut text);
    let place = held.metadata()?.ino();
    if let (Ok(_), Some((home, known))) = (read, text.trim_end().split_once(' '))
        && known == place.to_string()
        && let Some(home) = Home::parse(home)
    {
        return Ok(home);
    }
    let home = Home::fresh(entropy);
    held.set_len(0)?;
    held.rewind()?;
    held.write_all(format!("{home} {place}\n").as_bytes())?;
    held.sync_all()?;
    Ok(home)
}

/// The data folder has blobs and the control socket also where the tables are elsewhere.
fn hold(folder: &Path) -> anyhow::Result<File> {
    let path = lock(folder);
    let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
    let file = file.with_context(|| format!("cannot use {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HoldError(folder.to_owned()).into()),
        Err(TryLockError::Error(cause)) => {
            Err(cause).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stays_the_same_home_and_a_copy_of_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = crate::assembly::entropy();
        let open = |folder: &Path| home(&mut hold(folder).unwrap(), &entropy).unwrap();
        let first = open(folder.path());
        assert_eq!(open(folder.path()), first, "a restart");
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(lock(folder.path()), lock(copy.path())).unwrap();
        assert_ne!(open(copy.path()), first, "a copy");
        for damaged in [&b""[..], b"00000000 1", b"\xff\xfe", b"half"] {
            std::fs::write(lock(folder.path()), damaged).unwrap();
            let home = open(folder.path());
            assert_eq!(open(folder.path()), home, "written anew after {damaged:?}");
        }
    }
}
