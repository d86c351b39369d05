//! The pages' handlers: ask `data`, fill a view, render it.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

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
