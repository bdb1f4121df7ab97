//! What the site has put into a Redis.

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, Client};
use test_servers::RedisServer;

pub(crate) trait CacheContents {
    /// Forgets all that it has.
    async fn empty(&self);

    /// The keys that it has and that say more than that something has changed.
    async fn keys(&self) -> Vec<String>;
}

impl CacheContents for RedisServer {
    async fn empty(&self) {
        let flush = redis::cmd("FLUSHALL");
        flush.exec_async(&mut connect(self).await).await.unwrap();
    }

    async fn keys(&self) -> Vec<String> {
        let mut connection = connect(self).await;
        let keys: Vec<String> = connection.keys("*").await.unwrap();
        let mut with_values = Vec::new();
        for key in keys {
            let value: Option<String> = connection.get(&key).await.unwrap();
            if value.is_some_and(|value| !value.is_empty()) {
                with_values.push(key);
            }
        }
        with_values
    }
}

async fn connect(server: &RedisServer) -> MultiplexedConnection {
    let client = Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
