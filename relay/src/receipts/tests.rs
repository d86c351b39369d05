//! Read receipts of letters to patients, on both engines (RELIABILITY §3.6, row 8098). Who is owed one is
//! told by the table of `asked.rs`; remote senders stand with the MX door.

use crate::testing::{CARDIOLOGIST, DOCTOR, House, houses};
use crate::{Outcome, Visitor};
use names::{ConversationId, EntryId, PatientId};

const CLAIRE: &str = "285059900010125@patient.mssante.example";

fn letter(to: &str, fields: &str) -> String {
    format!(
        "From: Dr <{DOCTOR}>\nTo: {to}\nSubject: Votre bilan\nDate: Sun, 22 Nov 2026 12:00:00 +0100\n\
         Message-ID: <bilan@cabinet-lilas.example>\n{fields}MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\nBonjour.\n"
    )
}

fn asking(fields: &str) -> String {
    letter(CLAIRE, &format!("{fields}Disposition-Notification-To: <{DOCTOR}>\n"))
}

async fn send(house: &House, letter: &str) {
    let sent = house.send(DOCTOR, &[CLAIRE], letter).await;
    assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
}

/// The only conversation that the patient has, and its letters.
async fn conversation(house: &House, visitor: &Visitor) -> (ConversationId, Vec<EntryId>) {
    let store = house.relay.mailstore();
    let own = mailstore::Viewer::Patient;
    let list = store.conversations(visitor.account, own, None, 10).await.unwrap();
    let [conversation] = &list[..] else { panic!("{}: {} conversations", house.engine, list.len()) };
    let letters = store.letters(visitor.account, conversation.id, own).await.unwrap();
    (conversation.id, letters.iter().map(|row| row.entry.id).collect())
}

/// Somebody else of the family in the same space.
fn parent(visitor: &Visitor, number: i64) -> Visitor {
    Visitor { actor: PatientId(number), actor_name: "Paul Martin".to_owned(), ..visitor.clone() }
}

#[tokio::test]
async fn the_first_opening_is_told_once_to_the_doctor_who_asked() {
    for house in houses().await {
        send(&house, &asking("")).await;
        let visitor = house.visitor(CLAIRE).await;
        let (id, letters) = conversation(&house, &visitor).await;
        assert!(house.inbox(DOCTOR).await.is_empty(), "{}: nobody opened it yet", house.engine);
        assert_eq!(house.relay.receipts_sent(&letters).await.unwrap(), []);
        for _ in 0..2 {
            house.relay.open_conversation(&visitor, id, house.relay.now()).await.unwrap();
        }
        let [entry] = &house.inbox(DOCTOR).await[..] else { panic!("{}: one receipt", house.engine) };
        assert_eq!(entry.origin, mailstore::Origin::Report);
        let text = house.text(DOCTOR, entry).await;
        for words in [
            "Content-Type: multipart/report;",
            "report-type=disposition-notification",
            &format!("<{CLAIRE}>"),
            "Auto-Submitted: auto-replied\r\n",
            "In-Reply-To: <bilan@cabinet-lilas.example>\r\n",
            "Disposition: manual-action/MDN-sent-automatically; displayed\r\n",
            "Original-Message-ID: <bilan@cabinet-lilas.example>\r\n",
            &format!("Final-Recipient: rfc822; {CLAIRE}\r\n"),
        ] {
            assert!(text.contains(words), "{}: {words} in {text}", house.engine);
        }
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.contains("bilan d") && !head.contains("Votre bilan"), "{head}");
        assert_eq!(house.relay.receipts_sent(&letters).await.unwrap(), letters);
    }
}

#[tokio::test]
async fn two_parents_who_open_at_the_same_instant_send_one_receipt() {
    for house in houses().await {
        send(&house, &asking("")).await;
        let visitor = house.visitor(CLAIRE).await;
        let (id, _) = conversation(&house, &visitor).await;
        let (one, other) = (parent(&visitor, 71), parent(&visitor, 72));
        let now = house.relay.now();
        let (first, second) = tokio::join!(
            house.relay.open_conversation(&one, id, now),
            house.relay.open_conversation(&other, id, now)
        );
        first.unwrap();
        second.unwrap();
        let [entry] = &house.inbox(DOCTOR).await[..] else { panic!("{}: one receipt", house.engine) };
        let text = house.text(DOCTOR, entry).await;
        assert!(!text.contains("Paul Martin"), "the sender hears of the mailbox, not of the family: {text}");
    }
}

#[tokio::test]
async fn a_letter_hidden_from_the_reader_is_not_told_as_opened() {
    for house in houses().await {
        send(&house, &asking("X-Pli-Secrecy: INVISIBLE_REPRESENTANTS_LEGAUX\n")).await;
        let visitor = house.visitor(CLAIRE).await;
        let (id, _) = conversation(&house, &visitor).await;
        house.relay.open_conversation(&parent(&visitor, 71), id, house.relay.now()).await.unwrap();
        assert!(house.inbox(DOCTOR).await.is_empty(), "{}: the parent saw nothing", house.engine);
        house.relay.open_conversation(&visitor, id, house.relay.now()).await.unwrap();
        assert_eq!(house.inbox(DOCTOR).await.len(), 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn nobody_hears_who_did_not_ask_or_asked_for_another() {
    for house in houses().await {
        for (name, fields) in [
            ("not asked", String::new()),
            ("for another mailbox", format!("Disposition-Notification-To: <{CARDIOLOGIST}>\n")),
            ("for two", format!("Disposition-Notification-To: <{DOCTOR}>, <{CARDIOLOGIST}>\n")),
            (
                "by a machine",
                format!("Disposition-Notification-To: <{DOCTOR}>\nAuto-Submitted: auto-generated\n"),
            ),
            ("through a list", format!("Disposition-Notification-To: <{DOCTOR}>\nList-Id: <l.example>\n")),
        ] {
            let sent = letter(CLAIRE, &fields).replace("bilan@", &format!("{}@", name.replace(' ', "-")));
            send(&house, &sent).await;
            let mut tx = house.data.read().await.unwrap();
            let owed = tx.row("SELECT COUNT(*) FROM owed", db::args![]).await.unwrap().int(0).unwrap();
            assert_eq!(owed, 0, "{}: {name}", house.engine);
        }
        let visitor = house.visitor(CLAIRE).await;
        let (id, letters) = conversation(&house, &visitor).await;
        assert_eq!(letters.len(), 5);
        house.relay.open_conversation(&visitor, id, house.relay.now()).await.unwrap();
        for mailbox in [DOCTOR, CARDIOLOGIST] {
            assert!(house.inbox(mailbox).await.is_empty(), "{}: {mailbox}", house.engine);
        }
        assert_eq!(house.relay.receipts_sent(&letters).await.unwrap(), []);
    }
}
