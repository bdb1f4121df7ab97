//! Jobs on a pool of rayon, whose threads take up other jobs while one waits. In a process of its
//! own: lines of jobs that carry nothing belong to no capture.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;
use telemetry_core::{LineLayer, LogFormat, Scope, carry, without_context};
use tracing_subscriber::layer::SubscriberExt as _;

const FOREIGN_JOBS: usize = 1_000;
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// What only the jobs with a user may have on their lines: fields of the scope, of the trace and
/// of a span.
const OWN_FIELDS: [&str; 3] = ["user.id", "trace_id", "order"];

thread_local! {
    /// Whether a job with a user waits on this thread.
    static IS_WAITING: Cell<bool> = const { Cell::new(false) };
}

type Job = Box<dyn FnOnce() + Send>;

#[test]
fn foreign_jobs_have_nothing_of_the_job_that_waits_on_their_thread() {
    let lines = Lines::install();
    lines.check_join(
        |first, second| {
            rayon::join(carry(first), carry(second));
        },
        |foreign| Box::new(carry(foreign)),
    );
    lines.check_join(
        |first, second| {
            let (first, second) = (carry(first), carry(second));
            without_context(|| rayon::join(first, second));
        },
        // A library that carries nothing.
        |foreign| foreign,
    );
    lines.check_parallel_iterators();
    lines.check_what_comes_back();
}

/// The lines of the process.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Value>>>);

impl Lines {
    fn install() -> Self {
        let lines = Self::default();
        let sink = lines.clone();
        let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _level| {
            let line = serde_json::from_slice(line).unwrap();
            sink.0.lock().unwrap().push(line);
        });
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).unwrap();
        lines
    }

    /// Takes the lines of this event.
    fn take(&self, event: &str) -> Vec<Value> {
        let mut lines = self.0.lock().unwrap();
        lines
            .extract_if(.., |line| line["event"] == event)
            .collect()
    }

    /// A job with a user waits in `join` for the half that the other thread has, until that of all
    /// foreign jobs has run: they run on the thread that waits.
    fn check_join(&self, join: fn(Job, Job), foreign: fn(Job) -> Job) {
        let pool = pool(2);
        let (started, has_started) = channel();
        let (foreign_started, may_start_foreign) = channel();
        let (foreign_ended, foreign_has_ended) = channel();
        let (ended, has_ended) = channel();
        let first: Job = Box::new(move || {
            wait(&has_started, 1);
            tracing::info!("half");
        });
        let second: Job = Box::new(move || {
            started.send(()).unwrap();
            foreign_started.send(()).unwrap();
            wait(&foreign_has_ended, FOREIGN_JOBS);
            tracing::info!("half");
        });
        of_user(7).in_scope(|| {
            pool.spawn(carry(move || {
                let _span = tracing::info_span!("job", order = 1).entered();
                IS_WAITING.set(true);
                join(first, second);
                IS_WAITING.set(false);
                tracing::info!("job_ended");
                ended.send(()).unwrap();
            }));
        });
        wait(&may_start_foreign, 1);
        for _ in 0..FOREIGN_JOBS {
            let ended = foreign_ended.clone();
            pool.spawn(foreign(Box::new(move || {
                tracing::info!(is_within = IS_WAITING.get(), "foreign");
                ended.send(()).unwrap();
            })));
        }
        wait(&has_ended, 1);

        let foreign = self.take("foreign");
        assert_eq!(foreign.len(), FOREIGN_JOBS);
        for line in foreign {
            assert_eq!(line["is_within"], true, "it ran on another thread: {line}");
            assert_has_none_of(&line, &OWN_FIELDS);
        }
        let halves = self.take("half");
        assert_eq!(halves.len(), 2);
        assert!(halves.iter().all(|line| line["user.id"] == 7));
        let job = &self.take("job_ended")[0];
        assert_eq!((&job["user.id"], &job["order"]), (&7.into(), &1.into()));
        assert!(job.get("trace_id").is_some());
    }

    /// Jobs of eight users iterate in parallel, among foreign jobs that carry nothing.
    fn check_parallel_iterators(&self) {
        let pool = pool(4);
        let (ended, has_ended) = channel();
        for user in 0..8 {
            let job_ended = ended.clone();
            of_user(user).in_scope(|| {
                pool.spawn(carry(move || {
                    let scope = Scope::snapshot();
                    without_context(|| {
                        (0..100).into_par_iter().for_each(|_| {
                            scope.in_scope(|| tracing::info!(owner = user, "item"));
                        });
                    });
                    job_ended.send(()).unwrap();
                }));
            });
            for _ in 0..FOREIGN_JOBS / 8 {
                let ended = ended.clone();
                pool.spawn(move || {
                    tracing::info!("foreign");
                    ended.send(()).unwrap();
                });
            }
        }
        wait(&has_ended, 8 + FOREIGN_JOBS);
        let items = self.take("item");
        assert_eq!(items.len(), 800);
        assert!(items.iter().all(|line| line["user.id"] == line["owner"]));
        for line in self.take("foreign") {
            assert_has_none_of(&line, &OWN_FIELDS);
        }
    }

    /// What was current before is current again, in the same order, after a panic too.
    fn check_what_comes_back(&self) {
        of_user(7).in_scope(|| {
            let outer = tracing::info_span!("outer", order = 1).entered();
            let inner = tracing::info_span!("inner", order = 2);
            let (once, twice) = (inner.enter(), inner.enter());
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                without_context(|| {
                    tracing::info!("without");
                    panic!("on purpose");
                });
            }));
            assert!(panicked.is_err());
            tracing::info!("inner");
            drop((twice, once));
            tracing::info!("outer");
            drop(outer);
            tracing::info!("none");
        });
        assert_has_none_of(&self.take("without")[0], &OWN_FIELDS);
        for (event, order) in [("inner", Some(2)), ("outer", Some(1)), ("none", None)] {
            let line = &self.take(event)[0];
            assert_eq!(line["user.id"], 7, "{line}");
            assert!(line.get("trace_id").is_some(), "{line}");
            assert_eq!(line.get("order").and_then(Value::as_i64), order, "{line}");
        }
    }
}

fn pool(threads: usize) -> ThreadPool {
    let pool = ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap()
}

/// Waits for so many messages.
fn wait(messages: &Receiver<()>, count: usize) {
    for _ in 0..count {
        messages.recv_timeout(WAIT_TIMEOUT).unwrap();
    }
}

fn of_user(user: u64) -> Scope {
    let trace = Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(1),
        SpanId::from(1),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    ));
    let mut scope = Scope::builder();
    scope.field("user.id", user).trace(&trace).build()
}

fn assert_has_none_of(line: &Value, keys: &[&str]) {
    for key in keys {
        assert!(line.get(key).is_none(), "{line}");
    }
}
