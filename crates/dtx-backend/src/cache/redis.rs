//! A cache in Redis, which may be away.

mod health;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncCommands as _, Client, ExistenceCheck, RedisFuture, RedisResult, SetExpiry, SetOptions,
    pipe,
};
use telemetry_redis::TracedConnection;
use tokio::time::timeout;

use crate::cache::redis::health::Health;
use crate::cache::{Found, LIFETIME};

/// What stands for a value that has just been changed.
const CHANGED: &str = "";
/// How long it stands there. Nothing can be put in its place meanwhile.
const CHANGED_FOR: Duration = Duration::from_secs(5);
/// How long ago the reading of a value may have begun: less than that.
const FRESH: Duration = Duration::from_secs(4);
/// How long Redis may take for a command, and for a connection.
const RESPONSE: Duration = Duration::from_millis(200);
/// How long it may take for both.
const PATIENCE: Duration = Duration::from_millis(250);

/// Values in Redis.
pub(super) struct Redis {
    connection: TracedConnection<ConnectionManager>,
    health: Health,
    /// What has been changed while Redis was away, and when: it must be told, before anything that
    /// it has counts again. No longer than the values live.
    untold: Mutex<HashMap<String, Instant>>,
}

impl Redis {
    /// Prepares a connection, which is made when it is needed.
    ///
    /// # Errors
    ///
    /// When it is no URL of a Redis.
    pub(super) fn open(url: &str) -> anyhow::Result<Self> {
        let client = client(url).map_err(|problem| anyhow!("REDIS_URL: {problem}"))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE))
            .set_response_timeout(Some(RESPONSE))
            // The next command tries again.
            .set_number_of_retries(0);
        let builder =
            TracedConnection::builder().with_connection_info(client.get_connection_info());
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self {
            connection: builder.build(connection),
            health: Health::default(),
            untold: Mutex::default(),
        })
    }

    pub(super) async fn get(&self, key: &str) -> Found {
        if !self.tell_untold().await {
            return Found::Closed;
        }
        let mut connection = self.connection.clone();
        let value: Option<Option<String>> = self.ask(connection.get(key)).await;
        match value {
            Some(Some(value)) if value == CHANGED => Found::Closed,
            Some(Some(value)) => Found::Value(value),
            Some(None) => Found::Nothing,
            None => Found::Closed,
        }
    }

    /// Caches a value that was read `since` then, unless it was changed after.
    pub(super) async fn put(&self, key: &str, value: String, since: Instant) {
        // Of a change that was so long ago nothing stands there any more.
        if since.elapsed() >= FRESH {
            return;
        }
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::EX(LIFETIME.as_secs()));
        let mut connection = self.connection.clone();
        let put: RedisFuture<'_, ()> = connection.set_options(key, value, options);
        // What is not there is asked of the database.
        let _is_put = self.ask(put).await;
    }

    pub(super) async fn changed(&self, keys: Vec<String>) {
        if !self.tell(&keys).await {
            let now = Instant::now();
            let mut untold = self.lock_untold();
            untold.retain(|_, at| now.duration_since(*at) < LIFETIME + FRESH);
            untold.extend(keys.into_iter().map(|key| (key, now)));
        }
    }

    /// Tells what has been changed while Redis was away; says whether it knows all now.
    async fn tell_untold(&self) -> bool {
        let keys: Vec<String> = self.lock_untold().keys().cloned().collect();
        if keys.is_empty() {
            return true;
        }
        let now = Instant::now();
        let is_told = self.tell(&keys).await;
        if is_told {
            // But what has been changed since.
            self.lock_untold().retain(|_, at| *at > now);
        }
        is_told
    }

    /// Says that values of these keys do not count any more; says whether it could.
    async fn tell(&self, keys: &[String]) -> bool {
        let expiry = SetExpiry::EX(CHANGED_FOR.as_secs());
        let mut told = pipe();
        for key in keys {
            let options = SetOptions::default().with_expiration(expiry);
            told.set_options(key, CHANGED, options).ignore();
        }
        let mut connection = self.connection.clone();
        self.ask(told.exec_async(&mut connection)).await.is_some()
    }

    /// Waits for an answer; nothing when Redis is away, which takes no time once that is known.
    async fn ask<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let attempt = self.health.attempt()?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => {
                attempt.succeeded();
                return Some(answer);
            }
            Ok(Err(error)) => attempt.failed(&error),
            Err(late) => attempt.failed(&late),
        }
        None
    }

    fn lock_untold(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a URL.
///
/// # Errors
///
/// When it is none: what would be right. It may hold a password, and is not shown.
pub(super) fn client(url: &str) -> Result<Client, String> {
    let wanted = "it is not the URL of a Redis such as redis://127.0.0.1:6379/";
    Client::open(url).map_err(|_| wanted.to_owned())
}

#[cfg(test)]
mod tests;
