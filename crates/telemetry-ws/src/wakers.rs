//! The tasks that wait for a socket.

use std::task::{Context, Waker};

/// Who waits for the socket. A close from elsewhere wakes them.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) supervisor: Option<Waker>,
}

impl Wakers {
    pub(crate) fn wake(&mut self) {
        for waker in [&mut self.reader, &mut self.writer, &mut self.supervisor] {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
    }
}

/// Remembers the waker of a task, in place of that of another.
pub(crate) fn keep(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
