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
        assert!(heard.contains("FLAGS (\\Seen $Forwarded)"), "{heard}");
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
    assert!(too_large.contains("NO [LIMIT]"), "{too_large}");
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
