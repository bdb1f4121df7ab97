//! What went wrong on a connection.

use std::fmt::Display;

use telemetry_core::panic::Panic;
use telemetry_core::{Failure, client_value};

/// The failures of a connection, of each kind the first.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// A violation of the peer, or a panic of the handler.
    failure: Option<Failure>,
    /// How the peer was found to be gone, where that came before any other failure. Whether it
    /// is one is known at the end only: the peer's close frame may be read after it.
    loss: Option<Failure>,
}

impl Failures {
    /// Takes note of a violation.
    pub(crate) fn note(&mut self, error: &impl Display) {
        if self.failure.is_none() {
            self.failure = Some(failure(error));
        }
    }

    /// Takes note of how the peer was found to be gone.
    pub(crate) fn note_loss(&mut self, error: &impl Display) {
        if self.failure.is_none() && self.loss.is_none() {
            self.loss = Some(failure(error));
        }
    }

    /// Takes note of a panic of the handler.
    pub(crate) fn note_panic(&mut self, panic: &Panic) {
        let of_panic = Failure::from_panic(panic);
        match &mut self.failure {
            Some(first) => first.exception = first.exception.take().or(of_panic.exception),
            None => self.failure = Some(of_panic),
        }
    }

    /// Takes what went wrong first, with the exception of a panic. The loss of the peer is no
    /// failure where a close frame came before it.
    pub(crate) fn take(&mut self, is_closed: bool) -> Option<Failure> {
        let (failure, loss) = (self.failure.take(), self.loss.take());
        match loss.filter(|_| !is_closed) {
            Some(mut first) => {
                first.exception = failure.and_then(|later| later.exception);
                Some(first)
            }
            None => failure,
        }
    }
}

fn failure(error: &impl Display) -> Failure {
    let mut failure = Failure::new(Failure::OTHER).with_error(error);
    // May quote what the peer sent.
    failure.error = client_value(&failure.error).into_owned();
    failure
}
