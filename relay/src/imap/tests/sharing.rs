//! Mailboxes of others in one session: names, rights, acts across them, who is told.

use super::*;
use crate::testing::SECRETARIAT;
use audit::{Act, Actor};
use directory::{Seed, SeedFile};
use wire::imap::Code;

/// The team's INBOX and the colleague's, as the doctor sees them.
pub(super) const TEAM: &str = "\"Partag&AOk-s/cardiologie@hopital-saint-roch.mssante.example\"";
const COLLEAGUE: &str = "\"Autres bo&AO4-tes/paul.ferrand@hopital-saint-roch.mssante.example\"";

pub(super) fn below(root: &str, folder: &str) -> String {
    format!("{}/{folder}\"", root.trim_end_matches('"'))
}

impl Home {
    /// Makes the doctor a member of the team, and lets her read the colleague's letters.
    pub(super) async fn share(&self, rights: &str) {
        let text = format!(
            "[[members]]\nmailbox = \"{SECRETARIAT}\"\nperson = \"10099000019\"\nrights = \"{rights}\"\n\
             [[delegations]]\nmailbox = \"{CARDIOLOGIST}\"\nperson = \"10099000019\"\nrights = \"read\"\n"
        );
        let seed = Seed::read(&[SeedFile { name: "shared.toml".to_owned(), text }], crate::testing::NOON);
        let applied = self.house.relay.directory().import(seed, crate::testing::NOON).await.unwrap();
        assert_eq!(applied.faults, []);
    }

    pub(super) async fn to_the_team(&self) {
        let letter = LETTER.replace(CARDIOLOGIST, DOCTOR).replace("Dr Paul Ferrand", "Dr Marie Lenoir");
        let outcome = self.house.send(DOCTOR, &[SECRETARIAT], &letter).await;
        assert!(matches!(outcome, crate::Outcome::Accepted { .. }), "{outcome:?}");
    }

    /// The acts told in the chain of a mailbox, with who acted and for whom.
    async fn told_of(&self, address: &str) -> Vec<(Act, Actor, Option<Actor>)> {
        let chain = audit::Chain::Account(self.house.account(address).await);
        let mut tx = self.house.data.read().await.unwrap();
        let lines = audit::history(&mut tx, chain, None, 100).await.unwrap();
        let lines = lines.into_iter().rev().filter_map(|line| line.line);
        lines.map(|line| (line.act, line.actor, line.for_whom)).collect()
    }
}

#[tokio::test]
async fn mailboxes_of_others_stand_under_their_addresses() {
    for home in homes().await {
        let mut alone = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        assert_eq!(alone.ok("NAMESPACE").await, "* NAMESPACE ((\"\" \"/\")) NIL NIL");
        home.share("write").await;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let spaces = client.ok("NAMESPACE").await;
        let want = "* NAMESPACE ((\"\" \"/\")) ((\"Autres bo&AO4-tes/\" \"/\")) ((\"Partag&AOk-s/\" \"/\"))";
        assert_eq!(spaces, want);
        let listed = client.ok("LIST \"\" \"*\"").await;
        for (attributes, name) in [
            ("\\Noselect \\HasChildren", "\"Partag&AOk-s\"".to_owned()),
            ("\\HasChildren", TEAM.to_owned()),
            ("\\HasNoChildren", below(TEAM, "Sent")),
            ("\\HasChildren", COLLEAGUE.to_owned()),
            ("\\HasNoChildren", below(COLLEAGUE, "Trash")),
            ("\\HasNoChildren \\Sent", "\"Sent\"".to_owned()),
        ] {
            let line = format!("* LIST ({attributes}) \"/\" {name}");
            assert!(listed.contains(&line), "{line} is not in {listed}");
        }
        assert_eq!(listed.matches("\\Sent").count(), 1, "only one's own is the place of sent letters");
        // A name that leads nowhere is nobody's, and none of one's own is made there.
        for name in ["\"Partag&AOk-s/nobody@hopital-saint-roch.mssante.example\"", &below(TEAM, "Nulle")] {
            assert!(client.say(&format!("SELECT {name}")).await.contains("NO [NONEXISTENT]"), "{name}");
        }
        assert!(client.say("CREATE Partag&AOk-s/mine").await.contains("NO [NOPERM]"));
        assert!(client.say("RENAME Sent \"Autres bo&AO4-tes\"").await.contains("NO [NOPERM]"));
        // Who opens the team's mailbox itself sees that one only.
        let mut team = Client::signed_in(&home.door, SECRETARIAT, DOCTORS_PASSWORD).await;
        assert_eq!(team.ok("NAMESPACE").await, "* NAMESPACE ((\"\" \"/\")) NIL NIL");
        assert!(!team.ok("LIST \"\" \"*\"").await.contains("&AO"), "{}", home.house.engine);
    }
}

#[tokio::test]
async fn letters_go_between_mailboxes_and_are_copies_there() {
    for home in homes().await {
        home.share("write").await;
        home.to_the_team().await;
        home.deliver_plain(&["le mien"]).await;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let mut colleague = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        assert!(
            client.ok(&format!("STATUS {TEAM} (MESSAGES UNSEEN)")).await.ends_with("(MESSAGES 1 UNSEEN 1)")
        );
        assert!(client.ok(&format!("SELECT {TEAM}")).await.contains("* 1 EXISTS"));
        // Reading marks it for everybody.
        assert!(client.ok("FETCH 1 BODY[TEXT]").await.contains("--limite"));
        colleague.ok("SELECT INBOX").await;
        assert!(colleague.ok("FETCH 1 FLAGS").await.contains("\\Seen"), "{}", home.house.engine);
        // There and back: the copy opens in the other mailbox under its own key.
        assert!(client.say("COPY 1 INBOX").await.contains("OK [COPYUID"));
        assert!(client.ok(&format!("MOVE 1 {}", below(TEAM, "Archive"))).await.contains("1 EXPUNGE"));
        assert!(colleague.ok("NOOP").await.contains("* 1 EXPUNGE"));
        client.ok("SELECT INBOX").await;
        assert!(client.ok("FETCH 2 BODY[TEXT]").await.contains("--limite"));
        let moved = client.ok(&format!("MOVE 1:2 {TEAM}")).await;
        assert!(moved.contains("COPYUID") && moved.matches("EXPUNGE").count() == 2, "{moved}");
        let news = colleague.ok("NOOP").await;
        assert!(news.contains("* 2 EXISTS"), "{news}");
        assert!(colleague.ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]").await.contains("le mien"));
        let account = home.house.account(SECRETARIAT).await;
        let store = home.house.relay.mailstore();
        let inbox = store.role_folder_of(account, mailstore::Role::Inbox).await.unwrap();
        assert_eq!((inbox.messages, inbox.unseen), (2, 1));
        for row in store.entries(account, inbox.id, mailstore::Uid(0)).await.unwrap() {
            assert_eq!(row.origin, mailstore::Origin::Copied);
        }
        // What was moved away is gone with its key: nothing is left to check.
        let report = store.verify(mailstore::Depth::Contents, crate::testing::NOON).await.unwrap();
        assert_eq!(report.findings, [], "{}", home.house.engine);
        // Both mailboxes' chains name both: who acted, and for which mailbox.
        let doctor = Actor::Person(home.house.login(DOCTOR).await.person.unwrap());
        for (address, copies) in [(SECRETARIAT, 3), (DOCTOR, 2)] {
            let of = Actor::Account(home.house.account(address).await);
            let told = home.told_of(address).await;
            let copied = (Act::LetterCopied, doctor, Some(of));
            assert_eq!(told.iter().filter(|line| **line == copied).count(), copies, "{address}: {told:?}");
        }
        let of = Actor::Account(account);
        assert!(home.told_of(SECRETARIAT).await.contains(&(Act::LetterRead, doctor, Some(of))));
    }
}

#[tokio::test]
async fn who_may_only_read_changes_nothing_of_a_shared_mailbox() {
    for home in homes().await {
        home.share("read").await;
        home.to_the_team().await;
        home.deliver_plain(&["le mien"]).await;
        let mut client = Client::doctor(&home.door).await;
        for command in [
            format!("COPY 1 {TEAM}"),
            format!("MOVE 1 {COLLEAGUE}"),
            format!("APPEND {TEAM} {{3}}"),
            format!("CREATE {}", below(TEAM, "Neuf")),
            format!("DELETE {}", below(TEAM, "Sent")),
            format!("RENAME {} {}", below(TEAM, "Sent"), below(TEAM, "Vieux")),
        ] {
            assert!(client.say(&command).await.contains("NO [NOPERM]"), "{command}");
        }
        assert!(client.say(&format!("SELECT {TEAM}")).await.contains("OK [READ-ONLY]"));
        assert!(client.ok("FETCH 1 BODY[TEXT]").await.contains("--limite"));
        assert!(client.ok("FETCH 1 FLAGS").await.ends_with("FETCH (FLAGS ())"), "reading marked it");
        assert!(client.say("STORE 1 +FLAGS \\Seen").await.contains("NO [CANNOT]"));
        assert!(client.say("MOVE 1 INBOX").await.contains("NO"));
        // What one reads one may keep.
        assert!(client.say("COPY 1 INBOX").await.contains("OK [COPYUID"));
        assert!(client.say(&format!("RENAME Drafts {}", below(TEAM, "Drafts2"))).await.contains("NO"));
    }
}

#[tokio::test]
async fn a_manager_changes_rights_and_the_next_command_obeys() {
    for home in homes().await {
        home.share("write").await;
        home.to_the_team().await;
        let mut boss = Client::signed_in(&home.door, CARDIOLOGIST, "demo-paul-ferrand").await;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let engine = &home.house.engine;
        // Who writes does not manage.
        assert!(client.ok(&format!("MYRIGHTS {TEAM}")).await.ends_with("lrswipkxtecd"), "{engine}");
        assert!(client.ok(&format!("MYRIGHTS {COLLEAGUE}")).await.ends_with(" lr"), "{engine}");
        assert!(client.ok("MYRIGHTS INBOX").await.ends_with("\"INBOX\" lrswipkxteacd"), "{engine}");
        for command in [format!("GETACL {TEAM}"), format!("SETACL {TEAM} {DOCTOR} lrswipkxtea")] {
            assert!(client.say(&command).await.contains("NO [NOPERM]"), "{command}");
        }
        let listed = boss.ok(&format!("GETACL {TEAM}")).await;
        for entry in [format!("\"{CARDIOLOGIST}\" lrswipkxteacd"), format!("\"{DOCTOR}\" lrswipkxtecd")] {
            assert!(listed.contains(&entry), "{listed}");
        }
        assert!(boss.ok("GETACL INBOX").await.contains(&format!("\"{DOCTOR}\" lr")), "a delegation");
        let holder = boss.ok(&format!("LISTRIGHTS INBOX {CARDIOLOGIST}")).await;
        assert!(holder.ends_with("lrswipkxteacd"), "{holder}");
        assert!(boss.say(&format!("SETACL {TEAM} {DOCTOR} lrs")).await.contains("NO [CANNOT]"));
        assert!(boss.say(&format!("SETACL {TEAM} anyone lr")).await.contains("NO [NOPERM]"));
        assert!(boss.say(&format!("DELETEACL {TEAM} {CARDIOLOGIST}")).await.contains("NO [CANNOT]"));
        assert!(boss.say(&format!("MYRIGHTS {}", below(TEAM, "Nulle"))).await.contains("NO [NONEXISTENT]"));

        client.ok(&format!("SELECT {TEAM}")).await;
        client.ok("STORE 1 +FLAGS \\Flagged").await;
        boss.ok(&format!("SETACL {TEAM} {DOCTOR} -swipcd")).await;
        assert!(client.say("STORE 1 +FLAGS \\Answered").await.contains("NO [NOPERM]"), "{engine}");
        assert!(client.ok(&format!("MYRIGHTS {TEAM}")).await.ends_with(" lr"), "{engine}");
        boss.ok(&format!("DELETEACL {TEAM} {DOCTOR}")).await;
        let said = client.say("FETCH 1 BODY[]").await;
        assert!(!said.contains("BODY[]") && said.contains("* BYE [NOPERM]"), "{engine}: {said}");
        let mut again = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        assert!(again.say(&format!("SELECT {TEAM}")).await.contains("NO [NONEXISTENT]"), "{engine}");
        let told = home.told_of(SECRETARIAT).await;
        let by = Actor::Person(home.house.login(CARDIOLOGIST).await.person.unwrap());
        for act in [Act::DelegationGiven, Act::DelegationEnded] {
            assert!(told.contains(&(act, by, None)), "{engine}: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_right_withdrawn_ends_a_session_that_waits_in_the_mailbox_and_no_other() {
    for home in homes().await {
        home.share("write").await;
        let mut inside = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        inside.ok(&format!("SELECT {TEAM}")).await;
        inside.write(b"i IDLE\r\n").await;
        inside.heard();
        let mut beside = Client::doctor(&home.door).await;
        home.to_the_team().await;
        assert!(inside.news().await.contains("* 1 EXISTS"), "{}", home.house.engine);
        let mut boss = Client::signed_in(&home.door, CARDIOLOGIST, "demo-paul-ferrand").await;
        boss.ok(&format!("DELETEACL {TEAM} {DOCTOR}")).await;
        let said = inside.news().await;
        assert!(said.contains("* BYE [NOPERM]") && said.ends_with("[closed]"), "{said}");
        beside.ok("NOOP").await;
        assert!(!beside.ok("LIST \"\" \"*\"").await.contains("cardiologie"), "{}", home.house.engine);
    }
}

#[tokio::test]
async fn a_right_withdrawn_ends_a_fetch_that_a_slow_reader_still_pulls() {
    for home in homes().await {
        home.share("write").await;
        let mut boss = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        let letter = format!("Subject: long\r\n\r\n{}", "Une ligne de plus.\r\n".repeat(1_500));
        for _ in 0..20 {
            appending::append(&mut boss, "INBOX", letter.as_bytes()).await;
        }
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok(&format!("SELECT {TEAM}")).await;
        client.open("f FETCH 1:* BODY.PEEK[]\r\n").await;
        assert!(matches!(client.world().pull().await, Some(Answer::Row(_))), "{}", home.house.engine);
        let mut manager = Client::signed_in(&home.door, CARDIOLOGIST, "demo-paul-ferrand").await;
        manager.ok(&format!("DELETEACL {TEAM} {DOCTOR}")).await;
        let (mut rows, mut last) = (1, None);
        while let Some(item) = client.world().pull().await {
            rows += usize::from(matches!(item, Answer::Row(_)));
            last = Some(item);
        }
        let refusal = matches!(&last, Some(Answer::Refused(refusal)) if refusal.code == Code::NoPermission);
        assert!(refusal && rows < 10, "{}: {rows} rows, then {last:?}", home.house.engine);
    }
}

#[tokio::test]
async fn what_one_member_subscribes_is_no_other_members_affair() {
    for home in homes().await {
        home.share("read").await;
        let engine = &home.house.engine;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let mut team = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        let (sent, archives) = (below(TEAM, "Sent"), below(TEAM, "Archive"));
        let subscribed =
            async |client: &mut Client| client.ok("LIST (SUBSCRIBED) \"\" \"Partag&AOk-s/*\"").await;
        assert!(subscribed(&mut client).await.contains(&sent), "{engine}: shown as the mailbox shows it");

        // Who may only read decides for herself, by any name that reaches the folder.
        client.ok("NOTIFY SET (subtree \"Partag&AOk-s\" (SubscriptionChange))").await;
        client.ok(&format!("UNSUBSCRIBE {}", below(TEAM, "Sent Items"))).await;
        assert_eq!(client.news().await, format!("* LIST () \"/\" {sent}\r\n"), "{engine}");
        client.ok("NOTIFY NONE").await;
        let shown = subscribed(&mut client).await;
        assert!(!shown.contains(&sent) && shown.contains(&archives), "{engine}: {shown}");
        assert!(!client.ok("LSUB \"\" *").await.contains(&sent), "{engine}");
        assert!(client.ok("LIST \"\" *").await.contains(&sent), "{engine}: it is there all the same");
        assert!(team.ok("LSUB \"\" Sent").await.contains("\"Sent\""), "{engine}: nothing changed for others");

        // What the mailbox hides is shown to who wishes it; every name of hers stands once.
        team.ok("UNSUBSCRIBE Archive").await;
        assert!(!subscribed(&mut client).await.contains(&archives), "{engine}");
        client.ok(&format!("SUBSCRIBE {archives}")).await;
        client.ok(&format!("SUBSCRIBE {sent}")).await;
        let shown = subscribed(&mut client).await;
        for name in [&sent, &archives] {
            assert_eq!(shown.matches(name.as_str()).count(), 1, "{engine}: {shown}");
        }
        assert!(!shown.contains("NonExistent"), "{engine}: {shown}");
        assert!(!team.ok("LSUB \"\" Archive").await.contains("\"Archive\""), "{engine}");
        let told = home.told_of(DOCTOR).await;
        assert_eq!(told.iter().filter(|line| line.0 == Act::FolderChanged).count(), 3, "{engine}: {told:?}");
        home.house
            .relay
            .mailstore()
            .verify(mailstore::Depth::Contents, home.house.relay.now())
            .await
            .unwrap();
    }
}
