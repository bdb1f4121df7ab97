//! A request from its beginning to its one end.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::Body;
use telemetry_core::panic::{self, Panic};
use telemetry_core::{ClientIp, Scope};

use crate::error::RecordedError;
use crate::hooks::{HttpHooks, Outcome, RequestEnd, RequestHead, ResponseHead};
use crate::layer::Settings;
use crate::line;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::server::{Ending, Recording};

/// What is known of a request. Ends it as cancelled when it is dropped before it has ended
/// otherwise.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) id: RequestId,
    /// Absent while it is current.
    pub(crate) scope: Option<Scope>,
    pub(crate) settings: Arc<Settings>,
    started: Instant,
    pub(crate) method: Method,
    target: Option<PathAndQuery>,
    pub(crate) route: Route,
    pub(crate) client: Option<ClientIp>,
    /// Absent when nothing exports.
    pub(crate) recording: Option<Recording>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) error: Option<String>,
    pub(crate) exception: Option<String>,
    /// The length of the response's body, where it is known.
    body_length: Option<u64>,
    body_bytes: u64,
    pub(crate) has_panicked: bool,
    has_ended: bool,
}

impl Lifecycle {
    /// Begins with what is known at once. The span and the scope are set before the service is
    /// called.
    #[inline]
    pub(crate) fn begin<B>(
        started: Instant,
        request: &Request<B>,
        id: RequestId,
        client: Option<ClientIp>,
        route: Route,
        settings: &Arc<Settings>,
    ) -> Self {
        Self {
            id,
            scope: None,
            settings: Arc::clone(settings),
            started,
            method: request.method().clone(),
            target: request.uri().path_and_query().cloned(),
            route,
            client,
            recording: None,
            status: None,
            error: None,
            exception: None,
            body_length: None,
            body_bytes: 0,
            has_panicked: false,
            has_ended: false,
        }
    }

    /// Does a part of the request's work, with its scope current.
    pub(crate) fn in_scope<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut scope = self.scope.take();
        let result = Scope::lend(&mut scope, || work(self));
        self.scope = scope;
        result
    }

    /// Calls the hook that comes before the service. To be called within the scope.
    pub(crate) fn announce<B>(&self, request: &Request<B>) {
        if let Some((hooks, scope)) = self.hooks() {
            let head = RequestHead {
                method: request.method(),
                uri: request.uri(),
                headers: request.headers(),
                extensions: request.extensions(),
            };
            hooks.on_request(&head, &scope);
        }
    }

    /// The hooks, and the scope that they are called in.
    fn hooks(&self) -> Option<(&dyn HttpHooks, Scope)> {
        let hooks = self.settings.hooks.as_deref()?;
        Some((hooks, Scope::current()?))
    }

    /// The path of the request. Its target has none when it is that of `CONNECT`.
    pub(crate) fn path(&self) -> &str {
        self.target.as_ref().map_or("", PathAndQuery::path)
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.target.as_ref().and_then(PathAndQuery::query)
    }

    /// Takes note of the response, and adds the request id to it.
    pub(crate) fn respond<B: Body>(&mut self, response: &mut Response<B>) {
        self.status = Some(response.status());
        let length = response.body().size_hint().exact();
        self.body_length = length.or_else(|| content_length(response.headers()));
        if let Some(error) = response.extensions_mut().remove::<RecordedError>() {
            let (message, causes) = error.into_parts();
            self.error = Some(message);
            self.exception = causes;
        }
        if self.settings.hooks.is_some() {
            let head = ResponseHead {
                status: response.status(),
                headers: response.headers(),
                extensions: response.extensions(),
            };
            self.in_scope(|this| {
                let (hooks, scope) = this.hooks()?;
                survive(|| hooks.on_response(&head, &scope))
            });
        }
        self.add_id(response.headers_mut());
    }

    fn add_id(&mut self, headers: &mut HeaderMap) {
        let name = self.settings.owned_request_id_header();
        headers.insert(name, self.id.take_header());
    }

    /// Ends the request after an error of the service or of the body.
    pub(crate) fn fail(&mut self, error: &impl Display) {
        self.error = Some(error.to_string());
        self.end(Outcome::Failed);
    }

    /// Ends the request after a panic and makes the response to it.
    pub(crate) fn respond_to_panic(&mut self, panic: &Panic) -> Response<Bytes> {
        let response = self.in_scope(|this| {
            let (hooks, _scope) = this.hooks()?;
            survive(|| hooks.panic_response(panic)).flatten()
        });
        let mut response = response.unwrap_or_else(|| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
        self.add_id(response.headers_mut());
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

    /// Says whether the body's length is known and reached.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.body_length
            .is_some_and(|length| length <= self.body_bytes)
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

    /// Ends the request, unless it has ended. Within the scope or outside.
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
        self.in_scope(|this| this.tell(&end));
    }

    /// Tells of the end of the request: hooks, lines, spans and metrics. To be called within the
    /// scope.
    fn tell(&self, end: &RequestEnd) {
        if let Some((hooks, scope)) = self.hooks() {
            survive(|| hooks.on_end(end, &scope));
        }
        if end.outcome == Outcome::Failed || self.settings.writes_lines_for(self.path()) {
            line::write(self, end);
        }
        if let Some(recording) = &self.recording {
            let ending = Ending {
                route: self.route.template(),
                error: self.error.as_deref(),
                exception: self.exception.as_deref(),
                has_panicked: self.has_panicked,
            };
            recording.end(end, &ending);
        }
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// Calls a hook at a point where its panic must not go further.
fn survive<T>(hook: impl FnOnce() -> T) -> Option<T> {
    panic::catch(hook).ok()
}
