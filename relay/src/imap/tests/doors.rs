//! Signing in, rights, folders.

use super::*;
use crate::testing::SECRETARIAT;
use audit::Act;
use directory::{Authority, MailboxMove, Owner, Seed, SeedFile};

#[tokio::test]
async fn a_wrong_password_and_a_foreign_identity_are_refused_alike() {
    for home in homes().await {
        let mut client = Client::connect(&home.door).await;
        let wrong = client.say(&format!("LOGIN {DOCTOR} not-her-password")).await;
        assert!(wrong.starts_with("NO [AUTHENTICATIONFAILED]"), "{wrong}");
        // AUTHENTICATE PLAIN with the mailbox of another as authorisation identity.
        let plain = |authorize: &str| {
            let message = format!("{authorize}\0{DOCTOR}\0{DOCTORS_PASSWORD}");
            let encoded = base64(message.as_bytes());
            format!("AUTHENTICATE PLAIN {encoded}")
        };
        let mut client = Client::connect(&home.door).await;
        assert!(client.say(&plain(CARDIOLOGIST)).await.starts_with("NO [AUTHENTICATIONFAILED]"));
        let mut client = Client::connect(&home.door).await;
        assert!(client.say(&plain(DOCTOR)).await.contains("OK [CAPABILITY"), "{}", home.house.engine);
    }
}

fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let word = group.iter().fold(0_u32, |word, octet| word << 8 | u32::from(*octet));
        let word = word << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * place)) as usize & 63]);
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

#[tokio::test]
async fn folders_are_listed_with_their_uses_made_renamed_and_removed() {
    for home in homes().await {
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let listed = client.ok("LIST \"\" \"*\"").await;
        for line in [
            "* LIST (\\HasNoChildren) \"/\" \"INBOX\"",
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"",
            "* LIST (\\HasNoChildren \\Drafts) \"/\" \"Drafts\"",
            "* LIST (\\HasNoChildren \\Trash) \"/\" \"Trash\"",
            "* LIST (\\HasNoChildren \\Junk) \"/\" \"Junk\"",
            "* LIST (\\HasNoChildren \\Archive) \"/\" \"Archive\"",
        ] {
            assert!(listed.contains(line), "{line} is not in {listed}");
        }
        client.ok("CREATE Patients/2026/&AOk-t&AOk-").await;
        let listed = client.ok("LIST \"\" \"Patients*\"").await;
        assert!(listed.contains("* LIST (\\HasChildren) \"/\" \"Patients\"\r\n"), "{listed}");
        assert!(listed.contains("\"Patients/2026/&AOk-t&AOk-\""), "{listed}");
        assert!(client.say("CREATE patients/2026").await.contains("OK"), "names have case below INBOX");
        assert!(client.say("CREATE Patients").await.contains("NO [ALREADYEXISTS]"));
        client.ok("RENAME Patients Malades").await;
        assert!(client.ok("LIST \"\" \"Malades/*\"").await.contains("Malades/2026/&AOk-t&AOk-"));
        client.ok("UNSUBSCRIBE Malades").await;
        let subscribed = client.ok("LSUB \"\" \"Malades*\"").await;
        assert!(subscribed.contains("\"Malades/2026\"\r\n"), "{subscribed}");
        assert!(!subscribed.contains("* LSUB (\\HasChildren) \"/\" \"Malades\"\r\n"), "{subscribed}");
        client.ok("DELETE Malades/2026/&AOk-t&AOk-").await;
        assert!(client.say("DELETE Malades/2026/&AOk-t&AOk-").await.contains("NO [NONEXISTENT]"));
        assert!(client.say("DELETE Sent").await.contains("NO [CANNOT]"));
        assert!(client.say("SELECT Nowhere").await.contains("NO [NONEXISTENT]"));
        assert!(home.told(audit::Act::FolderChanged).await >= 4);
    }
}

#[tokio::test]
async fn renaming_inbox_moves_its_letters_and_leaves_it() {
    for home in homes().await {
        home.deliver_plain(&["un", "deux"]).await;
        let mut client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok("RENAME INBOX Vieux").await;
        assert!(client.ok("STATUS INBOX (MESSAGES)").await.ends_with("(MESSAGES 0)"));
        assert!(client.ok("STATUS Vieux (MESSAGES UNSEEN)").await.ends_with("(MESSAGES 2 UNSEEN 2)"));
    }
}

#[tokio::test]
async fn a_member_who_may_only_read_changes_nothing() {
    for home in homes().await {
        let text = format!(
            "[[members]]\nmailbox = \"{SECRETARIAT}\"\nperson = \"10099000019\"\nrights = \"read\"\n"
        );
        let seed = Seed::read(&[SeedFile { name: "more.toml".to_owned(), text }], crate::testing::NOON);
        let applied = home.house.relay.directory().import(seed, crate::testing::NOON).await.unwrap();
        assert_eq!(applied.faults, []);
        home.house.send(CARDIOLOGIST, &[SECRETARIAT], &LETTER.replace(DOCTOR, SECRETARIAT)).await;
        let mut client = Client::signed_in(&home.door, SECRETARIAT, DOCTORS_PASSWORD).await;
        let selected = client.say("SELECT INBOX").await;
        assert!(selected.contains("OK [READ-ONLY]") && selected.contains("* 1 EXISTS"), "{selected}");
        assert!(client.ok("FETCH 1 BODY[TEXT]").await.contains("--limite"));
        assert!(client.ok("FETCH 1 FLAGS").await.ends_with("FETCH (FLAGS ())"), "reading marked it");
        for command in ["STORE 1 +FLAGS \\Seen", "EXPUNGE", "MOVE 1 Trash"] {
            assert!(client.say(command).await.contains("NO [CANNOT]"), "{command}");
        }
        for command in ["COPY 1 Trash", "CREATE Ours", "DELETE Ours", "RENAME Sent Ours", "UNSUBSCRIBE Sent"]
        {
            assert!(client.say(command).await.contains("NO [NOPERM]"), "{command}");
        }
        assert!(client.say("APPEND INBOX {5}").await.contains("NO [NOPERM]"));
        let mut colleague = Client::signed_in(&home.door, SECRETARIAT, "demo-paul-ferrand").await;
        assert!(colleague.say("SELECT INBOX").await.contains("OK [READ-WRITE]"));
    }
}

#[tokio::test]
async fn a_revoked_password_ends_the_session_it_opened() {
    for home in homes().await {
        let directory = home.house.relay.directory();
        let person = home.house.login(DOCTOR).await.person.unwrap();
        let by = audit::Actor::Person(person);
        home.deliver_plain(&["un"]).await;
        let now = home.house.relay.now();
        let issued = directory.issue_password(Owner::Person(person), "téléphone", by, now).await.unwrap();
        let mut phone = Client::signed_in(&home.door, DOCTOR, &issued.secret).await;
        let mut desk = Client::doctor(&home.door).await;
        phone.ok("SELECT INBOX").await;
        phone.ok("NOOP").await;
        assert!(directory.revoke_password(Owner::Person(person), issued.id, by, now).await.unwrap());
        let said = phone.say("FETCH 1 BODY[]").await;
        assert!(!said.contains("BODY[]") && said.contains("* BYE [EXPIRED]"), "{said}");
        assert!(said.ends_with("[closed]"), "{said}");
        desk.ok("NOOP").await;
    }
}

#[tokio::test]
async fn a_mailbox_suspended_or_closed_during_a_session_accepts_nothing_at_the_next_command() {
    for to in [MailboxMove::Suspend, MailboxMove::Close] {
        for home in homes().await {
            let directory = home.house.relay.directory();
            home.deliver_plain(&["un"]).await;
            let account = home.house.login(DOCTOR).await.account;
            let mut open = Client::doctor(&home.door).await;
            open.ok("SELECT INBOX").await;
            let (by, now) = (Authority::operator(), home.house.relay.now());
            directory.move_mailbox(account, to, &by, now).await.unwrap().unwrap();
            let said = open.say("FETCH 1 BODY[]").await;
            assert!(!said.contains("BODY[]") && said.contains("* BYE"), "{to:?}: {said}");
            assert!(said.ends_with("[closed]"), "{said}");
            let mut again = Client::connect(&home.door).await;
            let said = again.say(&format!("LOGIN {DOCTOR} {DOCTORS_PASSWORD}")).await;
            assert!(said.starts_with("NO [AUTHENTICATIONFAILED]"), "{to:?}: {said}");
        }
    }
}

#[tokio::test]
async fn i_06_one_person_has_a_number_of_sessions() {
    let homes = homes().await;
    let house = &homes[0].house;
    let door = ImapDoor::with_sessions(house.relay.clone(), Gate::new(Caps::default()), 2);
    let first = Client::doctor(&door).await;
    let _second = Client::doctor(&door).await;
    let mut third = Client::connect(&door).await;
    let said = third.say(&format!("LOGIN {DOCTOR} {DOCTORS_PASSWORD}")).await;
    assert!(said.starts_with("NO [LIMIT]"), "{said}");
    drop(first);
    third.ok(&format!("LOGIN {DOCTOR} {DOCTORS_PASSWORD}")).await;
}

#[tokio::test]
async fn a_session_is_told_once_and_a_refused_sign_in_to_the_mailbox_that_exists() {
    for home in homes().await {
        let mut client = Client::doctor(&home.door).await;
        client.ok("NOOP").await;
        let told = home.trail().await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].0 == Act::SignedIn && told[0].1.starts_with("door=mailbox credential="), "{told:?}");
        let total = "SELECT COUNT(*) FROM audit_line";
        let lines = home.count(total).await;
        for login in ["nobody@cabinet-lilas.mssante.example", "no-address", DOCTOR] {
            let mut client = Client::connect(&home.door).await;
            let said = client.say(&format!("LOGIN {login} wrong-password")).await;
            assert!(said.starts_with("NO [AUTHENTICATIONFAILED]"), "{login}: {said}");
        }
        // The line is not waited for by the door.
        let told = tokio::time::timeout(std::time::Duration::from_secs(30), async {
            while home.told(Act::SignInRefused).await == 0 {
                tokio::task::yield_now().await;
            }
        });
        told.await.expect("the refused sign-in was told");
        assert_eq!(home.count(total).await, lines + 1, "{}", home.house.engine);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_told_does_not_begin() {
    for home in homes().await {
        home.alter("ALTER TABLE audit_line RENAME TO audit_line_away").await;
        let mut client = Client::connect(&home.door).await;
        let said = client.say(&format!("LOGIN {DOCTOR} {DOCTORS_PASSWORD}")).await;
        home.alter("ALTER TABLE audit_line_away RENAME TO audit_line").await;
        assert!(said.starts_with("NO [UNAVAILABLE]"), "{}: {said}", home.house.engine);
        client.ok(&format!("LOGIN {DOCTOR} {DOCTORS_PASSWORD}")).await;
        assert_eq!(home.told(Act::SignedIn).await, 1);
    }
}
