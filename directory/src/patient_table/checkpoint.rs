//! How far the import of a table of patients is: one row for each file, by its hash. It holds nobody's traits.

use db::{Tx, args};
use names::Timestamp;

use crate::{Directory, Error};

/// How far an import is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PatientImport {
    /// The file, and how it is read.
    pub digest: [u8; 32],
    /// Everything up to this line is in.
    pub line: u64,
    /// People who are new.
    pub added: u64,
    /// People of whom something changed.
    pub changed: u64,
    /// People who were as the file says.
    pub unchanged: u64,
}

const FIND: &str = "SELECT line, added, changed, unchanged FROM patient_import
    WHERE digest = $1 AND finished_at IS NULL";
const BEGIN: &str = "INSERT INTO patient_import (digest, name, started_at, line, added, changed, unchanged)
    VALUES ($1, $2, $3, 0, 0, 0, 0)
    ON CONFLICT (digest) DO UPDATE SET name = excluded.name, started_at = excluded.started_at, line = 0,
    added = 0, changed = 0, unchanged = 0, finished_at = NULL";
const ADVANCE: &str = "UPDATE patient_import SET line = $3, added = $4, changed = $5, unchanged = $6
    WHERE digest = $1 AND line = $2 AND finished_at IS NULL";
const FINISH: &str = "UPDATE patient_import SET finished_at = $2 WHERE digest = $1";

impl Directory {
    /// Begins an import, or goes on with one that stopped half way. One that has ended begins again: it finds
    /// everybody as they are.
    pub async fn begin_patient_import(
        &self,
        digest: [u8; 32],
        name: &str,
        now: Timestamp,
    ) -> Result<PatientImport, Error> {
        let unit = (digest, name.to_owned(), now);
        self.db()
            .write(db::unit("begin an import of patients", unit, |(digest, name, now), tx| {
                Box::pin(async move {
                    if let Some(row) = tx.maybe_row(FIND, args![digest.as_slice()]).await? {
                        let count = |at| row.int(at).map(|count| u64::try_from(count).unwrap_or(0));
                        return Ok(PatientImport {
                            digest: *digest,
                            line: count(0)?,
                            added: count(1)?,
                            changed: count(2)?,
                            unchanged: count(3)?,
                        });
                    }
                    tx.execute(BEGIN, args![digest.as_slice(), name.as_str(), *now]).await?;
                    Ok(PatientImport { digest: *digest, line: 0, added: 0, changed: 0, unchanged: 0 })
                })
            }))
            .await
    }
}

impl PatientImport {
    /// Writes down that the import is this far, inside the unit that brought it there from `behind`.
    /// [`Error::Taken`] when somebody else imports the same file.
    pub async fn advance(&self, tx: &mut Tx, behind: u64) -> Result<(), Error> {
        let int = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let row = args![
            self.digest.as_slice(),
            int(behind),
            int(self.line),
            int(self.added),
            int(self.changed),
            int(self.unchanged)
        ];
        match tx.execute(ADVANCE, row).await? {
            0 => Err(Error::Taken("import")),
            _ => Ok(()),
        }
    }

    /// The end, inside the caller's unit.
    pub async fn finish(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        tx.execute(FINISH, args![self.digest.as_slice(), now]).await?;
        Ok(())
    }
}
