//! Patients who come in, and the letters that tell them.

use crate::{Admin, Done, Error, SeedText};
use audit::{Actor, Chain};
use directory::{Entrance, Ground, Seed, SeedFile, SpooledLetter};
use names::Timestamp;
use relay::announce::Spool;
use std::fmt::Write as _;

/// Letters named in one answer.
const LETTERS: u32 = 10_000;

impl Admin {
    pub(crate) async fn enter_patients(
        &self,
        file: &SeedText,
        at_once: bool,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let entrance = if at_once { Entrance::AtOnce } else { Entrance::Announced };
        let file = SeedFile { name: file.name.clone(), text: file.text.clone() };
        let seed = Seed::read(&[file], now).entering(entrance, now);
        let applied = self.apply(seed, now).await?;
        let new = applied.accounts_created.len();
        let mut text = match entrance {
            Entrance::Announced => {
                format!("{new} people announced; they are told with a code of their own.\n")
            }
            Entrance::AtOnce => {
                format!("{new} spaces open; their people are told with a code of their own.\n")
            }
        };
        if applied.changed + applied.unchanged > 0 {
            let known = applied.changed + applied.unchanged;
            let _ = writeln!(text, "{known} were known already and are not told again.");
        }
        for fault in &applied.faults {
            let _ = writeln!(text, "! {fault}");
        }
        Ok(Done { text, complete: applied.faults.is_empty() })
    }

    pub(crate) async fn announcements(&self, now: Timestamp) -> Result<Done, Error> {
        let failed = |cause| Error::Directory { what: "listing announcements", cause };
        let counts = self.directory.notice_counts().await.map_err(failed)?;
        let letters = self.directory.spooled_letters(LETTERS).await.map_err(failed)?;
        self.looked(Chain::System, format!("announcements letters={}", letters.len()), now).await?;
        let mut text = String::new();
        for (way, state, count) in counts {
            let _ = writeln!(text, "{count:>8}  {way:<7} {state}");
        }
        match &self.directory.rules().spool {
            Some(folder) => {
                let _ = writeln!(text, "{} letters to print in {}", letters.len(), folder.display());
            }
            None => text.push_str("Letters wait: profiles.letters names no folder.\n"),
        }
        for letter in &letters {
            let _ = writeln!(text, "{:>20}  {}  since {}", letter.id, letter.file, letter.since.rfc3339());
        }
        Ok(Done::complete(text))
    }

    pub(crate) async fn letters_posted(&self, letters: &[i64], now: Timestamp) -> Result<Done, Error> {
        let failed = |cause| Error::Directory { what: "noting letters as posted", cause };
        let all = letters.is_empty();
        let waiting = self.directory.spooled_letters(LETTERS).await.map_err(failed)?;
        let wanted: Vec<i64> =
            if all { waiting.iter().map(|letter| letter.id).collect() } else { letters.to_vec() };
        let ground = Ground::routine(Actor::Operator);
        let posted = self.directory.letters_posted(&wanted, &ground, now).await.map_err(failed)?;
        self.remove(&posted).await?;
        let mut text = format!(
            "{} letters are posted; the time to oppose begins today. Their files are removed.\n",
            posted.len()
        );
        let unknown: Vec<&i64> =
            wanted.iter().filter(|id| posted.iter().all(|letter| letter.id != **id)).collect();
        for id in &unknown {
            let _ = writeln!(text, "! {id}: no letter of this number waits to be printed");
        }
        Ok(Done { text, complete: unknown.is_empty() })
    }

    async fn remove(&self, posted: &[SpooledLetter]) -> Result<(), Error> {
        let Some(folder) = self.directory.rules().spool.clone() else { return Ok(()) };
        let files: Vec<String> = posted.iter().map(|letter| letter.file.clone()).collect();
        let removed = tokio::task::spawn_blocking(move || {
            let spool = Spool::open(&folder)?;
            files.iter().try_for_each(|file| spool.remove(file))
        });
        match removed.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::Refused(format!("the letters are noted as posted, but {error}"))),
            Err(_) => {
                Err(Error::Refused("the letters are noted as posted; their files are still there".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{NOON, PEOPLE, houses, seed};
    use crate::{Command, SeedText};

    const ROWS: &str = "ins,birth_name,given_names,birth_date,sex,email\n\
        158079900091158,Brindavoine,Octavie,1958-07-03,F,octavie@courriel.example\n\
        26603990009117,Gueule,Sansdents,1966-03-03,F,\n";

    fn rows() -> SeedText {
        let number = names::Ins::from_matricule("1580799000911").unwrap();
        let text = ROWS.replace("158079900091158", number.expose());
        SeedText { name: "patients.csv".to_owned(), text }
    }

    #[tokio::test]
    async fn people_are_announced_from_a_table_and_no_number_stands_in_the_answer() {
        for house in houses().await {
            let admin = &house.admin;
            admin.apply(seed(PEOPLE), NOON).await.unwrap();
            let done =
                admin.run(&Command::EnterPatients { file: rows(), at_once: false }, NOON).await.unwrap();
            assert!(!done.complete && done.text.contains("1 people announced"), "{}", done.text);
            assert!(done.text.contains("! patients.csv:3:") && !done.text.contains("26603"), "{}", done.text);
            let again =
                admin.run(&Command::EnterPatients { file: rows(), at_once: true }, NOON).await.unwrap();
            assert!(
                again.text.contains("0 spaces open") && again.text.contains("1 were known"),
                "{}",
                again.text
            );
            let told = admin.run(&Command::Announcements, NOON).await.unwrap();
            assert!(told.text.contains("1  email   waiting"), "{}: {}", house.engine, told.text);
            let none = admin.run(&Command::LettersPosted { letters: vec![7] }, NOON).await.unwrap();
            assert!(!none.complete && none.text.contains("! 7:"), "{}", none.text);
            let wrong = SeedText { name: "people.toml".to_owned(), text: PEOPLE.to_owned() };
            let refused =
                admin.run(&Command::EnterPatients { file: wrong, at_once: true }, NOON).await.unwrap();
            assert!(refused.text.contains("only patients are announced"), "{}", refused.text);
        }
    }
}
