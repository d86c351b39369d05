//! Another parser of SMTP beside ours: whatever we accept, it must accept with the same meaning.
//!
//! The other way round does not hold: it is more lenient (CRATES §1 lists where), so lines that only
//! it accepts prove nothing. Its own mistakes about DATA (an empty letter has no end, `.` CR CR LF is
//! one) are why framing is not compared.

use super::command::{self, Extended, Verb};
use super::server::Place;
use super::{Body, ByMode, Config, Notify, NotifyWhen, Ret, Role};
use names::{Address, Domain, SECOND, Timestamp};
use proptest::prelude::*;
use smtp_proto::{
    MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_BY_NOTIFY, MAIL_BY_RETURN, MAIL_BY_TRACE, MAIL_REQUIRETLS,
    MAIL_RET_FULL, MAIL_RET_HDRS, MAIL_SMTPUTF8, RCPT_NOTIFY_DELAY, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER,
    RCPT_NOTIFY_SUCCESS, Request,
};

/// The clock of the parser beside ours is the machine's; nothing compared here depends on it.
const NOW: Timestamp = Timestamp(1_769_860_800_000);

fn config() -> Config {
    let postmaster = Address::parse("postmaster@house.example").unwrap();
    Config::new(Role::Submission, Domain::parse("smtp.house.example").unwrap(), postmaster)
}

/// What one of the two understood, in words.
fn ours(line: &str) -> Option<String> {
    let (verb, argument) = command::split(line.as_bytes()).ok()?;
    match verb {
        Verb::Mail => {
            let (path, said) = command::mail(argument, true, &config(), NOW).ok()?;
            let flags = [
                (said.body == Some(Body::SevenBit), MAIL_BODY_7BIT),
                (said.body == Some(Body::EightBitMime), MAIL_BODY_8BITMIME),
                (said.utf8, MAIL_SMTPUTF8),
                (said.dsn.ret == Some(Ret::Full), MAIL_RET_FULL),
                (said.dsn.ret == Some(Ret::Headers), MAIL_RET_HDRS),
                (said.require_tls, MAIL_REQUIRETLS),
                (said.deliver_by.is_some_and(|by| by.mode == ByMode::Return), MAIL_BY_RETURN),
                (said.deliver_by.is_some_and(|by| by.mode == ByMode::Notify), MAIL_BY_NOTIFY),
                (said.deliver_by.is_some_and(|by| by.trace), MAIL_BY_TRACE),
            ];
            let flags: u64 = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| flag).sum();
            let by = said.deliver_by.map_or(0, |by| by.by.since(NOW) / SECOND);
            let held = said.hold.map_or(0, |hold| hold.until.since(NOW) / SECOND);
            let id = said.dsn.envelope_id.unwrap_or_default();
            Some(format!("mail {} {} {flags} by {by} held {held} {id:?}", path?, said.size.unwrap_or(0)))
        }
        Verb::Rcpt => {
            let (path, said) = command::rcpt(argument, Extended::Utf8, &config()).ok()?;
            let flags = match said.notify {
                None => 0,
                Some(Notify::Never) => RCPT_NOTIFY_NEVER,
                Some(Notify::When(NotifyWhen { success, failure, delay })) => {
                    u64::from(success) * RCPT_NOTIFY_SUCCESS
                        + u64::from(failure) * RCPT_NOTIFY_FAILURE
                        + u64::from(delay) * RCPT_NOTIFY_DELAY
                }
            };
            let original = said.original.map(|original| original.address).unwrap_or_default();
            (path != config().postmaster).then(|| format!("rcpt {path} {flags} {original:?}"))
        }
        Verb::Bdat => {
            let length = command::bdat(argument).ok().filter(|length| length.octets < 1 << 60)?;
            Some(format!("bdat {} {}", length.octets, length.place == Place::Last))
        }
        Verb::Data if argument.is_empty() => Some("data".to_owned()),
        Verb::Rset if argument.is_empty() => Some("rset".to_owned()),
        Verb::Quit if argument.is_empty() => Some("quit".to_owned()),
        Verb::StartTls if argument.is_empty() => Some("starttls".to_owned()),
        // Arguments of these are taken as they come, or judged by rules of our own.
        Verb::Data
        | Verb::Rset
        | Verb::Quit
        | Verb::StartTls
        | Verb::Ehlo
        | Verb::Helo
        | Verb::Auth
        | Verb::Noop
        | Verb::Vrfy
        | Verb::Expn
        | Verb::Help
        | Verb::Http
        | Verb::Unknown => None,
    }
}

fn theirs(line: &str) -> Result<String, smtp_proto::Error> {
    let line = format!("{line}\r\n");
    Ok(match Request::parse(&mut line.as_bytes().iter())? {
        Request::Mail { from } => {
            let held = match (from.hold_for, from.hold_until) {
                (0, 0) => 0,
                (seconds, 0) => seconds as i64,
                (_, until) => until as i64 - NOW.0 / SECOND,
            };
            format!(
                "mail {} {} {} by {} held {held} {:?}",
                from.address.to_lowercase(),
                from.size,
                from.flags,
                from.by,
                from.env_id.unwrap_or_default()
            )
        }
        Request::Rcpt { to } => {
            format!("rcpt {} {} {:?}", to.address.to_lowercase(), to.flags, to.orcpt.unwrap_or_default())
        }
        Request::Bdat { chunk_size, is_last } => format!("bdat {chunk_size} {is_last}"),
        Request::Data => "data".to_owned(),
        Request::Rset => "rset".to_owned(),
        Request::Quit => "quit".to_owned(),
        Request::StartTls => "starttls".to_owned(),
        other => other.name().to_owned(),
    })
}

fn line() -> impl Strategy<Value = String> {
    let bare = prop::sample::select(vec!["DATA", "RSET", "QUIT", "starttls", "DATA ", "RSET x", "MAIL"]);
    let path = prop_oneof![
        8 => "[a-zA-Zé0-9+_-]{1,8}(\\.[a-z]{1,4})?@[a-zA-Z0-9]{1,8}\\.(fr|example)",
        1 => "[ -~]{0,12}",
    ];
    let words = |words: Vec<&'static str>| prop::sample::select(words).prop_map(str::to_owned);
    let of_mail = prop_oneof![
        "SIZE=[0-9]{1,8}",
        words(vec![
            "BODY=8BITMIME",
            "body=7bit",
            "SMTPUTF8",
            "AUTH=<>",
            "RET=FULL",
            "ret=hdrs",
            "REQUIRETLS"
        ]),
        "ENVID=[a-zA-Z0-9.;@-]{1,12}(\\+(2B|3D))?[a-z]{0,3}",
        "BY=[+-]?[0-9]{1,5};[RNrn]T?",
        "HOLDFOR=[0-9]{1,6}",
        "HOLDUNTIL=2026-02-0[1-6]T[01][0-9]:[0-5][0-9]:[0-5][0-9](Z|\\+01:00)",
    ];
    let of_rcpt = prop_oneof![
        words(vec!["NOTIFY=NEVER", "notify=success", "NOTIFY=FAILURE,DELAY", "NOTIFY=DELAY,SUCCESS,FAILURE"]),
        "ORCPT=rfc822;[a-z0-9.]{1,8}(\\+(2B|3D))?@[a-z]{1,8}\\.fr",
    ];
    let bad = prop::sample::select(vec![
        "X=1",
        "SIZE=-1",
        "",
        "=",
        "BODY",
        "SMTPUTF8=1",
        "NOTIFY=",
        "BY=1",
        "RET",
        "ORCPT=x",
        "ENVID=+",
        "HOLDFOR=x",
    ]);
    let mixed =
        |good: BoxedStrategy<String>| prop_oneof![12 => good, 1 => bad.clone().prop_map(str::to_owned)];
    let mail = (path.clone(), prop::collection::vec(mixed(of_mail.boxed()), 0..4))
        .prop_map(|(path, parameters)| format!("MAIL FROM:<{path}>{}", join(&parameters)));
    let rcpt = (path, prop::collection::vec(mixed(of_rcpt.boxed()), 0..3))
        .prop_map(|(path, parameters)| format!("Rcpt To:<{path}>{}", join(&parameters)));
    let bdat = "[Bb][Dd][Aa][Tt] [0-9]{1,18}( LAST| last| Last|  LAST| LAS)?";
    prop_oneof![1 => bare.prop_map(str::to_owned), 5 => mail, 5 => rcpt, 2 => bdat]
}

fn join(parameters: &[String]) -> String {
    parameters.iter().map(|parameter| format!(" {parameter}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_we_accept_another_parser_reads_alike(line in line()) {
        if let Some(ours) = ours(&line) {
            prop_assert_eq!(theirs(&line), Ok(ours), "{}", line);
        }
    }
}

/// What makes the property above worth something: its lines are accepted often enough.
#[test]
fn the_lines_of_the_oracle_are_often_accepted() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted =
        (0..1_000).filter(|_| ours(&line().new_tree(&mut runner).unwrap().current()).is_some()).count();
    assert!(accepted > 200, "{accepted} of 1,000");
}
