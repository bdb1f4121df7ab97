//! Protobuf messages that the collector sends.

use crate::rejection::Rejection;

/// `ExportTraceServiceResponse`, which is the same as those of metrics and logs on the wire.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) partial_success: Option<PartialSuccess>,
}

impl ExportResponse {
    pub(crate) fn rejected(rejected: i64) -> Self {
        Self {
            partial_success: Some(PartialSuccess {
                rejected,
                error_message: format!("the test asked to reject {rejected}"),
            }),
        }
    }
}

impl ExportResponse {
    /// The same in JSON. The names of what was rejected are those of all three signals: readers skip
    /// what they do not know.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let Some(partial) = &self.partial_success else {
            return serde_json::json!({});
        };
        let rejected = partial.rejected.to_string();
        serde_json::json!({
            "partialSuccess": {
                "rejectedSpans": rejected,
                "rejectedDataPoints": rejected,
                "rejectedLogRecords": rejected,
                "errorMessage": partial.error_message,
            },
        })
    }
}

/// `ExportTracePartialSuccess` and those of metrics and logs.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub(crate) rejected: i64,
    #[prost(string, tag = "2")]
    pub(crate) error_message: String,
}

/// `google.rpc.Status`: the body of an error over HTTP, the details of one over gRPC.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Any>,
}

impl Status {
    pub(crate) fn new(rejection: &Rejection) -> Self {
        let retry = rejection.retry_after.map(|after| {
            let delay = Duration {
                seconds: after.as_secs().try_into().unwrap_or(i64::MAX),
                nanos: after.subsec_nanos().try_into().unwrap_or(0),
            };
            let info = RetryInfo {
                retry_delay: Some(delay),
            };
            Any {
                type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
                value: prost::Message::encode_to_vec(&info),
            }
        });
        Self {
            code: rejection.grpc,
            message: rejection.message.clone(),
            details: retry.into_iter().collect(),
        }
    }
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Any {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Duration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct Duration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}
