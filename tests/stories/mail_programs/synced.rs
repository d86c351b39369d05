//! mbsync keeps 5,000 letters alike on both sides through flags, deletions, new folders and renames. Then
//! a small mailbox the same way through the ear.

use crate::mail_programs::near::{Near, State, far, letter, settings};
use crate::mail_programs::stage::{Stage, address, house, password};
use kit::{House, ImapClient, Tool};
use std::path::Path;
use std::time::Duration;

const PROGRAM: &str = "mbsync";
/// Near at first. A folder is called near as it is called on the wire.
const FOLDERS: [(&str, usize); 5] =
    [("INBOX", 800), ("Cardio", 700), ("Cardio/&AMk-chos", 500), ("Archives 2025", 600), ("Doublons", 400)];
/// Far at first, in each of two folders.
const FAR: usize = 1_000;
/// For one run over 5,000 letters, each acknowledged on disk.
const RUN: Duration = Duration::from_secs(400);

fn sync(house: &House, settings: &Path) {
    let mbsync = Tool::new("mbsync").arg("--config").arg(settings).arg("--all").env("HOME", house.path(""));
    mbsync.within(RUN).run().ok();
}

fn alike(client: &mut ImapClient, near: &Near, letters: usize) {
    let (near, far) = (near.all(), far(client));
    let names = |mailbox: &crate::mail_programs::near::Mailbox| mailbox.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&near), names(&far));
    for (name, letters) in &near {
        let other = &far[name];
        let differ: Vec<_> =
            letters.iter().filter(|(id, flags)| other.get(*id) != Some(flags)).take(5).collect();
        assert!(differ.is_empty() && letters.len() == other.len(), "{name}: near {differ:?}, far otherwise");
    }
    assert_eq!(near.values().map(std::collections::BTreeMap::len).sum::<usize>(), letters);
}

#[test]
fn five_thousand_letters_are_alike_on_both_sides_whatever_either_side_did() {
    let house = house();
    let mail = house.path("mail");
    let settings_at = |port| settings(&house, port, &address(PROGRAM), &password(PROGRAM));
    let rc = settings_at(house.ports.imaps);
    let near = Near(&mail);
    let mut number = 0;
    for (folder, count) in FOLDERS {
        for _ in 0..count {
            number += 1;
            near.place(folder, number, ["", "S", "FS", "RS", "DS"][number % 5]);
        }
    }
    let mut client = house.reader(&address(PROGRAM), &password(PROGRAM)).unwrap();
    client.run("CREATE Suivi").unwrap();
    for folder in ["INBOX", "Suivi"] {
        let mut flags = ["\\Seen", "\\Flagged", "", "\\Answered \\Seen"].iter().cycle();
        for _ in 0..FAR {
            number += 1;
            client.append(folder, flags.next().unwrap(), &letter(number)).unwrap();
        }
    }
    assert_eq!(number, 5_000);
    sync(&house, &rc);
    alike(&mut client, &near, 5_000);

    // Letters. Near: 300 marked, 200 deleted. Far: some of both marked otherwise, others deleted or moved.
    near.mark("INBOX", 0..300, 'F');
    near.mark("Cardio", 100..300, 'T');
    client.run("SELECT INBOX").unwrap();
    client.run("UID STORE 1:250 +FLAGS.SILENT (\\Answered)").unwrap();
    client.run("UID STORE 1400:1500 +FLAGS.SILENT (\\Deleted)").unwrap();
    client.run("EXPUNGE").unwrap();
    client.run("SELECT Cardio").unwrap();
    client.run("UID STORE 1:150 FLAGS.SILENT (\\Seen)").unwrap();
    client.run("UID MOVE 600:650 Suivi").unwrap();
    sync(&house, &rc);
    let left = 5_000 - 200 - 101;
    alike(&mut client, &near, left);

    // Folders: new ones and renames on both sides. mbsync knows a rename as one folder less and one more,
    // and never removes what still holds letters: its user does, as here.
    (10_001..=10_050).for_each(|number| near.place("Gardes/Novembre", number, "S"));
    near.rename("Archives 2025", "Archives/2025", State::Forgotten);
    client.run("DELETE \"Archives 2025\"").unwrap();
    client.run("CREATE Neuf").unwrap();
    client.run("RENAME Cardio Cardiologie").unwrap();
    near.remove("Cardio");
    sync(&house, &rc);
    // The folders above new ones come with the next run.
    sync(&house, &rc);
    alike(&mut client, &near, left + 50);

    // Renamed alike on both sides: UIDVALIDITY and UIDs go with the folder, so nothing moves.
    client.run("RENAME Doublons \"Doublons vus\"").unwrap();
    near.rename("Doublons", "Doublons vus", State::Kept);
    // Empty on the other side, a folder goes there too.
    client.run("DELETE Neuf").unwrap();
    busy(&house, &settings_at, &["DELETE"]);
    alike(&mut client, &near, left + 50);
    assert!(!near.all().contains_key("Neuf"));
    // Once alike, there is nothing to do.
    busy(&house, &settings_at, &[]);
}

/// Runs mbsync through an ear: of all that changes a mailbox or carries a letter, it says only this.
fn busy(house: &House, settings: &impl Fn(u16) -> std::path::PathBuf, only: &[&str]) {
    let recorder = house.recorder();
    sync(house, &settings(recorder.port()));
    let said = recorder.dialogue().text();
    let commands: Vec<&str> = said.lines().filter(|line| line.starts_with("C: ")).collect();
    assert!(commands.len() > 10, "{commands:?}");
    for word in ["APPEND", "STORE", "EXPUNGE", "BODY", "COPY", "MOVE", "CREATE", "DELETE"] {
        let busy: Vec<_> = commands.iter().filter(|line| line.contains(word)).collect();
        assert!(busy.is_empty() || only.contains(&word), "{busy:?}");
    }
    assert_eq!(recorder.dialogue().complaints(), Vec::<String>::new());
}

#[test]
fn mbsync_speaks_through_the_ear() {
    let stage = Stage::open(PROGRAM, &["inbox 3", "letter mixed", "folder Suivi"]);
    let rc = settings(&stage.house, stage.recorder.port(), &stage.login(), &password(PROGRAM));
    let mail = stage.house.path("mail");
    let near = Near(&mail);
    near.place("Suivi", 1, "S");
    near.place("Gardes", 2, "");
    sync(&stage.house, &rc);
    near.mark("INBOX", 0..1, 'F');
    near.mark("INBOX", 1..2, 'T');
    stage.happen("run UID STORE 3 +FLAGS (\\Answered)");
    stage.happen("deliver 9");
    sync(&stage.house, &rc);
    let mut client = stage.house.reader(&stage.login(), &password(PROGRAM)).unwrap();
    alike(&mut client, &near, 6);
    stage.close();
}
