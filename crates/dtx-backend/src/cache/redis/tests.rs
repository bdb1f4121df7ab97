//! What Redis itself makes of it: with a server on the usual port, where there is one.

use std::convert::Infallible;

use crate::cache::Cache;

use super::*;

const URL: &str = "redis://127.0.0.1:6379/";

/// A key that nobody else has, and the server; nothing where none answers.
async fn redis(name: &str) -> Option<(String, Redis)> {
    let redis = Redis::open(URL, &TlsSettings::default()).unwrap();
    let key = format!("dtx-test:{}:{name}", std::process::id());
    match redis.tell(std::slice::from_ref(&key)).await {
        true => {
            remove(&redis, &key).await;
            Some((key, redis))
        }
        false => {
            eprintln!("left out: no Redis answers at {URL}");
            None
        }
    }
}

async fn remove(redis: &Redis, key: &str) {
    let mut connection = redis.lock_connection().connection.clone();
    let _: () = connection.del(key).await.unwrap();
}

async fn lifetime(redis: &Redis, key: &str) -> i64 {
    let mut connection = redis.lock_connection().connection.clone();
    connection.ttl(key).await.unwrap()
}

#[tokio::test]
async fn a_value_is_cached_for_a_minute_and_the_mark_of_a_change_for_less() {
    let Some((key, redis)) = redis("lifetimes").await else {
        return;
    };
    redis.put(&key, "1".to_owned(), Instant::now()).await;
    assert!(matches!(redis.get(&key).await, Found::Value(value) if value == "1"));
    assert!((50..=60).contains(&lifetime(&redis, &key).await));
    // What is there stays.
    redis.put(&key, "2".to_owned(), Instant::now()).await;
    assert!(matches!(redis.get(&key).await, Found::Value(value) if value == "1"));
    redis.changed(vec![key.clone()]).await;
    assert!(matches!(redis.get(&key).await, Found::Closed));
    assert!((1..=5).contains(&lifetime(&redis, &key).await));
    remove(&redis, &key).await;
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_cached_after_it() {
    let Some((key, redis)) = redis("race").await else {
        return;
    };
    let cache = Cache::open(Some(URL), &TlsSettings::default()).unwrap();
    let read = async {
        // Somebody else is faster.
        cache.changed(vec![key.clone()]).await;
        Ok::<_, Infallible>(Some("old".to_owned()))
    };
    let value = cache.value(&key, read).await;
    assert_eq!(value, Ok(Some("old".to_owned())));
    assert!(matches!(redis.get(&key).await, Found::Closed));
    let read = async { Ok::<_, Infallible>(Some("new".to_owned())) };
    let value = cache.value(&key, read).await;
    assert_eq!(value, Ok(Some("new".to_owned())));
    remove(&redis, &key).await;
}

#[tokio::test]
async fn what_took_too_long_to_read_is_not_cached() {
    let Some((key, redis)) = redis("late").await else {
        return;
    };
    let since = Instant::now().checked_sub(FRESH).unwrap();
    redis.put(&key, "1".to_owned(), since).await;
    assert!(matches!(redis.get(&key).await, Found::Nothing));
}
