//! The way to a collector: headers, endpoints and proxies.

use otlp_test_collector::{Collector, Protocol};

use crate::child::play_with;
use crate::door::ProxyServer;

/// Plays a scenario with export to `endpoint`.
fn play_to(endpoint: &str, protocol: &str, more: &[(&str, &str)]) -> crate::child::Ended {
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];
    variables.extend(more);
    play_with("work", &variables)
}

#[test]
fn what_is_sent_are_the_headers_that_are_valid() {
    for protocol in ["grpc", "http/protobuf"] {
        let collector = Collector::start();
        let headers = "x-good=1,x bad=2,x-also-bad=a%0Ab,x-percent=a%20b";
        let headers = ("OTEL_EXPORTER_OTLP_HEADERS", headers);
        play_to(&collector.endpoint(), protocol, &[headers]);
        let requests = collector.requests();
        assert!(!requests.is_empty());
        for request in requests {
            let sent = |name| {
                request
                    .headers
                    .get(name)
                    .map(|value| value.to_str().unwrap())
            };
            assert_eq!(sent("x-good"), Some("1"));
            assert_eq!(sent("x-percent"), Some("a b"));
            assert!(
                !format!("{:?}", request.headers).contains("bad"),
                "{request:?}"
            );
        }
    }
}

#[test]
fn an_endpoint_keeps_its_query() {
    let collector = Collector::start();
    let endpoint = format!("{}/?tenant=7", collector.endpoint());
    play_to(&endpoint, "http/protobuf", &[]);
    let requests = collector.requests();
    for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
        let request = requests.iter().find(|it| it.path == path);
        let query = request.and_then(|it| it.query.as_deref());
        assert_eq!(query, Some("tenant=7"), "{path}: {requests:?}");
    }
}

#[test]
fn an_endpoint_with_an_impossible_port_is_refused() {
    for port in ["99999", "0", "x", ""] {
        let ended = play_to(&format!("http://127.0.0.1:{port}"), "grpc", &[]);
        let warning = ended.single("telemetry_config_warning");
        assert_eq!(warning["variable"], "OTEL_EXPORTER_OTLP_ENDPOINT");
        assert_eq!(ended.single("otel_export_off")["level"], "warning");
        assert_eq!(ended.said("exports"), "false");
    }
}

#[test]
fn json_is_spoken_over_http() {
    let collector = Collector::start();
    play_to(&collector.endpoint(), "http/json", &[]);
    let requests = collector.requests();
    assert!(requests.iter().all(|it| it.protocol == Protocol::Http));
    for request in &requests {
        let content_type = request.headers.get("content-type").unwrap();
        assert_eq!(content_type, "application/json");
    }
    collector.wait_for_span("draw_bracket");
    collector.wait_for_log("bracket_drawn");
}

#[test]
fn a_proxy_is_used_and_given_its_credentials() {
    for (protocol, is_tunnel) in [("grpc", true), ("http/protobuf", false)] {
        let collector = Collector::start();
        let proxy = ProxyServer::open(&collector);
        let url = format!("http://captain:pass@{}", proxy.address);
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
            let ended = play_to("http://collector.example:4320", protocol, &[(name, &url)]);
            assert_eq!(ended.said("is_done"), "true", "{name}: {ended:#?}");
        }
        let heads = proxy.heads();
        for head in &heads {
            let authorization = "proxy-authorization: Basic Y2FwdGFpbjpwYXNz";
            let head = head.to_ascii_lowercase();
            assert!(head.contains(&authorization.to_ascii_lowercase()), "{head}");
            let first = if is_tunnel {
                "connect collector.example:4320 "
            } else {
                "post http://collector.example:4320/v1/"
            };
            assert!(head.starts_with(first), "{head}");
        }
        assert!(heads.len() >= 3, "{heads:?}");
        assert!(collector.spans().len() >= 3);
    }
}

#[test]
fn neither_this_host_nor_no_proxy_goes_through_a_proxy() {
    for protocol in ["grpc", "http/protobuf"] {
        let (collector, other) = (Collector::start(), Collector::start());
        let proxy = ProxyServer::open(&other);
        let url = format!("http://{}", proxy.address);
        let proxies = [("HTTP_PROXY", &*url), ("HTTPS_PROXY", &*url)];
        let port = collector.address().port();
        for host in ["localhost", "127.0.0.1"] {
            let ended = play_to(&format!("http://{host}:{port}"), protocol, &proxies);
            assert_eq!(ended.said("is_done"), "true", "{ended:#?}");
        }
        let ended = play_to(
            "http://collector.invalid:4320",
            protocol,
            &[
                ("HTTP_PROXY", &*url),
                ("NO_PROXY", "other.example,.invalid"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "200"),
            ],
        );
        assert_eq!(ended.said("is_done"), "false");
        assert_eq!(proxy.heads(), [""; 0]);
    }
}

#[test]
fn a_proxy_that_is_none_is_one_warning() {
    let collector = Collector::start();
    let proxy = ("HTTPS_PROXY", "socks5://captain:hidden@127.0.0.1:1080");
    let ended = play_to(&collector.endpoint(), "grpc", &[proxy]);
    let warning = ended.single("telemetry_config_warning");
    assert_eq!(warning["variable"], "HTTPS_PROXY");
    assert!(!warning.to_string().contains("hidden"), "{warning}");
    assert_eq!(ended.said("is_done"), "true");
}
