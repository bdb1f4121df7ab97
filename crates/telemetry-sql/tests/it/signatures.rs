//! The ways in which code takes a database.

use sqlx::sqlite::SqliteExecutor;
use sqlx::{Acquire as _, Executor, Sqlite, SqliteConnection};
use telemetry_sql::{TracedConnection, TracedDatabase, TracedPool};

use crate::players;

const COUNT: &str = "SELECT count(*) FROM players";

async fn by_executor(executor: impl Executor<'_, Database = Sqlite>) -> i64 {
    sqlx::query_scalar(COUNT).fetch_one(executor).await.unwrap()
}

async fn by_executor_of_sqlite(executor: impl SqliteExecutor<'_>) -> i64 {
    sqlx::query_scalar(COUNT).fetch_one(executor).await.unwrap()
}

async fn by_connection(connection: &mut TracedConnection<'_, Sqlite>) -> i64 {
    let count = by_executor(&mut *connection).await;
    assert_eq!(by_executor_of_sqlite(connection).await, count);
    count
}

async fn by_bare_connection(connection: &mut SqliteConnection) -> i64 {
    by_executor(connection).await
}

/// A statement of a database that is not known here.
async fn rows<DB: TracedDatabase>(connection: &mut TracedConnection<'_, DB>) -> usize {
    connection
        .fetch_all("SELECT id FROM players")
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn pools_connections_and_transactions_go_where_executors_do() {
    let pool = players().await;
    assert_eq!(by_executor(&pool).await, 3);
    assert_eq!(by_executor_of_sqlite(&pool).await, 3);
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(by_executor(&mut *connection).await, 3);
    assert_eq!(by_connection(&mut connection).await, 3);
    assert_eq!(by_bare_connection(&mut connection).await, 3);
    assert_eq!(rows(&mut connection).await, 3);
    assert!(pool.try_acquire().is_none());
    drop(connection);
    let mut transaction = pool.begin().await.unwrap();
    assert_eq!(by_connection(&mut transaction).await, 3);
    assert_eq!(by_executor_of_sqlite(&mut *transaction).await, 3);
    let mut savepoint = transaction.begin().await.unwrap();
    assert_eq!(by_connection(&mut savepoint).await, 3);
    savepoint.commit().await.unwrap();
    transaction.commit().await.unwrap();
    // sqlx's own pool, for what is to be left alone.
    let mut connection = pool.acquire().await.unwrap();
    let mut bare = (&mut **connection).begin().await.unwrap();
    assert_eq!(by_bare_connection(&mut bare).await, 3);
}

#[tokio::test]
async fn tasks_may_do_all_of_it() {
    let pool = players().await;
    let task = telemetry_core::spawn(async move {
        let mut count = by_executor(&pool).await;
        count += by_connection(&mut pool.acquire().await.unwrap()).await;
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        count += by_connection(&mut transaction).await;
        let mut savepoint = transaction.begin().await.unwrap();
        count += by_executor(&mut *savepoint).await;
        savepoint.rollback().await.unwrap();
        transaction.commit().await.unwrap();
        count
    });
    assert_eq!(task.await.unwrap(), 12);
}

#[test]
fn handles_may_be_shared() {
    fn assert_shared<T: Send + Sync + Clone + 'static>() {}
    assert_shared::<TracedPool<Sqlite>>();
    assert_shared::<TracedPool<sqlx::Postgres>>();
}
