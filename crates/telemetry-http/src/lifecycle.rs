//! A request from its beginning to its one end.

use std::fmt::Display;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use telemetry_core::panic::{self, Panic, UnclaimedPanics};
use telemetry_core::{ClientIp, Failure, Scope};

use crate::error::RecordedError;
use crate::failure;
use crate::grpc::{self, Grpc, GrpcCode};
use crate::hooks::{HttpHooks, Outcome, RequestEnd, RequestHead, ResponseHead};
use crate::layer::Settings;
use crate::line;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::server::Recording;

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
    /// Whether the response is of gRPC, and the status of the call.
    pub(crate) grpc: Grpc,
    /// What the handler, the service or the body gave, or the panic.
    pub(crate) failure: Option<Box<Failure>>,
    /// Whether the handler recorded an error.
    has_recorded: bool,
    /// Whether that says that the request has failed, whatever the status.
    is_failing: bool,
    /// The length of the response's body, where it is known.
    body_length: Option<u64>,
    body_bytes: u64,
    has_ended: bool,
    /// Panics that other code caught, such as tower-http's `CatchPanicLayer`.
    panics: UnclaimedPanics,
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
    ) -> Box<Self> {
        let settings = Arc::clone(settings);
        let method = request.method().clone();
        let target = route.target(request).path_and_query().cloned();
        // Written to where it stays, field by field: as a whole it would be copied there.
        Box::write(
            Box::new_uninit(),
            Self {
                id,
                scope: None,
                settings,
                started,
                method,
                target,
                route,
                client,
                recording: None,
                status: None,
                grpc: Grpc::No,
                failure: None,
                has_recorded: false,
                is_failing: false,
                body_length: None,
                body_bytes: 0,
                has_ended: false,
                panics: UnclaimedPanics::new(),
            },
        )
    }

    /// Does a part of the request's work, with its scope current.
    pub(crate) fn in_scope<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let mut lent = Lent {
            scope: self.scope.take(),
            lifecycle: self,
        };
        Scope::with_owned(&mut lent.scope, || work(lent.lifecycle))
    }

    /// Does a part of the application's work and catches its panic.
    ///
    /// # Errors
    ///
    /// When `work` panics.
    #[inline]
    pub(crate) fn catch<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Panic> {
        self.panics.catch(work)
    }

    /// Calls the hook that comes before the service. To be called within the scope.
    ///
    /// # Errors
    ///
    /// When the hook panics.
    pub(crate) fn announce<B>(&mut self, request: &Request<B>) -> Result<(), Panic> {
        let Some((hooks, scope)) = self.hooks() else {
            return Ok(());
        };
        let head = RequestHead {
            method: request.method(),
            uri: self.route.target(request),
            headers: request.headers(),
            extensions: request.extensions(),
        };
        panic::catch(|| hooks.on_request(&head, &scope))
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
        let content = Content::of(response.headers());
        // What the client was promised comes before what the body knows of itself.
        let length = content.length;
        self.body_length = length.or_else(|| response.body().size_hint().exact());
        if let Some(error) = response.extensions_mut().remove::<RecordedError>() {
            let (failure, is_failing) = error.into_parts();
            self.failure = Some(Box::new(failure));
            self.has_recorded = true;
            self.is_failing = is_failing;
        }
        if content.is_grpc {
            self.begin_grpc(response.headers());
        }
        if self.settings.hooks.is_some() {
            let head = ResponseHead {
                status: response.status(),
                headers: response.headers(),
                extensions: response.extensions(),
            };
            self.in_scope(|this| {
                let (hooks, scope) = this.hooks()?;
                catch_hook_panic(|| hooks.on_response(&head, &scope))
            });
        }
        self.add_ids(response.headers_mut());
    }

    fn add_ids(&mut self, headers: &mut HeaderMap) {
        let name = self.settings.owned_request_id_header();
        headers.insert(name, self.id.take_header());
        if let Some(name) = self.settings.trace_response_header.clone() {
            self.add_trace_id(headers, name);
        }
    }

    #[cold]
    fn add_trace_id(&mut self, headers: &mut HeaderMap, name: HeaderName) {
        let trace = self.in_scope(|_| Context::current().span().span_context().trace_id());
        match HeaderValue::try_from(trace.to_string()) {
            Ok(value) if trace != TraceId::INVALID => headers.insert(name, value),
            // What the handler set there is of no trace that we know.
            _ => headers.remove(name),
        };
    }

    /// Takes note that the response with these headers is of gRPC.
    #[cold]
    fn begin_grpc(&mut self, headers: &HeaderMap) {
        self.grpc = Grpc::Awaited;
        self.take_grpc_status(grpc::read(headers));
    }

    /// Looks for the status of a gRPC call among its trailers, unless it was among the headers.
    pub(crate) fn read_trailers(&mut self, trailers: &HeaderMap) {
        if self.grpc == Grpc::Awaited {
            self.take_grpc_status(grpc::read(trailers));
        }
    }

    #[cold]
    fn take_grpc_status(&mut self, status: Option<(GrpcCode, Option<Failure>)>) {
        let Some((code, failure)) = status else {
            return;
        };
        self.grpc = Grpc::Ended(code);
        // What the handler recorded says more.
        if self.failure.is_none() {
            self.failure = failure.map(Box::new);
        }
    }

    /// Ends the request after an error of the service or of the body.
    pub(crate) fn fail(&mut self, error: &impl Display) {
        self.failure = Some(Box::new(failure::from_error(self.status, error)));
        self.end(Outcome::Failed);
    }

    /// Ends the request after a panic and makes the response to it.
    pub(crate) fn respond_to_panic(&mut self, mut panic: Panic) -> Response<Bytes> {
        let response = self.in_scope(|this| {
            let (hooks, _scope) = this.hooks()?;
            catch_hook_panic(|| hooks.panic_response(&panic)).flatten()
        });
        let mut response = response.unwrap_or_else(|| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
        self.add_ids(response.headers_mut());
        self.status = Some(response.status());
        if Content::of(response.headers()).is_grpc {
            self.begin_grpc(response.headers());
        }
        self.panicked(&mut panic);
        response
    }

    /// Ends the request after a panic, which its line reports unless the request has ended. The line
    /// may come later, once the frames of the panic are known: the response does not wait for it.
    pub(crate) fn panicked(&mut self, panic: &mut Panic) {
        if self.has_ended {
            return;
        }
        let end = self.begin_end(Outcome::Failed);
        let mut ended = self.take_ended();
        panic.report_with(move |failure| {
            ended.failure = Some(Box::new(failure));
            ended.emit_end(&end);
        });
    }

    /// Takes what the end of the request is reported by, and leaves an ended request.
    fn take_ended(&mut self) -> Self {
        Self {
            id: self.id.clone(),
            scope: self.scope.clone().or_else(Scope::current),
            settings: Arc::clone(&self.settings),
            started: self.started,
            method: self.method.clone(),
            target: self.target.take(),
            route: self.route.clone(),
            client: self.client,
            recording: self.recording.take(),
            status: self.status,
            grpc: self.grpc,
            failure: self.failure.take(),
            has_recorded: self.has_recorded,
            is_failing: self.is_failing,
            body_length: self.body_length,
            body_bytes: self.body_bytes,
            has_ended: true,
            panics: std::mem::take(&mut self.panics),
        }
    }

    /// Ends the request after a panic of what was being dropped, and goes on with it.
    pub(crate) fn panicked_while_dropped(&mut self, mut panic: Panic) {
        self.panicked(&mut panic);
        // A second panic while the thread unwinds would abort the process.
        if !thread::panicking() {
            panic.resume();
        }
    }

    /// Counts bytes of the body.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.body_bytes += bytes as u64;
    }

    /// Says whether the body's length is known and reached, and no trailers are awaited.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.body_length
            .is_some_and(|length| length <= self.body_bytes)
            && self.grpc != Grpc::Awaited
    }

    /// Ends the request at the end of its response's body, which has failed when it was shorter than
    /// its announced length: the client has a broken response then.
    pub(crate) fn end_body(&mut self) {
        match self.body_length {
            Some(length) if self.body_bytes < length => {
                let sent = self.body_bytes;
                self.fail(&format_args!(
                    "the body ended after {sent} of {length} bytes"
                ));
            }
            _ => {
                if self.grpc == Grpc::Awaited {
                    self.take_grpc_status(Some(grpc::missing(self.status)));
                }
                self.complete();
            }
        }
    }

    /// Ends the request whose response went out whole.
    pub(crate) fn complete(&mut self) {
        let has_failed = self.is_failing
            || self.grpc.has_failed()
            || self.status.is_some_and(|status| status.is_server_error());
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
        if !self.has_ended {
            let end = self.begin_end(outcome);
            self.emit_end(&end);
        }
    }

    /// Marks the request as ended now.
    fn begin_end(&mut self, outcome: Outcome) -> RequestEnd {
        self.has_ended = true;
        self.mark_ended();
        RequestEnd {
            outcome,
            status: self.status,
            duration: self.started.elapsed(),
            body_bytes: self.body_bytes,
        }
    }

    /// Marks the request's scope as that of a request that has ended. Within the scope or outside.
    fn mark_ended(&self) {
        match &self.scope {
            Some(scope) => scope.mark_ended(),
            None => {
                if let Some(scope) = Scope::current() {
                    scope.mark_ended();
                }
            }
        }
    }

    /// Reports the end of the request: hooks, lines, spans and metrics. Within the scope or outside.
    fn emit_end(&mut self, end: &RequestEnd) {
        self.in_scope(|this| {
            this.panics.report();
            if let Some((hooks, scope)) = this.hooks() {
                catch_hook_panic(|| hooks.on_end(end, &scope));
            }
            if end.outcome == Outcome::Failed || this.settings.writes_lines_for(this.path()) {
                line::write(this, end);
            }
            if let Some(recording) = &this.recording {
                let known = this.failure.take().map(|failure| *failure);
                let mut ending = failure::Ending::new(end.outcome, this.status, this.grpc, known);
                // What gRPC says of a client's doing is on the line alone.
                ending.recorded = ending.recorded.filter(|_| this.has_recorded);
                recording.end(end, this.route.template(), this.grpc.code(), &ending);
            }
        });
    }
}

/// Gives a lifecycle its scope back, also when what was done within it panics.
struct Lent<'a> {
    lifecycle: &'a mut Lifecycle,
    scope: Option<Scope>,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lifecycle.scope = self.scope.take();
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}

/// What the headers of a response say of its body, looked through once.
struct Content {
    length: Option<u64>,
    is_grpc: bool,
}

impl Content {
    // Looking at each of a few names is less than looking for two by their hashes.
    fn of(headers: &HeaderMap) -> Self {
        let (mut length, mut is_grpc) = (None, false);
        for (name, value) in headers {
            if *name == header::CONTENT_LENGTH {
                length = length.or_else(|| value.to_str().ok()?.parse().ok());
            } else if *name == header::CONTENT_TYPE {
                is_grpc |= grpc::is_content_type(value);
            }
        }
        Self { length, is_grpc }
    }
}

/// Calls a hook at a point where its panic must not go further.
fn catch_hook_panic<T>(hook: impl FnOnce() -> T) -> Option<T> {
    panic::catch(hook).ok()
}
