//! Transactions and savepoints.

use std::mem;

use sqlx::pool::PoolOptions;
use sqlx::{Database, Error};
use telemetry_otel::testing::capture_spans;
use telemetry_sql::TracedPool;

use crate::databases::on_each_database;

/// Another pool of one connection to the same server, or to another database in memory.
async fn another<DB: Database>(pool: &TracedPool<DB>) -> TracedPool<DB> {
    let options = pool.connect_options();
    let pool = PoolOptions::new().max_connections(1);
    TracedPool::from(pool.connect_with((*options).clone()).await.unwrap())
}

/// Asserts that an end of a transaction has failed as its connection is another one.
fn assert_exchanged(ended: sqlx::Result<()>) {
    let Err(Error::InvalidArgument(message)) = ended else {
        panic!("{ended:?}");
    };
    assert!(message.contains("exchanged"), "{message}");
}

on_each_database! {
    async fn a_transaction_begins_and_commits_with_a_span_each(pool, _system) {
        let spans = capture_spans();
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 0);
        assert_eq!(spans.tree(), "BEGIN\nDELETE players\nCOMMIT\nSELECT players\n");
    }

    async fn savepoints_are_told_from_transactions(pool, _system) {
        let spans = capture_spans();
        let mut transaction = pool.begin().await.unwrap();
        let mut outer = transaction.begin().await.unwrap();
        let mut inner = outer.begin().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();
        outer.commit().await.unwrap();
        transaction.rollback().await.unwrap();
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 3);
        let names: Vec<_> = spans.spans().into_iter().map(|span| span.name).collect();
        assert_eq!(
            names,
            [
                "BEGIN", "SAVEPOINT", "SAVEPOINT", "DELETE players", "ROLLBACK", "RELEASE",
                "ROLLBACK", "SELECT players",
            ]
        );
    }

    async fn a_transaction_that_is_dropped_is_rolled_back(pool, _system) {
        let spans = capture_spans();
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
        drop(transaction);
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 3);
        assert_eq!(spans.tree(), "BEGIN\nDELETE players\nSELECT players\n");
    }

    async fn a_transaction_that_was_swapped_for_a_connection_does_not_seem_to_commit(pool, _system) {
        let spans = capture_spans();
        let other = another(&pool).await;
        for commits in [true, false] {
            let mut transaction = pool.begin().await.unwrap();
            let mut pooled = other.acquire().await.unwrap();
            sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
            mem::swap(&mut *transaction, &mut *pooled);
            assert_exchanged(if commits {
                transaction.commit().await
            } else {
                transaction.rollback().await
            });
            drop(pooled);
            let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
            assert_eq!(count.fetch_one(&pool).await.unwrap(), 3);
        }
        let ends = spans.spans().into_iter();
        let ends = ends.filter(|span| matches!(&*span.name, "COMMIT" | "ROLLBACK"));
        for end in ends.collect::<Vec<_>>() {
            let error_type = ("error.type".to_owned(), "_OTHER".into());
            assert!(end.attributes.contains(&error_type), "{end:?}");
        }
    }

    async fn a_transaction_whose_connection_of_sqlx_was_swapped_does_not_seem_to_commit(pool, _system) {
        let other = another(&pool).await;
        let mut transaction = pool.begin().await.unwrap();
        let mut pooled = other.acquire().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
        mem::swap(&mut **transaction, &mut **pooled);
        assert_exchanged(transaction.commit().await);
        // What sqlx's connections are swapped for is not ours to take back.
        drop(pooled.begin().await.unwrap());
        sqlx::query("ROLLBACK").execute(&mut *pooled).await.unwrap();
    }

    async fn a_transaction_that_was_swapped_and_swapped_back_commits(pool, _system) {
        let other = another(&pool).await;
        let mut transaction = pool.begin().await.unwrap();
        let mut pooled = other.acquire().await.unwrap();
        mem::swap(&mut *transaction, &mut *pooled);
        mem::swap(&mut *transaction, &mut *pooled);
        sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 0);
    }

    async fn two_transactions_that_were_swapped_commit_what_they_hold(pool, _system) {
        let other = another(&pool).await;
        let mut first = pool.begin().await.unwrap();
        let mut second = other.begin().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *first).await.unwrap();
        mem::swap(&mut *first, &mut *second);
        first.rollback().await.unwrap();
        second.commit().await.unwrap();
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 0);
    }

    async fn a_savepoint_that_was_swapped_for_a_transaction_does_not_seem_to_commit(pool, _system) {
        let other = another(&pool).await;
        let mut outer = pool.begin().await.unwrap();
        let mut connection = other.acquire().await.unwrap();
        let mut savepoint = outer.begin().await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        mem::swap(&mut *savepoint, &mut *transaction);
        assert_exchanged(savepoint.commit().await);
        assert_exchanged(transaction.commit().await);
        // Each was rolled back where it was.
        outer.commit().await.unwrap();
        connection.begin().await.unwrap().commit().await.unwrap();
    }

    async fn a_transaction_around_a_forgotten_savepoint_does_not_seem_to_commit(pool, _system) {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM players").execute(&mut *transaction).await.unwrap();
        mem::forget(transaction.begin().await.unwrap());
        assert_exchanged(transaction.commit().await);
    }

    async fn a_transaction_commits_after_savepoints_that_were_dropped(pool, _system) {
        for _ in 0..100 {
            let mut transaction = pool.begin().await.unwrap();
            let mut savepoint = transaction.begin().await.unwrap();
            sqlx::query("DELETE FROM players").execute(&mut *savepoint).await.unwrap();
            drop(savepoint.begin().await.unwrap());
            drop(savepoint);
            sqlx::query("UPDATE players SET name = 'anna' WHERE id = 1")
                .execute(&mut *transaction)
                .await
                .unwrap();
            drop(transaction.begin().await.unwrap());
            transaction.commit().await.unwrap();
        }
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players WHERE name <> 'ana'");
        assert_eq!(count.fetch_one(&pool).await.unwrap(), 3);
    }
}
