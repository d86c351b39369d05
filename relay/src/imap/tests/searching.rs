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
            ("OLDER 1", ""),
            ("YOUNGER 60", "1 2"),
            ("SAVEDON 22-Nov-2026", "1 2"),
            ("SAVEDBEFORE 22-Nov-2026", ""),
            ("SAVEDATESUPPORTED", "1 2"),
            ("THREADID T0", ""),
            ("EMAILID M0", ""),
            ("SUBJECT \"rendez-vous\"", "2"),
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

#[tokio::test]
async fn ends_and_pages_of_results_are_found_from_either_end() {
    for home in homes().await {
        home.deliver_plain(&["un a", "deux a", "trois", "deux b", "un b"]).await;
        let mut client = Client::doctor(&home.door).await;
        for (command, said) in [
            ("SEARCH RETURN (MIN) SUBJECT deux", "MIN 2"),
            ("SEARCH RETURN (MAX) SUBJECT deux", "MAX 4"),
            ("SEARCH RETURN (MIN MAX COUNT) NOT SUBJECT deux", "MIN 1 MAX 5 COUNT 3"),
            ("SEARCH RETURN (PARTIAL 1:2) NOT SUBJECT deux", "PARTIAL (1:2 1,3)"),
            ("SEARCH RETURN (PARTIAL -1:-2) NOT SUBJECT deux", "PARTIAL (-1:-2 3,5)"),
            ("SEARCH RETURN (PARTIAL -4:-9) NOT SUBJECT deux", "PARTIAL (-4:-9 NIL)"),
            ("SEARCH RETURN (MAX) BODY introuvable", ""),
            ("SEARCH RETURN (COUNT) BODY cholesterol", "COUNT 5"),
        ] {
            let heard = client.ok(command).await;
            let heard = heard.split_once(')').expect("a correlator").1;
            assert_eq!(heard.trim(), said, "{command} ({})", home.house.engine);
        }
        client.ok("SEARCH RETURN (SAVE) SUBJECT un").await;
        client.ok("STORE $ +FLAGS.SILENT (\\Deleted)").await;
        assert_eq!(client.ok("UID EXPUNGE $").await, "* 5 EXPUNGE\r\n* 1 EXPUNGE");
        assert_eq!(client.ok("SEARCH ALL").await, "* SEARCH 1 2 3");
    }
}

#[tokio::test]
async fn a_search_for_too_many_texts_is_refused() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        let texts =
            |count: usize| -> String { (0..count).map(|at| format!("NOT BODY introuvable{at} ")).collect() };
        let said = client.say(&format!("SEARCH {}ALL", texts(limits::SEARCH_TEXTS + 1))).await;
        assert!(said.starts_with("NO [LIMIT]"), "{said}");
        assert_eq!(client.ok(&format!("SEARCH {}ALL", texts(limits::SEARCH_TEXTS))).await, "* SEARCH 1");
    }
}

/// RELIABILITY I-03: a search gives way to others after every page.
#[tokio::test]
async fn a_long_search_does_not_hold_up_another_session() {
    for home in homes().await {
        let subjects: Vec<String> = (0..3 * limits::LETTERS).map(|at| format!("n{at}")).collect();
        home.deliver_plain(&subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut long = Client::doctor(&home.door).await;
        let mut other = Client::doctor(&home.door).await;
        let done = std::cell::Cell::new(false);
        let searching = async {
            long.ok("SEARCH OR BODY introuvable TEXT nulle-part").await;
            done.set(true);
        };
        let asking = async {
            let mut answered = 0;
            while !done.get() {
                other.ok("NOOP").await;
                if !done.get() {
                    answered += 1;
                }
                tokio::task::yield_now().await;
            }
            answered
        };
        // One thread, two sessions: were the search one piece, nothing would be answered beside it.
        let ((), answered) = tokio::join!(searching, asking);
        assert!(answered >= 3, "{answered} answers beside a search ({})", home.house.engine);
    }
}

/// Some letters of one subject, and a rare one among them.
async fn many(home: &Home) {
    let subjects: Vec<String> = (0..limits::GIST_WORTH + 4).map(|at| format!("bilan {at}")).collect();
    home.deliver_plain(&subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    home.deliver(&LETTER.replace("est bas", "est bas, zyxwvut")).await;
}

/// What is found in [`many`] by these keys.
const FOUND: [(&str, &str); 8] = [
    ("SUBJECT resultats", "21"),
    ("SUBJECT \"bilan 19\"", "20"),
    ("HEADER subject resultats", "21"),
    ("HEADER x-nothing \"\"", ""),
    ("BODY zyxwvut", "21"),
    ("BODY introuvable", ""),
    ("TEXT zyxwvut", "21"),
    ("TEXT \"subject: bilan 3\"", "4"),
];

#[tokio::test]
async fn what_a_search_found_out_spares_the_next_one_the_letters() {
    for home in homes().await {
        many(&home).await;
        let mut client = Client::doctor(&home.door).await;
        for (keys, found) in FOUND {
            let want = format!("* SEARCH {found}");
            assert_eq!(client.ok(&format!("SEARCH {keys}")).await, want.trim_end(), "{keys}");
        }
        home.gists_kept().await;
        // From now on nothing can be read of the letters that are not to be found.
        home.alter("UPDATE head SET sealed_summary = sealed_block WHERE id <> (SELECT MAX(id) FROM head)")
            .await;
        home.alter("UPDATE head SET frames = sealed_block WHERE id <> (SELECT MAX(id) FROM head)").await;
        for mut client in [client, Client::doctor(&home.anew()).await] {
            for (keys, found) in FOUND {
                let want = format!("* SEARCH {found}");
                let said = client.ok(&format!("SEARCH {keys}")).await;
                assert_eq!(said, want.trim_end(), "{keys} ({})", home.house.engine);
            }
        }
    }
}

#[tokio::test]
async fn a_folder_that_was_selected_is_searched_for_the_first_time_by_gists_made_ahead() {
    for home in homes().await {
        many(&home).await;
        let count = "SELECT COUNT(*) FROM gist";
        let mut client = Client::doctor(&home.door).await;
        home.door.looked_ahead().await;
        assert_eq!(home.count(count).await, 0, "{}: a run that grows waits", home.house.engine);
        home.alter("UPDATE folder SET uid_next = 64, modseq = modseq + 1").await;
        client.ok("SELECT INBOX").await;
        home.door.looked_ahead().await;
        assert_eq!(home.count(count).await, 1, "{}", home.house.engine);
        // From now on nothing can be read of the letters that are not to be found.
        home.alter("UPDATE head SET sealed_summary = sealed_block WHERE id <> (SELECT MAX(id) FROM head)")
            .await;
        home.alter("UPDATE head SET frames = sealed_block WHERE id <> (SELECT MAX(id) FROM head)").await;
        let texts = FOUND.iter().filter(|(keys, _)| keys.starts_with("BODY") || keys.starts_with("TEXT"));
        for (keys, found) in texts {
            let want = format!("* SEARCH {found}");
            let said = client.ok(&format!("SEARCH {keys}")).await;
            assert_eq!(said, want.trim_end(), "{keys} ({})", home.house.engine);
        }
        client.ok("UID STORE 1 +FLAGS (\\Deleted)").await;
        client.ok("EXPUNGE").await;
        assert_eq!(home.count(count).await, 0, "{}: gone with the first that goes", home.house.engine);
    }
}

#[tokio::test]
async fn a_gist_that_is_damaged_is_made_again_and_nothing_is_missed() {
    for home in homes().await {
        many(&home).await;
        for damage in [
            "DELETE FROM gist",
            "UPDATE gist SET sealed = (SELECT sealed_block FROM head LIMIT 1)",
            "UPDATE gist SET block = 7",
        ] {
            home.alter(damage).await;
            let mut client = Client::doctor(&home.anew()).await;
            for (keys, found) in FOUND {
                let want = format!("* SEARCH {found}");
                let said = client.ok(&format!("SEARCH {keys}")).await;
                assert_eq!(said, want.trim_end(), "{keys} ({})", home.house.engine);
            }
            home.gists_kept().await;
        }
    }
}

/// RELIABILITY: one damaged letter does not take the others along.
#[tokio::test]
async fn a_damaged_summary_is_passed_over_and_the_others_are_found() {
    for home in homes().await {
        many(&home).await;
        home.alter("UPDATE head SET sealed_summary = sealed_block WHERE id = (SELECT MIN(id) FROM head)")
            .await;
        let mut client = Client::doctor(&home.door).await;
        assert_eq!(client.ok("SEARCH SUBJECT \"bilan 1\"").await, "* SEARCH 2 11 12 13 14 15 16 17 18 19 20");
        assert_eq!(client.ok("SEARCH SUBJECT \"bilan 0\"").await, "* SEARCH");
        home.gists_kept().await;
        assert_eq!(home.count("SELECT COUNT(*) FROM gist").await, 0, "a gist of what could not be read");
    }
}
