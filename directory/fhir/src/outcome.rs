//! What went wrong, as FHIR says it: a status and an `OperationOutcome` (FHIR R4 §3.1.0.1.4).

use axum::http::StatusCode;
use serde_json::{Value, json};

/// What kind of trouble, in the words of FHIR's value set `issue-type`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Issue {
    /// The question is not understood.
    Invalid,
    /// A value is not of its type.
    Value,
    /// It is understood, and not offered here.
    NotSupported,
    /// Nothing is there.
    NotFound,
    /// Several are there where one was meant.
    MultipleMatches,
    /// It is longer than it may be.
    TooLong,
    /// It would look at too much.
    TooCostly,
    /// The caller has had enough for now.
    Throttled,
    /// Nobody is known by this key.
    Login,
    /// This key may not.
    Forbidden,
    /// What was asked for has gone meanwhile.
    Expired,
    /// Somebody else changed it meanwhile.
    Conflict,
    /// A rule of the trade forbids it.
    BusinessRule,
    /// It took too long.
    Timeout,
    /// We failed.
    Exception,
    /// Only a hint.
    Informational,
}

impl Issue {
    /// Every reason, for figures.
    pub const ALL: [Self; 16] = [
        Self::Invalid,
        Self::Value,
        Self::NotSupported,
        Self::NotFound,
        Self::MultipleMatches,
        Self::TooLong,
        Self::TooCostly,
        Self::Throttled,
        Self::Login,
        Self::Forbidden,
        Self::Expired,
        Self::Conflict,
        Self::BusinessRule,
        Self::Timeout,
        Self::Exception,
        Self::Informational,
    ];

    /// Its word in FHIR's value set.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Value => "value",
            Self::NotSupported => "not-supported",
            Self::NotFound => "not-found",
            Self::MultipleMatches => "multiple-matches",
            Self::TooLong => "too-long",
            Self::TooCostly => "too-costly",
            Self::Throttled => "throttled",
            Self::Login => "login",
            Self::Forbidden => "forbidden",
            Self::Expired => "expired",
            Self::Conflict => "conflict",
            Self::BusinessRule => "business-rule",
            Self::Timeout => "timeout",
            Self::Exception => "exception",
            Self::Informational => "informational",
        }
    }
}

/// An answer that is an error.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{status}: {text}")]
pub struct Trouble {
    /// Of HTTP.
    pub status: StatusCode,
    /// Of FHIR.
    pub issue: Issue,
    /// For the developer at the other end.
    pub text: String,
    /// Seconds after which it may be tried again.
    pub retry: Option<u64>,
    /// What a `405` may be tried with.
    pub allow: Option<&'static str>,
}

impl Trouble {
    fn of(status: StatusCode, issue: Issue, text: impl Into<String>) -> Self {
        Self { status, issue, text: text.into(), retry: None, allow: None }
    }

    /// The question is not understood.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Issue::Invalid, text)
    }

    /// A value is not of its type.
    pub fn value(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Issue::Value, text)
    }

    /// A form of question that is not offered.
    pub fn not_offered(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Issue::NotSupported, text)
    }

    /// The question would look at too much.
    pub fn too_costly(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Issue::TooCostly, text)
    }

    /// A rule of the trade forbids it.
    pub fn against_rules(text: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, Issue::BusinessRule, text)
    }

    /// No key, or none we know.
    pub fn unknown_key(text: impl Into<String>) -> Self {
        Self::of(StatusCode::UNAUTHORIZED, Issue::Login, text)
    }

    /// This key may not.
    pub fn forbidden(text: impl Into<String>) -> Self {
        Self::of(StatusCode::FORBIDDEN, Issue::Forbidden, text)
    }

    /// Nothing is there.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, Issue::NotFound, text)
    }

    /// A type or a path that is not served.
    pub fn not_served(text: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND, Issue::NotSupported, text)
    }

    /// What is served otherwise only.
    pub fn method(allow: &'static str) -> Self {
        let text = format!("this method is not offered here; {allow} are");
        Self { allow: Some(allow), ..Self::of(StatusCode::METHOD_NOT_ALLOWED, Issue::NotSupported, text) }
    }

    /// No form of answer that the caller takes.
    pub fn not_acceptable(text: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_ACCEPTABLE, Issue::NotSupported, text)
    }

    /// A page that can no longer be given.
    pub fn gone(text: impl Into<String>) -> Self {
        Self::of(StatusCode::GONE, Issue::Expired, text)
    }

    /// Somebody else changed it meanwhile.
    pub fn changed(text: impl Into<String>) -> Self {
        Self::of(StatusCode::PRECONDITION_FAILED, Issue::Conflict, text)
    }

    /// Several match where one was meant.
    pub fn several(text: impl Into<String>) -> Self {
        Self::of(StatusCode::PRECONDITION_FAILED, Issue::MultipleMatches, text)
    }

    /// More octets than are read.
    pub fn too_long(text: impl Into<String>) -> Self {
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, Issue::TooLong, text)
    }

    /// A longer query than is read.
    pub fn long_query() -> Self {
        Self::of(
            StatusCode::URI_TOO_LONG,
            Issue::TooLong,
            "this query is too long; post it to _search in parts",
        )
    }

    /// A form of body that is not read.
    pub fn media_type(text: impl Into<String>) -> Self {
        Self::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, Issue::NotSupported, text)
    }

    /// Enough for now; again in so many seconds.
    pub fn throttled(text: impl Into<String>, seconds: u64) -> Self {
        Self { retry: Some(seconds), ..Self::of(StatusCode::TOO_MANY_REQUESTS, Issue::Throttled, text) }
    }

    /// It took too long.
    pub fn timeout() -> Self {
        let text = "the answer took too long and was given up; ask for less";
        Self { retry: Some(30), ..Self::of(StatusCode::SERVICE_UNAVAILABLE, Issue::Timeout, text) }
    }

    /// We failed; why is in our log.
    pub fn broken() -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, Issue::Exception, "the directory could not answer")
    }

    /// The resource that says so.
    #[must_use]
    pub fn outcome(&self) -> Value {
        outcome("error", self.issue, &self.text)
    }
}

/// An `OperationOutcome` with one issue.
pub(crate) fn outcome(severity: &str, issue: Issue, text: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": issue.code(), "diagnostics": text}],
    })
}

/// Warnings beside a good answer.
pub(crate) fn warnings(texts: &[String]) -> Value {
    let issue = |text: &String| json!({"severity": "warning", "code": Issue::NotSupported.code(), "diagnostics": text});
    json!({"resourceType": "OperationOutcome", "issue": texts.iter().map(issue).collect::<Vec<_>>()})
}
