//! What a client over HTTP/2 sees: gRPC on the wire, and behaviours on a connection that
//! many requests share.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use otlp_test_collector::{Behaviour, Collector, Protocol, Rejection, Signal};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// An empty message, not compressed.
const EMPTY: &[u8] = &[0; 5];

/// Waits for what must come, with a bound.
async fn soon<F: Future>(future: F) -> F::Output {
    let bound = Duration::from_secs(60);
    tokio::time::timeout(bound, future).await.unwrap()
}

/// A connection, and the task that drives it.
struct Client {
    requests: SendRequest<Full<Bytes>>,
    driver: JoinSet<hyper::Result<()>>,
}

impl Client {
    async fn connect(collector: &Collector) -> Self {
        let stream = TcpStream::connect(collector.address()).await.unwrap();
        let connection = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (requests, driven) = connection.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(driven);
        Self { requests, driver }
    }

    async fn send(
        &mut self,
        path: &str,
        content_type: &str,
        body: &'static [u8],
    ) -> hyper::Result<Response<Incoming>> {
        let request = Request::post(format!("http://collector{path}"))
            .header("content-type", content_type)
            .header("te", "trailers")
            .body(Full::from(body))
            .unwrap();
        soon(self.requests.send_request(request)).await
    }

    async fn call(&mut self, message: &'static [u8]) -> hyper::Result<Response<Incoming>> {
        let path = Signal::Traces.grpc_path();
        self.send(path, "application/grpc", message).await
    }

    /// Waits for the connection to end.
    async fn end(mut self) -> hyper::Result<()> {
        soon(self.driver.join_next()).await.unwrap().unwrap()
    }

    /// The header `grpc-status`, which only an answer without a message has.
    async fn status(&mut self, message: &'static [u8]) -> String {
        let answer = self.call(message).await.unwrap();
        answer.headers()["grpc-status"].to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn both_protocols_share_a_connection() {
    let collector = Collector::start();
    let mut client = Client::connect(&collector).await;
    let grpc = client
        .call(EMPTY)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(grpc.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(grpc.to_bytes(), EMPTY);
    let http = client
        .send("/v1/traces", "application/x-protobuf", b"")
        .await
        .unwrap();
    assert_eq!(
        (http.status().as_u16(), http.headers().get("grpc-status")),
        (200, None)
    );
    let protocols: Vec<_> = collector
        .requests()
        .iter()
        .map(|request| request.protocol)
        .collect();
    assert_eq!(protocols, [Protocol::Grpc, Protocol::Http]);
    assert_eq!(collector.connections(), 1);
}

#[tokio::test]
async fn a_rejected_call_says_why_and_when_to_try_again() {
    let collector = Collector::start();
    let mut client = Client::connect(&collector).await;
    let rejection = Rejection::throttled(Duration::from_secs(2)).with_message("50 %");
    collector.set_behaviour(Behaviour::Reject(rejection));
    let answer = client.call(EMPTY).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["grpc-status"], "8");
    assert_eq!(answer.headers()["grpc-message"], "50 %25");
    // google.rpc.Status { 8, "50 %", [RetryInfo { 2 s }] }, as protobuf in base64.
    let details = answer.headers()["grpc-status-details-bin"]
        .to_str()
        .unwrap();
    let expected = "CAgSBDUwICUaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIAg";
    assert_eq!(details, expected);

    collector.set_behaviour(Behaviour::unavailable());
    assert_eq!(client.status(EMPTY).await, "14");
    collector.set_behaviour(Behaviour::Reject(Rejection::status(400)));
    assert_eq!(client.status(EMPTY).await, "3");
    collector.set_behaviour(Behaviour::Reject(Rejection::status(400).with_grpc(9)));
    assert_eq!(client.status(EMPTY).await, "9");
    assert_eq!(collector.connections(), 1);
}

#[tokio::test]
async fn calls_that_are_wrong_are_refused() {
    let collector = Collector::start();
    let mut client = Client::connect(&collector).await;
    for (message, status) in [
        (&b""[..], "3"),
        (b"\0\0\0\0\x09", "3"),
        (b"\x02\0\0\0\0", "3"),
        (b"\x01\0\0\0\0", "12"),
        (b"\0\0\0\0\x01\xff", "3"),
    ] {
        assert_eq!(client.status(message).await, status, "{message:?}");
        assert!(collector.requests().pop().unwrap().problem.is_some());
    }
    let answer = client
        .send("/other.Service/Call", "application/grpc", EMPTY)
        .await;
    assert_eq!(answer.unwrap().headers()["grpc-status"], "12");
}

#[tokio::test]
async fn refusing_ends_the_calls_under_way() {
    let collector = Collector::start();
    let mut client = Client::connect(&collector).await;
    collector.set_behaviour(Behaviour::Delay(Duration::from_secs(3600)));
    let refuse = async {
        collector
            .wait_for_async(|collector| collector.requests().pop())
            .await;
        collector.set_behaviour(Behaviour::Refuse);
    };
    let (answer, ()) = tokio::join!(client.call(EMPTY), refuse);
    answer.unwrap_err();
    client.end().await.ok();
    TcpStream::connect(collector.address()).await.unwrap_err();
}

#[tokio::test]
async fn a_black_hole_keeps_calls_waiting_until_it_ends() {
    let collector = Collector::start();
    let mut old = Client::connect(&collector).await;
    old.call(EMPTY).await.unwrap();
    collector.set_behaviour(Behaviour::BlackHole);
    let mut new = Client::connect(&collector).await;
    let end = async {
        let three = |collector: &Collector| (collector.requests().len() == 3).then_some(());
        collector.wait_for_async(three).await;
        collector.set_behaviour(Behaviour::Accept);
    };
    let (old_answer, new_answer, ()) = tokio::join!(old.call(EMPTY), new.call(EMPTY), end);
    old_answer.unwrap_err();
    new_answer.unwrap_err();
    assert_eq!(collector.open_connections(), 0);
    Client::connect(&collector).await.call(EMPTY).await.unwrap();
}

#[tokio::test]
async fn garbage_breaks_the_connection() {
    let collector = Collector::start();
    let mut client = Client::connect(&collector).await;
    client.call(EMPTY).await.unwrap();
    collector.set_behaviour(Behaviour::Garbage);
    client.call(EMPTY).await.unwrap_err();
    client.end().await.unwrap_err();
    assert_eq!(collector.requests().len(), 2);
}

#[tokio::test]
async fn a_garbage_body_is_a_message_that_is_no_protobuf() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::GarbageBody);
    let mut client = Client::connect(&collector).await;
    let body = client
        .call(EMPTY)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(
        body.to_bytes()[..],
        [&[0, 0, 0, 0, 16][..], &[0xff; 16]].concat()
    );
}

#[tokio::test]
async fn a_truncated_message_begins_and_does_not_end() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::Truncate);
    let mut client = Client::connect(&collector).await;
    let mut answer = client.call(EMPTY).await.unwrap();
    let begin = soon(answer.frame())
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap();
    assert_eq!(begin[..], [0, 0, 0, 0, 64, 0x0a, 0x3e]);
    soon(answer.frame()).await.unwrap().unwrap_err();
}
