//! STORE, COPY, MOVE, EXPUNGE, and what another session is told of them.

use super::*;
use audit::Act;

#[tokio::test]
async fn two_sessions_see_what_the_other_does() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois", "quatre"]).await;
        let mut one = Client::doctor(&home.door).await;
        let mut other = Client::doctor(&home.door).await;
        let said = one.ok("STORE 2 +FLAGS (\\Flagged $Urgent)").await;
        assert_eq!(said, "* 2 FETCH (FLAGS (\\Flagged $Urgent))");
        assert_eq!(other.ok("NOOP").await, "* 2 FETCH (UID 2 FLAGS (\\Flagged $Urgent))");
        assert_eq!(other.ok("NOOP").await, "");
        // The other removes a flag and the first replaces all.
        other.ok("STORE 2 -FLAGS.SILENT $Urgent").await;
        // Told twice, as the other came between: by the command, and as news.
        let told = "* 2 FETCH (UID 2 FLAGS (\\Seen))";
        assert_eq!(one.ok("UID STORE 2 FLAGS (\\Seen)").await, format!("{told}\r\n{told}"));
        assert_eq!(other.ok("NOOP").await, "* 2 FETCH (UID 2 FLAGS (\\Seen))");
        one.ok("STORE 1,3 +FLAGS.SILENT \\Deleted").await;
        assert_eq!(one.ok("EXPUNGE").await, "* 3 EXPUNGE\r\n* 1 EXPUNGE");
        // FETCH by number must not tell of it; the gone message gives no row.
        let said = other.ok("FETCH 1:4 UID").await;
        assert!(!said.contains("EXPUNGE") && said.contains("* 2 FETCH (UID 2)"), "{said}");
        assert_eq!(other.ok("NOOP").await, "* 3 EXPUNGE\r\n* 1 EXPUNGE");
        assert_eq!(other.ok("FETCH 1:2 UID").await, "* 1 FETCH (UID 2)\r\n* 2 FETCH (UID 4)");
        let acts: Vec<Act> = home.trail().await.into_iter().map(|line| line.0).collect();
        assert_eq!(acts.iter().filter(|act| **act == Act::LetterFlagged).count(), 4);
        assert_eq!(acts.iter().filter(|act| **act == Act::LetterRemoved).count(), 1);
    }
}

#[tokio::test]
async fn uid_expunge_removes_only_what_it_names() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("STORE 1:3 +FLAGS.SILENT \\Deleted").await;
        assert_eq!(client.ok("UID EXPUNGE 2").await, "* 2 EXPUNGE");
        assert_eq!(client.ok("UID EXPUNGE 2").await, "");
        assert_eq!(client.ok("UID SEARCH ALL").await, "* SEARCH 1 3");
        client.ok("CLOSE").await;
        assert!(client.ok("STATUS INBOX (MESSAGES)").await.ends_with("(MESSAGES 0)"));
        let removed = home.trail().await.into_iter().filter(|line| line.0 == Act::LetterRemoved);
        let removed: Vec<String> = removed.map(|line| line.1).collect();
        assert!(removed[0].ends_with("uids=2") && removed[1].ends_with("uids=1,3"), "{removed:?}");
    }
}

#[tokio::test]
async fn copies_and_moves_say_where_they_went() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut client = Client::doctor(&home.door).await;
        let mut archive = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        archive.ok("SELECT Archive").await;
        let said = client.say("COPY 1,3 Archive").await;
        assert!(said.starts_with("OK [COPYUID ") && said.contains(" 1,3 1:2]"), "{said}");
        assert_eq!(archive.ok("NOOP").await, "* 2 EXISTS");
        let said = client.say("UID MOVE 2:3 Archive").await;
        assert!(said.contains("* OK [COPYUID ") && said.contains(" 2:3 3:4]"), "{said}");
        assert!(said.contains("* 3 EXPUNGE\r\n* 2 EXPUNGE"), "{said}");
        assert_eq!(archive.ok("NOOP").await, "* 4 EXISTS");
        let subjects = archive.ok("UID FETCH 1:4 BODY.PEEK[HEADER.FIELDS (SUBJECT)]").await;
        let order: Vec<&str> = subjects.lines().filter_map(|line| line.strip_prefix("Subject: ")).collect();
        assert_eq!(order, ["un", "trois", "deux", "trois"]);
        let said = client.say("MOVE 1 Nowhere").await;
        assert!(said.contains("NO [TRYCREATE]"), "{said}");
        let said = client.say("COPY 1 INBOX").await;
        assert!(said.contains("* 2 EXISTS") && said.contains("COPYUID"), "{said}");
        assert_eq!(home.told(Act::LetterCopied).await, 3);
    }
}

#[tokio::test]
async fn a_folder_deleted_under_a_session_ends_it() {
    for home in homes().await {
        let mut one = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        one.ok("CREATE Provisoire").await;
        let mut other = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        other.ok("SELECT Provisoire").await;
        one.ok("CREATE Autre").await;
        other.ok("NOOP").await;
        one.ok("DELETE Provisoire").await;
        let said = other.say("NOOP").await;
        assert!(said.contains("OK NOOP done\r\n* BYE [NONEXISTENT]"), "{said}");
    }
}

#[tokio::test]
async fn changes_too_many_to_name_are_told_all_the_same() {
    for home in homes().await {
        let account = home.house.account(DOCTOR).await;
        let many = 300;
        super::appending::fill(&home, account, many).await;
        let mut one = Client::doctor(&home.door).await;
        let mut other = Client::doctor(&home.door).await;
        one.ok("STORE 1:* +FLAGS.SILENT \\Seen").await;
        assert_eq!(other.ok("NOOP").await.lines().filter(|line| line.contains("\\Seen")).count(), many);
        one.ok("STORE 1:290 +FLAGS.SILENT \\Deleted").await;
        one.ok("EXPUNGE").await;
        home.deliver_plain(&["encore"]).await;
        let said = other.ok("NOOP").await;
        assert_eq!(said.lines().filter(|line| line.contains("EXPUNGE")).count(), 290);
        assert!(said.contains("* 11 EXISTS"), "{said}");
        assert_eq!(other.ok("NOOP").await, "");
    }
}

/// Every act of this door that writes, what it tells, and with how many lines.
const WRITING: [(&str, &[Act], &str); 9] = [
    ("COPY 1 Archive", &[Act::LetterCopied], "uids=1 to="),
    ("MOVE 2 Archive", &[Act::LetterCopied], "how=move"),
    ("EXPUNGE", &[Act::LetterRemoved], "uids=3"),
    ("CREATE Patients/2026", &[Act::FolderChanged], "how=create parents="),
    ("RENAME Patients Malades", &[Act::FolderChanged], "how=rename"),
    ("UNSUBSCRIBE Malades", &[Act::FolderChanged], "how=unsubscribe"),
    ("SUBSCRIBE Malades", &[Act::FolderChanged], "how=subscribe"),
    ("DELETE Malades/2026", &[Act::FolderChanged], "how=delete"),
    ("RENAME INBOX Vieux/2025", &[Act::FolderChanged, Act::LetterCopied], "uids=1 to="),
];

#[tokio::test]
async fn an_act_and_its_line_stand_or_fall_together() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let (store, account) = (home.house.relay.mailstore(), home.house.account(DOCTOR).await);
        let mut client = Client::doctor(&home.door).await;
        client.ok("STORE 3 +FLAGS.SILENT \\Deleted").await;
        for (command, acts, detail) in WRITING {
            let (folders, lines) = (store.folders(account).await.unwrap(), home.trail().await.len());
            home.alter("ALTER TABLE audit_line RENAME TO audit_line_away").await;
            let said = client.say(command).await;
            home.alter("ALTER TABLE audit_line_away RENAME TO audit_line").await;
            assert!(said.contains("NO [UNAVAILABLE]"), "{}: {command}: {said}", home.house.engine);
            let left = store.folders(account).await.unwrap();
            assert_eq!(left, folders, "{}: {command} was done without its line", home.house.engine);

            client.ok(command).await;
            assert_ne!(store.folders(account).await.unwrap(), folders, "{command} did nothing");
            let told = home.trail().await.split_off(lines);
            let acts_told: Vec<Act> = told.iter().map(|line| line.0).collect();
            assert_eq!(acts_told, acts, "{}: {command}", home.house.engine);
            assert!(told.last().unwrap().1.contains(detail), "{command}: {told:?}");
        }
        let mut tx = home.house.data.read().await.unwrap();
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_act_that_is_refused_tells_nothing_and_leaves_nothing() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux"]).await;
        let (store, account) = (home.house.relay.mailstore(), home.house.account(DOCTOR).await);
        let mut client = Client::doctor(&home.door).await;
        client.ok("CREATE Patients/2026").await;
        let (folders, lines) = (store.folders(account).await.unwrap(), home.trail().await);
        for command in [
            "COPY 1 Nowhere",
            "MOVE 1 Nowhere",
            "CREATE Sent",
            "CREATE a/b/c/d/e/f/g/h/i/j/k",
            "RENAME Nowhere Somewhere",
            "RENAME Patients Sent",
            "RENAME INBOX Patients/2026",
            "DELETE Sent",
            "DELETE Nowhere",
            "DELETE Patients",
            "RENAME Patients \"Sent Messages\"",
            "CREATE Mine (USE (\\Sent))",
        ] {
            let said = client.say(command).await;
            assert!(said.starts_with("NO ["), "{command}: {said}");
            assert_eq!(home.trail().await, lines, "{}: {command} told a line", home.house.engine);
            assert_eq!(store.folders(account).await.unwrap(), folders, "{command} left something");
        }
        assert_eq!(client.ok("EXPUNGE").await, "");
        assert_eq!(home.trail().await, lines, "nothing was removed, and a line tells of it");
    }
}

#[tokio::test]
async fn letters_with_thousands_of_keywords_do_not_make_a_select_of_thousands() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois", "quatre", "cinq"]).await;
        let mut client = Client::doctor(&home.door).await;
        for number in 1..=5 {
            let words: Vec<String> = (0..30).map(|word| format!("mot-{number}-{word}")).collect();
            client.ok(&format!("STORE {number} +FLAGS.SILENT ({})", words.join(" "))).await;
        }
        let said = client.ok("SELECT INBOX").await;
        let line = said.lines().find(|line| line.starts_with("* FLAGS ")).unwrap();
        assert_eq!(line.matches("mot-").count(), limits::KEYWORDS_TOLD, "{}: {line}", home.house.engine);
        assert!(said.contains("\\*)]"), "{said}");
        assert!(client.ok("FETCH 5 FLAGS").await.contains("mot-5-29"), "all are kept and shown");
        assert!(client.ok("SEARCH KEYWORD mot-5-29").await.ends_with("* SEARCH 5"));
    }
}

#[tokio::test]
async fn one_keyword_too_many_is_refused_and_takes_none_away() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux"]).await;
        let (mut client, most) = (Client::doctor(&home.door).await, mailstore::limits::KEYWORDS);
        let words: Vec<String> = (0..most).map(|word| format!("mot-{word}")).collect();
        client.ok(&format!("STORE 1 +FLAGS.SILENT ({})", words.join(" "))).await;
        let (before, lines) = (client.ok("FETCH 1:2 FLAGS").await, home.trail().await);
        for command in [
            "STORE 1 +FLAGS (aaa)".to_owned(),
            // All of them or none: a command is one act.
            "STORE 1:2 +FLAGS (aaa)".to_owned(),
            format!("STORE 2 FLAGS ({} aaa)", words.join(" ")),
            format!("APPEND Drafts ({} aaa) {{11}}", words.join(" ")),
        ] {
            let said = client.say(&command).await;
            assert!(said.contains("NO [LIMIT]"), "{}: {command}: {said}", home.house.engine);
        }
        assert_eq!(client.ok("FETCH 1:2 FLAGS").await, before, "{}", home.house.engine);
        assert_eq!(home.trail().await, lines, "nothing was changed, and a line tells of it");
        // One of those it has is no more than it has; another has room once one is gone.
        client.ok("STORE 1 +FLAGS.SILENT (MOT-0 \\Seen)").await;
        client.ok("STORE 1 -FLAGS.SILENT (mot-0)").await;
        assert!(client.ok("STORE 1 +FLAGS (aaa)").await.contains("aaa"));
    }
}

#[tokio::test]
async fn what_an_expunge_would_give_back_is_told_in_messages_and_octets() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut client = Client::doctor(&home.door).await;
        let size = |status: &str| {
            let (_, number) = status.trim_end_matches(')').rsplit_once(' ').unwrap();
            number.parse::<u64>().unwrap()
        };
        let all = size(&client.ok("STATUS INBOX (SIZE)").await);
        client.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)").await;
        let told = client.ok("STATUS INBOX (DELETED DELETED-STORAGE)").await;
        assert!(told.contains("(DELETED 2 DELETED-STORAGE "), "{}: {told}", home.house.engine);
        client.ok("EXPUNGE").await;
        assert_eq!(size(&told), all - size(&client.ok("STATUS INBOX (SIZE)").await), "{}", home.house.engine);
        // A size beyond 32 bits is a size (RFC 9051 §9 `number64`).
        assert_eq!(client.ok("SEARCH LARGER 5000000000").await, "* SEARCH");
    }
}

#[tokio::test]
async fn a_silent_store_does_not_hide_what_another_changed_in_the_same_message() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut one = Client::doctor(&home.door).await;
        one.ok("STORE 1 FLAGS.SILENT (\\Flagged \\Deleted)").await;
        let mut other = Client::doctor(&home.door).await;
        other.ok("STORE 1 FLAGS.SILENT (\\Deleted)").await;
        let said = one.ok("STORE 1 -FLAGS.SILENT (\\Deleted)").await;
        assert_eq!(said, "* 1 FETCH (UID 1 FLAGS ())", "({})", home.house.engine);
        // When nobody else came between, silence says enough.
        assert_eq!(one.ok("STORE 1 +FLAGS.SILENT (\\Seen)").await, "");
    }
}

#[tokio::test]
async fn a_close_does_not_hide_from_who_comes_back_what_another_had_marked() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux"]).await;
        let mut one = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        one.ok("ENABLE QRESYNC").await;
        let opened = one.ok("SELECT INBOX").await;
        let told = |line: &str, name: &str| {
            let (_, rest) = line.split_once(name).unwrap();
            rest.split_once(']').unwrap().0.trim().to_owned()
        };
        let mut other = Client::doctor(&home.door).await;
        other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
        let closed = one.say("CLOSE").await;
        let remembered = format!("({} {})", told(&opened, "UIDVALIDITY "), told(&closed, "HIGHESTMODSEQ "));
        let back = one.ok(&format!("SELECT INBOX (QRESYNC {remembered})")).await;
        assert!(back.contains("* VANISHED (EARLIER) 1"), "({}) {back}", home.house.engine);
    }
}
