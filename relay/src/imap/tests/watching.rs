//! NOTIFY: one connection hears of one's own mailbox and of every other one may use.

use super::sharing::{TEAM, below};
use super::*;
use crate::testing::SECRETARIAT;

const MESSAGES: &str = "(MessageNew MessageExpunge)";

/// News between commands.
impl Client {
    async fn notices(&mut self) -> String {
        let told = tokio::time::timeout(std::time::Duration::from_secs(20), self.news());
        told.await.expect("news came")
    }
}

#[tokio::test]
async fn one_connection_hears_of_every_mailbox_of_its_user() {
    for home in homes().await {
        home.share("write").await;
        let mut client = Client::doctor(&home.door).await;
        let engine = &home.house.engine;
        let watch = format!(
            "NOTIFY SET STATUS (selected {MESSAGES}) (subtree \"Partag&AOk-s\" (MessageNew MessageExpunge \
             FlagChange MailboxName SubscriptionChange)) (personal (MessageNew MessageExpunge MailboxName))"
        );
        let said = client.ok(&watch).await;
        for folder in [TEAM.to_owned(), below(TEAM, "Sent"), "\"Sent\"".to_owned()] {
            assert!(said.contains(&format!("* STATUS {folder} (MESSAGES 0")), "{engine}: {said}");
        }
        assert!(!said.contains("STATUS \"INBOX\"") && !said.contains("Autres"), "{engine}: {said}");

        home.to_the_team().await;
        let said = client.notices().await;
        let want = format!("* STATUS {TEAM} (MESSAGES 1 UIDNEXT 2 ");
        assert!(said.starts_with(&want) && said.ends_with("UNSEEN 1)\r\n"), "{engine}: {said}");
        home.deliver_plain(&["le mien"]).await;
        assert_eq!(client.notices().await, "* 1 EXISTS\r\n", "{engine}");

        let mut colleague = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        colleague.ok("SELECT INBOX").await;
        colleague.ok("STORE 1 +FLAGS \\Seen").await;
        assert!(client.notices().await.ends_with("UNSEEN 0)\r\n"), "{engine}");
        colleague.ok("CREATE Gardes").await;
        let gardes = below(TEAM, "Gardes");
        assert_eq!(client.notices().await, format!("* LIST (\\Subscribed) \"/\" {gardes}\r\n"), "{engine}");
        colleague.ok("RENAME Gardes Astreintes").await;
        let said = client.notices().await;
        assert!(
            said.contains("/Astreintes\"") && said.contains(&format!("(\"OLDNAME\" ({gardes}))")),
            "{said}"
        );
        colleague.ok("UNSUBSCRIBE Astreintes").await;
        assert!(client.notices().await.starts_with("* LIST () \"/\" "), "{engine}");
        colleague.ok("DELETE Astreintes").await;
        assert!(client.notices().await.starts_with("* LIST (\\NonExistent) \"/\" "), "{engine}");

        // Letters that go between the two are told of both.
        let moved = client.ok(&format!("MOVE 1 {TEAM}")).await;
        assert!(moved.contains("* 1 EXPUNGE"), "{engine}: {moved}");
        assert!(client.notices().await.starts_with(&format!("* STATUS {TEAM} (MESSAGES 2")), "{engine}");

        // Nothing more is told; commands go on as before.
        client.ok("NOTIFY NONE").await;
        home.to_the_team().await;
        assert!(!client.machine.listening(), "{engine}");
        assert!(client.ok("NOOP").await.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn new_letters_are_shown_as_asked_and_a_folder_that_is_not_named_stays_still() {
    for home in homes().await {
        let engine = &home.house.engine;
        let mut client = Client::doctor(&home.door).await;
        let items = "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])";
        client.ok(&format!("NOTIFY SET (selected (MessageNew {items} MessageExpunge))")).await;
        home.deliver_plain(&["bonjour"]).await;
        let said = client.notices().await;
        assert!(said.starts_with("* 1 EXISTS\r\n* 1 FETCH (UID 1 BODY[HEADER.FIELDS"), "{engine}: {said}");
        assert!(said.contains("Subject: bonjour"), "{engine}: {said}");

        client.ok(&format!("NOTIFY SET (mailboxes Sent {MESSAGES})")).await;
        home.deliver_plain(&["encore"]).await;
        assert!(client.ok("NOOP").await.is_empty(), "{engine}");
        assert!(client.ok("UID FETCH 2 UID").await.is_empty(), "it has no number yet");
        assert_eq!(client.ok(&format!("NOTIFY SET (selected {MESSAGES})")).await, "* 2 EXISTS", "{engine}");
    }
}

#[tokio::test]
async fn a_mailbox_that_may_no_longer_be_used_is_silent() {
    for home in homes().await {
        home.share("write").await;
        let engine = &home.house.engine;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok(&format!("NOTIFY SET (subtree \"Partag&AOk-s\" {MESSAGES}) (personal {MESSAGES})")).await;
        let mut boss = Client::signed_in(&home.door, CARDIOLOGIST, "demo-paul-ferrand").await;
        boss.ok(&format!("DELETEACL {TEAM} {DOCTOR}")).await;
        home.to_the_team().await;
        home.deliver_plain(&["le mien"]).await;
        let said = client.notices().await;
        assert!(said.starts_with("* STATUS \"INBOX\" (MESSAGES 1"), "{engine}: {said}");
        assert!(!said.contains("cardiologie"), "{engine}: {said}");
    }
}

#[tokio::test]
async fn notes_are_told_by_their_names_and_folders_by_any_of_theirs() {
    for home in homes().await {
        let engine = &home.house.engine;
        home.share("write").await;
        let mut client = Client::doctor(&home.door).await;
        let mut second = Client::doctor(&home.door).await;
        second.ok("SETMETADATA Drafts (/private/comment \"earlier\")").await;
        client
            .ok("NOTIFY SET (mailboxes \"Sent Items\" (MailboxMetadataChange)) (personal (ServerMetadataChange)) \
                 (subtree \"Partag&AOk-s\" (MailboxMetadataChange))")
            .await;
        second.ok("SETMETADATA Sent (/private/comment \"a\" /shared/vendor/x/y \"b\")").await;
        let told = "* METADATA \"Sent\" /private/comment /shared/vendor/x/y\r\n";
        assert_eq!(client.notices().await, told, "{engine}");
        second.ok("SETMETADATA Sent (/private/comment NIL)").await;
        assert_eq!(client.notices().await, "* METADATA \"Sent\" /private/comment\r\n", "{engine}");
        second.ok("SETMETADATA \"\" (/private/comment \"c\")").await;
        assert_eq!(client.notices().await, "* METADATA \"\" /private/comment\r\n", "{engine}");

        // What a colleague notes for everybody is told, what they note for themselves is not; nor is what was not
        // asked for.
        second.ok("SETMETADATA Drafts (/private/comment \"later\")").await;
        let mut team = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        team.ok("SETMETADATA INBOX (/private/comment \"mine\")").await;
        team.ok("SETMETADATA INBOX (/shared/comment \"ours\")").await;
        assert_eq!(client.notices().await, format!("* METADATA {TEAM} /shared/comment\r\n"), "{engine}");
    }
}
