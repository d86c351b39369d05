//! Thunderbird's configuration file, which K-9, Evolution and others read too.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use names::{Address, Domain};

use super::{MailDoor, Setup, doors, told};

/// What stands for the address when none was given: the program puts its own in.
const ANY: &str = "%EMAILADDRESS%";

#[derive(Template)]
#[template(path = "discovery/mozilla.xml")]
struct Config<'a> {
    domain: &'a str,
    domains: Vec<&'a str>,
    host: &'a str,
    incoming: Vec<MailDoor>,
    outgoing: Vec<MailDoor>,
    login: String,
    space: Option<&'a str>,
}

pub(super) fn config(setup: &Setup, domain: &Domain, address: Option<&Address>) -> Response {
    let domain = address.map_or(domain, Address::domain);
    let config = Config {
        domain: domain.as_str(),
        domains: vec![domain.as_str()],
        host: &setup.doors.host,
        incoming: doors(setup.doors.imap_implicit, setup.doors.imap_starttls),
        outgoing: doors(setup.doors.submission_implicit, setup.doors.submission_starttls),
        login: address.map_or_else(|| ANY.to_owned(), ToString::to_string),
        space: setup.space.as_deref(),
    };
    match config.render() {
        Ok(text) => told("text/xml; charset=utf-8", text),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
