//! A cache in Redis, which may be away.

mod health;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncCommands as _, Client, ConnectionAddr, ExistenceCheck, RedisResult, SetExpiry, SetOptions,
    pipe,
};
use telemetry_redis::TracedConnection;
use tokio::time::timeout;

use crate::cache::redis::health::Health;
use crate::cache::{Found, LIFETIME};
use crate::settings::TlsSettings;
use crate::tls;

type Connection = TracedConnection<ConnectionManager>;

/// What stands for a value that has just been changed.
const CHANGED: &str = "";
/// How long it stands there. Nothing can be put in its place meanwhile.
const CHANGED_FOR: Duration = Duration::from_secs(5);
/// How long ago the reading of a value may have begun: less than that.
const FRESH: Duration = Duration::from_secs(4);
/// How long Redis may take for a command, and for a connection.
const RESPONSE: Duration = Duration::from_millis(200);
/// How long it may take for both.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(250);

/// Values in Redis.
pub(super) struct Redis {
    client: Client,
    connection: Mutex<Numbered>,
    health: Health,
    /// What has been changed while Redis was away, and when: it must be told, before anything that
    /// it has counts again. No longer than the values live.
    untold: Mutex<HashMap<String, Instant>>,
}

/// A connection by its number: the one after it is made once.
#[derive(Clone)]
struct Numbered {
    number: u64,
    connection: Connection,
}

impl Redis {
    /// Prepares a connection, which is made when it is needed.
    ///
    /// # Errors
    ///
    /// When it is no URL of a Redis.
    pub(super) fn open(url: &str, tls: &TlsSettings) -> anyhow::Result<Self> {
        let mut client = client(url).map_err(|problem| anyhow!("REDIS_URL: {problem}"))?;
        if matches!(
            client.get_connection_info().addr(),
            ConnectionAddr::TcpTls { .. }
        ) {
            tls::install_provider();
            let info = client.get_connection_info().clone();
            client = Client::build_with_tls(info, tls.private().for_redis())?;
        }
        let connection = Mutex::new(Numbered {
            number: 0,
            connection: connection(&client)?,
        });
        Ok(Self {
            client,
            connection,
            health: Health::default(),
            untold: Mutex::default(),
        })
    }

    pub(super) async fn get(&self, key: &str) -> Found {
        if !self.tell_untold().await {
            return Found::Closed;
        }
        let value: Option<Option<String>> = self
            .ask(async |mut connection| connection.get(key).await)
            .await;
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
        let put = async |mut connection: Connection| -> RedisResult<()> {
            connection.set_options(key, value, options).await
        };
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
        let execute = async |mut connection: Connection| told.exec_async(&mut connection).await;
        self.ask(execute).await.is_some()
    }

    /// Waits for an answer; nothing when Redis is away, which takes no time once that is known.
    async fn ask<T>(&self, command: impl AsyncFnOnce(Connection) -> RedisResult<T>) -> Option<T> {
        let attempt = self.health.attempt()?;
        let Numbered { number, connection } = self.lock_connection().clone();
        match timeout(COMMAND_TIMEOUT, command(connection)).await {
            Ok(Ok(answer)) => {
                attempt.succeeded();
                return Some(answer);
            }
            Ok(Err(error)) => {
                if error.is_timeout() {
                    self.replace(number);
                }
                attempt.failed(&error);
            }
            Err(late) => {
                self.replace(number);
                attempt.failed(&late);
            }
        }
        None
    }

    /// Gives up a connection on which no answer comes: one whose packets are lost on the way stays
    /// open, for minutes. Another is made for the next command, unless that was done already.
    fn replace(&self, number: u64) {
        let mut current = self.lock_connection();
        if current.number == number
            && let Ok(connection) = connection(&self.client)
        {
            *current = Numbered {
                number: number.wrapping_add(1),
                connection,
            };
        }
    }

    fn lock_connection(&self) -> MutexGuard<'_, Numbered> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_untold(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prepares a connection, which is made by the first command.
fn connection(client: &Client) -> RedisResult<Connection> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(RESPONSE))
        .set_response_timeout(Some(RESPONSE))
        // The next command tries again.
        .set_number_of_retries(0);
    let builder = TracedConnection::builder().with_connection_info(client.get_connection_info());
    let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
    Ok(builder.build(connection))
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
