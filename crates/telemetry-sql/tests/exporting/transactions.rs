//! Transactions and savepoints.

use telemetry_otel::testing::capture_spans;

use crate::databases::on_each_database;

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
}
