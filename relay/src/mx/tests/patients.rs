//! What patients and other operators' professionals owe each other: receipts, fields, contacts.

use super::*;
use crate::visible::{Counts, indicators};
use crate::{Outcome, Visitor, Written};
use mailstore::{QUEUE, Viewer};
use names::{ConversationId, EntryId};
use policy::{PatientFields, Refusal, Settings};

const JEAN: &str = "167029900040424@patient.mssante.example";
const LABORATORY: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
const SECRETARIAT: &str = "cardiologie@hopital-saint-roch.mssante.example";

fn session(house: &House) -> Session {
    Session::of(house, &Watch::default(), CLINIC)
}

/// The newest letter that came to Claire, and its conversation.
async fn newest(house: &House, visitor: &Visitor) -> (ConversationId, EntryId) {
    let store = house.relay.mailstore();
    let list = store.conversations(visitor.account, Viewer::Patient, None, 10).await.unwrap();
    let mut newest = None;
    for conversation in list {
        for row in store.letters(visitor.account, conversation.id, Viewer::Patient).await.unwrap() {
            if row.entry.origin == mailstore::Origin::Received {
                newest = newest.max(Some((row.entry.id, conversation.id)));
            }
        }
    }
    let (entry, conversation) = newest.expect("a letter");
    (conversation, entry)
}

/// Claire, or who acts for her, answers the newest letter; to whom.
async fn answer(house: &House, visitor: &Visitor) -> String {
    let (conversation, entry) = newest(house, visitor).await;
    let now = house.relay.now();
    let state = house.relay.may_answer(visitor, conversation, entry, now).await.unwrap().unwrap();
    assert_eq!(state.refusal, None);
    let to = state.to.unwrap();
    let written = Written {
        to: to.clone(),
        to_name: "",
        subject: "",
        text: "Merci.",
        files: &[],
        answers: Some((conversation, entry)),
    };
    let sent = house.relay.write(visitor, &written, now).await.unwrap().unwrap();
    assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
    to.to_string()
}

/// The newest letter of the queue: its envelope's sender and recipient, and its text.
async fn leaving(house: &House) -> (Option<String>, String, String) {
    let row = house.queued().await.pop().expect("a letter leaves");
    let envelope = row.envelope.as_ref().unwrap();
    let text = house.whole(QUEUE, row.head, row.body).await;
    (envelope.sender.as_ref().map(ToString::to_string), envelope.recipient.to_string(), text)
}

#[tokio::test]
async fn a_receipt_for_another_operator_leaves_once_by_the_queue_from_nobody() {
    for house in neighbourhoods().await {
        let ask = |of: &str| format!("Disposition-Notification-To: <{of}>\n");
        let sent = format!("{}{}", ask(SURGEON), letter(SURGEON, CLAIRE, "one"));
        session(&house).letter(SURGEON, CLAIRE, &sent).await.unwrap();
        let visitor = house.visitor(CLAIRE).await;
        let (conversation, _) = newest(&house, &visitor).await;
        for _ in 0..2 {
            house.relay.open_conversation(&visitor, conversation, house.relay.now()).await.unwrap();
        }
        assert_eq!(house.queued().await.len(), 1, "{}: one receipt", house.engine);
        let (sender, recipient, text) = leaving(&house).await;
        assert_eq!((sender, recipient.as_str()), (None, SURGEON), "{}", house.engine);
        assert!(text.contains("Disposition: manual-action/MDN-sent-automatically; displayed\r\n"), "{text}");
        assert!(text.contains("Original-Message-ID: <one@far.example>\r\n"), "{text}");
        // Asked for an address that is not where the letter came from: a loop might begin (DOMAIN §3.6).
        let sent = format!("{}{}", ask(SECRETARY), letter(SURGEON, CLAIRE, "two"));
        session(&house).letter(SURGEON, CLAIRE, &sent).await.unwrap();
        let (conversation, _) = newest(&house, &visitor).await;
        house.relay.open_conversation(&visitor, conversation, house.relay.now()).await.unwrap();
        assert_eq!(house.queued().await.len(), 1, "{}: no second one", house.engine);
    }
}

#[tokio::test]
async fn patients_here_and_elsewhere_do_not_see_each_other_in_one_letter() {
    for house in neighbourhoods().await {
        let all = [CLAIRE, JEAN, FAR_PATIENT, SURGEON];
        let sent = format!(
            "From: <{DOCTOR}>\nTo: {CLAIRE}, {FAR_PATIENT}\nCc: {JEAN}, {SURGEON}\nSubject: x\n\
             Message-ID: <x@y.example>\n\nBonjour.\n"
        );
        let outcome = house.send(DOCTOR, &all, &sent).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
        let patients = [CLAIRE, JEAN, FAR_PATIENT];
        let seen = |text: &str| patients.map(|patient| text.contains(patient.split('@').next().unwrap()));
        for (patient, expected) in [(CLAIRE, [true, false, false]), (JEAN, [false, true, false])] {
            let [entry] = &house.inbox(patient).await[..] else { panic!("{}", house.engine) };
            let text = house.text(patient, entry).await;
            assert_eq!(seen(&text), expected, "{}: {patient}: {text}", house.engine);
            assert!(text.contains(SURGEON), "professionals are shown");
        }
        for row in house.queued().await {
            let text = house.whole(QUEUE, row.head, row.body).await;
            let recipient = row.envelope.as_ref().unwrap().recipient.to_string();
            if recipient == FAR_PATIENT {
                assert_eq!(seen(&text), [false, false, true], "{}: {text}", house.engine);
            } else {
                assert_eq!(recipient, SURGEON);
                assert_eq!(
                    seen(&text),
                    [true; 3],
                    "{}: a professional sees who else is written to",
                    house.engine
                );
            }
        }
        assert_eq!(house.queued().await.len(), 2);
    }
}

#[tokio::test]
async fn reply_to_decides_whom_the_patient_may_answer_whoever_brought_the_letter() {
    for house in neighbourhoods().await {
        let visitor = house.visitor(CLAIRE).await;
        let may =
            async |to: &str| house.relay.may_write(&visitor, &address(to), house.relay.now()).await.unwrap();
        let sent = format!("Reply-To: <{SECRETARY}>\n{}", letter(SURGEON, CLAIRE, "one"));
        session(&house).letter(SURGEON, CLAIRE, &sent).await.unwrap();
        assert_eq!(may(SECRETARY).await, None, "{}", house.engine);
        assert_eq!(may(SURGEON).await, Some(Refusal::NeverContacted), "{}", house.engine);
        assert_eq!(answer(&house, &visitor).await, SECRETARY);
        assert_eq!(leaving(&house).await.1, SECRETARY);
        // An applicative mailbox of ours: answers go to people (DOMAIN §2.4).
        let sent = letter(LABORATORY, CLAIRE, "two")
            .replace("Subject", &format!("Reply-To: <{SECRETARIAT}>\nSubject"));
        let sent = house.send(LABORATORY, &[CLAIRE], &sent).await;
        assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
        assert_eq!(may(SECRETARIAT).await, None, "{}", house.engine);
        assert_eq!(may(LABORATORY).await, Some(Refusal::NeverContacted), "{}", house.engine);
        assert_eq!(answer(&house, &visitor).await, SECRETARIAT);
        assert_eq!(house.inbox(SECRETARIAT).await.len(), 1, "{}", house.engine);
        assert!(house.inbox(LABORATORY).await.is_empty(), "{}", house.engine);
    }
}

#[tokio::test]
async fn what_a_professional_gets_from_a_patient_says_who_writes_and_what_is_answered() {
    for house in neighbourhoods().await {
        let first = format!("References: <zero@far.example>\n{}", letter(SURGEON, CLAIRE, "one"));
        session(&house).letter(SURGEON, CLAIRE, &first).await.unwrap();
        let visitor = house.visitor(CLAIRE).await;
        answer(&house, &visitor).await;
        let (sender, _, text) = leaving(&house).await;
        assert_eq!(sender.as_deref(), Some(CLAIRE));
        let text = text.replace("\r\n ", " ");
        let from = format!("From: \"{}\" <{CLAIRE}>\r\n", visitor.name);
        for words in [
            from.as_str(),
            "Subject: Re: one\r\n",
            "In-Reply-To: <one@far.example>\r\n",
            "References: <zero@far.example> <one@far.example>\r\n",
            "X-Pli-Patient-INS: 285059900010125\r\n",
            "X-Pli-Patient-Birth-Date: 1985-05-12\r\n",
        ] {
            assert!(text.contains(words), "{}: {words} in {text}", house.engine);
        }
        assert!(!text.contains("X-Pli-Written-By"), "{text}");
        let silent = house.with(Settings { patient_fields: PatientFields::Absent, ..Settings::default() });
        answer(&silent, &visitor).await;
        let (_, _, text) = leaving(&house).await;
        assert!(!text.contains("X-Pli-Patient"), "{}: switched off: {text}", house.engine);
    }
}

#[tokio::test]
async fn a_professional_cannot_claim_to_be_a_patient_by_the_fields_and_those_of_the_trade_stay() {
    const TRADE: &str =
        "X-mss-NIL: 3734\r\nX-MSS-CODECDA: 34112-3,\r\n PRESC-BIO\r\nX-MSS-INS: O\r\nX-MSS-MES: FIN\r\n";
    for house in neighbourhoods().await {
        let claim =
            "X-Pli-Patient-INS: 167029900040424\nX-Pli-Patient-Birth-Date: 1967-02-01\nX-Pli-Written-By: X\n";
        let plain =
            letter(SURGEON, CLAIRE, "far").replace("X-MSS-NIL: DEV935997\n", &TRADE.replace("\r\n", "\n"));
        session(&house).letter(SURGEON, CLAIRE, &format!("{claim}{plain}")).await.unwrap();
        let near = format!("{claim}{}", plain.replace(SURGEON, DOCTOR).replace("far", "near"));
        let sent = house.send(DOCTOR, &[CLAIRE, CARDIOLOGIST, SURGEON], &near).await;
        assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
        let mut texts = vec![leaving(&house).await.2];
        for mailbox in [CLAIRE, CARDIOLOGIST] {
            for entry in house.inbox(mailbox).await {
                texts.push(house.text(mailbox, &entry).await);
            }
        }
        assert_eq!(texts.len(), 4, "{}", house.engine);
        for text in texts {
            assert!(text.contains(TRADE), "{}: {text}", house.engine);
            assert!(!text.contains("X-Pli-Patient") && !text.contains("X-Pli-Written-By"), "{text}");
        }
    }
}

#[tokio::test]
async fn letters_are_counted_a_day_by_door_and_software_and_nobody_is_named() {
    for house in neighbourhoods().await {
        let mut session = session(&house);
        session.letter(SURGEON, CLAIRE, &letter(SURGEON, CLAIRE, "one")).await.unwrap();
        let full =
            letter(SURGEON, DOCTOR, "two").replace("X-MSS-NIL", "X-MSS-INS: O\nX-MSS-CODECDA: 1\nX-MSS-NIL");
        session.letter(SURGEON, DOCTOR, &full).await.unwrap();
        // Brought again, it is the same letter.
        session.letter(SURGEON, DOCTOR, &full).await.unwrap();
        let odd = letter(DOCTOR, CARDIOLOGIST, "three").replace("DEV935997", "Jeanne Dupont");
        house.send(DOCTOR, &[CARDIOLOGIST], &odd).await;
        answer(&house, &house.visitor(CLAIRE).await).await;
        let mut tx = house.data.read().await.unwrap();
        let lines = indicators(&mut tx, NOON).await.unwrap();
        let counted: Vec<(&str, &str, Counts)> =
            lines.iter().map(|line| (&*line.door, &*line.software, line.counts)).collect();
        let one = Counts { letters: 1, ..Counts::default() };
        assert_eq!(
            counted,
            [
                ("mx", "DEV935997", Counts { letters: 2, to_patients: 1, with_cda: 1, qualified_ins: 1 }),
                ("submission", "?", one),
                ("web", "", one),
            ],
            "{}",
            house.engine
        );
        assert!(lines.iter().all(|line| line.day == NOON.0 / names::DAY));
        assert_eq!(indicators(&mut tx, NOON.plus(names::DAY)).await.unwrap(), []);
    }
}
