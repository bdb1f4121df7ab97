//! The error behind a response.

use std::borrow::Cow;

use telemetry_core::{AsError, Failure};

/// What went wrong with a request, for its line and its span: the error's message as `error`, its
/// causes as `exception`, and an event `exception` of the span.
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
///
/// It is recorded whatever the status of the response. The status says whether the request has
/// failed, from 500 on; below, the line is `request_completed` with the error on it, and the status of
/// the span stays unset. Where a response with a good status carries a failure, as in GraphQL, say so
/// by [`failing`](Self::failing).
///
/// A later failure of the same request, such as an error of its body, takes its place on the line.
///
/// Secrets in URLs that the error or its causes show are masked, as on spans.
#[derive(Clone, Debug)]
pub struct RecordedError {
    failure: Failure,
    is_failing: bool,
}

impl RecordedError {
    /// Records an error with all that caused it.
    ///
    /// The error may be of any type, a `dyn Error`, a box of one, an `anyhow::Error` or an
    /// `eyre::Report`:
    ///
    /// ```
    /// use telemetry_http::RecordedError;
    ///
    /// fn record(error: &anyhow::Error) -> RecordedError {
    ///     RecordedError::new(error)
    /// }
    /// ```
    #[must_use]
    pub fn new<Kind>(error: &(impl AsError<Kind> + ?Sized)) -> Self {
        Self::from_failure(Failure::from_error(Failure::OTHER, error))
    }

    /// Records a message without an error.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self::from_failure(Failure::new(Failure::OTHER).with_error(&message))
    }

    fn from_failure(failure: Failure) -> Self {
        Self {
            failure,
            is_failing: false,
        }
    }

    /// Marks the request as failed, whatever the status of the response: its line is
    /// `request_failed`, [`Outcome::Failed`](crate::Outcome::Failed) its outcome, and its span has the
    /// status error.
    ///
    /// ```
    /// use http::Response;
    /// use telemetry_http::RecordedError;
    ///
    /// fn respond(errors: &[String], body: String) -> Response<String> {
    ///     let mut response = Response::new(body);
    ///     if let Some(error) = errors.first() {
    ///         let error = RecordedError::message(error).with_error_type("GRAPHQL_ERROR");
    ///         response.extensions_mut().insert(error.failing());
    ///     }
    ///     response
    /// }
    /// ```
    #[must_use]
    pub fn failing(self) -> Self {
        Self {
            is_failing: true,
            ..self
        }
    }

    /// Sets the class of the error, one of few values: the `error.type` of the span and the duration
    /// of a request that has failed, in place of its status or `_OTHER`.
    #[must_use]
    pub fn with_error_type(mut self, error_type: impl Into<Cow<'static, str>>) -> Self {
        self.failure.error_type = error_type.into();
        self
    }

    /// The failure to record, and whether the request fails by it.
    pub(crate) fn into_parts(self) -> (Failure, bool) {
        (self.failure, self.is_failing)
    }
}
