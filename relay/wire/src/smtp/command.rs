//! The grammar of command lines (RFC 5321 §4.1), strict.
//!
//! In two steps, so that the state of the session is judged between them: first the [`Verb`], then
//! its argument.

use super::limits::CLIENT_NAME;
use super::{Body, Config, MailParameters, RcptParameters, Reply, Role};
use names::Address;

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
        match Keyword::parse(name, extended, config.role) {
            Some(Keyword::Size) => parameters.size = Some(size(value, config)?),
            Some(Keyword::Body) => parameters.body = Some(body(value)?),
            Some(Keyword::SmtpUtf8) if value.is_none() => parameters.utf8 = true,
            // RFC 4954 §5: a submission server may ignore who the client says wrote the letter.
            Some(Keyword::Auth) if value.is_some_and(is_xtext) => {}
            Some(Keyword::SmtpUtf8 | Keyword::Auth) => return Err(Reply::bad_parameter(name)),
            None => return Err(Reply::unknown_parameter(shortened(name))),
        }
    }
    if sender.as_ref().is_some_and(Address::needs_utf8) && !parameters.utf8 {
        return Err(Reply::needs_utf8());
    }
    Ok((sender, parameters))
}

/// Reads the argument of RCPT; `utf8` is whether MAIL said SMTPUTF8.
///
/// ```abnf
/// rcpt = "TO:" "<" (mailbox / "postmaster") ">" *(SP parameter)
/// ```
pub fn rcpt(argument: &str, utf8: bool, config: &Config) -> Result<(Address, RcptParameters), Reply> {
    let usage = || Reply::bad_argument("RCPT TO:<address>");
    let (path, rest) = path(argument, "TO:").ok_or_else(usage)?;
    let recipient = if path.eq_ignore_ascii_case("postmaster") {
        config.postmaster.clone()
    } else {
        let refusal = |_| if is_route(path) { Reply::no_relaying() } else { Reply::bad_recipient() };
        Address::parse(path).map_err(refusal)?
    };
    if let Some((name, _)) = split_parameters(rest, usage)?.first() {
        return Err(Reply::unknown_parameter(shortened(name)));
    }
    if recipient.needs_utf8() && !utf8 {
        return Err(Reply::needs_utf8());
    }
    Ok((recipient, RcptParameters::default()))
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

/// The MAIL parameters we offer; never one more than EHLO says.
enum Keyword {
    Size,
    Body,
    SmtpUtf8,
    Auth,
}

impl Keyword {
    fn parse(name: &str, extended: bool, role: Role) -> Option<Self> {
        let known = [("SIZE", Self::Size), ("BODY", Self::Body), ("SMTPUTF8", Self::SmtpUtf8)];
        let auth = matches!(role, Role::Submission).then_some(("AUTH", Self::Auth));
        let found = known.into_iter().chain(auth).find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.filter(|_| extended).map(|(_, keyword)| keyword)
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

/// `1*20DIGIT` (RFC 1870 §3); what does not fit a number is certainly too large.
fn size(value: Option<&str>, config: &Config) -> Result<u64, Reply> {
    let digits = value.filter(|text| text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit()));
    let digits = digits.ok_or_else(|| Reply::bad_parameter("SIZE"))?;
    let size = digits.parse().unwrap_or(u64::MAX);
    if size > config.limits.letter { Err(Reply::too_large(config.limits.letter)) } else { Ok(size) }
}

/// RFC 6152 §3; BINARYMIME is not offered.
fn body(value: Option<&str>) -> Result<Body, Reply> {
    match value {
        Some(value) if value.eq_ignore_ascii_case("7BIT") => Ok(Body::SevenBit),
        Some(value) if value.eq_ignore_ascii_case("8BITMIME") => Ok(Body::EightBitMime),
        Some(_) | None => Err(Reply::bad_parameter("BODY")),
    }
}

/// RFC 3461 §4: printable ASCII but `+` and `=`, or `+` and two capital hexadecimal figures.
fn is_xtext(value: &str) -> bool {
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let hexadecimal = |b: Option<u8>| matches!(b, Some(b'0'..=b'9' | b'A'..=b'F'));
        let fits = match byte {
            b'+' => hexadecimal(bytes.next()) && hexadecimal(bytes.next()),
            b'=' => false,
            other => other.is_ascii_graphic(),
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::Domain;

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
            ("FROM:<a@b.fr> RET=HDRS", "555 5.5.4"),
            ("FROM:<a@b.fr> REQUIRETLS", "555 5.5.4"),
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
            let got = mail(argument, true, &config(Role::Submission));
            let got = got.map_or_else(|reply| first_line(&reply), |_| "ok".to_owned());
            assert_eq!(got, want, "{argument}");
        }
        assert!(mail("FROM:<>", true, &config(Role::Mx)).is_ok_and(|(path, _)| path.is_none()));
        assert!(mail("FROM:<> AUTH=<>", true, &config(Role::Mx)).is_err(), "AUTH= is not offered there");
        assert!(mail("FROM:<a@b.fr> SIZE=1", false, &config(Role::Mx)).is_err(), "HELO offers nothing");
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
            let reply = rcpt(&format!("TO:<{path}>"), true, &config(Role::Mx)).unwrap_err();
            assert_eq!(first_line(&reply), "550 5.7.1", "{path}");
        }
        for (argument, want) in [
            ("TO:<é@b.fr>", "553 5.6.7"),
            ("TO:<>", "553 5.1.3"),
            ("TO:<user>", "553 5.1.3"),
            ("TO:<=?utf-8?q?a?=@b.fr>", "553 5.1.3"),
            ("TO:<a@b.fr> NOTIFY=NEVER", "555 5.5.4"),
            ("TO:<a@b.fr> ", "501 5.5.4"),
            ("TO: <a@b.fr>", "501 5.5.4"),
        ] {
            let reply = rcpt(argument, false, &config(Role::Submission)).unwrap_err();
            assert_eq!(first_line(&reply), want, "{argument}");
        }
    }

    #[test]
    fn postmaster_needs_no_domain() {
        let (path, _) = rcpt("TO:<PostMaster>", false, &config(Role::Submission)).unwrap();
        assert_eq!(path.to_string(), "postmaster@house.example");
    }
}
