//! The demonstration starts, does what its story says, stops quickly and starts again.

use super::{Demo, PATIENTS, PROFESSIONALS, Ports};
use crate::control::Proof;
use directory::{CheckedCode, Resolved};
use names::Address;
use std::time::{Duration, Instant};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_the_story_promises_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), Ports::Free).await.unwrap();
    let relay = demo.server().house().relay().clone();
    let now = relay.now();
    for person in PROFESSIONALS {
        let login =
            relay.directory().verify_login(&address(person.address), person.password, now).await.unwrap();
        assert!(login.is_some(), "{} cannot sign in", person.who);
    }
    for patient in PATIENTS {
        let found = relay.directory().resolve(&[address(patient.address)], now).await.unwrap().remove(0);
        let Resolved::Patient(found) = found else { panic!("{} is unknown: {found:?}", patient.who) };
        let named = patient.who.split(',').next().unwrap();
        assert_eq!(found.display_name, named);
        if let Some((login, password)) = patient.sign_in {
            let started = relay.directory().start_sign_in(login, password, now).await.unwrap();
            let code = started.code.expect("a right password sends a code").code;
            let checked = relay.directory().check_code(&started.pending.token, &code, now).await.unwrap();
            assert!(matches!(checked, CheckedCode::SignedIn(_)), "{login}");
        }
    }
    let story = demo.story();
    for words in ["curl --ssl-reqd", "--upload-file", "/boite-exterieure", "imaps://localhost:", demo.web()] {
        assert!(story.contains(words), "{words}: {story}");
    }
    let question = crate::control::Question::Admin(admin::Command::Accounts);
    let config = crate::config::Config::load(&demo.config()).unwrap();
    let told = crate::control::ask(&config.server.data, &question, drop).await.unwrap();
    assert!(matches!(told, crate::control::Reached::Server { done: true, .. }), "{told:?}");
    let sample = std::fs::read_to_string(demo.folder().join("lettre.eml")).unwrap();
    assert!(sample.contains("application/pdf") && sample.contains("\r\n\r\n"));
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn first_letters_are_there_once_their_notices_leave_and_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), Ports::Free).await.unwrap();
    let waiting = Instant::now();
    while demo.outside().len() < 2 {
        assert!(
            waiting.elapsed() < Duration::from_secs(20),
            "the notices did not leave: {:?}",
            demo.outside()
        );
        tokio::task::yield_now().await;
    }
    let left = demo.outside();
    let told: Vec<&str> = left.iter().map(|mail| mail.to.as_str()).collect();
    assert!(
        told.contains(&"claire.moreau@courriel.example") && told.contains(&"jean.petit@courriel.example")
    );
    for canary in ["Ferrand", "Lenoir", "cardio", "Compte rendu", "rendez-vous", "Moreau", "285059900010125"]
    {
        for mail in &left {
            assert!(!mail.text.contains(canary) && !mail.subject.contains(canary), "{canary}: {mail:?}");
        }
    }
    let doctor = address("marie.lenoir@cabinet-lilas.mssante.example");
    let letters = async |demo: &mut Demo| {
        let relay = demo.server().house().relay().clone();
        let mailbox = relay.directory().mailbox(&doctor).await.unwrap().unwrap();
        let inbox = relay.mailstore().role_folder_of(mailbox.account, mailstore::Role::Inbox).await.unwrap();
        relay.mailstore().all_entries(mailbox.account, inbox.id).await.unwrap().len()
    };
    assert_eq!(letters(&mut demo).await, 1);
    let (progress, mut heard) = tokio::sync::mpsc::channel(1);
    let listen = async { while heard.recv().await.is_some() {} };
    let proved = crate::cmd::verify::prove(demo.server().house(), Proof::Contents, progress);
    let (proved, ()) = tokio::join!(proved, listen);
    assert_eq!(
        proved.unwrap(),
        crate::control::Told::done("3 bodies, 0 of them in blobs; 15 accounts.\nAll of it holds.\n")
    );

    let began = Instant::now();
    demo.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());

    let mut again = loop {
        match Demo::start(folder.path(), Ports::Free).await {
            Ok(demo) => break demo,
            Err(error) if error.is::<crate::assembly::HoldError>() => tokio::task::yield_now().await,
            Err(error) => panic!("{error:#}"),
        }
    };
    assert_eq!(letters(&mut again).await, 1, "the first letters were written twice");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_patient_answers_as_the_story_says_and_why_explains_each_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), Ports::Free).await.unwrap();
    let relay = demo.server().house().relay().clone();
    let config = crate::config::Config::load(&demo.config()).unwrap();
    let mut refused = Vec::new();
    for patient in PATIENTS {
        let Err(reply) = super::letters::said_of(&relay, patient.address).await else { continue };
        let reply = reply.to_string();
        let queue = reply.rsplit("ref ").next().unwrap().trim().to_owned();
        let question =
            crate::control::Question::Admin(admin::Command::Why { queue, reason: admin::why::Reason::Check });
        let told = crate::control::ask(&config.server.data, &question, drop).await.unwrap();
        let crate::control::Reached::Server { text, done: true } = told else { panic!("{reply}: {told:?}") };
        let rule = reply.split(['[', ']']).nth(1).unwrap().to_owned();
        assert!(text.contains(&format!("rule       {rule}")) && text.contains(patient.address), "{text}");
        refused.push((patient.who.split(", ").last().unwrap(), rule));
    }
    let expected = [
        ("seulement annoncé", "patient.announced"),
        ("opposée", "patient.opposed"),
        ("espace fermé", "patient.closed"),
    ];
    assert_eq!(refused, expected.map(|(who, rule)| (who, rule.to_owned())));
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_replaced_by_a_free_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().port();
    let listeners = super::bind(Ports::From(taken - 587)).unwrap().addresses();
    let submission = listeners.submission_starttls.unwrap();
    assert_ne!(submission.port(), taken);
    assert!(submission.ip().is_loopback());
}
