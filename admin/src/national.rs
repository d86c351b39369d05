//! The national extracts: imported, looked at, dropped. Files do not travel: whoever does it reads them.

use std::fmt::Write as _;
use std::path::PathBuf;

use audit::{Act, Actor, Chain, Entry, Line};
use names::Clock;
use register::import::{self, Counts, Failed, Importer, Order, Planned, Ready, Removals, Teller};
use register::store;
use serde::{Deserialize, Serialize};

use crate::{Admin, Done, Error, Import};

/// What is done with the national entries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NationalCommand {
    /// Brings extracts in.
    Import {
        /// Their absolute paths, on the machine that does it.
        files: Vec<PathBuf>,
        /// Where lines that are left out are written: an absolute path.
        rejects: PathBuf,
        /// Whether to write.
        how: Import,
        /// How many per cent of entries or mailboxes may go; all of them when absent.
        removals: Option<u8>,
    },
    /// Tells what is in force, and the last imports.
    Show,
    /// Takes an import back that stopped half way.
    DropUnfinished,
}

/// What an import needs besides the rooms.
#[derive(Clone)]
pub struct Means {
    /// Time that passes while it works.
    pub clock: Clock,
    /// A folder for sorting.
    pub scratch: PathBuf,
    /// Who hears how far it is.
    pub teller: Teller,
}

/// Imports told in the history.
const SHOWN: i64 = 10;

impl Admin {
    /// Does what is asked with the national entries.
    pub async fn national(&self, command: &NationalCommand, means: Means) -> Result<Done, Error> {
        let importer = Importer::new(self.mailstore.db().clone(), means.clock.clone(), means.teller.clone());
        match command {
            NationalCommand::Import { files, rejects, how, removals } => {
                if let Some(relative) = files.iter().chain([rejects]).find(|path| !path.is_absolute()) {
                    return Err(Error::Refused(format!("{} is not an absolute path", relative.display())));
                }
                let order = Order {
                    files: files.clone(),
                    rejects: rejects.clone(),
                    scratch: means.scratch,
                    removals: removals.map_or(Removals::Any, Removals::UpTo),
                };
                let planned = importer.plan(&order).await.map_err(failed)?;
                match how {
                    Import::DryRun => self.national_plan(&planned, &order, &means.clock).await,
                    Import::Apply => self.national_apply(&importer, planned, &order, &means.clock).await,
                }
            }
            NationalCommand::Show => self.national_show(&means.clock).await,
            NationalCommand::DropUnfinished => {
                let dropped = importer.drop_unfinished().await.map_err(failed)?;
                let text = match &dropped {
                    Some(files) => format!("The unfinished import of {files} is taken back.\n"),
                    None => "There is no unfinished import.\n".to_owned(),
                };
                if let Some(files) = dropped {
                    self.looked(Chain::System, format!("national dropped files={files}"), means.clock.now())
                        .await?;
                }
                Ok(Done::complete(text))
            }
        }
    }

    async fn national_plan(&self, planned: &Planned, order: &Order, clock: &Clock) -> Result<Done, Error> {
        let mut text = told(planned.counts(), planned.first_rejects(), order);
        let counts = planned.counts();
        let detail = format!("national plan={} rejected={}", planned.len(), counts.rejected);
        self.looked(Chain::System, detail, clock.now()).await?;
        let allowed = planned.allowed();
        match &allowed {
            Ok(()) => text.push_str("Nothing was written. Without --dry-run it will be.\n"),
            Err(brake) => {
                let _ = writeln!(text, "It would be refused: {brake}");
            }
        }
        Ok(Done { text, complete: allowed.is_ok() })
    }

    async fn national_apply(
        &self,
        importer: &Importer,
        planned: Planned,
        order: &Order,
        clock: &Clock,
    ) -> Result<Done, Error> {
        let mut text = told(planned.counts(), planned.first_rejects(), order);
        if planned.is_empty() {
            let detail = format!("national unchanged rejected={}", planned.counts().rejected);
            self.looked(Chain::System, detail, clock.now()).await?;
            text.push_str("The directory says just this already: nothing was written.\n");
            return Ok(Done::complete(text));
        }
        let ready = importer.apply(planned).await.map_err(failed)?;
        let generation = ready.generation();
        let now = clock.now();
        let detail = format!("national {}", ready.summary());
        let line = Line { at: now, actor: Actor::Operator, for_whom: None, act: Act::Imported, detail };
        let unit = (ready, Entry::new(Chain::System, line, &self.entropy), now);
        self.mailstore
            .db()
            .write(db::unit("put national entries in force", unit, |(ready, entry, now), tx| {
                Box::pin(async move {
                    let ready: &Ready = ready;
                    audit::append(tx, std::slice::from_ref(entry)).await?;
                    ready.flip(tx, *now).await.map_err(failed)
                })
            }))
            .await?;
        importer.sweep().await.map_err(failed)?;
        let _ = writeln!(text, "In force: generation {generation}.");
        Ok(Done::complete(text))
    }

    async fn national_show(&self, clock: &Clock) -> Result<Done, Error> {
        let mut tx = self.mailstore.db().read().await?;
        let damaged = |cause| failed(Failed::Register(cause));
        let pointer = store::pointer(&mut tx).await.map_err(damaged)?;
        let unfinished = import::unfinished(&mut tx).await.map_err(damaged)?;
        let finished = import::finished(&mut tx, SHOWN).await.map_err(damaged)?;
        drop(tx);
        let mut text = String::new();
        match pointer.generation {
            0 => text.push_str("in force    no extract yet: `pli admin directory import FILE`\n"),
            generation => {
                let since = pointer.flipped_at.rfc3339();
                let _ = writeln!(text, "in force    generation {generation} since {since}");
            }
        }
        let _ = writeln!(
            text,
            "it holds    {} entries, {} mailboxes, {} situations of practice",
            pointer.entries, pointer.mailboxes, pointer.activities
        );
        if let Some(left) = unfinished {
            let what = if left.dropping { "being taken back" } else { "unfinished" };
            let _ = writeln!(
                text,
                "{what}  {}, begun {}, {} changes written: import the same files again, or `drop-unfinished`",
                left.files,
                left.started_at.rfc3339(),
                left.changes_done
            );
        }
        for done in finished {
            let _ = writeln!(text, "{}  {}", done.finished_at.rfc3339(), done.summary);
        }
        self.looked(Chain::System, "national entries".to_owned(), clock.now()).await?;
        Ok(Done::complete(text))
    }
}

fn told(counts: &Counts, first_rejects: &[String], order: &Order) -> String {
    let mut text = format!(
        "{} lines read, {} left out; {} identifiers with a wrong check digit, taken all the same.\n\
         {} entries new, {} changed, {} removed, {} as they were; mailboxes +{} −{}.\n\
         Then there are {} entries, {} mailboxes, {} situations of practice.\n",
        counts.lines,
        counts.rejected,
        counts.warnings,
        counts.added,
        counts.changed,
        counts.removed,
        counts.unchanged,
        counts.mailboxes_added,
        counts.mailboxes_removed,
        counts.entries,
        counts.mailboxes,
        counts.activities
    );
    if counts.joined > 0 {
        let _ = writeln!(text, "{} entries are another one now, under its other number.", counts.joined);
    }
    if counts.contradictions > 0 {
        let _ = writeln!(
            text,
            "{} lines give a SIRET another FINESS than an earlier line: those two numbers are not joined.",
            counts.contradictions
        );
    }
    for reject in first_rejects {
        let _ = writeln!(text, "! {reject}");
    }
    if counts.rejected > 0 || counts.contradictions > 0 {
        let _ = writeln!(text, "All lines left out, with their reasons: {}", order.rejects.display());
    }
    text
}

/// What the administrator can mend is said in words; the rest is a failure.
fn failed(cause: Failed) -> Error {
    match cause {
        Failed::Register(cause) => Error::Register { what: "importing", cause },
        Failed::File { path, cause } => Error::Refused(format!("cannot use {}: {cause}", path.display())),
        Failed::NotAnExtract(_)
        | Failed::Busy { .. }
        | Failed::Unfinished { .. }
        | Failed::Overtaken
        | Failed::Brake { .. } => Error::Refused(cause.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{House, NOON, houses};
    use std::sync::Arc;

    const HEADER: &str = "Type de BAL|Adresse BAL|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31";

    fn extract(numbers: std::ops::Range<u32>) -> String {
        let line = |number: u32| {
            format!(
                "ORG|o{number}@pro.example||||FINESS|{:09}|||||||||||N|CLINIQUE {number}|||||||||01000 BOURG|01000|01|\n",
                number
            )
        };
        format!("{HEADER}\n{}PER|wrong\n", numbers.map(line).collect::<String>())
    }

    async fn run(house: &House, folder: &std::path::Path, command: NationalCommand) -> Result<Done, Error> {
        let means =
            Means { clock: Clock::new(|| NOON), scratch: folder.join("scratch"), teller: Arc::new(|_| ()) };
        house.admin.national(&command, means).await
    }

    #[tokio::test]
    async fn extracts_are_planned_imported_shown_and_told_in_the_trail() {
        for house in houses().await {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("extract.txt");
            let rejects = folder.path().join("rejects");
            let import = |how, removals| NationalCommand::Import {
                files: vec![path.clone()],
                rejects: rejects.clone(),
                how,
                removals,
            };
            std::fs::write(&path, extract(0..30)).unwrap();
            let dry = run(&house, folder.path(), import(Import::DryRun, Some(5))).await.unwrap();
            assert!(dry.complete && dry.text.contains("30 entries new"), "{}", dry.text);
            assert!(dry.text.contains("! extract.txt:32: a line of mailboxes has 31 fields"), "{}", dry.text);
            let shown = run(&house, folder.path(), NationalCommand::Show).await.unwrap().text;
            assert!(shown.contains("no extract yet"), "{}: {shown}", house.engine);

            let done = run(&house, folder.path(), import(Import::Apply, Some(5))).await.unwrap();
            assert!(done.text.ends_with("In force: generation 1.\n"), "{}", done.text);
            let again = run(&house, folder.path(), import(Import::Apply, Some(5))).await.unwrap();
            assert!(again.text.contains("nothing was written"), "{}", again.text);

            std::fs::write(&path, extract(0..20)).unwrap();
            let dry = run(&house, folder.path(), import(Import::DryRun, Some(5))).await.unwrap();
            assert!(!dry.complete && dry.text.contains("10 of 30 entries would be removed"), "{}", dry.text);
            let braked = run(&house, folder.path(), import(Import::Apply, Some(5))).await.unwrap_err();
            assert!(braked.to_string().contains("--allow-removals"), "{braked}");
            run(&house, folder.path(), import(Import::Apply, None)).await.unwrap();
            let shown = run(&house, folder.path(), NationalCommand::Show).await.unwrap().text;
            assert!(shown.contains("generation 2") && shown.contains("20 entries"), "{shown}");
            assert!(shown.contains("added=30 changed=0 removed=0 rejected=1"), "{shown}");
            let none = run(&house, folder.path(), NationalCommand::DropUnfinished).await.unwrap().text;
            assert!(none.contains("no unfinished"), "{none}");

            let mut tx = house.admin.mailstore.db().read().await.unwrap();
            let lines = audit::history(&mut tx, Chain::System, None, 100).await.unwrap();
            let imported: Vec<String> = lines
                .into_iter()
                .rev()
                .filter_map(|written| written.line)
                .filter(|line| line.act == Act::Imported)
                .map(|line| line.detail)
                .collect();
            assert_eq!(imported.len(), 2, "{}", house.engine);
            assert!(
                imported[0].contains("files=extract.txt") && imported[0].contains("sha256="),
                "{imported:?}"
            );
            drop(tx);
            assert!(house.admin.run(&Command::Accounts, NOON).await.is_ok());
        }
    }

    #[tokio::test]
    async fn relative_paths_and_other_files_are_refused_in_words() {
        let house = houses().await.remove(0);
        let folder = tempfile::tempdir().unwrap();
        let import = |file: PathBuf| NationalCommand::Import {
            files: vec![file],
            rejects: folder.path().join("rejects"),
            how: Import::Apply,
            removals: None,
        };
        let wrong = folder.path().join("notes");
        std::fs::write(&wrong, "a|b\n").unwrap();
        for (file, words) in [
            (PathBuf::from("here.txt"), "not an absolute path"),
            (folder.path().join("absent"), "absent"),
            (wrong, "neither an extract of mailboxes"),
        ] {
            let refused = run(&house, folder.path(), import(file)).await.unwrap_err();
            assert!(matches!(&refused, Error::Refused(text) if text.contains(words)), "{refused}");
        }
    }
}
