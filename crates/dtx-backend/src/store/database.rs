//! Which database, and opening and closing it.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::watch;

use crate::store::{Store, jobs};

static MIGRATIONS: Migrator = sqlx::migrate!();

const DEFAULT_FILE: &str = "data/dtx.sqlite";
const MAX_CONNECTIONS: u32 = 8;
/// How long a statement waits for another that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a query waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the end of the program waits for queries that still run.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the data is. A SQLite file, by default `data/dtx.sqlite` in the working directory.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(SqliteConnectOptions);

impl DatabaseUrl {
    /// Reads `sqlite:<path>` or `sqlite://<path>`, with the parameters of SQLite's own
    /// URLs.
    ///
    /// # Errors
    ///
    /// When it is anything else: what would be right. The URL, which may hold a password,
    /// is not shown.
    pub fn parse(url: &str) -> Result<Self, String> {
        let wanted = format!("the URL of a SQLite file such as sqlite:{DEFAULT_FILE}");
        if url.starts_with("postgres") {
            return Err(format!("PostgreSQL is not supported yet; give {wanted}"));
        }
        let is_file =
            url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory");
        let options = is_file
            .then(|| SqliteConnectOptions::from_str(url).ok())
            .flatten()
            // Without a name SQLite gives every connection a database of its own.
            .filter(|options| !options.get_filename().as_os_str().is_empty());
        options.map(Self).ok_or_else(|| format!("not {wanted}"))
    }

    /// The database in this file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(SqliteConnectOptions::new().filename(path))
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self::file(DEFAULT_FILE)
    }
}

impl fmt::Display for DatabaseUrl {
    /// Shows the name of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.get_filename().display().fmt(f)
    }
}

impl Store {
    /// Opens the database, makes it when it is not there, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// When that cannot be done; the error names the file and the setting.
    pub(crate) async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        Self::connect(url).await.with_context(|| {
            format!("cannot use the database {url} (DATABASE_URL can name another file)")
        })
    }

    async fn connect(url: &DatabaseUrl) -> anyhow::Result<Self> {
        if let Some(directory) = url.0.get_filename().parent() {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot make the directory {}", directory.display()))?;
        }
        let options = url
            .0
            .clone()
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection to a file does not go stale.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(without_sources)?;
        migrate(&pool).await?;
        Ok(Self {
            pool,
            changes: watch::Sender::default(),
        })
    }

    /// Asks the database for something that it must read.
    ///
    /// # Errors
    ///
    /// When it does not answer; without a bound of its own on the time that takes.
    pub(crate) async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT id FROM users LIMIT 1")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Closes all connections. Queries that still run have 5 s to end.
    pub(crate) async fn close(&self) {
        if tokio::time::timeout(CLOSE_TIMEOUT, self.pool.close())
            .await
            .is_err()
        {
            tracing::warn!("database_close_timed_out");
        }
    }
}

/// Brings all tables up to date, in one transaction: of two processes that start at once, the
/// second finds it done.
async fn migrate(pool: &SqlitePool) -> anyhow::Result<()> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(without_sources)?;
    for migrations in [&MIGRATIONS, &jobs::migrations()] {
        migrations
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(without_sources)?;
    }
    transaction.commit().await.map_err(without_sources)
}

/// The errors of the driver repeat their sources in their own words.
fn without_sources(error: impl std::error::Error) -> anyhow::Error {
    anyhow!("{error}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sqlite_urls_name_their_file() {
        for (url, file) in [
            ("sqlite:data/dtx.sqlite", "data/dtx.sqlite"),
            ("sqlite://data/dtx.sqlite", "data/dtx.sqlite"),
            ("sqlite:///data/dtx.sqlite?mode=rwc", "/data/dtx.sqlite"),
            ("sqlite:a%20b.sqlite", "a b.sqlite"),
        ] {
            assert_eq!(DatabaseUrl::parse(url).unwrap().to_string(), file, "{url}");
        }
    }

    /// The names that migrations take, in lower case: SQLite tells no cases apart.
    async fn names_of(migrations: &Migrator) -> BTreeSet<String> {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect("sqlite::memory:").await.unwrap();
        migrations.run(&pool).await.unwrap();
        let query = "SELECT lower(name) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'";
        let names: Vec<String> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
        names.into_iter().collect()
    }

    #[tokio::test]
    async fn the_tables_of_the_site_and_of_its_queues_do_not_meet() {
        let ours = names_of(&MIGRATIONS).await;
        let theirs = names_of(&jobs::migrations()).await;
        assert!(ours.contains("matches") && theirs.contains("jobs"));
        let both: Vec<_> = ours.intersection(&theirs).collect();
        assert!(both.is_empty(), "{both:?}");
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "dtx.sqlite",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:x?mode=memory",
            "sqlite:dtx.sqlite?mode=x",
            "SQLITE:dtx",
            "mysql://localhost/dtx",
        ] {
            assert!(DatabaseUrl::parse(url).is_err(), "{url}");
        }
    }
}
