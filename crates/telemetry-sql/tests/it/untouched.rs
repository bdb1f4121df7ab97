//! What happens to queries where nothing exports and no statement is slow: nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteStatement};
use sqlx::{Execute, Executor as _, SqlStr, Sqlite};
use telemetry_sql::TracedPool;

use crate::players;

/// A query that tells whether it was looked at.
struct Query {
    is_seen: Arc<AtomicBool>,
}

impl Execute<'_, Sqlite> for Query {
    fn sql(self) -> SqlStr {
        self.is_seen.store(true, Ordering::Relaxed);
        SqlStr::from_static("SELECT id FROM players")
    }

    fn statement(&self) -> Option<&SqliteStatement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<SqliteArguments>, BoxDynError> {
        self.is_seen.store(true, Ordering::Relaxed);
        Ok(None)
    }

    fn persistent(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn nobody_looks_at_a_query_before_its_driver_where_no_statement_is_slow() {
    let pool = players().await;
    let pool = TracedPool::builder((*pool).clone())
        .with_slow_statement(Duration::ZERO)
        .build();
    let is_seen = Arc::new(AtomicBool::new(false));
    let query = || Query {
        is_seen: Arc::clone(&is_seen),
    };
    let rows = (&pool).fetch_many(query());
    let row = (&pool).fetch_optional(query());
    assert!(!is_seen.load(Ordering::Relaxed));
    assert_eq!(rows.try_collect::<Vec<_>>().await.unwrap().len(), 4);
    assert!(is_seen.load(Ordering::Relaxed));
    assert!(row.await.unwrap().is_some());
}

#[tokio::test]
async fn the_driver_gets_a_query_as_it_was_where_statements_are_timed() {
    let pool = players().await;
    let pool = TracedPool::builder((*pool).clone())
        .with_slow_statement(Duration::from_secs(60))
        .build();
    let is_seen = Arc::new(AtomicBool::new(false));
    let query = || Query {
        is_seen: Arc::clone(&is_seen),
    };
    let rows = (&pool).fetch_many(query());
    assert_eq!(rows.try_collect::<Vec<_>>().await.unwrap().len(), 4);
    assert!((&pool).fetch_optional(query()).await.unwrap().is_some());
}

#[tokio::test]
async fn errors_are_those_of_sqlx() {
    let pool = players().await;
    let failed = sqlx::query("INSERT INTO players VALUES (1, 'dan')").execute(&pool);
    let error = failed.await.unwrap_err().into_database_error().unwrap();
    assert_eq!(error.code().unwrap(), "1555");
    let bound = sqlx::query("SELECT ?").bind(Unencodable);
    let error = bound.fetch_optional(&pool).await.unwrap_err();
    assert!(matches!(error, sqlx::Error::Encode(_)), "{error:?}");
}

/// A value that cannot be sent.
struct Unencodable;

impl sqlx::Type<Sqlite> for Unencodable {
    fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
        <i64 as sqlx::Type<Sqlite>>::type_info()
    }
}

impl sqlx::Encode<'_, Sqlite> for Unencodable {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::sqlite::SqliteArgumentsBuffer,
    ) -> Result<sqlx::encode::IsNull, BoxDynError> {
        Err("not to be sent".into())
    }
}
