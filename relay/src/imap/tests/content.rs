//! FETCH of what is made of a letter: BINARY, PREVIEW, SAVEDATE, EMAILID, THREADID.

use super::*;
use audit::Act;

fn between<'a>(said: &'a str, before: &str, after: char) -> &'a str {
    said.split_once(before)
        .unwrap_or_else(|| panic!("{before} is not in {said}"))
        .1
        .split(after)
        .next()
        .unwrap()
}

#[tokio::test]
async fn a_part_comes_without_its_transfer_encoding() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        let sizes = client.ok("FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2])").await;
        assert!(sizes.ends_with("BINARY.SIZE[2] 8)"), "{sizes}");
        client.write(b"x FETCH 1 (BINARY.PEEK[2] BINARY.PEEK[2]<6.9>)\r\n").await;
        let heard = client.heard_octets();
        let want = b"* 1 FETCH (BINARY[2] ~{8}\r\n\x89PNG\r\n\x1a\n BINARY[2]<6> ~{2}\r\n\x1a\n)\r\nx OK";
        assert!(heard.starts_with(want), "{}", String::from_utf8_lossy(&heard));
        client.write(b"y FETCH 1 BINARY[1]\r\n").await;
        let heard = client.heard_octets();
        let latin = b"Ch\xe8re cons\x9cur, le cholest\xe9rol est bas.";
        assert!(heard.windows(latin.len()).any(|w| w == latin), "{}", String::from_utf8_lossy(&heard));
        assert!(heard.windows(15).any(|w| w == b"FLAGS (\\Seen))\r"), "{}", String::from_utf8_lossy(&heard));
        let whats: Vec<_> =
            home.trail().await.into_iter().filter(|(act, _)| *act == Act::LetterRead).collect();
        assert!(whats[0].1.ends_with("what=headers") && whats[1].1.ends_with("what=letters"), "{whats:?}");
    }
}

#[tokio::test]
async fn a_part_of_twenty_megabytes_is_decoded_as_it_streams() {
    let home = homes().await.remove(0);
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";
    let lines = 20_000_000 / line.len();
    let mut letter = b"Subject: gros\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
    letter.extend(line.repeat(lines).into_bytes());
    let mut client = Client::doctor(&home.door).await;
    super::appending::append(&mut client, "INBOX", &letter).await;
    let decoded = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234".len() * lines;
    client.write(b"y FETCH 1 BINARY.PEEK[1]\r\n").await;
    let heard = client.heard_octets();
    let head = format!("* 1 FETCH (BINARY[1] ~{{{decoded}}}\r\nABCDEF");
    assert!(heard.starts_with(head.as_bytes()), "{}", String::from_utf8_lossy(&heard[..60]));
    assert_eq!(heard.len(), head.len() - 6 + decoded + b")\r\ny OK FETCH done\r\n".len());
    assert!(client.longest <= limits::CHUNK, "a piece of {} octets", client.longest);
    let end = client.ok(&format!("FETCH 1 BINARY.PEEK[1]<{}.100>", decoded - 5)).await;
    assert!(end.ends_with("~{5}\r\n01234)"), "{end}");
}

#[tokio::test]
async fn a_message_keeps_its_names_and_tells_when_it_came_here() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let answer = LETTER.replace("<analyse-1@", "<analyse-2@").replace(
            "\nMIME-Version",
            "\nIn-Reply-To: <analyse-1@hopital-saint-roch.mssante.example>\nMIME-Version",
        );
        home.deliver(&answer).await;
        let alone = LETTER.replace("<analyse-1@", "<autre@");
        home.deliver(&alone).await;
        let mut client = Client::doctor(&home.door).await;
        let said = client.ok("FETCH 1:3 (EMAILID THREADID SAVEDATE INTERNALDATE)").await;
        let rows: Vec<&str> = said.split("\r\n").collect();
        assert_eq!(rows.len(), 3, "{said}");
        let email = |row: &str| between(row, "EMAILID (", ')').to_owned();
        let thread = |row: &str| between(row, "THREADID (", ')').to_owned();
        assert_eq!(thread(rows[0]), thread(rows[1]), "an answer is of its letter's thread");
        assert_ne!(thread(rows[0]), thread(rows[2]));
        assert_ne!(email(rows[0]), email(rows[2]));
        assert_eq!(
            between(rows[0], "SAVEDATE ", ')'),
            format!("{} INTERNALDATE {}", date(rows[0]), date(rows[0]))
        );
        home.house.clock.fetch_add(90_000, std::sync::atomic::Ordering::Relaxed);
        client.ok("COPY 1 Archive").await;
        client.ok("MOVE 3 Archive").await;
        client.ok("SELECT Archive").await;
        let said = client.ok("FETCH 1:2 (EMAILID THREADID SAVEDATE INTERNALDATE)").await;
        let moved: Vec<&str> = said.split("\r\n").collect();
        assert_eq!((email(moved[0]), thread(moved[0])), (email(rows[0]), thread(rows[0])));
        assert_eq!((email(moved[1]), thread(moved[1])), (email(rows[2]), thread(rows[2])));
        for row in moved {
            let (saved, internal) = row.split_once(" INTERNALDATE ").unwrap();
            assert!(!saved.ends_with(internal.trim_end_matches(')')), "it was saved later: {row}");
        }
    }
}

fn date(row: &str) -> String {
    format!("\"{}\"", between(row, "INTERNALDATE \"", '"'))
}

#[tokio::test]
async fn a_preview_is_short_and_marks_nothing() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        client.write(b"x FETCH 1 (PREVIEW (LAZY) FLAGS)\r\n").await;
        let heard = client.heard();
        let (_, text) = heard.split_once("PREVIEW {").unwrap();
        let (length, text) = text.split_once("}\r\n").unwrap();
        let text = &text[..length.parse::<usize>().unwrap()];
        assert!(text.starts_with("Chère cons") && text.contains("cholestérol est bas."), "{text}");
        assert!(heard.contains(" FLAGS ())"), "{heard}");
        let read = home.trail().await.into_iter().rfind(|(act, _)| *act == Act::LetterRead);
        assert!(read.is_some_and(|(_, detail)| detail.ends_with("what=previews")));
    }
}
