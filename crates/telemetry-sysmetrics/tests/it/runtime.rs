//! What the figures of the tokio runtime say.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::collector::Collector;

#[test]
fn workers_and_tasks_are_those_of_the_runtime_that_it_is_called_in() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .unwrap();
    let (begun, has_begun) = mpsc::channel();
    let (release, wait) = oneshot::channel::<()>();
    let _entered = runtime.enter();
    let task = runtime.spawn(async move {
        begun.send(()).unwrap();
        wait.await
    });
    has_begun.recv().unwrap();

    let collector = Collector::registered();
    assert_eq!(collector.sum("tokio.runtime.workers"), 3.0);
    assert_eq!(collector.sum("tokio.runtime.alive_tasks"), 1.0);
    assert_eq!(collector.sum("tokio.runtime.global_queue_depth"), 0.0);

    release.send(()).unwrap();
    runtime.block_on(task).unwrap().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while collector.sum("tokio.runtime.alive_tasks") > 0.0
        || collector.sum("tokio.runtime.parks") == 0.0
        || collector.sum("tokio.runtime.busy_time") == 0.0
    {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[test]
fn a_runtime_that_is_gone_is_no_harm() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let collector = {
        let _entered = runtime.enter();
        Collector::registered()
    };
    drop(runtime);
    assert_eq!(collector.sum("tokio.runtime.workers"), 2.0);
    assert_eq!(collector.sum("tokio.runtime.alive_tasks"), 0.0);
}
