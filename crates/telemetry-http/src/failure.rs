//! How a request failed, by how it ended.

use std::borrow::Cow;
use std::fmt::Display;

use http::StatusCode;
use telemetry_core::Failure;

use crate::grpc::Grpc;
use crate::hooks::Outcome;

/// The class of an error of the service, before there was a status.
const SERVICE_ERROR: &str = "service_error";
/// The class of an error of the body, after a status that is none.
const BODY_ERROR: &str = "body_error";

/// What a span has of how its request ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Absent when the request did not fail.
    pub(crate) failure: Option<Failure>,
    /// The error that the handler recorded of a request that did not fail by it.
    pub(crate) recorded: Option<Failure>,
}

impl Ending {
    /// `known` is what the handler, the service or the body gave, or the panic.
    pub(crate) fn new(
        outcome: Outcome,
        status: Option<StatusCode>,
        grpc: Grpc,
        known: Option<Failure>,
    ) -> Self {
        match outcome {
            Outcome::Completed => Self {
                failure: None,
                recorded: known,
            },
            Outcome::Cancelled => Self {
                failure: Some(Failure::cancelled()),
                recorded: known,
            },
            Outcome::Failed => {
                let error_type = error_type(status, grpc, known.as_ref());
                let mut failure = known.unwrap_or_else(|| Failure::new(Failure::OTHER));
                failure.error_type = error_type;
                Self {
                    failure: Some(failure),
                    recorded: None,
                }
            }
        }
    }
}

/// The failure of an error of the service, or of the body of a response with this status.
pub(crate) fn from_error(status: Option<StatusCode>, error: &impl Display) -> Failure {
    let class = match status {
        None => SERVICE_ERROR,
        // The status is the class.
        Some(status) if status.is_server_error() => Failure::OTHER,
        Some(_) => BODY_ERROR,
    };
    Failure::new(class).with_error(error)
}

/// The class of a failed request's failure: its own, or the status of gRPC or of HTTP.
pub(crate) fn error_type(
    status: Option<StatusCode>,
    grpc: Grpc,
    known: Option<&Failure>,
) -> Cow<'static, str> {
    if let Some(known) = known.filter(|known| known.error_type != Failure::OTHER) {
        return known.error_type.clone();
    }
    if let Some(code) = grpc.code().filter(|_| grpc.has_failed()) {
        return code.class().into();
    }
    match status {
        Some(status) if status.is_server_error() => status.as_str().to_owned().into(),
        _ => Failure::OTHER.into(),
    }
}
