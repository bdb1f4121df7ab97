//! The metrics of requests that come in.
//!
//! Finding the series of a measurement among all others is most of what it costs. Where the
//! SDK can bind a series, each is looked up once a thread.

use std::cell::RefCell;
use std::hash::{Hash as _, Hasher as _};

use http::{StatusCode, Version};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, BoundUpDownCounter};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, URL_SCHEME,
};
use rustc_hash::{FxHashMap, FxHasher};

use telemetry_core::names::RPC_RESPONSE_STATUS_CODE;

use crate::attributes::{Scheme, protocol_version};
use crate::server::instruments::ServerInstruments;

/// How many series of each metric a thread keeps at hand. Beyond, they are looked up.
const MOST_SERIES: usize = 512;

thread_local! {
    static ACTIVE: RefCell<Vec<(Request, BoundUpDownCounter<i64>)>> = RefCell::default();
    static DURATION: RefCell<FxHashMap<u64, (Series, BoundHistogram<f64>)>> = RefCell::default();
}

/// What a request has in its metrics from its start on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) scheme: Scheme,
    pub(super) version: Version,
}

/// What it has beside that when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response<'a> {
    pub(super) route: Option<&'a str>,
    pub(super) status: Option<StatusCode>,
    pub(super) grpc_status: Option<&'static str>,
    pub(super) error_type: Option<&'a str>,
}

/// A series of the duration.
#[derive(Debug)]
struct Series {
    request: Request,
    route: Option<Box<str>>,
    status: Option<StatusCode>,
    grpc_status: Option<&'static str>,
    error_type: Option<Box<str>>,
}

impl ServerInstruments {
    /// Counts a request that begins or ends: 1 or -1.
    pub(super) fn count_active(&self, request: Request, change: i64) {
        let is_counted = telemetry_core::are_instruments_bound()
            && ACTIVE
                .try_with(|active| {
                    let mut active = active.try_borrow_mut().ok()?;
                    // Methods and schemes are few.
                    match active
                        .iter()
                        .find(|(other, _)| other.is_active_with(request))
                    {
                        Some((_, counter)) => counter.add(change),
                        None => {
                            let counter = self.active.bind(&request.of_active());
                            counter.add(change);
                            active.push((request, counter));
                        }
                    }
                    Some(())
                })
                .is_ok_and(|counted| counted.is_some());
        if !is_counted {
            self.active.add(change, &request.of_active());
        }
    }

    /// Records how long a request took, in seconds.
    pub(super) fn record_duration(&self, request: Request, response: Response<'_>, seconds: f64) {
        let is_recorded = telemetry_core::are_instruments_bound()
            && DURATION
                .try_with(|duration| {
                    let mut duration = duration.try_borrow_mut().ok()?;
                    let key = key(request, response);
                    if let Some((series, histogram)) = duration.get(&key) {
                        return series
                            .is(request, response)
                            .then(|| histogram.record(seconds));
                    }
                    if duration.len() == MOST_SERIES {
                        return None;
                    }
                    let histogram = self.duration.bind(&request.of_duration(response));
                    histogram.record(seconds);
                    duration.insert(key, (Series::new(request, response), histogram));
                    Some(())
                })
                .is_ok_and(|recorded| recorded.is_some());
        if !is_recorded {
            self.duration
                .record(seconds, &request.of_duration(response));
        }
    }
}

impl Request {
    /// Says whether two requests are of one series of the active ones.
    fn is_active_with(self, other: Self) -> bool {
        is_same(self.method, other.method) && self.scheme == other.scheme
    }

    fn of_active(self) -> [KeyValue; 2] {
        [
            KeyValue::new(HTTP_REQUEST_METHOD, self.method),
            KeyValue::new(URL_SCHEME, self.scheme.as_str()),
        ]
    }

    fn of_duration(self, response: Response<'_>) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(7);
        attributes.extend(self.of_active());
        if let Some(route) = response.route {
            attributes.push(KeyValue::new(HTTP_ROUTE, route.to_owned()));
        }
        if let Some(status) = response.status {
            let status = i64::from(status.as_u16());
            attributes.push(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
        }
        if let Some(version) = protocol_version(self.version) {
            attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
        }
        if let Some(status) = response.grpc_status {
            attributes.push(KeyValue::new(RPC_RESPONSE_STATUS_CODE, status));
        }
        if let Some(error_type) = response.error_type {
            attributes.push(KeyValue::new(ERROR_TYPE, error_type.to_owned()));
        }
        attributes
    }
}

impl Series {
    fn new(request: Request, response: Response<'_>) -> Self {
        Self {
            request,
            route: response.route.map(Box::from),
            status: response.status,
            grpc_status: response.grpc_status,
            error_type: response.error_type.map(Box::from),
        }
    }

    /// Says whether this is the series of a measurement, and not one of the same hash.
    fn is(&self, request: Request, response: Response<'_>) -> bool {
        self.route.as_deref() == response.route
            && self.status == response.status
            && self.grpc_status == response.grpc_status
            && self.error_type.as_deref() == response.error_type
            && self.request.is_active_with(request)
            && self.request.version == request.version
    }
}

/// Says whether two texts are the same one in memory: methods are constants.
fn is_same(one: &'static str, other: &'static str) -> bool {
    std::ptr::eq(one, other)
}

fn key(request: Request, response: Response<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    request.method.as_ptr().hash(&mut hasher);
    request.scheme.hash(&mut hasher);
    request.version.hash(&mut hasher);
    response.route.hash(&mut hasher);
    response.status.hash(&mut hasher);
    response.grpc_status.hash(&mut hasher);
    response.error_type.hash(&mut hasher);
    hasher.finish()
}
