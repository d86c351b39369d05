//! The liar lies as told, and is honest otherwise.

use super::*;
use crate::limits::ANSWER;
use crate::loopback::now;
use crate::socket::{Socket, is_end, trusting};
use certs::Authority;

fn open(script: Script) -> (Liar, Authority) {
    let authority = Authority::new("Racine de test", now()).expect("an authority");
    let issued = authority.server(&["localhost"], now()).expect("a certificate");
    (Liar::open(issued, script), authority)
}

fn talk(socket: &mut Socket, line: &str) -> String {
    socket.send(format!("{line}\r\n").as_bytes()).expect("it listens");
    answer(socket)
}

fn answer(socket: &mut Socket) -> String {
    loop {
        let line = String::from_utf8(socket.line().expect("an answer")).expect("ASCII");
        if line.as_bytes().get(3) != Some(&b'-') {
            return line;
        }
    }
}

fn greeted(liar: &Liar, authority: &Authority) -> Socket {
    let mut socket = Socket::clear(liar.port(), trusting(authority.certificate_pem())).expect("it listens");
    assert_eq!(answer(&mut socket), "220 menteur.example ESMTP");
    assert_eq!(talk(&mut socket, "EHLO x"), "250 STARTTLS");
    assert_eq!(talk(&mut socket, "STARTTLS"), "220 2.0.0 go");
    socket
}

fn secured(liar: &Liar, authority: &Authority) -> Socket {
    let mut socket = greeted(liar, authority);
    socket.start_tls().expect("a handshake");
    assert_eq!(talk(&mut socket, "EHLO x"), "250 DSN");
    socket
}

#[test]
fn without_a_lie_it_is_an_honest_server() {
    let (liar, authority) = open(Script::honest());
    let mut socket = secured(&liar, &authority);
    assert_eq!(talk(&mut socket, "MAIL FROM:<a@x.example> SIZE=3"), "250 2.1.0 ok");
    assert_eq!(talk(&mut socket, "DATA"), "554 5.5.1 nobody");
    assert_eq!(talk(&mut socket, "RCPT TO:<b@x.example>"), "250 2.1.5 ok");
    assert_eq!(talk(&mut socket, "DATA"), "354 go");
    assert_eq!(talk(&mut socket, "Subject: 1\r\n\r\n..dot\r\n."), "250 2.0.0 kept");
    assert_eq!(talk(&mut socket, "QUIT"), "221 2.0.0 bye");
    let kept = liar.kept();
    assert_eq!(
        (kept.len(), kept[0].from.as_str(), &kept[0].to[..]),
        (1, "a@x.example", &["b@x.example".to_owned()][..])
    );
    assert_eq!(kept[0].octets, b"Subject: 1\r\n\r\n.dot\r\n");
    let sessions = liar.sessions();
    assert!(sessions[0].secured && sessions[0].certificate.is_none());
}

#[test]
fn it_lies_where_and_as_often_as_the_script_says() {
    let script = Script::honest()
        .saying(Occasion::Rcpt("nobody"), "550 5.1.1 nobody")
        .times(1, Occasion::Rcpt(""), Lie::Say("450 4.2.1 later".into()))
        .times(1, Occasion::Dot, Lie::Say("452 4.3.1 full".into()));
    let (liar, authority) = open(script);
    let mut socket = secured(&liar, &authority);
    talk(&mut socket, "MAIL FROM:<a@x.example>");
    assert_eq!(talk(&mut socket, "RCPT TO:<nobody@x.example>"), "550 5.1.1 nobody");
    assert_eq!(talk(&mut socket, "RCPT TO:<b@x.example>"), "450 4.2.1 later");
    assert_eq!(talk(&mut socket, "RCPT TO:<b@x.example>"), "250 2.1.5 ok");
    talk(&mut socket, "DATA");
    assert_eq!(talk(&mut socket, "x\r\n."), "452 4.3.1 full");
    assert_eq!(liar.heard()[0].fate, Fate::Refused);
    assert_eq!(liar.heard()[0].caught.to, ["b@x.example"]);
    liar.now(Script::honest().always(Occasion::Mail, Lie::SayAndClose("421 4.3.2 bye".into())));
    assert_eq!(talk(&mut socket, "MAIL FROM:<a@x.example>"), "421 4.3.2 bye");
    socket.closed().expect("it closes");
}

#[test]
fn it_leaves_in_the_middle_and_after_the_end_in_every_way() {
    for (case, lie) in [("closes", Lie::Close), ("breaks", Lie::Break)] {
        for at in [Occasion::Content(10_000), Occasion::Dot] {
            let (liar, authority) = open(Script::honest().always(at.clone(), lie.clone()));
            let mut socket = secured(&liar, &authority);
            for line in ["MAIL FROM:<a@x.example>", "RCPT TO:<b@x.example>", "DATA"] {
                talk(&mut socket, line);
            }
            let mut letter = b"x\r\n".repeat(4_000);
            letter.extend_from_slice(b".\r\n");
            let sent = socket.send(&letter);
            let error = sent.and_then(|()| socket.line()).expect_err("no answer comes");
            assert!(is_end(&error), "{case} {at:?}: {error}");
            until(Limit(ANSWER, "the end of the session"), || liar.sessions()[0].over.then_some(()));
            let fates: Vec<Fate> = liar.heard().iter().map(|heard| heard.fate).collect();
            assert_eq!(fates, if at == Occasion::Dot { vec![Fate::Unanswered] } else { vec![] }, "{case}");
        }
    }
}

#[test]
fn it_lies_around_the_handshake() {
    let (liar, authority) = open(Script::honest().always(Occasion::Handshake, Lie::CloseOnLongHello));
    let mut socket = greeted(&liar, &authority);
    assert!(socket.start_tls().is_err(), "our ClientHello holds a post-quantum key share");

    let stranger = Authority::new("Une autre", now()).expect("an authority");
    let issued = stranger.server(&["localhost"], now()).expect("a certificate");
    liar.now(Script::honest().always(Occasion::Handshake, Lie::Certificate(Arc::new(issued))));
    let mut socket = greeted(&liar, &authority);
    assert!(socket.start_tls().expect_err("of nobody we know").to_string().contains("UnknownIssuer"));

    liar.now(Script::honest().demanding(stranger.certificate_pem()));
    let mut socket = greeted(&liar, &authority);
    // TLS 1.3: the refusal comes after our own handshake is done.
    let refused = socket.start_tls().and_then(|()| socket.send(b"EHLO x\r\n")).and_then(|()| socket.line());
    assert!(refused.is_err());

    liar.now(Script::honest().saying(Occasion::StartTls, "220 2.0.0 go\r\n250 injected"));
    let mut socket = Socket::clear(liar.port(), trusting(authority.certificate_pem())).expect("it listens");
    answer(&mut socket);
    talk(&mut socket, "EHLO x");
    assert_eq!(talk(&mut socket, "STARTTLS"), "220 2.0.0 go");
    assert_eq!(answer(&mut socket), "250 injected");
    assert!(liar.sessions().iter().all(|session| !session.secured));
}
