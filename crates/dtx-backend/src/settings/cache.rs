//! The settings of the cache.

use std::fmt;

use telemetry_core::EnvironmentReader;

use crate::cache;

/// Where values are cached.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CacheSettings {
    /// `REDIS_URL`.
    pub redis_url: Option<String>,
}

impl fmt::Debug for CacheSettings {
    /// Shows the URL's presence alone: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSettings")
            .field("has_redis_url", &self.redis_url.is_some())
            .finish()
    }
}

impl CacheSettings {
    /// Reads the settings; what is wrong is with the reader.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut settings = Self::default();
        reader.parsed(
            "REDIS_URL",
            &mut settings.redis_url,
            |text| cache::check_redis_url(text).map(|()| Some(text.to_owned())),
            |_| "none",
        );
        settings
    }
}
