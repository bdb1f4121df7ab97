//! A request from its beginning to its one end.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderName, Method, Request, Response, StatusCode, response};
use telemetry_core::panic::{self, Panic};
use telemetry_core::{ClientIp, Scope};

use crate::error::RecordedError;
use crate::hooks::{Outcome, RequestEnd, ResponseHead};
use crate::layer::Settings;
use crate::line;
use crate::route::Route;
use crate::server::{Ending, Recording};

/// What is known of a request. Ends it as cancelled when it is dropped before it has ended
/// otherwise.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) scope: Scope,
    pub(crate) settings: Arc<Settings>,
    started: Instant,
    pub(crate) method: Method,
    target: Option<PathAndQuery>,
    pub(crate) route: Route,
    pub(crate) client: Option<ClientIp>,
    /// Absent when nothing exports.
    recording: Option<Recording>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) error: Option<String>,
    pub(crate) exception: Option<String>,
    body_bytes: u64,
    has_panicked: bool,
    has_ended: bool,
}

impl Lifecycle {
    // Boxed: it moves from the future to the body, through whatever wraps the two.
    pub(crate) fn new<B>(
        request: &Request<B>,
        scope: Scope,
        settings: &Arc<Settings>,
        client: Option<ClientIp>,
        route: Route,
        recording: Option<Recording>,
    ) -> Box<Self> {
        Box::new(Self {
            scope,
            started: Instant::now(),
            method: request.method().clone(),
            target: request.uri().path_and_query().cloned(),
            route,
            recording,
            settings: Arc::clone(settings),
            client,
            status: None,
            error: None,
            exception: None,
            body_bytes: 0,
            has_panicked: false,
            has_ended: false,
        })
    }

    pub(crate) fn request_id_header(&self) -> HeaderName {
        self.settings.request_id_header.clone()
    }

    /// The path of the request. Its target has none when it is that of `CONNECT`.
    pub(crate) fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.target.as_ref().and_then(PathAndQuery::query)
    }

    /// Takes note of the head of the response.
    pub(crate) fn respond(&mut self, head: &mut response::Parts) {
        self.status = Some(head.status);
        if let Some(error) = head.extensions.remove::<RecordedError>() {
            let (message, causes) = error.into_parts();
            self.error = Some(message);
            self.exception = causes;
        }
        if let Some(hooks) = &self.settings.hooks {
            let head = ResponseHead {
                status: head.status,
                headers: &head.headers,
                extensions: &head.extensions,
            };
            self.scope
                .in_scope(|| survive(|| hooks.on_response(&head, &self.scope)));
        }
    }

    /// Ends the request after an error of the service or of the body.
    pub(crate) fn fail(&mut self, error: &impl Display) {
        self.error = Some(error.to_string());
        self.end(Outcome::Failed);
    }

    /// Ends the request after a panic and makes the response to it.
    pub(crate) fn respond_to_panic(&mut self, panic: &Panic) -> Response<Bytes> {
        let hooks = self.settings.hooks.clone();
        let response = hooks.and_then(|hooks| {
            self.scope
                .in_scope(|| survive(|| hooks.panic_response(panic)))
                .flatten()
        });
        let response = response.unwrap_or_else(|| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
        self.status = Some(response.status());
        self.panicked(panic);
        response
    }

    /// Ends the request after a panic.
    pub(crate) fn panicked(&mut self, panic: &Panic) {
        self.error = Some(format!("panic: {}", panic.message));
        self.exception.clone_from(&panic.backtrace);
        self.has_panicked = true;
        self.end(Outcome::Failed);
    }

    /// Counts bytes of the body.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.body_bytes += bytes as u64;
    }

    /// Ends the request whose response went out whole.
    pub(crate) fn complete(&mut self) {
        let has_failed = self.status.is_some_and(|status| status.is_server_error());
        self.end(if has_failed {
            Outcome::Failed
        } else {
            Outcome::Completed
        });
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Ends the request, unless it has ended.
    fn end(&mut self, outcome: Outcome) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        let duration = self.started.elapsed();
        let end = RequestEnd {
            outcome,
            status: self.status,
            duration,
            body_bytes: self.body_bytes,
        };
        self.scope.in_scope(|| {
            if let Some(hooks) = &self.settings.hooks {
                survive(|| hooks.on_end(&end, &self.scope));
            }
            if end.outcome == Outcome::Failed || self.settings.writes_lines_for(self.path()) {
                line::write(self, &end);
            }
        });
        if let Some(recording) = &self.recording {
            let ending = Ending {
                route: self.route.template(),
                error: self.error.as_deref(),
                exception: self.exception.as_deref(),
                has_panicked: self.has_panicked,
            };
            recording.end(&end, &ending, &self.scope);
        }
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

/// Calls a hook at a point where its panic must not go further.
fn survive<T>(hook: impl FnOnce() -> T) -> Option<T> {
    panic::catch(hook).ok()
}
