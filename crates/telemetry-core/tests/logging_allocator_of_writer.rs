//! An allocator that logs, while the writer's buffer grows. A program of its own: it is the allocator
//! of all of it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::alloc::System;
use std::io;
use std::sync::mpsc;
use std::time::Duration;

use telemetry_core::{Config, LogFormat, Telemetry, statistics};
use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// Logs each allocation. The crate guards it against what it allocates itself.
struct Logging;

impl AllocationTracker for Logging {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        tracing::info!(size, "allocated");
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

#[test]
fn an_allocator_that_logs_while_the_buffer_grows_does_not_wait_for_itself() {
    const LINES: u64 = 20_000;
    const TIMEOUT: Duration = Duration::from_secs(60);
    let telemetry = Telemetry::builder()
        .with_config(Config::default().with_format(LogFormat::Json))
        .with_output(io::sink())
        .install()
        .unwrap();
    AllocationRegistry::set_global_tracker(Logging).unwrap();
    let text = "x".repeat(1000);
    let (done, is_done) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        tracing::info!("begins");
        AllocationRegistry::enable_tracking();
        for number in 0..LINES {
            tracing::info!(number, text, "logged");
            if number % 1000 == 0 {
                telemetry.flush(TIMEOUT);
            }
        }
        AllocationRegistry::disable_tracking();
        done.send(telemetry.flush(TIMEOUT)).unwrap();
    });
    let is_flushed = is_done
        .recv_timeout(TIMEOUT)
        .expect("a thread waits for a lock of its own");
    assert!(is_flushed);
    worker.join().unwrap();
    let counts = statistics();
    assert!(counts.written + counts.dropped > LINES, "{counts:?}");
}
