//! Connections whose packets are lost on the way: nobody hears of it, and no socket closes.

use std::time::{Duration, Instant};

use axum::http::Request;
use serde_json::{Value, json};
use test_servers::{RabbitMqServer, RedisServer};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::announcements::create_game;
use crate::cache::TABLE;
use crate::cache_contents::CacheContents as _;
use crate::database::{self, Temporary};
use crate::door::{Way, address_of};
use crate::program::{Program, get, http_client, request_by, send};
use crate::stub::{Reply, Stub};
use crate::watched::Watched;
use crate::workers::{Server, details, start};

/// How long packets are lost.
fn outage() -> Duration {
    let seconds = std::env::var("TEST_OUTAGE_SECONDS").ok();
    Duration::from_secs(seconds.map_or(3, |seconds| seconds.parse().unwrap()))
}

/// How long all may take to work again after it.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// Waits until something holds.
async fn recovered(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < RECOVERY_TIMEOUT, "{what} is still away");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_costs_no_request_more_than_its_bound_and_is_used_again() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let way = Way::open(address_of(&redis.url())).await;
    let url = format!("redis://127.0.0.1:{}/", way.port);
    let directory = tempfile::tempdir().unwrap();
    let mut program = start(&directory, &["serve"], &[("REDIS_URL", &url)]);
    let url = program.url().await;
    let program = Watched::new(program);
    let client = http_client();
    let table = format!("{url}{TABLE}");
    request_by(&client, table.clone()).await;
    assert!(!redis.keys().await.is_empty());

    way.lose(true);
    let begun = Instant::now();
    while begun.elapsed() < outage() {
        let begun = Instant::now();
        assert_eq!(request_by(&client, table.clone()).await.status(), 200);
        // Its bound is a quarter of a second; the rest is for a busy machine.
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
    }
    way.lose(false);
    program.told("cache_unavailable").await;
    redis.empty().await;
    recovered("the cache", async || {
        request_by(&client, table.clone()).await;
        !redis.keys().await.is_empty()
    })
    .await;
    program.told("cache_recovered").await;
    program.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_used_again_by_requests_and_workers() {
    let Some(server) = database::server() else {
        return;
    };
    let database = format!("dtx_test_{}_lost", std::process::id());
    let _temporary = Temporary::create(format!("{server}/{database}"));
    let way = Way::open(address_of(&server)).await;
    let (_, rest) = server.split_once("://").unwrap();
    let (user, _) = rest.rsplit_once('@').unwrap();
    let url = format!("postgres://{user}@127.0.0.1:{}/{database}", way.port);
    let steam = Stub::answering(details()).await;
    let directory = tempfile::tempdir().unwrap();
    let variables = [("DATABASE_URL", &*url), ("STEAM_API_URL", &steam.url)];
    let program = start(&directory, &["serve"], &variables);
    let server = Server::of(program).await;
    let worker = Watched::new(start(&directory, &["worker"], &variables));
    worker.told("worker_started").await;

    // More than the pool has connections, all of which are lost while they are in use.
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let url = format!("{}/api/tournaments/", server.url);
        asking.spawn(async move {
            let client = http_client();
            while request_by(&client, url.clone()).await.status() == 200 {}
        });
    }
    sleep(Duration::from_millis(500)).await;
    way.lose(true);
    let begun = Instant::now();
    asking.join_all().await;
    // A query has 10 s, and a connection 2 s.
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
    sleep(outage().saturating_sub(begun.elapsed())).await;
    way.lose(false);
    recovered("the database", async || {
        get(format!("{}/readyz", server.url)).await.0 == 200
    })
    .await;
    let change = Request::patch(format!("{}/api/matches/1/", server.url));
    let change = send(change, &server.captain, &json!({"steam_match_id": 77})).await;
    assert_eq!(change.status(), 200);
    recovered("the worker", async || !steam.requests().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_wait_for_the_broker_are_announced_once_it_is_back() {
    let Some(broker) = RabbitMqServer::start() else {
        return;
    };
    let way = Way::open(address_of(&broker.url())).await;
    let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", way.port);
    let chat = Stub::answering(Value::Null).await;
    let directory = tempfile::tempdir().unwrap();
    let variables = [("AMQP_URL", &*url), ("DISCORD_WEBHOOK_URL", &chat.url)];
    let mut program: Program = start(&directory, &[], &variables);
    let site = program.url().await;
    let program = Watched::new(program);
    create_game(&site).await;
    program.told("event_announced").await;

    way.lose(true);
    let announced = program.tells("event_announced");
    create_game(&site).await;
    sleep(outage()).await;
    way.lose(false);
    announced.await;
    program.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_to_another_service_has_its_bound_and_the_next_a_new_connection() {
    let steam = Stub::start(|_| Reply::Json(details())).await;
    let way = Way::open(address_of(&steam.url)).await;
    let url = format!("http://127.0.0.1:{}", way.port);
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory, &[("STEAM_API_URL", &url)]).await;
    server.set_steam_match(77).await;
    let refresh = async || {
        let refresh = Request::post(format!("{}/api/matches/1/refresh/", server.url));
        send(refresh, &server.captain, &json!({})).await.status()
    };
    assert_eq!(refresh().await, 200);
    way.lose(true);
    let begun = Instant::now();
    assert_eq!(refresh().await, 502);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    sleep(outage().saturating_sub(begun.elapsed())).await;
    way.lose(false);
    assert_eq!(refresh().await, 200);
}
