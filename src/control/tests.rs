//! Commands over the socket and without it say the same; strangers and broken clients are turned away.

use super::{Proof, Question, Reached, Told, VERSION, answer, ask, frames, socket};
use crate::assembly;
use crate::testing::{Ground, ground, grounds};
use admin::{Command, Import, SeedText};
use std::os::unix::fs::PermissionsExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

fn import() -> Question {
    let files = vec![SeedText { name: "people.toml".to_owned(), text: crate::demo::PEOPLE.to_owned() }];
    Question::Admin(Command::Import { files, how: Import::Apply })
}

async fn asked(ground: &Ground, question: &Question) -> (String, bool) {
    match ask(&ground.config.server.data, question, drop).await.unwrap() {
        Reached::Server { text, done } => (text, done),
        Reached::Nobody => panic!("no server answers"),
    }
}

async fn directly(ground: &Ground, question: &Question) -> (String, bool) {
    let house = ground.house_again().await;
    let (progress, mut heard) = mpsc::channel(1);
    let listen = async { while heard.recv().await.is_some() {} };
    let checkpoints = assembly::checkpoints(&ground.config);
    match tokio::join!(answer(&house, &checkpoints, question, progress), listen).0 {
        Told::End { text, done } => (text, done),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_the_same_over_the_socket_and_directly_on_both_engines() {
    for ground in grounds() {
        let server = ground.server().await;
        let (text, done) = asked(&ground, &import()).await;
        assert!(done && text.contains("15 new accounts"), "{}: {text}", ground.engine);
        let questions = [
            Question::Admin(Command::Accounts),
            Question::Admin(Command::Why {
                queue: "0000000000000".to_owned(),
                reason: admin::why::Reason::Check,
            }),
            import(),
            Question::Verify(Proof::Contents),
        ];
        let mut by_socket = Vec::new();
        for question in &questions {
            by_socket.push(asked(&ground, question).await);
        }
        server.stop().await;
        let data = &ground.config.server.data;
        assert_eq!(ask(data, &questions[0], drop).await.unwrap(), Reached::Nobody, "{}", ground.engine);
        for (question, said) in questions.iter().zip(by_socket) {
            assert_eq!(directly(&ground, question).await, said, "{}", ground.engine);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_server_is_proved_and_its_trail_signed_and_exported() {
    for ground in grounds() {
        let server = ground.server().await;
        let (text, done) = asked(&ground, &Question::Verify(Proof::Rows)).await;
        assert!(done && text.ends_with("All of it holds.\n"), "{}: {text}", ground.engine);
        asked(&ground, &import()).await;
        let (text, done) = asked(&ground, &Question::Checkpoint).await;
        let file = assembly::checkpoints(&ground.config);
        let exported = std::fs::read_to_string(file).unwrap();
        assert!(done && text.starts_with(exported.lines().last().unwrap()), "{text}\n{exported}");
        let (text, done) = asked(&ground, &Question::Verify(Proof::Contents)).await;
        assert!(done, "{}: {text}", ground.engine);
        let (text, done) = asked(&ground, &Question::Reload).await;
        assert!(done && text.contains("mail.pli.example"), "{text}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_finds_what_was_changed_behind_the_servers_back() {
    for ground in grounds() {
        let server = ground.server().await;
        asked(&ground, &import()).await;
        let spoil = db::unit("spoil", (), |(), tx| {
            Box::pin(async move {
                tx.execute(
                    "UPDATE audit_line SET line = line || 'x' WHERE chain = 0 AND seq = 1",
                    db::args![],
                )
                .await?;
                tx.execute(
                    "DELETE FROM folder WHERE account = (SELECT MIN(account) FROM mailbox)",
                    db::args![],
                )
                .await?;
                tx.execute(
                    "DELETE FROM party WHERE account = (SELECT MIN(account) FROM mailbox)",
                    db::args![],
                )
                .await?;
                tx.execute("DELETE FROM account WHERE id = (SELECT MIN(account) FROM mailbox)", db::args![])
                    .await
            })
        });
        server.house().data.write(spoil).await.unwrap();
        let (text, done) = asked(&ground, &Question::Verify(Proof::Rows)).await;
        assert!(!done, "{}: {text}", ground.engine);
        for words in ["line 1 does not follow", "has no place in the store", "findings"] {
            assert!(text.contains(words), "{}, {words}: {text}", ground.engine);
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_the_owners_and_replaces_one_left_behind() {
    let ground = ground();
    let path = socket::path(&ground.config.server.data);
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a killed server leaves its socket");
    let server = ground.server().await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(asked(&ground, &Question::Admin(Command::Accounts)).await.1);
    server.stop().await;
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_told_so_and_broken_clients_harm_nobody() {
    let ground = ground();
    let server = ground.server().await;
    let path = socket::path(&ground.config.server.data);
    let mut other = UnixStream::connect(&path).await.unwrap();
    frames::write(&mut other, &"0.0.0-other").await.unwrap();
    match frames::read(&mut other).await.unwrap() {
        Some(Told::End { text, done: false }) => assert!(text.contains("0.0.0-other"), "{text}"),
        other => panic!("{other:?}"),
    }
    for bytes in [&[0xff_u8; 8][..], &[0, 0, 0, 3, 1], &[0, 0, 0, 1, 9, 0, 0, 0, 2, 0xff, 0xff], &[]] {
        let mut broken = UnixStream::connect(&path).await.unwrap();
        broken.write_all(bytes).await.unwrap();
        broken.shutdown().await.unwrap();
        assert!(frames::read::<Told>(&mut broken).await.map_or(true, |told| told.is_none()), "{bytes:?}");
    }
    assert!(asked(&ground, &Question::Admin(Command::Accounts)).await.1, "{VERSION} still answers");
    server.stop().await;
}
