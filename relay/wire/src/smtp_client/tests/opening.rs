//! Until the first letter: greeting, EHLO, STARTTLS, EHLO; and what goes wrong there.

use super::{BYE, Stage, converse, letter, opened, play};
use crate::smtp_client::tests::Cut;
use crate::smtp_client::{Failure, Size};
use crate::{Input, LinkFault, TlsFacts, TlsFault};

#[test]
fn a_session_without_letters_says_hello_twice_and_goodbye() {
    converse("no letter", &[], &(opened("PIPELINING") + BYE), &["closed"]);
}

/// RFC 3207 §4.2: what was offered in clear is forgotten.
#[test]
fn what_was_offered_in_clear_counts_for_nothing() {
    let mut stage = Stage::new(&[]);
    stage.input(Input::Open(None));
    play(&mut stage, &(opened("SIZE 1000") + BYE), Cut::Nowhere);
    assert_eq!((stage.handshakes, stage.ready.len()), (1, 1));
    assert!(!stage.ready[0].pipelining, "it was offered before the handshake only");
    assert_eq!(stage.ready[0].size, Some(Size::Octets(1000)));
    assert_eq!(stage.ready[0].name, "eux.example");
}

#[test]
fn with_tls_from_the_first_byte_there_is_no_starttls() {
    let mut stage = Stage::new(&[]);
    stage.input(Input::Open(Some(TlsFacts::default())));
    let text = "S: 220 eux.example
        C: EHLO mx.nous.example
        S: 250-eux.example
        S: 250 STARTTLS
        C: QUIT
        S: 221 bye";
    play(&mut stage, text, Cut::Nowhere);
    assert_eq!((stage.handshakes, stage.story()), (0, vec!["closed".to_owned()]));
}

#[test]
fn a_letter_never_goes_where_the_opening_fails() {
    for (case, text, story) in [
        (
            "closed for repairs",
            "S: 554 5.3.2 no mail here today\nC: QUIT\nS: 221 bye",
            "failed: the greeting was 554 5.3.2 no mail here today",
        ),
        ("full", "S: 421 4.7.0 too many", "failed: the greeting was 421 4.7.0 too many"),
        (
            "several lines",
            "S: 450-wait\nS: 450 a moment\nC: QUIT\nS: 221 x",
            "failed: the greeting was 450 wait a moment",
        ),
        (
            "no EHLO, and no HELO from us",
            "S: 220 x\nC: EHLO mx.nous.example\nS: 502 what?\nC: QUIT\nS: 221 x",
            "failed: EHLO was answered 502 what?",
        ),
        (
            "no STARTTLS",
            "S: 220 x\nC: EHLO mx.nous.example\nS: 250-x\nS: 250 SIZE\nC: QUIT\nS: 221 x",
            "failed: the peer offers no STARTTLS",
        ),
        (
            "STARTTLS refused",
            "S: 220 x\nC: EHLO mx.nous.example\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 later\nC: QUIT\nS: 221 x",
            "failed: STARTTLS was answered 454 later",
        ),
        (
            "STARTTLS and another 2yz",
            "S: 220 x\nC: EHLO mx.nous.example\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 250 fine\nC: QUIT\nS: 221 x",
            "failed: STARTTLS was answered 250 fine",
        ),
        ("not SMTP", "S: SSH-2.0-x", "failed: after the greeting: a line that is no reply"),
        (
            "two codes in one reply",
            "S: 220 x\nC: EHLO mx.nous.example\nS: 250-x\nS: 220 STARTTLS",
            "failed: after EHLO: a reply whose lines have different codes",
        ),
        ("a bare LF", "S: 220 x<LF>250 y", "failed: after the greeting: a CR, LF or NUL alone in a reply"),
        ("gone before the greeting", "<GONE>", "failed: the connection broke after the greeting"),
        (
            "gone after EHLO",
            "S: 220 x\nC: EHLO mx.nous.example\n<GONE>",
            "failed: the connection broke after EHLO",
        ),
        ("no greeting", "<SILENCE>", "failed: no answer in time after the greeting"),
        (
            "half a greeting",
            "S: 220-x\n<AFTER 300>\n<SILENCE>",
            "failed: no answer in time after the greeting",
        ),
        ("we stop", "<STOPPING>", "failed: this house is closing"),
        (
            "we stop after EHLO",
            "S: 220 x\nC: EHLO mx.nous.example\n<STOPPING>\nC: QUIT\nS: 250 x\n",
            "failed: this house is closing",
        ),
    ] {
        converse(case, &[letter(&["a"])], text, &[story, "closed"]);
    }
}

/// RELIABILITY T-02: whatever lies unread when the handshake is due was put there by somebody else.
#[test]
fn words_before_the_handshake_end_the_session() {
    let begin = "220 x\r\n";
    for (case, replies) in [
        ("after 220", vec![begin, "250-x\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"]),
        ("half a line after 220", vec![begin, "250-x\r\n250 STARTTLS\r\n", "220 go\r\n2"]),
        ("after EHLO's answer", vec![begin, "250-x\r\n250 STARTTLS\r\n220 go\r\n"]),
    ] {
        let mut stage = Stage::new(&[letter(&["a"])]);
        stage.input(Input::Open(None));
        for reply in replies {
            stage.say(reply.as_bytes(), Cut::Nowhere);
        }
        assert_eq!(stage.failed, [Failure::Injected], "{case}");
        assert_eq!(stage.failed[0].status(), (4, 7, 5), "{case}");
        assert_eq!((stage.handshakes, stage.closed), (0, true), "{case}");
    }
    let mut stage = Stage::new(&[letter(&["a"])]);
    stage.tls_succeeds = false; // it goes on
    stage.input(Input::Open(None));
    for reply in [begin, "250-x\r\n250 STARTTLS\r\n", "220 go\r\n", "250 injected\r\n"] {
        stage.say(reply.as_bytes(), Cut::Nowhere);
    }
    assert_eq!((&stage.failed[..], stage.closed), (&[Failure::Injected][..], true), "in the handshake");
}

#[test]
fn without_a_connection_or_tls_the_world_hears_why() {
    for fault in [LinkFault::Refused, LinkFault::NoAnswer] {
        let mut stage = Stage::new(&[letter(&["a"])]);
        stage.input(Input::Failed(fault.clone()));
        assert_eq!((&stage.failed[..], stage.closed), (&[Failure::Link(fault)][..], true));
        assert_eq!(stage.failed[0].status(), (4, 4, 1));
    }
    let mut stage = Stage::new(&[letter(&["a"])]);
    stage.tls_succeeds = false;
    stage.input(Input::Open(None));
    for reply in ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n"] {
        stage.say(reply.as_bytes(), Cut::Nowhere);
    }
    stage.input(Input::Failed(LinkFault::Tls(TlsFault::Revoked)));
    assert_eq!(stage.failed, [Failure::Link(LinkFault::Tls(TlsFault::Revoked))]);
    assert_eq!(stage.failed[0].to_string(), "no TLS: the peer's certificate is revoked");
    assert_eq!(stage.failed[0].status(), (4, 7, 5));
}

#[test]
fn replies_are_read_as_servers_write_them() {
    use crate::smtp_client::reply::Replies;
    for (case, wire, code, enhanced, text) in [
        ("plain", "250 2.1.5 recipient OK\r\n", 250, Some((2, 1, 5)), "recipient OK"),
        ("no enhanced code", "250 recipient OK\r\n", 250, None, "recipient OK"),
        ("nothing but the code", "250\r\n", 250, None, ""),
        ("a blank and no words", "250 \r\n", 250, None, ""),
        ("no blank", "250OK\r\n", 250, None, "OK"),
        (
            "several lines",
            "550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 person\r\n",
            550,
            Some((5, 1, 1)),
            "no\nsuch\nperson",
        ),
        ("forgotten on some lines", "550-5.1.1 no\r\n550 such\r\n", 550, Some((5, 1, 1)), "no\nsuch"),
        ("empty lines", "250-\r\n250-a\r\n250 \r\n", 250, None, "\na\n"),
        ("a code of another class", "550 2.1.5 hm\r\n", 550, None, "2.1.5 hm"),
        ("only the enhanced code", "452 4.5.3\r\n", 452, Some((4, 5, 3)), ""),
        ("an address that looks like one", "250 5.1.1.example\r\n", 250, None, "5.1.1.example"),
        ("not ASCII", "550 5.7.1 refus\u{e9}\u{7}\r\n", 550, Some((5, 7, 1)), "refus??"),
    ] {
        for cut in 0..wire.len() {
            let mut replies = Replies::default();
            replies.push(&wire.as_bytes()[..cut]);
            assert_eq!(replies.next(), Ok(None), "{case}");
            replies.push(&wire.as_bytes()[cut..]);
            let reply = replies.next().unwrap().unwrap();
            assert_eq!((reply.code(), reply.enhanced(), reply.text()), (code, enhanced, text), "{case}");
            assert!(replies.is_empty(), "{case}");
        }
    }
}

#[test]
fn endless_replies_are_not_listened_to() {
    use crate::smtp_client::ReplyFault;
    use crate::smtp_client::reply::Replies;
    for (case, wire) in [
        ("a line", "2".repeat(100_000)),
        ("a long line", format!("250 {}\r\n", "x".repeat(3_000))),
        ("lines", "250-x\r\n".repeat(1_000)),
        ("octets", format!("250-{}\r\n", "x".repeat(2_000)).repeat(10)),
    ] {
        let mut replies = Replies::default();
        replies.push(wire.as_bytes());
        assert_eq!(replies.next(), Err(ReplyFault::TooLong), "{case}");
    }
}
