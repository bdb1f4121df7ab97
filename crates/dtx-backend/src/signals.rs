//! The signals that end the program.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// How long the same signal counts as the one before. Terminals, supervisors and wrappers such as
/// `npm` both send a signal to the process group and pass it on.
const REPEAT_WINDOW: Duration = Duration::from_millis(100);

/// Waits for SIGINT and SIGTERM; where there are none, for Ctrl-C. From the moment it is
/// made they no longer end the program by themselves.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    last: Option<(&'static str, Instant)>,
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Self::from_system().context("cannot listen for signals")
    }

    #[cfg(unix)]
    fn from_system() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            last: None,
        })
    }

    #[cfg(windows)]
    fn from_system() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
            last: None,
        })
    }

    /// Waits for the next one; its name. The same signal again within 100 ms is no other one.
    pub(crate) async fn next(&mut self) -> &'static str {
        loop {
            let signal = self.received().await;
            let now = Instant::now();
            if !is_repeated(self.last, signal, now) {
                self.last = Some((signal, now));
                return signal;
            }
        }
    }

    #[cfg(unix)]
    async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    #[cfg(windows)]
    async fn received(&mut self) -> &'static str {
        self.interrupt.recv().await;
        "Ctrl-C"
    }
}

fn is_repeated(last: Option<(&'static str, Instant)>, signal: &str, now: Instant) -> bool {
    last.is_some_and(|(last, at)| {
        last == signal && now.saturating_duration_since(at) < REPEAT_WINDOW
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_signal_within_100_ms_is_repeated() {
        let first = Instant::now();
        let after = |ms| first + Duration::from_millis(ms);
        let last = Some(("SIGTERM", first));
        assert!(is_repeated(last, "SIGTERM", first));
        assert!(is_repeated(last, "SIGTERM", after(99)));
        assert!(!is_repeated(last, "SIGTERM", after(100)));
        assert!(!is_repeated(last, "SIGINT", first));
        assert!(!is_repeated(None, "SIGTERM", first));
    }
}
