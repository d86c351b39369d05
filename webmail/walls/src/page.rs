//! Answers and forms, as all handlers make and read them.

use askama::Template;
use axum::body::Body;
use axum::extract::RawForm;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A style sheet.
#[must_use]
pub fn css(sheet: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], sheet).into_response()
}

/// A rendered page. A template that cannot be rendered is our fault and shows nothing of itself.
pub fn html(view: &impl Template) -> Response {
    match view.render() {
        Ok(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A posted form, perhaps.
pub type Form = Result<RawForm, axum::extract::rejection::RawFormRejection>;

/// What was posted is no form, or too long a one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("what was posted is not a form of ours")]
pub struct NotAForm;

/// The fields of a posted form.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields, in their order.
    pub fn of(form: Form) -> Result<Self, NotAForm> {
        let RawForm(octets) = form.map_err(|_| NotAForm)?;
        Ok(Self(form_urlencoded::parse(&octets).into_owned().collect()))
    }

    /// Refuses a form that brings anything but these fields, or one of them twice (RELIABILITY D-07).
    pub fn only(&self, known: &[&str]) -> Result<(), NotAForm> {
        let mut seen = std::collections::HashSet::new();
        let right = self.0.iter().all(|(name, _)| known.contains(&name.as_str()) && seen.insert(name));
        if right { Ok(()) } else { Err(NotAForm) }
    }

    /// The first field of that name; empty when there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Those of a form with a file, read by whoever takes the file.
impl From<Vec<(String, String)>> for Fields {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

/// Adds a cookie to an answer.
pub fn set_cookie(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

/// The host a request is for, in lower case. Two `Host` fields name none.
#[must_use]
pub fn host(request: &Request<Body>) -> Option<String> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?,
        (_, Some(_)) => return None,
        (None, None) => request.uri().authority()?.as_str(),
    };
    Some(host.to_ascii_lowercase())
}

/// A redirection that a browser follows with `GET`, whatever came before.
#[must_use]
pub fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::of(Ok(RawForm(text.to_owned().into()))).expect("a form")
    }

    #[test]
    fn a_form_brings_what_is_asked_for_and_nothing_else() {
        for (case, text, want) in [
            ("all", "jeton=x&nom=Dupont", true),
            ("fewer", "jeton=x", true),
            ("one more", "jeton=x&role=directory", false),
            ("twice", "nom=a&nom=b", false),
        ] {
            assert_eq!(fields(text).only(&["jeton", "nom"]).is_ok(), want, "{case}");
        }
        assert_eq!(fields("a=%C3%A9+t").field("a"), "é t");
    }
}
