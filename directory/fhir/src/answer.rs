//! Answers as HTTP carries them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::Trouble;
use crate::negotiation::FHIR_JSON;

/// What is answered, before it is written out.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    /// None has no body: `304`, or a change whose caller wants none.
    body: Option<Value>,
    kind: &'static str,
    pretty: bool,
    version: Option<(String, String)>,
}

impl Answer {
    /// A resource.
    pub(crate) fn resource(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), kind: FHIR_JSON, pretty: false, version: None }
    }

    /// JSON that is no resource.
    pub(crate) fn plain(body: Value) -> Self {
        Self { kind: "application/json", ..Self::resource(body) }
    }

    /// Nothing new since the version that the caller has.
    pub(crate) fn not_modified() -> Self {
        Self { status: StatusCode::NOT_MODIFIED, ..Self::empty() }
    }

    /// Done, and nothing to say.
    pub(crate) fn empty() -> Self {
        Self { body: None, ..Self::resource(Value::Null) }
    }

    /// With lines and blanks.
    pub(crate) fn pretty(self, pretty: bool) -> Self {
        Self { pretty, ..self }
    }

    /// With the version of its resource, and when it came to be.
    pub(crate) fn versioned(self, version: String, modified: String) -> Self {
        Self { version: Some((version, modified)), ..self }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let text = match &self.body {
            None => String::new(),
            Some(body) if self.pretty => format!("{body:#}\n"),
            Some(body) => body.to_string(),
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.body.is_some() {
            let kind = format!("{}; charset=utf-8", self.kind);
            set(headers, header::CONTENT_TYPE, &kind);
        }
        if let Some((version, modified)) = &self.version {
            set(headers, header::ETAG, &format!("W/\"{version}\""));
            set(headers, header::LAST_MODIFIED, modified);
        }
        response
    }
}

impl From<Trouble> for Answer {
    fn from(trouble: Trouble) -> Self {
        Self { status: trouble.status, ..Self::resource(trouble.outcome()) }
    }
}

/// An error with what its status asks for beside.
pub(crate) fn refuse(trouble: Trouble, key_header: &HeaderName) -> Response<Body> {
    let (status, retry, allow) = (trouble.status, trouble.retry, trouble.allow);
    let mut response = Answer::from(trouble).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 §11.6.1: a 401 names a scheme; ours is the header of the trade.
        set(
            headers,
            header::WWW_AUTHENTICATE,
            &format!("ApiKey realm=\"annuaire\", header=\"{key_header}\""),
        );
    }
    if let Some(seconds) = retry {
        set(headers, header::RETRY_AFTER, &seconds.to_string());
    }
    if let Some(allow) = allow {
        set(headers, header::ALLOW, allow);
    }
    response
}

/// What every answer says about itself: for programs, of nobody else's keeping, and no page.
pub(crate) fn guard(headers: &mut HeaderMap, secure: bool) {
    set(headers, header::CACHE_CONTROL, "private, no-cache");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(headers, header::VARY, "Accept, Prefer");
    if secure {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Versions, dates and texts of ours are printable ASCII; anything else is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
