//! A large table of patients: planned, or brought in some hundreds at a time, each in one unit with the places of
//! their accounts and with how far the import is. Mail passes between two units; stopped at any moment, it goes on
//! where it was when the same file is imported again.
//!
//! Files do not travel: whoever does it reads them. What is said of a row names its line and never what stands there.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit::{Act, Actor, Chain, Entry, Line};
use directory::{
    Besides, Entrance, Fault, PatientBatch, PatientImport, PatientTable, Reading, TableError, limits,
};
use names::{Clock, PatientId};
use serde::{Deserialize, Serialize};

use crate::{Admin, Done, Error, Import};

/// What is brought in, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PatientsCommand {
    /// The table: an absolute path, on the machine that does it.
    pub file: PathBuf,
    /// Where rows that are left out are written: an absolute path.
    pub rejects: PathBuf,
    /// Whether to write.
    pub how: Import,
    /// How those come in who are new.
    pub entering: Entering,
    /// Whether the file names everybody.
    pub list: List,
}

/// How those come in who are new.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Entering {
    /// As their rows say; announced when they say nothing.
    AsWritten,
    /// Announced, with six weeks to oppose.
    Announced,
    /// With a space that is open at once: births, new affiliations.
    AtOnce,
}

/// Whether a file names everybody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum List {
    /// Some people.
    Some,
    /// Everybody.
    Everybody {
        /// How many per cent of living profiles may be left out; any number when absent.
        absent: Option<u8>,
        /// Where those are written whom it does not name: an absolute path.
        named_in: Option<PathBuf>,
    },
}

/// Who hears how far an import is: what is being done, how much of it, of how much.
pub type Steps = Arc<dyn Fn(&'static str, u64, u64) + Send + Sync>;

/// What such an import needs besides the rooms.
#[derive(Clone)]
pub struct PatientMeans {
    /// Time that passes while it works.
    pub clock: Clock,
    /// Who hears how far it is.
    pub steps: Steps,
}

/// What is being done, in words.
const COMPARING: &str = "comparing with who is known";
const WRITING: &str = "bringing people in";
/// Reasons shown without opening the file.
const SHOWN: usize = 5;
/// Patients whose numbers are read at a time.
const NAMED_AT_ONCE: usize = 500;

/// What was counted.
#[derive(Clone, Copy, Default)]
struct Counts {
    rows: u64,
    added: u64,
    changed: u64,
    unchanged: u64,
}

impl Admin {
    /// Brings a table of patients in, or says what that would do.
    pub async fn import_patients(
        &self,
        command: &PatientsCommand,
        means: &PatientMeans,
    ) -> Result<Done, Error> {
        self.import_patients_by(command, limits::PATIENT_BATCH, means).await
    }

    async fn import_patients_by(
        &self,
        command: &PatientsCommand,
        batch: usize,
        means: &PatientMeans,
    ) -> Result<Done, Error> {
        let named_in = match &command.list {
            List::Some | List::Everybody { named_in: None, .. } => None,
            List::Everybody { named_in: Some(path), .. } => Some(path),
        };
        if let Some(relative) =
            [&command.file, &command.rejects].into_iter().chain(named_in).find(|path| !path.is_absolute())
        {
            return Err(Error::Refused(format!("{} is not an absolute path", relative.display())));
        }
        let work = Work { admin: self, command, batch, means };
        let applies = command.how == Import::Apply;
        let mut text = String::new();
        if !applies || command.list != List::Some {
            let (planned, brake) = work.plan(&mut text, named_in).await?;
            if !applies {
                return work.planned(planned, brake, text).await;
            }
            if let Some(brake) = brake {
                return Err(Error::Refused(format!("{text}{brake}")));
            }
        }
        work.apply(text).await
    }
}

/// One import.
struct Work<'a> {
    admin: &'a Admin,
    command: &'a PatientsCommand,
    batch: usize,
    means: &'a PatientMeans,
}

impl Work<'_> {
    fn entrance(&self) -> Option<Entrance> {
        match self.command.entering {
            Entering::AsWritten => None,
            Entering::Announced => Some(Entrance::Announced),
            Entering::AtOnce => Some(Entrance::AtOnce),
        }
    }

    async fn open(&self, behind: u64) -> Result<Reader, Error> {
        let reading = Reading { entrance: self.entrance(), behind, batch: self.batch };
        let (path, now) = (self.command.file.clone(), self.means.clock.now());
        let rejects = self.command.rejects.clone();
        blocking(move || {
            let table = PatientTable::open(&path, reading, now).map_err(failed)?;
            let total = std::fs::metadata(&path).map_or(0, |file| file.len());
            Ok(Reader { table, total, rejects: Rejects::at(&rejects)? })
        })
        .await
    }

    /// Compares the whole file with who is known. Nothing is written but the rejects.
    async fn plan(
        &self,
        text: &mut String,
        named_in: Option<&PathBuf>,
    ) -> Result<(Counts, Option<String>), Error> {
        let failed = |cause| Error::Directory { what: "comparing a table of patients", cause };
        let mut reader = self.open(0).await?;
        let mut counts = Counts::default();
        let mut named: HashSet<PatientId> = HashSet::new();
        loop {
            let (back, read) = reader.batch().await?;
            reader = back;
            let Some(read) = read else { break };
            let now = self.means.clock.now();
            let plan = self.admin.directory.plan_import(&read.seed, now).await.map_err(failed)?;
            let (added, unchanged) = (plan.added() as u64, plan.unchanged() as u64);
            counts.rows += read.rows;
            counts.added += added;
            counts.changed += plan.len() as u64 - added;
            counts.unchanged += unchanged;
            if self.command.list != List::Some {
                named.extend(&plan.patients_known);
            }
            reader = reader.reject(plan.faults).await?;
            (self.means.steps)(COMPARING, read.octets, reader.total);
        }
        let brake = match &self.command.list {
            List::Some => None,
            List::Everybody { absent, .. } => {
                let besides = self.admin.directory.patients_besides(&named).await.map_err(failed)?;
                let _ = writeln!(
                    text,
                    "{} of {} living profiles do not stand in this file. An import closes nobody's.",
                    besides.absent.len(),
                    besides.living
                );
                if let Some(path) = named_in {
                    self.name(&besides, path).await?;
                    let _ = writeln!(text, "Who they are: {}", path.display());
                }
                brake(&besides, *absent)
            }
        };
        if self.command.how == Import::DryRun {
            tell(text, &counts, &reader.rejects);
        }
        Ok((counts, brake))
    }

    async fn planned(&self, counts: Counts, brake: Option<String>, mut text: String) -> Result<Done, Error> {
        let detail =
            format!("patients plan added={} changed={} rows={}", counts.added, counts.changed, counts.rows);
        self.admin.looked(Chain::System, detail, self.means.clock.now()).await?;
        match &brake {
            Some(brake) => {
                let _ = writeln!(text, "It would be refused: {brake}");
            }
            None => text.push_str("Nothing was written. Without --dry-run it will be.\n"),
        }
        Ok(Done { text, complete: brake.is_none() })
    }

    async fn apply(&self, mut text: String) -> Result<Done, Error> {
        let failed_here = |cause| Error::Directory { what: "importing patients", cause };
        let (path, entrance) = (self.command.file.clone(), self.entrance());
        let digest = blocking(move || PatientTable::digest(&path, entrance).map_err(failed)).await?;
        let name = self.command.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let now = self.means.clock.now();
        let begun = self.admin.directory.begin_patient_import(digest, &name, now).await;
        let mut import = begun.map_err(failed_here)?;
        if import.line > 0 {
            let _ =
                writeln!(text, "An import of this file had stopped: it went on behind line {}.", import.line);
        }
        let mut reader = self.open(import.line).await?;
        let mut rows = 0;
        loop {
            let (back, read) = reader.batch().await?;
            reader = back;
            let Some(read) = read else { break };
            rows += read.rows;
            let octets = read.octets;
            let faults = self.take(read, &mut import).await?;
            reader = reader.reject(faults).await?;
            (self.means.steps)(WRITING, octets, reader.total);
        }
        let counts =
            Counts { rows, added: import.added, changed: import.changed, unchanged: import.unchanged };
        self.end(import, &name, reader.rejects.count).await?;
        tell(&mut text, &counts, &reader.rejects);
        Ok(Done::complete(text))
    }

    /// Brings some people in.
    async fn take(&self, read: PatientBatch, import: &mut PatientImport) -> Result<Vec<Fault>, Error> {
        let failed = |cause| Error::Directory { what: "preparing an import of patients", cause };
        let now = self.means.clock.now();
        let prepared = self.admin.directory.prepare_import(read.seed, now).await.map_err(failed)?;
        if prepared.changes_nothing() {
            import.unchanged += prepared.unchanged() as u64;
            return Ok(Vec::new());
        }
        let (applied, reached) = self.admin.apply_patients(prepared, *import, read.through, now).await?;
        *import = reached;
        Ok(applied.faults)
    }

    async fn end(&self, import: PatientImport, name: &str, rejected: u64) -> Result<(), Error> {
        let now = self.means.clock.now();
        let detail = format!(
            "patients file={name} added={} changed={} unchanged={} rejected={rejected}",
            import.added, import.changed, import.unchanged
        );
        let line = Line { at: now, actor: Actor::Operator, for_whom: None, act: Act::Imported, detail };
        let unit = (import, Entry::new(Chain::System, line, &self.admin.entropy), now);
        self.admin
            .mailstore
            .db()
            .write(db::unit("end an import of patients", unit, |(import, entry, now), tx| {
                Box::pin(async move {
                    let failed = |cause| Error::Directory { what: "ending an import of patients", cause };
                    import.finish(tx, *now).await.map_err(failed)?;
                    audit::append(tx, std::slice::from_ref(entry)).await.map_err(Error::from)
                })
            }))
            .await
    }

    /// Writes those down whom a list of everybody does not name, for whoever asks them why.
    async fn name(&self, besides: &Besides, path: &Path) -> Result<(), Error> {
        let failed = |cause| Error::Directory { what: "naming patients", cause };
        let mut out = BufWriter::new(private(path)?);
        let told = |cause| unusable(path, &cause);
        writeln!(out, "ins,state").map_err(told)?;
        for some in besides.absent.chunks(NAMED_AT_ONCE) {
            for (ins, state) in self.admin.directory.patients_named(some).await.map_err(failed)? {
                writeln!(out, "{},{}", ins.expose(), state.code()).map_err(told)?;
            }
        }
        out.flush().map_err(told)
    }
}

/// Why a list of everybody is not believed.
fn brake(besides: &Besides, absent: Option<u8>) -> Option<String> {
    let percent = absent?;
    let missing = besides.absent.len() as u64;
    (missing * 100 > besides.living * u64::from(percent)).then(|| {
        format!(
            "more than {percent} % of living profiles do not stand in this file: look at it, or allow it with \
             --allow-absent"
        )
    })
}

/// A table and the file of what is left out of it.
struct Reader {
    table: PatientTable,
    total: u64,
    rejects: Rejects,
}

impl Reader {
    /// The next rows, their wrong ones written down.
    async fn batch(mut self) -> Result<(Self, Option<PatientBatch>), Error> {
        blocking(move || {
            let mut read = self.table.batch().map_err(failed)?;
            if let Some(read) = &mut read {
                self.rejects.push(&std::mem::take(&mut read.faults))?;
            }
            Ok((self, read))
        })
        .await
    }

    async fn reject(mut self, faults: Vec<Fault>) -> Result<Self, Error> {
        if faults.is_empty() {
            return Ok(self);
        }
        blocking(move || self.rejects.push(&faults).map(|()| self)).await
    }
}

/// The file of rows that were left out: where and why. What they say stays in the file they come from.
struct Rejects {
    path: PathBuf,
    file: Option<File>,
    count: u64,
    first: Vec<String>,
}

impl Rejects {
    /// Nothing is made until something is left out, but a file of an earlier time is emptied.
    fn at(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            private(path)?;
        }
        Ok(Self { path: path.to_owned(), file: None, count: 0, first: Vec::new() })
    }

    fn push(&mut self, faults: &[Fault]) -> Result<(), Error> {
        if faults.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for fault in faults {
            let _ = writeln!(text, "{fault}");
            if self.first.len() < SHOWN {
                self.first.push(fault.to_string());
            }
        }
        self.count += faults.len() as u64;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(private(&self.path)?),
        };
        file.write_all(text.as_bytes()).map_err(|cause| unusable(&self.path, &cause))
    }
}

/// An empty file that nobody else reads.
fn private(path: &Path) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(|cause| unusable(path, &cause))
}

fn unusable(path: &Path, cause: &io::Error) -> Error {
    Error::Refused(format!("cannot use {}: {cause}", path.display()))
}

/// What the administrator can mend is said in words.
fn failed(cause: TableError) -> Error {
    match cause {
        TableError::File { path, cause } => unusable(&path, &cause),
        TableError::Header { path, reason } => Error::Refused(format!("{}: {reason}", path.display())),
    }
}

fn tell(text: &mut String, counts: &Counts, rejects: &Rejects) {
    let _ = writeln!(
        text,
        "{} rows read, {} left out; {} people new, {} changed, {} as they were.",
        counts.rows, rejects.count, counts.added, counts.changed, counts.unchanged
    );
    for reject in &rejects.first {
        let _ = writeln!(text, "! {reject}");
    }
    if rejects.count > 0 {
        let _ = writeln!(text, "All rows left out, with their reasons: {}", rejects.path.display());
    }
}

/// Work with files, off the threads that letters pass on.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Refused("the import was stopped; import the same file again".to_owned())),
    }
}

#[cfg(test)]
mod tests;
