//! Reports out: whom they reach, and how.

use super::{Action, Cause, Fate, Original};
use crate::testing::{DOCTOR, House, NOON, address, houses};
use mailstore::Origin;
use names::QueueId;
use wire::mime::Head;

const FAR: &str = "accueil@clinique-voisine.mssante.example";
const SUBJECT: &str = "Compte rendu pour Madame Dupont";

fn original(extra: &str) -> Head {
    let block =
        format!("{extra}From: {DOCTOR}\r\nMessage-ID: <m@near.example>\r\nSubject: {SUBJECT}\r\n\r\n");
    Head::parse(block.into_bytes()).unwrap()
}

fn failure() -> Fate {
    Fate {
        recipient: address(FAR),
        original: None,
        action: Action::Failed,
        status: (5, 1, 1),
        cause: Cause::Said("550 5.1.1 nobody here".to_owned()),
        remote: Some("mx.clinique-voisine.mssante.example".to_owned()),
        retry_until: None,
    }
}

async fn report(house: &House, to: &str, head: &Head) -> Option<super::PreparedReport> {
    let original =
        Original { queue: QueueId(7), head: Some(head), envelope_id: Some("env-1"), arrived: NOON };
    house.relay.status_report(&address(to), &original, &[failure()], NOON).await.unwrap()
}

async fn write(house: &House, report: super::PreparedReport) {
    let unit =
        db::unit("write a report", report, |report, tx| Box::pin(async move { report.write_in(tx).await }));
    house.data.write(unit).await.unwrap();
}

#[tokio::test]
async fn a_professional_of_ours_finds_the_report_in_the_inbox_without_notice_or_document() {
    for house in houses().await {
        write(&house, report(&house, DOCTOR, &original("")).await.unwrap()).await;
        let [entry] = &house.inbox(DOCTOR).await[..] else { panic!("{}: one report", house.engine) };
        assert_eq!(entry.origin, Origin::Report);
        let text = house.text(DOCTOR, entry).await;
        assert!(text.starts_with("Return-Path: <>\r\n"), "RFC 5321 §4.4: {text}");
        assert!(text.contains("Original-Envelope-Id: env-1"), "{text}");
        assert!(text.contains("Final-Recipient: rfc822; accueil@clinique-voisine.mssante.example"), "{text}");
        assert!(text.contains(SUBJECT), "the head comes back");
        let head = text.split("\r\n\r\n").next().unwrap();
        assert!(!head.contains(SUBJECT), "the report's own subject tells nothing: {head}");
        assert!(head.contains("From: \"Pli\" <postmaster@cabinet-lilas.mssante.example>"), "{head}");
        let mut tx = house.data.read().await.unwrap();
        for table in ["SELECT COUNT(*) FROM alert", "SELECT COUNT(*) FROM document"] {
            assert_eq!(tx.row(table, db::args![]).await.unwrap().int(0).unwrap(), 0, "{table}");
        }
    }
}

#[tokio::test]
async fn another_operators_sender_gets_it_through_the_queue_with_the_null_sender() {
    for house in houses().await {
        write(&house, report(&house, FAR, &original("")).await.unwrap()).await;
        let [row] = &house.queued().await[..] else { panic!("{}: one row", house.engine) };
        let envelope = row.envelope.as_ref().unwrap();
        assert_eq!((&envelope.recipient, &envelope.sender), (&address(FAR), &None));
        let text = house.whole(mailstore::QUEUE, row.head, row.body).await;
        assert!(text.contains("Status: 5.1.1\r\n"), "{text}");
        assert!(!text.contains("Return-Path"), "it is not at its end yet: {text}");
    }
}

#[tokio::test]
async fn nothing_is_reported_on_a_report_nor_to_nobody() {
    for house in houses().await {
        let on_report = original("Content-Type: Multipart/Report; report-type=delivery-status\r\n");
        assert!(report(&house, DOCTOR, &on_report).await.is_none());
        for gone in ["nobody@cabinet-lilas.mssante.example", "x@outside.example"] {
            assert!(report(&house, gone, &original("")).await.is_none(), "{gone}");
        }
    }
}
