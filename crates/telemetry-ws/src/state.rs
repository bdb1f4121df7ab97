//! The wrapped socket with all that is known of its connection, behind the connection's lock.

use std::fmt::Display;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use telemetry_core::panic::Panic;
use telemetry_core::{Failure, client_value};

use crate::close_code;
use crate::keep_alive::{Due, KeepAlive};
use crate::settings::Settings;
use crate::stall::Stall;
use crate::transport::{Meaning, Transport, View};

/// How long a socket is kept whose peer broke the protocol. What it still sends is unread, so
/// that the system resets the connection when the socket goes, and forgets what waits to be
/// sent: the close frame waits for the acknowledgement of what went before (RFC 896).
const LINGER: Duration = Duration::from_millis(500);

/// What a stream of messages gives next.
type Next<S> = Option<Result<<S as Transport>::Message, <S as Transport>::Failure>>;

/// The socket and what has gone through it.
#[derive(Debug)]
pub(crate) struct State<S> {
    /// Absent once the connection has ended, or its peer is given up.
    socket: Option<S>,
    has_ended: bool,
    pub(crate) traffic: Traffic,
    /// The first close frame, whoever sent it.
    pub(crate) close: Option<Close>,
    /// What went wrong first, with the way to a panic.
    pub(crate) failure: Option<Failure>,
    /// Nothing can be sent any more.
    is_broken: bool,
    /// A frame of ours, a ping or a close, waits to go out.
    is_unflushed: bool,
    /// The peer was told that it broke the protocol: nothing more is read of it.
    is_failed: bool,
    /// The peer was told to go and has not gone: nothing more is read of it.
    pub(crate) is_hung_up: bool,
    /// What to close with, where nobody has done so.
    pub(crate) code: u16,
    /// Nobody has the socket any more.
    pub(crate) is_released: bool,
    keep_alive: Option<KeepAlive>,
    stall: Stall,
    pub(crate) wakers: Wakers,
}

/// What went through a connection: messages of text and bytes, without control frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) messages_received: u64,
    pub(crate) messages_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
}

/// A close frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) is_of_peer: bool,
}

/// Who waits for the socket. A close from elsewhere wakes them.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    reader: Option<Waker>,
    writer: Option<Waker>,
    pub(crate) supervisor: Option<Waker>,
}

impl<S: Transport> State<S> {
    pub(crate) fn new(socket: S, settings: &Settings) -> Self {
        Self {
            socket: Some(socket),
            has_ended: false,
            traffic: Traffic::default(),
            close: None,
            failure: None,
            is_broken: false,
            is_unflushed: false,
            is_failed: false,
            is_hung_up: false,
            code: close_code::NORMAL,
            is_released: false,
            keep_alive: settings.idle_timeout.map(KeepAlive::new),
            stall: Stall::new(settings.send_timeout),
            wakers: Wakers::default(),
        }
    }

    /// Gives the next message, and sees to it that a silent peer is noticed.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<S>> {
        loop {
            let Some(socket) = self.socket.as_mut().filter(|_| !self.is_hung_up) else {
                return Poll::Ready(None);
            };
            let mut socket = Pin::new(socket);
            if self.is_unflushed {
                // Nobody else may know of it. An error is met again by reading.
                self.is_unflushed = socket.as_mut().poll_flush(cx).is_pending();
            }
            match socket.poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    if !self.receive(&message) {
                        return Poll::Ready(Some(Ok(message)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.fail(&error, cx);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    self.is_broken = true;
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    keep(&mut self.wakers.reader, cx);
                    ready!(self.poll_silence(cx));
                    return Poll::Ready(Some(Err(self.give_up("the peer does not answer"))));
                }
            }
        }
    }

    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        self.poll_write(cx, |socket, cx| Pin::new(socket).poll_ready(cx))
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        self.poll_write(cx, |socket, cx| Pin::new(socket).poll_flush(cx))
    }

    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        if self.socket.is_none() {
            return Poll::Ready(Ok(()));
        }
        if !self.is_broken {
            self.note_close(close_code::NO_STATUS, false);
        }
        self.poll_write(cx, |socket, cx| Pin::new(socket).poll_close(cx))
    }

    /// Takes a message; how many bytes it has when it is one of text or bytes.
    pub(crate) fn start_send(&mut self, message: S::Message) -> Result<Option<usize>, S::Failure> {
        let (bytes, code) = match S::view(&message) {
            View::Text(text) => (Some(text.len()), None),
            View::Binary(bytes) => (Some(bytes), None),
            View::Close(code) => (None, Some(code.unwrap_or(close_code::NO_STATUS))),
            View::Pong(_) | View::Other => (None, None),
        };
        let Some(socket) = &mut self.socket else {
            return Err(ended::<S>());
        };
        if let Err(error) = Pin::new(socket).start_send(message) {
            self.note_error(&error);
            return Err(error);
        }
        if let Some(bytes) = bytes {
            self.traffic.messages_sent += 1;
            self.traffic.bytes_sent += bytes as u64;
        }
        if let Some(code) = code {
            self.note_close(code, false);
        }
        Ok(bytes)
    }

    pub(crate) fn is_terminated(&self) -> bool {
        self.socket.as_ref().is_none_or(S::is_terminated)
    }

    /// Sends a close frame, unless there was one, as far as that goes without waiting.
    pub(crate) fn close_now(&mut self, code: u16, cx: &mut Context<'_>) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        if self.is_broken {
            return;
        }
        if self.close.is_none() {
            // Not being ready is no reason to wait: what is taken now goes out when it can.
            let _ready = Pin::new(&mut *socket).poll_ready(cx);
            match Pin::new(&mut *socket).start_send(S::close_message(code)) {
                Ok(()) => self.note_close(code, false),
                Err(error) => {
                    self.note_error(&error);
                    return;
                }
            }
        }
        let Some(socket) = &mut self.socket else {
            return;
        };
        match Pin::new(socket).poll_flush(cx) {
            Poll::Pending => self.is_unflushed = true,
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => self.note_error(&error),
        }
    }

    /// Closes with `code`, unless it is closed, and waits for the peer's close frame.
    pub(crate) fn poll_handshake(&mut self, code: u16, cx: &mut Context<'_>) -> Poll<()> {
        if self.close.is_none() {
            self.close_now(code, cx);
        }
        if !self.is_broken {
            // Pending or not, the peer's frame is what to wait for.
            let flushed = self.poll_flush(cx);
            if self.is_hung_up && flushed.is_ready() {
                return Poll::Ready(());
            }
        }
        if self.is_failed {
            return self
                .socket
                .as_mut()
                .map_or(Poll::Ready(()), |socket| socket.poll_discard(cx));
        }
        loop {
            let Some(socket) = &mut self.socket else {
                return Poll::Ready(());
            };
            match ready!(Pin::new(socket).poll_next(cx)) {
                Some(Ok(message)) => {
                    if let View::Close(code) = S::view(&message) {
                        self.note_close(code.unwrap_or(close_code::NO_STATUS), true);
                    }
                }
                Some(Err(error)) => {
                    self.note_error(&error);
                    return Poll::Ready(());
                }
                None => return Poll::Ready(()),
            }
        }
    }

    /// How long the peer may take to close, once nobody has the socket any more.
    pub(crate) fn close_timeout(&self, settings: &Settings) -> Duration {
        if self.is_failed {
            settings.close_timeout.min(LINGER)
        } else {
            settings.close_timeout
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Ends the connection, and gives its socket to be dropped; `None` when it has ended.
    pub(crate) fn end(&mut self) -> Option<Option<S>> {
        (!self.has_ended).then(|| {
            self.has_ended = true;
            self.socket.take()
        })
    }

    /// Takes note of what went wrong, if it is the first.
    fn note(&mut self, error: &impl Display) {
        if self.failure.is_none() {
            let mut failure = Failure::new(Failure::OTHER).with_error(error);
            // May quote what the peer sent.
            failure.error = client_value(&failure.error).into_owned();
            self.failure = Some(failure);
        }
    }

    /// Takes note of a panic of the handler.
    pub(crate) fn note_panic(&mut self, panic: &Panic) {
        self.code = close_code::INTERNAL_ERROR;
        let of_panic = Failure::from_panic(panic);
        match &mut self.failure {
            Some(first) => first.exception = first.exception.take().or(of_panic.exception),
            None => self.failure = Some(of_panic),
        }
    }

    /// Takes note of a message; true for the answer to a ping of ours.
    fn receive(&mut self, message: &S::Message) -> bool {
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.hear();
        }
        let bytes = match S::view(message) {
            View::Text(text) => text.len(),
            View::Binary(bytes) => bytes,
            View::Close(code) => {
                self.note_close(code.unwrap_or(close_code::NO_STATUS), true);
                return false;
            }
            View::Pong(payload) => {
                let keep_alive = self.keep_alive.as_mut();
                return keep_alive.is_some_and(|keep_alive| keep_alive.is_answer(payload));
            }
            View::Other => return false,
        };
        self.traffic.messages_received += 1;
        self.traffic.bytes_received += bytes as u64;
        false
    }

    /// Fails the connection, which tells the peer why: RFC 6455, section 7.1.7.
    fn fail(&mut self, error: &S::Failure, cx: &mut Context<'_>) {
        self.note_error(error);
        if let Meaning::Violation(code) = S::meaning(error) {
            self.close_now(code, cx);
            self.is_failed = !self.is_broken;
        }
    }

    fn note_error(&mut self, error: &S::Failure) {
        match S::meaning(error) {
            Meaning::Violation(_) => self.note(error),
            Meaning::Gone => {
                self.is_broken = true;
                // After a close frame it does not matter how the peer goes.
                if self.close.is_none() {
                    self.note(error);
                }
            }
            Meaning::Closed => self.is_broken = true,
            Meaning::Refused => {}
        }
    }

    fn note_close(&mut self, code: u16, is_of_peer: bool) {
        self.close.get_or_insert(Close { code, is_of_peer });
    }

    /// Pings a peer that is silent; ready when it does not answer.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(keep_alive) = &mut self.keep_alive else {
            return Poll::Pending;
        };
        loop {
            match ready!(keep_alive.poll_due(cx)) {
                Due::GiveUp => return Poll::Ready(()),
                Due::Ping(payload) => {
                    let Some(socket) = &mut self.socket else {
                        return Poll::Pending;
                    };
                    // A ping that cannot be sent is one that is not answered.
                    let mut socket = Pin::new(socket);
                    if socket.as_mut().poll_ready(cx).is_ready() {
                        let _unanswered = socket.as_mut().start_send(S::ping_message(payload));
                        self.is_unflushed = socket.poll_flush(cx).is_pending();
                    }
                }
            }
        }
    }

    /// Writes, and gives up a peer that takes nothing.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<Result<(), S::Failure>>,
    ) -> Poll<Result<(), S::Failure>> {
        let Some(socket) = &mut self.socket else {
            return Poll::Ready(Err(ended::<S>()));
        };
        let written = write(socket, cx);
        match &written {
            Poll::Ready(result) => {
                self.stall.end();
                if let Err(error) = result {
                    self.note_error(error);
                }
            }
            Poll::Pending => {
                keep(&mut self.wakers.writer, cx);
                ready!(self.stall.poll(cx));
                return Poll::Ready(Err(self.give_up("the peer takes nothing")));
            }
        }
        written
    }

    /// Ends a connection whose peer is gone without a word.
    fn give_up(&mut self, problem: &'static str) -> S::Failure {
        let error = S::error(Error::new(ErrorKind::TimedOut, problem));
        self.is_broken = true;
        self.note(&error);
        // The stream would not end by itself.
        self.socket = None;
        error
    }
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

fn ended<S: Transport>() -> S::Failure {
    S::error(Error::new(
        ErrorKind::NotConnected,
        "the connection has ended",
    ))
}
