//! A bound on how long a peer may take nothing.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// Watches writing that waits.
pub(crate) struct Stall {
    timeout: Option<Duration>,
    /// Runs as long as nothing is written.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// Without a timeout it waits for ever.
    pub(crate) fn new(timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            sleep: None,
        }
    }

    /// Takes note that something was written.
    pub(crate) fn end(&mut self) {
        self.sleep = None;
    }

    /// Takes note that writing waits; ready once it has waited too long.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timeout) = self.timeout else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(timeout)));
        sleep.as_mut().poll(cx)
    }
}

impl fmt::Debug for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stall")
            .field("timeout", &self.timeout)
            .field("is_waiting", &self.sleep.is_some())
            .finish()
    }
}
