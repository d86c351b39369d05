//! Seeds into the directory and the store, in one unit of work.

use crate::{Admin, Done, Error, Import, SeedText};
use audit::Chain;
use directory::{Applied, PatientImport, PreparedImport, Seed, SeedFile};
use futures_util::future::try_join_all;
use mailstore::NewAccount;
use names::Timestamp;
use std::fmt::Write as _;

/// Keys of accounts made at a time: they share the commits of their table.
const KEYS_AT_ONCE: usize = 64;

/// An import with its keys made and its passwords hashed.
struct Work {
    admin: Admin,
    prepared: PreparedImport,
    accounts: Vec<NewAccount>,
    now: Timestamp,
}

impl Admin {
    pub(crate) async fn import(
        &self,
        files: &[SeedText],
        how: Import,
        now: Timestamp,
    ) -> Result<Done, Error> {
        if files.is_empty() {
            return Err(Error::Refused("no file to import".to_owned()));
        }
        let files: Vec<SeedFile> =
            files.iter().map(|file| SeedFile { name: file.name.clone(), text: file.text.clone() }).collect();
        let seed = Seed::read(&files, now);
        match how {
            Import::DryRun => {
                let failed = |cause| Error::Directory { what: "planning an import", cause };
                let plan = self.directory.plan_import(&seed, now).await.map_err(failed)?;
                let detail = format!("import plan={} faults={}", plan.len(), plan.faults.len());
                self.looked(Chain::System, detail, now).await?;
                let text = format!("{plan}Nothing was written. Without --dry-run it will be.\n");
                Ok(Done { text, complete: plan.faults.is_empty() })
            }
            Import::Apply => {
                let applied = self.apply(seed, now).await?;
                Ok(Done { text: told(&applied), complete: applied.faults.is_empty() })
            }
        }
    }

    /// Imports a seed: everybody in it, and a place in the store for each new account, or nothing.
    pub async fn apply(&self, seed: Seed, now: Timestamp) -> Result<Applied, Error> {
        let failed = |cause| Error::Directory { what: "preparing an import", cause };
        let prepared = self.directory.prepare_import(seed, now).await.map_err(failed)?;
        let accounts = self.places(&prepared, now).await?;
        let work = Work { admin: self.clone(), prepared, accounts, now };
        self.mailstore
            .db()
            .write(db::unit("import a seed with its accounts", work, |work, tx| Box::pin(work.run(tx))))
            .await
    }

    /// The same with some rows of a large table, whose line `through` is the last: how far its import is goes into
    /// the same unit.
    pub(crate) async fn apply_patients(
        &self,
        prepared: PreparedImport,
        import: PatientImport,
        through: u64,
        now: Timestamp,
    ) -> Result<(Applied, PatientImport), Error> {
        let accounts = self.places(&prepared, now).await?;
        let work = (Work { admin: self.clone(), prepared, accounts, now }, import, through);
        self.mailstore
            .db()
            .write(db::unit("import some patients", work, |(work, import, through), tx| {
                Box::pin(async move {
                    let applied = work.run(tx).await?;
                    let reached = PatientImport {
                        line: *through,
                        added: import.added + applied.created as u64,
                        changed: import.changed + applied.changed as u64,
                        unchanged: import.unchanged + applied.unchanged as u64,
                        ..*import
                    };
                    match reached.advance(tx, import.line).await {
                        Ok(()) => Ok((applied, reached)),
                        Err(directory::Error::Taken(_)) => {
                            Err(Error::Refused("somebody else is importing this file".to_owned()))
                        }
                        Err(cause) => Err(Error::Directory { what: "importing some patients", cause }),
                    }
                })
            }))
            .await
    }

    /// Makes the keys of new accounts, some at a time.
    async fn places(&self, prepared: &PreparedImport, now: Timestamp) -> Result<Vec<NewAccount>, Error> {
        let mut accounts = Vec::with_capacity(prepared.accounts().len());
        for some in prepared.accounts().chunks(KEYS_AT_ONCE) {
            let made = some.iter().map(|(id, kind)| self.mailstore.prepare_account_as(*id, *kind, now));
            let made = try_join_all(made).await;
            accounts
                .extend(made.map_err(|cause| Error::Store { what: "making the key of an account", cause })?);
        }
        Ok(accounts)
    }
}

impl Work {
    async fn run(&self, tx: &mut db::Tx) -> Result<Applied, Error> {
        let applied = self.admin.directory.import_in(tx, &self.prepared, self.now).await;
        let applied = applied.map_err(|cause| Error::Directory { what: "importing", cause })?;
        for (account, _) in &applied.accounts_created {
            let new = self.accounts.iter().find(|new| new.id() == *account).ok_or_else(|| {
                Error::Refused("the directory changed while this import began: import again".to_owned())
            })?;
            let written = self.admin.mailstore.write_account(tx, new, self.now).await;
            written.map_err(|cause| Error::Store { what: "giving an account its place", cause })?;
        }
        Ok(applied)
    }
}

fn told(applied: &Applied) -> String {
    let mut text = format!(
        "{} rows written, {} changed, {} as they were; {} new accounts.\n",
        applied.created,
        applied.changed,
        applied.unchanged,
        applied.accounts_created.len()
    );
    for fault in &applied.faults {
        let _ = writeln!(text, "! {fault}");
    }
    if !applied.faults.is_empty() {
        let _ = writeln!(
            text,
            "{} rows were left out. Mend them and import the same files again.",
            applied.faults.len()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, PEOPLE, houses, seed};
    use crate::{Command, SeedText};

    fn command(text: &str, how: Import) -> Command {
        Command::Import {
            files: vec![SeedText { name: "people.toml".to_owned(), text: text.to_owned() }],
            how,
        }
    }

    #[tokio::test]
    async fn an_import_makes_accounts_and_a_second_one_changes_nothing() {
        for house in houses().await {
            let admin = &house.admin;
            let dry = admin.run(&command(PEOPLE, Import::DryRun), NOON).await.unwrap();
            assert!(dry.complete && dry.text.contains("+ mailbox PER marie"), "{}", dry.text);
            let nothing = admin.run(&Command::Accounts, NOON).await.unwrap();
            assert!(nothing.text.contains("There is no account yet"), "{}", nothing.text);

            let first = admin.run(&command(PEOPLE, Import::Apply), NOON).await.unwrap();
            assert!(first.complete && first.text.contains("15 new accounts"), "{}", first.text);
            let second = admin.run(&command(PEOPLE, Import::Apply), NOON).await.unwrap();
            assert!(second.text.starts_with("0 rows written, 0 changed"), "{}", second.text);

            let mut tx = admin.mailstore.db().read().await.unwrap();
            for (account, kind) in directory::mailboxes::all_accounts(&mut tx).await.unwrap() {
                let stored = admin.mailstore.account(&mut tx, account).await.unwrap();
                assert_eq!(stored.kind, kind, "{}", house.engine);
            }
            drop(tx);
            let report = admin.mailstore.verify(mailstore::Depth::Contents, NOON).await.unwrap();
            assert!(report.is_clean(), "{}: {:?}", house.engine, report.findings);
        }
    }

    #[tokio::test]
    async fn wrong_rows_are_named_and_the_others_go_in() {
        for house in houses().await {
            let text = PEOPLE.replacen("kind = \"PER\"", "kind = \"XYZ\"", 1);
            let done = house.admin.run(&command(&text, Import::Apply), NOON).await.unwrap();
            assert!(!done.complete && done.text.contains("! people.toml:"), "{}", done.text);
            assert!(done.text.contains("14 new accounts"), "{}", done.text);
        }
    }

    #[tokio::test]
    async fn an_account_whose_place_cannot_be_made_leaves_no_mailbox_behind() {
        for house in houses().await {
            let admin = &house.admin;
            let prepared = admin.directory.prepare_import(seed(PEOPLE), NOON).await.unwrap();
            let work = Work { admin: admin.clone(), prepared, accounts: Vec::new(), now: NOON };
            let unit = db::unit("import", work, |work, tx| Box::pin(work.run(tx)));
            assert!(matches!(admin.mailstore.db().write(unit).await, Err(Error::Refused(_))));
            let mut tx = admin.mailstore.db().read().await.unwrap();
            assert!(
                directory::mailboxes::all_accounts(&mut tx).await.unwrap().is_empty(),
                "{}",
                house.engine
            );
        }
    }
}
