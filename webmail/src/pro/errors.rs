//! What professionals read when something does not go, with one way on.

use axum::response::{IntoResponse, Response};

use super::{texts, views};
use crate::errors::Trouble;
use crate::pages::html;

/// The page of a trouble.
pub(crate) fn page(trouble: Trouble) -> Response {
    let (heading, words) = texts::trouble(trouble);
    let view = views::Oops { heading: heading.to_owned(), words: words.to_owned() };
    (trouble.status(), html(&view)).into_response()
}
