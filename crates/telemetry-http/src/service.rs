//! The service: opens the scope of a request and hands both on.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use opentelemetry::propagation::Extractor;
use smallvec::SmallVec;
use telemetry_core::{
    FieldValue, HttpNames, Scope, ScopeBuilder, ValueEncoder, names, panic, propagation,
};
use telemetry_labels::{Id, Label};
use tower_service::Service;

use crate::body::ResponseBody;
use crate::future::ResponseFuture;
use crate::layer::Settings;
use crate::lifecycle::Lifecycle;
use crate::proxies::Caller;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::served::Served;
use crate::server::{Origin, Recording};
use crate::user::UserId;

/// Serves requests with their context. Made by
/// [`HttpTelemetryLayer`](crate::HttpTelemetryLayer).
#[derive(Clone, Debug)]
pub struct HttpTelemetry<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> HttpTelemetry<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        panic::watch();
        Self { inner, settings }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for HttpTelemetry<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: Display,
    ResBody: Body,
    ResBody::Data: From<Bytes>,
    ResBody::Error: Display,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let served = Served::of(request.extensions());
        if let Some(scope) = served.and_then(Served::scope) {
            let scope = scope.clone();
            return self.pass_through(request, scope);
        }
        let is_forwarded = served.is_some();
        // Before the span starts, so that the span ends no sooner than those beneath it.
        let started = Instant::now();
        let settings = &self.settings;
        let headers = Headers::of(request.headers(), settings.request_id_header());
        let id = RequestId::of(headers.request_id);
        let caller = self.caller(&request);
        let client = caller.client;
        let is_route_shown = Recording::is_on() || settings.names() != HttpNames::Classic;
        let route = Route::of(request.extensions(), is_route_shown, is_forwarded);
        let mut lifecycle = Lifecycle::begin(started, &request, id, client, route, settings);
        lifecycle.recording = self.record(&request, &headers, &lifecycle, caller);
        let scope = self.open_scope(&request, &headers, &lifecycle);
        if headers.is_request_id_other_than(&lifecycle.id) {
            let name = settings.owned_request_id_header();
            lifecycle.id.set_in(request.headers_mut(), name);
        }
        Served::mark(request.extensions_mut(), &scope);
        lifecycle.scope = Some(scope);
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }
        ResponseFuture::call(lifecycle, &mut self.inner, request)
    }
}

impl<S> HttpTelemetry<S> {
    /// Serves a request that a layer further out has. Its context is lost where that is on another
    /// task, which got none: it is then made current again.
    #[cold]
    fn pass_through<B>(&mut self, request: Request<B>, scope: Scope) -> ResponseFuture<S::Future>
    where
        S: Service<Request<B>>,
    {
        if Scope::current().is_some() {
            return ResponseFuture::pass_through(self.inner.call(request));
        }
        let inner = scope.in_scope(|| self.inner.call(request));
        ResponseFuture::pass_through_in(scope, inner)
    }

    /// Starts the server span, where something exports it.
    fn record<B>(
        &self,
        request: &Request<B>,
        headers: &Headers<'_>,
        lifecycle: &Lifecycle,
        caller: Caller<'_>,
    ) -> Option<Recording> {
        if self.settings.without_recording.has(lifecycle.path()) {
            return None;
        }
        Recording::start(request, || Origin {
            target: lifecycle.route.target(request),
            parent: propagation::extract(headers),
            is_public: self.settings.public_endpoint,
            route: lifecycle.route.template(),
            caller,
            with_client: self.settings.client_ip,
            with_query: self.settings.query,
        })
    }

    fn open_scope<B>(
        &self,
        request: &Request<B>,
        headers: &Headers<'_>,
        lifecycle: &Lifecycle,
    ) -> Scope {
        let mut scope = Scope::builder();
        scope.field(names::REQUEST_ID, &lifecycle.id);
        if let Some(user) = request.extensions().get::<UserId>() {
            scope.field(names::USER_ID, user);
        }
        self.set_labels(&mut scope, lifecycle.path());
        match &lifecycle.recording {
            Some(recording) => {
                scope.trace(&recording.context);
            }
            // Anybody may call, and would decide here what is sampled of the handler's work.
            None if self.settings.public_endpoint && Recording::is_on() => {}
            // Lines have the ids of a trace that others export.
            None => {
                if let Some(context) = propagation::extract(headers) {
                    scope.trace(&context);
                }
            }
        }
        scope.build()
    }

    fn set_labels(&self, scope: &mut ScopeBuilder, path: &str) {
        let mut found = self.settings.labels.extract(path);
        let mut labels = SmallVec::<[Label<'_>; 8]>::new();
        // By reference: moving an iterator that was just made stalls.
        for label in found.by_ref() {
            labels.push(label);
        }
        if labels.is_empty() {
            return;
        }
        scope.field(names::LABELS, LabelNames(&labels));
        for id in labels.iter().filter_map(|label| label.id) {
            match id.value {
                Id::Integer(value) => scope.field(id.key, value),
                Id::Text(value) => scope.field(id.key, value),
            };
        }
    }

    /// Who sent the request, where the server knows its peer.
    fn caller<'a, B>(&self, request: &'a Request<B>) -> Caller<'a> {
        match self.settings.peer.find(request.extensions()) {
            Some(peer) => self.settings.proxies.caller(peer, request.headers()),
            None => Caller::default(),
        }
    }
}

struct LabelNames<'a>(&'a [Label<'a>]);

impl FieldValue for LabelNames<'_> {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self.0.iter().map(|label| label.name));
    }
}

/// The headers of a request, looked through once.
struct Headers<'a> {
    all: &'a HeaderMap,
    /// The first that has the name of request ids.
    request_id: Option<&'a HeaderValue>,
    has_several_request_ids: bool,
    has_trace: bool,
}

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl<'a> Headers<'a> {
    // Looking at each of some ten names is less than looking for two by their hashes.
    fn of(all: &'a HeaderMap, request_id_header: &HeaderName) -> Self {
        let (mut request_id, mut has_several_request_ids, mut has_trace) = (None, false, false);
        for (name, value) in all {
            if name == request_id_header {
                has_several_request_ids = request_id.is_some();
                request_id = request_id.or(Some(value));
            } else if *name == TRACEPARENT {
                has_trace = true;
            }
        }
        Self {
            all,
            request_id,
            has_several_request_ids,
            has_trace,
        }
    }

    /// Says whether the request carries another id than this, or more.
    fn is_request_id_other_than(&self, id: &RequestId) -> bool {
        self.has_several_request_ids || !id.is_sent()
    }

    fn is_absent(&self, key: &str) -> bool {
        !self.has_trace && key == TRACEPARENT.as_str()
    }
}

/// As propagators read them.
impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        if self.is_absent(key) {
            return None;
        }
        self.all.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.all.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        if self.is_absent(key) {
            return None;
        }
        // One that is not text is there all the same: a second `traceparent` of any kind
        // makes the first worth nothing. A lone `=` is not valid in any header that is read.
        let values = self.all.get_all(key).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap_or("=")).collect();
        (!values.is_empty()).then_some(values)
    }
}
