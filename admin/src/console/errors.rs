//! What administrators read when something does not go, with one way on.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use walls::page::{NotAForm, html};

use super::{texts, views};
use crate::Error;

/// What went wrong, as far as the reader may know. "Not yours" and "not there" are one case
/// (RELIABILITY D-01).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// Nothing that this administrator may see stands there.
    NotFound,
    /// They may look here, and not change anything.
    Forbidden,
    /// The form was not ours, or too old.
    Form,
    /// A method that this page does not know.
    Method,
    /// Our fault.
    Broken,
}

impl Trouble {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Form => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page of it.
    pub(crate) fn page(self) -> Response {
        let (heading, words) = texts::trouble(self);
        (self.status(), html(&views::Oops { heading, words })).into_response()
    }
}

/// An answer that ends a page early: a redirection, a trouble.
pub(crate) struct Halt(Box<Response>);

impl From<Response> for Halt {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        trouble.page().into()
    }
}

impl From<NotAForm> for Halt {
    fn from(_: NotAForm) -> Self {
        Trouble::Form.into()
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page of the console failed");
        Trouble::Broken.into()
    }
}

impl From<directory::Error> for Halt {
    fn from(cause: directory::Error) -> Self {
        Error::Directory { what: "serving a page of the console", cause }.into()
    }
}

impl From<db::Error> for Halt {
    fn from(cause: db::Error) -> Self {
        Error::from(cause).into()
    }
}

impl IntoResponse for Halt {
    fn into_response(self) -> Response {
        *self.0
    }
}
