//! Requests that are not as they should be.

use otlp_test_collector::{Collector, Protocol, Signal};

use crate::raw::{answer, connect, send_to};

const PROTOBUF: &str = "content-type: application/x-protobuf\r\n";

#[test]
fn requests_are_kept_as_they_came() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    let headers = "content-type: application/x-protobuf\r\nx-api-key: secret\r\n";
    send_to(&mut client, "/v1/logs", headers, b"");
    answer(&mut client);
    let request = &collector.requests()[0];
    assert_eq!(
        (request.protocol, request.signal),
        (Protocol::Http, Some(Signal::Logs))
    );
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/logs")
    );
    assert_eq!(request.header("x-api-key"), Some("secret"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.peer, client.local_addr().unwrap());
    assert!(!request.gzip && request.accepted && request.problem.is_none());
}

#[test]
fn what_is_wrong_with_a_request_is_said_to_both_sides() {
    let gzip = "content-type: application/x-protobuf\r\ncontent-encoding: gzip\r\n";
    let brotli = "content-type: application/x-protobuf\r\ncontent-encoding: br\r\n";
    let json = "content-type: application/json\r\n";
    let text = "content-type: text/plain\r\n";
    let cases: [(&str, &str, &[u8], &str, &str); 6] = [
        ("/v1/profiles", PROTOBUF, b"", "404", "nothing is served"),
        ("/v1/traces", text, b"{}", "415", "the content type"),
        (
            "/v1/traces",
            json,
            b"[",
            "400",
            "the payload is no export of traces",
        ),
        ("/v1/traces", brotli, b"", "415", "the content encoding"),
        (
            "/v1/traces",
            gzip,
            b"plain",
            "400",
            "the payload is no gzip",
        ),
        (
            "/v1/metrics",
            PROTOBUF,
            b"\xff\xff",
            "400",
            "the payload is no export of metrics",
        ),
    ];
    let collector = Collector::start();
    let mut client = connect(&collector);
    for (path, headers, body, status, problem) in cases {
        send_to(&mut client, path, headers, body);
        let answer = answer(&mut client);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(problem), "{answer}");
        let request = collector.requests().pop().unwrap();
        assert!(request.problem.unwrap().starts_with(problem));
        assert!(!request.accepted);
        assert_eq!(request.size, body.len());
        assert_eq!(request.payload, body);
    }
}
