//! One request while others are in flight: begun last of all, and the first of them ended.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use telemetry_http::HttpTelemetryLayer;

use crate::request::{ask, made, show, with_tower_http};
use crate::{Contender, Work, line};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-1",
        set_up: || in_flight(1, router()),
    },
    Contender {
        name: "telemetry-1",
        set_up: || telemetry(1),
    },
    Contender {
        name: "tower-http-1",
        set_up: || tower_http(1),
    },
    Contender {
        name: "bare-10",
        set_up: || in_flight(10, router()),
    },
    Contender {
        name: "telemetry-10",
        set_up: || telemetry(10),
    },
    Contender {
        name: "bare-100",
        set_up: || in_flight(100, router()),
    },
    Contender {
        name: "telemetry-100",
        set_up: || telemetry(100),
    },
    Contender {
        name: "bare-1000",
        set_up: || in_flight(1000, router()),
    },
    Contender {
        name: "telemetry-1000",
        set_up: || telemetry(1000),
    },
    Contender {
        name: "bare-10000",
        set_up: || in_flight(10_000, router()),
    },
    Contender {
        name: "telemetry-10000",
        set_up: || telemetry(10_000),
    },
    Contender {
        name: "tower-http-10000",
        set_up: || tower_http(10_000),
    },
];

fn router() -> Router {
    let handler = async |id: Path<i64>| {
        wait().await;
        show(id).await.into_response()
    };
    Router::new().route("/api/tournaments/{id}/", get(handler))
}

/// Waits until it is asked again.
async fn wait() {
    let mut asked = false;
    poll_fn(|_| {
        if std::mem::replace(&mut asked, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Keeps `count` requests in flight.
fn in_flight(count: usize, router: Router) -> Work {
    let router = made(router);
    let mut requests = VecDeque::with_capacity(count);
    for _ in 1..count {
        requests.push_back(begun(&router));
    }
    Box::new(move || {
        requests.push_back(begun(&router));
        if let Some(mut first) = requests.pop_front() {
            assert!(poll(&mut first), "a request ends when it is asked again");
        }
    })
}

type InFlight = Pin<Box<dyn Future<Output = ()>>>;

/// Begins a request: its handler waits.
fn begun(router: &Router) -> InFlight {
    let mut router = router.clone();
    let mut request: InFlight = Box::pin(async move { ask(&mut router).await });
    assert!(!poll(&mut request), "a request waits in its handler");
    request
}

fn poll(request: &mut InFlight) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    request.as_mut().poll(&mut context).is_ready()
}

/// Our layer, with its line.
fn telemetry(count: usize) -> Work {
    line::install();
    in_flight(count, router().layer(HttpTelemetryLayer::new()))
}

/// What is usually wired by hand, with its line.
fn tower_http(count: usize) -> Work {
    line::install_tracing_subscriber_json();
    in_flight(count, with_tower_http(router()))
}
