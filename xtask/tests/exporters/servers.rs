//! PostgreSQL and Redis, what they are asked to do, and their exporters.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::Mutex;

use crate::program::{Program, leave_out};

/// A server: its name, the variable that names another one than the usual, and the usual one.
type Server = (&'static str, &'static str, &'static str);

const POSTGRES: Server = (
    "PostgreSQL",
    "TEST_POSTGRES_URL",
    "postgres://postgres:postgres@127.0.0.1:5432/postgres",
);
const REDIS: Server = ("Redis", "TEST_REDIS_URL", "redis://127.0.0.1:6379/");

/// PostgreSQL, with a database of the test's own.
pub(crate) struct Postgres {
    pub(crate) database: String,
    admin: Mutex<PgConnection>,
    /// What is done is done here; it stays open, and is counted.
    client: Mutex<PgConnection>,
}

impl Postgres {
    /// `None`, and a word on the standard error, when no server answers.
    pub(crate) async fn with_database() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = url(POSTGRES);
        let mut admin = match PgConnection::connect(&url).await {
            Ok(connection) => connection,
            Err(error) => return unanswered(POSTGRES, &error),
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let database = format!("exporters_{}_{count}", std::process::id());
        // Copied as files, so that its blocks have to be read before they are found in memory.
        let create = format!("CREATE DATABASE {database} STRATEGY FILE_COPY");
        admin.execute(AssertSqlSafe(create)).await.unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        let client = PgConnection::connect(&format!("{server}/{database}"));
        Some(Self {
            database,
            admin: Mutex::new(admin),
            client: Mutex::new(client.await.unwrap()),
        })
    }

    pub(crate) fn exporter(&self) -> Option<Program> {
        Program::start("prometheus-postgres-exporter", |command, address| {
            command.arg(format!("--web.listen-address={address}"));
            command.env(
                "DATA_SOURCE_NAME",
                format!("{}?sslmode=disable", url(POSTGRES)),
            );
        })
    }

    /// Commits, rolls back, and writes and reads tuples.
    pub(crate) async fn make_traffic(&self) {
        let mut client = self.client.lock().await;
        for statement in [
            "CREATE TABLE teams (id INTEGER PRIMARY KEY, points INTEGER NOT NULL)",
            "INSERT INTO teams SELECT n, 0 FROM generate_series(1, 10) AS n",
            "UPDATE teams SET points = 3 WHERE id <= 5",
            "DELETE FROM teams WHERE id > 7",
            "SET enable_seqscan = off",
            "SELECT points FROM teams WHERE id = 3",
            "SET enable_seqscan = on",
            "SELECT * FROM teams",
            "BEGIN; UPDATE teams SET points = 0; ROLLBACK",
            "BEGIN; DELETE FROM teams; ROLLBACK",
            // It would else keep its counts to itself for a second.
            "SELECT pg_stat_force_next_flush()",
        ] {
            sqlx::raw_sql(statement)
                .execute(&mut *client)
                .await
                .unwrap();
        }
    }

    pub(crate) async fn remove(self) {
        self.client.into_inner().close().await.unwrap();
        // The exporter may have a connection to it.
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        let mut admin = self.admin.into_inner();
        admin.execute(AssertSqlSafe(drop)).await.unwrap();
    }
}

/// Redis.
pub(crate) struct Redis(redis::Client);

impl Redis {
    /// `None`, and a word on the standard error, when no server answers.
    pub(crate) fn connect() -> Option<Self> {
        let client = redis::Client::open(url(REDIS)).unwrap();
        match client.get_connection() {
            Ok(_) => Some(Self(client)),
            Err(error) => unanswered(REDIS, &error),
        }
    }

    pub(crate) fn exporter(&self) -> Option<Program> {
        Program::start("prometheus-redis-exporter", |command, address| {
            command.arg("-web.listen-address").arg(address.to_string());
            command.arg("-redis.addr").arg(url(REDIS));
        })
    }

    /// Looks up a key that is there three times, and one that is not twice.
    pub(crate) fn make_traffic(&self) {
        let mut connection = self.0.get_connection().unwrap();
        let key = format!("exporters:{}", std::process::id());
        let () = redis::cmd("SET")
            .arg(&key)
            .arg(1)
            .query(&mut connection)
            .unwrap();
        for key in [&key, &key, &key, &format!("{key}:a"), &format!("{key}:b")] {
            let _: Option<u32> = redis::cmd("GET").arg(key).query(&mut connection).unwrap();
        }
        let () = redis::cmd("DEL").arg(&key).query(&mut connection).unwrap();
    }
}

fn url((_, variable, usual): Server) -> String {
    std::env::var(variable).unwrap_or(usual.to_owned())
}

/// Says that the tests of a server are left out, unless a variable names it.
fn unanswered<T>((name, variable, usual): Server, error: &dyn std::error::Error) -> Option<T> {
    assert!(std::env::var_os(variable).is_none(), "{variable}: {error}");
    leave_out(&format!("no {name} answers at {usual}"));
    None
}
