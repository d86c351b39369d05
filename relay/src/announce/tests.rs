//! An announcement leaves by mail or as a letter that a reader of PDF can read.

use super::{Announcer, Spool};
use crate::alerts::Channels;
use crate::alerts::tests::{Outside, email, open_outside};
use crate::testing::{House, NOON, houses};
use audit::Actor;
use directory::{Directory, Entrance, Ground, ProfileRules, Sex, Traits};
use names::{Clock, DAY, HOUR, Ins, PatientId, ProfileState, Timestamp};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn octavie(email: Option<&str>) -> Traits {
    Traits {
        ins: Ins::from_matricule("1580799000911").unwrap(),
        birth_name: "Brindavoine".to_owned(),
        used_name: Some("Lefèvre-Noël".to_owned()),
        given_names: vec!["Octavie".to_owned()],
        used_given_name: None,
        birth_date: jiff::civil::date(1958, 7, 3),
        birth_place: None,
        sex: Sex::Female,
        email: email.map(str::to_owned),
        phone: None,
        postal: vec!["12 rue des Écoles".to_owned(), "99100 Valmont-sur-Orge".to_owned()],
    }
}

fn rules() -> ProfileRules {
    ProfileRules {
        origin: "https://espace.example".to_owned(),
        support_phone: "09 99 00 99 00".to_owned(),
        sender: "Caisse de Valmont".to_owned(),
        sender_address: vec!["BP 7, 99100 Valmont".to_owned()],
        ..ProfileRules::default()
    }
}

async fn enter(house: &House, directory: &Directory, traits: Traits, entrance: Entrance) -> PatientId {
    let prepared = directory.prepare_patient(traits, "Europe/Paris".to_owned(), entrance, NOON);
    let id = prepared.patient();
    let unit = (directory.clone(), prepared);
    let entered: Result<(), directory::Error> = house
        .data
        .write(db::unit("enter", unit, |(directory, prepared), tx| {
            Box::pin(async move {
                directory.announce_patient(tx, prepared, &Ground::routine(Actor::Operator), NOON).await
            })
        }))
        .await;
    entered.unwrap();
    id
}

fn announcer(house: &House, directory: &Directory, channels: Channels, spool: Option<&Path>) -> Announcer {
    let clock = Arc::clone(&house.clock);
    let clock = Clock::new(move || Timestamp(clock.load(Ordering::SeqCst)));
    let spool = spool.map(|folder| Spool::open(folder).unwrap());
    Announcer::new((*house.data).clone(), directory.clone(), channels, spool, clock)
}

async fn state(
    house: &House,
    directory: &Directory,
    id: PatientId,
    now: Timestamp,
) -> (ProfileState, Option<Timestamp>) {
    let mut tx = house.data.read().await.unwrap();
    let life = directory.patients_in(&mut tx, &[id]).await.unwrap().remove(0).life;
    (life.state(now), life.due)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_leaves_by_mail_with_its_code_and_its_last_day() {
    for house in houses().await {
        let outside = Outside::default();
        let (port, root, _stop) = open_outside(&outside);
        let directory = house.relay.directory().clone().under(rules());
        let id =
            enter(&house, &directory, octavie(Some("octavie@courriel.example")), Entrance::Announced).await;
        let channels = Channels::new(Some(email(port, root, "localhost")), None);
        let worker = announcer(&house, &directory, channels, None);
        worker.work_once().await.unwrap();
        worker.work_once().await.unwrap();
        let letters = outside.letters.lock().unwrap().clone();
        let [letter] = &letters[..] else { panic!("{}: {} left", house.engine, letters.len()) };
        let body = letter.split_once("\r\n\r\n").unwrap().1.replace("=\r\n", "");
        assert!(letter.starts_with("To-envelope: octavie@courriel.example"), "{letter}");
        for words in
            ["https://espace.example/activation", "3 janvier 2027", "09 99 00 99 00", "Caisse de Valmont"]
        {
            assert!(body.contains(words), "{}: no {words} in {body}", house.engine);
        }
        for secret in ["Octavie", "Brindavoine", "158079"] {
            assert!(!letter.contains(secret), "{}: the mail says {secret}", house.engine);
        }
        let code: String = body.split("code : ").nth(1).unwrap().lines().next().unwrap().replace(' ', "");
        let asked = directory::Identity {
            ins: octavie(None).ins,
            birth_date: Some(octavie(None).birth_date),
            code: code.trim().to_owned().into(),
        };
        assert!(directory.identify(&asked, NOON).await.unwrap().is_some(), "{}: {code}", house.engine);
        let now = Timestamp(house.clock.load(Ordering::SeqCst));
        assert_eq!(state(&house, &directory, id, now).await.0, ProfileState::Announced);
        assert!(state(&house, &directory, id, now).await.1.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_refuses_for_good_makes_it_a_letter() {
    for house in houses().await {
        let outside = Outside::default();
        outside.refuse.store(550, Ordering::SeqCst);
        let (port, root, _stop) = open_outside(&outside);
        let directory = house.relay.directory().clone().under(rules());
        let id = enter(&house, &directory, octavie(Some("gone@courriel.example")), Entrance::Announced).await;
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("courrier");
        let channels = Channels::new(Some(email(port, root, "localhost")), None);
        announcer(&house, &directory, channels, Some(&spool)).work_once().await.unwrap();
        assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 1, "{}", house.engine);
        let far = NOON.plus(90 * DAY);
        assert_eq!(
            state(&house, &directory, id, far).await,
            (ProfileState::Announced, None),
            "not posted yet"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_it_is_a_letter_that_can_be_read() {
    for house in houses().await {
        let directory = house.relay.directory().clone().under(rules());
        let id = enter(&house, &directory, octavie(None), Entrance::Announced).await;
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("courrier");
        let waits = announcer(&house, &directory, Channels::default(), None);
        waits.work_once().await.unwrap();
        let worker = announcer(&house, &directory, Channels::default(), Some(&spool));
        worker.work_once().await.unwrap();
        let waiting = directory.spooled_letters(10).await.unwrap();
        assert_eq!(waiting.len(), 1, "{}", house.engine);
        let file = spool.join(&waiting[0].file);
        let read = Command::new("pdftotext").args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-").output();
        let text = String::from_utf8(read.expect("scripts/test installs poppler-utils").stdout).unwrap();
        for words in [
            "Octavie Lefèvre-Noël",
            "12 rue des Écoles",
            "Un espace santé va être ouvert à votre nom",
            "C’est un endroit",
            "https://espace.example/activation",
            "09 99 00 99 00",
            "Caisse de Valmont",
        ] {
            assert!(text.contains(words), "{}: no {words} in {text}", house.engine);
        }
        let code = text.lines().map(str::trim).find(|line| {
            let groups: Vec<&str> = line.split(' ').collect();
            groups.len() == 3 && groups.iter().all(|group| group.len() == 4)
        });
        let code = code.unwrap_or_else(|| panic!("no code in {text}")).replace(' ', "");
        let asked = directory::Identity {
            ins: octavie(None).ins,
            birth_date: Some(octavie(None).birth_date),
            code: code.into(),
        };
        let now = Timestamp(house.clock.load(Ordering::SeqCst));
        assert!(directory.identify(&asked, now).await.unwrap().is_some(), "{}", house.engine);
        let posted = now.plus(HOUR);
        let ground = Ground::routine(Actor::Operator);
        let done = directory.letters_posted(&[waiting[0].id], &ground, posted).await.unwrap();
        Spool::open(&spool).unwrap().remove(&done[0].file).unwrap();
        assert!(!file.exists());
        assert_eq!(
            state(&house, &directory, id, posted).await.1,
            Some(posted.plus(42 * DAY)),
            "{}",
            house.engine
        );
    }
}

#[test]
fn every_kind_has_its_words_and_no_place_is_left_open() {
    for text in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("texts")).unwrap() {
        let path = text.unwrap().path();
        // Letters about mailboxes of the trade are filled elsewhere, and tested there.
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("boite-")) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for place in text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            let known = ["origine", "code", "jusquau", "avant", "telephone", "emetteur", "appareil"];
            assert!(known.contains(&place), "{}: {{{place}}}", path.display());
        }
    }
}
