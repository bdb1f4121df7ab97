//! Where the tests' data is: in files, or in databases of PostgreSQL when
//! [`the_site_behaves_alike_on_postgres`](crate::postgres) runs the tests again.

use std::path::Path;
use std::thread;

use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlitePool};
use test_servers::PostgresServer;
use tokio::runtime::Runtime;

/// What URLs of databases begin with when tests are to use PostgreSQL.
pub(crate) const PREFIX: &str = "DTX_TEST_POSTGRES_PREFIX";

/// The server that tests share as `postgres://user:password@host:port`, if it answers. Says on the
/// standard error when it does not.
pub(crate) fn server() -> Option<String> {
    let url = PostgresServer::shared()?;
    let (server, _database) = url.rsplit_once('/')?;
    Some(server.to_owned())
}

/// The URL of the database of a test that has this directory, when tests use PostgreSQL: made when
/// it is first asked for.
pub(crate) fn url_for(directory: &Path) -> Option<String> {
    let prefix = std::env::var(PREFIX).ok()?;
    let name = directory.file_name()?.to_string_lossy().to_lowercase();
    let url = format!("{prefix}{}", name.replace('.', "_"));
    create(&url);
    Some(url)
}

/// A database that ends with its test.
#[derive(Debug)]
pub(crate) struct Temporary(pub(crate) String);

impl Temporary {
    pub(crate) fn create(url: String) -> Self {
        create(&url);
        Self(url)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        remove_all(&self.0);
    }
}

/// Makes a database, unless it is there.
fn create(url: &str) {
    let (server, name) = url.rsplit_once('/').unwrap();
    let create = format!("CREATE DATABASE {name}");
    let created = on_server(server, async |connection| {
        sqlx::query(AssertSqlSafe(create)).execute(connection).await
    });
    if let Err(error) = created {
        let code = error.as_database_error().and_then(DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42P04"), "{error}");
    }
}

/// Removes all databases whose URLs begin so.
pub(crate) fn remove_all(prefix: &str) {
    let (server, name) = prefix.rsplit_once('/').unwrap();
    on_server(server, async |connection| {
        let names = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)";
        let names: Vec<String> = sqlx::query_scalar(names)
            .bind(name)
            .fetch_all(&mut *connection)
            .await?;
        for name in names {
            let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            sqlx::query(drop).execute(&mut *connection).await?;
        }
        Ok(())
    })
    .unwrap();
}

/// Does something on a connection to the server, wherever it is called from.
fn on_server<T: Send>(
    server: &str,
    task: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T> + Send,
) -> sqlx::Result<T> {
    let work = || {
        Runtime::new().unwrap().block_on(async {
            let url = format!("{server}/postgres");
            let mut connection = PgConnection::connect(&url).await?;
            task(&mut connection).await
        })
    };
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// A database, by the back door.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Database {
    pub(crate) async fn open(url: &str) -> Self {
        match url.starts_with("sqlite:") {
            true => Self::Sqlite(SqlitePool::connect(url).await.unwrap()),
            false => Self::Postgres(PgPool::connect(url).await.unwrap()),
        }
    }

    pub(crate) async fn execute(&self, sql: &'static str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
            Self::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
        }
    }

    /// Gives the SQL of this database.
    pub(crate) fn choose(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    pub(crate) async fn ids(&self, sql: &'static str) -> Vec<i64> {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }
}
