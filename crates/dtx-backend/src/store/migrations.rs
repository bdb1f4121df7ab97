//! Bringing tables up to date: those of the site, and those of its queues.

use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqlitePool;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Where apalis notes its migrations. By default that is the application's own table.
const OF_QUEUES: &str = "_apalis_migrations";

/// Does it in one transaction: of two processes that start at once, the second finds it done.
pub(super) async fn run_on_sqlite(pool: &SqlitePool) -> Result<(), MigrateError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for migrations in [&SQLITE, &of_queues(SqliteStorage::<()>::migrations())] {
        migrations
            .run_direct(None, &mut *transaction, false)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Does it on a connection of its own. Of two processes that start at once, the second waits for the
/// lock that sqlx takes, and finds it done.
pub(super) async fn run_on_postgres(mut connection: PgConnection) -> Result<(), MigrateError> {
    for migrations in [&POSTGRES, &of_queues(PostgresStorage::<()>::migrations())] {
        migrations.run_direct(None, &mut connection, false).await?;
    }
    connection.close().await?;
    Ok(())
}

fn of_queues(mut migrations: Migrator) -> Migrator {
    migrations.dangerous_set_table_name(OF_QUEUES);
    migrations
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

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
        let ours = names_of(&SQLITE).await;
        let theirs = names_of(&of_queues(SqliteStorage::<()>::migrations())).await;
        assert!(ours.contains("matches") && theirs.contains("jobs"));
        let both: Vec<_> = ours.intersection(&theirs).collect();
        assert!(both.is_empty(), "{both:?}");
    }
}
