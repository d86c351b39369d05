//! The values of ESMTP parameters, each with its grammar, strict.

use super::limits::{BY_SHORTEST, ENVELOPE_ID, HOLD_LONGEST, ORIGINAL_RECIPIENT};
use super::{
    Body, ByMode, Config, DeliverBy, Hold, Notify, NotifyWhen, OriginalRecipient, Reply, Ret, xtext,
};
use names::{SECOND, Timestamp};

/// A parameter's value as it was written; `None` when there was no `=`.
pub type Value<'a> = Option<&'a str>;

/// `1*20DIGIT` (RFC 1870 §3); what does not fit a number is certainly too large.
pub fn size(value: Value<'_>, config: &Config) -> Result<u64, Reply> {
    let digits = value.filter(|text| text.len() <= 20 && is_number(text));
    let digits = digits.ok_or_else(|| Reply::bad_parameter("SIZE", "SIZE=octets"))?;
    let size = digits.parse().unwrap_or(u64::MAX);
    if size > config.limits.letter { Err(Reply::too_large(config.limits.letter)) } else { Ok(size) }
}

/// RFC 6152 §3; BINARYMIME is not offered.
pub fn body(value: Value<'_>) -> Result<Body, Reply> {
    match value {
        Some(value) if value.eq_ignore_ascii_case("7BIT") => Ok(Body::SevenBit),
        Some(value) if value.eq_ignore_ascii_case("8BITMIME") => Ok(Body::EightBitMime),
        Some(_) | None => Err(Reply::bad_parameter("BODY", "BODY=7BIT or BODY=8BITMIME")),
    }
}

/// A keyword that takes no value.
pub fn nothing(value: Value<'_>, name: &str) -> Result<bool, Reply> {
    match value {
        None => Ok(true),
        Some(_) => Err(Reply::bad_parameter(name, &format!("{name} takes no value"))),
    }
}

/// RFC 4954 §5: a submission server may ignore who the client says wrote the letter.
pub fn auth(value: Value<'_>) -> Result<(), Reply> {
    let good = value.is_some_and(|value| value == "<>" || xtext::decoded(value).is_some());
    if good { Ok(()) } else { Err(Reply::bad_parameter("AUTH", "AUTH=<> or AUTH=xtext")) }
}

/// RFC 3461 §4.3.
pub fn ret(value: Value<'_>) -> Result<Ret, Reply> {
    match value {
        Some(value) if value.eq_ignore_ascii_case("FULL") => Ok(Ret::Full),
        Some(value) if value.eq_ignore_ascii_case("HDRS") => Ok(Ret::Headers),
        Some(_) | None => Err(Reply::bad_parameter("RET", "RET=FULL or RET=HDRS")),
    }
}

/// RFC 3461 §4.4.
pub fn envelope_id(value: Value<'_>) -> Result<String, Reply> {
    let fits = value.filter(|value| value.len() <= ENVELOPE_ID).and_then(xtext::decoded);
    fits.ok_or_else(|| {
        Reply::bad_parameter("ENVID", &format!("ENVID=xtext of at most {ENVELOPE_ID} characters"))
    })
}

/// `NEVER`, or any of the others, each once (RFC 3461 §4.1).
pub fn notify(value: Value<'_>) -> Result<Notify, Reply> {
    let wrong = || Reply::bad_parameter("NOTIFY", "NOTIFY=NEVER, or any of SUCCESS,FAILURE,DELAY");
    let value = value.ok_or_else(wrong)?;
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::Never);
    }
    let mut when = NotifyWhen::default();
    for word in value.split(',') {
        let named =
            [("SUCCESS", &mut when.success), ("FAILURE", &mut when.failure), ("DELAY", &mut when.delay)];
        let named = named.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        let (_, named) = named.ok_or_else(wrong)?;
        if std::mem::replace(named, true) {
            return Err(wrong());
        }
    }
    Ok(Notify::When(when))
}

/// `addr-type ";" xtext` (RFC 3461 §4.2); the type `utf-8` may be written raw where SMTPUTF8 was said
/// (RFC 6533 §3).
pub fn original(value: Value<'_>, utf8: bool) -> Result<OriginalRecipient, Reply> {
    let wrong = || {
        Reply::bad_parameter("ORCPT", &format!("ORCPT=type;xtext of at most {ORIGINAL_RECIPIENT} characters"))
    };
    let value = value.filter(|value| value.len() <= ORIGINAL_RECIPIENT).ok_or_else(wrong)?;
    let (kind, address) = value.split_once(';').ok_or_else(wrong)?;
    let kind = kind.to_ascii_lowercase();
    if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(wrong());
    }
    let raw = utf8 && kind == "utf-8" && !address.is_ascii();
    let address = match raw {
        true if address.contains(['+', '=', '\\']) || !address.chars().all(is_shown) => None,
        true => Some(address.to_owned()),
        false => xtext::decoded(address),
    };
    let address = address.filter(|address| !address.is_empty()).ok_or_else(wrong)?;
    Ok(OriginalRecipient { kind, address })
}

/// Neither a blank, nor what turns or hides the text around it (RELIABILITY S-12, S-15).
fn is_shown(c: char) -> bool {
    let turns =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !c.is_whitespace() && !turns
}

/// `by-time ";" ("R" / "N") ["T"]`, seconds from now (RFC 2852 §4).
pub fn deliver_by(value: Value<'_>, now: Timestamp) -> Result<DeliverBy, Reply> {
    let wrong = || Reply::bad_parameter("BY", "BY=seconds;R or BY=seconds;N, and T to be told by each relay");
    let (time, mode) = value.and_then(|value| value.split_once(';')).ok_or_else(wrong)?;
    let (mode, trace) = match mode.to_ascii_uppercase().as_str() {
        "R" => (ByMode::Return, false),
        "RT" => (ByMode::Return, true),
        "N" => (ByMode::Notify, false),
        "NT" => (ByMode::Notify, true),
        _ => return Err(wrong()),
    };
    let figures = time.strip_prefix(['+', '-']).unwrap_or(time);
    if figures.len() > 9 || !is_number(figures) {
        return Err(wrong());
    }
    let seconds: i64 = figures.parse().map_err(|_| wrong())?;
    let seconds = if time.starts_with('-') { -seconds } else { seconds };
    // RFC 2852 §4.1: a letter that must come back must have time to get there.
    if mode == ByMode::Return && seconds < BY_SHORTEST {
        return Err(Reply::too_soon(BY_SHORTEST));
    }
    Ok(DeliverBy { by: now.plus(seconds * SECOND), mode, trace })
}

/// HOLDFOR: seconds, of at most nine figures, the first of them no zero (RFC 4865 §4).
pub fn hold_for(value: Value<'_>, now: Timestamp) -> Result<Hold, Reply> {
    let seconds = value
        .filter(|text| text.len() <= 9 && is_number(text) && !text.starts_with('0'))
        .and_then(|text| text.parse().ok());
    let seconds: i64 = seconds.ok_or_else(|| Reply::bad_parameter("HOLDFOR", "HOLDFOR=seconds"))?;
    held(now.plus(seconds * SECOND), now)
}

/// HOLDUNTIL: a date and time of RFC 3339 (RFC 4865 §4 and its erratum 2040).
pub fn hold_until(value: Value<'_>, now: Timestamp) -> Result<Hold, Reply> {
    let until =
        value.filter(|value| is_rfc3339(value)).and_then(|value| value.parse::<jiff::Timestamp>().ok());
    let until = until.ok_or_else(|| Reply::bad_parameter("HOLDUNTIL", "HOLDUNTIL=2026-01-31T08:00:00Z"))?;
    let until = Timestamp(until.as_millisecond());
    if until < now {
        return Err(Reply::bad_parameter("HOLDUNTIL", "that time has passed"));
    }
    held(until, now)
}

fn held(until: Timestamp, now: Timestamp) -> Result<Hold, Reply> {
    if until.since(now) > HOLD_LONGEST * SECOND {
        Err(Reply::held_too_long(HOLD_LONGEST))
    } else {
        Ok(Hold { until })
    }
}

/// `YYYY-MM-DDThh:mm:ss[.fff](Z / ±hh:mm)`; the parser behind it knows more forms than we want.
fn is_rfc3339(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(19) else { return false };
    let shape = date.bytes().zip("0000-00-00T00:00:00".bytes()).all(|(b, form)| match form {
        b'0' => b.is_ascii_digit(),
        b'T' => b.eq_ignore_ascii_case(&b'T'),
        form => b == form,
    });
    let fraction = rest.strip_prefix('.').unwrap_or(rest);
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let figures = fraction.len() - zone.len();
    let fraction_fits = if rest.starts_with('.') { (1..=9).contains(&figures) } else { figures == 0 };
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|offset| {
        offset.len() == 5
            && offset.bytes().enumerate().all(|(at, b)| if at == 2 { b == b':' } else { b.is_ascii_digit() })
    });
    shape && fraction_fits && (zone.eq_ignore_ascii_case("Z") || offset)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp(1_769_860_800_000); // 2026-01-31T12:00:00Z

    #[test]
    fn notify_names_each_occasion_once() {
        let when = |success, failure, delay| Some(Notify::When(NotifyWhen { success, failure, delay }));
        for (value, want) in [
            ("NEVER", Some(Notify::Never)),
            ("never", Some(Notify::Never)),
            ("SUCCESS", when(true, false, false)),
            ("Failure,Delay", when(false, true, true)),
            ("DELAY,SUCCESS,FAILURE", when(true, true, true)),
            ("NEVER,DELAY", None),
            ("DELAY,NEVER", None),
            ("DELAY,DELAY", None),
            ("DELAY,", None),
            (",DELAY", None),
            ("", None),
            ("ALWAYS", None),
        ] {
            assert_eq!(notify(Some(value)).ok(), want, "{value}");
        }
        assert!(notify(None).is_err());
    }

    #[test]
    fn an_original_recipient_is_clean_when_it_is_read() {
        let long = format!("rfc822;{}", "a".repeat(494));
        for (value, want) in [
            ("rfc822;p@b.example", Some(("rfc822", "p@b.example"))),
            ("RFC822;a+2Bb@b.example", Some(("rfc822", "a+b@b.example"))),
            ("utf-8;é@b.example", Some(("utf-8", "é@b.example"))),
            ("rfc822;é@b.example", None),
            ("utf-8;é+2B@b.example", None),
            ("utf-8;é\u{202e}@b.example", None),
            ("utf-8;é\u{2028}X@b.example", None),
            ("rfc822;a+0D+0AX: y", None),
            ("rfc822;a+0D", None),
            ("rfc822;", None),
            (";a@b.example", None),
            ("rfc 822;a@b.example", None),
            ("a@b.example", None),
            (&long, None),
        ] {
            let got = original(Some(value), true).ok();
            assert_eq!(got.as_ref().map(|o| (o.kind.as_str(), o.address.as_str())), want, "{value}");
        }
        assert!(original(Some("utf-8;é@b.example"), false).is_err(), "SMTPUTF8 was not said");
    }

    #[test]
    fn times_are_seconds_and_bounded() {
        for (value, want) in [
            ("120;R", Some((120, ByMode::Return, false))),
            ("+120;n", Some((120, ByMode::Notify, false))),
            ("60;RT", Some((60, ByMode::Return, true))),
            ("-30;NT", Some((-30, ByMode::Notify, true))),
            ("0;N", Some((0, ByMode::Notify, false))),
            ("999999999;R", Some((999_999_999, ByMode::Return, false))),
            ("59;R", None),
            ("0;R", None),
            ("-1;R", None),
            ("1000000000;R", None),
            ("120", None),
            ("120;", None),
            ("120;X", None),
            ("120;TR", None),
            (";R", None),
            ("+;R", None),
            ("--1;N", None),
            ("1.5;R", None),
        ] {
            let got = deliver_by(Some(value), NOON).ok();
            let got = got.map(|got| (got.by.since(NOON) / SECOND, got.mode, got.trace));
            assert_eq!(got, want, "{value}");
        }
        for (value, want) in [
            ("1", Some(1)),
            ("0", None),
            ("060", None),
            ("604800", Some(604_800)),
            ("604801", None),
            ("-1", None),
            ("", None),
        ] {
            let got = hold_for(Some(value), NOON).ok();
            assert_eq!(got.map(|hold| hold.until.since(NOON) / SECOND), want, "{value}");
        }
        for (value, want) in [
            ("2026-01-31T12:00:00Z", Some(0)),
            ("2026-01-31t13:30:00+01:00", Some(1_800)),
            ("2026-01-31T12:00:01.500z", Some(1)),
            ("2026-02-07T12:00:00Z", Some(604_800)),
            ("2026-02-07T12:00:01Z", None),
            ("2026-01-31T11:59:59Z", None),
            ("2026-02-30T12:00:00Z", None),
            ("2026-01-31T12:00:00", None),
            ("2026-01-31 12:00:00Z", None),
            ("2026-01-31T12:00Z", None),
            ("20260131T120000Z", None),
            ("2026-01-31T12:00:00Z[Europe/Paris]", None),
            ("2026-01-31T12:00:00.Z", None),
            ("1769860801", None),
        ] {
            let got = hold_until(Some(value), NOON).ok();
            assert_eq!(got.map(|hold| hold.until.since(NOON) / SECOND), want, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_value_breaks_a_reader(value in "[0-9A-Za-z;,+.:é-]{0,40}") {
            let value = Some(value.as_str());
            let _ = (notify(value), original(value, true), deliver_by(value, NOON), hold_for(value, NOON));
            let _ = (hold_until(value, NOON), envelope_id(value), ret(value));
        }
    }
}
