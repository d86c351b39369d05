//! What operators count on: one server for one folder, certificates renewed under way, quick stops.

use crate::people::{MARIE, PAUL};
use kit::{Engine, House, Letter, Limit, until};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::time::Duration;

#[test]
fn a_second_server_on_the_same_folder_is_refused_on_sqlite() {
    second_server(Engine::Sqlite);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_on_postgresql() {
    second_server(Engine::Postgres);
}

fn second_server(engine: Engine) {
    let house = House::open(engine);
    for _ in 0..3 {
        let ran = house.rival();
        assert_eq!(ran.code, Some(1), "{}", ran.text());
        assert!(ran.err.contains("another server"), "{}", ran.err);
    }
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let letter = Letter::new(MARIE.address, PAUL.address, "Bonjour", "Toujours ouvert.");
    let answer = client.send(MARIE.address, &[PAUL.address], &letter.octets()).unwrap();
    assert_eq!(answer.code, 250, "the first server goes on: {}", answer.text);
}

#[test]
fn a_new_certificate_is_shown_to_the_next_connection_and_no_session_is_dropped() {
    let house = House::open(Engine::Sqlite);
    let doors = [house.ports.submissions, house.ports.imaps, house.ports.web];
    let shown = || doors.map(|port| house.secure(port).unwrap().shown().unwrap());
    let first = shown();
    let mut session = house.sender(MARIE.address, MARIE.password).unwrap();

    house.renew_certificate();
    assert_eq!(shown(), first, "nobody has been told yet");
    house.pli("admin", &["reload"]).ok();
    let second = shown();
    for (door, (old, new)) in doors.iter().zip(first.iter().zip(&second)) {
        assert_ne!(old, new, "door {door} shows the old certificate");
    }

    house.renew_certificate();
    house.signal("HUP");
    let third = until(Limit(Duration::from_secs(30), "the certificate read at SIGHUP"), || {
        Some(shown()).filter(|shown| shown.iter().zip(&second).all(|(new, old)| new != old))
    });

    house.spoil_certificate();
    let ran = house.pli("admin", &["reload"]);
    assert_eq!(ran.code, Some(1), "a certificate that is none was taken: {}", ran.text());
    assert_eq!(shown(), third, "the old certificate stays");
    assert_eq!(session.say("NOOP").unwrap().code, 250, "the session from before all this goes on");
}

#[test]
fn the_server_stops_within_two_seconds_and_says_goodbye() {
    let mut house = House::open(Engine::Sqlite);
    for signal in ["TERM", "INT"] {
        let mut writing = house.sender(MARIE.address, MARIE.password).unwrap();
        let mut reading = house.reader(PAUL.address, PAUL.password).unwrap();
        let mut idling = house.reader(PAUL.address, PAUL.password).unwrap();
        idling.socket.send(b"i IDLE\r\n").unwrap();
        assert!(idling.whole_line().unwrap().line.starts_with('+'));
        let browser = house.secure(house.ports.web).unwrap();
        let (time, status) = house.stop(signal);
        assert!(status.success(), "SIG{signal}: {status}");
        assert!(time < Duration::from_secs(2), "SIG{signal}: {time:?}");
        assert_eq!(writing.answer().unwrap().code, 421, "SIG{signal}");
        writing.0.closed().unwrap();
        for reader in [&mut reading, &mut idling] {
            let said = String::from_utf8(reader.socket.rest().unwrap()).unwrap();
            assert!(said.contains("* BYE "), "SIG{signal}: {said}");
        }
        drop(browser);
        house.start();
    }
    house.pli("verify", &[]).ok();
}

#[test]
fn the_data_folder_and_the_control_socket_are_the_operator_s_alone() {
    let house = House::open(Engine::Sqlite);
    let mode = |path: &str| {
        let found = std::fs::metadata(house.path(path)).unwrap();
        (found.permissions().mode() & 0o777, found.file_type())
    };
    let (socket, kind) = mode("data/control.sock");
    assert!(kind.is_socket());
    assert_eq!(socket, 0o600);
    assert_eq!(mode("data").0, 0o700);
    assert_eq!(mode("keys/master.keys").0 & 0o077, 0);
}
