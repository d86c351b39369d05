//! SELECT, STATUS, FETCH.

use super::*;
use audit::Act;

/// DOMAIN §3.4: the relay carries them as they are.
#[tokio::test]
async fn the_fields_of_the_trade_are_read_as_they_were_written() {
    const FIELDS: &str =
        "x-mss-nil:  DEV935997 \r\nX-MSS-CODECDA: 34112-3,PRESC-BIO,\r\n\t15508-5\r\nX-MSS-INS:O\r\n";
    for home in homes().await {
        home.deliver(&format!("{}{LETTER}", FIELDS.replace("\r\n", "\n"))).await;
        let mut client = Client::doctor(&home.door).await;
        let head = client.ok("FETCH 1 BODY.PEEK[HEADER]").await;
        assert!(head.contains(FIELDS), "{head}");
        let one = client.ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (X-MSS-CODECDA)]").await;
        assert!(one.contains("X-MSS-CODECDA: 34112-3,PRESC-BIO,\r\n\t15508-5\r\n\r\n"), "{one}");
    }
}

#[tokio::test]
async fn a_letter_is_read_by_its_parts() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let selected = client.say("SELECT INBOX").await;
        for part in ["* 1 EXISTS", "[UNSEEN 1]", "[UIDNEXT 2]", "[PERMANENTFLAGS (", "OK [READ-WRITE]"] {
            assert!(selected.contains(part), "{part} is not in {selected}");
        }
        let envelope = client.ok("FETCH 1 (UID ENVELOPE BODYSTRUCTURE)").await;
        for part in [
            "UID 1 ENVELOPE (\"Sat, 21 Nov 2026 09:30:00 +0100\" \"=?utf-8?Q?R=C3=A9sultats_d'analyse?=\"",
            "\"paul.ferrand\" \"hopital-saint-roch.mssante.example\"",
            "<analyse-1@hopital-saint-roch.mssante.example>",
            "BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\" \"iso-8859-1\")",
            "(\"attachment\" (\"filename\" \"courbe.png\"))",
        ] {
            assert!(envelope.to_lowercase().contains(&part.to_lowercase()), "{part} is not in {envelope}");
        }
        assert!(!client.ok("FETCH 1 FLAGS").await.contains("Seen"));
        let text = client.ok("FETCH 1 BODY[1]").await;
        let (head, rest) = text.split_once("\r\n").unwrap();
        assert!(head.starts_with("* 1 FETCH (BODY[1] {"), "{head}");
        assert!(rest.starts_with("Ch=E8re cons=9Cur, le chol=\r\nest=E9rol est bas."), "{rest}");
        assert!(rest.ends_with("FLAGS (\\Seen))"), "{rest}");
        assert!(client.ok("FETCH 1 BODY.PEEK[2]<4.4>").await.contains("BODY[2]<4> {4}\r\nRw0K"));
        assert!(
            client.ok("FETCH 1 BODY.PEEK[2]<999.4>").await.contains("BODY[2]<999> \"\"")
                || client.ok("FETCH 1 BODY.PEEK[2]<999.4>").await.contains("BODY[2]<999> {0}")
        );
        let fields = client.ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject)]").await;
        assert!(fields.contains("Subject: =?utf-8?Q?R=C3=A9sultats_d'analyse?=\r\n\r\n"), "{fields}");
        assert!(client.ok("FETCH 1 BODY.PEEK[2.MIME]").await.contains("name=\"courbe.png\""));
        assert!(client.ok("FETCH 1 BODY.PEEK[9]").await.contains("BODY[9] NIL"));
        assert!(client.ok("UID FETCH 77 FLAGS").await.is_empty());
        assert!(
            client
                .ok("STATUS INBOX (MESSAGES UNSEEN UIDNEXT)")
                .await
                .ends_with("(MESSAGES 1 UNSEEN 0 UIDNEXT 2)")
        );
    }
}

#[tokio::test]
async fn the_whole_letter_is_its_blocks_and_its_size_is_theirs() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        client.write(b"x FETCH 1 (RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])\r\n").await;
        let heard = client.heard();
        let size: usize =
            heard.split_once("RFC822.SIZE ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
        let literal = |name: &str| {
            let rest = heard.split_once(name).unwrap().1;
            let (count, rest) = rest.split_once("}\r\n").unwrap();
            rest[..count.parse::<usize>().unwrap()].to_owned()
        };
        let whole = literal("BODY[] {");
        assert_eq!(whole.len(), size);
        assert_eq!(whole, literal("BODY[HEADER] {") + &literal("BODY[TEXT] {"));
        let top = format!("Return-Path: <{CARDIOLOGIST}>\r\nReceived: ");
        assert!(whole.starts_with(&top) && whole.ends_with("--limite--\r\n"));
        // Windows of a letter, as JavaMail and Apple Mail ask for them, are the letter.
        let mut pieces = String::new();
        for start in (0..size).step_by(100) {
            let window = client.ok(&format!("FETCH 1 BODY.PEEK[]<{start}.100>")).await;
            let (count, rest) = window.split_once("{").unwrap().1.split_once("}\r\n").unwrap();
            pieces.push_str(&rest[..count.parse::<usize>().unwrap()]);
        }
        assert_eq!(pieces, whole);
        // The first window is a line of the trail; the others read on.
        assert_eq!(home.told(Act::LetterRead).await, 2);
    }
}

#[tokio::test]
async fn reading_is_told_once_a_command_and_listing_is_not() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("FETCH 1:* (FLAGS UID INTERNALDATE RFC822.SIZE)").await;
        assert_eq!(home.told(Act::LetterRead).await, 0);
        client.ok("FETCH 1:* (UID ENVELOPE)").await;
        client.ok("UID FETCH 1,3 (BODY[])").await;
        let read: Vec<String> = home
            .trail()
            .await
            .into_iter()
            .filter(|line| line.0 == Act::LetterRead)
            .map(|line| line.1)
            .collect();
        let [headers, letters] = &read[..] else { panic!("{read:?}") };
        assert!(headers.ends_with("uids=1:3 what=headers"), "{headers}");
        assert!(letters.ends_with("uids=1,3 what=letters"), "{letters}");
        assert_eq!(client.ok("SEARCH UNSEEN").await, "* SEARCH 2");
    }
}

#[tokio::test]
async fn many_letters_come_in_pages_in_order() {
    for home in homes().await {
        let (account, many) = (home.house.account(DOCTOR).await, limits::LETTERS * 2 + 5);
        super::appending::fill(&home, account, many).await;
        let mut client = Client::doctor(&home.door).await;
        for items in ["(UID)", "(UID ENVELOPE)", "(UID BODY.PEEK[TEXT])", "(UID BODY[])"] {
            let heard = client.ok(&format!("FETCH 1:* {items}")).await;
            let uids: Vec<usize> = heard
                .split("\r\n")
                .filter(|line| line.starts_with("* ") && line.contains("FETCH (UID "))
                .map(|line| {
                    line.split_once("FETCH (UID ")
                        .unwrap()
                        .1
                        .split([' ', ')'])
                        .next()
                        .unwrap()
                        .parse()
                        .unwrap()
                })
                .collect();
            assert_eq!(uids, (1..=many).collect::<Vec<_>>(), "{items}");
        }
        assert_eq!(client.ok("SEARCH UNSEEN").await, "* SEARCH");
        assert!(client.ok("NOOP").await.is_empty(), "a change of its own was told again");
    }
}
