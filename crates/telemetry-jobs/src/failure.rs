//! How an attempt failed, by what its handler gave.

use apalis_core::error::{AbortError, BoxDynError};
use telemetry_core::Failure;

use crate::attributes::ABORTED;

/// The failure of an attempt that gave this error.
pub(crate) fn from_error(error: &BoxDynError) -> Failure {
    let class = if error.is::<AbortError>() {
        ABORTED
    } else {
        Failure::OTHER
    };
    Failure::from_error(class, error.as_ref())
}
