//! Servers on the loopback and clients that send to them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use http::HeaderMap;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use telemetry_http::HttpClientTelemetry;
use telemetry_otel::testing::SpanCapture;
use tokio::net::TcpListener;

/// Serves the router on a port of its own until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Answers with the headers that arrive, a line for each.
pub(crate) fn echo() -> Router {
    let answer = async |headers: HeaderMap| {
        let lines = headers.iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        lines.collect::<String>()
    };
    Router::new().route("/echo", any(answer))
}

/// The value of a header that [`echo`] tells; `None` when it did not arrive.
pub(crate) fn header<'a>(echoed: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = echoed.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(known, value)| (known == name).then_some(value))
}

/// A client without middleware.
pub(crate) fn plain() -> reqwest::ClientBuilder {
    // An error says that there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

pub(crate) fn client(telemetry: HttpClientTelemetry) -> ClientWithMiddleware {
    let plain = plain().build().unwrap();
    ClientBuilder::new(plain).with(telemetry).build()
}

/// Waits until so many spans have ended: a server's ends after its client has the response.
pub(crate) async fn ended(spans: &SpanCapture, count: usize) {
    let all = async {
        while spans.spans().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(60), all).await;
    assert!(
        all.is_ok() && spans.spans().len() == count,
        "{}",
        spans.tree()
    );
}
