//! An output for tests, which stalls, fails and panics.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex};

use super::TIMEOUT;

/// An output that follows a script.
#[derive(Clone, Default)]
pub(super) struct Output(pub(super) Arc<Inner>);

#[derive(Default)]
pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    written: Vec<u8>,
    /// How many bytes each call took.
    pub(super) calls: Vec<usize>,
    /// Calls wait while this is set.
    is_stalled: bool,
    /// Calls that wait at this moment.
    waiting: usize,
    /// What the next calls do, before they write all they are given.
    pub(super) script: VecDeque<Step>,
}

pub(super) enum Step {
    /// Takes at most so many bytes.
    Take(usize),
    Fail(ErrorKind),
    Panic,
}

impl Output {
    pub(super) fn stalled() -> Self {
        let output = Self::default();
        output.stall();
        output
    }

    pub(super) fn stall(&self) {
        self.0.state.lock().unwrap().is_stalled = true;
    }

    pub(super) fn scripted(script: impl IntoIterator<Item = Step>) -> Self {
        let output = Self::default();
        output.0.state.lock().unwrap().script.extend(script);
        output
    }

    pub(super) fn release(&self) {
        self.0.state.lock().unwrap().is_stalled = false;
        self.0.changed.notify_all();
    }

    /// Waits until a call waits.
    pub(super) fn wait_until_stalled(&self) {
        let state = self.0.state.lock().unwrap();
        let (_state, timeout) = self
            .0
            .changed
            .wait_timeout_while(state, TIMEOUT, |state| state.waiting == 0)
            .unwrap();
        assert!(!timeout.timed_out());
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.state.lock().unwrap().written.clone()).unwrap()
    }

    /// The lines written, without reports of loss.
    pub(super) fn lines(&self) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| !line.starts_with("loss"))
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn reports(&self) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| line.starts_with("loss"))
            .map(str::to_owned)
            .collect()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().unwrap();
        state.waiting += 1;
        self.0.changed.notify_all();
        let mut state = self
            .0
            .changed
            .wait_while(state, |state| state.is_stalled)
            .unwrap();
        state.waiting -= 1;
        let length = match state.script.pop_front() {
            Some(Step::Take(most)) => bytes.len().min(most),
            Some(Step::Fail(kind)) => return Err(kind.into()),
            Some(Step::Panic) => {
                drop(state);
                panic!("on purpose")
            }
            None => bytes.len(),
        };
        state.written.extend_from_slice(&bytes[..length]);
        state.calls.push(length);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
