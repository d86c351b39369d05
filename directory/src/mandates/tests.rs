use names::DAY;

use super::*;
use crate::testing::{CHILD, House, NOW, houses, read};
use crate::{ProfileEvent, Traits};

async fn names_at(house: &House, now: Timestamp) -> Vec<(String, Relation)> {
    let mother = house.mother().await;
    let profiles = house.directory.profiles_of(mother, now).await.unwrap();
    profiles.into_iter().map(|profile| (profile.display_name, profile.relation)).collect()
}

fn instant(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[tokio::test]
async fn a_mother_opens_her_own_profile_first_then_those_she_acts_for() {
    for house in houses().await {
        let want = [
            ("Zélie Quintard", Relation::Own),
            ("Anselme Ouvrardin", Relation::Helper),
            ("Timothélan Quintard", Relation::LegalRepresentative),
        ];
        let want: Vec<_> = want.map(|(name, relation)| (name.to_owned(), relation)).into();
        assert_eq!(names_at(&house, NOW).await, want, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_parents_mandate_ends_at_midnight_of_the_eighteenth_birthday_in_the_childs_zone() {
    for house in houses().await {
        // Born on 23 April 2018; in Paris, summer time, that midnight is 22:00 UTC the day before.
        let child = "Timothélan Quintard".to_owned();
        let last = instant("2036-04-22T21:59:59.999Z");
        assert!(names_at(&house, last).await.iter().any(|(name, _)| *name == child), "{}", house.engine);
        assert!(
            !names_at(&house, last.plus(1)).await.iter().any(|(name, _)| *name == child),
            "{}",
            house.engine
        );
        assert_eq!(names_at(&house, last.plus(1)).await.len(), 2, "the helper's mandate goes on");
    }
}

#[tokio::test]
async fn mandates_hold_only_between_their_dates_and_while_the_profile_is_open() {
    for house in houses().await {
        let dated = "[[mandates]]\nlogin = \"zelie.quintard\"\npatient = \"152039900030303\"\n\
            relation = \"helper\"\nfrom = 2026-11-25T00:00:00Z\nuntil = 2026-11-30T00:00:00Z\n";
        house.directory.import(read(dated), NOW).await.unwrap();
        let from = instant("2026-11-25T00:00:00Z");
        for (case, now, want) in [
            ("before", from.plus(-1), false),
            ("first instant", from, true),
            ("last instant", from.plus(5 * DAY - 1), true),
            ("after", from.plus(5 * DAY), false),
        ] {
            let held = names_at(&house, now).await.iter().any(|(_, relation)| *relation == Relation::Helper);
            assert_eq!(held, want, "{}: {case}", house.engine);
        }
        let child = house.patient_id(CHILD).await;
        house
            .directory
            .change_profile(child, ProfileEvent::Closed, audit::Actor::Operator, NOW)
            .await
            .unwrap();
        assert_eq!(names_at(&house, NOW).await.len(), 1, "{}: a closed profile is not opened", house.engine);
    }
}

#[test]
fn birthdays_of_the_twenty_ninth_of_february_and_of_other_zones() {
    let patient = |birth: &str, zone: &str| Patient {
        id: PatientId(1),
        account: AccountId(1),
        traits: Traits {
            ins: names::Ins::parse(CHILD).unwrap(),
            birth_name: "X".to_owned(),
            used_name: None,
            given_names: vec!["Y".to_owned()],
            used_given_name: None,
            birth_date: birth.parse().unwrap(),
            birth_place: None,
            sex: crate::Sex::Undetermined,
            email: None,
            phone: None,
            postal: Vec::new(),
        },
        life: crate::ProfileLife::created(NOW),
        time_zone: zone.to_owned(),
    };
    for (birth, zone, want) in [
        ("2008-02-29", "Europe/Paris", "2026-02-27T23:00:00Z"),
        ("2008-11-22", "Europe/Paris", "2026-11-21T23:00:00Z"),
        ("2008-11-22", "Indian/Reunion", "2026-11-21T20:00:00Z"),
        ("2008-11-22", "America/Martinique", "2026-11-22T04:00:00Z"),
        ("2008-11-22", "Nowhere/Atall", "2026-11-22T00:00:00Z"),
    ] {
        assert_eq!(patient(birth, zone).birthday(18), instant(want), "{birth} {zone}");
    }
}
