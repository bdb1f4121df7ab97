//! A server, where there is one.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands as _, ConnectionAddr, ConnectionInfo, RedisResult, Value};
use telemetry_otel::testing::{capture_metrics, capture_spans};
use telemetry_redis::{QueryText, TracedConnection};
use test_servers::RedisServer;

async fn connect() -> Option<(TracedConnection<ConnectionManager>, ConnectionInfo)> {
    let client = redis::Client::open(RedisServer::shared()?).unwrap();
    let info = client.get_connection_info().clone();
    let builder = TracedConnection::builder().with_connection_info(&info);
    let connection = client.get_connection_manager().await.unwrap();
    Some((builder.build(connection), info))
}

#[tokio::test]
async fn a_server_answers_as_without_us() {
    let Some((mut cache, info)) = connect().await else {
        return;
    };
    let spans = capture_spans();
    let key = format!("telemetry-redis:{}", std::process::id());
    let _: () = cache.set(&key, "abc").await.unwrap();
    let value: String = cache.get(&key).await.unwrap();
    assert_eq!(value, "abc");
    let not_a_number: RedisResult<i64> = cache.incr(&key, 1).await;
    assert_eq!(not_a_number.unwrap_err().code(), Some("ERR"));
    let (first, second): (i64, i64) = redis::pipe()
        .atomic()
        .del(&key)
        .incr(&key, 5)
        .query_async(&mut cache)
        .await
        .unwrap();
    assert_eq!((first, second), (1, 5));
    let failed: RedisResult<(i64, i64)> = redis::pipe()
        .set(&key, "abc")
        .ignore()
        .incr(&key, 1)
        .lpush(&key, 1)
        .query_async(&mut cache)
        .await;
    failed.unwrap_err();
    let _: () = cache.del(&key).await.unwrap();
    assert_eq!(spans.tree(), "SET\nGET\nINCRBY\nMULTI\nPIPELINE\nDEL\n");
    assert_eq!(spans.single("INCRBY")["db.response.status_code"], "ERR");
    assert_eq!(spans.single("PIPELINE")["error.type"], "ERR");
    let ConnectionAddr::Tcp(_, port) = info.addr() else {
        panic!("a test of TCP")
    };
    assert_eq!(spans.single("SET")["server.port"], i64::from(*port));
}

#[tokio::test]
async fn what_a_script_says_is_on_no_span_and_no_metric() {
    let Some((cache, info)) = connect().await else {
        return;
    };
    let mut cache = TracedConnection::builder()
        .with_connection_info(&info)
        .with_query_text(QueryText::Keys)
        .build(cache.into_inner());
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let script = redis::Script::new("return redis.error_reply('USERFIVE s3cret')");
    let mut eval = redis::cmd("EVAL");
    eval.arg("return redis.error_reply('USERFIVE s3cret')")
        .arg(0);
    let failed: RedisResult<Value> = eval.query_async(&mut cache).await;
    assert_eq!(failed.unwrap_err().code(), Some("USERFIVE"));
    let span = spans.single("EVAL");
    assert_eq!(span["error.type"], "_OTHER");
    assert_eq!(span.get("db.response.status_code"), None);
    assert_eq!(
        span["db.query.text"],
        format!("EVAL {} ?", script.get_hash()).as_str()
    );
    let recorded = format!("{span:?} {:?}", metrics.measurements());
    assert!(
        !recorded.contains("USERFIVE") && !recorded.contains("s3cret"),
        "{recorded}"
    );
}
