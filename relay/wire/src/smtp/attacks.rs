//! The attacks of RELIABILITY §2.1 that a machine alone must withstand. S-01 and S-03 are in
//! `proofs.rs` and `chunk_proofs.rs`, S-16 in both.

use super::session::{ENVELOPE, Session};
use super::stage::SmtpStage;
use super::{Config, Role};
use crate::sasl::Mechanism;
use crate::transcript::{Stage, tls_facts};
use crate::{Action, Actions, Input, Machine};
use names::{Address, Timestamp};
use proptest::prelude::*;

/// The door of other operators, as its operator might misconfigure it.
fn mx() -> SmtpStage {
    let mut stage = SmtpStage::default();
    let Config { hostname, postmaster, .. } = stage.config.clone();
    stage.config = Config::new(Role::Mx, hostname, postmaster);
    stage.config.mechanisms = Mechanism::ALL.to_vec();
    stage
}

fn secured(mut stage: SmtpStage) -> Session {
    stage.implicit_tls = true;
    let mut session = Session::new(stage);
    session.bytes(b"EHLO pc\r\n");
    session.sent.clear();
    session
}

/// The one reply to one line.
fn said(session: &mut Session, line: &str) -> String {
    session.sent.clear();
    session.bytes(format!("{line}\r\n").as_bytes());
    String::from_utf8(session.sent.clone()).unwrap()
}

/// RELIABILITY S-04, T-01: one octet behind STARTTLS is enough, and nothing of it is carried out.
#[test]
fn s_04_whatever_follows_starttls_in_clear_ends_the_session() {
    for behind in ["MAIL FROM:<x@a.example>\r\n", "EHLO x\r\n", "\r\n", "x", "BDAT 5 LAST\r\nxxxxx", "\0"] {
        let mut machine = SmtpStage::default().machine();
        let mut out = Actions::default();
        machine.step(Input::Open(None), Timestamp(0), &mut out);
        let stream = format!("EHLO pc\r\nSTARTTLS\r\n{behind}");
        machine.step(Input::Bytes(stream.as_bytes()), Timestamp(0), &mut out);
        let actions: Vec<_> = out.drain().collect();
        assert!(
            !actions.iter().any(|action| matches!(action, Action::StartTls | Action::Ask(_))),
            "{behind:?}"
        );
        assert!(matches!(actions.last(), Some(Action::Close)), "{behind:?}");
    }
}

/// RELIABILITY S-05: a letter that does not wait for its 354 is not read, nor what follows it.
#[test]
fn s_05_a_letter_before_its_354_is_neither_letter_nor_commands() {
    for behind in ["x", "Subject: x\r\n\r\nx\r\n.\r\n", "MAIL FROM:<x@a.example>\r\n", "BDAT 3 LAST\r\nx\r\n"]
    {
        let mut session = Session::signed_in(SmtpStage::default());
        session.bytes(&[ENVELOPE, behind.as_bytes()].concat());
        assert!(session.closed && session.stage.accepted.is_empty(), "{behind:?}");
        assert_eq!(session.codes().last().unwrap(), "554", "{behind:?}");
        assert!(!session.stage.asked().iter().any(|asked| asked.starts_with("data")), "{behind:?}");
    }
}

/// RELIABILITY S-06, from a peer that is let in: 14 forms, and the world hears of none.
#[test]
fn s_06_no_form_of_route_reaches_the_world() {
    for path in [
        "user%far.example@near.example",
        "far.example!user@near.example",
        "@a.example,@b.example:user@c.example",
        "@a.example:user@c.example",
        "\"user@far.example\"@near.example",
        "user@[192.0.2.1]",
        "user@near.example.",
        "user@",
        "a@b.example@near.example",
        "user%far.example",
        "far.example!user",
        "user@[IPv6:2001:db8::1]",
        "\"user\"@near.example",
        "a,b@near.example",
    ] {
        let mut session = secured(mx());
        session.bytes(b"MAIL FROM:<peer@far.example>\r\n");
        let reply = said(&mut session, &format!("RCPT TO:<{path}>"));
        assert!(reply.starts_with("550 5.7.1 "), "{path}: {reply}");
        assert!(!session.stage.asked().iter().any(|asked| asked.starts_with("recipient")), "{path}");
    }
}

proptest! {
    /// RELIABILITY S-06: what does reach the world is one plain address, which reads as itself.
    #[test]
    fn s_06_what_reaches_the_world_is_one_clean_address(
        path in "[a-z0-9%!@,:.\"\\[\\]\\\\ é<>+=-]{0,8}(@[a-z%!.:\\[\\]-]{1,10}(\\.[a-z]{1,3}){0,2})?"
    ) {
        let mut session = secured(mx());
        session.bytes(b"MAIL FROM:<peer@far.example> SMTPUTF8\r\n");
        session.bytes(format!("RCPT TO:<{path}>\r\n").as_bytes());
        let asked = session.stage.asked();
        if let Some(address) = asked.iter().find_map(|asked| asked.strip_prefix("recipient ")) {
            let (local, domain) = address.rsplit_once('@').unwrap();
            prop_assert!(!local.contains(['%', '!', '@', '"', ':', ',', '[', '\\', ' ', '<']), "{}", address);
            prop_assert!(domain.split('.').count() > 1 && !domain.contains(['[', ':', '%', '!']), "{}", address);
            let read = Address::parse(address).unwrap().to_string();
            prop_assert_eq!(read.as_str(), address);
        }
    }
}

/// RELIABILITY S-07, the machine's part: the null path is for reports between operators.
#[test]
fn s_07_only_another_operator_may_write_from_nobody() {
    let mut session = secured(mx());
    assert!(said(&mut session, "MAIL FROM:<> RET=HDRS").starts_with("250 "));
    assert_eq!(session.stage.asked().last().unwrap(), "sender <> RET=HDRS");
    let mut session = Session::signed_in(SmtpStage::default());
    assert!(said(&mut session, "MAIL FROM:<>").starts_with("550 5.7.1 "));
    for path in ["< >", "<<>>", "<>@a.example", "<\"\">", "<@>"] {
        let mut session = secured(mx());
        let reply = said(&mut session, &format!("MAIL FROM:{path}"));
        assert!(reply.starts_with("501 ") || reply.starts_with("553 "), "{path}: {reply}");
    }
}

/// RELIABILITY S-10: these two say nothing about anybody, and ask the world nothing.
#[test]
fn s_10_vrfy_and_expn_know_nobody() {
    for stage in [mx, SmtpStage::default] {
        let mut session = secured(stage());
        let mut replies = Vec::new();
        for name in ["patient@patient.example", "nobody@nowhere.example", "postmaster", "\"a b\"", "é"] {
            replies.push(said(&mut session, &format!("VRFY {name}")));
            assert!(said(&mut session, &format!("EXPN {name}")).starts_with("502 5.5.1 "));
        }
        assert!(replies[0].starts_with("252 2.5.2 "));
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
        assert!(session.stage.asked().is_empty());
    }
}

/// RELIABILITY S-11: what EHLO offers, state by state, and what is taken.
#[test]
fn s_11_auth_is_neither_offered_nor_taken_where_it_must_not_be() {
    let offers = |session: &mut Session| said(session, "EHLO pc");
    let submission = || {
        let mut stage = SmtpStage::default();
        stage.config.mechanisms = Mechanism::ALL.to_vec();
        stage
    };
    // In clear, at both doors: no AUTH, and no letter.
    for stage in [mx(), submission()] {
        let mut session = Session::new(stage);
        let offered = offers(&mut session);
        assert!(!offered.contains("AUTH") && !offered.contains("REQUIRETLS"), "{offered}");
        assert!(offered.contains("250-STARTTLS\r\n"), "{offered}");
        for line in
            ["AUTH PLAIN AGRyAHB3", "MAIL FROM:<dr@a.example>", "VRFY x", "RSET", "DATA", "RCPT TO:<a@b.fr>"]
        {
            assert!(said(&mut session, line).starts_with("530 5.7.0 "), "{line}");
        }
        assert!(session.stage.asked().is_empty());
        // The handshake brings AUTH to submission, and to nobody else.
        let role = session.stage.config.role;
        assert!(said(&mut session, "STARTTLS").starts_with("220 "));
        assert!(said(&mut session, "MAIL FROM:<dr@a.example>").starts_with("503 "), "EHLO was forgotten");
        let offered = offers(&mut session);
        assert_eq!(offered.contains("250-AUTH "), role == Role::Submission, "{offered}");
        assert!(!offered.contains("STARTTLS"), "{offered}");
    }
    // Never at the door of operators, whatever its configuration lists.
    let mut session = secured(mx());
    for mechanism in Mechanism::ALL {
        assert!(said(&mut session, &format!("AUTH {} =", mechanism.as_str())).starts_with("502 5.5.1 "));
    }
    // Once, and not within a letter.
    let mut session = Session::signed_in(submission());
    assert!(!offers(&mut session).contains("AUTH"), "nothing more to offer");
    assert!(said(&mut session, "AUTH PLAIN AGRyAHB3").starts_with("503 5.5.1 "));
    session.bytes(b"MAIL FROM:<dr@a.example>\r\n");
    assert!(said(&mut session, "AUTH PLAIN AGRyAHB3").starts_with("503 5.5.1 "));
}

/// RELIABILITY S-11: what a TLS session cannot carry is not offered in it, and not spoken.
#[test]
fn s_11_mechanisms_are_those_of_the_tls_session() {
    for (certificate, exporter, external, plus) in
        [(false, None, false, false), (true, None, true, false), (false, Some(vec![7; 32]), false, true)]
    {
        let mut stage = SmtpStage::default();
        stage.config.mechanisms = Mechanism::ALL.to_vec();
        let mut session = Session::new(stage);
        let facts = crate::TlsFacts { client_certificate: certificate, exporter, ..tls_facts() };
        session.machine = session.stage.machine();
        session.input(Input::Open(Some(facts)));
        let offered = said(&mut session, "EHLO pc");
        assert_eq!(offered.contains(" EXTERNAL"), external, "{offered}");
        assert_eq!(offered.contains("SCRAM-SHA-256-PLUS"), plus, "{offered}");
        assert_eq!(said(&mut session, "AUTH EXTERNAL").starts_with("334 "), external);
        session.bytes(b"*\r\n");
        assert_eq!(said(&mut session, "AUTH SCRAM-SHA-256-PLUS").starts_with("334 "), plus);
    }
}

/// RELIABILITY S-17: commands that do nothing are borne a hundred times.
#[test]
fn s_17_a_million_idle_commands_are_not_borne() {
    for (line, code) in
        [("NOOP", "250"), ("RSET", "250"), ("VRFY x", "252"), ("HELP", "214"), ("EHLO pc", "250")]
    {
        let mut session = Session::signed_in(SmtpStage::default());
        for _ in 0..1_000 {
            session.bytes(format!("{line}\r\n").repeat(1_000).as_bytes());
        }
        let codes = session.codes();
        assert!(session.closed, "{line}");
        // EHLO before the sign-in was one of the hundred.
        assert_eq!(codes.iter().filter(|said| *said == code).count(), 99, "{line}");
        assert_eq!(codes.last().unwrap(), "421", "{line}");
        assert!(session.sent.len() < 100_000, "{line}");
    }
}

/// RELIABILITY S-17: a line for ever, a parameter for ever.
#[test]
fn s_17_long_lines_are_refused_and_hold_no_memory() {
    for (line, codes) in [
        (format!("MAIL FROM:<dr@a.example> ENVID={}", "a".repeat(1_900)), vec!["501"]),
        (format!("MAIL FROM:<dr@a.example> {}", "BODY=8BITMIME ".repeat(200)), vec!["500"]),
        (format!("RCPT TO:<{}@b.example>", "a".repeat(2_100)), vec!["500"]),
        ("N".repeat(200_000), vec!["500"]),
    ] {
        let mut session = Session::signed_in(SmtpStage::default());
        session.bytes(format!("{line}\r\n").as_bytes());
        assert_eq!(session.codes(), codes, "{}", &line[..30]);
    }
}

/// RELIABILITY S-18: a lie about the size is found out at MAIL or at the end, never later.
#[test]
fn s_18_size_is_judged_when_said_and_when_seen() {
    let small = || {
        let mut stage = SmtpStage::default();
        stage.config.limits.letter = 10;
        Session::signed_in(stage)
    };
    let mut session = small();
    assert!(said(&mut session, "MAIL FROM:<dr@a.example> SIZE=11").starts_with("552 5.3.4 "));
    for by_data in [true, false] {
        let mut session = small();
        session.bytes(b"MAIL FROM:<dr@a.example> SIZE=1\r\nRCPT TO:<p@b.example>\r\n");
        session.bytes(if by_data { b"DATA\r\n" } else { b"BDAT 11 LAST\r\n" });
        session.bytes(b"123456789\r\n");
        session.bytes(if by_data { b".\r\n" } else { b"" });
        assert_eq!(session.codes().last().unwrap(), "552");
        assert_eq!(session.stage.asked().last().unwrap(), "discard TooLarge", "the disk is given back");
        assert!(!session.closed);
    }
}

/// A sign-in that goes on for ever is the world's to end; one that fails counts, whatever its words.
#[test]
fn sign_ins_that_fail_are_counted_whatever_their_mechanism() {
    let mut stage = SmtpStage::default();
    stage.config.mechanisms = Mechanism::ALL.to_vec();
    let mut session = secured(stage);
    for _ in 0..3 {
        session.stage.script("sign-in refused 535 5.7.8 no").unwrap();
    }
    // user=dr ^A auth=Bearer t ^A ^A
    session.bytes(b"AUTH XOAUTH2 dXNlcj1kcgFhdXRoPUJlYXJlciB0AQE=\r\n\r\n");
    session.bytes(b"AUTH PLAIN AGRyAHB3\r\n");
    assert!(!session.closed);
    session.bytes(b"AUTH SCRAM-SHA-256 biwsbj1kcixyPWFiYw==\r\n");
    assert!(session.closed);
    assert_eq!(session.codes(), ["334", "535", "535", "421"]);
}
