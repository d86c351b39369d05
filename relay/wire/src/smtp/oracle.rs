//! Another parser of SMTP beside ours: whatever we accept, it must accept with the same meaning.
//!
//! The other way round does not hold: it is more lenient (CRATES §1 lists where), so lines that only
//! it accepts prove nothing. Its own mistakes about DATA (an empty letter has no end, `.` CR CR LF is
//! one) are why framing is not compared.

use super::command::{self, Extended, Verb};
use super::{Body, Config, Role};
use names::{Address, Domain, Timestamp};
use proptest::prelude::*;
use smtp_proto::{MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, Request};

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
            let (path, parameters) = command::mail(argument, true, &config(), NOW).ok()?;
            let body = match parameters.body {
                Some(Body::SevenBit) => MAIL_BODY_7BIT,
                Some(Body::EightBitMime) => MAIL_BODY_8BITMIME,
                None => 0,
            };
            let utf8 = if parameters.utf8 { MAIL_SMTPUTF8 } else { 0 };
            Some(format!("mail {} {} {}", path?, parameters.size.unwrap_or(0), body | utf8))
        }
        Verb::Rcpt => {
            let (path, _) = command::rcpt(argument, Extended::Utf8, &config()).ok()?;
            (path != config().postmaster).then(|| format!("rcpt {path}"))
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
        | Verb::Bdat
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
            let flags = from.flags & (MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8);
            format!("mail {} {} {flags}", from.address.to_lowercase(), from.size)
        }
        Request::Rcpt { to } => format!("rcpt {}", to.address.to_lowercase()),
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
    let good = prop_oneof![
        "SIZE=[0-9]{1,8}",
        prop::sample::select(vec!["BODY=8BITMIME", "body=7bit", "SMTPUTF8", "AUTH=<>"])
            .prop_map(str::to_owned),
    ];
    let bad = prop::sample::select(vec!["X=1", "SIZE=-1", "", "=", "BODY", "SMTPUTF8=1", "NOTIFY=NEVER"]);
    let parameter = prop_oneof![8 => good, 1 => bad.prop_map(str::to_owned)];
    let mail = (path.clone(), prop::collection::vec(parameter.clone(), 0..3))
        .prop_map(|(path, parameters)| format!("MAIL FROM:<{path}>{}", join(&parameters)));
    let rcpt = (path, prop::collection::vec(parameter, 0..2))
        .prop_map(|(path, parameters)| format!("Rcpt To:<{path}>{}", join(&parameters)));
    prop_oneof![1 => bare.prop_map(str::to_owned), 5 => mail, 5 => rcpt]
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
