//! All that has a span or a metric.

use std::net::SocketAddr;
use std::time::Duration;

use apalis::prelude::{BoxDynError, WorkerBuilder, WorkerContext};
use apalis_core::backend::memory::MemoryStorage;
use apalis_sqlite::SqliteStorage;
use async_trait::async_trait;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, Request};
use axum::routing::any;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{Sqlite, SqlitePool, SqlitePoolOptions};
use telemetry_core::{UnitOfWork, record_error};
use telemetry_http::{HttpClientTelemetry, HttpTelemetryLayer, UrlTemplate};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use telemetry_sql::TracedPool;
use telemetry_ws::{ConnectionTracker, TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::{app, send, servers};

/// What was done.
pub(crate) struct Done {
    /// Has metrics as long as it is there.
    _pool: TracedPool<Sqlite>,
    pub(crate) has_redis: bool,
    pub(crate) has_rabbitmq: bool,
}

/// Does everything that has a span or a metric, but for what needs a server that does not answer.
pub(crate) async fn do_everything() -> Done {
    send(Request::get("/api/tournaments/5/")).await;
    send(strange()).await;
    send(Request::post("/dtx.Drafts/Pick")).await;
    send_out("BREW").await;
    do_job().await;
    talk().await;
    check().await;
    Done {
        _pool: ask().await,
        has_redis: servers::command().await.is_some(),
        has_rabbitmq: servers::exchange_messages().await.is_some(),
    }
}

/// A request that has each attribute there is, but those of methods that are known, and the
/// route.
fn strange() -> http::request::Builder {
    let client: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    Request::builder()
        .method("BREW")
        .uri("/fail?q=1")
        .header("host", "example.org:8000")
        .header("user-agent", "kettle")
        .extension(ConnectInfo(client))
}

/// Sends again what it is given.
struct Twice;

#[async_trait]
impl Middleware for Twice {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let again = request.try_clone().unwrap();
        next.clone().run(request, extensions).await?;
        next.run(again, extensions).await
    }
}

/// Sends a request, twice, to a server that fails.
async fn send_out(method: &str) {
    // The other test may have been faster.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/fail", listener.local_addr().unwrap());
    telemetry_core::spawn(async { axum::serve(listener, app()).await });
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(Twice)
        .with(HttpClientTelemetry::new())
        .build();
    let request = client.request(method.parse().unwrap(), url);
    let request = request.with_extension(UrlTemplate::new("/fail"));
    request.send().await.unwrap();
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Rate;

/// Does a job, which fails, and cannot push another.
async fn do_job() {
    let mut jobs = MemoryStorage::new();
    jobs.push_with_context(Rate).await.unwrap();
    let worker = WorkerBuilder::new("rates")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(async |_: Rate, worker: WorkerContext| {
            worker.stop()?;
            Err::<(), BoxDynError>("no teams".into())
        });
    worker.run().await.unwrap();
    let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
    pool.close().await;
    let mut jobs = SqliteStorage::new(&pool);
    jobs.push_with_context(Rate).await.unwrap_err();
}

/// Sends a message that its handler panics at, and waits for the end of the connection.
async fn talk() {
    let tracker = ConnectionTracker::new();
    let telemetry = WebSocketTelemetry::new()
        .with_tracker(tracker.clone())
        .with_message_spans(true);
    let upgrade = async |ws: TelemetryUpgrade| {
        ws.on_upgrade(async |mut socket| {
            let message = socket.recv().await.unwrap().unwrap();
            socket.send(message.clone()).await.unwrap();
            let work = async { panic!("on purpose") };
            socket.handling().handle(&message, work).await;
        })
    };
    let router = Router::new()
        .route("/ws/draft/{id}/", any(upgrade))
        .layer(axum::Extension(telemetry))
        .layer(HttpTelemetryLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws/draft/12/", listener.local_addr().unwrap());
    telemetry_core::spawn(async { axum::serve(listener, router).await });
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    client.send(Message::text("pick")).await.unwrap();
    while let Some(Ok(_)) = client.next().await {}
    assert_eq!(tracker.shutdown(Duration::from_secs(60)).await, 0);
}

/// Sends statements to a database, of which one fails, and waits for a connection in vain.
async fn ask() -> TracedPool<Sqlite> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(2));
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let pool = TracedPool::builder(pool)
        .with_namespace("dtx")
        .with_server("db", 5432)
        .build();
    let create = sqlx::query("CREATE TABLE teams (name TEXT UNIQUE)");
    create.execute(&pool).await.unwrap();
    for is_new in [true, false] {
        let insert = sqlx::query("INSERT INTO teams (name) VALUES ('Axes')");
        assert_eq!(insert.execute(&pool).await.is_ok(), is_new);
    }
    let select = sqlx::query("SELECT name FROM teams");
    select.fetch_all(&pool).await.unwrap();
    let held = pool.acquire().await.unwrap();
    pool.acquire().await.unwrap_err();
    drop(held);
    pool
}

/// Is a unit of work that fails.
async fn check() {
    let error = std::io::Error::other("no teams");
    let checking = async { record_error("check_failed", &error) };
    UnitOfWork::new("check").run(checking).await;
}
