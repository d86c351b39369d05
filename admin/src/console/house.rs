//! The console over a whole house on each engine, and a browser to visit it.

mod tests;

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use directory::{Begun, Finished, NewAdministrator, Role, Roles};
use jiff::tz::TimeZone;
use names::NationalStructureId;
use walls::{Origin, Visitor};

use super::{Console, Settings};
use crate::testing::{self, NOON, full_houses};

pub(crate) const CONSOLE: &str = "admin.localhost:8082";
pub(crate) const PASSWORD: &str = "Huit-Phares-52";

pub(crate) struct House {
    pub(crate) inner: testing::House,
    pub(crate) console: Console,
}

pub(crate) async fn houses() -> Vec<House> {
    let with = |inner: testing::House| {
        let settings = Settings {
            origin: Origin::parse(&format!("http://{CONSOLE}")).unwrap(),
            root_key: [8; 32],
            zone: TimeZone::get("Europe/Paris").unwrap(),
            house: "Pli".to_owned(),
            outside: None,
        };
        let gate = net::Gate::new(net::Caps::default());
        let console = Console::new(settings, inner.admin.clone(), gate);
        House { inner, console }
    };
    full_houses().await.into_iter().map(with).collect()
}

/// What an administrator holds.
pub(crate) struct Holder {
    pub(crate) login: String,
    pub(crate) recovery: Vec<String>,
    pub(crate) token: String,
}

impl House {
    pub(crate) fn engine(&self) -> &'static str {
        self.inner.engine
    }

    /// Invited and enrolled, limited to these organisations if any.
    pub(crate) async fn administrator(&self, login: &str, roles: &[Role], finess: &[&str]) -> Holder {
        let directory = &self.inner.admin.directory;
        let structure = |finess: &&str| directory::structure_reference(finess).unwrap();
        let new = NewAdministrator {
            login: login.to_owned(),
            name: format!("Madame {login}"),
            roles: Roles::of(roles),
            organisations: finess.iter().map(structure).collect::<Vec<NationalStructureId>>(),
        };
        let invitation = directory.add_administrator(&new, audit::Actor::Operator, NOON).await.unwrap();
        let begun = directory.begin_enrolment(login, &invitation.code, PASSWORD, NOON).await.unwrap();
        let Begun::Begun(pending) = begun else { panic!("{begun:?}") };
        let secret = directory.enrolling(&pending, "Pli", NOON).await.unwrap().unwrap().secret;
        match directory.finish_enrolment(&pending, &code(&secret), NOON).await.unwrap() {
            Finished::Enrolled(signed_in, recovery) => {
                Holder { login: login.to_owned(), recovery, token: signed_in.token }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What a telephone with this secret shows at noon.
pub(crate) fn code(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(NOON.0 / names::SECOND).unwrap()).to_string()
}

/// Somebody's browser.
pub(crate) struct Browser<'a> {
    pub(crate) house: &'a House,
    pub(crate) cookies: Vec<(String, String)>,
}

pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Shown {
    /// What stands between two texts, first.
    pub(crate) fn between(&self, before: &str, after: &str) -> String {
        let rest = self.text.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {}", self.text));
        rest.split(after).next().unwrap_or_default().to_owned()
    }

    pub(crate) fn token(&self) -> String {
        self.between("name=\"jeton\" value=\"", "\"")
    }

    pub(crate) fn location(&self) -> String {
        self.headers.get(header::LOCATION).map_or_else(String::new, |to| to.to_str().unwrap().to_owned())
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(house: &'a House) -> Self {
        Self { house, cookies: Vec::new() }
    }

    pub(crate) fn of(house: &'a House, holder: &Holder) -> Self {
        Self { house, cookies: vec![("__Host-pli-console".to_owned(), holder.token.clone())] }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::get(path), String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let request = Request::post(path).header(header::ORIGIN, format!("http://{CONSOLE}"));
        self.send(request, form(fields)).await
    }

    /// Posts with the token of the page it stands on.
    pub(crate) async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let token = self.get(page).await.token();
        let all: Vec<(&str, &str)> = [("jeton", token.as_str())].into_iter().chain(fields.to_vec()).collect();
        self.post(path, &all).await
    }

    pub(crate) async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Shown {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(header::HOST, CONSOLE)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, jar.join("; "))
            .body(Body::from(body))
            .unwrap();
        let visitor = Visitor { address: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None };
        let (parts, body) = self.house.console.answer(request, visitor).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.starts_with("__Host-pli-console") && cookie.contains("SameSite=Strict"),
                "{cookie}"
            );
            let (name, rest) = cookie.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            let value = rest.split(';').next().unwrap();
            self.cookies.extend((!value.is_empty()).then(|| (name.to_owned(), value.to_owned())));
        }
        let text = String::from_utf8(body.to_vec()).unwrap();
        Shown { status: parts.status, headers: parts.headers, text }
    }
}

/// Fields as a browser sends them.
fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    pairs.join("&")
}
