//! Pings that find out whether a silent peer is still there.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep};

/// What each payload begins with, to tell the pings of ours from those of the application.
const MARK: [u8; 8] = *b"telmtry:";

/// Watches for silence: half of the timeout without a word is asked about, and as much again
/// without an answer ends the connection.
pub(crate) struct KeepAlive {
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
    heard: Instant,
    /// How many pings were sent.
    sent: u64,
    is_waiting: bool,
}

/// What there is to do about a silent peer.
#[derive(Debug)]
pub(crate) enum Due {
    /// Send a ping with this payload.
    Ping(Bytes),
    /// The last one was not answered.
    GiveUp,
}

impl KeepAlive {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            sleep: Box::pin(sleep(timeout / 2)),
            heard: Instant::now(),
            sent: 0,
            is_waiting: false,
        }
    }

    /// Takes note that the peer has said something.
    pub(crate) fn hear(&mut self) {
        self.heard = Instant::now();
        self.is_waiting = false;
    }

    /// Says whether a pong answers one of the pings.
    pub(crate) fn is_answer(&self, payload: &[u8]) -> bool {
        let number = payload.strip_prefix(&MARK);
        let number = number.and_then(|number| number.try_into().ok());
        number.is_some_and(|number| u64::from_be_bytes(number) <= self.sent)
    }

    /// Waits until there is something to do.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            let now = Instant::now();
            if self.is_waiting {
                return Poll::Ready(Due::GiveUp);
            }
            let due = self.heard + self.timeout / 2;
            if now < due {
                self.sleep.as_mut().reset(due);
                continue;
            }
            self.is_waiting = true;
            self.sent += 1;
            self.sleep.as_mut().reset(now + self.timeout / 2);
            let payload = [MARK, self.sent.to_be_bytes()].concat();
            return Poll::Ready(Due::Ping(payload.into()));
        }
    }
}

impl fmt::Debug for KeepAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepAlive")
            .field("timeout", &self.timeout)
            .field("is_waiting", &self.is_waiting)
            .finish_non_exhaustive()
    }
}
