//! STARTTLS injection (RELIABILITY T-01): what was said in clear is not heard in secret.

use crate::people::{MARIE, PAUL};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kit::{Engine, House, Socket};

#[test]
fn commands_behind_starttls_are_never_carried_out() {
    let house = House::open(Engine::Sqlite);
    let plain = BASE64_STANDARD.encode(format!("\0{}\0{}", MARIE.address, MARIE.password));
    let whole = format!(
        "EHLO x.example\r\nAUTH PLAIN {plain}\r\nMAIL FROM:<{}>\r\nRCPT TO:<{}>\r\nDATA\r\n\
         From: <{0}>\r\nSubject: Injected\r\n\r\nInjected\r\n.\r\n",
        MARIE.address, PAUL.address
    );
    for (case, behind) in [
        ("one command", "NOOP\r\n"),
        ("half a command", "NO"),
        ("one octet", "\n"),
        ("a sign-in and a letter", whole.as_str()),
    ] {
        let mut socket = house.clear(house.ports.submission).unwrap();
        greet(&mut socket, "220 ");
        socket.send(b"EHLO stories.example\r\n").unwrap();
        until_last(&mut socket, "250 ");
        socket.send(format!("STARTTLS\r\n{behind}").as_bytes()).unwrap();
        let said = String::from_utf8(socket.rest().unwrap()).unwrap();
        assert!(
            said.starts_with("554 5.7.0 ") && said.matches("\r\n").count() == 1,
            "SMTP, {case}: {said:?}"
        );
    }
    for (case, behind) in [
        ("one command", "b NOOP\r\n".to_owned()),
        ("half a command", "b".to_owned()),
        ("a sign-in", format!("b LOGIN {} {}\r\nc SELECT INBOX\r\n", MARIE.address, MARIE.password)),
    ] {
        let mut socket = house.clear(house.ports.imap).unwrap();
        greet(&mut socket, "* OK");
        socket.send(format!("a STARTTLS\r\n{behind}").as_bytes()).unwrap();
        let said = String::from_utf8(socket.rest().unwrap()).unwrap();
        assert!(said.starts_with("* BYE ") && said.matches("\r\n").count() == 1, "IMAP, {case}: {said:?}");
    }
    let mut reader = house.reader(PAUL.address, PAUL.password).unwrap();
    assert_eq!(reader.letters().unwrap(), Vec::<Vec<u8>>::new(), "something injected was delivered");
}

/// Sent in a packet of their own they are no TLS handshake either.
#[test]
fn clear_words_in_the_place_of_the_handshake_end_the_connection() {
    let house = House::open(Engine::Sqlite);
    let mut socket = house.clear(house.ports.submission).unwrap();
    greet(&mut socket, "220 ");
    socket.send(b"STARTTLS\r\n").unwrap();
    greet(&mut socket, "220 ");
    socket.send(b"NOOP\r\nMAIL FROM:<x@y.example>\r\n").unwrap();
    // A TLS alert may come, text may not.
    let said = socket.rest().unwrap();
    assert!(!said.windows(3).any(|word| word == b"250" || word == b"503" || word == b"530"), "{said:?}");
}

#[test]
fn what_was_said_in_clear_is_forgotten_after_the_handshake() {
    let house = House::open(Engine::Sqlite);
    let mut client = kit::SmtpClient(house.clear(house.ports.submission).unwrap());
    client.answer().unwrap();
    let hello = client.expect("EHLO clear.example", 250).unwrap();
    assert!(hello.text.contains("STARTTLS") && !hello.text.contains("AUTH"), "{}", hello.text);
    client.expect("STARTTLS", 220).unwrap();
    client.0.start_tls().unwrap();
    let early = client.say("MAIL FROM:<x@y.example>").unwrap();
    assert!(matches!(early.code, 503 | 530), "EHLO is owed again: {}", early.text);
    let hello = client.expect("EHLO secret.example", 250).unwrap();
    assert!(
        !hello.text.contains("STARTTLS")
            && hello.text.contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"),
        "{}",
        hello.text
    );
}

fn greet(socket: &mut Socket, start: &str) {
    let line = String::from_utf8(socket.line().unwrap()).unwrap();
    assert!(line.starts_with(start), "{line}");
}

fn until_last(socket: &mut Socket, last: &str) {
    while !socket.line().unwrap().starts_with(last.as_bytes()) {}
}
