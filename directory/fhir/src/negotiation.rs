//! What the caller takes and prefers, as its headers say.

use axum::http::{HeaderMap, header};

use crate::Trouble;
use crate::ask::Handling;

/// The form of every answer.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// Whether the caller takes JSON (FHIR R4 §3.1.0.1.10). `_format`, judged elsewhere, wins over it.
pub(crate) fn accepts(headers: &HeaderMap) -> Result<(), Trouble> {
    let mut offers =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if offers.peek().is_none() || offers.flat_map(|offer| offer.split(',')).any(takes) {
        return Ok(());
    }
    Err(Trouble::not_acceptable("answers are application/fhir+json, of FHIR 4.0"))
}

fn takes(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = ["application/fhir+json", "application/json", "text/json", "application/*", "*/*"];
    let refused = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0),
            "fhirversion" => !matches!(value.trim().trim_matches('"'), "4.0" | "4.0.1"),
            _ => false,
        }
    };
    known.contains(&kind.as_str()) && !parts.any(refused)
}

/// Whether a body is of this kind; what stands behind it (`; charset=utf-8`) does not count.
pub(crate) fn is_of(headers: &HeaderMap, kinds: &[&str]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kinds.contains(&kind.as_str())
}

/// What is done with unknown parameters.
pub(crate) fn handling(headers: &HeaderMap) -> Handling {
    if prefers(headers, "handling=strict") { Handling::Strict } else { Handling::Lenient }
}

/// Whether the caller wants no body back from a change.
pub(crate) fn wants_minimal(headers: &HeaderMap) -> bool {
    prefers(headers, "return=minimal")
}

fn prefers(headers: &HeaderMap, wish: &str) -> bool {
    let wishes = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    wishes.flat_map(|wishes| wishes.split([',', ';'])).any(|own| own.trim().eq_ignore_ascii_case(wish))
}

/// Whether a condition of versions names this one: `W/"…"`, a list, or `*`.
pub(crate) fn names_version(value: &str, version: &str) -> bool {
    value.split(',').map(str::trim).any(|tag| {
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == version && tag.ends_with('"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn json_is_taken_by_whoever_takes_json() {
        assert!(accepts(&HeaderMap::new()).is_ok());
        for (accept, taken) in [
            ("application/fhir+json", true),
            ("application/json", true),
            ("text/html, */*;q=0.1", true),
            ("application/fhir+json; fhirVersion=4.0", true),
            ("application/fhir+json; fhirVersion=5.0", false),
            ("application/fhir+xml", false),
            ("text/html", false),
            ("application/json;q=0", false),
            ("application/xml, application/json;q=0.5", true),
            ("", false),
        ] {
            assert_eq!(accepts(&with(header::ACCEPT, accept)).is_ok(), taken, "{accept:?}");
        }
    }

    #[test]
    fn wishes_are_heard_in_any_order() {
        let prefer = || header::HeaderName::from_static("prefer");
        assert_eq!(handling(&with(prefer(), "return=minimal, handling=strict")), Handling::Strict);
        assert_eq!(handling(&with(prefer(), "handling=lenient")), Handling::Lenient);
        assert!(wants_minimal(&with(prefer(), "return=minimal; x=y")));
    }

    #[test]
    fn versions_are_compared_whole() {
        for (value, same) in [
            ("W/\"17\"", true),
            ("\"17\"", true),
            ("W/\"1\", W/\"17\"", true),
            ("*", true),
            ("W/\"170\"", false),
            ("17", false),
            ("", false),
        ] {
            assert_eq!(names_version(value, "17"), same, "{value}");
        }
    }
}
