//! Two sessions on one folder: who is told what, and what a client that comes back learns (RFC 7162).

use super::*;

/// What the last line tells between brackets.
fn highest(said: &str) -> i64 {
    let (_, after) = said.rsplit_once("HIGHESTMODSEQ ").expect("a sequence is told");
    after.split(']').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_expunged_message_never_answers_as_its_neighbour() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut one = Client::doctor(&home.door).await;
        let mut other = Client::doctor(&home.door).await;
        one.ok("STORE 2 +FLAGS.SILENT \\Deleted").await;
        one.ok("EXPUNGE").await;
        // Seven commands in one packet, by a session that was not told yet: number 2 is nobody.
        other
            .write(
                b"a FETCH 2 (UID BODY[])\r\nb FETCH 2 BODY[1]<0.10>\r\nc FETCH 2 ENVELOPE\r\n\
                  d STORE 2 +FLAGS (\\Flagged)\r\ne SEARCH 2\r\nf FETCH 3 (UID FLAGS)\r\n\
                  g UID FETCH 2 (FLAGS BODY[])\r\n",
            )
            .await;
        let said = other.heard();
        for tag in ["a", "b", "c", "d"] {
            assert!(said.contains(&format!("{tag} OK [EXPUNGEISSUED]")), "{}: {said}", home.house.engine);
        }
        assert!(!said.contains("Subject:") && !said.contains("ENVELOPE"), "{}: {said}", home.house.engine);
        assert!(said.contains("* 3 FETCH (UID 3 FLAGS ())"), "nobody else was marked: {said}");
        let (before, after) = said.split_once("f OK").unwrap();
        assert!(!before.contains("EXPUNGE\r\n"), "told while numbers were used: {said}");
        // The UID form may tell, and after it the number is the neighbour's.
        assert!(after.contains("* 2 EXPUNGE\r\ng OK"), "{said}");
        assert_eq!(other.ok("FETCH 2 (UID FLAGS)").await, "* 2 FETCH (UID 3 FLAGS ())");
        assert!(other.say("FETCH 3 UID").await.starts_with("BAD"));
    }
}

#[tokio::test]
async fn a_client_that_comes_back_learns_what_went_and_what_changed() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois", "quatre"]).await;
        let mut away = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        assert_eq!(away.ok("ENABLE QRESYNC").await, "* ENABLED QRESYNC");
        let said = away.ok("SELECT INBOX").await;
        let (validity, _) = said.split_once("[UIDVALIDITY ").unwrap().1.split_once(']').unwrap();
        let (validity, known) = (validity.to_owned(), highest(&said));
        away.ok("UNSELECT").await;
        let mut busy = Client::doctor(&home.door).await;
        busy.ok("STORE 3 +FLAGS.SILENT (\\Seen $Vu)").await;
        busy.ok("STORE 1:2 +FLAGS.SILENT \\Deleted").await;
        busy.ok("EXPUNGE").await;
        home.deliver_plain(&["cinq"]).await;
        let said = away.ok(&format!("SELECT INBOX (QRESYNC ({validity} {known}))")).await;
        assert!(said.contains("\r\n* VANISHED (EARLIER) 1:2\r\n"), "{}: {said}", home.house.engine);
        assert!(said.contains("* 1 FETCH (UID 3 FLAGS (\\Seen $Vu) MODSEQ ("), "{said}");
        assert!(said.contains("* 3 FETCH (UID 5 FLAGS () MODSEQ ("), "{said}");
        assert!(!said.contains("UID 4"), "nothing happened to it: {said}");
        let told = away.ok(&format!("UID FETCH 1:* FLAGS (CHANGEDSINCE {known} VANISHED)")).await;
        assert!(told.starts_with("* VANISHED (EARLIER) 1:2\r\n* 1 FETCH (UID 3 "), "{told}");
        let now = highest(&said);
        let said = away.ok(&format!("SELECT INBOX (QRESYNC ({validity} {now}))")).await;
        assert!(!said.contains("VANISHED") && !said.contains(" FETCH "), "{said}");
    }
}

#[tokio::test]
async fn the_sequence_told_is_never_ahead_of_what_was_told() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut one = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        one.ok("ENABLE QRESYNC").await;
        one.ok("SELECT INBOX").await;
        let mut other = Client::doctor(&home.door).await;
        // Somebody marks a letter before our own mark: both are told before the command ends.
        other.ok("STORE 1 +FLAGS.SILENT \\Flagged").await;
        let said = one.ok("UID STORE 2 +FLAGS (\\Deleted)").await;
        assert!(said.contains("UID 1 FLAGS (\\Flagged) MODSEQ ("), "{}: {said}", home.house.engine);
        other.ok("STORE 1 -FLAGS.SILENT \\Flagged").await;
        let said = one.say("EXPUNGE").await;
        let (told, end) = said.split_once("OK [HIGHESTMODSEQ ").unwrap();
        assert!(told.contains("* VANISHED 2\r\n") && told.contains("UID 1 FLAGS () MODSEQ ("), "{said}");
        let end: i64 = end.split(']').next().unwrap().parse().unwrap();
        let account = home.house.account(DOCTOR).await;
        let inbox = home.house.relay.mailstore().role_folder_of(account, mailstore::Role::Inbox).await;
        assert_eq!(
            end,
            inbox.unwrap().modseq,
            "{}: all was told, and all may be remembered",
            home.house.engine
        );
        // Its own marks are not told again, whatever came between.
        other.ok("STORE 1 +FLAGS.SILENT \\Seen").await;
        one.ok("UID STORE 3 +FLAGS.SILENT (\\Answered)").await;
        assert_eq!(one.ok("NOOP").await, "");
    }
}
