//! The response to a request whose handler panicked.

use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use telemetry_core::panic::Panic;
use telemetry_http::HttpHooks;

use crate::api::error::Error;

/// Answers a panic as any other internal error; what was said is for the log alone.
pub(crate) struct PanicResponses;

impl HttpHooks for PanicResponses {
    fn panic_response(&self, _: &Panic) -> Option<Response<Bytes>> {
        let mut response = Response::new(Error::internal_body());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Some(response)
    }
}
