//! OTLP over HTTP.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;
use reqwest::redirect::Policy;
use std::io::Write as _;
use tonic_types::pb;

use crate::config::{NetworkSettings, OtlpSettings, Protocol};
use crate::exporter::error::{self, ExportError};
use crate::exporter::transport::{CONNECT_TIMEOUT, TransportError, USER_AGENT, tls};

/// The largest answer that is read; answers have a few bytes.
const MAX_ANSWER_SIZE: usize = 1024 * 1024;
/// How long what was sent may stay without an acknowledgement of the network.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    endpoint: String,
    headers: HeaderMap,
    protocol: Protocol,
    gzip: bool,
}

impl HttpTransport {
    pub(super) fn new(
        settings: &OtlpSettings,
        network: &NetworkSettings,
    ) -> Result<Self, TransportError> {
        let protocol = settings.protocol();
        let endpoint = settings.endpoint();
        let mut client = reqwest::Client::builder()
            .http1_only()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            // The environment is read once, by this crate.
            .no_proxy();
        #[cfg(target_os = "linux")]
        {
            client = client.tcp_user_timeout(UNACKNOWLEDGED_TIMEOUT);
        }
        if endpoint.scheme_str() == Some("https") {
            let tls = tls::for_http(settings.tls_files(), network)?;
            client = client.tls_backend_preconfigured(tls);
        } else {
            // Without a use, but the client would look for certificates of the system.
            client = client.tls_backend_preconfigured(tls::none()?);
        }
        if let Some(proxy) = network.proxy_for(endpoint) {
            client = client.proxy(proxy.for_reqwest()?);
        }
        let content_type = match protocol {
            Protocol::HttpJson => "application/json",
            Protocol::Grpc | Protocol::HttpProtobuf => "application/x-protobuf",
        };
        let mut headers = settings.headers().0.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if settings.is_compressed() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Self {
            client: client.build()?,
            endpoint: endpoint.to_string(),
            headers,
            protocol,
            gzip: settings.is_compressed(),
        })
    }

    pub(super) async fn send(&self, request: Bytes) -> Result<Bytes, ExportError> {
        let body = if self.gzip {
            compress(&request)?
        } else {
            request
        };
        let sent = self
            .client
            .post(&self.endpoint)
            .headers(self.headers.clone())
            .body(body)
            .send()
            .await;
        let failed = |error: reqwest::Error| {
            let is_connecting = error.is_connect() || error.is_timeout();
            ExportError::from_connection(&error, self.protocol, is_connecting)
        };
        let mut response = sent.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_SIZE {
                return Err(ExportError::Answer(
                    "it has more than a megabyte".to_owned(),
                ));
            }
        }
        if status.is_success() {
            return Ok(body.into());
        }
        Err(ExportError::Http {
            status,
            reason: reason(status, &headers, &body),
            retry_after: retry_after(&headers),
        })
    }
}

fn compress(request: &[u8]) -> Result<Bytes, ExportError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let compressed = encoder.write_all(request).and_then(|()| encoder.finish());
    compressed
        .map(Bytes::from)
        .map_err(|error| ExportError::Request(error.to_string()))
}

/// What the body of a failure says: the message of a `google.rpc.Status` (OTLP specification,
/// "Failures"), in protobuf or JSON, or else its text.
fn reason(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> String {
    let content_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    if content_type.starts_with("application/x-protobuf") {
        return match pb::Status::decode(body) {
            Ok(status) => error::reason(&status.message),
            Err(_) => String::new(),
        };
    }
    let text = String::from_utf8_lossy(body);
    if content_type.contains("json")
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(&text)
        && let Some(message) = value.get("message").and_then(|message| message.as_str())
    {
        return error::reason(message);
    }
    // A page for people says nothing that the status does not.
    if content_type.starts_with("text/html") || Some(text.trim()) == status.canonical_reason() {
        return String::new();
    }
    error::reason(&text)
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}
