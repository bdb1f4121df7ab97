//! The requests of OTLP: what the three signals have in common.

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

use crate::config::{Protocol, Signal};
use crate::exporter::error::ExportError;

/// A request of one signal. Its items are spans, data points or log records.
pub(super) trait ExportRequest: Message + Clone + serde::Serialize {
    const SIGNAL: Signal;

    /// How many items it has.
    fn count(&self) -> u64;

    /// Keeps the items for which `keep` is true, which is called once for each, in order. A scope or
    /// resource without items is removed.
    fn retain(&mut self, keep: impl FnMut() -> bool);

    /// Decodes the collector's answer.
    ///
    /// # Errors
    ///
    /// When `body` is not an answer of this signal.
    fn decode_answer(body: &[u8], protocol: Protocol) -> Result<Answer, String>;

    /// Cuts the request in two halves. `None` where it has fewer than two items.
    fn split(&self) -> Option<(Self, Self)> {
        let middle = self.count() / 2;
        if middle == 0 {
            return None;
        }
        let part = |is_kept: fn(u64, u64) -> bool| {
            let (mut part, mut at) = (self.clone(), 0);
            part.retain(|| {
                at += 1;
                is_kept(at, middle)
            });
            part
        };
        Some((
            part(|at, middle| at <= middle),
            part(|at, middle| at > middle),
        ))
    }

    /// The bytes that are sent.
    ///
    /// # Errors
    ///
    /// When the request cannot be written as JSON.
    fn encode_for(&self, protocol: Protocol) -> Result<Vec<u8>, String> {
        match protocol {
            Protocol::HttpJson => serde_json::to_vec(self).map_err(|error| error.to_string()),
            Protocol::Grpc | Protocol::HttpProtobuf => Ok(self.encode_to_vec()),
        }
    }
}

/// What a collector answers to a request that it takes. The default is that it took everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// How many items it refused.
    pub(super) rejected: u64,
    /// Why, or a warning about what it took; empty where there is neither.
    pub(super) message: String,
}

/// Implements a signal's request. The response types have no trait in common.
macro_rules! export_request {
    ($request:ty, $response:ty, $signal:ident, $rejected:ident, $count:item $retain:item) => {
        impl ExportRequest for $request {
            const SIGNAL: Signal = Signal::$signal;

            $count

            $retain

            fn decode_answer(body: &[u8], protocol: Protocol) -> Result<Answer, String> {
                let response: $response = match protocol {
                    // As an empty message of protobuf has no bytes, an empty body is an answer.
                    Protocol::HttpJson if body.is_empty() => <$response>::default(),
                    Protocol::HttpJson => {
                        serde_json::from_slice(body).map_err(|error| error.to_string())?
                    }
                    Protocol::Grpc | Protocol::HttpProtobuf => {
                        <$response>::decode(body).map_err(|error| error.to_string())?
                    }
                };
                let Some(partial) = response.partial_success else {
                    return Ok(Answer::default());
                };
                Ok(Answer {
                    rejected: u64::try_from(partial.$rejected).unwrap_or_default(),
                    message: partial.error_message,
                })
            }
        }
    };
}

export_request! {
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    Traces,
    rejected_spans,
    fn count(&self) -> u64 {
        let scopes = self.resource_spans.iter().flat_map(|it| &it.scope_spans);
        scopes.map(|scope| scope.spans.len() as u64).sum()
    }
    fn retain(&mut self, mut keep: impl FnMut() -> bool) {
        self.resource_spans.retain_mut(|resource| {
            resource.scope_spans.retain_mut(|scope| {
                scope.spans.retain(|_| keep());
                !scope.spans.is_empty()
            });
            !resource.scope_spans.is_empty()
        });
    }
}

export_request! {
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
    Logs,
    rejected_log_records,
    fn count(&self) -> u64 {
        let scopes = self.resource_logs.iter().flat_map(|it| &it.scope_logs);
        scopes.map(|scope| scope.log_records.len() as u64).sum()
    }
    fn retain(&mut self, mut keep: impl FnMut() -> bool) {
        self.resource_logs.retain_mut(|resource| {
            resource.scope_logs.retain_mut(|scope| {
                scope.log_records.retain(|_| keep());
                !scope.log_records.is_empty()
            });
            !resource.scope_logs.is_empty()
        });
    }
}

/// Keeps some of a metric's data points, and says whether any are left.
fn retain_points(metric: &mut Metric, mut keep: impl FnMut() -> bool) -> bool {
    fn retain<T>(points: &mut Vec<T>, mut keep: impl FnMut() -> bool) -> bool {
        points.retain(|_| keep());
        !points.is_empty()
    }
    match &mut metric.data {
        Some(Data::Gauge(gauge)) => retain(&mut gauge.data_points, &mut keep),
        Some(Data::Sum(sum)) => retain(&mut sum.data_points, &mut keep),
        Some(Data::Histogram(histogram)) => retain(&mut histogram.data_points, &mut keep),
        Some(Data::ExponentialHistogram(histogram)) => {
            retain(&mut histogram.data_points, &mut keep)
        }
        Some(Data::Summary(summary)) => retain(&mut summary.data_points, &mut keep),
        None => false,
    }
}

/// How many data points a metric has.
fn count_points(metric: &Metric) -> u64 {
    let count = match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    };
    count as u64
}

export_request! {
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
    Metrics,
    rejected_data_points,
    fn count(&self) -> u64 {
        let scopes = self.resource_metrics.iter().flat_map(|it| &it.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).map(count_points).sum()
    }
    fn retain(&mut self, mut keep: impl FnMut() -> bool) {
        self.resource_metrics.retain_mut(|resource| {
            resource.scope_metrics.retain_mut(|scope| {
                scope.metrics.retain_mut(|metric| retain_points(metric, &mut keep));
                !scope.metrics.is_empty()
            });
            !resource.scope_metrics.is_empty()
        });
    }
}

/// An empty request, of any signal.
pub(crate) fn encode_empty(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::HttpJson => b"{}",
        // An empty message of protobuf has no bytes.
        Protocol::Grpc | Protocol::HttpProtobuf => b"",
    }
}

/// Reads the answer to an empty request.
///
/// # Errors
///
/// When it is not one of a collector.
pub(crate) fn decode_empty_answer(
    signal: Signal,
    answer: &[u8],
    protocol: Protocol,
) -> Result<(), ExportError> {
    let decoded = match signal {
        Signal::Traces => ExportTraceServiceRequest::decode_answer(answer, protocol),
        Signal::Metrics => ExportMetricsServiceRequest::decode_answer(answer, protocol),
        Signal::Logs => ExportLogsServiceRequest::decode_answer(answer, protocol),
    };
    decoded.map(drop).map_err(ExportError::Answer)
}
