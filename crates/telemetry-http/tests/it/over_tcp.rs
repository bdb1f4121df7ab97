//! A real server and a client that speaks, leaves, or says nothing.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use futures_util::stream;
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Serves the router on a port of its own until the test's runtime ends.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router
        .layer(HttpTelemetryLayer::new().with_client_ip(true))
        .into_make_service_with_connect_info::<SocketAddr>();
    telemetry_core::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn connect(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Sends one request and reads until the server closes.
async fn exchange(address: SocketAddr, method: &str, path: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut stream = connect(address, &request).await;
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn whole_responses_of_each_kind_are_completed() {
    let logs = capture_logs();
    let address = serve(
        Router::new()
            .route("/full", on_get(|| async { "full" }))
            .route("/empty", on_get(|| async {}))
            .route(
                "/stream",
                on_get(|| async {
                    Body::from_stream(stream::iter(["a", "b"].map(Ok::<_, Infallible>)))
                }),
            )
            .route(
                "/sized",
                on_get(|| async {
                    (
                        [("content-length", "2")],
                        Body::from_stream(stream::iter(["a", "b"].map(Ok::<_, Infallible>))),
                    )
                }),
            ),
    )
    .await;
    for (count, (method, path)) in [
        ("GET", "/full"),
        ("HEAD", "/full"),
        ("GET", "/empty"),
        ("GET", "/stream"),
        ("HEAD", "/stream"),
        ("GET", "/sized"),
    ]
    .into_iter()
    .enumerate()
    {
        let response = exchange(address, method, path).await;
        assert!(response.contains("\r\nx-request-id: "), "{response}");
        let completions = logs.named("request_completed");
        assert_eq!(
            completions.len(),
            count + 1,
            "{method} {path}: {}",
            logs.text()
        );
        assert_eq!(completions[count]["http.method"], method);
        assert_eq!(completions[count]["client_ip"], "127.0.0.1");
    }
    assert_eq!(logs.events().len(), 6);
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_response_cancels() {
    let logs = capture_logs();
    let address = serve(Router::new().route(
        "/wait",
        on_get(|| async {
            tracing::info!("waiting");
            std::future::pending::<()>().await;
        }),
    ))
    .await;
    let stream = connect(address, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let waiting = logs.wait_for("waiting").await;
    drop(stream);
    let cancelled = logs.wait_for("request_cancelled").await;
    assert_eq!(cancelled["request.id"], waiting["request.id"]);
    assert!(cancelled.get("http.status_code").is_none());
}

#[tokio::test]
async fn a_client_that_hangs_up_within_the_body_cancels() {
    let logs = capture_logs();
    let address = serve(Router::new().route(
        "/endless",
        on_get(|| async {
            Body::from_stream(stream::unfold((), |()| async {
                tokio::task::yield_now().await;
                Some((Ok::<_, Infallible>("x".repeat(64 * 1024)), ()))
            }))
        }),
    ))
    .await;
    let mut stream = connect(address, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    drop(stream);
    assert_eq!(
        logs.wait_for("request_cancelled").await["http.status_code"],
        200
    );
}

#[tokio::test]
async fn a_panicking_handler_does_not_break_the_connection() {
    let logs = capture_logs();
    let address = serve(
        Router::new()
            .route("/panic", on_get(|| async { panic!("on purpose") as () }))
            .route("/full", on_get(|| async { "full" })),
    )
    .await;
    let requests = "GET /panic HTTP/1.1\r\nhost: x\r\n\r\nGET /full HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut stream = connect(address, requests).await;
    let mut responses = String::new();
    stream.read_to_string(&mut responses).await.unwrap();
    assert!(
        responses.starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
        "{responses}"
    );
    assert!(responses.ends_with("\r\n\r\nfull"), "{responses}");
    logs.single("request_failed");
    logs.single("request_completed");
}

#[tokio::test]
async fn trailers_complete_a_response_and_a_short_one_fails_as_the_client_sees_it() {
    let logs = capture_logs();
    let with_trailers = || async {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("checksum", "abc".parse().unwrap());
        let frames = [
            Ok::<_, Infallible>(http_body::Frame::data(bytes::Bytes::from_static(b"data"))),
            Ok(http_body::Frame::trailers(trailers)),
        ];
        let body = http_body_util::StreamBody::new(stream::iter(frames));
        ([("trailer", "checksum")], Body::new(body))
    };
    let short = || async {
        let half = Body::from_stream(stream::iter(["x".repeat(50)].map(Ok::<_, Infallible>)));
        ([("content-length", "100")], half)
    };
    let app = Router::new().route("/trailers", on_get(with_trailers));
    let address = serve(app.route("/short", on_get(short))).await;

    let request = "GET /trailers HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: close\r\n\r\n";
    let mut response = String::new();
    let mut stream = connect(address, request).await;
    stream.read_to_string(&mut response).await.unwrap();
    assert!(
        response.ends_with("0\r\nchecksum: abc\r\n\r\n"),
        "{response}"
    );
    logs.wait_for("request_completed").await;
    assert_eq!(logs.named("request_cancelled"), []);

    // hyper breaks the connection, at times before the head has left.
    let response = exchange(address, "GET", "/short").await;
    assert!(!response.ends_with(&"x".repeat(51)), "{response}");
    let failed = logs.wait_for("request_failed").await;
    assert_eq!(failed["error"], "the body ended after 50 of 100 bytes");
}
