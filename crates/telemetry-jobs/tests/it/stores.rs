//! The storages that jobs cross processes in, each for one test alone.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use apalis_redis::ConnectionManager;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlitePool};
use telemetry_jobs::PushWithContext as _;
use test_servers::{PostgresServer, RedisServer};

use crate::child::Errand;

/// Where jobs are kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Store {
    Sqlite { path: PathBuf },
    Postgres { url: String },
    Redis { queue: String },
}

/// Settings with which a worker looks often, and soon misses one that was killed.
macro_rules! config {
    ($backend:ident) => {
        $backend::Config::default()
            .queue("errands")
            .heartbeat_interval(std::time::Duration::from_millis(500))
            .missed_heartbeats(4)
    };
}
pub(crate) use config;

impl Store {
    /// Those whose server answers. Says on stderr which are left out.
    pub(crate) async fn all(directory: &Path) -> Vec<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("telemetry_jobs_{}_{count}", std::process::id());
        let path = directory.join("jobs.db");
        let mut stores = vec![Self::Sqlite { path: path.clone() }];
        let pool = Self::open(&path).await;
        apalis_sqlite::SqliteStorage::setup(&pool).await.unwrap();
        if let Some(admin_url) = PostgresServer::shared() {
            let mut admin = PgConnection::connect(&admin_url).await.unwrap();
            let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::query(create).execute(&mut admin).await.unwrap();
            let (server, _) = admin_url.rsplit_once('/').unwrap();
            let url = format!("{server}/{name}");
            let pool = PgPool::connect(&url).await.unwrap();
            apalis_postgres::PostgresStorage::setup(&pool)
                .await
                .unwrap();
            stores.push(Self::Postgres { url });
        }
        if RedisServer::shared().is_some() {
            stores.push(Self::Redis { queue: name });
        }
        stores
    }

    /// Puts a job there.
    pub(crate) async fn push(&self, errand: Errand) {
        match self {
            Self::Sqlite { path } => {
                let jobs = apalis_sqlite::SqliteStorage::new(&Self::open(path).await);
                let mut jobs = jobs.with_config(config!(apalis_sqlite));
                jobs.push_with_context(errand).await.unwrap();
            }
            Self::Postgres { url } => {
                let pool = PgPool::connect(url).await.unwrap();
                let jobs = apalis_postgres::PostgresStorage::new(&pool);
                let mut jobs = jobs.with_config(config!(apalis_postgres));
                jobs.push_with_context(errand).await.unwrap();
            }
            Self::Redis { queue } => {
                let jobs = apalis_redis::RedisStorage::new(Self::redis().await);
                let mut jobs = jobs.with_config(config!(apalis_redis).queue(queue));
                jobs.push_with_context(errand).await.unwrap();
            }
        }
    }

    /// Takes away what it had on a server.
    pub(crate) async fn remove(self) {
        match self {
            Self::Sqlite { .. } => {}
            Self::Postgres { url } => {
                let (_, name) = url.rsplit_once('/').unwrap();
                let mut admin = PgConnection::connect(&PostgresServer::shared().unwrap())
                    .await
                    .unwrap();
                let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
                sqlx::query(drop).execute(&mut admin).await.unwrap();
            }
            Self::Redis { queue } => {
                let mut connection = Self::redis().await;
                let keys: Vec<String> = redis::cmd("KEYS")
                    .arg(format!("*{queue}*"))
                    .query_async(&mut connection)
                    .await
                    .unwrap();
                let mut delete = redis::cmd("DEL");
                let (): () = delete.arg(keys).query_async(&mut connection).await.unwrap();
            }
        }
    }

    pub(crate) async fn open(path: &Path) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(Duration::from_secs(5));
        SqlitePool::connect_with(options).await.unwrap()
    }

    pub(crate) async fn redis() -> ConnectionManager {
        apalis_redis::connect(RedisServer::shared().unwrap())
            .await
            .unwrap()
    }
}
