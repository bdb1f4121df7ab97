//! The service: opens the scope of a request and hands both on.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Body;
use opentelemetry::propagation::Extractor;
use smallvec::SmallVec;
use telemetry_core::{
    ClientIp, FieldValue, FutureExt as _, HttpNames, Scope, ScopeBuilder, ValueEncoder, names,
    panic, propagation,
};
use telemetry_labels::{Id, Label};
use tower_service::Service;

use crate::body::ResponseBody;
use crate::client_ip;
use crate::future::ResponseFuture;
use crate::hooks::RequestHead;
use crate::layer::Settings;
use crate::lifecycle::Lifecycle;
use crate::request_id::RequestId;
use crate::route::Route;
use crate::server::{Origin, Recording};
use crate::user::UserId;

/// Serves requests with their context. Made by
/// [`HttpTelemetryLayer`](crate::HttpTelemetryLayer).
#[derive(Clone, Debug)]
pub struct HttpTelemetry<S> {
    inner: S,
    settings: Arc<Settings>,
}

/// Left in a request that has its telemetry, for a second layer further in.
#[derive(Clone, Copy)]
struct HasTelemetry;

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
        if request.extensions().get::<HasTelemetry>().is_some() {
            return ResponseFuture::pass_through(self.inner.call(request));
        }
        let id = RequestId::of(request.headers(), &self.settings.request_id_header);
        let client = self.client(&request);
        let is_route_shown = Recording::is_on() || self.settings.names() != HttpNames::Classic;
        let route = Route::of(request.extensions(), is_route_shown);
        let recording = self.record(&request, &route, client);
        let scope = self.open_scope(&request, &id, recording.as_ref());
        let settings = &self.settings;
        let lifecycle = Lifecycle::new(&request, scope.clone(), settings, client, route, recording);
        request.extensions_mut().insert(HasTelemetry);
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }

        let called = scope.in_scope(|| {
            panic::catch(|| {
                if let Some(hooks) = &self.settings.hooks {
                    hooks.on_request(&head(&request), &scope);
                }
                self.inner.call(request)
            })
        });
        let called = called.map(|future| future.in_scope(scope));
        ResponseFuture::new(called, lifecycle, id)
    }
}

impl<S> HttpTelemetry<S> {
    /// Starts the server span, where something exports it.
    fn record<B>(
        &self,
        request: &Request<B>,
        route: &Route,
        client: Option<ClientIp>,
    ) -> Option<Recording> {
        Recording::start(request, || Origin {
            parent: propagation::extract(&Headers(request.headers())),
            is_public: self.settings.public_endpoint,
            route: route.template(),
            client: client.filter(|_| self.settings.client_ip),
            with_query: self.settings.query,
        })
    }

    fn open_scope<B>(
        &self,
        request: &Request<B>,
        id: &RequestId,
        recording: Option<&Recording>,
    ) -> Scope {
        let mut scope = Scope::builder();
        scope.field(names::REQUEST_ID, id.as_str());
        if let Some(user) = request.extensions().get::<UserId>() {
            scope.field(names::USER_ID, user);
        }
        self.set_labels(&mut scope, request.uri().path());
        match recording {
            Some(recording) => {
                scope.trace(&recording.context);
            }
            // Lines have the ids of a trace that others export.
            None => {
                if let Some(context) = propagation::extract(&Headers(request.headers())) {
                    scope.trace(&context);
                }
            }
        }
        scope.build()
    }

    fn set_labels(&self, scope: &mut ScopeBuilder, path: &str) {
        let mut labels = SmallVec::<[Label<'_>; 8]>::new();
        labels.extend(self.settings.labels.extract(path));
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

    /// The client's address, when somebody wants to know.
    fn client<B>(&self, request: &Request<B>) -> Option<ClientIp> {
        let peer = client_ip::peer(request.extensions())?;
        Some(self.settings.proxies.client(peer, request.headers()))
    }
}

fn head<B>(request: &Request<B>) -> RequestHead<'_> {
    RequestHead {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        extensions: request.extensions(),
    }
}

struct LabelNames<'a>(&'a [Label<'a>]);

impl FieldValue for LabelNames<'_> {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self.0.iter().map(|label| label.name));
    }
}

/// Headers as propagators read them.
struct Headers<'a>(&'a HeaderMap);

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = if key == TRACEPARENT.as_str() {
            // Spares parsing the name, for a header that is looked for in every request.
            self.0.get(&TRACEPARENT)
        } else {
            self.0.get(key)
        };
        value?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        // One that is not text is there all the same: a second `traceparent` of any kind
        // makes the first worth nothing. A lone `=` is not valid in any header that is read.
        let values = self.0.get_all(key).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap_or("=")).collect();
        (!values.is_empty()).then_some(values)
    }
}
