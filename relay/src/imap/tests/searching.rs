//! SEARCH: each family of keys.

use super::*;
use audit::Act;

const SECOND: &str = "\
From: Paul Ferrand <paul.ferrand@hopital-saint-roch.mssante.example>
To: marie.lenoir@cabinet-lilas.mssante.example
Cc: =?iso-8859-1?Q?H=E9l=E8ne?= <cardiologie@hopital-saint-roch.mssante.example>
Subject: Rendez-vous
Date: Mon, 2 Nov 2026 23:30:00 -0500
Message-ID: <rdv-2@hopital-saint-roch.mssante.example>
X-Priority: 1
MIME-Version: 1.0
Content-Type: message/rfc822

From: ancien@cabinet-lilas.mssante.example
Subject: Courrier ancien
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+TGEgZ2x5Y8OpbWllIG1vbnRlPC9wPg==
";

#[tokio::test]
async fn every_family_of_keys_finds_what_it_should() {
    for home in homes().await {
        home.deliver(LETTER).await;
        home.deliver(SECOND).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("STORE 2 +FLAGS.SILENT (\\Answered $Junk)").await;
        let large = client.ok("FETCH 1 RFC822.SIZE").await;
        let size: u32 = large.split_once("SIZE ").unwrap().1.trim_end_matches(')').parse().unwrap();
        for (keys, found) in [
            ("ALL", "1 2"),
            ("NEW", ""),
            ("ANSWERED", "2"),
            ("UNANSWERED", "1"),
            ("KEYWORD $junk", "2"),
            ("UNKEYWORD $junk", "1"),
            ("2", "2"),
            ("UID 1", "1"),
            ("SINCE 22-Nov-2026", "1 2"),
            ("ON 22-Nov-2026", "1 2"),
            ("BEFORE 22-Nov-2026", ""),
            ("SENTON 21-Nov-2026", "1"),
            ("SENTON 2-Nov-2026", "2"),
            ("SENTSINCE 3-Nov-2026", "1"),
            ("SENTBEFORE 3-Nov-2026", "2"),
            (&format!("LARGER {}", size - 1), "1"),
            (&format!("SMALLER {size}"), "2"),
            ("FROM FERRAND", "1 2"),
            ("FROM \"dr paul\"", "1"),
            ("TO lenoir@cabinet", "1 2"),
            ("CC helene", "2"),
            ("BCC x", ""),
            ("SUBJECT RESULTATS", "1"),
            ("CHARSET UTF-8 SUBJECT {10+}\r\nrésultats", "1"),
            ("SUBJECT \"\"", "1 2"),
            ("HEADER Message-ID rdv-2", "2"),
            ("HEADER X-Priority \"\"", "2"),
            ("HEADER X-Nothing \"\"", ""),
            ("BODY cholesterol", "1"),
            ("BODY \"chere consœur\"", "1"),
            ("BODY glycemie", "2"),
            ("BODY \"courrier ancien\"", "2"),
            ("BODY iVBOR", ""),
            ("BODY resultats", ""),
            ("TEXT resultats", "1"),
            ("TEXT glycemie", "2"),
            ("TEXT x-priority", "2"),
            ("BODY \"\"", "1 2"),
            ("NOT BODY glycemie", "1"),
            ("OR BODY cholesterol ANSWERED", "1 2"),
            ("ANSWERED BODY cholesterol", ""),
            ("OR (FROM dr SUBJECT resultats) (CC helene TEXT monte)", "1 2"),
        ] {
            let said = client.ok(&format!("SEARCH {keys}")).await;
            let said = said.trim_start_matches("+ go ahead\r\n");
            assert_eq!(said, format!("* SEARCH {found}").trim_end(), "{keys} ({})", home.house.engine);
        }
    }
}

#[tokio::test]
async fn a_search_of_letters_is_told_and_never_what_was_looked_for() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("SEARCH UNSEEN SINCE 1-Jan-2026").await;
        assert_eq!(home.told(Act::LettersSearched).await, 0);
        client.ok("SEARCH SUBJECT resultats").await;
        client.ok("SEARCH TEXT cholesterol").await;
        let lines = home.trail().await;
        let told: Vec<&str> =
            lines.iter().filter(|line| line.0 == Act::LettersSearched).map(|line| line.1.as_str()).collect();
        assert!(told[0].ends_with("looks_at=headers") && told[1].ends_with("looks_at=letters"), "{told:?}");
    }
}

#[tokio::test]
async fn a_search_follows_what_changes() {
    for home in homes().await {
        home.deliver_plain(&["alpha", "beta"]).await;
        let mut client = Client::doctor(&home.door).await;
        assert_eq!(client.ok("SEARCH SUBJECT alpha").await, "* SEARCH 1");
        client.ok("STORE 1 +FLAGS.SILENT \\Deleted").await;
        client.ok("EXPUNGE").await;
        home.deliver_plain(&["alpha encore", "gamma"]).await;
        client.ok("NOOP").await;
        assert_eq!(client.ok("UID SEARCH SUBJECT alpha").await, "* SEARCH 3");
        assert_eq!(client.ok("UID SEARCH NOT SUBJECT alpha").await, "* SEARCH 2 4");
    }
}
