//! A schema of its own on the PostgreSQL server that `scripts/test` starts.

use crate::outside::setting;
use crate::programs::Tool;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A schema nobody else uses; dropped with the value.
pub struct Schema {
    url: String,
    name: String,
}

impl Schema {
    /// A name for a schema; the server under test creates it.
    ///
    /// # Panics
    /// Without `PLI_TEST_POSTGRES`: `scripts/test` starts a server and sets it.
    #[must_use]
    pub fn fresh() -> Self {
        let url = setting("PLI_TEST_POSTGRES")
            .expect("PLI_TEST_POSTGRES is not set: run the tests by scripts/test, or see CONTRIBUTING.md");
        let name = format!(
            "story{}_{}_{:x}",
            std::process::id(),
            COUNTER.fetch_add(1, Ordering::Relaxed),
            crate::loopback::now().0
        );
        Self { url, name }
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the server keeps the account keys, apart from the data.
    fn keys(&self) -> String {
        format!("{}_keys", self.name)
    }

    /// Everything in both, as `pg_dump` writes it.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        // It reads the whole catalogue, with the tables of every test that ran before.
        let dump = Tool::new("pg_dump").within(Duration::from_secs(240)).args([
            "--dbname",
            &self.url,
            "--schema",
            &self.name,
            "--schema",
            &self.keys(),
        ]);
        dump.run().ok().out
    }

    /// The answer to one question, as text.
    #[must_use]
    pub fn ask(&self, sql: &str) -> String {
        let sql = format!("SET search_path TO {}; {sql}", self.name);
        let psql = Tool::new("psql").args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--dbname", &self.url, "--command", &sql]).run().ok().text().trim().to_owned()
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql = format!(
            "SET client_min_messages TO error; DROP SCHEMA IF EXISTS {}, {} CASCADE",
            self.name,
            self.keys()
        );
        // A schema that stays behind harms nobody: the whole server is thrown away.
        let psql =
            Tool::new("psql").args(["--no-psqlrc", "--quiet", "--dbname", &self.url, "--command", &sql]);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| psql.run()));
    }
}
