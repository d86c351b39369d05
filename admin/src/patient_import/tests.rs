use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::testing::{House, NOON, houses};

/// The rooms on one engine, and a folder with a table.
struct Ground {
    house: House,
    folder: tempfile::TempDir,
}

impl Ground {
    async fn all() -> Vec<Self> {
        let ground = |house| Self { house, folder: tempfile::tempdir().unwrap() };
        houses().await.into_iter().map(ground).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path("people.csv"), text).unwrap();
    }

    fn command(&self, how: Import, list: List) -> PatientsCommand {
        PatientsCommand {
            file: self.path("people.csv"),
            rejects: self.path("rejects"),
            how,
            entering: Entering::AsWritten,
            list,
        }
    }

    async fn run(&self, how: Import, list: List) -> Result<Done, Error> {
        let means = PatientMeans { clock: Clock::new(|| NOON), steps: Arc::new(|_, _, _| ()) };
        self.house.admin.import_patients_by(&self.command(how, list), 5, &means).await
    }

    /// The same in a task that is torn down when the first batch is in; whether it had ended before.
    async fn stopped_after_a_batch(&self) -> bool {
        let steps: Steps = Arc::new(|_, _, _| panic!("the import is stopped here"));
        let means = PatientMeans { clock: Clock::new(|| NOON), steps };
        let (admin, command) = (self.house.admin.clone(), self.command(Import::Apply, List::Some));
        let import = tokio::spawn(async move { admin.import_patients_by(&command, 5, &means).await });
        import.await.is_ok()
    }

    /// Patients there are, each with a place in the store.
    async fn patients(&self) -> usize {
        let mut tx = self.house.admin.mailstore.db().read().await.unwrap();
        let patients = directory::mailboxes::all_accounts(&mut tx).await.unwrap();
        for (account, kind) in &patients {
            assert_eq!(self.house.admin.mailstore.account(&mut tx, *account).await.unwrap().kind, *kind);
        }
        patients.len()
    }
}

fn invented(count: u64) -> String {
    let mut out = Vec::new();
    directory::invent_patients(count, 7, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_the_import_names_what_it_leaves_out() {
    for ground in Ground::all().await {
        let engine = ground.house.engine;
        ground.write(&(invented(23) + "1,2\n" + "x,,,,,,,,,\n"));
        let dry = ground.run(Import::DryRun, List::Some).await.unwrap();
        assert!(dry.text.starts_with("25 rows read, 2 left out; 23 people new, 0 changed"), "{}", dry.text);
        assert_eq!(ground.patients().await, 0, "{engine}");

        let done = ground.run(Import::Apply, List::Some).await.unwrap();
        assert!(done.text.starts_with("25 rows read, 2 left out; 23 people new, 0 changed"), "{}", done.text);
        assert_eq!(ground.patients().await, 23, "{engine}");
        let rejects = std::fs::read_to_string(ground.path("rejects")).unwrap();
        let lines: Vec<&str> = rejects.lines().collect();
        assert_eq!(lines[0], "people.csv:25: the row has not as many fields as the header");
        assert!(lines[1].starts_with("people.csv:26: ") && lines.len() == 2, "{rejects}");
        let mode = std::fs::metadata(ground.path("rejects")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads what was wrong with whom");

        let again = ground.run(Import::Apply, List::Some).await.unwrap();
        assert!(again.text.contains("0 people new, 0 changed, 23 as they were"), "{}", again.text);
        let edited = invented(23).replacen("patient0@", "nouveau0@", 1);
        assert_ne!(edited, invented(23));
        ground.write(&edited);
        let third = ground.run(Import::Apply, List::Some).await.unwrap();
        assert!(third.text.contains("0 people new, 1 changed, 22 as they were"), "{}", third.text);
        assert_eq!(std::fs::read_to_string(ground.path("rejects")).unwrap(), "", "nothing is left out now");

        let mut tx = ground.house.admin.mailstore.db().read().await.unwrap();
        let lines = audit::history(&mut tx, Chain::System, None, 100).await.unwrap();
        let told = lines.into_iter().filter_map(|written| written.line).map(|line| line.detail);
        assert!(
            told.into_iter().any(|detail| {
                detail == "patients file=people.csv added=23 changed=0 unchanged=0 rejected=2"
            }),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn stopped_at_each_batch_it_goes_on_and_nobody_comes_in_twice() {
    for ground in Ground::all().await {
        let engine = ground.house.engine;
        ground
            .write(&(invented(12) + "1,2\n" + &invented(23).lines().skip(13).collect::<Vec<_>>().join("\n")));
        for stops in 1..=5 {
            assert!(!ground.stopped_after_a_batch().await, "{engine}: {stops}");
            let there = ground.patients().await;
            assert_eq!(there, (stops * 5).min(23), "{engine}: each run brings its batch in, and no more");
        }
        let last = ground.run(Import::Apply, List::Some).await.unwrap();
        assert!(last.text.contains("it went on behind line 25"), "{}", last.text);
        assert!(last.text.contains("1 left out; 23 people new, 0 changed, 0 as they were"), "{}", last.text);
        assert_eq!(ground.patients().await, 23, "{engine}");
        let rejects = std::fs::read_to_string(ground.path("rejects")).unwrap();
        assert_eq!(rejects.lines().count(), 1, "{engine}: what was wrong before the stop is named again");
        let again = ground.run(Import::Apply, List::Some).await.unwrap();
        assert!(again.text.contains("0 people new, 0 changed, 23 as they were"), "{}", again.text);
    }
}

#[tokio::test]
async fn a_list_of_everybody_that_leaves_too_many_out_brings_nobody_in() {
    let everybody = |absent, named_in| List::Everybody { absent, named_in };
    for ground in Ground::all().await {
        let engine = ground.house.engine;
        ground.write(&invented(40));
        ground.run(Import::Apply, everybody(Some(5), None)).await.unwrap();
        let few = invented(40).lines().take(11).collect::<Vec<_>>().join("\n");
        ground.write(&few.replacen("patient0@", "nouveau0@", 1));
        let dry = ground.run(Import::DryRun, everybody(Some(5), None)).await.unwrap();
        assert!(!dry.complete && dry.text.contains("It would be refused: more than 5 %"), "{}", dry.text);
        let named_in = Some(ground.path("absent"));
        let braked = ground.run(Import::Apply, everybody(Some(5), named_in)).await.unwrap_err();
        assert!(braked.to_string().contains("--allow-absent"), "{braked}");
        let named = std::fs::read_to_string(ground.path("absent")).unwrap();
        assert!((20..=30).contains(&named.lines().skip(1).count()), "{engine}: {}", named.lines().count());
        let mode = std::fs::metadata(ground.path("absent")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let allowed = ground.run(Import::Apply, everybody(None, None)).await.unwrap();
        assert!(allowed.text.contains("1 changed, 9 as they were"), "{}", allowed.text);
        assert!(allowed.text.contains("An import closes nobody's."), "{}", allowed.text);
        ground.write(&invented(40));
        let whole = ground.run(Import::DryRun, everybody(Some(0), None)).await.unwrap();
        assert!(whole.complete && whole.text.starts_with("0 of"), "{engine}: {}", whole.text);
    }
}

#[tokio::test]
async fn what_is_no_table_is_refused_in_words() {
    let ground = Ground::all().await.remove(0);
    ground.write("a,b\n1,2\n");
    let refused = ground.run(Import::Apply, List::Some).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(text) if text.contains("column 1")), "{refused}");
    std::fs::remove_file(ground.path("people.csv")).unwrap();
    let refused = ground.run(Import::Apply, List::Some).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(text) if text.contains("people.csv")), "{refused}");
    let relative = PatientsCommand { file: "people.csv".into(), ..ground.command(Import::Apply, List::Some) };
    let means = PatientMeans { clock: Clock::new(|| NOON), steps: Arc::new(|_, _, _| ()) };
    let refused = ground.house.admin.import_patients(&relative, &means).await.unwrap_err();
    assert!(refused.to_string().contains("not an absolute path"), "{refused}");
}
