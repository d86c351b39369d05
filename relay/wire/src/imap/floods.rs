//! Who sends too much or reads nothing (RELIABILITY I-01, I-02, I-07): what the machine holds and says is bounded.

use super::stage::{Session, short};
use super::world::Post;
use crate::{Action, Actions, Input, Machine};

/// RELIABILITY I-01: whatever was announced, nothing of it is run, and little of it is kept.
#[test]
fn i_01_floods_of_literals_are_refused_before_and_after_sign_in() {
    // Command so far, what is said to it, whether the session goes on.
    for (name, signed_in, command, want, goes_on) in [
        ("4 GB waited for, before", false, "LOGIN {4294967295}", "BAD [LIMIT]", true),
        ("beyond 64 bits, before", false, "LOGIN {99999999999999999999999}", "BAD [LIMIT]", true),
        ("4 kB and one, before", false, "LOGIN {4097}", "BAD [LIMIT]", true),
        ("a GB on its way, before", false, "LOGIN {999999999+}", "BAD [TOOBIG]", false),
        ("an APPEND, before", false, "APPEND INBOX {30000}", "BAD [LIMIT]", true),
        ("4 GB waited for, after", true, "CREATE {4294967295}", "BAD [LIMIT]", true),
        ("a GB on its way, after", true, "CREATE {999999999+}", "BAD [TOOBIG]", false),
        ("more than 64 kB, after", true, "SEARCH SUBJECT {65537}", "BAD [LIMIT]", true),
        ("a letter too large, waited for", true, "APPEND INBOX {25000001}", "NO [TOOBIG]", true),
        ("a letter too large, on its way", true, "APPEND INBOX {25000001+}", "BAD [TOOBIG]", false),
        ("a letter beyond 64 bits", true, "APPEND INBOX {99999999999999999999999}", "NO [TOOBIG]", true),
        ("a literal8 on its way", true, "APPEND INBOX ~{5000+}", "BAD [TOOBIG]", false),
        ("one too large to replace with", true, "REPLACE 1 INBOX {25000001}", "NO [TOOBIG]", true),
    ] {
        let post = Post::usual();
        post.deliver("INBOX", &short(1));
        let mut session = if signed_in { Session::signed_in(&post) } else { Session::new(&post) };
        if signed_in {
            session.command("s SELECT INBOX");
        }
        session.sent.clear();
        session.world.asked.clear();
        // The octets come whatever was said: programs that do not wait exist.
        let said = session.command(&format!("a {command}"));
        assert!(said.starts_with(&format!("a {want}")), "{name}: {said}");
        assert_eq!(session.closed, !goes_on, "{name}: {said}");
        assert!(session.world.asked.is_empty(), "{name}: {:?}", session.world.asked);
        for _ in 0..100 {
            session.bytes(b"x DELETE INBOX\r\n".repeat(64).as_slice());
            session.sent.clear();
        }
        let held = session.machine.reader.held();
        assert!(held <= 128 * 1024, "{name}: {held} octets are held");
        if !goes_on {
            assert!(session.world.asked.is_empty(), "{name}: octets of a literal were run as commands");
        }
    }
}

/// RELIABILITY I-01: ten thousand literals in one command.
#[test]
fn i_01_many_small_literals_are_counted() {
    let post = Post::usual();
    for (name, signed_in, literal) in [
        ("before, waited for", false, "{1}\r\n"),
        ("before, unasked", false, "{1+}\r\nx"),
        ("after", true, "{1+}\r\nx"),
    ] {
        let mut session = if signed_in { Session::signed_in(&post) } else { Session::new(&post) };
        session.sent.clear();
        session.bytes(b"a SEARCH");
        for _ in 0..10_000 {
            session.bytes(format!(" SUBJECT {literal}").as_bytes());
            if literal.starts_with("{1}") {
                session.bytes(b"x");
            }
            assert!(session.machine.reader.held() <= 128 * 1024, "{name}");
        }
        assert!(session.said().contains(" BAD "), "{name}");
        assert!(!session.world.asked.iter().any(|asked| asked.starts_with("search")), "{name}");
    }
}

/// RELIABILITY I-02: commands that come while one is answered wait unread, and what one answer makes is small.
#[test]
fn i_02_a_thousand_pipelined_fetches_are_answered_one_item_at_a_time() {
    let post = Post::usual();
    for number in 1..=5 {
        let long = format!("\r\n{}", "words and words\r\n".repeat(8_000));
        post.deliver("INBOX", &[short(number), long.into_bytes()].concat());
    }
    let mut session = Session::signed_in(&post);
    session.world.chunk = 64 * 1024;
    session.command("s SELECT INBOX");
    let flood = "a FETCH 1:* BODY.PEEK[]\r\n".repeat(1_000);
    let mut out = Actions::default();
    session.machine.step(Input::Bytes(flood.as_bytes()), names::Timestamp(0), &mut out);
    let mut actions: Vec<_> = out.drain().collect();
    assert_eq!(actions.len(), 1, "one command runs, the others wait: {actions:?}");
    let Some(Action::Pull(ask)) = actions.pop() else { panic!("a pull") };
    assert!(session.machine.reader.held() <= flood.len(), "what waits is what came");
    let mut answered = 0;
    for answer in session.world.answer(ask) {
        session.machine.step(Input::Answer(answer), names::Timestamp(0), &mut out);
        let mut sent = 0;
        for action in out.drain() {
            let Action::Send(bytes) = action else { panic!("only answers: {action:?}") };
            sent += bytes.len();
        }
        // RELIABILITY I-02 allows 256 KiB.
        assert!(sent <= 64 * 1024 + 1024, "{sent} octets of one item");
        answered += sent;
    }
    assert!(answered > 5 * 128_000, "{answered}");
}

/// RELIABILITY I-07: what is not offered cannot be a bomb.
#[test]
fn i_07_compression_is_neither_offered_nor_known() {
    let post = Post::usual();
    let mut session = Session::signed_in(&post);
    let said = session.command("a CAPABILITY");
    assert!(!said.contains("COMPRESS") && !said.contains("LITERAL+") && !said.contains("CATENATE"), "{said}");
    assert_eq!(session.command("b COMPRESS DEFLATE"), "b BAD [CLIENTBUG] an unknown command\r\n");
}
