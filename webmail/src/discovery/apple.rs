//! The configuration profile of iOS and macOS. The device asks for the password when it is installed.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use names::{Address, Domain};

use super::{Setup, doors, told};

#[derive(Template)]
#[template(path = "discovery/apple.xml")]
struct Profile<'a> {
    description: String,
    address: Option<String>,
    domain: &'a str,
    host: &'a str,
    incoming: u16,
    outgoing: u16,
    identifier: String,
    account_uuid: String,
    profile_uuid: String,
}

pub(super) fn profile(setup: &Setup, domain: &Domain, address: Option<&Address>, host: &str) -> Response {
    let first = |implicit, starttls| doors(implicit, starttls).first().map(|door| door.port);
    let (Some(incoming), Some(outgoing)) = (
        first(setup.doors.imap_implicit, setup.doors.imap_starttls),
        first(setup.doors.submission_implicit, setup.doors.submission_starttls),
    ) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let domain = address.map_or(domain, Address::domain).as_str();
    let whose = address.map_or_else(|| domain.to_owned(), ToString::to_string);
    let reversed: Vec<&str> = setup.doors.host.rsplit('.').collect();
    let profile = Profile {
        description: format!("Messagerie de santé {whose}"),
        address: address.map(ToString::to_string),
        domain,
        host: &setup.doors.host,
        incoming,
        outgoing,
        identifier: format!("{}.{}", reversed.join("."), uuid("identifier", &whose, host)),
        account_uuid: uuid("account", &whose, host),
        profile_uuid: uuid("profile", &whose, host),
    };
    let Ok(text) = profile.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = told("application/x-apple-aspen-config", text);
    let name = HeaderValue::from_static("attachment; filename=\"messagerie.mobileconfig\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response
}

/// The same for the same account, so that a profile installed again replaces the first
/// (RFC 9562 §5.8: version 8, our own way of making one).
fn uuid(what: &str, whose: &str, host: &str) -> String {
    let text = format!("{what}\n{whose}\n{host}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let mut octets = [0u8; 16];
    octets.copy_from_slice(&digest.as_ref()[..16]);
    octets[6] = (octets[6] & 0x0f) | 0x80;
    octets[8] = (octets[8] & 0x3f) | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
