//! Waiting for what arrives, and for what does not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use otlp_test_collector::{Behaviour, Collector};

use crate::block_on::block_on;
use crate::raw::{answer, connect, send};

#[test]
fn what_does_not_come_fails_with_what_did() {
    let collector = Collector::start().with_patience(Duration::from_millis(20));
    let mut client = connect(&collector);
    send(&mut client);
    answer(&mut client);
    let waiting = AssertUnwindSafe(|| collector.wait_for_span("absent"));
    let panic = catch_unwind(waiting).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with("no span \"absent\" within 20ms among these:"),
        "{message}"
    );
    assert!(
        message.contains("1 connections, 1 of them open"),
        "{message}"
    );
    assert!(
        message.contains("request /v1/traces (accepted)"),
        "{message}"
    );
}

#[test]
fn waiting_sees_what_comes_later() {
    let collector = Collector::start();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| collector.wait_for_requests(1));
        let mut client = connect(&collector);
        send(&mut client);
        assert_eq!(waiting.join().unwrap().len(), 1);
    });
}

#[tokio::test]
async fn a_task_waits_without_blocking_its_only_thread() {
    let collector = Collector::start();
    let arrival = collector.wait_for_async(|collector| collector.requests().pop());
    let mut client = connect(&collector);
    let sending = async { send(&mut client) };
    let (request, ()) = tokio::join!(arrival, sending);
    assert!(request.accepted);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_end_the_patience_of_a_task() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    collector.set_behaviour(Behaviour::BlackHole);
    let arrival = collector.wait_for_async(|collector| collector.requests().pop());
    tokio::time::sleep(Duration::from_secs(60)).await;
    send(&mut client);
    assert!(!arrival.await.accepted);
}

#[test]
fn a_task_waits_without_a_runtime() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    thread::scope(|scope| {
        let request = block_on(async {
            scope.spawn(|| send(&mut client));
            let found = |collector: &Collector| collector.requests().pop();
            collector.wait_for_async(found).await
        });
        assert!(request.accepted);
    });
}

#[tokio::test]
#[should_panic(expected = "no what was waited for within 20ms")]
async fn the_patience_of_a_task_ends() {
    let collector = Collector::start().with_patience(Duration::from_millis(20));
    collector.wait_for_async(|_| None::<()>).await;
}

#[test]
fn forgetting_keeps_connections() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    send(&mut client);
    answer(&mut client);
    collector.clear();
    assert!(collector.requests().is_empty());
    assert_eq!(
        (collector.connections(), collector.open_connections()),
        (1, 1)
    );
}
