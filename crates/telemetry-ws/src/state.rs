//! The wrapped socket with all that is known of its connection, behind the connection's lock.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use telemetry_core::Failure;
use telemetry_core::panic::Panic;

use crate::close_code;
use crate::discard::Discarded;
use crate::failures::Failures;
use crate::keep_alive::{Due, KeepAlive};
use crate::line;
use crate::settings::Settings;
use crate::stall::Stall;
use crate::transport::{Meaning, Transport, View};
use crate::wakers::{Wakers, keep};

/// How long a socket is kept whose peer broke the protocol and is not seen to close. What it
/// still sends is unread, so that the system resets the connection when the socket goes, and
/// forgets what waits to be sent: the close frame waits for the acknowledgement of what went
/// before (RFC 896), which Linux delays by 40 ms.
const LINGER_TIMEOUT: Duration = Duration::from_millis(100);

/// How many messages are read and dropped, at most, to find a close frame behind them.
const MAX_UNREAD_MESSAGES: usize = 1024;

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
    failures: Failures,
    /// Nothing can be sent any more.
    is_broken: bool,
    /// A frame of ours, a ping or a close, waits to go out.
    is_unflushed: bool,
    /// Present once the peer was sent that it broke the protocol: of what it sends, its close
    /// frame alone matters.
    discarded: Option<Discarded>,
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
    /// It is ours, and not written yet.
    is_pending: bool,
}

impl<S: Transport> State<S> {
    pub(crate) fn new(socket: S, settings: &Settings) -> Self {
        Self {
            socket: Some(socket),
            has_ended: false,
            traffic: Traffic::default(),
            close: None,
            failures: Failures::default(),
            is_broken: false,
            is_unflushed: false,
            discarded: None,
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
            if self.is_hung_up {
                return Poll::Ready(None);
            }
            match self.poll_read(cx) {
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

    /// Reads a message, and takes no note of it.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Next<S>> {
        if self.is_unflushed {
            // Flushed here: a read that cannot flush a pong ends the stream, with the close
            // frame unread. A lost peer is found by the read.
            let _flushed = self.flush_now(cx);
        }
        match &mut self.socket {
            Some(socket) => Pin::new(socket).poll_next(cx),
            None => Poll::Ready(None),
        }
    }

    /// Writes out frames of ours, as far as that goes without waiting.
    fn flush_now(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        let Some(socket) = &mut self.socket else {
            return Poll::Ready(Ok(()));
        };
        let flushed = Pin::new(socket).poll_flush(cx);
        self.is_unflushed = flushed.is_pending();
        self.note_flushed(&flushed);
        flushed
    }

    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        self.poll_write(cx, |socket, cx| Pin::new(socket).poll_ready(cx))
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        let flushed = self.poll_write(cx, |socket, cx| Pin::new(socket).poll_flush(cx));
        self.note_flushed(&flushed);
        flushed
    }

    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Failure>> {
        if self.socket.is_none() {
            return Poll::Ready(Ok(()));
        }
        if !self.is_broken {
            self.note_close(close_code::NO_STATUS, false);
        }
        let closed = self.poll_write(cx, |socket, cx| Pin::new(socket).poll_close(cx));
        self.note_flushed(&closed);
        closed
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
        if let Poll::Ready(Err(error)) = self.flush_now(cx) {
            self.note_error(&error);
        }
    }

    /// Reads and drops what the peer has sent already, up to its close frame. Nobody may want
    /// the messages any more.
    pub(crate) fn look_for_close(&mut self, cx: &mut Context<'_>) {
        for _ in 0..MAX_UNREAD_MESSAGES {
            if self.close.is_some() {
                return;
            }
            match self.poll_read(cx) {
                Poll::Ready(Some(Ok(message))) => self.note_control(&message),
                Poll::Ready(Some(Err(error))) => return self.fail(&error, cx),
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
    }

    /// Closes with `code`, unless it is closed, and waits for the peer's close frame.
    pub(crate) fn poll_handshake(&mut self, code: u16, cx: &mut Context<'_>) -> Poll<()> {
        self.look_for_close(cx);
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
        if let Some(discarded) = &mut self.discarded {
            let socket = self.socket.as_mut();
            return socket.map_or(Poll::Ready(()), |socket| socket.poll_discard(discarded, cx));
        }
        loop {
            match ready!(self.poll_read(cx)) {
                Some(Ok(message)) => self.note_control(&message),
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
        if self.discarded.is_some() {
            settings.close_timeout.min(LINGER_TIMEOUT)
        } else {
            settings.close_timeout
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Ends the connection, and gives its socket to be dropped; `None` when it has ended.
    pub(crate) fn end(&mut self, cx: &mut Context<'_>) -> Option<Option<S>> {
        if self.has_ended {
            return None;
        }
        if self.is_broken {
            // A handler that only sends finds the peer gone before it finds the close frame.
            self.look_for_close(cx);
        }
        self.has_ended = true;
        Some(self.socket.take())
    }

    /// Takes what went wrong. After a close frame it does not matter how the peer goes.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.failures.take(self.close.is_some())
    }

    /// Takes note of a panic of the handler.
    pub(crate) fn note_panic(&mut self, panic: &Panic) {
        self.code = close_code::INTERNAL_ERROR;
        self.failures.note_panic(panic);
    }

    /// Takes note of a message; true for the answer to a ping of ours.
    fn receive(&mut self, message: &S::Message) -> bool {
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.hear();
        }
        let bytes = match S::view(message) {
            View::Text(text) => text.len(),
            View::Binary(bytes) => bytes,
            View::Pong(payload) => {
                let keep_alive = self.keep_alive.as_mut();
                return keep_alive.is_some_and(|keep_alive| keep_alive.is_answer(payload));
            }
            View::Close(_) | View::Other => {
                self.note_control(message);
                return false;
            }
        };
        self.traffic.messages_received += 1;
        self.traffic.bytes_received += bytes as u64;
        false
    }

    /// Takes note of a close frame, and of a ping.
    fn note_control(&mut self, message: &S::Message) {
        match S::view(message) {
            View::Close(code) => self.note_close(code.unwrap_or(close_code::NO_STATUS), true),
            // The library has made a pong, or there is nothing to flush.
            View::Other => self.is_unflushed = true,
            View::Text(_) | View::Binary(_) | View::Pong(_) => {}
        }
    }

    /// Fails the connection, with the reason for the peer: RFC 6455, section 7.1.7.
    fn fail(&mut self, error: &S::Failure, cx: &mut Context<'_>) {
        match S::meaning(error) {
            Meaning::Violation(code) => {
                self.failures.note(error);
                self.close_now(code, cx);
                self.discard();
            }
            Meaning::Unknown => self.fail_unknown(error, cx),
            Meaning::Gone | Meaning::Closed | Meaning::Refused => self.note_error(error),
        }
    }

    /// Fails the connection for an error that may be a violation, or the end of the stream: a
    /// close frame can be written after a violation only.
    fn fail_unknown(&mut self, error: &S::Failure, cx: &mut Context<'_>) {
        line::unrecognized(error);
        self.failures.note_loss(error);
        if self.close.is_none() {
            self.close_now(close_code::PROTOCOL, cx);
            self.discard();
        }
        if self.discarded.is_some() {
            self.failures.note(error);
        } else {
            self.close = self.close.filter(|close| !close.is_pending);
            self.is_broken = true;
        }
    }

    /// Reads no more messages, where the peer could be sent why.
    fn discard(&mut self) {
        let close = self.close.filter(|_| !self.is_broken);
        self.discarded = close.map(|close| Discarded::new(close.code));
    }

    fn note_error(&mut self, error: &S::Failure) {
        match S::meaning(error) {
            Meaning::Violation(_) => self.failures.note(error),
            Meaning::Gone => {
                self.is_broken = true;
                self.failures.note_loss(error);
            }
            Meaning::Closed => self.is_broken = true,
            Meaning::Refused => {}
            // What is gone for sure is found by the next call.
            Meaning::Unknown => {
                line::unrecognized(error);
                self.failures.note_loss(error);
            }
        }
    }

    fn note_close(&mut self, code: u16, is_of_peer: bool) {
        self.close.get_or_insert(Close {
            code,
            is_of_peer,
            is_pending: !is_of_peer,
        });
    }

    /// Takes note of how a flush ended: a close frame of ours is out, or never will be.
    fn note_flushed(&mut self, flushed: &Poll<Result<(), S::Failure>>) {
        match (flushed, &mut self.close) {
            (Poll::Ready(Ok(())), Some(close)) => close.is_pending = false,
            (Poll::Ready(Err(_)), Some(close)) if close.is_pending && self.is_broken => {
                self.close = None;
            }
            _ => {}
        }
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
                if self.close.is_some_and(|close| close.is_pending) {
                    self.close = None;
                }
                self.look_for_close(cx);
                return Poll::Ready(Err(self.give_up("the peer takes nothing")));
            }
        }
        written
    }

    /// Ends a connection whose peer is gone without a word.
    fn give_up(&mut self, problem: &'static str) -> S::Failure {
        let error = S::error(Error::new(ErrorKind::TimedOut, problem));
        self.is_broken = true;
        self.failures.note_loss(&error);
        // The stream would not end by itself.
        self.socket = None;
        error
    }
}

fn ended<S: Transport>() -> S::Failure {
    S::error(Error::new(
        ErrorKind::NotConnected,
        "the connection has ended",
    ))
}

#[cfg(all(test, feature = "tungstenite"))]
mod tests;
