//! Tasks and threads, and what they carry.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use telemetry_core::testing::capture_logs;
use telemetry_core::{
    FutureExt as _, Scope, UnitOfWork, bind, context, panic, spawn, spawn_blocking, spawn_thread,
};

fn id() -> Option<i64> {
    Scope::current()?.get("id")?.as_i64()
}

#[tokio::test]
async fn a_spawned_task_has_a_snapshot() {
    let scope = Scope::builder().field("id", 1).build();
    async {
        let (bound, is_bound) = tokio::sync::oneshot::channel();
        let task = spawn(async move {
            is_bound.await.unwrap();
            bind("child", true);
            context()
        });
        bind("parent", true);
        bound.send(()).unwrap();
        let keys: Vec<_> = task
            .await
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, ["id", "child"]);
    }
    .in_scope(scope.clone())
    .await;
    let keys: Vec<_> = scope.fields().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["id", "parent"]);
}

#[tokio::test]
async fn blocking_work_threads_and_task_sets_have_one_too() {
    let scope = Scope::builder().field("id", 7).build();
    async {
        assert_eq!(spawn_blocking(id).await.unwrap(), Some(7));
        assert_eq!(spawn_thread(id).join().unwrap(), Some(7));
        let mut set = tokio::task::JoinSet::new();
        set.spawn(async { id() }.carry_context());
        assert_eq!(set.join_next().await.unwrap().unwrap(), Some(7));
    }
    .in_scope(scope)
    .await;
}

#[tokio::test]
async fn without_a_scope_a_spawned_task_has_an_empty_one() {
    let keys = spawn(async {
        bind("a", 1);
        context().len()
    });
    assert_eq!(keys.await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_interleaved_tasks_keep_their_contexts_apart() {
    let wrong = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..1000)
        .map(|number| {
            let wrong = Arc::clone(&wrong);
            let scope = Scope::builder().field("id", number).build();
            let check = move || {
                if id() != Some(number) {
                    wrong.fetch_add(1, Ordering::Relaxed);
                }
            };
            spawn(
                async move {
                    for step in 0..5 {
                        check();
                        tokio::task::yield_now().await;
                        check();
                        bind("step", step);
                        let child_check = check.clone();
                        let child = spawn(async move {
                            child_check();
                            tokio::task::yield_now().await;
                            bind("child", number);
                            child_check();
                        });
                        let joined = async {
                            tokio::task::yield_now().await;
                            check();
                        };
                        let (_, child) = tokio::join!(joined, child);
                        child.unwrap();
                    }
                    let keys: Vec<_> = context().into_iter().map(|(key, _)| key).collect();
                    assert_eq!(keys, ["id", "step"]);
                }
                .in_scope(scope),
            )
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(wrong.load(Ordering::Relaxed), 0);
    assert!(Scope::current().is_none());
    // Nothing is left on the workers either.
    let left: Vec<_> = (0..16)
        .map(|_| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the bare one shows what a worker has"
            )]
            tokio::spawn(async { Scope::current().is_some() })
        })
        .collect();
    for left in left {
        assert!(!left.await.unwrap());
    }
}

#[test]
fn a_future_that_is_dropped_is_dropped_within_its_scope() {
    struct LogsOnDrop;
    impl Drop for LogsOnDrop {
        fn drop(&mut self) {
            tracing::info!("dropped");
        }
    }
    let logs = capture_logs();
    let scope = Scope::builder().field("id", 3).build();
    let mut future = Box::pin(
        async {
            let _logs = LogsOnDrop;
            pending::<()>().await;
        }
        .in_scope(scope),
    );
    assert_eq!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop())),
        Poll::Pending
    );
    drop(future);
    assert_eq!(logs.single("dropped")["id"], 3);
    assert!(Scope::current().is_none());
}

#[test]
fn a_future_that_completes_is_dropped_within_its_scope() {
    struct Recording(Arc<AtomicU64>);
    impl Drop for Recording {
        fn drop(&mut self) {
            self.0
                .store(id().unwrap_or_default() as u64, Ordering::Relaxed);
        }
    }
    impl Future for Recording {
        type Output = ();
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let dropped_in = Arc::new(AtomicU64::new(0));
    let scope = Scope::builder().field("id", 9).build();
    let mut future = std::pin::pin!(Recording(Arc::clone(&dropped_in)).in_scope(scope));
    assert_eq!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop())),
        Poll::Ready(())
    );
    assert_eq!(dropped_in.load(Ordering::Relaxed), 9);
}

#[tokio::test]
async fn a_task_that_panics_or_is_aborted_leaves_nothing_behind() {
    let scope = Scope::builder().field("id", 1).build();
    let panicked = spawn(async { panic!("on purpose") }.in_scope(scope.clone()));
    assert!(panicked.await.unwrap_err().is_panic());
    let aborted = spawn(pending::<()>().in_scope(scope.clone()));
    tokio::task::yield_now().await;
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_panic_of_spawned_work_is_reported_with_its_context() {
    let logs = capture_logs();
    let scope = Scope::builder().field("id", 7).build();
    async {
        let task = spawn(async {
            tokio::task::yield_now().await;
            bind("of", "task");
            panic!("on purpose");
        });
        assert!(task.await.unwrap_err().is_panic());
        let blocking = spawn_blocking(|| {
            bind("of", "blocking");
            panic!("on purpose");
        });
        assert!(blocking.await.unwrap_err().is_panic());
        let thread = spawn_thread(|| {
            bind("of", "thread");
            panic!("on purpose");
        });
        let payload = thread.join().unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    }
    .in_scope(scope)
    .await;
    let reported = logs.named("work_panicked");
    let of: Vec<_> = reported.iter().map(|line| line["of"].as_str()).collect();
    assert_eq!(of, [Some("task"), Some("blocking"), Some("thread")]);
    for line in reported {
        assert_eq!(line.level, tracing::Level::ERROR);
        assert_eq!(line.logger, "telemetry_core");
        assert_eq!(line["error"], "panic: on purpose");
        assert_eq!(line["id"], 7);
        let exception = line["exception"].as_str().unwrap();
        assert!(
            exception.starts_with("panicked at crates/telemetry-core/tests/it/spawning.rs:"),
            "{exception}"
        );
        assert!(!exception.contains("telemetry_core::panic"), "{exception}");
    }
}

#[tokio::test]
async fn a_panic_is_reported_once_by_what_is_nearest() {
    let logs = capture_logs();
    let unit = UnitOfWork::new("check").with_field("check", 1).run(async {
        bind("of", "unit");
        panic!("on purpose");
    });
    assert!(spawn(unit).await.unwrap_err().is_panic());
    let line = logs.single("work_panicked");
    assert_eq!(line["of"], "unit");
    assert_eq!(line["check"], 1);
    assert!(line.get("request.id").is_some(), "{line:?}");
}

#[tokio::test]
async fn a_panic_after_one_that_was_reported_is_reported_too() {
    let logs = capture_logs();
    let work = || {
        let mut first = panic::catch(|| panic!("reported by its layer")).unwrap_err();
        first.mark_reported();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            first.resume();
        }));
        assert!(caught.is_err());
        panic!("another");
    };
    assert!(spawn_blocking(work).await.unwrap_err().is_panic());
    assert_eq!(logs.single("work_panicked")["error"], "panic: another");
}
