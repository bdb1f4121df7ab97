//! What a streaming response keeps while it is open, when its handler held much: through a router
//! of axum, which has the handler's future in a box, and through a service, which has it in place.

use std::convert::Infallible;
use std::hint::black_box;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::stream;
use http::{Request, Response};
use telemetry_http::HttpTelemetryLayer;
use tokio::runtime;
use tokio::task::yield_now;
use tower::{Layer as _, Service, service_fn};
use tower_http::trace::TraceLayer;

use crate::process::resident_kibibytes;
use crate::series::{self, Series};
use crate::{line, request};

/// How many responses are open at once.
const OPEN: usize = 10_000;
/// How many are made and dropped before: what the process has once is there then.
const WARM_UP: usize = 100;
/// What a handler holds.
const STATE_BYTES: usize = 32 * 1024;

/// A contender: its name, and what opens responses and measures them.
type Contender = (&'static str, fn() -> f64);

const CONTENDERS: [Contender; 6] = [
    ("bare-axum", || of_router(router())),
    ("telemetry", || {
        line::install();
        of_router(router().layer(HttpTelemetryLayer::new()))
    }),
    ("tower-http-trace", || {
        line::install_tracing_subscriber_json();
        of_router(router().layer(TraceLayer::new_for_http()))
    }),
    ("bare-service", || of_service(service_fn(stream))),
    ("telemetry-service", || {
        line::install();
        of_service(HttpTelemetryLayer::new().layer(service_fn(stream)))
    }),
    ("tower-http-trace-service", || {
        line::install_tracing_subscriber_json();
        of_service(TraceLayer::new_for_http().layer(service_fn(stream)))
    }),
];

/// Measures all contenders.
pub(crate) fn run(turns: u32) {
    let mut series = Series::default();
    for turn in 1..=turns {
        for (contender, _) in CONTENDERS {
            eprintln!("memory: streams of {contender}, turn {turn} of {turns}");
            for (measure, value) in series::of_process(&["one-of", "streams", contender]) {
                series.add(contender, &measure, value);
            }
        }
    }
    series.print("10,000 streaming responses, 32 KiB of state in each handler");
}

/// Is one contender, and prints what was measured.
///
/// # Panics
///
/// When there is no such contender.
pub(crate) fn measure(name: &str) {
    let contender = CONTENDERS.iter().find(|(known, _)| *known == name);
    let (_, open) = contender.unwrap_or_else(|| panic!("no contender {name:?}"));
    println!("each\t{}", open());
}

/// Answers with a body that goes on for ever.
async fn stream(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    let state = black_box([1_u8; STATE_BYTES]);
    yield_now().await;
    black_box(&state);
    let parts = stream::pending::<Result<Bytes, Infallible>>();
    Ok(Response::new(Body::from_stream(parts)))
}

fn router() -> Router {
    Router::new().route("/api/tournaments/{id}/", get(stream))
}

fn of_router(router: Router) -> f64 {
    of_service(request::made(router))
}

/// How much memory an open response takes, in KiB.
fn of_service<S, B>(mut service: S) -> f64
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    // A server keeps the body, and forgets the head once that is sent.
    let mut open = |count: usize| -> Vec<B> {
        let answered = (0..count).map(|_| {
            let request = Request::get("/api/tournaments/5/").body(Body::empty());
            let request = request.expect("a request");
            let Ok(response) = runtime.block_on(service.call(request));
            response.into_body()
        });
        answered.collect()
    };
    drop(open(WARM_UP));
    let before = resident_kibibytes("self", "VmRSS:");
    let bodies = open(OPEN);
    let after = resident_kibibytes("self", "VmRSS:");
    drop(bodies);
    (after - before) / OPEN as f64
}
