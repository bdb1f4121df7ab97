//! Brokers that go away and come back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use telemetry_amqp::{Broker, Delivered};
use telemetry_core::spawn_blocking;
use telemetry_core::testing::capture_logs;
use test_servers::RabbitMqServer;
use tokio::sync::Notify;

use crate::place::{Place, until, with, with_place};
use crate::proxy::{Proxy, Way};
use crate::started;

/// How often each message was handled, by id.
type Handled = Arc<Mutex<HashMap<String, u32>>>;

/// Publishes until the broker has confirmed each of `count` messages, some at once, as an
/// application does that may not lose one; how often that failed.
async fn publish_all(broker: &Broker, place: &Place, count: u32) -> u32 {
    let mut failures = 0;
    for first in (0..count).step_by(10) {
        let mut left: Vec<_> = (first..first + 10).collect();
        while !left.is_empty() {
            let publishing = left.iter().map(|id| broker.publish(started(place, *id)));
            let results = futures_util::future::join_all(publishing).await;
            let mut results = results.iter();
            left.retain(|_| results.next().unwrap().is_err());
            if !left.is_empty() {
                failures += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    failures
}

/// Publishes and handles messages while `trouble` goes on, which is told when there are some,
/// and then until all are handled; how often publishing failed.
async fn under_load(
    broker: &Broker,
    place: &Place,
    count: u32,
    trouble: impl AsyncFnOnce(&Handled),
) -> u32 {
    let handled = Handled::default();
    let counts = Arc::clone(&handled);
    let handler = move |message: Delivered| {
        let id = message.id().unwrap().to_owned();
        *counts.lock().unwrap().entry(id).or_default() += 1;
        async { Ok::<_, Infallible>(()) }
    };
    let done = Notify::new();
    let consumer = broker.consume(&place.queue).with_concurrency(4);
    let running = consumer.run(handler, done.notified());
    let all = async {
        let publishing = publish_all(broker, place, count);
        let (failures, ()) = tokio::join!(publishing, trouble(&handled));
        until(async || handled.lock().unwrap().len() == count as usize).await;
        // What was handled twice is acknowledged, too.
        place.wait_for(&place.queue, 0).await;
        done.notify_one();
        failures
    };
    let ((), failures) = tokio::join!(running, all);
    assert_eq!(place.waiting(&place.dead()).await, Some(0));
    failures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_connections_are_cut_under_load() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let broker = place.broker_at(&proxy.address);
        under_load(&broker, place, 1_000, async |handled| {
            for after in [100, 300, 500] {
                until(async || handled.lock().unwrap().len() >= after).await;
                proxy.cut();
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
    with_place(async |place| {
        let logs = capture_logs();
        let proxy = Proxy::start(place.address()).await;
        let broker = place.broker_at(&proxy.address);
        broker.publish(started(place, 1)).await.unwrap();
        assert_eq!(logs.single("broker_connected").get("duration_ms"), None);
        proxy.set(Way::Cut);
        let told = logs.wait_for("broker_disconnected").await;
        assert_eq!(told["broker"], format!("{}/", proxy.address).as_str());
        // Meanwhile it fails, and does not wait.
        until(async || broker.publish(started(place, 2)).await.is_err()).await;
        proxy.set(Way::Open);
        until(async || broker.publish(started(place, 3)).await.is_ok()).await;
        let connected = logs.named("broker_connected");
        assert_eq!(connected.len(), 2);
        assert!(connected[1]["duration_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(logs.named("broker_disconnected").len(), 1);
        // lapin tells nothing beside.
        let lines = logs.events().into_iter();
        let others: Vec<_> = lines
            .filter(|line| line.logger.starts_with("lapin"))
            .collect();
        assert_eq!(others, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_broker_is_killed_and_started_under_load() {
    let Some(server) = RabbitMqServer::start() else {
        return;
    };
    let server = Arc::new(server);
    let logs = capture_logs();
    with(Place::on(server.url()), async |place| {
        let broker = place.broker();
        let failures = under_load(&broker, place, 1_000, async |handled| {
            until(async || handled.lock().unwrap().len() >= 100).await;
            server.crash();
            let server = Arc::clone(&server);
            let started = spawn_blocking(move || server.start_again());
            started.await.unwrap();
        })
        .await;
        assert!(failures > 0, "the broker was not missed");
    })
    .await;
    logs.wait_for("broker_disconnected").await;
    assert_eq!(logs.named("broker_disconnected").len(), 1);
    assert_eq!(logs.named("broker_connected").len(), 2);
}
