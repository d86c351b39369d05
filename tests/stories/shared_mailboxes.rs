//! Two people on one team's mailbox, over TLS: one among the mailboxes of his own session, with NOTIFY,
//! one who opened the team's alone.

use crate::people::PAUL;
use kit::{Engine, House, ImapClient, Letter, Plan};

const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const NURSE: &str = "demo-anne-dubreuil";
const NURSES_NUMBER: &str = "10099000035";
/// The team's INBOX, and what Paul calls it.
const SHARED: &str = "\"Partag&AOk-s/cardiologie@hopital-saint-roch.mssante.example\"";

/// Reads on until a line says this.
fn hears(client: &mut ImapClient, words: &str) -> String {
    loop {
        let line = client.whole_line().expect("the session goes on").line;
        if line.contains(words) {
            return line;
        }
    }
}

fn lines(client: &mut ImapClient, command: &str) -> String {
    let lines = client.run(command).unwrap();
    lines.into_iter().map(|line| line.line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_doctor_and_a_nurse_share_the_mailbox_of_their_team() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let house = House::build(Plan::demo(engine));
        let mut paul = house.reader(PAUL.address, PAUL.password).unwrap();
        assert!(lines(&mut paul, "NAMESPACE").contains("(\"Partag&AOk-s/\" \"/\")"), "{engine:?}");
        assert!(lines(&mut paul, "LIST \"\" *").contains(SHARED), "{engine:?}");
        let events = "(MessageNew MessageExpunge FlagChange)";
        paul.run(&format!("NOTIFY SET (selected {events}) (subtree \"Partag&AOk-s\" {events})")).unwrap();
        let mut anne = house.reader(TEAM, NURSE).unwrap();
        anne.run("SELECT INBOX").unwrap();

        // A letter for the team: Paul, who has his own INBOX open, is told without asking.
        let letter = Letter::new(PAUL.address, TEAM, "Garde de samedi", "Qui prend la garde ?").octets();
        let mut sender = house.sender(PAUL.address, PAUL.password).unwrap();
        assert_eq!(sender.send(PAUL.address, &[TEAM], &letter).unwrap().code, 250);
        assert!(hears(&mut paul, SHARED).contains("MESSAGES 1 UIDNEXT 2"), "{engine:?}");
        assert!(lines(&mut anne, "NOOP").contains("* 1 EXISTS"), "{engine:?}");
        // Read by one, read for all.
        anne.run("FETCH 1 BODY[TEXT]").unwrap();
        assert!(hears(&mut paul, SHARED).contains("UNSEEN 0"), "{engine:?}");

        // Paul takes it: it opens in his own mailbox, and is gone from the team's.
        paul.run(&format!("SELECT {SHARED}")).unwrap();
        paul.run("UID MOVE 1 INBOX").unwrap();
        assert!(lines(&mut anne, "NOOP").contains("* 1 EXPUNGE"), "{engine:?}");
        paul.run("SELECT INBOX").unwrap();
        let letters = paul.letters().unwrap();
        assert!(String::from_utf8_lossy(&letters[0]).contains("Qui prend la garde"), "{engine:?}");

        // The manager leaves the nurse to read only, then nothing.
        paul.run(&format!("COPY 1 {SHARED}")).unwrap();
        paul.run(&format!("SETACL {SHARED} {NURSES_NUMBER} lr")).unwrap();
        assert!(lines(&mut paul, &format!("GETACL {SHARED}")).contains(&format!("\"{NURSES_NUMBER}\" lr")));
        assert!(lines(&mut anne, "NOOP").contains("* 1 EXISTS"), "{engine:?}");
        let (_, end) = anne.ask("STORE 1:* +FLAGS (\\Flagged)").unwrap();
        assert!(end.starts_with("NO [NOPERM]"), "{engine:?}: {end}");
        paul.run(&format!("DELETEACL {SHARED} {NURSES_NUMBER}")).unwrap();
        // With the next command, which is not done.
        anne.socket.send(b"last FETCH 1 BODY[]\r\n").unwrap();
        let said = hears(&mut anne, "BYE");
        assert!(said.contains("[EXPIRED]"), "{engine:?}: {said}");
        assert!(house.reader(TEAM, NURSE).is_err(), "{engine:?}: she does not come in again");
    }
}
