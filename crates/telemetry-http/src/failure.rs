//! How a request failed, by how it ended.

use std::borrow::Cow;

use http::StatusCode;
use telemetry_core::Failure;

use crate::grpc::Grpc;
use crate::hooks::Outcome;

/// The class of an error of the service, before there was a status.
const SERVICE_ERROR: &str = "service_error";
/// The class of an error of the body, after a status that is none.
const BODY_ERROR: &str = "body_error";

/// The failure of a request that ended so; `None` when it did not fail. `known` is what the
/// handler, the service or the body gave, or the panic.
pub(crate) fn from_end(
    outcome: Outcome,
    status: Option<StatusCode>,
    grpc: Grpc,
    known: Option<Failure>,
) -> Option<Failure> {
    match outcome {
        Outcome::Completed => None,
        Outcome::Cancelled => Some(Failure::cancelled()),
        Outcome::Failed => {
            let error_type = error_type(status, grpc, known.as_ref());
            let mut failure = known.unwrap_or_else(|| Failure::new(Failure::OTHER));
            failure.error_type = error_type;
            Some(failure)
        }
    }
}

/// The class of a failed request's failure: a panic, the status of gRPC or of HTTP, or an error
/// before there was one or after a good one.
pub(crate) fn error_type(
    status: Option<StatusCode>,
    grpc: Grpc,
    known: Option<&Failure>,
) -> Cow<'static, str> {
    if known.is_some_and(|known| known.error_type == Failure::PANIC) {
        return Failure::PANIC.into();
    }
    if let Some(code) = grpc.code().filter(|_| grpc.has_failed()) {
        return code.class().into();
    }
    match status {
        Some(status) if status.is_server_error() => status.as_str().to_owned().into(),
        Some(_) => BODY_ERROR.into(),
        None => SERVICE_ERROR.into(),
    }
}
