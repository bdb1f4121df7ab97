//! The metrics of pools: what is open, idle, allowed, and waited for.
//!
//! OpenTelemetry asks for them when it exports. A callback cannot be taken back, so there is
//! one for all pools, which holds none of them open.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Instant;

use opentelemetry::metrics::{BoundHistogram, Counter, Meter};
use opentelemetry::{KeyValue, StringValue};
use opentelemetry_semantic_conventions::attribute::{
    DB_CLIENT_CONNECTION_POOL_NAME, DB_CLIENT_CONNECTION_STATE,
};
use opentelemetry_semantic_conventions::metric::{
    DB_CLIENT_CONNECTION_COUNT, DB_CLIENT_CONNECTION_IDLE_MIN, DB_CLIENT_CONNECTION_MAX,
    DB_CLIENT_CONNECTION_PENDING_REQUESTS,
};
use sqlx::{Database, Pool};

use crate::instruments::{INSTRUMENTS, SqlInstruments};

static POOLS: Mutex<Vec<Weak<dyn Observed>>> = Mutex::new(Vec::new());

/// A pool that is observed for as long as this is kept.
pub(crate) struct PoolState<DB: Database> {
    pool: Pool<DB>,
    pub(crate) waits: Arc<Waits>,
}

/// Those who wait for a connection of a pool.
#[derive(Debug)]
pub(crate) struct Waits {
    name: StringValue,
    pending: AtomicI64,
    /// The series of those who get a connection.
    series: OnceLock<BoundHistogram<f64>>,
}

/// One who waits. No longer pending once it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    instruments: &'static SqlInstruments,
    waits: Arc<Waits>,
    started: Instant,
}

/// What is observed of a pool, or of all pools of one name.
#[derive(Clone, Debug)]
struct Snapshot {
    name: StringValue,
    used: i64,
    idle: i64,
    max: i64,
    idle_min: i64,
    pending: i64,
}

trait Observed: Send + Sync {
    fn observe(&self) -> Snapshot;

    fn waits(&self) -> &Waits;
}

/// Begins the series of the pools that were there before the instruments.
pub(crate) fn begin_timeouts(timeouts: &Counter<u64>) {
    for pool in pools() {
        pool.waits().count_timeouts(timeouts, 0);
    }
}

/// Makes the instruments that ask the pools.
pub(crate) fn register(meter: &Meter) {
    meter
        .i64_observable_up_down_counter(DB_CLIENT_CONNECTION_COUNT)
        .with_unit("{connection}")
        .with_description("The number of connections that are open, by their state.")
        .with_callback(|count| {
            for pool in snapshots() {
                for (state, value) in [("used", pool.used), ("idle", pool.idle)] {
                    let state = KeyValue::new(DB_CLIENT_CONNECTION_STATE, state);
                    count.observe(value, &[name(&pool.name), state]);
                }
            }
        })
        .build();
    up_down_counter(
        meter,
        DB_CLIENT_CONNECTION_MAX,
        "{connection}",
        "The maximum number of open connections allowed.",
        |pool| pool.max,
    );
    up_down_counter(
        meter,
        DB_CLIENT_CONNECTION_IDLE_MIN,
        "{connection}",
        "The minimum number of idle open connections allowed.",
        |pool| pool.idle_min,
    );
    up_down_counter(
        meter,
        DB_CLIENT_CONNECTION_PENDING_REQUESTS,
        "{request}",
        "The number of current pending requests for an open connection.",
        |pool| pool.pending,
    );
}

fn up_down_counter(
    meter: &Meter,
    metric: &'static str,
    unit: &'static str,
    description: &'static str,
    value: fn(&Snapshot) -> i64,
) {
    meter
        .i64_observable_up_down_counter(metric)
        .with_unit(unit)
        .with_description(description)
        .with_callback(move |counter| {
            for pool in snapshots() {
                counter.observe(value(&pool), &[name(&pool.name)]);
            }
        })
        .build();
}

impl<DB: Database> PoolState<DB> {
    /// Begins to observe a pool.
    pub(crate) fn start(pool: Pool<DB>, name: String) -> Arc<Self> {
        let waits = Waits {
            name: name.into(),
            pending: AtomicI64::new(0),
            series: OnceLock::new(),
        };
        let state = Arc::new(Self {
            pool,
            waits: Arc::new(waits),
        });
        let observed: Arc<dyn Observed> = Arc::clone(&state) as _;
        POOLS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&observed));
        // Its instruments are there from now on, where something exports, and not only once
        // there was a statement.
        if let Some(instruments) = INSTRUMENTS.get() {
            state.waits.count_timeouts(&instruments.timeouts, 0);
        }
        state
    }

    pub(crate) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }
}

impl<DB: Database> Observed for PoolState<DB> {
    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn observe(&self) -> Snapshot {
        let size = i64::from(self.pool.size());
        let idle = i64::try_from(self.pool.num_idle()).unwrap_or(i64::MAX);
        let options = self.pool.options();
        Snapshot {
            name: self.waits.name.clone(),
            // The two are not read at once.
            used: size.saturating_sub(idle).max(0),
            idle,
            max: options.get_max_connections().into(),
            idle_min: options.get_min_connections().into(),
            pending: self.waits.pending.load(Ordering::Relaxed),
        }
    }
}

impl<DB: Database> fmt::Debug for PoolState<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolState")
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

impl Waits {
    pub(crate) fn start(self: &Arc<Self>, instruments: &'static SqlInstruments) -> Waiting {
        self.pending.fetch_add(1, Ordering::Relaxed);
        Waiting {
            instruments,
            waits: Arc::clone(self),
            started: Instant::now(),
        }
    }

    /// Counts one who waited for too long.
    pub(crate) fn count_timeout(&self, instruments: &SqlInstruments) {
        self.count_timeouts(&instruments.timeouts, 1);
    }

    /// Counts so many; none, that the series begins at 0: what a series begins with is no increase to
    /// an alert.
    fn count_timeouts(&self, timeouts: &Counter<u64>, count: u64) {
        timeouts.add(count, &[name(&self.name)]);
    }
}

impl Waiting {
    /// Ends the wait with a connection.
    pub(crate) fn has_connection(self) {
        let seconds = self.started.elapsed().as_secs_f64();
        let wait_time = &self.instruments.wait_time;
        let attributes = || [name(&self.waits.name)];
        if telemetry_core::are_instruments_bound() {
            self.waits
                .series
                .get_or_init(|| wait_time.bind(&attributes()))
                .record(seconds);
        } else {
            wait_time.record(seconds, &attributes());
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waits.pending.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Snapshot {
    fn add(&mut self, other: &Self) {
        self.used += other.used;
        self.idle += other.idle;
        self.max += other.max;
        self.idle_min += other.idle_min;
        self.pending += other.pending;
    }
}

/// The pools that are still there.
fn pools() -> Vec<Arc<dyn Observed>> {
    let mut pools = Vec::new();
    POOLS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|pool| {
            let pool = pool.upgrade();
            let is_there = pool.is_some();
            pools.extend(pool);
            is_there
        });
    pools
}

/// Asks all pools that are still there. Those of one name are one: a second observation with
/// the same attributes would replace the first.
fn snapshots() -> Vec<Snapshot> {
    let pools = pools();
    let mut snapshots: Vec<Snapshot> = Vec::with_capacity(pools.len());
    // Without the lock: the last handle of a pool may be dropped here.
    for pool in pools {
        let snapshot = pool.observe();
        match snapshots.iter_mut().find(|one| one.name == snapshot.name) {
            Some(one) => one.add(&snapshot),
            None => snapshots.push(snapshot),
        }
    }
    snapshots
}

fn name(name: &StringValue) -> KeyValue {
    KeyValue::new(DB_CLIENT_CONNECTION_POOL_NAME, name.clone())
}
