//! Letters of this house for others, and the reports they bring, on both engines.

use crate::testing::{CARDIOLOGIST, DOCTOR, FAR_PATIENT, House, SURGEON, address, houses, neighbourhoods};
use crate::{Outcome, Source, Written};
use mailstore::{Origin, QUEUE};
use policy::Refusal;
use wire::smtp::{Notify, NotifyWhen, RcptParameters};

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const SECOND_FAR_PATIENT: &str = "167029900040424@patients.region.example";

fn letter(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: <{from}>\nTo: {to}\nSubject: {subject}\nDate: Sun, 22 Nov 2026 12:00:00 +0100\n\
         Message-ID: <{subject}@near.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n\
         Bonjour.\n"
    )
}

fn receipt(from: &str, to: &str, about: &str) -> String {
    format!(
        "From: <{from}>\nTo: <{to}>\nSubject: Lu\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nLu.\n\
         --b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; {from}\n\
         Original-Message-ID: <{about}>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
    )
}

#[tokio::test]
async fn a_letter_for_ours_and_theirs_is_delivered_and_queued_in_one_act() {
    for house in houses().await {
        let outcome =
            house.send(DOCTOR, &[CARDIOLOGIST, SURGEON], &letter(DOCTOR, "x@y.example", "both")).await;
        let Outcome::Accepted { queue } = outcome else { panic!("{outcome:?}") };
        let [entry] = &house.inbox(CARDIOLOGIST).await[..] else { panic!("{}: one letter", house.engine) };
        let here = house.text(CARDIOLOGIST, entry).await;
        let [row] = &house.queued().await[..] else { panic!("{}: one row", house.engine) };
        let envelope = row.envelope.as_ref().unwrap();
        assert_eq!((&envelope.recipient, &envelope.sender), (&address(SURGEON), &Some(address(DOCTOR))));
        assert_eq!((row.queue, row.domain.as_str()), (queue, "clinique-voisine.mssante.example"));
        let away = house.whole(QUEUE, row.head, row.body).await;
        assert!(
            away.starts_with("Received: from client.invalid\r\n") && away.ends_with("Bonjour.\r\n"),
            "{away}"
        );
        // RFC 5321 §4.4: the end of the way writes where reports go, and nobody on the way.
        assert_eq!(here, format!("Return-Path: <{DOCTOR}>\r\n{away}"), "{}", house.engine);
        let trace = house.relay.mailstore().why(queue).await.unwrap().unwrap();
        let outcomes: Vec<_> = trace.recipients.iter().map(|traced| traced.outcome.as_str()).collect();
        assert_eq!(outcomes, ["delivered", "queued"]);
        // Sent again because the answer was lost: nothing twice.
        house.send(DOCTOR, &[CARDIOLOGIST, SURGEON], &letter(DOCTOR, "x@y.example", "both")).await;
        assert_eq!((house.inbox(CARDIOLOGIST).await.len(), house.queued().await.len()), (1, 1));
    }
}

#[tokio::test]
async fn without_a_way_out_nobody_accepts_a_letter_that_would_wait_for_ever() {
    for house in houses().await {
        let settings = policy::Settings { reach: policy::Reach::OnlyOurs, ..policy::Settings::default() };
        let house = house.with(settings);
        let text = letter(DOCTOR, "x@y.example", "away");
        let outcome = house.send(DOCTOR, &[CARDIOLOGIST, SURGEON], &text).await;
        assert!(
            matches!(outcome, Outcome::Refused { refusal: Refusal::OperatorUnreachable, .. }),
            "{}: {outcome:?}",
            house.engine
        );
        assert_eq!((house.inbox(CARDIOLOGIST).await.len(), house.queued().await.len()), (0, 0));
        let outcome = house.send(DOCTOR, &[CARDIOLOGIST], &text).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn patients_of_another_operator_see_their_own_address_only() {
    for house in neighbourhoods().await {
        let both = format!("{FAR_PATIENT}, {SECOND_FAR_PATIENT}");
        house
            .send(DOCTOR, &[FAR_PATIENT, SECOND_FAR_PATIENT, SURGEON], &letter(DOCTOR, &both, "three"))
            .await;
        let rows = house.queued().await;
        assert_eq!(rows.len(), 3, "{}", house.engine);
        for row in rows {
            let own = row.envelope.as_ref().unwrap().recipient.to_string();
            let text = house.whole(QUEUE, row.head, row.body).await;
            for patient in [FAR_PATIENT, SECOND_FAR_PATIENT] {
                assert_eq!(text.contains(patient), own == patient || own == SURGEON, "{own}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_receipt_stands_in_the_conversation_of_the_letter_and_opens_nothing() {
    for house in neighbourhoods().await {
        house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "hello")).await;
        let id = write(&house).await;
        // The exchange ends, and a receipt of what was written before does not open it again.
        house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "[FIN]")).await;
        let alerts = house.alerts().await;
        let outcome = house.send(DOCTOR, &[CLAIRE], &receipt(DOCTOR, CLAIRE, &id)).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{}: {outcome:?}", house.engine);
        let visitor = house.visitor(CLAIRE).await;
        let may = house.relay.may_write(&visitor, &address(DOCTOR), house.relay.now()).await.unwrap();
        assert_eq!(may, Some(Refusal::ExchangeEnded), "{}", house.engine);
        assert_eq!(house.alerts().await, alerts);
        let store = house.relay.mailstore();
        let conversations = store.conversations(visitor.account, visitor.viewer(), None, 10).await.unwrap();
        let question = conversations.iter().find(|conversation| conversation.subject == "Question").unwrap();
        let letters = store.letters(visitor.account, question.id, visitor.viewer()).await.unwrap();
        assert_eq!(letters.last().unwrap().entry.origin, Origin::Report);
        // A receipt for what the patient never wrote is refused; for a patient elsewhere, their operator says.
        let outcome = house.send(DOCTOR, &[CLAIRE], &receipt(DOCTOR, CLAIRE, "never@x.example")).await;
        assert!(matches!(outcome, Outcome::Refused { refusal: Refusal::ReportUnmatched, .. }), "{outcome:?}");
        house.send(DOCTOR, &[FAR_PATIENT], &receipt(DOCTOR, FAR_PATIENT, "theirs@region.example")).await;
        assert_eq!(house.queued().await.len(), 1);
    }
}

/// Claire writes to the doctor; the Message-ID of her letter.
async fn write(house: &House) -> String {
    let visitor = house.visitor(CLAIRE).await;
    let to = address(DOCTOR);
    let written = Written { to, to_name: "", subject: "Question", text: "?", files: &[], answers: None };
    house.relay.write(&visitor, &written, house.relay.now()).await.unwrap().unwrap();
    let entry = house.inbox(DOCTOR).await.pop().unwrap();
    let text = house.text(DOCTOR, &entry).await;
    text.split("Message-ID: <").nth(1).unwrap().split('>').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_professional_who_asked_hears_that_the_letter_is_in_the_mailbox() {
    for house in houses().await {
        let login = house.login(DOCTOR).await;
        let source = Source::Submission { login: &login, sender: &login.may_send_as[0] };
        let queue = house.relay.queue_id(house.relay.now());
        let mut draft = house
            .draft(queue, &login, &[CARDIOLOGIST, SURGEON], &letter(DOCTOR, CARDIOLOGIST, "asked"))
            .await;
        let when = NotifyWhen { success: true, failure: true, delay: false };
        let asked = RcptParameters { notify: Some(Notify::When(when)), original: None };
        draft.wishes.recipients = draft.recipients.iter().map(|to| (to.clone(), asked.clone())).collect();
        draft.wishes.mail.dsn.envelope_id = Some("ENV 7".to_owned());
        house.relay.deliver(&source, draft, house.relay.now()).await.unwrap();
        let [report] = &house.inbox(DOCTOR).await[..] else { panic!("{}: one report", house.engine) };
        let text = house.text(DOCTOR, report).await;
        assert!(
            text.contains(&format!("Final-Recipient: rfc822; {CARDIOLOGIST}\r\nAction: delivered")),
            "{text}"
        );
        assert!(text.contains("Original-Envelope-Id: ENV 7"), "{text}");
        assert!(!text.contains(&format!("rfc822; {SURGEON}")), "of the other one the queue will tell");
        let [row] = &house.queued().await[..] else { panic!("one row") };
        let wishes = &row.envelope.as_ref().unwrap().wishes;
        assert!(wishes.wants(crate::queue::Occasion::Success));
        assert_eq!(wishes.envelope_id.as_deref(), Some("ENV 7"));
        // A report that names only the envelope id finds the letter, and only for who sent it.
        let mut tx = house.data.read().await.unwrap();
        for (account, found) in [(DOCTOR, Some(queue)), (CARDIOLOGIST, None)] {
            let account = house.account(account).await;
            let sent = house.relay.mailstore().sent_by(&mut tx, account, &[], Some("ENV 7")).await.unwrap();
            assert_eq!(sent, found, "{}", house.engine);
        }
    }
}
