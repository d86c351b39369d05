//! The life of a profile on both engines, with a clock that is moved.

mod activating;
mod erasing;
mod life;
mod representing;

use audit::{Act, Actor, Chain};
use db::Tx;
use names::{AccountId, DAY, HOUR, Ins, MINUTE, PatientId, ProfileState, Timestamp};

use super::*;
use crate::testing::{CHILD, House, MOTHER, NOW, houses};
use crate::{Directory, Error, ProfileRules};

/// Somebody new: born on 3 July 1958.
pub(super) const NEW: &str = "158079900091150";

pub(super) fn ins(text: &str) -> Ins {
    Ins::from_matricule(&text[..13]).unwrap()
}

pub(super) fn traits(number: &str, email: Option<&str>) -> Traits {
    Traits {
        ins: ins(number),
        birth_name: "Brindavoine".to_owned(),
        used_name: None,
        given_names: vec!["Octavie".to_owned()],
        used_given_name: None,
        birth_date: jiff::civil::date(1958, 7, 3),
        birth_place: None,
        sex: Sex::Female,
        email: email.map(str::to_owned),
        phone: None,
        postal: vec!["12 rue des Écoles".to_owned(), "99100 Valmont".to_owned()],
    }
}

pub(super) fn support() -> Ground {
    Ground::support(Actor::Operator, Reason::ByTelephone, Some(CaseNumber::parse("SUP-1").unwrap()))
}

/// Brings somebody in; answers their number.
pub(super) async fn enter(
    directory: &Directory,
    traits: Traits,
    entrance: Entrance,
    now: Timestamp,
) -> PatientId {
    let prepared = directory.prepare_patient(traits, "Europe/Paris".to_owned(), entrance, now);
    let id = prepared.patient();
    let unit = (directory.clone(), prepared, now);
    let entered: Result<(), Error> = directory
        .db()
        .write(db::unit("enter", unit, |(directory, prepared, now), tx| {
            Box::pin(async move {
                let ground = Ground::routine(Actor::Operator);
                directory.announce_patient(tx, prepared, &ground, *now).await
            })
        }))
        .await;
    entered.unwrap();
    id
}

/// Takes the one notice that is due and lets it leave; answers it.
pub(super) async fn leave(directory: &Directory, now: Timestamp) -> LeasedNotice {
    let mut leased = directory.lease_notices(10, Spooling::Yes, now).await.unwrap();
    assert_eq!(leased.len(), 1, "one notice is due");
    let notice = leased.remove(0);
    directory.settle_notice(&notice, NoticeOutcome::Left, now).await.unwrap();
    notice
}

pub(super) async fn patient(directory: &Directory, id: PatientId) -> Patient {
    let mut tx = directory.db().read().await.unwrap();
    directory.known_patient(&mut tx, id).await.unwrap()
}

pub(super) async fn acts(house: &House, account: AccountId) -> Vec<Act> {
    let mut tx: Tx = house.db.read().await.unwrap();
    let lines = audit::history(&mut tx, Chain::Account(account), None, 50).await.unwrap();
    lines.into_iter().rev().filter_map(|line| Some(line.line?.act)).collect()
}

pub(super) fn identity(number: &str, born: jiff::civil::Date, code: &str) -> Identity {
    Identity { ins: ins(number), birth_date: Some(born), code: code.to_owned().into() }
}

pub(super) fn rules() -> ProfileRules {
    ProfileRules { terms: "Les conditions.".to_owned(), ..ProfileRules::default() }
}

pub(super) const OCTAVIE_BORN: jiff::civil::Date = jiff::civil::date(1958, 7, 3);
