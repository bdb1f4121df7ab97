//! Requests as they came.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;

use crate::signal::Signal;

/// A request that was read to its end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The protocol it uses.
    pub protocol: Protocol,
    /// What it carries; none if it was sent to an unknown path.
    pub signal: Option<Signal>,
    /// The HTTP method.
    pub method: String,
    /// The path; over gRPC the service and method.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// The headers, over gRPC the metadata.
    pub headers: HeaderMap,
    /// Whether the payload was compressed with gzip.
    pub gzip: bool,
    /// How many bytes its body had on the wire, over gRPC with the prefix of the message.
    pub size: usize,
    /// The payload, decompressed: an `ExportTraceServiceRequest` or its like. As it was sent
    /// if that failed.
    pub payload: Bytes,
    /// The client's address, which tells connections apart.
    pub peer: SocketAddr,
    /// Whether its records were kept.
    pub accepted: bool,
    /// What is wrong with it, if something is. The client was told so, unless the behaviour
    /// was another.
    pub problem: Option<String>,
}

impl Request {
    /// The first value of a header; none also if it is no visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// One of the two protocols that the collector serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// OTLP/gRPC, over HTTP/2 without TLS.
    Grpc,
    /// OTLP/HTTP with protobuf or JSON, over HTTP/1 or HTTP/2.
    Http,
}

impl Protocol {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let content_type = headers.get(http::header::CONTENT_TYPE);
        let grpc =
            content_type.is_some_and(|name| name.as_bytes().starts_with(b"application/grpc"));
        if grpc { Self::Grpc } else { Self::Http }
    }
}
