//! Each kind of call, on pools, connections and transactions, and what is recorded of it.

use futures_util::TryStreamExt as _;
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use sqlx::{AssertSqlSafe, Either, Executor as _, QueryBuilder, Statement as _};
use telemetry_otel::testing::{SpanCapture, capture_metrics, capture_spans, sorted};

use crate::DURATION;
use crate::databases::{on_each_database, with_target};

const FIND: &str = "SELECT id, name FROM players WHERE id < $1 ORDER BY id";

/// Asserts that there was one statement since, with this name and number of rows returned and
/// affected.
#[track_caller]
fn assert_one(
    spans: &SpanCapture,
    seen: &mut usize,
    name: &str,
    returned: Option<i64>,
    affected: Option<i64>,
) {
    let all = spans.spans();
    let [span] = &all[*seen..] else {
        panic!("{:#?}", &all[*seen..])
    };
    *seen += 1;
    assert_eq!(span.name, name);
    assert_eq!(
        (&span.kind, &span.status),
        (&SpanKind::Client, &Status::Unset)
    );
    let rows = |key| span.get(key).map(|rows| rows.as_i64().unwrap());
    assert_eq!(rows("db.response.returned_rows"), returned);
    assert_eq!(rows("sql.affected_rows"), affected);
    assert_eq!(span["db.query.summary"], name);
}

/// Makes each kind of call on an executor, which is written anew for each.
macro_rules! make_each_call {
    ($spans:ident, $executor:expr) => {{
        let mut seen = $spans.spans().len();
        let find = || sqlx::query_as::<_, (i32, String)>(FIND).bind(3);
        let expected = vec![(1, "ana".to_owned()), (2, "ben".to_owned())];

        assert_eq!(find().fetch_all($executor).await.unwrap(), expected);
        assert_one(&$spans, &mut seen, "SELECT players", Some(2), None);
        assert_eq!(find().fetch_one($executor).await.unwrap(), expected[0]);
        assert_one(&$spans, &mut seen, "SELECT players", Some(1), None);
        let found = find().fetch_optional($executor).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected[0]));
        assert_one(&$spans, &mut seen, "SELECT players", Some(1), None);
        let none = sqlx::query(FIND).bind(0).fetch_optional($executor).await;
        assert!(none.unwrap().is_none());
        assert_one(&$spans, &mut seen, "SELECT players", Some(0), None);
        let found: Vec<_> = find().fetch($executor).try_collect().await.unwrap();
        assert_eq!(found, expected);
        assert_one(&$spans, &mut seen, "SELECT players", Some(2), None);

        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM players");
        assert_eq!(count.fetch_one($executor).await.unwrap(), 3);
        assert_one(&$spans, &mut seen, "SELECT players", Some(1), None);

        let mut insert = QueryBuilder::new("INSERT INTO players ");
        insert.push_values([(7, "gil"), (8, "hal")], |mut row, (id, name)| {
            row.push_bind(id).push_bind(name);
        });
        let done = insert.build().execute($executor).await.unwrap();
        assert_eq!(done.rows_affected(), 2);
        assert_one(&$spans, &mut seen, "INSERT players", None, Some(2));
        let delete = "DELETE FROM players WHERE id > 3 RETURNING id";
        let deleted = ($executor).fetch_all(delete).await.unwrap();
        assert_eq!(deleted.len(), 2);
        assert_one(&$spans, &mut seen, "DELETE players", Some(2), Some(2));

        let both = "UPDATE players SET name = name; SELECT id FROM players";
        let steps: Vec<_> = sqlx::raw_sql(both)
            .fetch_many($executor)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(
            steps
                .iter()
                .filter(|step| matches!(step, Either::Right(_)))
                .count(),
            3
        );
        assert_eq!($spans.spans()[seen].get("db.operation.name"), None);
        let name = "UPDATE players SELECT players";
        assert_one(&$spans, &mut seen, name, Some(3), None);
        let update = AssertSqlSafe("UPDATE players SET name = 'ben' WHERE id = 2".to_owned());
        let results: Vec<_> = ($executor)
            .execute_many(update)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(results.len(), 1);
        assert_one(&$spans, &mut seen, "UPDATE players", None, Some(1));

        let statement = ($executor)
            .prepare(sqlx::SqlStr::from_static(FIND))
            .await
            .unwrap();
        assert_one(&$spans, &mut seen, "PREPARE SELECT players", None, None);
        assert_eq!(statement.columns().len(), 2);
        let found = statement
            .query()
            .bind(3)
            .fetch_all($executor)
            .await
            .unwrap();
        assert_eq!(found.len(), 2);
        assert_one(&$spans, &mut seen, "SELECT players", Some(2), None);
        let described = ($executor)
            .describe(sqlx::SqlStr::from_static(FIND))
            .await
            .unwrap();
        assert_eq!(described.columns().len(), 2);
        assert_one(&$spans, &mut seen, "DESCRIBE SELECT players", None, None);
    }};
}

on_each_database! {
    async fn a_pool_records_each_kind_of_call(pool, _system) {
        let spans = capture_spans();
        make_each_call!(spans, &pool);
    }

    async fn a_connection_records_each_kind_of_call(pool, _system) {
        let spans = capture_spans();
        let mut connection = pool.acquire().await.unwrap();
        make_each_call!(spans, &mut *connection);
    }

    async fn a_transaction_records_each_kind_of_call(pool, _system) {
        let spans = capture_spans();
        let mut transaction = pool.begin().await.unwrap();
        make_each_call!(spans, &mut *transaction);
        transaction.rollback().await.unwrap();
    }

    async fn a_span_and_its_measurement_say_what_was_done_and_where(pool, system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let find = sqlx::query(FIND).bind(3);
        find.fetch_all(&pool).await.unwrap();
        let of_both = [
            ("db.collection.name", Value::from("players")),
            ("db.operation.name", "SELECT".into()),
            ("db.query.summary", "SELECT players".into()),
        ];
        let of_span = [
            &of_both[..],
            &[
                ("db.query.text", Value::from(FIND)),
                ("db.response.returned_rows", 2.into()),
            ],
        ].concat();
        let span = spans.single("SELECT players");
        assert_eq!(sorted(&span.attributes), with_target(system, &of_span));
        let duration = metrics.single(DURATION);
        assert_eq!(sorted(&duration.attributes), with_target(system, &of_both));
        assert_eq!(duration.unit, "s");
        assert!((0.0..10.0).contains(&duration.value));
    }
}

#[tokio::test]
async fn a_connection_without_a_pool_is_recorded_too() {
    use sqlx::Connection as _;
    let spans = capture_spans();
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:")
        .await
        .unwrap();
    let mut connection = telemetry_sql::TracedConnection::<sqlx::Sqlite>::new(&mut connection);
    let one: i64 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(one, 1);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("CREATE TABLE a (b)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(spans.tree(), "SELECT\nBEGIN\nCREATE TABLE a\nCOMMIT\n");
    assert_eq!(
        spans.single("BEGIN")["db.query.text"],
        Value::from("BEGIN IMMEDIATE")
    );
}
