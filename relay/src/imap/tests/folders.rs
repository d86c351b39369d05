//! Folders as mail programs use them: aliases, counters, subscriptions, uses, on both engines.

use super::{Client, DOCTORS_PASSWORD, homes};
use crate::testing::DOCTOR;

#[tokio::test]
async fn names_of_other_programs_reach_our_folders_and_make_no_second_one() {
    for home in homes().await {
        home.deliver_plain(&["un"]).await;
        let mut client = Client::doctor(&home.door).await;
        let before = client.ok("LIST \"\" *").await;
        for name in
            ["Sent Messages", "Sent Items", "Deleted Messages", "Deleted Items", "Spam", "Junk E-mail"]
        {
            client.ok(&format!("CREATE \"{name}\"")).await;
            let listed = client.ok(&format!("LIST \"\" \"{name}\"")).await;
            assert_eq!(listed.lines().count(), 1, "{name}: {listed}");
        }
        assert_eq!(client.ok("LIST \"\" *").await, before, "{}", home.house.engine);
        let copied = client.say("COPY 1 \"Deleted Messages\"").await;
        assert!(copied.contains("COPYUID"), "{copied}");
        assert!(client.ok("STATUS Trash (MESSAGES)").await.ends_with("(MESSAGES 1)"));
        assert!(client.ok("STATUS \"Deleted Items\" (MESSAGES)").await.ends_with("(MESSAGES 1)"));
        let doomed = client.ok("STATUS Trash (DELETED DELETED-STORAGE)").await;
        assert!(doomed.ends_with("(DELETED 0 DELETED-STORAGE 0)"), "{doomed}");
        // Rights and quota too: neomutt and Thunderbird ask them of the name they open.
        let rights = client.ok("MYRIGHTS \"Sent Items\"").await;
        assert!(rights.starts_with("* MYRIGHTS \"Sent Items\" lr"), "{rights}");
        client.ok("GETQUOTAROOT \"Deleted Items\"").await;
        client.ok("CREATE \"Sent Items/2025\"").await;
        // Below such a name a folder is found where it was made.
        assert!(client.ok("LIST \"\" \"Sent Items/*\"").await.contains("\"Sent Items/2025\""));
        assert!(client.ok("SELECT \"Sent Items/2025\"").await.contains("UIDVALIDITY"));
        let renamed = client.say("RENAME \"Sent Items/2025\" \"Sent Messages\"").await;
        assert!(renamed.contains("NO [ALREADYEXISTS]"), "{renamed}");
        client.ok("DELETE \"Sent Items/2025\"").await;
        client.ok("DELETE \"Sent Items\"").await;
        assert!(client.say("DELETE \"Sent Messages\"").await.contains("NO [NONEXISTENT]"));
        client.ok("UNSUBSCRIBE \"Sent Items\"").await;
        assert!(!client.ok("LSUB \"\" *").await.contains("\\Sent)"));
        // The folder itself may be called so, and is then reached by what it was called before.
        client.ok("RENAME Sent \"Sent Items\"").await;
        assert!(client.ok("STATUS Sent (MESSAGES)").await.ends_with("(MESSAGES 0)"));
        let listed = client.ok("LIST (SPECIAL-USE) \"\" Sent*").await;
        assert_eq!(listed, "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent Items\"");
    }
}

#[tokio::test]
async fn a_subscription_outlives_its_folder_and_a_folder_takes_it_back() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok("CREATE Essai").await;
        client.ok("DELETE Essai").await;
        client.ok("SUBSCRIBE Absent/&AOk-").await;
        let gone = "* LIST (\\NonExistent \\Subscribed \\HasNoChildren) \"/\"";
        let listed = client.ok("LIST (SUBSCRIBED) \"\" (Essai Absent/*)").await;
        assert_eq!(listed, format!("{gone} \"Absent/&AOk-\"\r\n{gone} \"Essai\""), "{}", home.house.engine);
        assert_eq!(client.ok("LIST \"\" Essai").await, "");
        assert!(client.say("SELECT Essai").await.contains("NO [NONEXISTENT]"));
        client.ok("CREATE Essai").await;
        assert!(!client.ok("LSUB \"\" Essai").await.contains("Noselect"));
        client.ok("UNSUBSCRIBE Essai").await;
        client.ok("DELETE Essai").await;
        client.ok("UNSUBSCRIBE Absent/&AOk-").await;
        client.ok("UNSUBSCRIBE Nowhere").await;
        assert_eq!(client.ok("LSUB \"\" Essai").await, "");
        home.house
            .relay
            .mailstore()
            .verify(mailstore::Depth::Contents, home.house.relay.now())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn no_folder_is_left_that_cannot_be_selected() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok("CREATE Patients/2025/Clos").await;
        assert!(client.say("DELETE Patients").await.contains("NO [HASCHILDREN]"));
        assert!(client.say("DELETE Patients/2025").await.contains("NO [HASCHILDREN]"));
        client.ok("RENAME Patients/2025 Vieux/Tout/2025").await;
        for name in ["Patients", "Vieux", "Vieux/Tout", "Vieux/Tout/2025", "Vieux/Tout/2025/Clos"] {
            client.ok(&format!("EXAMINE {name}")).await;
        }
        assert!(!client.ok("LIST \"\" *").await.contains("Noselect"), "{}", home.house.engine);
        let said = client.say("DELETE Vieux/Tout/2025/Clos").await;
        assert!(said.contains("* OK [CLOSED]") && said.contains("OK DELETE done"), "{said}");
        assert!(client.say("FETCH 1 FLAGS").await.contains("BAD"));
        client.ok("NOOP").await;
    }
}

#[tokio::test]
async fn counters_stand_beside_the_names_and_a_folder_keeps_its_number() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux", "trois"]).await;
        let mut client = Client::doctor(&home.door).await;
        client.ok("STORE 2 +FLAGS.SILENT (\\Deleted \\Flagged)").await;
        let items = "MESSAGES DELETED SIZE UIDVALIDITY MAILBOXID APPENDLIMIT";
        let counted = client.ok(&format!("STATUS INBOX ({items})")).await;
        assert!(counted.contains("(MESSAGES 3 DELETED 1 SIZE "), "{counted}");
        assert!(counted.contains("APPENDLIMIT 25000000)"), "{counted}");
        let listed = client.ok(&format!("LIST \"\" (INBOX Sent) RETURN (STATUS ({items}))")).await;
        assert!(listed.contains(&counted), "{listed} does not hold {counted}");
        assert!(listed.contains("* STATUS \"Sent\" (MESSAGES 0 DELETED 0 SIZE 0 "), "{listed}");

        let listed = client.ok("LIST \"\" Sent RETURN (MYRIGHTS)").await;
        assert!(listed.contains("* MYRIGHTS \"Sent\" lrswipkxtea"), "{listed}");

        let made = client.say("CREATE Essai").await;
        let id = made.split("MAILBOXID (").nth(1).unwrap().split(')').next().unwrap().to_owned();
        client.ok("RENAME Essai Vrai").await;
        assert!(client.ok("STATUS Vrai (MAILBOXID)").await.ends_with(&format!("(MAILBOXID ({id}))")));
        let validity = client.ok("STATUS Vrai (UIDVALIDITY)").await;
        client.ok("DELETE Vrai").await;
        client.ok("CREATE Vrai").await;
        assert!(!client.ok("STATUS Vrai (MAILBOXID)").await.contains(&id), "a new folder has an old number");
        let number = |line: &str| {
            line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok()).max()
        };
        assert!(number(&client.ok("STATUS Vrai (UIDVALIDITY)").await) > number(&validity));
    }
}

#[tokio::test]
async fn a_use_belongs_to_one_folder() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        assert!(client.say("CREATE Mine (USE (\\Sent))").await.contains("NO [USEATTR]"));
        assert!(client.say("CREATE Mine (USE (\\All))").await.contains("NO [USEATTR]"));
        client.ok("CREATE \"Sent Messages\" (USE (\\Sent))").await;
        assert!(client.say("CREATE \"Sent Messages\" (USE (\\Drafts))").await.contains("NO [USEATTR]"));
        client.ok("CREATE Plain (USE ())").await;
        assert_eq!(client.ok("LIST (SPECIAL-USE) \"\" *").await.lines().count(), 5, "{}", home.house.engine);
    }
}

#[tokio::test]
async fn letters_with_their_accents_apart_name_the_same_folder() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        // e and a combining acute accent, as macOS writes it; then the one letter.
        client.ok("CREATE \"Anne&AwE-e\"").await;
        assert!(
            client.say("CREATE \"Ann&AOk-e\"").await.contains("NO [ALREADYEXISTS]"),
            "{}",
            home.house.engine
        );
    }
}

#[tokio::test]
async fn notes_are_kept_sealed_told_to_the_trail_and_private_to_a_person() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let lines = home.told(audit::Act::FolderChanged).await;
        client
            .ok("SETMETADATA INBOX (/private/comment \"Mme Durand, diabete\" /shared/comment \"ours\")")
            .await;
        assert_eq!(home.told(audit::Act::FolderChanged).await, lines + 1, "{}", home.house.engine);
        let read = "GETMETADATA (DEPTH infinity) INBOX (/private /shared)";
        let found = client.ok(read).await;
        assert!(found.contains("\"/private/comment\" \"Mme Durand, diabete\""), "{found}");
        assert!(found.contains("\"/shared/comment\" \"ours\""), "{found}");
        let used = client.ok("GETMETADATA \"Sent Messages\" /private/specialuse").await;
        assert!(used.contains("\"/private/specialuse\" \"\\\\Sent\""), "{used}");
        for (command, code) in [
            ("SETMETADATA Sent (/private/specialuse \"\\\\Drafts\")", "NO [USEATTR]"),
            ("SETMETADATA \"\" (/shared/admin \"mailto:x@y.example\")", "NO [NOPERM]"),
            ("SETMETADATA Nowhere (/private/comment \"x\")", "NO [NONEXISTENT]"),
        ] {
            assert!(client.say(command).await.contains(code), "{command}");
        }
        client.ok("SETMETADATA \"\" (/private/vendor/acme/theme \"dark\")").await;
        assert!(client.ok("GETMETADATA \"\" /private/vendor/acme/theme").await.contains("\"dark\""));
        client.ok("RENAME Archive Armoire").await;
        client.ok("SETMETADATA Armoire (/private/comment \"x\")").await;
        client.ok("SETMETADATA INBOX (/private/comment NIL)").await;
        assert!(client.ok("GETMETADATA INBOX /private/comment").await.contains("NIL"));
        let report = home.house.relay.mailstore().verify(mailstore::Depth::Contents, home.house.relay.now());
        assert_eq!(report.await.unwrap().findings, []);
    }
}
