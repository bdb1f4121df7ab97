//! The completion lines.

use std::borrow::Cow;

use telemetry_core::names::{self, event};
use telemetry_core::{HttpNames, client_value, mask_query, milliseconds};

use crate::failure;
use crate::grpc::{Grpc, GrpcCode};
use crate::hooks::{Outcome, RequestEnd};
use crate::lifecycle::Lifecycle;

/// The `logger` of completion lines.
const LOGGER: &str = "telemetry_http";

/// Writes a completion line. The level of an event is fixed at compile time: hence a macro.
macro_rules! write_line {
    ($level:ident, $event:expr, $fields:ident) => {
        tracing::$level!(
            target: LOGGER,
            message = $event,
            { names::HTTP_METHOD } = $fields.method,
            { names::HTTP_REQUEST_METHOD } = $fields.request_method,
            { names::HTTP_ROUTE } = $fields.route,
            { names::URL_PATH } = $fields.path,
            { names::URL_QUERY } = $fields.query.as_deref(),
            { names::HTTP_STATUS_CODE } = $fields.status,
            { names::HTTP_RESPONSE_STATUS_CODE } = $fields.response_status,
            { names::RPC_RESPONSE_STATUS_CODE } = $fields.grpc_status.as_deref(),
            { names::DURATION_MS } = $fields.duration_ms,
            { names::CLIENT_IP } = $fields.client_ip,
            { names::ERROR } = $fields.error,
            { names::ERROR_MESSAGE } = $fields.error_message,
            { names::ERROR_TYPE } = $fields.error_type.as_deref(),
            { names::EXCEPTION } = $fields.exception,
        )
    };
}

/// What the client chose, no longer than a line may have it.
struct Chosen<'a> {
    method: Cow<'a, str>,
    path: Cow<'a, str>,
}

/// The fields of a completion line; absent ones are left out.
struct LineFields<'a> {
    method: Option<&'a str>,
    request_method: Option<&'a str>,
    route: Option<&'a str>,
    path: Option<&'a str>,
    query: Option<Cow<'a, str>>,
    status: Option<u16>,
    response_status: Option<u16>,
    grpc_status: Option<Cow<'static, str>>,
    duration_ms: f64,
    client_ip: Option<String>,
    error: Option<&'a str>,
    error_message: Option<&'a str>,
    error_type: Option<Cow<'static, str>>,
    exception: Option<&'a str>,
}

/// Writes the line that ends a request.
pub(crate) fn write(request: &Lifecycle, end: &RequestEnd) {
    let chosen = Chosen {
        method: client_value(request.method.as_str()),
        path: client_value(request.path()),
    };
    if is_usual(request, end) {
        // Most lines have these fields and no others: sparing the rest is measurable.
        tracing::info!(
            target: LOGGER,
            message = event::REQUEST_COMPLETED,
            { names::HTTP_METHOD } = &*chosen.method,
            { names::HTTP_ROUTE } = &*chosen.path,
            { names::HTTP_STATUS_CODE } = end.status.map(|status| status.as_u16()),
            { names::DURATION_MS } = milliseconds(end.duration),
        );
        return;
    }
    // Often has in it what the client sent.
    let known = request.failure.as_deref();
    let error = known
        .map(|failure| client_value(&failure.error))
        .filter(|error| !error.is_empty());
    let fields = LineFields::new(request, end, &chosen, error.as_deref());
    match end.outcome {
        Outcome::Completed => write_line!(info, event::REQUEST_COMPLETED, fields),
        Outcome::Failed => write_line!(error, event::REQUEST_FAILED, fields),
        Outcome::Cancelled => write_line!(warn, event::REQUEST_CANCELLED, fields),
    }
}

fn is_usual(request: &Lifecycle, end: &RequestEnd) -> bool {
    end.outcome == Outcome::Completed
        && request.failure.is_none()
        && request.settings.names() == HttpNames::Classic
        && !request.settings.client_ip
        && !request.settings.query
        && request.grpc == Grpc::No
}

impl<'a> LineFields<'a> {
    fn new(
        request: &'a Lifecycle,
        end: &RequestEnd,
        chosen: &'a Chosen<'_>,
        error: Option<&'a str>,
    ) -> Self {
        let names = request.settings.names();
        let (classic, stable) = (names != HttpNames::Stable, names != HttpNames::Classic);
        let (method, path) = (&*chosen.method, &*chosen.path);
        let status = end.status.map(|status| status.as_u16());
        let settings = &request.settings;
        let known = request.failure.as_deref();
        Self {
            method: classic.then_some(method),
            request_method: stable.then_some(method),
            // The same name in both vocabularies, for two things: the stable one wins.
            route: if stable {
                request.route.template()
            } else {
                Some(path)
            },
            path: stable.then_some(path),
            query: request.query().filter(|_| settings.query).map(|query| {
                let masked = mask_query(query);
                client_value(&masked).into_owned().into()
            }),
            status: status.filter(|_| classic),
            response_status: status.filter(|_| stable),
            grpc_status: request.grpc.code().map(GrpcCode::text),
            duration_ms: milliseconds(end.duration),
            client_ip: request
                .client
                .filter(|_| settings.client_ip)
                .map(|client| client.to_string()),
            // No key may extend another: with both vocabularies `error` is the one of all lines.
            error: error.filter(|_| classic),
            error_message: error.filter(|_| !classic),
            error_type: (!classic && end.outcome == Outcome::Failed)
                .then(|| failure::error_type(end.status, request.grpc, known)),
            exception: known.and_then(|failure| failure.exception.as_deref()),
        }
    }
}
