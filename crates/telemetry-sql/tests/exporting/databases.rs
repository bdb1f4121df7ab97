//! The databases of these tests, each with some players.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use opentelemetry::Value;
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Pool, Postgres, Sqlite};
use telemetry_sql::TracedPool;
use test_servers::PostgresServer;

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
    let Some(server) = server() else { return };
    let mut admin = PgConnection::connect_with(&server).await.unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("telemetry_sql_{}_{count}", std::process::id());
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

fn server() -> Option<PgConnectOptions> {
    PostgresServer::shared().map(|url| url.parse().unwrap())
}

/// The name of a pool of a system.
pub(crate) fn name_of_pool(system: &str) -> String {
    if system == "sqlite" {
        return system.to_owned();
    }
    let server = server().unwrap();
    let (host, port) = (server.get_host(), server.get_port());
    format!("{host}:{port}/{}", server.get_database().unwrap())
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
        let server = server().unwrap();
        let database = server.get_database().unwrap().to_owned();
        attributes.push(("db.namespace", database.into()));
        attributes.push(("server.address", server.get_host().to_owned().into()));
        attributes.push(("server.port", i64::from(server.get_port()).into()));
    }
    attributes.extend_from_slice(more);
    attributes.sort_by_key(|(key, _)| *key);
    attributes
}
