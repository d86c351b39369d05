//! APPEND.

use super::*;
use names::AccountId;

/// Fills an INBOX with small letters, as fast as a door can.
pub(super) async fn fill(home: &Home, account: AccountId, many: usize) {
    let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
    for number in 0..many {
        let letter = format!("Subject: lettre {number}\r\n\r\nTexte {number}.\r\n");
        append(&mut client, "INBOX", letter.as_bytes()).await;
    }
    let inbox = home.house.relay.mailstore().role_folder_of(account, mailstore::Role::Inbox).await.unwrap();
    assert_eq!(inbox.messages as usize, many);
}

/// Appends as a mail program does: the command, the go-ahead, the octets in pieces.
pub(super) async fn append(client: &mut Client, how: &str, letter: &[u8]) -> String {
    client.write(format!("x APPEND {how} {{{}}}\r\n", letter.len()).as_bytes()).await;
    let heard = client.heard();
    assert!(heard.starts_with("+ "), "{heard}");
    for piece in letter.chunks(60_000) {
        client.write(piece).await;
    }
    client.write(b"\r\n").await;
    client.heard()
}

#[tokio::test]
async fn an_appended_letter_comes_back_octet_by_octet_and_says_how_it_came() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        let letter = LETTER.replace('\n', "\r\n");
        let how = "Sent (\\Seen $Forwarded) \"05-Jan-2026 10:00:00 +0100\"";
        let said = append(&mut client, how, letter.as_bytes()).await;
        assert!(said.contains("x OK [APPENDUID ") && said.contains(" 1] APPEND done"), "{said}");
        client.ok("SELECT Sent").await;
        client.write(b"y UID FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])\r\n").await;
        let heard = client.heard();
        assert!(heard.contains("FLAGS (\\Seen $Forwarded Pli-Appended)"), "{heard}");
        assert!(heard.contains("\" 5-Jan-2026 09:00:00 +0000\""), "{heard}");
        let whole = heard.split_once(&format!("{{{}}}\r\n", letter.len())).unwrap().1;
        assert_eq!(&whole[..letter.len()], letter);
        let account = home.house.account(DOCTOR).await;
        let store = home.house.relay.mailstore();
        let sent = store.role_folder_of(account, mailstore::Role::Sent).await.unwrap();
        let row = store.all_entries(account, sent.id).await.unwrap().remove(0);
        assert_eq!(row.origin, mailstore::Origin::Appended);
        assert_eq!((row.conversation, row.queue), (None, None));
        assert_eq!(home.told(audit::Act::LetterAppended).await, 1);
    }
}

#[tokio::test]
async fn a_letter_of_25_megabytes_streams_in_and_out() {
    let home = homes().await.remove(0);
    let mut letter = b"Subject: gros\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec();
    while letter.len() + 78 < 25_000_000 {
        letter.extend(format!("{:076}\r\n", letter.len()).into_bytes());
    }
    let mut client = Client::doctor(&home.door).await;
    let said = append(&mut client, "INBOX", &letter).await;
    assert!(said.contains("x OK [APPENDUID"), "{said}");
    client.write(b"y FETCH 1 BODY.PEEK[]\r\n").await;
    let heard = client.heard_octets();
    let start = heard.windows(3).position(|window| window == b"}\r\n").unwrap() + 3;
    assert!(heard[start..].starts_with(&letter), "another letter came back");
    assert!(client.longest <= limits::CHUNK, "a piece of {} octets", client.longest);
    let end = client.ok(&format!("FETCH 1 BODY.PEEK[]<{}.100>", letter.len() - 10)).await;
    assert!(end.contains("{10}\r\n"), "{end}");
    let too_large = client.say("APPEND INBOX {25000001}").await;
    assert!(too_large.contains("NO [TOOBIG]"), "{too_large}");
}

#[tokio::test]
async fn what_is_no_letter_is_refused_and_nothing_is_kept() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        let said = append(&mut client, "INBOX", b"no header at all\r\n\r\n").await;
        assert!(said.contains("x NO [CANNOT]"), "{said}");
        let said = client.say("APPEND Nowhere {5}").await;
        assert!(said.contains("NO [TRYCREATE]"), "{said}");
        // Given up in the middle: the peer goes.
        client.write(b"x APPEND INBOX {100}\r\nSubject: half\r\n").await;
        drop(client);
        let mut client = Client::doctor(&home.door).await;
        assert!(client.ok("STATUS INBOX (MESSAGES)").await.ends_with("(MESSAGES 0)"));
    }
}

/// What a forger would write: a letter as the patient's operator writes it.
const FORGED: &str = "\
From: 285059900010125@patients.mssante.example
To: marie.lenoir@cabinet-lilas.mssante.example
Subject: Mes nouvelles coordonnées
X-Pli-Patient-INS: 285059900010125
X-Pli-Trace: 0011 1
X-MSS-NIL: X

Bonjour
";

/// ADR 0021. Whatever is done with it, the mark stays; and a received letter cannot be given it.
#[tokio::test]
async fn an_appended_letter_never_passes_for_a_received_one() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        let selected = client.say("SELECT INBOX").await;
        let line = |start: &str| selected.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(line("* FLAGS").contains(" Pli-Appended)"), "{selected}");
        assert!(!line("* OK [PERMANENTFLAGS").contains("Pli-Appended"), "{selected}");
        let forged = FORGED.replace('\n', "\r\n");
        append(&mut client, "INBOX (\\Flagged)", forged.as_bytes()).await;
        let said = client.ok("FETCH 2 (FLAGS RFC822.SIZE BODY.PEEK[])").await;
        assert!(
            said.contains(&format!("FLAGS (\\Flagged Pli-Appended) RFC822.SIZE {} ", forged.len())),
            "{said}"
        );
        for kept in ["X-Was-Patient-INS: 285059900010125\r\n", "X-Was-Trace: 0011 1\r\n", "X-MSS-NIL: X\r\n"]
        {
            assert!(said.contains(kept), "{said}");
        }
        assert!(!said.contains("X-Pli-"), "{said}");
        for change in ["FLAGS ()", "-FLAGS (Pli-Appended \\Flagged)", "FLAGS (pli-appended)"] {
            let said = client.ok(&format!("STORE 2 {change}")).await;
            assert_eq!(said, "* 2 FETCH (FLAGS (Pli-Appended))", "{change}");
            let said = client.ok(&format!("STORE 1 {change}")).await;
            assert_eq!(said, "* 1 FETCH (FLAGS ())", "{change}");
        }
        let said = client.ok("STORE 1 +FLAGS (Pli-Appended)").await;
        assert_eq!(said, "* 1 FETCH (FLAGS ())", "a received letter was called appended");
        client.ok("COPY 1:2 Archive").await;
        client.ok("SELECT Archive").await;
        client.ok("MOVE 1:2 INBOX").await;
        client.ok("SELECT INBOX").await;
        assert_eq!(client.ok("SEARCH KEYWORD Pli-Appended").await, "* SEARCH 2 4");
        assert_eq!(client.ok("SEARCH UNKEYWORD pli-appended").await, "* SEARCH 1 3");
        let account = home.house.account(DOCTOR).await;
        let store = home.house.relay.mailstore();
        let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.unwrap();
        let rows = store.all_entries(account, inbox.id).await.unwrap();
        let origins: Vec<_> = rows.iter().map(|row| row.origin).collect();
        use mailstore::Origin::{Appended, Received};
        assert_eq!(origins, [Received, Appended, Received, Appended], "{}", home.house.engine);
        assert!(rows.iter().all(|row| row.conversation.is_none()));
        // Nobody is told of it, and nothing is filed.
        assert_eq!(home.count("SELECT COUNT(*) FROM document").await, 0);
        assert_eq!(home.count("SELECT COUNT(*) FROM alert").await, 0);
    }
}

#[tokio::test]
async fn letters_of_one_append_are_kept_together_or_not_at_all() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        client.write(b"x APPEND INBOX (\\Seen) {14}\r\n").await;
        client.write(b"Subject: 1\r\n\r\n (\\Draft) {14}\r\n").await;
        client
            .write(b"Subject: 2\r\n\r\n \" 1-Jan-2026 10:00:00 +0000\" {14+}\r\nSubject: 3\r\n\r\n\r\n")
            .await;
        let said = client.heard();
        assert!(said.ends_with(" 1:3] APPEND done\r\n") && said.contains("x OK [APPENDUID "), "{said}");
        let said = client.ok("FETCH 1:3 (FLAGS BODY.PEEK[HEADER])").await;
        for (number, flags) in [(1, "\\Seen Pli-Appended"), (2, "\\Draft Pli-Appended"), (3, "Pli-Appended")]
        {
            let row =
                format!("* {number} FETCH (FLAGS ({flags}) BODY[HEADER] {{14}}\r\nSubject: {number}\r\n");
            assert!(said.contains(&row), "{said}");
        }
        assert_eq!(home.told(audit::Act::LetterAppended).await, 1);
        // The second is no letter: the first is not kept either.
        client.write(b"y APPEND INBOX {14+}\r\nSubject: 4\r\n\r\n {7+}\r\nx y\r\n\r\n\r\n").await;
        assert!(client.heard().contains("y NO [CANNOT]"));
        // Nor when the peer goes between two letters.
        client.write(b"z APPEND INBOX {14+}\r\nSubject: 5\r\n\r\n {14}\r\n").await;
        drop(client);
        let mut client = Client::doctor(&home.door).await;
        assert!(client.ok("STATUS INBOX (MESSAGES UIDNEXT)").await.ends_with("(MESSAGES 3 UIDNEXT 4)"));
        assert_eq!(home.count("SELECT COUNT(*) FROM body").await, 3);
    }
}

/// RFC 8508: a draft is saved anew; at no moment are there two, or none.
#[tokio::test]
async fn a_replaced_draft_is_one_act() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        append(&mut client, "Drafts (\\Draft)", b"Subject: one\r\n\r\n").await;
        client.ok("SELECT Drafts").await;
        let mut other = Client::doctor(&home.door).await;
        other.ok("SELECT Drafts").await;
        let replace =
            |draft: &str| format!("x UID REPLACE 1 Drafts (\\Draft) {{{}+}}\r\n{draft}\r\n", draft.len());
        client.write(replace("Subject: two\r\n\r\n").as_bytes()).await;
        let said = client.heard();
        let told: Vec<&str> = said.lines().collect();
        assert!(told[0].starts_with("* OK [APPENDUID ") && told[0].contains(" 2] "), "{said}");
        assert_eq!(told[1..], ["* 1 EXPUNGE", "* 1 EXISTS", "x OK REPLACE done"]);
        // Who has not heard of it yet replaces nothing and keeps nothing.
        other.write(replace("Subject: three\r\n\r\n").as_bytes()).await;
        let said = other.heard();
        assert!(said.contains("x NO [EXPUNGEISSUED]"), "{said}");
        assert!(client.ok("STATUS Drafts (MESSAGES UIDNEXT)").await.ends_with("(MESSAGES 1 UIDNEXT 3)"));
        assert!(client.ok("FETCH 1 BODY.PEEK[HEADER]").await.contains("Subject: two"));
        assert_eq!(home.count("SELECT COUNT(*) FROM body").await, 1, "the old draft is gone for good");
        let acts: Vec<_> = home.trail().await.into_iter().map(|(act, _)| act).collect();
        let told = |act| acts.iter().filter(|told| **told == act).count();
        assert_eq!((told(audit::Act::LetterAppended), told(audit::Act::LetterRemoved)), (2, 1));
    }
}

/// RELIABILITY I-09: whatever is removed, and whoever comes back, a UID names one letter for ever.
#[tokio::test]
async fn i_09_a_uid_is_never_given_twice() {
    for home in homes().await {
        let letter = b"Subject: x\r\n\r\n";
        let mut client = Client::doctor(&home.door).await;
        client.ok("CREATE Dossier").await;
        let uidvalidity = |said: &str| -> u32 {
            said.split_once("UIDVALIDITY ").unwrap().1.trim_end_matches(')').parse().unwrap()
        };
        let first = uidvalidity(&client.ok("STATUS Dossier (UIDVALIDITY)").await);
        for last in [2, 4, 6] {
            for _ in 0..2 {
                append(&mut client, "Dossier", letter).await;
            }
            client.ok("SELECT Dossier").await;
            assert!(client.ok("UID FETCH * UID").await.contains(&format!("(UID {last})")));
            client.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)").await;
            client.ok("EXPUNGE").await;
            drop(client);
            client = Client::doctor(&home.door).await;
            let said = client.ok("STATUS Dossier (MESSAGES UIDNEXT)").await;
            assert!(said.ends_with(&format!("(MESSAGES 0 UIDNEXT {})", last + 1)), "{said}");
        }
        client.ok("DELETE Dossier").await;
        client.ok("CREATE Dossier").await;
        let again = uidvalidity(&client.ok("STATUS Dossier (UIDVALIDITY)").await);
        assert!(again > first, "{again} after {first}");
    }
}

#[tokio::test]
async fn an_append_that_takes_a_quarter_of_a_day_is_refused_before_the_sweeper_takes_its_bodies() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        let hours = |hours: i64| {
            home.house.clock.fetch_add(hours * names::HOUR, std::sync::atomic::Ordering::SeqCst);
        };
        for (waits, want) in [(5, "OK [APPENDUID "), (7, "NO [LIMIT] ")] {
            client.write(b"x APPEND Sent {15}\r\n").await;
            assert!(client.heard().starts_with("+ "));
            client.write(b"Subject: a").await;
            hours(waits);
            client.write(b"\r\n\r\nb\r\n").await;
            let said = client.heard();
            assert!(said.contains(&format!("x {want}")), "{}: {said}", home.house.engine);
        }
        let account = home.house.account(DOCTOR).await;
        let sent = home.house.relay.mailstore().role_folder_of(account, mailstore::Role::Sent).await.unwrap();
        assert_eq!(sent.messages, 1, "{}", home.house.engine);
    }
}
