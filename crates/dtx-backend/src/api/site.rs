//! The page at `/`, which shows drafts live.

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::api::ApiState;
use crate::api::error::Error;

/// A file of the page, its type and its text.
type File = (&'static str, &'static str, &'static str);

const FILES: [File; 3] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../../site/index.html"),
    ),
    (
        "/site/app.js",
        "text/javascript; charset=utf-8",
        include_str!("../../site/app.js"),
    ),
    (
        "/site/style.css",
        "text/css; charset=utf-8",
        include_str!("../../site/style.css"),
    ),
];

/// Nothing from elsewhere, nowhere within others.
const POLICY: &str = "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/// The page with all that it is made of.
pub(super) fn routes() -> Router<ApiState> {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, text)| {
            router.route(path, get(async move || answer(kind, text)))
        })
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
}

fn answer(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
