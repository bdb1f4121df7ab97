//! A server, where there is one.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands as _, ConnectionAddr, ConnectionInfo, RedisResult};
use telemetry_otel::testing::capture_spans;
use telemetry_redis::TracedConnection;
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
