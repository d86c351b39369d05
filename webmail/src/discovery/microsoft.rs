//! Outlook's two ways: a posted XML question ("POX", version 1), and a JSON signpost (version 2) that leads
//! to the first.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use names::{Address, Timestamp};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{MailDoor, Setup, doors, parameter, told};

/// The one answer that mail programs for IMAP understand.
const OUTLOOK: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

/// What we cannot answer, with Microsoft's codes (MS-OXDSCLI §2.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// 600: the question is not one.
    Invalid,
    /// 601: not our domain, or an answer in a form that we do not have (phones' ActiveSync).
    Unknown,
}

#[derive(Template)]
#[template(path = "discovery/autodiscover.xml")]
struct Settings<'a> {
    host: &'a str,
    incoming: Vec<MailDoor>,
    outgoing: Vec<MailDoor>,
    login: String,
}

#[derive(Template)]
#[template(path = "discovery/autodiscover_error.xml")]
struct Refusal {
    time: String,
    code: u16,
    message: &'static str,
}

/// Answers a posted question.
pub(super) fn settings(setup: &Setup, body: &[u8], now: Timestamp) -> Response {
    let address = match question(body) {
        Ok(address) if setup.domains.contains(address.domain()) => address,
        Ok(_) => return refused(Trouble::Unknown, now),
        Err(trouble) => return refused(trouble, now),
    };
    let settings = Settings {
        host: &setup.doors.host,
        incoming: doors(setup.doors.imap_implicit, setup.doors.imap_starttls),
        outgoing: doors(setup.doors.submission_implicit, setup.doors.submission_starttls),
        login: address.to_string(),
    };
    rendered(&settings)
}

/// The answer to what is no question.
pub(super) fn invalid(now: Timestamp) -> Response {
    refused(Trouble::Invalid, now)
}

/// Says where the XML question is asked; the domain of the address is judged there.
pub(super) fn signpost(query: &str, host: &str) -> Response {
    let asked = parameter(query, "Protocol").unwrap_or_default();
    if asked.eq_ignore_ascii_case("AutodiscoverV1") {
        let url = format!("https://{host}/autodiscover/autodiscover.xml");
        let answer = serde_json::json!({ "Protocol": "AutodiscoverV1", "Url": url });
        return told("application/json", answer.to_string());
    }
    let answer = serde_json::json!({
        "ErrorCode": "InvalidProtocol",
        "ErrorMessage": "The given protocol value is invalid. Supported values are 'AutodiscoverV1'.",
    });
    (StatusCode::BAD_REQUEST, told("application/json", answer.to_string())).into_response()
}

/// The address in a question. A document type is refused: none has one, and entities are an attack.
fn question(body: &[u8]) -> Result<Address, Trouble> {
    let text = std::str::from_utf8(body).map_err(|_| Trouble::Invalid)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut within, mut address, mut form) = (Vec::new(), None, None);
    loop {
        match reader.read_event().map_err(|_| Trouble::Invalid)? {
            Event::Start(tag) => within.push(tag.local_name().as_ref().to_owned()),
            Event::End(_) => {
                within.pop();
            }
            Event::Text(words) => {
                let words = words.trim().to_owned();
                match within.last().map(String::as_str) {
                    Some("EMailAddress") => address = Address::parse(&words).ok(),
                    Some("AcceptableResponseSchema") => form = Some(words),
                    Some(_) | None => {}
                }
            }
            Event::DocType(_) => return Err(Trouble::Invalid),
            Event::Eof => break,
            Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
    if form.is_some_and(|form| form != OUTLOOK) {
        return Err(Trouble::Unknown);
    }
    address.ok_or(Trouble::Invalid)
}

fn refused(trouble: Trouble, now: Timestamp) -> Response {
    let (code, message) = match trouble {
        Trouble::Invalid => (600, "Invalid Request"),
        Trouble::Unknown => (601, "Provider not found"),
    };
    // Their clock is a time of day.
    let time = now.rfc3339().split_once('T').map(|(_, time)| time.trim_end_matches('Z').to_owned());
    rendered(&Refusal { time: time.unwrap_or_default(), code, message })
}

fn rendered(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => told("text/xml; charset=utf-8", text),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
