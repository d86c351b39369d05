//! Figures of a month for whoever may see them, on both engines.

use super::*;
use crate::statistics_tables::{Column, Sheet, StatisticsCommand};
use crate::testing::{House, NOON, full_houses};
use crate::{Command, Error};
use audit::{Act, Entry, Line};
use mailstore::{Claims, Trace, TracedRecipient};
use names::{Address, BodyId, QueueId};
use policy::Grant;

const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const PATIENT: &str = "285059900010125@patient.mssante.example";

async fn mailbox(house: &House, address: &str) -> Mailbox {
    house.admin.directory.mailbox(&Address::parse(address).unwrap()).await.unwrap().unwrap()
}

/// The doctor wrote to the team and to a patient, and a mail program of the team connected.
async fn work(house: &House) {
    let store = &house.admin.mailstore;
    let (doctor, team) = (mailbox(house, DOCTOR).await, mailbox(house, TEAM).await);
    let trace = |to: &str| Trace {
        queue: QueueId(store.db().id(NOON)),
        at: NOON,
        door: "submission".to_owned(),
        account: Some(doctor.account),
        body: Some(BodyId(1)),
        size: 10,
        message_id: None,
        envelope_id: None,
        sender: DOCTOR.to_owned(),
        claims: Claims::CDA,
        recipients: vec![TracedRecipient {
            address: to.to_owned(),
            rule: Grant::AmongProfessionals.id().to_owned(),
            outcome: "delivered".to_owned(),
            reply: String::new(),
        }],
    };
    let traces = vec![trace(TEAM), trace(PATIENT)];
    let line = Line {
        at: NOON,
        actor: Actor::Account(team.account),
        for_whom: None,
        act: Act::SignedIn,
        detail: "door=imap".to_owned(),
    };
    let entry = Entry::new(Chain::Account(team.account), line, &house.admin.entropy);
    let unit = db::unit("work", (store.clone(), traces, entry), |(store, traces, entry), tx| {
        Box::pin(async move {
            store.write_traces(tx, traces).await.map_err(|cause| Error::Store { what: "tests", cause })?;
            audit::append(tx, std::slice::from_ref(entry)).await.map_err(Error::from)
        })
    });
    store.db().write(unit).await.unwrap();
}

fn command(mailbox: Option<&str>, csv: Option<Sheet>, columns: &[Column]) -> Command {
    Command::Statistics(StatisticsCommand {
        month: Some(Month::of(NOON)),
        mailbox: mailbox.map(str::to_owned),
        csv,
        columns: columns.to_vec(),
    })
}

#[tokio::test]
async fn a_month_is_told_and_written_for_spreadsheets_and_names_no_patient() {
    for house in full_houses().await {
        work(&house).await;
        let run = async |command| house.admin.run(&command, NOON.plus(1)).await.unwrap().text;
        let told = run(command(None, None, &[])).await;
        assert!(told.contains("       2         0        0            0  marie.lenoir@"), "{told}");
        assert!(told.contains("       0         1        0            1  cardiologie@"), "{told}");

        let csv = run(command(None, Some(Sheet::Mailboxes), &[])).await;
        assert!(csv.starts_with("\"mois\";\"boite\";\"type\";"), "{csv}");
        let line = csv.lines().find(|line| line.contains(DOCTOR)).unwrap();
        assert!(line.starts_with(&format!("\"2026-11\";\"{DOCTOR}\";\"PER\";\"open\";")), "{line}");
        assert!(line.ends_with("\"2\";\"1\";\"2\";\"0\";\"0\";\"0\";\"0\""), "{line}");
        let few = [Column::Mailbox, Column::Connections];
        let connections = run(command(Some(TEAM), Some(Sheet::Mailboxes), &few)).await;
        assert_eq!(connections, format!("\"boite\";\"connexions\"\r\n\"{TEAM}\";\"1\"\r\n"));
        let domains = run(command(None, Some(Sheet::Domains), &[])).await;
        for words in ["cabinet-lilas.mssante.example\";\"local\";\"2\";\"0\"", "local-patients\";\"0\";\"1\""]
        {
            assert!(domains.contains(words), "{words}: {domains}");
        }
        let open = run(command(None, Some(Sheet::Open), &[])).await;
        assert!(open.contains("\"2026-11\";\"PER\";"), "{open}");
        for sheet in Sheet::ALL {
            let csv = run(command(None, Some(sheet), &[])).await;
            assert!(!csv.contains("285059900010125"), "{}: {csv}", sheet.code());
            let width = csv.lines().next().unwrap().matches(';').count();
            assert!(csv.lines().all(|line| line.matches(';').count() == width), "{}", sheet.code());
        }
    }
}

#[tokio::test]
async fn an_administrator_of_some_organisations_sees_their_mailboxes_and_nothing_of_the_house() {
    for house in full_houses().await {
        work(&house).await;
        let team = mailbox(&house, TEAM).await;
        let own = Extent::Organisations(vec![team.organisation.as_ref().unwrap().id]);
        let month = Month::of(NOON);
        let now = NOON.plus(1);
        let ask = async |mailbox: Option<&str>, extent: &Extent| {
            house.admin.statistics(month, mailbox, extent, Actor::Operator, now).await
        };
        let seen = ask(None, &own).await.unwrap();
        assert!(seen.mailboxes.iter().all(|one| own.holds(&one.mailbox)), "{}", house.engine);
        assert_eq!((seen.total.received, seen.total.sent, seen.house), (1, 0, None), "{}", house.engine);
        assert_eq!(seen.trend.len(), 12);
        assert!(seen.open.iter().any(|(kind, _)| *kind == AccountKind::Organisational), "{:?}", seen.open);
        for (case, address, extent) in [
            ("another organisation's", DOCTOR, &own),
            ("nobody's", "nobody@cabinet-lilas.mssante.example", &Extent::House),
            ("a patient's", PATIENT, &Extent::House),
            ("no address", "=1+1", &Extent::House),
        ] {
            let error = ask(Some(address), extent).await.unwrap_err();
            assert!(matches!(error, Error::Refused(_)), "{}: {case}", house.engine);
        }
        let later = house.admin.statistics(month.next(), None, &own, Actor::Operator, now).await;
        assert!(matches!(later, Err(Error::Refused(_))), "{}: the future", house.engine);
    }
}

#[test]
fn every_column_and_table_has_its_word() {
    for column in Column::ALL {
        assert_eq!(Column::from_code(column.code()), Some(column));
    }
    for sheet in Sheet::ALL {
        assert_eq!(Sheet::from_code(sheet.code()), Some(sheet));
    }
}
