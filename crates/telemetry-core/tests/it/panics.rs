//! Panics that no unit of work reports, and those that one does: each is one line.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::time::{Duration, Instant};

use telemetry_core::panic::{self, UnclaimedPanics};
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_core::{
    Config, FutureExt as _, LogFormat, Scope, Telemetry, TelemetryBuilder, UnitOfWork, bind, carry,
    spawn, spawn_blocking, spawn_thread,
};
use tokio::runtime::{Builder, Runtime};

use crate::Kept;

/// A payload without a size: all of them have the same address.
#[derive(Debug, PartialEq)]
struct Unit;

const COUNT: usize = 100;

fn runtimes() -> [Runtime; 2] {
    [1, 2].map(|threads| {
        Builder::new_multi_thread()
            .worker_threads(threads)
            .build()
            .unwrap()
    })
}

fn count(logs: &LogCapture) -> usize {
    logs.named("work_panicked").len()
}

fn caught_by_others(work: impl FnOnce()) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_err()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what nothing of ours spawned panics too"
)]
fn spawn_plainly<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

#[test]
fn each_of_many_panics_without_a_payload_is_reported_and_keeps_it() {
    for runtime in runtimes() {
        let logs = capture_logs();
        runtime.block_on(async {
            for _ in 0..COUNT {
                let panicked = spawn(async { panic_any(Unit) }).await.unwrap_err();
                let payload = panicked.into_panic();
                assert_eq!(payload.downcast_ref(), Some(&Unit));
            }
        });
        assert_eq!(count(&logs), COUNT);
    }
}

#[test]
fn each_of_many_panics_whose_handle_is_dropped_is_reported() {
    for runtime in runtimes() {
        let logs = capture_logs();
        runtime.block_on(async {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel::<()>();
            for _ in 0..COUNT {
                let sender = sender.clone();
                drop(spawn(async move {
                    let _ended = sender;
                    let first: Option<u8> = std::hint::black_box(None);
                    first.expect("nothing here")
                }));
            }
            drop(sender);
            assert_eq!(receiver.recv().await, None);
        });
        drop(runtime);
        assert_eq!(count(&logs), COUNT);
    }
}

#[test]
fn each_of_many_blocking_calls_and_threads_that_panic_is_reported() {
    for runtime in runtimes() {
        let logs = capture_logs();
        runtime.block_on(async {
            for _ in 0..COUNT {
                let panicked = spawn_blocking(|| panic_any(Unit)).await.unwrap_err();
                assert_eq!(panicked.into_panic().downcast_ref(), Some(&Unit));
            }
        });
        for _ in 0..COUNT {
            let payload = spawn_thread(|| panic_any(Unit)).join().unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&Unit));
        }
        assert_eq!(count(&logs), 2 * COUNT);
    }
}

#[tokio::test]
async fn a_task_that_nothing_of_ours_spawned_is_reported_with_its_context() {
    let logs = capture_logs();
    let scope = Scope::builder().field("id", 7).build();
    async {
        spawn_plainly(
            async {
                bind("of", "task");
                panic!("in a plain task");
            }
            .carry_context(),
        )
        .await
        .unwrap_err();
        let mut set = tokio::task::JoinSet::new();
        set.spawn(
            async {
                tokio::task::yield_now().await;
                bind("of", "set");
                panic!("in a set");
            }
            .carry_context(),
        );
        set.join_next().await.unwrap().unwrap_err();
    }
    .in_scope(scope)
    .await;
    let lines = logs.named("work_panicked");
    let of: Vec<_> = lines.iter().map(|line| line["of"].as_str()).collect();
    assert_eq!(of, [Some("task"), Some("set")]);
    for line in lines {
        assert_eq!(line["id"], 7);
        let exception = line["exception"].as_str().unwrap();
        let place = "panicked at crates/telemetry-core/tests/it/panics.rs:";
        assert!(exception.starts_with(place), "{exception}");
        assert!(line.get("thread.name").is_some(), "{line:?}");
    }
}

#[tokio::test]
async fn a_panic_within_a_span_of_tracing_has_its_fields() {
    let logs = capture_logs();
    let task = spawn_plainly(async {
        let _entered = tracing::info_span!("draft", draft.id = 12).entered();
        panic!("in a span");
    });
    task.await.unwrap_err();
    assert_eq!(logs.single("work_panicked")["draft.id"], 12);
}

#[tokio::test]
async fn a_panic_that_others_catch_is_reported_at_the_end_of_the_unit_with_its_own_context() {
    let logs = capture_logs();
    UnitOfWork::new("check")
        .run(async {
            async {
                caught_by_others(|| panic!("caught"));
            }
            .in_scope(Scope::builder().field("of", "inner").build())
            .await;
            tokio::task::yield_now().await;
            tracing::info!("goes_on");
        })
        .await;
    let events: Vec<_> = logs.events().into_iter().map(|line| line.event).collect();
    assert_eq!(events, ["goes_on", "work_panicked"]);
    let line = logs.single("work_panicked");
    assert_eq!(line["error"], "panic: caught");
    assert_eq!(line["of"], "inner");
}

#[tokio::test]
async fn a_panic_that_others_catch_and_resume_later_is_one_line() {
    let logs = capture_logs();
    let unit = UnitOfWork::new("check").run(async {
        let payload = caught_by_others(|| panic_any(Unit));
        tokio::task::yield_now().await;
        resume_unwind(payload)
    });
    let payload = spawn(unit).await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&Unit));
    let exception = logs.single("work_panicked")["exception"].to_string();
    assert!(exception.contains("tests/it/panics.rs:"), "{exception}");
}

#[tokio::test]
async fn a_panic_that_is_resumed_in_another_task_is_one_line() {
    let logs = capture_logs();
    let outer = spawn(async {
        let inner = spawn_blocking(|| panic!("of the inner one"));
        resume_unwind(inner.await.unwrap_err().into_panic())
    });
    let payload = outer.await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&"of the inner one"));
    assert_eq!(count(&logs), 1);
}

#[tokio::test]
async fn a_panic_that_no_hook_saw_has_no_place_of_another() {
    let logs = capture_logs();
    UnitOfWork::new("first")
        .run(async { drop(caught_by_others(|| panic!("the first"))) })
        .await;
    let second = UnitOfWork::new("second").run(async { resume_unwind(Box::new("the second")) });
    spawn(second).await.unwrap_err();
    let lines = logs.named("work_panicked");
    let errors: Vec<_> = lines.iter().map(|line| line["error"].to_string()).collect();
    assert_eq!(errors, ["panic: the first", "panic: the second"]);
    assert_eq!(lines[1].get("exception"), None, "{:?}", lines[1]);
}

#[tokio::test]
async fn a_panic_of_a_pools_job_that_goes_on_to_the_unit_is_one_line_with_its_context() {
    let logs = capture_logs();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(|_| "pool".to_owned())
        .build()
        .unwrap();
    let unit = UnitOfWork::new("rate")
        .with_field("check", 1)
        .run(async move {
            bind("of", "job");
            // rayon catches the panic on its thread, and resumes it on this one.
            pool.install(carry(|| panic!("in a pool")));
        });
    let payload = spawn(unit).await.unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&"in a pool"));
    let line = logs.single("work_panicked");
    assert_eq!(line["of"], "job");
    assert_eq!(line["check"], 1);
    assert_eq!(line["thread.name"], "pool");
}

#[test]
fn a_panic_of_a_destructor_while_another_unwinds_has_its_own_place() {
    struct PanicsInside;
    impl Drop for PanicsInside {
        fn drop(&mut self) {
            caught_by_others(|| panic!("of a destructor"));
        }
    }
    let logs = capture_logs();
    let mut unclaimed = UnclaimedPanics::new();
    let mut outer = unclaimed
        .catch(|| {
            let _panics = PanicsInside;
            panic!("of the work");
        })
        .unwrap_err();
    assert_eq!(outer.message, "of the work");
    outer.mark_reported();
    assert_eq!(count(&logs), 0);
    drop((outer, unclaimed));
    assert_eq!(
        logs.single("work_panicked")["error"],
        "panic: of a destructor"
    );
}

#[test]
fn a_panic_that_is_caught_and_dropped_is_reported() {
    let logs = capture_logs();
    let caught = panic::catch(|| panic!("dropped"));
    assert_eq!(count(&logs), 0);
    drop(caught);
    assert_eq!(logs.single("work_panicked")["error"], "panic: dropped");
}

#[tokio::test]
async fn a_panic_of_a_units_destructor_is_its_own() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("of a destructor");
        }
    }
    let logs = capture_logs();
    let panics = Panics;
    let unit = UnitOfWork::new("check")
        .with_field("check", 1)
        .run(async move {
            let _panics = &panics;
            std::future::ready(()).await;
            bind("of", "unit");
        });
    spawn(unit).await.unwrap_err();
    let line = logs.single("work_panicked");
    assert_eq!(line["check"], 1);
    assert_eq!(line["of"], "unit");

    let panics = Panics;
    let dropped = UnitOfWork::new("dropped")
        .with_field("check", 2)
        .run(async move {
            let _panics = &panics;
            std::future::pending::<()>().await;
        });
    let mut dropped = Box::pin(dropped);
    assert!(futures_poll(dropped.as_mut()).is_pending());
    caught_by_others(|| drop(dropped));
    let lines = logs.named("work_panicked");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[1]["check"], 2);
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn the_frames_of_a_panic_are_the_applications_below_twenty_rows() {
    fn deep(levels: usize) -> usize {
        match levels {
            0 => panic!("deep"),
            _ => deep(std::hint::black_box(levels - 1)) + 1,
        }
    }
    let logs = capture_logs();
    spawn(async { deep(60) }).await.unwrap_err();
    let exception = logs.single("work_panicked")["exception"].to_string();
    let rows: Vec<_> = exception.lines().collect();
    assert!(rows.len() < 20, "{exception}");
    assert!(rows[1].contains("::deep at "), "{exception}");
    assert!(rows[rows.len() - 1].ends_with(" more"), "{exception}");
    for hidden in ["tokio::", "telemetry_core::", "/rustc/", "core::"] {
        let shown = rows[1..]
            .iter()
            .any(|row| row.starts_with(hidden) || row.contains("/rustc/"));
        assert!(!shown, "{hidden} in {exception}");
    }
}

/// Panics while it is formatted.
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("unspeakable")
    }
}

/// Panics at each event of this name.
struct PanicsAt(&'static str);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for PanicsAt {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        assert_ne!(event.metadata().target(), self.0, "a layer panics");
    }
}

/// Waits until telemetry that runs has written a line of a panic with this message, and returns all.
fn wait_for_report(telemetry: &Telemetry, kept: &Kept, message: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut text = String::new();
    loop {
        assert!(telemetry.flush(Duration::from_secs(10)));
        text += &kept.take();
        let mut reports = text.lines().filter(|line| line.contains("work_panicked"));
        if reports.any(|line| line.contains(message)) {
            return text;
        }
        assert!(Instant::now() < deadline, "no report in {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn running() -> (TelemetryBuilder, Kept) {
    panic::watch();
    let kept = Kept::default();
    let config = Config::default().with_format(LogFormat::Json);
    let builder = Telemetry::builder().with_config(config);
    (builder.with_output(kept.clone()), kept)
}

#[test]
fn a_panic_while_a_value_of_an_event_is_formatted_is_a_line_beside_that_of_the_event() {
    let (builder, kept) = running();
    let telemetry = builder.build().unwrap();
    telemetry.run(|| tracing::info!(value = %Unspeakable, "picked"));
    let text = wait_for_report(&telemetry, &kept, "panic: unspeakable");
    assert!(text.contains(r#""event":"picked""#), "{text}");

    let logs = capture_logs();
    Scope::builder().field("draft.id", 12).build().in_scope(|| {
        tracing::info!(value = %Unspeakable, "picked");
    });
    assert_eq!(logs.single("work_panicked")["draft.id"], 12);
    logs.single("picked");
}

#[test]
fn a_panic_of_a_layer_of_the_application_is_a_line() {
    let (builder, kept) = running();
    let telemetry = builder.with_layer(PanicsAt("hostile")).build().unwrap();
    telemetry.run(|| {
        let logged = || tracing::info!(target: "hostile", "picked");
        assert!(catch_unwind(AssertUnwindSafe(logged)).is_err());
    });
    wait_for_report(&telemetry, &kept, "a layer panics");
}
