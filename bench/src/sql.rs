//! One statement on a SQLite database in memory, through a pool of one connection.

use std::hint::black_box;

use opentelemetry_sdk::trace::Sampler;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, Sqlite, SqlitePool};
use telemetry_sql::TracedPool;
use tokio::runtime::{self, Runtime};

use crate::cores::Cores;
use crate::{Contender, Work, sdk};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-sqlx",
        set_up: bare,
    },
    Contender {
        name: "telemetry",
        set_up: || traced(None),
    },
    Contender {
        name: "telemetry-unsampled",
        set_up: || traced(Some(Sampler::AlwaysOff)),
    },
    Contender {
        name: "telemetry-sampled",
        set_up: || traced(Some(Sampler::AlwaysOn)),
    },
];

fn pool() -> (Runtime, SqlitePool) {
    // The connection has a thread of its own. On another core, to wake it and to be woken by it would
    // take the system twenty times what the statement takes.
    Cores::share_one();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    let pool = runtime.block_on(async {
        let options = SqlitePoolOptions::new().max_connections(1);
        // Each use of a connection would begin with a statement of its own.
        let options = options.test_before_acquire(false);
        let pool = options.connect("sqlite::memory:").await?;
        sqlx::raw_sql("CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT)")
            .execute(&pool)
            .await?;
        Ok::<_, sqlx::Error>(pool)
    });
    let pool = pool.unwrap_or_else(|error| panic!("no database: {error}"));
    (runtime, pool)
}

async fn find<'e>(executor: impl Executor<'e, Database = Sqlite>) -> bool {
    let found = sqlx::query("SELECT id, name FROM players WHERE id = ? AND name <> ?")
        .bind(black_box(5))
        .bind("ana")
        .fetch_optional(executor)
        .await;
    matches!(found, Ok(None))
}

/// sqlx alone.
fn bare() -> Work {
    let (runtime, pool) = pool();
    Box::new(move || {
        black_box(runtime.block_on(find(&pool)));
    })
}

/// Our wrapper, and the SDK where there is a sampler.
fn traced(sampler: Option<Sampler>) -> Work {
    if let Some(sampler) = sampler {
        sdk::install(sampler);
    }
    let (runtime, pool) = pool();
    let pool = TracedPool::from(pool);
    Box::new(move || {
        black_box(runtime.block_on(find(&pool)));
    })
}
