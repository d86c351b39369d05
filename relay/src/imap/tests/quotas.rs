//! Quotas: counted, told, and stopping what is put there but no letter of others.

use super::*;
use crate::imap::Quotas;
use mailstore::Quota;

#[tokio::test]
async fn a_full_mailbox_takes_nothing_from_its_user_and_every_letter_of_others() {
    for home in homes().await {
        let personal = Quota { octets: Some(100_000), messages: Some(2) };
        let quotas = Quotas { personal, ..Quotas::default() };
        let entrance = crate::Entrance::from(Gate::new(Caps::default()));
        let door = ImapDoor::new(home.house.relay.clone(), entrance).with_quotas(quotas);
        home.deliver_plain(&["un"]).await;
        let mut client = Client::doctor(&door).await;
        let engine = &home.house.engine;
        let root = client.ok("GETQUOTAROOT Sent").await;
        let want =
            format!("* QUOTAROOT \"Sent\" \"{DOCTOR}\"\r\n* QUOTA \"{DOCTOR}\" (STORAGE 1 97 MESSAGE 1 2)");
        assert_eq!(root, want, "{engine}");
        assert_eq!(client.ok(&format!("GETQUOTA {DOCTOR}")).await, want.lines().last().unwrap());
        assert!(client.say("GETQUOTA \"\"").await.contains("NO [NONEXISTENT]"), "{engine}");
        assert!(client.say(&format!("GETQUOTA {CARDIOLOGIST}")).await.contains("NO [NONEXISTENT]"));
        // One more fits; then nothing, before it is sent.
        client.ok("COPY 1 Archive").await;
        for command in ["COPY 1 Archive", "APPEND Drafts {5}"] {
            assert!(client.say(command).await.contains("NO [OVERQUOTA]"), "{engine}: {command}");
        }
        assert!(client.ok("STATUS Archive (MESSAGES)").await.contains("(MESSAGES 1)"), "{engine}");
        assert!(client.say("APPEND Drafts {200000}").await.contains("NO [OVERQUOTA]"), "{engine}");
        // Moving fills nothing, and letters of others are received.
        client.ok("MOVE 1 Trash").await;
        home.deliver_plain(&["deux", "trois"]).await;
        assert!(client.ok("GETQUOTAROOT INBOX").await.contains("MESSAGE 4 2"), "{engine}");
        // Room again.
        client.ok("SELECT INBOX").await;
        client.ok("STORE 1:* +FLAGS.SILENT \\Deleted").await;
        client.ok("EXPUNGE").await;
        client.ok("SELECT Trash").await;
        client.ok("STORE 1 +FLAGS.SILENT \\Deleted").await;
        client.ok("EXPUNGE").await;
        client.write(b"x APPEND Drafts {11}\r\n").await;
        client.heard();
        client.write(b"Subject: a\n\r\n").await;
        let said = client.heard();
        assert!(!said.contains("OVERQUOTA"), "{engine}: {said}");
    }
}
