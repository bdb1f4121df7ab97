//! An allocator that logs whatever it is asked for. A program of its own: it is the allocator of
//! all of it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::alloc::System;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use telemetry_core::{LineLayer, LogFormat, Scope, bind, bind_temporarily, context, unbind};
use tracing_subscriber::layer::SubscriberExt as _;
use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

static LINES: AtomicUsize = AtomicUsize::new(0);

/// Logs each allocation. The crate guards it against what it allocates itself.
struct Logging;

impl AllocationTracker for Logging {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        tracing::info!(size, "allocated");
        bind("allocated", size);
    }

    fn deallocated(
        &self,
        _: usize,
        size: usize,
        _: usize,
        _: AllocationGroupId,
        _: AllocationGroupId,
    ) {
        tracing::info!(size, "deallocated");
    }
}

/// Does all that makes memory grow beneath a lock.
fn grow() {
    let long = "x".repeat(1000);
    Scope::new().in_scope(|| {
        for number in 0..100 {
            bind(&format!("key{number}"), &*long);
        }
        let kept = bind_temporarily("kept", &*long);
        // Beside what the allocator binds itself.
        let count = |fields: Vec<(String, _)>| {
            let fields = fields.iter();
            fields.filter(|(key, _)| key.starts_with('k')).count()
        };
        assert_eq!(count(context()), 101);
        assert_eq!(count(Scope::snapshot().fields()), 101);
        drop(kept);
        assert!(unbind("key1"));
        let span = tracing::info_span!("s", a = tracing::field::Empty, b = long);
        let _entered = span.enter();
        span.record("a", &*long);
        span.record("b", &*long.repeat(10));
        tracing::info!(long, "grown");
    });
}

#[test]
fn an_allocator_that_logs_while_a_scope_or_a_span_grows_does_not_wait_for_itself() {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _level| {
        assert!(line.ends_with(b"}\n"));
        LINES.fetch_add(1, Ordering::Relaxed);
    });
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    AllocationRegistry::set_global_tracker(Logging).unwrap();
    let before = LINES.load(Ordering::Relaxed);
    let (done, is_done) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        // Once without: the registry of tracing-subscriber has a stack of spans for each thread,
        // and cannot be called while that grows.
        grow();
        AllocationRegistry::enable_tracking();
        grow();
        AllocationRegistry::disable_tracking();
        done.send(()).unwrap();
    });
    is_done
        .recv_timeout(Duration::from_secs(60))
        .expect("a thread waits for a lock of its own");
    worker.join().unwrap();
    assert!(LINES.load(Ordering::Relaxed) > before + 100);
}
