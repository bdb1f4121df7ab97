//! Errors whose text or causes cannot be had: the request has its line, and ends as it would.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{self, Display};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, RecordedError};
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::support::{get, send, with_telemetry};

#[derive(Clone, Copy, Debug)]
enum Broken {
    Fails,
    Panics,
    PanicsInSource,
    Circle,
}

impl Broken {
    const ALL: [Self; 4] = [
        Self::Fails,
        Self::Panics,
        Self::PanicsInSource,
        Self::Circle,
    ];

    /// What is said of it.
    fn error(self) -> &'static str {
        match self {
            Self::Fails => "[failed while formatting]",
            Self::Panics => "[panicked while formatting]",
            Self::PanicsInSource | Self::Circle => "broken",
        }
    }
}

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails => Err(fmt::Error),
            Self::Panics => panic!("on purpose"),
            Self::PanicsInSource | Self::Circle => f.write_str("broken"),
        }
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Fails | Self::Panics => None,
            Self::PanicsInSource => panic!("on purpose"),
            Self::Circle => Some(self),
        }
    }
}

#[tokio::test]
async fn a_recorded_error_that_is_broken_is_on_the_line() {
    for broken in Broken::ALL {
        let logs = capture_logs();
        let fails = async move || {
            let mut response = Response::new(Body::from("sorry"));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
                .extensions_mut()
                .insert(RecordedError::new(&broken));
            response
        };
        let app = with_telemetry(Router::new().route("/", on_get(fails)));
        assert_eq!(send(&app, get("/")).await.body(), "sorry");
        let line = logs.single("request_failed");
        assert_eq!(line["error"], broken.error());
        let exception = line.get("exception").map(ToString::to_string);
        match broken {
            Broken::Fails | Broken::Panics => assert_eq!(exception, None),
            Broken::PanicsInSource => {
                let expected = "broken\ncaused by: [panicked in source]";
                assert_eq!(exception.unwrap(), expected);
            }
            Broken::Circle => assert!(exception.unwrap().ends_with("\ncaused by: … more causes")),
        }
    }
}

#[tokio::test]
async fn an_error_of_the_service_that_is_broken_goes_on_as_it_is() {
    for broken in Broken::ALL {
        let logs = capture_logs();
        let service =
            service_fn(
                move |_: Request<()>| async move { Err::<Response<Full<Bytes>>, _>(broken) },
            );
        let mut service = HttpTelemetryLayer::new().layer(service);
        let error = service.call(Request::new(())).await.unwrap_err();
        assert!(matches!(
            (error, broken),
            (Broken::Fails, Broken::Fails)
                | (Broken::Panics, Broken::Panics)
                | (Broken::PanicsInSource, Broken::PanicsInSource)
                | (Broken::Circle, Broken::Circle)
        ));
        assert_eq!(logs.single("request_failed")["error"], broken.error());
    }
}

#[tokio::test]
async fn an_error_of_the_body_that_is_broken_ends_the_request() {
    for broken in [Broken::Fails, Broken::Panics] {
        let logs = capture_logs();
        let service = service_fn(move |_: Request<Body>| async move {
            let parts = [Ok(Bytes::from("a")), Err(broken)];
            let body = http_body_util::StreamBody::new(stream::iter(
                parts.map(|part| part.map(http_body::Frame::data)),
            ));
            Ok::<_, Infallible>(Response::new(body))
        });
        let service = HttpTelemetryLayer::new().layer(service);
        let response = service.oneshot(get("/")).await.unwrap();
        assert!(response.into_body().collect().await.is_err());
        assert_eq!(logs.single("request_failed")["error"], broken.error());
    }
}
