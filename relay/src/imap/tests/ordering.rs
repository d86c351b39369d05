//! SORT and THREAD over a whole house: summaries opened, cached, and put in order.

use super::*;

/// A letter of the cardiologist with these fields before those that every letter has.
fn letter(fields: &str, body: &str) -> String {
    format!(
        "From: Paul Ferrand <paul.ferrand@hopital-saint-roch.mssante.example>\n\
         To: marie.lenoir@cabinet-lilas.mssante.example\n{fields}MIME-Version: 1.0\n\n{body}\n"
    )
}

#[tokio::test]
async fn letters_are_sorted_by_every_key() {
    for home in homes().await {
        for (fields, body) in [
            (
                "Subject: Zeste\nDate: Fri, 2 Jan 2026 05:00:00 +0000\nCc: zoe@cabinet-lilas.mssante.example\n",
                "x".repeat(400),
            ),
            (
                "Subject: Re: [info] =?utf-8?Q?=C3=89tat?=\nDate: Sat, 3 Jan 2026 05:00:00 +0000\n",
                "x".repeat(300),
            ),
            ("Subject: RE: zeste (fwd)\nDate: Fri, 2 Jan 2026 08:00:00 +0900\n", String::new()),
            (
                "Subject: etat\nDate: Fri, 2 Jan 2026 10:00:00 +0100\nCc: Abel <bob@cabinet-lilas.mssante.example>\n",
                "x".repeat(200),
            ),
        ] {
            home.deliver(&letter(fields, &body)).await;
        }
        let mut client = Client::doctor(&home.door).await;
        for (keys, found) in [
            ("(DATE)", "3 1 4 2"),
            ("(REVERSE DATE)", "2 4 1 3"),
            ("(SUBJECT)", "2 4 1 3"),
            ("(SUBJECT DATE)", "4 2 3 1"),
            ("(REVERSE SUBJECT)", "1 3 2 4"),
            ("(SIZE)", "3 4 2 1"),
            ("(REVERSE ARRIVAL)", "4 3 2 1"),
            ("(FROM)", "1 2 3 4"),
            ("(DISPLAYTO)", "1 2 3 4"),
            ("(CC)", "2 3 4 1"),
        ] {
            let said = client.ok(&format!("SORT {keys} UTF-8 ALL")).await;
            assert_eq!(said, format!("* SORT {found}"), "{keys} ({})", home.house.engine);
        }
        let said = client.ok("UID SORT RETURN (ALL MIN COUNT) (DATE) UTF-8 NOT SUBJECT zeste").await;
        assert!(said.ends_with("UID MIN 4 ALL 4,2 COUNT 2"), "{said}");
        assert_eq!(client.ok("SORT (DATE) UTF-8 BODY introuvable").await, "* SORT");
    }
}

#[tokio::test]
async fn letters_are_gathered_into_threads() {
    for home in homes().await {
        for fields in [
            "Message-ID: <a@x.example>\nSubject: Bilan\nDate: Thu, 1 Jan 2026 10:00:00 +0100\n",
            "Message-ID: <b@x.example>\nReferences: <a@x.example>\nSubject: Re: Bilan\nDate: Fri, 2 Jan 2026 10:00:00 +0100\n",
            "Message-ID: <c@x.example>\nReferences: <a@x.example>\n\t<b@x.example>\nSubject: Re: Bilan\nDate: Sat, 3 Jan 2026 10:00:00 +0100\n",
            "Message-ID: <d@x.example>\nIn-Reply-To: <b@x.example>\nSubject: Re: Bilan\nDate: Sun, 4 Jan 2026 10:00:00 +0100\n",
            "Message-ID: <e@x.example>\nSubject: Ordonnance\nDate: Mon, 5 Jan 2026 10:00:00 +0100\n",
            "Message-ID: <f@x.example>\nSubject: Re: ordonnance\nDate: Tue, 6 Jan 2026 10:00:00 +0100\n",
        ] {
            home.deliver(&letter(fields, "x")).await;
        }
        let mut client = Client::doctor(&home.door).await;
        // A search before leaves subjects in memory without their references.
        client.ok("SEARCH SUBJECT bilan").await;
        for _ in 0..2 {
            assert_eq!(client.ok("THREAD REFERENCES UTF-8 ALL").await, "* THREAD (1 2 (3)(4))(5 6)");
        }
        assert_eq!(client.ok("THREAD ORDEREDSUBJECT UTF-8 ALL").await, "* THREAD (1 (2)(3)(4))(5 6)");
        assert_eq!(client.ok("UID THREAD REFERENCES UTF-8 SUBJECT ordonnance").await, "* THREAD (5 6)");
        client.ok("STORE 2 +FLAGS.SILENT \\Deleted").await;
        client.ok("EXPUNGE").await;
        assert_eq!(client.ok("UID THREAD REFERENCES UTF-8 ALL").await, "* THREAD (1 (3)(4))(5 6)");
    }
}

#[tokio::test]
async fn sorting_by_sealed_fields_is_told_in_the_trail_and_by_size_is_not() {
    for home in homes().await {
        home.deliver(LETTER).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("SORT (SIZE REVERSE ARRIVAL) UTF-8 ALL").await;
        assert_eq!(home.told(audit::Act::LettersSearched).await, 0);
        client.ok("SORT (SUBJECT) UTF-8 ALL").await;
        client.ok("THREAD REFERENCES UTF-8 ALL").await;
        assert_eq!(home.told(audit::Act::LettersSearched).await, 2);
    }
}

#[tokio::test]
async fn two_sessions_that_sort_at_once_both_get_their_answer() {
    for home in homes().await {
        home.deliver_plain(&["b", "a"]).await;
        let mut one = Client::doctor(&home.door).await;
        let mut other = Client::doctor(&home.door).await;
        let (first, second) =
            tokio::join!(one.ok("SORT (SUBJECT) UTF-8 ALL"), other.ok("THREAD ORDEREDSUBJECT UTF-8 ALL"));
        assert_eq!((first.as_str(), second.as_str()), ("* SORT 2 1", "* THREAD (1)(2)"));
    }
}
