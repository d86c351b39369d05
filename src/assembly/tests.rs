//! A whole server starts, stops, starts again, and keeps a second one away.

use crate::assembly::HoldError;
use crate::testing::{grounds, now};
use audit::{Act, Actor, Chain};
use db::Engine;
use names::Domain;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_opens_its_doors_greets_stops_and_starts_again_on_both_engines() {
    for ground in grounds() {
        let server = ground.server().await;
        let addresses = *server.addresses();
        for (door, address, greeting) in [
            ("submission", addresses.submission_starttls, "220 mail.pli.example"),
            ("imap", addresses.imap_starttls, "* OK"),
        ] {
            let mut client = BufReader::new(TcpStream::connect(address.unwrap()).await.unwrap());
            let mut line = String::new();
            client.read_line(&mut line).await.unwrap();
            assert!(line.starts_with(greeting), "{}, {door}: {line}", ground.engine);
        }
        let began = Instant::now();
        server.stop().await;
        assert!(began.elapsed() < Duration::from_secs(3), "{}: {:?}", ground.engine, began.elapsed());
        assert!(TcpStream::connect(addresses.imap_implicit.unwrap()).await.is_err());
        for log in ["pli.db-wal", "keys/keys.db-wal"] {
            let left = std::fs::metadata(ground.config.server.data.join(log)).map_or(0, |log| log.len());
            assert_eq!(left, 0, "{}: {log}: the file alone is not whole", ground.engine);
        }

        let house = ground.house_again().await;
        let expected = if ground.engine == "SQLite" { Engine::Sqlite } else { Engine::Postgres };
        assert_eq!(house.data.engine(), expected);
        let mut tx = house.data.read().await.unwrap();
        let lines = audit::history(&mut tx, Chain::System, None, 5).await.unwrap();
        let acts: Vec<Act> = lines.into_iter().filter_map(|line| Some(line.line?.act)).collect();
        assert_eq!(acts, [Act::Stopped, Act::Started], "{}", ground.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_folder_is_refused_and_the_first_goes_on() {
    for ground in grounds() {
        let server = ground.server().await;
        let error = ground.house().await.err().unwrap();
        assert!(error.is::<HoldError>(), "{}: {error:#}", ground.engine);
        assert!(TcpStream::connect(server.addresses().imap_implicit.unwrap()).await.is_ok());
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domains_of_the_configuration_stand_on_the_list() {
    for mut ground in grounds() {
        let patients = Domain::parse("patient.example").unwrap();
        ground.config.server.patient_domain = Some(patients.clone());
        let house = ground.house().await.unwrap();
        let listed = house.relay().directory().patient_domain().await.unwrap();
        assert_eq!(listed, Some(patients), "{}", ground.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_shows_the_new_certificate_and_keeps_the_old_one_when_the_new_is_broken() {
    let ground = crate::testing::ground();
    let server = ground.server().await;
    let serial = || server.control.identity().current()[0].serial.clone();
    let first = serial();
    let tls = ground.folder.path().join("tls");
    let authority = certs::Authority::open(&tls, &["mail.pli.example"], now()).unwrap().0;
    let (chain, key) = (&ground.config.tls.chain, &ground.config.tls.key);
    authority.server(&["mail.pli.example"], now()).unwrap().write(chain, key).unwrap();
    server.reload().await.unwrap();
    let second = serial();
    assert_ne!(first, second);
    std::fs::write(chain, "no certificate").unwrap();
    assert!(server.reload().await.is_err());
    assert_eq!(serial(), second);
    let mut tx = server.house().data.read().await.unwrap();
    let last = audit::history(&mut tx, Chain::System, None, 1).await.unwrap().remove(0).line.unwrap();
    assert_eq!((last.act, last.actor), (Act::Reloaded, Actor::Operator));
    drop(tx);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_master_keys_a_server_does_not_start_and_makes_nothing() {
    let ground = crate::testing::ground();
    std::fs::remove_file(&ground.config.server.master_keys).unwrap();
    let error = format!("{:#}", ground.house().await.err().unwrap());
    assert!(error.contains("restore the file"), "{error}");
    assert_eq!(std::fs::read_dir(&ground.config.server.data).unwrap().count(), 0);
}
