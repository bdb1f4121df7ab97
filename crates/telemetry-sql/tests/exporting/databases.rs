//! The databases of these tests, each with some players.

use std::net::TcpStream;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use opentelemetry::Value;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Pool, Postgres, Sqlite};
use telemetry_sql::TracedPool;

const POSTGRES: &str = "127.0.0.1:5432";

const PLAYERS: &str = "CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    INSERT INTO players VALUES (1, 'ana'), (2, 'ben'), (3, 'cleo')";

/// Writes each test for both databases.
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($pool:ident, $system:ident) $body:block)*) => {
        mod sqlite {
            use super::*;
            $($(#[$meta])* #[tokio::test] async fn $name() {
                let $system = "sqlite";
                let $pool = crate::databases::sqlite().await;
                $body
            })*
        }
        mod postgres {
            use super::*;
            $($(#[$meta])* #[tokio::test] async fn $name() {
                let $system = "postgresql";
                crate::databases::postgres(async |$pool| $body).await;
            })*
        }
    };
}
pub(crate) use on_each_database;

/// A pool of one connection to a database in memory.
pub(crate) async fn sqlite() -> TracedPool<Sqlite> {
    let pool = options().connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(PLAYERS).execute(&pool).await.unwrap();
    TracedPool::from(pool)
}

/// Gives a pool of one connection to a schema of the test's own, if the server answers.
pub(crate) async fn postgres(test: impl AsyncFnOnce(TracedPool<Postgres>)) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let address = POSTGRES.parse().unwrap();
    if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        eprintln!("left out: PostgreSQL does not answer on {POSTGRES}");
        return;
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("telemetry_sql_{}_{count}", std::process::id());
    let server = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(5432)
        .username("postgres")
        .database("postgres");
    let mut admin = PgConnection::connect_with(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(create).execute(&mut admin).await.unwrap();
    let own = server.options([("search_path", &schema)]);
    let pool: Pool<Postgres> = options().connect_with(own).await.unwrap();
    sqlx::raw_sql(PLAYERS).execute(&pool).await.unwrap();
    let tested = AssertUnwindSafe(test(TracedPool::from(pool.clone())));
    let tested = tested.catch_unwind().await;
    pool.close().await;
    let drop = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    sqlx::raw_sql(drop).execute(&mut admin).await.unwrap();
    if let Err(panic) = tested {
        std::panic::resume_unwind(panic);
    }
}

fn options<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new().max_connections(1)
}

/// What spans and metrics of a system have in any case, and more, by name.
pub(crate) fn with_target(
    system: &'static str,
    more: &[(&'static str, Value)],
) -> Vec<(&'static str, Value)> {
    let mut attributes = vec![("db.system.name", Value::from(system))];
    if system == "postgresql" {
        attributes.push(("db.namespace", "postgres".into()));
        attributes.push(("server.address", "127.0.0.1".into()));
        attributes.push(("server.port", 5432.into()));
    }
    attributes.extend_from_slice(more);
    attributes.sort_by_key(|(key, _)| *key);
    attributes
}
