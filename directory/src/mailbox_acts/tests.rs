use std::collections::BTreeSet;

use audit::{Act, Actor, Chain};
use names::{AccountKind, AdministratorId, DAY, NationalStructureId, OrganisationId, PersonId};
use register::{Criterion, Match, Page, Query, Register, Sight, Standing};

use super::*;
use crate::testing::{House, NOW, address, houses};
use crate::{
    Accepted, Channel, IssuedPassword, MailboxState, MemberRefusal, Owner, Period, Reach, Rights, Role,
    Roles, organisations, people,
};

const PAUL: &str = "10099000027";
const ANNE: &str = "10099000035";
const MARIE: &str = "10099000019";
const PAULS: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
const MARIES: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const CARDIOLOGY: &str = "cardiologie@hopital-saint-roch.mssante.example";
const HOSPITAL: &str = "990000010";
const PRACTICE: &str = "990000028";

fn structure(finess: &str) -> NationalStructureId {
    crate::structure_reference(finess).unwrap()
}

async fn organisation(house: &House, finess: &str) -> OrganisationId {
    let mut tx = house.db.read().await.unwrap();
    organisations::find_by_national_ids(&mut tx, &[structure(finess)]).await.unwrap().remove(0).id
}

async fn person(house: &House, rpps: &str) -> PersonId {
    let mut tx = house.db.read().await.unwrap();
    let national = crate::person_reference(rpps).unwrap();
    people::find_by_national_ids(&mut tx, &[national]).await.unwrap().remove(0).id
}

/// An administrator of one organisation.
async fn of(house: &House, finess: &str) -> Authority {
    let reach = Reach::Only(BTreeSet::from([organisation(house, finess).await]));
    Authority::new(Actor::Administrator(AdministratorId(7)), Roles::of(&[Role::Directory]), reach)
}

async fn create(house: &House, new: NewMailbox, by: &Authority) -> Result<Mailbox, MailboxRefusal> {
    let directory = house.directory.clone();
    let prepared = directory.prepare_mailbox(new, NOW);
    let unit = db::unit("create", (directory, prepared, by.clone()), |(directory, prepared, by), tx| {
        Box::pin(directory.create_mailbox_in(tx, prepared, by, NOW))
    });
    house.db.write(unit).await.unwrap()
}

/// An administrator makes an application password.
async fn issue_as(house: &House, owner: Owner, by: &Authority) -> IssuedPassword {
    let prepared = house.directory.prepare_password_as(owner, "Poste", by, NOW).await.unwrap();
    let (prepared, issued) = prepared.map_err(drop).unwrap();
    let unit = db::unit("write it", (house.directory.clone(), prepared), |(directory, prepared), tx| {
        Box::pin(async move {
            let told = directory.write_password_in(tx, prepared).await?;
            audit::append(tx, &[told]).await
        })
    });
    house.db.write(unit).await.unwrap();
    issued
}

fn new(local: &str, kind: AccountKind, person: Option<NewPerson>, finess: Option<&str>) -> NewMailbox {
    NewMailbox {
        address: address(&format!("{local}@hopital-saint-roch.mssante.example")),
        kind,
        holder: NewHolder { person, organisation: finess.map(structure) },
        entry: MailboxEntry { rank: 1, ..MailboxEntry::default() },
    }
}

fn known(rpps: &str) -> Option<NewPerson> {
    Some(NewPerson { national_id: crate::person_reference(rpps).unwrap(), new: None })
}

fn unknown(rpps: &str, family_name: &str) -> Option<NewPerson> {
    let details = PersonDetails {
        civility: "Mme".to_owned(),
        given_name: "Inès".to_owned(),
        family_name: family_name.to_owned(),
        profession: None,
        specialty: None,
    };
    Some(NewPerson { national_id: crate::person_reference(rpps).unwrap(), new: Some(details) })
}

async fn seen(house: &House, sight: Sight, mailbox: &str) -> Option<register::Mailbox> {
    let register = Register::open((*house.db).clone()).seen_by(sight);
    register.by_address(&address(mailbox)).await.unwrap().map(|(_, mailbox)| mailbox)
}

async fn acts(house: &House, chain: Chain) -> Vec<(Act, Actor, String)> {
    let mut tx = house.db.read().await.unwrap();
    let lines = audit::history(&mut tx, chain, None, 100).await.unwrap();
    lines.into_iter().filter_map(|line| line.line).map(|line| (line.act, line.actor, line.detail)).collect()
}

#[tokio::test]
async fn a_mailbox_is_made_for_whom_its_type_is_for_and_published_at_once() {
    for house in houses().await {
        let all = Authority::operator();
        use AccountKind::*;
        for (case, new, want) in [
            ("no person", new("a", Personal, None, Some(HOSPITAL)), MailboxRefusal::Holder),
            ("nobody", new("a", Personal, known("10099999999"), Some(HOSPITAL)), MailboxRefusal::Person),
            ("no name", new("a", Personal, unknown("10099999999", ""), None), MailboxRefusal::Person),
            (
                "a team of a person",
                new("a", Organisational, known(PAUL), Some(HOSPITAL)),
                MailboxRefusal::Holder,
            ),
            ("a team of nobody", new("a", Organisational, None, None), MailboxRefusal::Holder),
            ("a machine of nobody", new("a", Applicative, None, None), MailboxRefusal::Holder),
            ("a patient", new("a", Patient, known(PAUL), Some(HOSPITAL)), MailboxRefusal::Holder),
            ("nowhere", new("a", Organisational, None, Some("990009999")), MailboxRefusal::Organisation),
            ("taken", new("cardiologie", Organisational, None, Some(HOSPITAL)), MailboxRefusal::Taken),
            (
                "elsewhere",
                NewMailbox {
                    address: address("x@clinique-voisine.mssante.example"),
                    ..new("a", Organisational, None, Some(HOSPITAL))
                },
                MailboxRefusal::Domain,
            ),
            (
                "too long",
                NewMailbox {
                    entry: MailboxEntry { description: Some("x".repeat(201)), rank: 1, ..Default::default() },
                    ..new("a", Organisational, None, Some(HOSPITAL))
                },
                MailboxRefusal::TooLong,
            ),
        ] {
            assert_eq!(create(&house, new, &all).await, Err(want), "{}: {case}", house.engine);
        }
        let generation = house.directory.generation().known();
        let per = new("ines.roy", Personal, unknown("10099999999", "Roy"), Some(HOSPITAL));
        let made = create(&house, per, &all).await.unwrap();
        assert_eq!(made.display_name(), "Mme Inès Roy");
        assert!(house.directory.generation().known() > generation);
        let told = acts(&house, Chain::Account(made.account)).await;
        assert_eq!((told[0].0, told[0].1), (Act::AccountCreated, Actor::Operator), "{}", house.engine);
        for (kind, local, person) in
            [(Organisational, "accueil", None), (Applicative, "labo", None), (Practice, "cab", known(PAUL))]
        {
            create(&house, new(local, kind, person, Some(HOSPITAL)), &all).await.unwrap();
            let at = format!("{local}@hopital-saint-roch.mssante.example");
            assert_eq!(seen(&house, Sight::Public, &at).await.unwrap().kind, kind, "{}", house.engine);
        }
        // The search of everybody finds her by name, misspelt.
        let register = Register::open((*house.db).clone());
        let query = Query { text: Some("ines roi".to_owned()), ..Query::default() };
        let found = register.search(&query, &Page { count: 5, after: None }, NOW).await.unwrap();
        assert_eq!(found.listings.len(), 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn what_is_not_theirs_and_what_is_not_there_are_one_answer() {
    for house in houses().await {
        let (ours, nothing) = (house.account(PAULS).await, AccountId(1));
        let theirs = of(&house, PRACTICE).await;
        let auditor =
            Authority::new(Actor::System, Roles::of(&[Role::Auditor, Role::Support]), Reach::Everywhere);
        let directory = &house.directory;
        let entry = MailboxEntry { red_list: true, rank: 1, ..MailboxEntry::default() };
        for by in [&theirs, &auditor] {
            for account in [ours, nothing] {
                let described = directory.describe_mailbox(account, &entry, by, NOW).await.unwrap();
                assert_eq!(described, Err(MailboxRefusal::NotFound), "{}", house.engine);
                for to in MailboxMove::ALL {
                    let moved = directory.move_mailbox(account, to, by, NOW).await.unwrap();
                    assert_eq!(moved, Err(MailboxRefusal::NotFound), "{}: {to:?}", house.engine);
                }
                let set = directory
                    .set_member_as(by, account, ANNE, (Some(Rights::Read), None), NOW)
                    .await
                    .unwrap();
                assert_eq!(set, Err(MemberRefusal::NotYours));
            }
            for who in [person(&house, PAUL).await, PersonId(1)] {
                let left = directory.depart(who, Left::Closed, by, NOW).await.unwrap();
                assert_eq!(left, Err(MailboxRefusal::NotFound), "{}", house.engine);
                let reset = directory.reset_professional(who, None, Reset::SignIn, by, NOW).await.unwrap();
                assert_eq!(reset.unwrap_err(), MailboxRefusal::NotFound);
                let issued = directory.prepare_password_as(Owner::Person(who), "x", by, NOW).await.unwrap();
                assert_eq!(issued.map(drop).unwrap_err(), MailboxRefusal::NotFound);
            }
        }
        assert!(directory.mailbox_sheet(ours, &theirs, NOW).await.unwrap().is_none(), "{}", house.engine);
        assert!(directory.mailbox_sheet(ours, &auditor, NOW).await.unwrap().is_some());
        let paul = person(&house, PAUL).await;
        assert!(directory.person_sheet(paul, &theirs, NOW).await.unwrap().is_none());
        let new = new("x", AccountKind::Organisational, None, Some(HOSPITAL));
        let nowhere = NewMailbox {
            holder: NewHolder { person: None, organisation: Some(structure("990009999")) },
            ..new.clone()
        };
        for new in [new, nowhere] {
            assert_eq!(create(&house, new, &theirs).await, Err(MailboxRefusal::Organisation));
        }
        assert!(acts(&house, Chain::Account(ours)).await.is_empty(), "{}: nothing was done", house.engine);
    }
}

#[tokio::test]
async fn the_red_list_hides_from_everybody_but_administrators() {
    for house in houses().await {
        let (account, hospital) = (house.account(PAULS).await, of(&house, HOSPITAL).await);
        assert!(seen(&house, Sight::Public, PAULS).await.is_some(), "{}: the import publishes", house.engine);
        let entry = MailboxEntry { red_list: true, rank: 2, ..MailboxEntry::default() };
        let directory = &house.directory;
        for _ in 0..2 {
            directory.describe_mailbox(account, &entry, &hospital, NOW).await.unwrap().unwrap();
        }
        assert_eq!(seen(&house, Sight::Public, PAULS).await, None, "{}", house.engine);
        assert!(seen(&house, Sight::Administrator, PAULS).await.unwrap().red_list);
        let register = Register::open((*house.db).clone());
        let query =
            Query { all: vec![Criterion::Address(Match::Exactly(PAULS.to_owned()))], ..Query::default() };
        let found = register.search(&query, &Page { count: 5, after: None }, NOW).await.unwrap();
        assert!(found.listings.is_empty(), "{}", house.engine);
        let told = acts(&house, Chain::Account(account)).await;
        let line = (Act::AccountDescribed, hospital.actor(), "fields=rank red-list=on".to_owned());
        assert_eq!(told, [line], "{}: the same again is nothing", house.engine);
    }
}

#[tokio::test]
async fn a_closed_mailbox_is_gone_from_the_directory_and_its_address_is_never_given_again() {
    for house in houses().await {
        let directory = &house.directory;
        let (account, all) = (house.account(CARDIOLOGY).await, Authority::operator());
        let steps = [
            (MailboxMove::Reopen, None),
            (MailboxMove::Suspend, Some(MailboxState::Suspended)),
            (MailboxMove::Suspend, None),
            (MailboxMove::Reopen, Some(MailboxState::Open)),
            (MailboxMove::Close, Some(MailboxState::Closed)),
            (MailboxMove::Reopen, None),
            (MailboxMove::Close, None),
        ];
        for (to, want) in steps {
            let moved = directory.move_mailbox(account, to, &all, NOW).await.unwrap();
            let want = want.ok_or(MailboxRefusal::State);
            assert_eq!(moved.map(|mailbox| mailbox.state), want, "{}: {to:?}", house.engine);
            let state = directory.mailbox(&address(CARDIOLOGY)).await.unwrap().unwrap().state;
            let shown = seen(&house, Sight::Public, CARDIOLOGY).await.is_some();
            assert_eq!(shown, state == MailboxState::Open, "{}: {to:?}", house.engine);
            let known = seen(&house, Sight::Administrator, CARDIOLOGY).await.map(|mailbox| mailbox.standing);
            let want = match state {
                MailboxState::Open => Some(Standing::Open),
                MailboxState::Suspended => Some(Standing::Suspended),
                MailboxState::Closed => None,
            };
            assert_eq!(known, want, "{}: {to:?}", house.engine);
        }
        assert_eq!(seen(&house, Sight::Administrator, CARDIOLOGY).await, None, "{}", house.engine);
        let again =
            create(&house, new("cardiologie", AccountKind::Organisational, None, Some(HOSPITAL)), &all);
        assert_eq!(again.await, Err(MailboxRefusal::Taken), "{}", house.engine);
        let entry = MailboxEntry { rank: 3, ..MailboxEntry::default() };
        let described = directory.describe_mailbox(account, &entry, &all, NOW).await.unwrap();
        assert_eq!(described, Err(MailboxRefusal::State));
    }
}

#[tokio::test]
async fn an_administrator_says_who_is_of_a_team_even_from_elsewhere() {
    for house in houses().await {
        let directory = &house.directory;
        let (team, hospital) = (house.account(CARDIOLOGY).await, of(&house, HOSPITAL).await);
        let set = async |to: &str, rights| {
            directory.set_member_as(&hospital, team, to, (rights, None), NOW).await.unwrap()
        };
        assert_eq!(set("10099999999", Some(Rights::Read)).await, Err(MemberRefusal::Nobody));
        set(MARIE, Some(Rights::Read)).await.unwrap();
        set(PAUL, None).await.unwrap();
        set(ANNE, Some(Rights::Manage)).await.unwrap();
        let sheet = directory.mailbox_sheet(team, &hospital, NOW).await.unwrap().unwrap();
        let shown: Vec<_> =
            sheet.admitted.iter().map(|line| (line.person.family_name.as_str(), line.rights)).collect();
        assert_eq!(shown, [("Dubreuil", Rights::Manage), ("Lenoir", Rights::Read)], "{}", house.engine);
        // In a mailbox of a person: acting for its holder, for a time.
        let own = house.account(PAULS).await;
        let period = Period { starts: None, ends: Some(NOW.plus(DAY)) };
        let wish = (Some(Rights::Read), Some(period));
        let given = directory.set_member_as(&hospital, own, MARIE, wish, NOW).await.unwrap();
        assert!(given.is_ok(), "{}", house.engine);
        let sheet = directory.mailbox_sheet(own, &hospital, NOW).await.unwrap().unwrap();
        assert!(sheet.admitted.iter().any(|line| line.period.ends == period.ends), "{}", house.engine);
        let told = acts(&house, Chain::Account(team)).await;
        assert!(told.iter().all(|(_, actor, _)| *actor == hospital.actor()), "{told:?}");
    }
}

#[tokio::test]
async fn a_departure_ends_everything_at_once() {
    for house in houses().await {
        let directory = &house.directory;
        let (paul, own) = (person(&house, PAUL).await, house.account(PAULS).await);
        let (team, hospital) = (house.account(CARDIOLOGY).await, of(&house, HOSPITAL).await);
        let owner = Owner::Person(paul);
        let issued = directory.issue_password(owner, "Poste", Actor::Person(paul), NOW).await.unwrap();
        assert!(directory.verify_login(&address(PAULS), &issued.secret, NOW).await.unwrap().is_some());
        let planned = directory.departure_of(paul, &hospital, NOW).await.unwrap().unwrap();
        assert_eq!(planned.own.len(), 1, "{}", house.engine);
        assert_eq!((planned.shared.len(), planned.unmanaged.len(), planned.access), (1, 1, Access::Ended));
        assert!(planned.given > 0, "the nurse acts for him");

        let departed = directory.depart(paul, Left::Closed, &hospital, NOW).await.unwrap().unwrap();
        assert_eq!((departed.given, departed.own.len()), (planned.given, 1));
        assert_eq!(departed.own[0].state, MailboxState::Closed);
        assert!(directory.verify_login(&address(PAULS), &issued.secret, NOW).await.unwrap().is_none());
        assert!(directory.verify_login(&address(CARDIOLOGY), &issued.secret, NOW).await.unwrap().is_none());
        assert!(directory.mailboxes_of(paul, NOW).await.unwrap().is_empty(), "{}", house.engine);
        let anne = person(&house, ANNE).await;
        assert!(directory.delegations_received(anne, NOW).await.unwrap().is_empty(), "{}", house.engine);
        assert_eq!(seen(&house, Sight::Administrator, PAULS).await, None);
        let sheet = directory.mailbox_sheet(team, &hospital, NOW).await.unwrap().unwrap();
        assert!(sheet.admitted.iter().all(|line| line.person.id != paul), "{}", house.engine);
        assert_eq!(acts(&house, Chain::Person(paul)).await[0].0, Act::Departed);
        assert_eq!(acts(&house, Chain::Account(own)).await[0].0, Act::AccountChanged);
        assert_eq!(acts(&house, Chain::Account(team)).await[0].0, Act::DelegationEnded);
    }
}

#[tokio::test]
async fn who_works_elsewhere_too_keeps_what_is_there() {
    for house in houses().await {
        let directory = &house.directory;
        let paul = person(&house, PAUL).await;
        let elsewhere = NewMailbox {
            address: address("paul.ferrand@cabinet-lilas.mssante.example"),
            ..new("a", AccountKind::Personal, known(PAUL), Some(PRACTICE))
        };
        create(&house, elsewhere, &Authority::operator()).await.unwrap();
        let hospital = of(&house, HOSPITAL).await;
        let issued =
            directory.issue_password(Owner::Person(paul), "Poste", Actor::Person(paul), NOW).await.unwrap();
        let refused = directory.reset_professional(paul, None, Reset::SignIn, &hospital, NOW).await.unwrap();
        assert_eq!(refused.unwrap_err(), MailboxRefusal::NotFound, "{}: not whole", house.engine);
        let departed = directory.depart(paul, Left::Suspended, &hospital, NOW).await.unwrap().unwrap();
        assert_eq!((departed.access, departed.kept.len()), (Access::Kept, 0), "not named");
        assert_eq!(departed.own[0].state, MailboxState::Suspended);
        let there = address("paul.ferrand@cabinet-lilas.mssante.example");
        assert!(directory.verify_login(&there, &issued.secret, NOW).await.unwrap().is_some());
        assert!(directory.verify_login(&address(PAULS), &issued.secret, NOW).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn lost_factors_are_reset_and_an_invitation_chooses_anew() {
    for house in houses().await {
        let directory = &house.directory;
        let (paul, hospital) = (person(&house, PAUL).await, of(&house, HOSPITAL).await);
        let codes = Some((Channel::Email, "paul@courriel.example".to_owned()));
        let reset = async |codes, what| {
            directory.reset_professional(paul, codes, what, &hospital, NOW).await.unwrap()
        };
        assert_eq!(reset(None, Reset::SignIn).await.unwrap_err(), MailboxRefusal::Person, "where to?");
        let invitation = reset(codes, Reset::SignIn).await.unwrap();
        let chosen =
            directory.accept_invitation(PAUL, &invitation.code, "Deux-Canoes-31", NOW).await.unwrap();
        assert_eq!(chosen, Accepted::Chosen, "{}", house.engine);
        let issued = issue_as(&house, Owner::Person(paul), &hospital).await;
        let login = address(PAULS);
        reset(None, Reset::SignIn).await.unwrap();
        let started = directory.start_professional_sign_in(PAUL, "Deux-Canoes-31", NOW).await.unwrap();
        assert!(started.code.is_none(), "{}: the old password is gone", house.engine);
        assert!(directory.verify_login(&login, &issued.secret, NOW).await.unwrap().is_some());
        reset(None, Reset::SignInAndDevices).await.unwrap();
        assert!(directory.verify_login(&login, &issued.secret, NOW).await.unwrap().is_none());
        let told = acts(&house, Chain::Person(paul)).await;
        assert_eq!((told[0].0, told[0].1), (Act::FactorsReset, hospital.actor()));
    }
}

#[tokio::test]
async fn a_house_from_before_is_published_once() {
    for house in houses().await {
        // As before the register: nothing stands there.
        let forget = db::unit("forget", (), |(), tx| {
            Box::pin(async move {
                for sql in ["DELETE FROM register_local_address", "DELETE FROM register_local"] {
                    tx.execute(sql, db::args![]).await?;
                }
                Ok::<_, db::Error>(())
            })
        });
        house.db.write(forget).await.unwrap();
        let register = Register::open((*house.db).clone());
        assert!(register.by_address(&address(MARIES)).await.unwrap().is_none(), "{}", house.engine);
        assert!(house.directory.publish_all(NOW).await.unwrap() > 5);
        assert!(register.by_address(&address(MARIES)).await.unwrap().is_some(), "{}", house.engine);
        assert_eq!(house.directory.publish_all(NOW).await.unwrap(), 0, "once");
    }
}
