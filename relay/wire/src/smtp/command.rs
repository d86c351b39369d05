//! The grammar of command lines (RFC 5321 §4.1), strict.
//!
//! In two steps, so that the state of the session is judged between them: first the [`Verb`], then
//! its argument.

use super::limits::CLIENT_NAME;
use super::server::{Length, Place};
use super::{Config, Extension, MailParameters, RcptParameters, Reply, Role, values};
use names::{Address, Timestamp};

/// The commands we know by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    /// A web request gone astray, or sent on purpose (RELIABILITY T-04).
    Http,
    Unknown,
}

const VERBS: [(&str, Verb); 23] = [
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("STARTTLS", Verb::StartTls),
    ("AUTH", Verb::Auth),
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("VRFY", Verb::Vrfy),
    ("EXPN", Verb::Expn),
    ("HELP", Verb::Help),
    ("QUIT", Verb::Quit),
    ("GET", Verb::Http),
    ("HEAD", Verb::Http),
    ("POST", Verb::Http),
    ("PUT", Verb::Http),
    ("PATCH", Verb::Http),
    ("DELETE", Verb::Http),
    ("CONNECT", Verb::Http),
    ("OPTIONS", Verb::Http),
    ("TRACE", Verb::Http),
];

/// Splits a line into verb and argument. White space at the end is forgiven (RFC 5321 §4.1.1).
///
/// ```abnf
/// command = verb [SP argument] *WSP
/// ```
pub fn split(line: &[u8]) -> Result<(Verb, &str), Reply> {
    let text = std::str::from_utf8(line).map_err(|_| Reply::bad_line())?;
    let text = text.trim_end_matches([' ', '\t']);
    if text.chars().any(char::is_control) {
        return Err(Reply::bad_line());
    }
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    let known = VERBS.iter().find(|(name, _)| name.eq_ignore_ascii_case(verb));
    Ok((known.map_or(Verb::Unknown, |(_, verb)| *verb), argument))
}

/// Refuses an argument where none is allowed.
pub fn nothing(argument: &str) -> Result<(), Reply> {
    if argument.is_empty() { Ok(()) } else { Err(Reply::no_argument_allowed()) }
}

/// Reads the name in EHLO and HELO: a domain, an address literal, or what mail programs make of
/// the computer's name; one word that can stand in a Received field.
pub fn client_name(argument: &str) -> Result<&str, Reply> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    if (1..=CLIENT_NAME).contains(&argument.len()) && argument.bytes().all(fits) {
        Ok(argument)
    } else {
        Err(Reply::bad_argument("EHLO name"))
    }
}

/// Reads the argument of AUTH: the mechanism and the initial response, if any (RFC 4954 §4).
pub fn auth(argument: &str) -> Result<(&str, Option<&str>), Reply> {
    let (mechanism, initial) = match argument.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial)),
        None => (argument, None),
    };
    if mechanism.is_empty() || initial.is_some_and(|text| text.is_empty() || text.contains(' ')) {
        return Err(Reply::bad_argument("AUTH mechanism [initial-response]"));
    }
    Ok((mechanism, initial))
}

/// Whether a line, read or not, is a BDAT to somebody: then octets of a letter follow it.
pub fn is_bdat(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
}

/// Reads the argument of BDAT.
///
/// ```abnf
/// bdat = 1*20DIGIT [SP "LAST"]   ; RFC 3030 §2
/// ```
pub fn bdat(argument: &str) -> Result<Length, Reply> {
    let (octets, place) = match argument.split_once(' ') {
        None => (argument, Place::Inside),
        Some((octets, mark)) if mark.eq_ignore_ascii_case("LAST") => (octets, Place::Last),
        Some(_) => return Err(Reply::bad_chunk()),
    };
    if !(1..=20).contains(&octets.len()) || !octets.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reply::bad_chunk());
    }
    Ok(Length { octets: octets.parse().unwrap_or(u64::MAX), place })
}

/// Reads the argument of MAIL.
///
/// ```abnf
/// mail      = "FROM:" "<" [mailbox] ">" *(SP parameter)   ; no blank around the colon, §3.3
/// parameter = keyword ["=" value]
/// keyword   = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// value     = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)      ; §4.1.2, RFC 6531 §3.3
/// ```
pub fn mail(
    argument: &str,
    extended: bool,
    config: &Config,
    now: Timestamp,
) -> Result<(Option<Address>, MailParameters), Reply> {
    let usage = || Reply::bad_argument("MAIL FROM:<address> [parameters]");
    let (path, rest) = path(argument, "FROM:").ok_or_else(usage)?;
    let sender = match (path, config.role) {
        ("", Role::Mx) => None,
        ("", Role::Submission) => return Err(Reply::null_sender()),
        (path, Role::Submission | Role::Mx) => Some(Address::parse(path).map_err(|_| Reply::bad_sender())?),
    };
    let mut parameters = MailParameters::default();
    for (name, value) in split_parameters(rest, usage)? {
        match MailKeyword::parse(name, extended, config) {
            Some(MailKeyword::Size) => parameters.size = Some(values::size(value, config)?),
            Some(MailKeyword::Body) => parameters.body = Some(values::body(value)?),
            Some(MailKeyword::SmtpUtf8) => parameters.utf8 = values::nothing(value, "SMTPUTF8")?,
            Some(MailKeyword::Auth) => values::auth(value)?,
            Some(MailKeyword::Ret) => parameters.dsn.ret = Some(values::ret(value)?),
            Some(MailKeyword::EnvelopeId) => parameters.dsn.envelope_id = Some(values::envelope_id(value)?),
            Some(MailKeyword::RequireTls) => parameters.require_tls = values::nothing(value, "REQUIRETLS")?,
            Some(MailKeyword::By) => parameters.deliver_by = Some(values::deliver_by(value, now)?),
            Some(MailKeyword::HoldFor | MailKeyword::HoldUntil) if parameters.hold.is_some() => {
                return Err(Reply::repeated_parameter("HOLDFOR and HOLDUNTIL are one"));
            }
            Some(MailKeyword::HoldFor) => parameters.hold = Some(values::hold_for(value, now)?),
            Some(MailKeyword::HoldUntil) => parameters.hold = Some(values::hold_until(value, now)?),
            None => return Err(Reply::unknown_parameter(shortened(name))),
        }
    }
    if let (Some(hold), Some(by)) = (parameters.hold, parameters.deliver_by)
        && hold.until > by.by
    {
        return Err(Reply::bad_parameter("BY", "to be held until after it should be delivered"));
    }
    if sender.as_ref().is_some_and(Address::needs_utf8) && !parameters.utf8 {
        return Err(Reply::needs_utf8());
    }
    Ok((sender, parameters))
}

/// Reads the argument of RCPT. `extended` is whether the client said EHLO, `utf8` whether MAIL said
/// SMTPUTF8.
///
/// ```abnf
/// rcpt = "TO:" "<" (mailbox / "postmaster") ">" *(SP parameter)
/// ```
pub fn rcpt(argument: &str, extended: Extended, config: &Config) -> Result<(Address, RcptParameters), Reply> {
    let (extended, utf8) = (extended.is_extended(), extended == Extended::Utf8);
    let usage = || Reply::bad_argument("RCPT TO:<address> [parameters]");
    let (path, rest) = path(argument, "TO:").ok_or_else(usage)?;
    let recipient = if path.eq_ignore_ascii_case("postmaster") {
        config.postmaster.clone()
    } else {
        let refusal = |_| if is_route(path) { Reply::no_relaying() } else { Reply::bad_recipient() };
        Address::parse(path).map_err(refusal)?
    };
    let mut parameters = RcptParameters::default();
    for (name, value) in split_parameters(rest, usage)? {
        match RcptKeyword::parse(name, extended, config) {
            Some(RcptKeyword::Notify) => parameters.notify = Some(values::notify(value)?),
            Some(RcptKeyword::Original) => parameters.original = Some(values::original(value, utf8)?),
            None => return Err(Reply::unknown_parameter(shortened(name))),
        }
    }
    if recipient.needs_utf8() && !utf8 {
        return Err(Reply::needs_utf8());
    }
    Ok((recipient, parameters))
}

/// Takes the keyword and the path in angle brackets off; a quoted local part may hold a `>`.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let head = argument.get(..keyword.len())?;
    let inner = argument[head.len()..].strip_prefix('<').filter(|_| head.eq_ignore_ascii_case(keyword))?;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some((&inner[..at], &inner[at + 1..])),
            _ => {}
        }
    }
    None
}

/// Forms that ask to be carried further than they say (RELIABILITY S-06).
fn is_route(path: &str) -> bool {
    path.contains(['%', '!', '"', '[', ',', ':'])
        || path.matches('@').count() > 1
        || path.ends_with(['.', '@'])
}

/// What the client has said it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extended {
    /// HELO.
    No,
    /// EHLO.
    Yes,
    /// EHLO, and SMTPUTF8 with MAIL.
    Utf8,
}

impl Extended {
    fn is_extended(self) -> bool {
        match self {
            Self::No => false,
            Self::Yes | Self::Utf8 => true,
        }
    }
}

/// The MAIL parameters we offer; never one more than EHLO says.
#[derive(Clone, Copy)]
enum MailKeyword {
    Size,
    Body,
    SmtpUtf8,
    Auth,
    Ret,
    EnvelopeId,
    RequireTls,
    By,
    HoldFor,
    HoldUntil,
}

impl MailKeyword {
    const ALL: [(&str, Self); 10] = [
        ("SIZE", Self::Size),
        ("BODY", Self::Body),
        ("SMTPUTF8", Self::SmtpUtf8),
        ("AUTH", Self::Auth),
        ("RET", Self::Ret),
        ("ENVID", Self::EnvelopeId),
        ("REQUIRETLS", Self::RequireTls),
        ("BY", Self::By),
        ("HOLDFOR", Self::HoldFor),
        ("HOLDUNTIL", Self::HoldUntil),
    ];

    fn parse(name: &str, extended: bool, config: &Config) -> Option<Self> {
        let (_, keyword) = Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let offered = match keyword {
            Self::Size | Self::Body | Self::SmtpUtf8 => true,
            Self::Auth => config.role == Role::Submission,
            Self::Ret | Self::EnvelopeId => config.offers(Extension::Dsn),
            // MAIL is never heard outside TLS.
            Self::RequireTls => config.offers(Extension::RequireTls),
            Self::By => config.offers(Extension::DeliverBy),
            Self::HoldFor | Self::HoldUntil => config.offers(Extension::FutureRelease),
        };
        (offered && extended).then_some(*keyword)
    }
}

/// The RCPT parameters we offer.
#[derive(Clone, Copy)]
enum RcptKeyword {
    Notify,
    Original,
}

impl RcptKeyword {
    fn parse(name: &str, extended: bool, config: &Config) -> Option<Self> {
        let known = [("NOTIFY", Self::Notify), ("ORCPT", Self::Original)];
        let (_, keyword) = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        (extended && config.offers(Extension::Dsn)).then_some(keyword)
    }
}

type Parameter<'a> = (&'a str, Option<&'a str>);

fn split_parameters(rest: &str, usage: impl Fn() -> Reply) -> Result<Vec<Parameter<'_>>, Reply> {
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let rest = rest.strip_prefix(' ').ok_or_else(&usage)?;
    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    for word in rest.split(' ') {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if !is_keyword(name) || value.is_some_and(|value| value.is_empty() || value.contains('=')) {
            return Err(usage());
        }
        if parameters.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(Reply::repeated_parameter(shortened(name)));
        }
        parameters.push((name, value));
    }
    Ok(parameters)
}

fn is_keyword(name: &str) -> bool {
    !name.starts_with('-') && !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Enough of a keyword to recognise it in a reply; it is ASCII already.
fn shortened(name: &str) -> &str {
    &name[..name.len().min(32)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::Domain;

    const NOON: Timestamp = Timestamp(1_769_860_800_000); // 2026-01-31T12:00:00Z

    fn config(role: Role) -> Config {
        let postmaster = Address::parse("postmaster@house.example").unwrap();
        Config::new(role, Domain::parse("smtp.house.example").unwrap(), postmaster)
    }

    fn first_line(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).unwrap()[..9].to_owned()
    }

    #[test]
    fn mail_is_read_strictly() {
        for (argument, want) in [
            ("FROM:<a@b.fr>", "ok"),
            ("from:<a@b.fr>", "ok"),
            ("FROM:<a@b.fr> SIZE=25000000 BODY=8bitmime SMTPUTF8 AUTH=<>", "ok"),
            ("FROM:<a@b.fr> AUTH=e+3Dmc2@b.fr", "ok"),
            ("FROM:<é@b.fr> SMTPUTF8", "ok"),
            ("FROM:<é@b.fr>", "553 5.6.7"),
            ("FROM:<a@b.fr> SIZE=25000001", "552 5.3.4"),
            ("FROM:<a@b.fr> SIZE=99999999999999999999", "552 5.3.4"),
            ("FROM:<a@b.fr> SIZE=999999999999999999999", "501 5.5.4"),
            ("FROM:<a@b.fr> SIZE=1 SIZE=1", "501 5.5.4"),
            ("FROM:<a@b.fr> SIZE=-1", "501 5.5.4"),
            ("FROM:<a@b.fr> SIZE=+1", "501 5.5.4"),
            ("FROM:<a@b.fr> SIZE=", "501 5.5.4"),
            ("FROM:<a@b.fr> SIZE", "501 5.5.4"),
            ("FROM:<a@b.fr> BODY=BINARYMIME", "501 5.5.4"),
            ("FROM:<a@b.fr> SMTPUTF8=1", "501 5.5.4"),
            ("FROM:<a@b.fr> AUTH=a+zz", "501 5.5.4"),
            ("FROM:<a@b.fr> RET=HDRS ENVID=QQ+2B1 REQUIRETLS", "ok"),
            ("FROM:<a@b.fr> BY=120;R HOLDFOR=60", "ok"),
            ("FROM:<a@b.fr> HOLDUNTIL=2026-02-01T08:00:00Z", "ok"),
            ("FROM:<a@b.fr> RET=ALL", "501 5.5.4"),
            ("FROM:<a@b.fr> RET=FULL RET=HDRS", "501 5.5.4"),
            ("FROM:<a@b.fr> ENVID=a+0Ab", "501 5.5.4"),
            ("FROM:<a@b.fr> REQUIRETLS=1", "501 5.5.4"),
            ("FROM:<a@b.fr> BY=10;R", "501 5.5.4"),
            ("FROM:<a@b.fr> BY=120;R HOLDFOR=180", "501 5.5.4"),
            ("FROM:<a@b.fr> HOLDFOR=60 HOLDUNTIL=2026-02-01T08:00:00Z", "501 5.5.4"),
            ("FROM:<a@b.fr> HOLDFOR=604801", "501 5.5.4"),
            ("FROM:<a@b.fr> NOTIFY=NEVER", "555 5.5.4"),
            ("FROM:<a@b.fr> BOGUS=1", "555 5.5.4"),
            ("FROM:<a@b.fr>  SIZE=1", "501 5.5.4"),
            ("FROM:<a@b.fr>SIZE=1", "501 5.5.4"),
            ("FROM:<a@b.fr> -x=1", "501 5.5.4"),
            ("FROM: <a@b.fr>", "501 5.5.4"),
            ("FROM:a@b.fr", "501 5.5.4"),
            ("FROM:<a@b.fr", "501 5.5.4"),
            ("FROM <a@b.fr>", "501 5.5.4"),
            ("", "501 5.5.4"),
            ("é", "501 5.5.4"),
            ("FROM:<>", "550 5.7.1"),
            ("FROM:<\"a> b\"@b.fr>", "553 5.1.7"),
            ("FROM:<a@[127.0.0.1]>", "553 5.1.7"),
        ] {
            let got = mail(argument, true, &config(Role::Submission), NOON);
            let got = got.map_or_else(|reply| first_line(&reply), |_| "ok".to_owned());
            assert_eq!(got, want, "{argument}");
        }
        assert!(mail("FROM:<>", true, &config(Role::Mx), NOON).is_ok_and(|(path, _)| path.is_none()));
        assert!(
            mail("FROM:<> AUTH=<>", true, &config(Role::Mx), NOON).is_err(),
            "AUTH= is not offered there"
        );
        assert!(mail("FROM:<a@b.fr> SIZE=1", false, &config(Role::Mx), NOON).is_err(), "HELO offers nothing");
    }

    #[test]
    fn no_form_of_recipient_is_carried_further_than_it_says() {
        for path in [
            "user%far.fr@near.fr",
            "far.fr!user@near.fr",
            "@a.fr,@b.fr:user@c.fr",
            "@a.fr:user@c.fr",
            "\"user@far.fr\"@near.fr",
            "user@[192.0.2.1]",
            "user@near.fr.",
            "user@",
            "a@b.fr@near.fr",
            "user%far.fr",
            "far.fr!user",
            "user@[IPv6:2001:db8::1]",
            "\"a\"@near.fr",
            "a,b@near.fr",
        ] {
            let reply = rcpt(&format!("TO:<{path}>"), Extended::Utf8, &config(Role::Mx)).unwrap_err();
            assert_eq!(first_line(&reply), "550 5.7.1", "{path}");
        }
        for (argument, want) in [
            ("TO:<é@b.fr>", "553 5.6.7"),
            ("TO:<>", "553 5.1.3"),
            ("TO:<user>", "553 5.1.3"),
            ("TO:<=?utf-8?q?a?=@b.fr>", "553 5.1.3"),
            ("TO:<a@b.fr> NOTIFY=NEVER,DELAY", "501 5.5.4"),
            ("TO:<a@b.fr> NOTIFY=NEVER NOTIFY=NEVER", "501 5.5.4"),
            ("TO:<a@b.fr> ORCPT=a@b.fr", "501 5.5.4"),
            ("TO:<a@b.fr> RET=FULL", "555 5.5.4"),
            ("TO:<a@b.fr> ", "501 5.5.4"),
            ("TO: <a@b.fr>", "501 5.5.4"),
        ] {
            let reply = rcpt(argument, Extended::Yes, &config(Role::Submission)).unwrap_err();
            assert_eq!(first_line(&reply), want, "{argument}");
        }
    }

    #[test]
    fn postmaster_needs_no_domain() {
        let (path, _) = rcpt("TO:<PostMaster>", Extended::No, &config(Role::Submission)).unwrap();
        assert_eq!(path.to_string(), "postmaster@house.example");
    }
}
