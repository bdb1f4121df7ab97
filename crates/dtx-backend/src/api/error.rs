//! What can go wrong with a request, and what the client is told.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use telemetry_http::RecordedError;

use crate::api::fields::FieldProblems;
use crate::store::StoreError;

/// The error of a request. Its text is for the client, and says nothing of the inside.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400: the request cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// 401: it needs a session.
    #[error("log in first")]
    Unauthenticated,
    /// 401: a login that fails. It does not say which of the two is wrong.
    #[error("wrong username or password")]
    WrongCredentials,
    /// 401: the bearer's token is not the one that the settings name.
    #[error("the bearer token is not DTX_API_TOKEN")]
    WrongToken,
    /// 401: an interaction that Discord did not sign, or not just now.
    #[error("the signature is not valid")]
    WrongSignature,
    /// 403: the bearer acts for somebody whom the site does not know.
    #[error("no user of the site has this Discord account: set discord_id at /api/users/me/")]
    UnknownDiscordUser,
    /// 403: the session's user may not do it.
    #[error("only its owner and the staff may do this")]
    Forbidden,
    /// 404: what is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// 405.
    #[error("the path does not take this method")]
    MethodNotAllowed,
    /// 409: it contradicts what is there.
    #[error("{0}")]
    Conflict(&'static str),
    /// 413.
    #[error("the body is too large")]
    TooLarge,
    /// 415.
    #[error("send JSON, with the content type application/json")]
    UnsupportedMediaType,
    /// 422: it can be read, and what it says cannot be.
    #[error("{0}")]
    Invalid(FieldProblems),
    /// 500: not the client's fault. The log alone says more.
    #[error("something went wrong here")]
    Internal(#[source] anyhow::Error),
    /// 502: another service. The log alone says more.
    #[error("{0} does not answer as it should")]
    BadGateway(&'static str, #[source] anyhow::Error),
    /// 503: what the site needs does not answer.
    #[error("the database does not answer")]
    Unavailable(#[source] anyhow::Error),
}

/// The body of every error response.
#[derive(Debug, Serialize)]
struct ErrorBody<'a> {
    error: ErrorDetails<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorDetails<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a FieldProblems>,
}

impl Error {
    /// The body of the response to an error of which nothing may be told.
    pub(crate) fn internal_body() -> Bytes {
        let error = Self::Internal(anyhow::Error::msg(""));
        serde_json::to_vec(&error.body()).unwrap_or_default().into()
    }

    fn body(&self) -> ErrorBody<'_> {
        let fields = match self {
            Self::Invalid(fields) => Some(fields),
            _ => None,
        };
        let (_, code) = self.status_and_code();
        ErrorBody {
            error: ErrorDetails {
                code,
                message: self.to_string(),
                fields,
            },
        }
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::Unauthenticated
            | Self::WrongCredentials
            | Self::WrongToken
            | Self::WrongSignature => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::UnknownDiscordUser | Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            Self::BadGateway(..) => (StatusCode::BAD_GATEWAY, "bad_gateway"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, _) = self.status_and_code();
        let mut response = (status, Json(self.body())).into_response();
        if let Self::Internal(source) | Self::BadGateway(_, source) | Self::Unavailable(source) =
            &self
        {
            let recorded = RecordedError::new(source);
            response.extensions_mut().insert(recorded);
        }
        response
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(message) => Self::Conflict(message),
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Database(_) => Self::Internal(error.into()),
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}
