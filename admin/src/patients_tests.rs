//! Support and the patients' room, on both engines, with the people of the demonstration.

use super::*;
use crate::Command;
use crate::patients_told::PatientCommand;
use crate::testing::{House, NOON, full_houses};
use directory::{Reach, Role, Roles};
use names::{AdministratorId, DAY, OrganisationId};
use std::collections::BTreeSet;

const CLAIRE: &str = "285059900010125";

fn agent(role: Role) -> Authority {
    let reach = match role {
        Role::Directory => Reach::Only(BTreeSet::from([OrganisationId(1)])),
        Role::Support | Role::Auditor => Reach::Everywhere,
    };
    Authority::new(Actor::Administrator(AdministratorId(7)), Roles::of(&[role]), reach)
}

fn claire() -> Whom {
    Whom::Ins(Ins::parse(CLAIRE).unwrap())
}

fn by_telephone() -> Why {
    Why { reason: Reason::ByTelephone, case: CaseNumber::parse("SUP-2026-1").ok() }
}

async fn newest(house: &House, chain: Chain) -> Vec<Line> {
    let mut tx = house.admin.mailstore.db().read().await.unwrap();
    let lines = audit::history(&mut tx, chain, None, 4).await.unwrap();
    lines.into_iter().filter_map(|line| line.line).collect()
}

async fn found(house: &House, whom: &Whom, authority: &Authority) -> Found {
    house.admin.find_patient(whom, authority, NOON).await.unwrap()
}

#[tokio::test]
async fn a_patient_is_found_by_a_whole_identity_and_by_nothing_less() {
    for house in full_houses().await {
        let support = agent(Role::Support);
        let Found::One(claire) = found(&house, &claire(), &support).await else { panic!("{}", house.engine) };
        let sheet = house.admin.patient_sheet(claire, &support, NOON).await.unwrap().unwrap();
        let traits = sheet.view.patient.traits.clone();
        let whole = Invited {
            birth_name: traits.birth_name.to_uppercase(),
            given_name: traits.given_names[0].to_lowercase(),
            birth_date: traits.birth_date,
        };
        let same = found(&house, &Whom::Identity(whole.clone()), &support).await;
        assert_eq!(same, Found::One(claire), "{}", house.engine);
        for (case, birth_name, given_name) in [
            ("a part of the name", &whole.birth_name[..3], whole.given_name.as_str()),
            ("no first name", &whole.birth_name, ""),
            ("a joker", "%", "%"),
        ] {
            let whom = Invited {
                birth_name: birth_name.to_owned(),
                given_name: given_name.to_owned(),
                birth_date: whole.birth_date,
            };
            let nobody = found(&house, &Whom::Identity(whom), &support).await;
            assert_eq!(nobody, Found::NotOne, "{}: {case}", house.engine);
        }
        let lines = newest(&house, Chain::Account(sheet.view.patient.account)).await;
        assert!(lines.iter().any(|line| line.detail == "patient looked-by=identity found=1"), "{lines:?}");
        assert!(lines.iter().any(|line| line.actor == support.actor()), "{lines:?}");
    }
}

#[tokio::test]
async fn who_is_no_support_agent_finds_nobody_and_changes_nothing() {
    for house in full_houses().await {
        let Found::One(patient) = found(&house, &claire(), &agent(Role::Support)).await else { panic!() };
        for role in [Role::Directory, Role::Auditor] {
            let other = agent(role);
            assert_eq!(found(&house, &claire(), &other).await, Found::NotOne, "{role:?}");
            assert!(house.admin.patient_sheet(patient, &other, NOON).await.unwrap().is_none(), "{role:?}");
            let why = by_telephone();
            let done = house.admin.act_on_patient(patient, &PatientAct::Close, &why, &other, NOON).await;
            assert_eq!(done.unwrap(), Err(PatientRefusal::NotAllowed), "{role:?}");
        }
    }
}

#[tokio::test]
async fn one_agent_looks_so_many_times_a_day_and_the_trail_says_so() {
    for house in full_houses().await {
        let support = agent(Role::Support);
        let stranger = Whom::Ins(Ins::parse("279035121518989").unwrap());
        let mut looks = 0;
        while found(&house, &stranger, &support).await != Found::TooOften {
            looks += 1;
            assert!(looks <= 1_000, "{}: there is no end", house.engine);
        }
        assert_eq!(looks, 200, "{}", house.engine);
        assert_eq!(newest(&house, Chain::System).await[0].detail, "patient too-many-looks");
        let Whom::Ins(ins) = claire() else { panic!() };
        let patient = house.admin.directory.patient_by_ins(&ins).await.unwrap().unwrap().id;
        let sheet = house.admin.patient_sheet(patient, &support, NOON).await.unwrap();
        assert!(sheet.is_none(), "{}: a known reference opens no more", house.engine);
        let tomorrow = house.admin.find_patient(&claire(), &support, NOON.plus(DAY)).await.unwrap();
        assert_eq!(tomorrow, Found::One(patient), "{}", house.engine);
        assert_eq!(found(&house, &claire(), &Authority::operator()).await, Found::One(patient));
    }
}

#[tokio::test]
async fn a_profile_is_closed_reopened_and_touched_on_a_typed_ground() {
    for house in full_houses().await {
        let support = agent(Role::Support);
        let Found::One(patient) = found(&house, &claire(), &support).await else { panic!() };
        let why = by_telephone();
        let act = async |act: PatientAct| {
            house.admin.act_on_patient(patient, &act, &why, &support, NOON).await.unwrap()
        };
        assert_eq!(act(PatientAct::Oppose).await, Err(PatientRefusal::State(ProfileState::Activated)));
        assert_eq!(act(PatientAct::CloseAndDelete).await, Ok(()), "{}", house.engine);
        let sheet = house.admin.patient_sheet(patient, &support, NOON).await.unwrap().unwrap();
        assert_eq!(sheet.view.state, ProfileState::Closed, "{}", house.engine);
        assert!(sheet.view.erase_at.is_some(), "{}: a deletion was asked for", house.engine);
        assert_eq!(act(PatientAct::Reopen).await, Ok(()), "{}", house.engine);
        assert_eq!(act(PatientAct::Intervene).await, Ok(()), "{}", house.engine);
        let lines = newest(&house, Chain::Account(sheet.view.patient.account)).await;
        assert_eq!(lines[0].act, Act::ProfileIntervened, "{}: {lines:?}", house.engine);
        assert!(lines[0].detail.contains("reason=telephone case=SUP-2026-1"), "{lines:?}");
        let ins = Ins::parse(CLAIRE).unwrap();
        let grown_up = act(PatientAct::AddRepresentative(ins)).await;
        assert_eq!(grown_up, Err(PatientRefusal::NoChild), "{}", house.engine);
    }
}

#[tokio::test]
async fn the_command_line_does_the_same_by_ins_and_asks_for_a_reason() {
    for house in full_houses().await {
        let command = |act: Option<PatientAct>, reason: &str, case: Option<&str>| {
            Command::Patient(PatientCommand {
                ins: Ins::parse(CLAIRE).unwrap(),
                act,
                reason: reason.to_owned(),
                case: case.map(str::to_owned),
            })
        };
        let run = async |command: Command| house.admin.run(&command, NOON).await;
        let shown = run(command(None, "", None)).await.unwrap().text;
        assert!(shown.contains("state      activated") && !shown.contains(CLAIRE), "{shown}");
        for (case, act, reason, number) in [
            ("no reason", PatientAct::Close, "because", None),
            ("the patient's own", PatientAct::Close, "own", None),
            ("no case number", PatientAct::Close, "telephone", Some("Mme Moreau")),
            ("no proof", PatientAct::AddRepresentative(Ins::parse(CLAIRE).unwrap()), "writing", None),
            ("the wrong state", PatientAct::Reopen, "telephone", None),
        ] {
            let error = run(command(Some(act), reason, number)).await.unwrap_err();
            assert!(matches!(error, Error::Refused(_)), "{}: {case}: {error}", house.engine);
        }
        let closed = run(command(Some(PatientAct::Close), "telephone", Some("SUP-1"))).await.unwrap().text;
        assert!(closed.contains("state      closed"), "{closed}");
    }
}
