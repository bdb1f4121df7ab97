//! Working on the queues until told to stop.

use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::backoff::{ExponentialBackoffMaker, MakeBackoff as _};
use apalis::layers::retry::{HasherRng, RetryPolicy};
use apalis::prelude::{
    BackendExt as _, BoxDynError, Data, WorkerBuilder, WorkerContext, WorkerError,
};
use apalis_cron::CronScheduler;
use futures_util::future::FusedFuture as _;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use sqlx::Connection;
use sqlx::pool::{Pool, PoolOptions};
use telemetry_core::{UnitOfWork, record_error};
use telemetry_jobs::JobTelemetryLayer;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use ulid::Ulid;

use crate::application::Parts;
use crate::jobs::{
    ATTEMPTS, Job, ProcessMatchStats, RecomputeStandings, Running, Work, clean_up, on_postgres,
    on_sqlite, panics,
};
use crate::roles::Stop;
use crate::settings::{JobSettings, Settings};
use crate::store::{Database, Store};

/// How many jobs of a queue a worker does at once.
const CONCURRENCY: usize = 4;
/// How many heartbeats a worker may miss.
const MISSED_HEARTBEATS: u32 = 4;
/// How much longer than the first wait the longest may be.
const LONGEST_BACKOFF: u32 = 60;
/// How much of each wait is left to chance.
const JITTER: f64 = 0.5;
/// How long a worker waits for its connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a worker that failed waits before it starts again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a worker that is to stop looks whether it can.
const LOOK_WHETHER_IDLE: Duration = Duration::from_millis(1);
/// How long a worker has to end once no job runs.
pub(super) const TIME_TO_END: Duration = Duration::from_millis(500);

/// Works on one queue of an apalis storage. A function could do this too, with bounds that are longer
/// than it is.
macro_rules! work_on {
    ($crew:expr, $job:ident, $pool:expr, $storage:ident, $apalis:ident) => {{
        let config = $apalis::Config::default()
            .batch_size(CONCURRENCY)
            .heartbeat_interval($crew.settings.worker_timeout / MISSED_HEARTBEATS)
            .missed_heartbeats(MISSED_HEARTBEATS as usize);
        let pool = connection_of_worker($pool);
        let is_idle = || pool.num_idle() == pool.size() as usize;
        $crew
            .keep_working($job::QUEUE, is_idle, |context| {
                let storage = $storage::<$job>(&pool, config.clone());
                let backoff = $crew.backoff.clone().make_backoff();
                WorkerBuilder::new(context)
                    .backend(storage.poll_with_stream(wakes($crew.wake.subscribe())))
                    .data($crew.work.clone())
                    .concurrency(CONCURRENCY)
                    .layer(panics::EndPanics)
                    .retry(RetryPolicy::retries(ATTEMPTS - 1).with_backoff(backoff))
                    .layer(JobTelemetryLayer::new().with_retries(ATTEMPTS - 1))
                    .build(handle::<$job>)
                    .run()
            })
            .await;
        pool.close().await;
    }};
}

/// Works on all queues until told to stop, then lets running jobs finish in time.
///
/// # Errors
///
/// When it cannot begin.
pub(crate) async fn start(
    parts: &Parts,
    settings: &Settings,
    mut stop: Stop,
) -> anyhow::Result<()> {
    let patience = settings.shutdown_timeout;
    let (wake, _) = watch::channel(());
    let crew = Crew::new(parts, &settings.jobs, wake, stop.clone())?;
    let store = parts.store.clone();
    tracing::info!("worker_started");
    {
        // Each is polled for itself alone: a worker looks at its queue at every poll, and the end
        // of that would be a poll of all others.
        let workers = FuturesUnordered::from_iter([
            crew.work_on::<ProcessMatchStats>().boxed(),
            crew.work_on::<RecomputeStandings>().boxed(),
            crew.clean_up().boxed(),
        ]);
        let mut working = pin!(workers.collect::<()>().fuse());
        let signal = tokio::select! {
            signal = stop.requested() => signal,
            // They are told to stop too, and may have ended already.
            () = &mut working => stop.requested().await,
            () = look(&store, &crew.wake) => None,
        };
        let running = crew.work.running.count();
        tracing::info!(signal, running, "worker_stopping");
        let ending = async {
            if !working.is_terminated() {
                tokio::select! {
                    () = &mut working => {}
                    () = crew.work.running.none() => {}
                    () = crew.keep_alive() => {}
                }
            }
        };
        if timeout(patience, ending).await.is_err() {
            let running = crew.work.running.count();
            tracing::warn!(
                after_s = patience.as_secs(),
                running,
                "worker_stop_timed_out"
            );
        }
    }
    // What was cut off, or waits to be tried again, is for other workers.
    let released = store.release_jobs(&crew.id.to_string()).await;
    let released = released.context("cannot release the jobs that have not ended")?;
    tracing::info!(released, "worker_stopped");
    Ok(())
}

/// The workers of one process.
#[derive(Debug)]
struct Crew {
    /// What the names of all workers begin with.
    id: Ulid,
    work: Work,
    settings: JobSettings,
    backoff: ExponentialBackoffMaker,
    wake: watch::Sender<()>,
    stop: Stop,
}

impl Crew {
    fn new(
        parts: &Parts,
        settings: &JobSettings,
        wake: watch::Sender<()>,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        let longest = settings.backoff * LONGEST_BACKOFF;
        let backoff =
            ExponentialBackoffMaker::new(settings.backoff, longest, JITTER, HasherRng::default())?;
        Ok(Self {
            id: Ulid::generate(),
            work: Work {
                store: parts.store.clone(),
                standings: parts.standings(),
                steam: parts.steam.clone(),
                queues: parts.queues.clone(),
                running: Running::default(),
            },
            settings: settings.clone(),
            backoff,
            wake,
            stop,
        })
    }

    /// Works on one queue.
    async fn work_on<J: Job>(&self) {
        match self.work.store.database() {
            Database::Sqlite(pool) => work_on!(self, J, pool, on_sqlite, apalis_sqlite),
            Database::Postgres(pool) => work_on!(self, J, pool, on_postgres, apalis_postgres),
        }
    }

    /// Cleans up on its schedule.
    async fn clean_up(&self) {
        self.keep_working(
            clean_up::NAME,
            || true,
            |context| {
                WorkerBuilder::new(context)
                    .backend(CronScheduler::new(self.settings.clean_up.clone()))
                    .data(self.work.clone())
                    .layer(panics::EndPanics)
                    .layer(JobTelemetryLayer::new().with_task_name(clean_up::NAME))
                    .build(clean_up::run)
                    .run()
            },
        )
        .await;
    }

    /// Says again and again that the workers live: once they stop, they no longer do so themselves.
    async fn keep_alive(&self) {
        loop {
            sleep(self.settings.worker_timeout / MISSED_HEARTBEATS).await;
            let beating = async {
                if let Err(error) = self.work.store.keep_workers(&self.id.to_string()).await {
                    record_error("heartbeat_failed", &error);
                    tracing::warn!(error = &*error.to_string(), "heartbeat_failed");
                }
            };
            UnitOfWork::new("keep_workers").run(beating).await;
        }
    }

    /// Runs a worker until told to stop, and another when it fails: the database did not
    /// answer, or the clock was set.
    async fn keep_working<F>(
        &self,
        queue: &'static str,
        is_idle: impl Fn() -> bool,
        start: impl Fn(&WorkerContext) -> F,
    ) where
        F: Future<Output = Result<(), WorkerError>>,
    {
        let mut stop = self.stop.clone();
        // A worker that failed is dead to its storage: the next needs another name.
        for start_number in 0_u64.. {
            let context = WorkerContext::new(&format!("{}-{queue}-{start_number}", self.id));
            let mut working = pin!(start(&context));
            let ended = tokio::select! {
                biased;
                () = time_to_stop(&mut stop, &is_idle) => match context.stop() {
                    Ok(()) => working.await,
                    Err(_not_started) => Ok(()),
                },
                ended = &mut working => ended,
            };
            if let Err(error) = ended {
                tracing::error!(queue, error = &*error.to_string(), "worker_failed");
            }
            tokio::select! {
                biased;
                _ = stop.requested() => return,
                () = sleep(PAUSE) => {}
            }
        }
    }
}

/// Waits until a worker is to stop, and its connection is not in use.
///
/// A worker of apalis that stops leaves a transaction that it is in as it is, until its jobs have
/// ended: nobody could write to the database, the jobs included.
async fn time_to_stop(stop: &mut Stop, is_idle: impl Fn() -> bool) {
    let _signal = stop.requested().await;
    while !is_idle() {
        sleep(LOOK_WHETHER_IDLE).await;
    }
}

/// A connection that one worker has for itself, so as to see when it is in use.
fn connection_of_worker<DB: sqlx::Database>(pool: &Pool<DB>) -> Pool<DB>
where
    <DB::Connection as Connection>::Options: Clone,
{
    let options = PoolOptions::new().max_connections(1);
    let options = options
        .acquire_timeout(CONNECT_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None);
    options.connect_lazy_with((*pool.connect_options()).clone())
}

/// Does one attempt at a job.
async fn handle<J: Job>(job: J, work: Data<Work>) -> Result<(), BoxDynError> {
    let _running = work.running.begin();
    job.run(&work).await
}

/// Wakes the workers when there may be something to do.
async fn look(store: &Store, wake: &watch::Sender<()>) {
    loop {
        let Err(error) = store.watch_jobs(|| wake.send_modify(|()| {})).await;
        tracing::warn!(error = &*error.to_string(), "queue_watch_failed");
        sleep(PAUSE).await;
    }
}

fn wakes(changes: watch::Receiver<()>) -> BoxStream<'static, ()> {
    let wakes = stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        Some(((), changes))
    });
    wakes.fuse().boxed()
}

#[cfg(test)]
mod tests;
