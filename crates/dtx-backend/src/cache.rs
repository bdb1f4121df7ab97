//! What need not be asked of the database again: tables, and who is logged in.
//!
//! A value is cached for [`LIFETIME`] at most, in Redis for all processes, or else within this one for
//! a second: nobody would tell it what others change. [`Cache::changed`] is called whenever
//! something has been changed that a value follows from, once that is committed. Whoever has read
//! the database before, and comes with a value after, is refused: so no change is overlooked.

mod memory;
mod redis;
mod sessions;
mod standings;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use sessions::Sessions;
pub(crate) use standings::{LeagueStandings, Standings, Tables, TournamentStandings};

use crate::cache::memory::Memory;
use crate::cache::redis::Redis;
use crate::settings::TlsSettings;

/// How long a value is cached in Redis.
const LIFETIME: Duration = Duration::from_secs(60);
/// How many bytes a value may have to be cached.
const LARGEST_VALUE: usize = 64 * 1024;

/// Looks at the URL of a Redis.
///
/// # Errors
///
/// When it is none: what would be right. It may hold a password, and is not shown.
pub(crate) fn check_redis_url(url: &str) -> Result<(), String> {
    redis::client(url).map(|_| ())
}

/// Values by keys, for a while. Clones share them.
#[derive(Clone)]
pub(crate) struct Cache(Arc<Place>);

/// Where values are.
enum Place {
    Memory(Memory),
    Redis(Box<Redis>),
}

/// What is found of a key.
enum Found {
    Value(String),
    /// Nothing: what is read of the database may be put there.
    Nothing,
    /// Nothing that counts, and nothing may be put there: it has just been changed, or the cache
    /// does not answer.
    Closed,
}

impl Cache {
    /// Caches in the Redis at a URL, which need not answer yet, or else in this process.
    ///
    /// # Errors
    ///
    /// When it is no URL of a Redis. The error does not show it.
    pub(crate) fn open(redis_url: Option<&str>, tls: &TlsSettings) -> anyhow::Result<Self> {
        let place = match redis_url {
            Some(url) => Place::Redis(Box::new(Redis::open(url, tls)?)),
            None => Place::Memory(Memory::default()),
        };
        Ok(Self(Arc::new(place)))
    }

    /// The value of a key: the one that is cached, or what `read` finds, which is cached then.
    ///
    /// # Errors
    ///
    /// When there is none and `read` fails. A cache that does not answer is as an empty one.
    pub(crate) async fn value<T, E>(
        &self,
        key: &str,
        read: impl Future<Output = Result<Option<T>, E>>,
    ) -> Result<Option<T>, E>
    where
        T: DeserializeOwned + Serialize,
    {
        let since = Instant::now();
        let found = self.get(key).await;
        if let Found::Value(text) = &found
            // Another version of the program may have put something else there.
            && let Ok(value) = serde_json::from_str(text)
        {
            return Ok(Some(value));
        }
        let value = read.await?;
        if let (Found::Nothing, Some(value)) = (found, &value)
            && let Ok(text) = serde_json::to_string(value)
            && text.len() <= LARGEST_VALUE
        {
            self.put(key, text, since).await;
        }
        Ok(value)
    }

    /// Forgets what is cached of these keys, and whatever is being read of the database now.
    pub(crate) async fn changed(&self, keys: Vec<String>) {
        match &*self.0 {
            Place::Memory(memory) => memory.changed(&keys),
            Place::Redis(redis) => redis.changed(keys).await,
        }
    }

    async fn get(&self, key: &str) -> Found {
        match &*self.0 {
            Place::Memory(memory) => memory.get(key),
            Place::Redis(redis) => redis.get(key).await,
        }
    }

    /// Caches what has been read `since` then, unless it may have been changed meanwhile.
    async fn put(&self, key: &str, value: String, since: Instant) {
        match &*self.0 {
            Place::Memory(memory) => memory.put(key, value, since),
            Place::Redis(redis) => redis.put(key, value, since).await,
        }
    }
}

impl fmt::Debug for Cache {
    /// Shows no value: whoever has a key may not have its value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}
