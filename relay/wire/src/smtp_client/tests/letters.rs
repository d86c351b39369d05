//! Letters: groups and single commands, mixed answers, refusals at every place, limits, the last dot.

use super::{BYE, Cut, Letter, Stage, converse, letter, opened, play};
use crate::Input;
use crate::smtp::{ByMode, Notify, NotifyWhen, Ret};
use crate::smtp_client::{ContentKind, Failure, Phase, RecipientOutcome, TimeLeft, Why};
use bytes::Bytes;

const CONTENT: &str = "C: S: 1\nC:\nC: x\nC: .\n";

#[test]
fn commands_go_in_one_group_where_groups_are_taken() {
    let text = opened("PIPELINING|SIZE 1000")
        + "C: MAIL FROM:<dr@nous.example> SIZE=12
        C: RCPT TO:<a@eux.example>
        C: RCPT TO:<b@eux.example>
        C: DATA
        S: 250 2.1.0 ok
        S: 250 2.1.5 ok
        S: 250 2.1.5 ok
        S: 354 go\n"
        + CONTENT
        + "S: 250 2.0.0 kept\n"
        + BYE;
    converse("group", &[letter(&["a", "b"])], &text, &["accepted 2.0.0, accepted 2.0.0", "closed"]);
}

#[test]
fn commands_go_one_by_one_where_they_are_not() {
    let text = opened("")
        + "C: MAIL FROM:<dr@nous.example>
        S: 250 ok
        C: RCPT TO:<a@eux.example>
        S: 250 ok
        C: RCPT TO:<b@eux.example>
        S: 550 5.1.1 nobody
        C: DATA
        S: 354 go\n"
        + CONTENT
        + "S: 250 kept\n"
        + BYE;
    converse("one by one", &[letter(&["a", "b"])], &text, &["accepted 2.0.0, refused 5.1.1 RCPT", "closed"]);
}

/// RELIABILITY R-16: refusals on each verb, alone and mixed; each recipient has its own outcome.
#[test]
fn each_recipient_has_the_outcome_of_its_own_answers() {
    let group = "C: MAIL FROM:<dr@nous.example>
        C: RCPT TO:<a@eux.example>
        C: RCPT TO:<b@eux.example>
        C: RCPT TO:<c@eux.example>
        C: DATA\n";
    let sent = format!("S: 354 go\n{CONTENT}");
    for (case, rest, story) in [
        (
            "mixed, then taken",
            format!("S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 450 4.2.1 x\n{sent}S: 250 x\n{BYE}"),
            vec!["accepted 2.0.0, refused 5.1.1 RCPT, deferred 4.2.1 RCPT", "closed"],
        ),
        (
            "mixed, then refused",
            format!("S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 450 4.2.1 x\n{sent}S: 554 5.6.0 x\n{BYE}"),
            vec!["refused 5.6.0 the end of the letter, refused 5.1.1 RCPT, deferred 4.2.1 RCPT", "closed"],
        ),
        (
            "mixed, then not now",
            format!("S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 450 4.2.1 x\n{sent}S: 452 4.3.1 x\n{BYE}"),
            vec!["deferred 4.3.1 the end of the letter, refused 5.1.1 RCPT, deferred 4.2.1 RCPT", "closed"],
        ),
        (
            "MAIL refused",
            format!("S: 550 5.7.1 x\nS: 503 x\nS: 503 x\nS: 503 x\nS: 503 x\n{BYE}"),
            vec!["refused 5.7.1 MAIL, refused 5.7.1 MAIL, refused 5.7.1 MAIL", "closed"],
        ),
        (
            "MAIL not now, RCPT as if it were",
            format!("S: 451 x\nS: 250 x\nS: 550 x\nS: 503 x\nS: 503 x\n{BYE}"),
            vec!["deferred 4.0.0 MAIL, deferred 4.0.0 MAIL, deferred 4.0.0 MAIL", "closed"],
        ),
        (
            "all RCPT refused, DATA too",
            format!("S: 250 x\nS: 550 x\nS: 551 x\nS: 553 x\nS: 554 5.5.1 no valid recipients\n{BYE}"),
            vec!["refused 5.0.0 RCPT, refused 5.0.0 RCPT, refused 5.0.0 RCPT", "closed"],
        ),
        (
            "all RCPT refused, and 354 (RFC 2920 §3.1)",
            format!("S: 250 x\nS: 550 x\nS: 450 x\nS: 550 x\nS: 354 go\nC: .\nS: 554 nobody\n{BYE}"),
            vec!["refused 5.0.0 RCPT, deferred 4.0.0 RCPT, refused 5.0.0 RCPT", "closed"],
        ),
        (
            "DATA refused",
            format!("S: 250 x\nS: 250 x\nS: 550 x\nS: 250 x\nS: 554 5.3.0 x\n{BYE}"),
            vec!["refused 5.3.0 DATA, refused 5.0.0 RCPT, refused 5.3.0 DATA", "closed"],
        ),
        (
            "too many recipients, said in both ways",
            format!("S: 250 x\nS: 250 x\nS: 452 4.5.3 x\nS: 552 x\n{sent}S: 250 x\n{BYE}"),
            vec!["accepted 2.0.0, deferred 4.5.3 RCPT, deferred 4.0.0 RCPT", "closed"],
        ),
        (
            "a full mailbox is not too many recipients",
            format!("S: 250 x\nS: 250 x\nS: 552 5.2.2 x\nS: 250 x\n{sent}S: 250 x\n{BYE}"),
            vec!["accepted 2.0.0, refused 5.2.2 RCPT, accepted 2.0.0", "closed"],
        ),
        (
            "will forward",
            format!("S: 250 x\nS: 251 x\nS: 252 x\nS: 250 x\n{sent}S: 250 x\n{BYE}"),
            vec!["accepted 2.0.0, accepted 2.0.0, accepted 2.0.0", "closed"],
        ),
        (
            "421 to MAIL",
            "S: 421 4.3.2 x\n".to_owned(),
            vec!["deferred 4.3.2 MAIL, deferred 4.3.2 MAIL, deferred 4.3.2 MAIL", "closed"],
        ),
        (
            "421 in the middle of RCPT",
            "S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 421 4.3.2 x\n".to_owned(),
            vec!["deferred 4.3.2 RCPT, refused 5.1.1 RCPT, deferred 4.3.2 RCPT", "closed"],
        ),
        (
            "421 to DATA",
            "S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 250 x\nS: 421 4.3.2 x\n".to_owned(),
            vec!["deferred 4.3.2 DATA, refused 5.1.1 RCPT, deferred 4.3.2 DATA", "closed"],
        ),
        (
            "421 to the last dot is an answer: it does not have the letter",
            format!("S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 250 x\n{sent}S: 421 4.3.2 x\n"),
            vec![
                "deferred 4.3.2 the end of the letter, refused 5.1.1 RCPT, deferred 4.3.2 the end of the letter",
                "closed",
            ],
        ),
        (
            "gone after the last dot (R-18)",
            format!("S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 250 x\n{sent}<GONE>\n"),
            vec![
                "unknown 4.4.2: the connection broke after the end of the letter, refused 5.1.1 RCPT, \
                 unknown 4.4.2: the connection broke after the end of the letter",
                "closed",
            ],
        ),
        (
            "half an answer to the last dot, then gone",
            format!("S: 250 x\nS: 550 x\nS: 550 5.1.1 x\nS: 250 x\n{sent}S: 250-x\n<GONE>\n"),
            vec![
                "refused 5.0.0 RCPT, refused 5.1.1 RCPT, unknown 4.4.2: the connection broke after the end of the letter",
                "closed",
            ],
        ),
        (
            "no answer to the last dot",
            format!("S: 250 x\nS: 550 x\nS: 550 x\nS: 250 x\n{sent}<AFTER 600>\n<SILENCE>\n"),
            vec![
                "refused 5.0.0 RCPT, refused 5.0.0 RCPT, unknown 4.4.2: no answer in time after the end of the letter",
                "closed",
            ],
        ),
        (
            "nonsense after the last dot",
            format!("S: 250 x\nS: 550 x\nS: 550 x\nS: 250 x\n{sent}S: hello\n"),
            vec![
                "refused 5.0.0 RCPT, refused 5.0.0 RCPT, unknown 4.5.0: after the end of the letter: a line that is no reply",
                "closed",
            ],
        ),
        (
            "250 and then gone (R-18)",
            format!("S: 250 x\nS: 250 x\nS: 250 x\nS: 250 x\n{sent}S: 250 x\nC: QUIT\n<GONE>\n"),
            vec!["accepted 2.0.0, accepted 2.0.0, accepted 2.0.0", "closed"],
        ),
        (
            "gone among the answers to RCPT",
            "S: 250 x\nS: 250 x\nS: 550 5.1.1 x\n<GONE>\n".to_owned(),
            vec![
                "deferred 4.4.2: the connection broke after RCPT, refused 5.1.1 RCPT, \
                 deferred 4.4.2: the connection broke after RCPT",
                "closed",
            ],
        ),
        (
            "silence after DATA (R-17)",
            "S: 250 x\nS: 250 x\nS: 550 5.1.1 x\nS: 250 x\n<AFTER 120>\n<SILENCE>\n".to_owned(),
            vec![
                "deferred 4.4.2: no answer in time after DATA, refused 5.1.1 RCPT, \
                 deferred 4.4.2: no answer in time after DATA",
                "closed",
            ],
        ),
        (
            "354 to RCPT",
            "S: 250 x\nS: 354 x\n".to_owned(),
            vec![
                "deferred 4.5.0: after RCPT: a reply out of step, deferred 4.5.0: after RCPT: a reply out of step, \
                 deferred 4.5.0: after RCPT: a reply out of step",
                "closed",
            ],
        ),
        (
            "354 although MAIL was refused: no letter, no dot",
            "S: 550 5.7.1 x\nS: 250 x\nS: 250 x\nS: 250 x\nS: 354 go\n".to_owned(),
            vec!["refused 5.7.1 MAIL, refused 5.7.1 MAIL, refused 5.7.1 MAIL", "closed"],
        ),
        (
            "we stop in the middle: the letter is finished",
            format!("S: 250 x\n<STOPPING>\nS: 250 x\nS: 250 x\nS: 250 x\n{sent}S: 250 x\n{BYE}"),
            vec!["accepted 2.0.0, accepted 2.0.0, accepted 2.0.0", "closed"],
        ),
    ] {
        let text = opened("PIPELINING") + group + &rest;
        converse(case, &[letter(&["a", "b", "c"])], &text, &story);
    }
}

/// One reply too many among those of a group: whose answer is whose, nobody knows.
#[test]
fn a_reply_too_many_sends_no_letter() {
    let mut stage = Stage::new(&[letter(&["a"])]);
    stage.input(Input::Open(None));
    let text = opened("PIPELINING")
        + "C: MAIL FROM:<dr@nous.example>
        C: RCPT TO:<a@eux.example>
        C: DATA
        S: 250 x
        S: 250 x
        S: 354 go
        S: 250 kept";
    play(&mut stage, &text, Cut::Nowhere);
    assert_eq!(stage.story(), ["deferred 4.5.0: after DATA: a reply out of step", "closed"]);
}

#[test]
fn the_next_letter_takes_the_same_connection_and_begins_with_rset_where_one_was_left_open() {
    let next = "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<b@eux.example>\nC: DATA\n";
    let first = "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<a@eux.example>\nC: DATA\n";
    for (case, text, story) in [
        (
            "after a letter",
            format!(
                "{first}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n{next}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n"
            ),
            ["accepted 2.0.0", "accepted 2.0.0"],
        ),
        (
            "after refused recipients",
            format!(
                "{first}S: 250 x\nS: 550 x\nS: 554 x\nC: RSET\n{next}S: 250 x\nS: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n"
            ),
            ["refused 5.0.0 RCPT", "accepted 2.0.0"],
        ),
        (
            "after a lone dot",
            format!(
                "{first}S: 250 x\nS: 550 x\nS: 354 x\nC: .\nS: 250 x\n{next}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n"
            ),
            ["refused 5.0.0 RCPT", "accepted 2.0.0"],
        ),
        (
            "after a refused sender",
            format!(
                "{first}S: 550 x\nS: 503 x\nS: 503 x\n{next}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n"
            ),
            ["refused 5.0.0 MAIL", "accepted 2.0.0"],
        ),
    ] {
        let text = opened("PIPELINING") + &text + BYE;
        converse(case, &[letter(&["a"]), letter(&["b"])], &text, &[story[0], story[1], "closed"]);
    }
    let text = opened("")
        + "C: MAIL FROM:<dr@nous.example>\nS: 250 x\nC: RCPT TO:<a@eux.example>\nS: 550 x
        C: RSET\nS: 500 what?\n";
    converse(
        "RSET refused",
        &[letter(&["a"]), letter(&["b"])],
        &text,
        &["refused 5.0.0 RCPT", "deferred 4.0.0: RSET was answered 500 what?", "closed"],
    );
}

/// A kept connection that the peer has closed meanwhile is no failure of the letter.
#[test]
fn a_kept_connection_that_died_is_told_apart() {
    let first = "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<a@eux.example>\nC: DATA\n";
    let taken = format!("{first}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n");
    let next = "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<b@eux.example>\nC: DATA\n";
    for (case, text, second) in [
        ("gone", format!("{taken}{next}<GONE>\n"), "deferred 4.4.2: the connection broke after MAIL unheard"),
        ("421", format!("{taken}{next}S: 421 idle too long\n"), "deferred 4.0.0 MAIL unheard"),
        (
            "heard, then gone",
            format!("{taken}{next}S: 250 x\n<GONE>\n"),
            "deferred 4.4.2: the connection broke after RCPT",
        ),
    ] {
        let text = opened("PIPELINING") + &text;
        converse(case, &[letter(&["a"]), letter(&["b"])], &text, &["accepted 2.0.0", second, "closed"]);
    }
    let text = opened("PIPELINING") + first + "<GONE>\n";
    let story = ["deferred 4.4.2: the connection broke after MAIL", "closed"];
    converse("the first letter", &[letter(&["a"])], &text, &story);
    // A farewell together with the answer before: no next letter is begun.
    let mut stage = Stage::new(&[letter(&["a"]), letter(&["b"])]);
    stage.input(Input::Open(None));
    let text = opened("PIPELINING") + taken.trim_end() + "\nS: 421 bye\n";
    play(&mut stage, &text, Cut::Nowhere);
    assert_eq!(stage.story(), ["accepted 2.0.0", "closed"]);
    assert_eq!(stage.letters.len(), 1);
}

/// Between two letters the connection is listened to: who closes it then gets no letter that would be lost.
#[test]
fn a_connection_that_dies_while_it_is_kept_is_noticed_before_a_letter_is_given_to_it() {
    let first = "<LETTER>\nC: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<a@eux.example>\nC: DATA\n";
    let taken = format!("{first}S: 250 x\nS: 250 x\nS: 354 x\n{CONTENT}S: 250 x\n");
    let bye = "C: QUIT\nS: 221 bye\n";
    for (case, end) in [
        ("it closes", "<GONE>"),
        ("it says farewell", "S: 421 idle too long"),
        ("it says what nobody asked", "S: 250 x"),
        ("nobody has a letter for long", &format!("<SILENCE>\n{bye}")),
        ("the house stops", &format!("<STOPPING>\n{bye}")),
    ] {
        for (before, text, story) in [
            ("before the first letter", String::new(), &["closed"][..]),
            ("after a letter", taken.clone(), &["accepted 2.0.0", "closed"]),
        ] {
            let mut stage = Stage::new(&[letter(&["a"]), letter(&["b"])]);
            stage.slow_letters = true;
            stage.input(Input::Open(None));
            play(&mut stage, &(opened("PIPELINING") + &text + "<AFTER 1>\n" + end), Cut::Nowhere);
            assert_eq!(stage.story(), story, "{case}, {before}");
        }
    }
}

/// RFC 2852 §4: what is left of the time goes along where it is understood; what must come back is not given
/// to a peer that promises less.
#[test]
fn the_time_that_is_left_goes_along_where_it_is_understood() {
    let by = |seconds, mode| {
        let mut letter = letter(&["a"]);
        letter.envelope.deliver_by = Some(TimeLeft { seconds, mode });
        letter
    };
    for (case, letter, offers, said) in [
        ("return", by(120, ByMode::Return), "DELIVERBY", Some(" BY=120;R")),
        ("notify", by(-30, ByMode::Notify), "DELIVERBY 600", Some(" BY=-30;N")),
        ("long", by(i64::MAX, ByMode::Notify), "DELIVERBY", Some(" BY=999999999;N")),
        ("enough", by(600, ByMode::Return), "DELIVERBY 600", Some(" BY=600;R")),
        ("not understood", by(120, ByMode::Return), "DSN", Some("")),
        ("too soon for the peer", by(599, ByMode::Return), "DELIVERBY 600", None),
    ] {
        let mut stage = Stage::new(&[letter]);
        stage.input(Input::Open(None));
        let mail = said.map(|said| format!("C: MAIL FROM:<dr@nous.example>{said}\n"));
        let end = mail.clone().unwrap_or_else(|| BYE.to_owned());
        play(&mut stage, &(opened(offers) + &end), Cut::Nowhere);
        match mail {
            Some(_) => assert!(stage.story().is_empty(), "{case}"),
            None => {
                let why = "the letter must arrive within 599 seconds, the peer takes none under 600";
                assert_eq!(stage.story(), [format!("refused 5.4.7: {why}"), "closed".to_owned()], "{case}");
            }
        }
    }
}

#[test]
fn what_the_peer_cannot_carry_is_refused_before_a_word_is_said() {
    let with = |change: &dyn Fn(&mut Letter)| {
        let mut letter = letter(&["a", "b"]);
        change(&mut letter);
        letter
    };
    let large = with(&|letter| letter.envelope.size = 1001);
    let eight = with(&|letter| letter.envelope.content = ContentKind::EightBit);
    let utf8 = with(&|letter| letter.envelope.content = ContentKind::Utf8);
    let name = with(&|letter| letter.envelope.recipients[1].address = super::address("hélène@eux.example"));
    let tls = with(&|letter| letter.envelope.require_tls = true);
    for (case, letter, offers, want) in [
        ("too large", &large, "SIZE 1000", "5.3.4: the letter has 1001 octets, the peer takes 1000"),
        ("8-bit", &eight, "SIZE", "5.6.3: the letter has 8-bit octets and the peer takes 7-bit ones only"),
        ("heads", &utf8, "8BITMIME", "5.6.9: the letter's heads hold UTF-8 and the peer does not take them"),
        (
            "a name",
            &name,
            "8BITMIME",
            "5.6.7: an address of the envelope holds UTF-8 and the peer does not take it",
        ),
        ("REQUIRETLS", &tls, "DSN", "5.7.30: the letter asks for REQUIRETLS and the peer does not offer it"),
    ] {
        let story = [format!("refused {want}, refused {want}"), "closed".to_owned()];
        let story: Vec<&str> = story.iter().map(String::as_str).collect();
        converse(case, std::slice::from_ref(letter), &(opened(offers) + BYE), &story);
    }
    for (case, letter, offers, mail) in [
        ("large enough", &large, "SIZE 1001", "SIZE=1001"),
        ("no limit", &large, "SIZE 0", "SIZE=1001"),
        ("8-bit", &eight, "8BITMIME", "BODY=8BITMIME"),
        ("UTF-8", &utf8, "8BITMIME|SMTPUTF8", "BODY=8BITMIME SMTPUTF8"),
        ("REQUIRETLS", &tls, "requiretls", "REQUIRETLS"),
    ] {
        let text =
            opened(offers) + &format!("C: MAIL FROM:<dr@nous.example> {mail}\nS: 550 5.7.1 no\n") + BYE;
        let story = ["refused 5.7.1 MAIL, refused 5.7.1 MAIL", "closed"];
        converse(case, std::slice::from_ref(letter), &text, &story);
    }
}

/// RFC 9422: letters a session, recipients and their domains a letter.
#[test]
fn the_peers_limits_are_obeyed() {
    let group = |to: &[&str]| {
        let rcpt: String = to.iter().map(|to| format!("C: RCPT TO:<{to}>\n")).collect();
        let ok = "S: 250 x\n".repeat(to.len() + 1);
        format!("C: MAIL FROM:<dr@nous.example>\n{rcpt}C: DATA\n{ok}S: 354 x\n{CONTENT}S: 250 x\n")
    };
    let text = opened("PIPELINING|LIMITS RCPTMAX=2 FOO=1 MAILMAX=x")
        + &group(&["a@eux.example", "b@eux.example"])
        + BYE;
    let story = [
        "accepted 2.0.0, accepted 2.0.0, deferred 4.5.3: the peer takes fewer recipients in one letter",
        "closed",
    ];
    converse("RCPTMAX", &[letter(&["a", "b", "c"])], &text, &story);

    let mut several = letter(&["a", "b", "c"]);
    several.envelope.recipients[1].address = super::address("b@ailleurs.example");
    let text =
        opened("PIPELINING|LIMITS RCPTDOMAINMAX=1") + &group(&["a@eux.example", "c@eux.example"]) + BYE;
    let story = [
        "accepted 2.0.0, deferred 4.5.3: the peer takes fewer recipients in one letter, accepted 2.0.0",
        "closed",
    ];
    converse("RCPTDOMAINMAX", &[several], &text, &story);

    let mut stage = Stage::new(&[letter(&["a"]), letter(&["b"])]);
    stage.input(Input::Open(None));
    let text = opened("PIPELINING|LIMITS MAILMAX=1") + &group(&["a@eux.example"]) + BYE;
    play(&mut stage, &text, Cut::Nowhere);
    assert_eq!((stage.story(), stage.letters.len()), (vec!["accepted 2.0.0".into(), "closed".into()], 1));
}

#[test]
fn dsn_parameters_go_along_where_they_are_understood() {
    let mut asking = letter(&["a", "b", "c"]);
    asking.envelope.ret = Some(Ret::Headers);
    asking.envelope.envelope_id = Some("QQ 31+4=x\r\nRCPT".into());
    asking.envelope.recipients[0].notify =
        Some(Notify::When(NotifyWhen { success: true, failure: false, delay: true }));
    asking.envelope.recipients[0].original = Some("rfc822;vieux+nom@nous.example".into());
    asking.envelope.recipients[1].notify = Some(Notify::Never);
    for (offers, mail, rcpt) in [
        (
            "PIPELINING|DSN",
            " RET=HDRS ENVID=QQ+2031+2B4+3Dx+0D+0ARCPT",
            [" NOTIFY=SUCCESS,DELAY ORCPT=rfc822;vieux+2Bnom@nous.example", " NOTIFY=NEVER", ""],
        ),
        ("PIPELINING", "", ["", "", ""]),
    ] {
        let mut stage = Stage::new(std::slice::from_ref(&asking));
        stage.input(Input::Open(None));
        let text = opened(offers)
            + &format!("C: MAIL FROM:<dr@nous.example>{mail}\n")
            + &format!("C: RCPT TO:<a@eux.example>{}\n", rcpt[0])
            + &format!("C: RCPT TO:<b@eux.example>{}\n", rcpt[1])
            + &format!("C: RCPT TO:<c@eux.example>{}\nC: DATA\n", rcpt[2])
            + "S: 250 x\nS: 250 x\nS: 250 x\nS: 250 x\nS: 354 x\n"
            + CONTENT
            + "S: 250 x\n"
            + BYE;
        play(&mut stage, &text, Cut::Nowhere);
        assert_eq!(stage.settled[0].dsn, offers.contains("DSN"));
    }
}

#[test]
fn a_report_has_no_sender() {
    let mut report = letter(&["a"]);
    report.envelope.sender = None;
    let text = opened("") + "C: MAIL FROM:<>\nS: 550 5.7.1 no\n" + BYE;
    converse("null", &[report], &text, &["refused 5.7.1 MAIL", "closed"]);
}

/// RELIABILITY S-02: no end mark follows a letter that cannot be sent as it is, so it does not arrive.
#[test]
fn a_letter_that_cannot_go_as_it_is_is_broken_off_without_an_end_mark() {
    let group =
        "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<a@eux.example>\nC: RCPT TO:<b@eux.example>\nC: DATA\n";
    let pieces =
        |pieces: &[&'static [u8]]| pieces.iter().map(|piece| Some(Bytes::from_static(piece))).collect();
    for (case, content, want) in [
        (
            "a bare LF",
            pieces(&[b"a\r\n", b"b\n.\nc"]),
            "refused 5.6.0: the stored letter holds a CR or LF alone at octet 4",
        ),
        (
            "a bare CR",
            pieces(&[b"a\r", b"b"]),
            "refused 5.6.0: the stored letter holds a CR or LF alone at octet 1",
        ),
        (
            "a CR at its end",
            pieces(&[b"a\r"]),
            "refused 5.6.0: the stored letter holds a CR or LF alone at octet 1",
        ),
        (
            "8-bit octets nobody told of",
            pieces(&[b"a\r\n", b"\xe9"]),
            "refused 5.6.3: the letter has 8-bit octets and the peer takes 7-bit ones only",
        ),
        (
            "unreadable",
            vec![Some(Bytes::from_static(b"a\r\n")), None],
            "deferred 4.3.0: the letter could not be read here",
        ),
    ] {
        let mut broken = letter(&["a", "b"]);
        broken.content = content;
        let mut stage = Stage::new(&[broken]);
        stage.input(Input::Open(None));
        play(&mut stage, &(opened("PIPELINING") + group), Cut::Nowhere);
        stage.say(b"250 x\r\n250 x\r\n550 5.1.1 x\r\n354 x\r\n", Cut::Nowhere);
        assert_eq!(stage.story(), [format!("{want}, refused 5.1.1 RCPT"), "closed".into()], "{case}");
        let sent = String::from_utf8_lossy(&stage.sent);
        assert!(!sent.ends_with(".\r\n") && !sent.contains("\r\n.\r\n"), "{case}: {sent:?}");
    }
}

/// RELIABILITY R-18: what the peer said before it closed is the reason that is told.
#[test]
fn words_in_the_middle_of_the_letter_are_the_reason_when_the_connection_breaks() {
    let mut stage = Stage::new(&[letter(&["a"])]);
    let mut out = crate::Actions::default();
    stage.input(Input::Open(None));
    play(
        &mut stage,
        &(opened("PIPELINING") + "C: MAIL FROM:<dr@nous.example>\nC: RCPT TO:<a@eux.example>\nC: DATA\n"),
        Cut::Nowhere,
    );
    let machine = &mut stage.machine;
    crate::Machine::step(machine, Input::Bytes(b"250 x\r\n250 x\r\n354 x\r\n"), stage.now, &mut out);
    crate::Machine::step(machine, Input::Bytes(b"452 4.3.1 full\r\n"), stage.now, &mut out);
    drop(out);
    stage.input(Input::Gone);
    let [RecipientOutcome::Deferred { why: Why::Reply { to: Phase::Content, reply } }] =
        &stage.settled[0].outcomes[..]
    else {
        panic!("{:?}", stage.settled);
    };
    assert_eq!(reply.code(), 452);
}

#[test]
fn a_hundred_commands_are_out_at_most() {
    let names: Vec<String> = (0..250).map(|n| format!("r{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut stage = Stage::new(&[letter(&names)]);
    stage.input(Input::Open(None));
    for reply in ["220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "220 x\r\n", "250-x\r\n250 PIPELINING\r\n"] {
        stage.say(reply.as_bytes(), Cut::Nowhere);
    }
    let lines = |stage: &Stage| stage.sent.iter().filter(|byte| **byte == b'\n').count() - 3;
    assert_eq!(lines(&stage), 100);
    stage.say(b"250 x\r\n", Cut::Nowhere);
    assert_eq!(lines(&stage), 101);
    for _ in 0..250 {
        stage.say(b"250 x\r\n", Cut::Nowhere);
    }
    assert_eq!(lines(&stage), 252);
    stage.say(b"354 x\r\n", Cut::Nowhere);
    stage.say(b"250 kept\r\n", Cut::Nowhere);
    assert_eq!(stage.settled[0].outcomes.len(), 250);
    assert!(
        stage.settled[0].outcomes.iter().all(|outcome| matches!(outcome, RecipientOutcome::Accepted { .. }))
    );
}

/// RFC 5321 §4.5.3.2: each answer has its own time, and half a line buys none.
#[test]
fn each_answer_has_its_time() {
    use crate::Machine;
    use std::time::Duration;
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let mut stage = Stage::new(&[letter(&["a"])]);
    stage.input(Input::Open(None));
    for (case, reply, patience) in [
        ("greeting", "220 x\r\n", minutes(5)),
        ("EHLO", "250-x\r\n250 STARTTLS\r\n", minutes(5)),
        ("STARTTLS", "220 x\r\n", minutes(5)),
        ("EHLO again", "250 x\r\n", minutes(5)),
        ("MAIL", "250 x\r\n", minutes(5)),
        ("RCPT", "250 x\r\n", minutes(5)),
        ("DATA", "354 x\r\n", minutes(2)),
        ("the last dot", "250 x\r\n", minutes(10)),
        ("QUIT", "221 x\r\n", Duration::from_secs(5)),
    ] {
        assert_eq!(stage.machine.patience(), patience, "{case}");
        stage.now = stage.now.plus(2_000);
        stage.say(&reply.as_bytes()[..2], Cut::Nowhere);
        assert_eq!(
            stage.machine.patience(),
            patience - Duration::from_secs(2),
            "{case}: two bytes buy nothing"
        );
        stage.say(&reply.as_bytes()[2..], Cut::Nowhere);
    }
    assert_eq!(stage.story(), ["accepted 2.0.0", "closed"]);
    let mut late = Stage::new(&[]);
    late.input(Input::Open(None));
    late.now = late.now.plus(301_000);
    late.say(b"22", Cut::Nowhere);
    assert_eq!(late.failed, [Failure::TooSlow { at: Phase::Greeting }]);
}
