//! A connection from its handshake to its one end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use telemetry_core::panic::Panic;
use telemetry_core::{ClientIp, Scope};

use crate::close_code::{ABNORMAL, AWAY, INTERNAL_ERROR};
use crate::line;
use crate::recording::{End, Recording};
use crate::settings::Settings;
use crate::state::State;
use crate::tracker::Tracked;
use crate::transport::{Transport, View};
use crate::wakers::keep;

/// What is known of a connection. Shared between those who have the socket, who watches over
/// its handler, and the tracker.
pub(crate) struct Connection<S: Transport> {
    pub(crate) scope: Scope,
    pub(crate) settings: Arc<Settings>,
    pub(crate) recording: Recording,
    /// The span of the handshake, which those of messages are linked to.
    pub(crate) upgrade: SpanContext,
    started: Instant,
    state: Mutex<State<S>>,
    /// Whether something runs the handler, and ends the connection.
    is_supervised: AtomicBool,
    /// Whether the handler is to be dropped.
    is_aborted: AtomicBool,
}

impl<S: Transport> Connection<S> {
    /// Begins a connection: writes its first line and counts it.
    pub(crate) fn open(
        socket: S,
        scope: Scope,
        settings: Arc<Settings>,
        recording: Recording,
        client: Option<ClientIp>,
    ) -> Arc<Self> {
        recording.begin();
        let upgrade = scope
            .in_scope(|| OtelContext::map_current(|context| context.span().span_context().clone()));
        let connection = Arc::new(Self {
            state: Mutex::new(State::new(socket, &settings)),
            scope,
            recording,
            upgrade,
            started: Instant::now(),
            is_supervised: AtomicBool::new(false),
            is_aborted: AtomicBool::new(false),
            settings,
        });
        let client = client.filter(|_| connection.settings.client_ip);
        connection.scope.in_scope(|| line::connected(client));
        connection
    }

    pub(crate) fn poll_next(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<S::Message, S::Failure>>> {
        self.scope.in_scope(|| {
            let polled = self.lock().poll_next(cx);
            if let Poll::Ready(Some(Ok(message))) = &polled {
                let (bytes, text) = match S::view(message) {
                    View::Text(text) => (text.len(), Some(text)),
                    View::Binary(bytes) => (bytes, None),
                    View::Pong(_) | View::Close(_) | View::Other => return polled,
                };
                self.recording.received(bytes);
                line::receive(text);
            }
            polled
        })
    }

    pub(crate) fn start_send(&self, message: S::Message) -> Result<(), S::Failure> {
        let sent = self.scope.in_scope(|| self.lock().start_send(message))?;
        if let Some(bytes) = sent {
            self.recording.sent(bytes);
        }
        Ok(())
    }

    /// Calls `poll` with the socket, within the scope of the connection.
    pub(crate) fn with<T>(&self, poll: impl FnOnce(&mut State<S>) -> T) -> T {
        self.scope.in_scope(|| poll(&mut self.lock()))
    }

    /// Says that something else than the socket ends the connection from now on.
    pub(crate) fn supervise(&self) {
        self.is_supervised.store(true, Ordering::Release);
    }

    /// Takes note that nobody has the socket any more.
    pub(crate) fn release(&self, is_panic: bool) {
        let (code, supervisor) = {
            let mut state = self.lock();
            state.is_released = true;
            if is_panic {
                state.code = INTERNAL_ERROR;
            }
            (state.code, state.wakers.supervisor.take())
        };
        if !self.is_supervised.load(Ordering::Acquire) {
            self.finish(code);
        }
        if let Some(supervisor) = supervisor {
            supervisor.wake();
        }
    }

    /// Takes note of a panic of the handler.
    pub(crate) fn panicked(&self, panic: &Panic) {
        self.lock().note_panic(panic);
    }

    /// Waits until nobody has the socket any more. Wakes `cx` then.
    pub(crate) fn poll_released(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        keep(&mut state.wakers.supervisor, cx);
        if state.is_released || state.has_ended() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Closes, unless it is closed, and waits for the peer's close frame.
    pub(crate) fn poll_handshake(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.with(|state| state.poll_handshake(state.code, cx))
    }

    /// How long the peer may take for that.
    pub(crate) fn close_timeout(&self) -> Duration {
        self.lock().close_timeout(&self.settings)
    }

    /// Ends the connection, unless it has ended, with the code that it was released with.
    pub(crate) fn finish_released(&self) {
        let code = self.lock().code;
        self.finish(code);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().has_ended()
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.is_aborted.load(Ordering::Acquire)
    }

    /// Ends the connection, unless it has ended: with a close frame if there was none, as far
    /// as that goes without waiting.
    pub(crate) fn finish(&self, code: u16) {
        self.scope.in_scope(|| {
            let mut cx = Context::from_waker(Waker::noop());
            let mut state = self.lock();
            state.close_now(code, &mut cx);
            let Some(socket) = state.end(&mut cx) else {
                return;
            };
            let mut wakers = std::mem::take(&mut state.wakers);
            let end = End {
                duration: self.started.elapsed(),
                traffic: state.traffic,
                close_code: state.close.map_or(ABNORMAL, |close| close.code),
                is_of_peer: state.close.is_some_and(|close| close.is_of_peer),
                failure: state.take_failure(),
            };
            drop(state);
            drop(socket);
            line::disconnected(&end);
            self.recording.end(&end);
            wakers.wake();
        });
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Transport + Send> Tracked for Connection<S> {
    fn go_away(&self) {
        self.scope.in_scope(|| {
            let mut cx = Context::from_waker(Waker::noop());
            let mut state = self.lock();
            state.close_now(AWAY, &mut cx);
            let mut wakers = std::mem::take(&mut state.wakers);
            drop(state);
            // They were waiting with the socket, which has forgotten them.
            wakers.wake();
        });
    }

    fn close_timeout(&self) -> Duration {
        self.settings.close_timeout
    }

    fn hang_up(&self) {
        let mut state = self.lock();
        state.is_hung_up = true;
        let mut wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.wake();
    }

    fn abort(&self) {
        self.is_aborted.store(true, Ordering::Release);
        self.finish(AWAY);
    }
}

impl<S: Transport> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
