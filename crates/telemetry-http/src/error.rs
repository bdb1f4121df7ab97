//! The error behind a response.

use std::error::Error;
use std::fmt::Write as _;

/// What went wrong, for the `request_failed` line of a response with a 5xx status: the
/// error's message as `error`, its causes as `exception`.
///
/// Put it among the response's extensions where an error becomes a response:
///
/// ```
/// use http::{Response, StatusCode};
/// use telemetry_http::RecordedError;
///
/// # type Body = String;
/// fn into_response(error: &std::io::Error) -> Response<Body> {
///     let mut response = Response::new("something went wrong".to_owned());
///     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
///     response.extensions_mut().insert(RecordedError::new(error));
///     response
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RecordedError {
    message: String,
    causes: Option<String>,
}

impl RecordedError {
    /// Records an error with all that caused it.
    #[must_use]
    pub fn new(error: &dyn Error) -> Self {
        let message = error.to_string();
        let mut source = error.source();
        let mut causes = source.map(|_| message.clone());
        while let (Some(cause), Some(causes)) = (source, &mut causes) {
            // Writing to a string does not fail, unless the cause's own formatter does.
            let _incomplete = write!(causes, "\ncaused by: {cause}");
            source = cause.source();
        }
        Self { message, causes }
    }

    /// Records a message alone.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: None,
        }
    }

    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.causes)
    }
}
