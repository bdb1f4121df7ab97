//! The scheme and the host that a client used, as proxies that are trusted pass them on.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get as on_get;
use http::header;
use telemetry_http::{ForwardedHeader, HttpTelemetryLayer, Peer, TrustedProxies};
use telemetry_otel::testing::AttributeValue;
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::{get, send};

const DURATION: &str = "http.server.request.duration";
const ACTIVE: &str = "http.server.active_requests";

/// What is recorded of a request: the scheme, the host and its port, the client.
type Recorded = (
    &'static str,
    Option<&'static str>,
    Option<i64>,
    Option<&'static str>,
);

fn proxies() -> TrustedProxies {
    TrustedProxies::new(["10.0.0.0/8"]).unwrap()
}

fn layer(proxies: TrustedProxies) -> HttpTelemetryLayer {
    HttpTelemetryLayer::new()
        .with_client_ip(true)
        .with_trusted_proxies(proxies)
}

/// Sends a request of `peer` with these headers and compares its span and metrics.
async fn assert_recorded(
    layer: HttpTelemetryLayer,
    peer: &str,
    headers: &[(&'static str, &str)],
    (scheme, host, port, client): Recorded,
) {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let app = Router::new().route("/", on_get(|| async {})).layer(layer);
    let mut request = get("/");
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let own = ("host", "127.0.0.1:8080");
    for (name, value) in [own].iter().chain(headers) {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    send(&app, request).await;

    let span = spans.single("GET /");
    let text = |name| span.get(name).cloned();
    assert_eq!(text("url.scheme"), Some(scheme.into()), "{headers:?}");
    assert_eq!(
        text("server.address"),
        host.map(AttributeValue::from),
        "{headers:?}"
    );
    assert_eq!(
        text("server.port"),
        port.map(AttributeValue::from),
        "{headers:?}"
    );
    assert_eq!(
        text("client.address"),
        client.map(AttributeValue::from),
        "{headers:?}"
    );
    let scheme = AttributeValue::from(scheme);
    assert_eq!(metrics.single(DURATION).get("url.scheme"), Some(&scheme));
    for active in metrics.named(ACTIVE) {
        assert_eq!(active.get("url.scheme"), Some(&scheme));
        assert_eq!(active.get("server.address"), None);
    }
    assert_eq!(metrics.single(DURATION).get("server.address"), None);
}

#[tokio::test]
async fn the_scheme_and_the_host_are_what_a_trusted_proxy_received() {
    let client = Some("198.51.100.1");
    let shop = Some("shop.example");
    let own = Some("127.0.0.1");
    let only_for = ("x-forwarded-for", "198.51.100.1");
    let two = ("x-forwarded-for", "198.51.100.1, 10.1.1.1");
    for (headers, recorded) in [
        (
            &[
                only_for,
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "shop.example"),
            ][..],
            ("https", shop, None, client),
        ),
        (
            &[only_for, ("x-forwarded-host", "shop.example:8443")],
            ("http", shop, Some(8443), client),
        ),
        (
            &[only_for, ("x-forwarded-proto", "wss")],
            ("https", own, Some(8080), client),
        ),
        (
            &[two, ("x-forwarded-proto", "HTTPS")],
            ("https", own, Some(8080), client),
        ),
        // Lists: of the hop of the client, not of one nearer to us.
        (
            &[
                two,
                ("x-forwarded-proto", "https, http"),
                ("x-forwarded-host", "shop.example, proxy.internal"),
            ],
            ("https", shop, None, client),
        ),
        // What the client sent itself stands in front.
        (
            &[
                only_for,
                ("x-forwarded-proto", "https"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-host", "evil.example, shop.example"),
            ],
            ("http", shop, None, client),
        ),
        // A proxy that names no client.
        (
            &[("x-forwarded-proto", "https")],
            ("https", own, Some(8080), Some("10.0.0.1")),
        ),
        // What is no scheme and no host.
        (
            &[
                only_for,
                ("x-forwarded-proto", "javascript"),
                ("x-forwarded-host", "no host"),
            ],
            ("http", own, Some(8080), client),
        ),
        (
            &[only_for, ("x-forwarded-host", "user:secret@shop.example")],
            ("http", own, Some(8080), client),
        ),
        (
            &[only_for, ("x-forwarded-host", ":80")],
            ("http", own, Some(8080), client),
        ),
    ] {
        assert_recorded(layer(proxies()), "10.0.0.1", headers, recorded).await;
    }
}

#[tokio::test]
async fn forwarded_has_both_in_the_element_of_the_client() {
    let client = Some("198.51.100.1");
    let shop = Some("shop.example");
    let own = Some("127.0.0.1");
    for (value, recorded) in [
        (
            "for=198.51.100.1;proto=https;host=shop.example",
            ("https", shop, None, client),
        ),
        (
            r#"for=198.51.100.1;proto=https;host="shop.example:8443", for=10.1.1.1;proto=http;host=proxy.internal"#,
            ("https", shop, Some(8443), client),
        ),
        (
            "for=6.6.6.6;proto=http;host=evil.example, for=198.51.100.1;proto=https;host=shop.example",
            ("https", shop, None, client),
        ),
        // A proxy that hides its client knows the scheme all the same.
        (
            "for=_hidden;proto=https;host=shop.example, for=10.1.1.1;proto=http",
            ("https", shop, None, Some("10.1.1.1")),
        ),
        // No mixture of hops.
        (
            "for=198.51.100.1, for=10.1.1.1;proto=https;host=proxy.internal",
            ("http", own, Some(8080), client),
        ),
        (
            r#"for=198.51.100.1;host="no host,for=6.6.6.6;proto=https""#,
            ("http", own, Some(8080), client),
        ),
        (
            "for=198.51.100.1;proto=https;proto=http;host=a;host=b",
            ("http", own, Some(8080), client),
        ),
    ] {
        let proxies = proxies().with_header(ForwardedHeader::Forwarded);
        // The other family of headers is not read.
        let headers = [
            ("forwarded", value),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "wss"),
        ];
        assert_recorded(layer(proxies), "10.0.0.1", &headers, recorded).await;
    }
}

#[tokio::test]
async fn a_stranger_is_believed_neither_scheme_nor_host() {
    let headers = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=6.6.6.6;proto=https;host=evil.example"),
    ];
    let recorded = ("http", Some("127.0.0.1"), Some(8080), Some("203.0.113.9"));
    let forwarded = proxies().with_header(ForwardedHeader::Forwarded);
    for proxies in [TrustedProxies::default(), proxies(), forwarded] {
        assert_recorded(layer(proxies), "203.0.113.9", &headers, recorded).await;
    }
}

#[tokio::test]
async fn the_function_for_the_peer_comes_before_the_address_among_the_extensions() {
    let shop = Some("shop.example");
    let client = Some("198.51.100.1");
    let headers = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-host", "shop.example"),
    ];
    let local = layer(TrustedProxies::default().trusting_local_sockets())
        .with_peer(|_| Some(Peer::from_local_socket().with_tls(true)));
    assert_recorded(
        local,
        "203.0.113.9",
        &headers,
        ("https", shop, None, client),
    )
    .await;
    // Over TLS to the proxy, which received the request without.
    let tls =
        layer(proxies()).with_connect_info(|peer: &SocketAddr| Peer::from(*peer).with_tls(true));
    let received = [("x-forwarded-proto", "http")];
    let recorded = ("http", Some("127.0.0.1"), Some(8080), Some("10.0.0.1"));
    assert_recorded(tls, "10.0.0.1", &received, recorded).await;
    // One that finds nothing, or that panics, leaves it at what is there.
    let recorded = ("http", shop, None, client);
    let nothing = layer(proxies()).with_peer(|_| None);
    assert_recorded(nothing, "10.0.0.1", &headers, recorded).await;
    let panicking = layer(proxies()).with_peer(|_| panic!("on purpose"));
    assert_recorded(panicking, "10.0.0.1", &headers, recorded).await;
    let other = layer(proxies()).with_connect_info(|_: &u8| Peer::from_local_socket());
    assert_recorded(other, "10.0.0.1", &headers, recorded).await;
}

#[tokio::test]
async fn a_host_is_no_longer_than_a_span_may_have_it() {
    let spans = capture_spans();
    let app = Router::new().route("/", on_get(|| async {}));
    let trusting = TrustedProxies::default().trusting_local_sockets();
    let layer = layer(trusting).with_peer(|_| Some(Peer::from_local_socket()));
    let mut request = get("/");
    let host = "a".repeat(60_000).parse().unwrap();
    request.headers_mut().insert("x-forwarded-host", host);
    let own = "own.example".parse().unwrap();
    request.headers_mut().insert(header::HOST, own);
    send(&app.layer(layer), request).await;
    let address = spans.single("GET /")["server.address"].to_string();
    assert!((1..10_000).contains(&address.len()), "{}", address.len());
}
