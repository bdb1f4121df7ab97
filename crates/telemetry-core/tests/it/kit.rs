//! The test kit itself.

use std::sync::{Arc, Barrier};

use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope, Value, spawn, spawn_blocking, spawn_thread};
use tracing::Level;

#[test]
fn an_event_is_captured_with_its_context_and_types() {
    let logs = capture_logs();
    Scope::builder()
        .field("user.id", 42)
        .field("labels", ["a"])
        .build()
        .in_scope(|| {
            let _span = tracing::info_span!("s", span = 1.5).entered();
            tracing::warn!(target: "my_target", ok = true, "it_happened");
        });
    let event = logs.single("it_happened");
    assert_eq!(event.level, Level::WARN);
    assert_eq!(event.logger, "my_target");
    assert_eq!(event["ok"], true);
    assert_eq!(event["span"], Value::F64(1.5));
    assert_eq!(event["user.id"], 42);
    assert_eq!(event["labels"], ["a"]);
    assert_eq!(event.get("absent"), None);
    assert_eq!(
        event.keys().collect::<Vec<_>>(),
        ["ok", "span", "user.id", "labels"]
    );
    assert!(event.line.starts_with(r#"{"timestamp":""#) && event.line.ends_with('}'));
}

#[test]
fn every_level_is_captured() {
    let logs = capture_logs();
    tracing::trace!("x");
    tracing::error!("x");
    assert_eq!(logs.named("x").len(), 2);
}

#[test]
fn parallel_tests_see_their_own_events_alone() {
    // Four "tests" at once, in step, so that they do overlap.
    let barrier = Arc::new(Barrier::new(4));
    let tests: Vec<_> = (0..4)
        .map(|test| {
            let barrier = Arc::clone(&barrier);
            std::thread::spawn(move || {
                let logs = capture_logs();
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .build()
                    .unwrap();
                for _ in 0..50 {
                    barrier.wait();
                    tracing::info!(test, "on_the_thread");
                    Scope::builder().field("test", test).build().in_scope(|| {
                        spawn_thread(|| tracing::info!("on_another_thread"))
                            .join()
                            .unwrap();
                    });
                    runtime.block_on(async {
                        spawn(async move { tracing::info!(test, "in_a_task") })
                            .await
                            .unwrap();
                        spawn_blocking(move || tracing::info!(test, "blocking"))
                            .await
                            .unwrap();
                        #[expect(clippy::disallowed_methods, reason = "as a library would")]
                        let bare =
                            tokio::spawn(async move { tracing::info!(test, "in_a_bare_task") });
                        bare.await.unwrap();
                    });
                }
                assert_eq!(logs.events().len(), 250);
                for event in logs.events() {
                    assert_eq!(event["test"], test);
                }
            })
        })
        .collect();
    for test in tests {
        test.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_can_be_waited_for() {
    let logs = capture_logs();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    spawn(async move {
        gone.await.unwrap();
        tracing::info!(a = 1, "arrived");
    });
    go.send(()).unwrap();
    assert_eq!(logs.wait_for("arrived").await["a"], 1);
}

#[test]
fn an_inner_capture_takes_over_until_it_ends() {
    let outer = capture_logs();
    tracing::info!("one");
    {
        let inner = capture_logs();
        tracing::info!("two");
        assert_eq!(inner.events().len(), 1);
    }
    tracing::info!("three");
    let names: Vec<_> = outer
        .events()
        .into_iter()
        .map(|event| event.event)
        .collect();
    assert_eq!(names, ["one", "three"]);
}

#[test]
#[should_panic(expected = "2 events \"twice\" among these:")]
fn a_single_event_must_be_single() {
    let logs = capture_logs();
    tracing::info!("twice");
    tracing::info!("twice");
    let _ = logs.single("twice");
}

#[test]
#[should_panic(expected = "no field \"absent\" in {\"timestamp\"")]
fn an_absent_field_fails_with_the_line() {
    let logs = capture_logs();
    tracing::info!("x");
    let _ = &logs.single("x")["absent"];
}

#[tokio::test]
async fn records_of_a_library_that_knows_nothing_of_us_carry_the_scope() {
    let logs = capture_logs();
    async {
        tokio::task::yield_now().await;
        tracing::info!(target: "a_library", "library_event");
    }
    .in_scope(Scope::builder().field("request.id", "abc").build())
    .await;
    assert_eq!(logs.single("library_event")["request.id"], "abc");
}

#[test]
fn records_of_the_log_crate_are_captured_with_their_key_values() {
    let logs = capture_logs();
    let scope = Scope::builder().field("request.id", "abc").build();
    scope.in_scope(|| log::info!(ok = true, password = "x"; "from log"));
    let event = logs.single("from log");
    assert_eq!(event["ok"], true);
    assert_eq!(event["password"], "[redacted]");
    assert_eq!(event["request.id"], "abc");
    assert_eq!(event.logger, module_path!());
    log::debug!("quiet enough");
    logs.single("quiet enough");
}
