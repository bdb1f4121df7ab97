//! The settings of the application.

mod bot;
mod cache;
mod daemons;
mod events;
mod jobs;
mod proxies;
mod tls;
mod variables;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use http::Uri;
use telemetry_core::{Environment, EnvironmentReader};

pub use bot::BotSettings;
pub use cache::CacheSettings;
pub use daemons::DaemonSettings;
pub use events::EventSettings;
pub use jobs::JobSettings;
pub use proxies::ProxySettings;
pub use tls::TlsSettings;
pub use variables::VARIABLES;

use crate::store::DatabaseUrl;

const DEFAULT_BIND: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8000);
const DEFAULT_STEAM_URL: &str = "https://api.steampowered.com";
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_PICK_TIME: Duration = Duration::from_secs(30);
const LONGEST_SECONDS: u64 = 3600;

/// The settings of the application. Those of telemetry are
/// [`telemetry_core::Config`]'s. See [`VARIABLES`] for what each means.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `DTX_BIND`.
    pub bind: SocketAddr,
    /// `DATABASE_URL`.
    pub database_url: DatabaseUrl,
    /// `REDIS_URL`.
    pub cache: CacheSettings,
    /// `DTX_SAMPLE_DATA`.
    pub sample_data: bool,
    /// `DTX_COOKIE_SECURE`.
    pub cookie_secure: bool,
    /// `DTX_DEBUG_ROUTES`.
    pub debug_routes: bool,
    /// `DTX_SHUTDOWN_TIMEOUT`.
    pub shutdown_timeout: Duration,
    /// `DTX_PICK_SECONDS`.
    pub pick_time: Duration,
    /// `DTX_JOB_BACKOFF_MS`, `DTX_WORKER_TIMEOUT` and `DTX_CLEANUP_SCHEDULE`.
    pub jobs: JobSettings,
    /// `DTX_BOT_BIND`, `DISCORD_PUBLIC_KEY`, `DTX_API_URL` and `DTX_API_TOKEN`.
    pub bot: BotSettings,
    /// `AMQP_URL`, `DTX_EVENTS_EXCHANGE` and `DISCORD_WEBHOOK_URL`.
    pub events: EventSettings,
    /// `DTX_CYCLE_SECONDS`, `DTX_NOTIFY_BEFORE` and `DTX_GAME_MINUTES`.
    pub daemons: DaemonSettings,
    /// `STEAM_API_URL` and `STEAM_API_KEY`.
    pub steam: SteamSettings,
    /// `SSL_CERT_FILE`, `SSL_CERT_DIR`, `DTX_TLS_CA`, `DTX_TLS_CERT` and `DTX_TLS_KEY`.
    pub tls: TlsSettings,
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub proxies: ProxySettings,
}

/// How the Steam web API is reached.
#[derive(Clone)]
#[non_exhaustive]
pub struct SteamSettings {
    /// `STEAM_API_URL`.
    pub url: String,
    /// `STEAM_API_KEY`.
    pub key: Option<String>,
}

impl fmt::Debug for SteamSettings {
    /// Shows the key's presence alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteamSettings")
            .field("url", &self.url)
            .field("has_key", &self.key.is_some())
            .finish()
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// When a variable is set to what it cannot be. The error is one line that names each
    /// such variable and says what would be right; it does not show the database's URL,
    /// which may hold a password.
    pub fn from_environment(environment: &Environment) -> anyhow::Result<Self> {
        let mut reader = EnvironmentReader::new(environment);
        let mut bind = DEFAULT_BIND;
        reader.parsed(
            "DTX_BIND",
            &mut bind,
            |text| parse_address(text, DEFAULT_BIND),
            ToString::to_string,
        );
        let is_local = bind.ip().to_canonical().is_loopback();
        let mut settings = Self {
            bind,
            database_url: DatabaseUrl::default(),
            cache: CacheSettings::read(&mut reader),
            sample_data: is_local,
            cookie_secure: false,
            debug_routes: false,
            shutdown_timeout: DEFAULT_SHUTDOWN_TIMEOUT,
            pick_time: DEFAULT_PICK_TIME,
            jobs: JobSettings::read(&mut reader)?,
            bot: BotSettings::read(&mut reader),
            events: EventSettings::read(&mut reader),
            daemons: DaemonSettings::read(&mut reader),
            steam: SteamSettings {
                url: DEFAULT_STEAM_URL.to_owned(),
                key: reader.get("STEAM_API_KEY").map(str::to_owned),
            },
            tls: TlsSettings::read(&mut reader),
            proxies: ProxySettings::read(&mut reader),
        };
        reader.parsed(
            "STEAM_API_URL",
            &mut settings.steam.url,
            |text| parse_url(text, DEFAULT_STEAM_URL),
            String::clone,
        );
        reader.parsed(
            "DATABASE_URL",
            &mut settings.database_url,
            DatabaseUrl::parse,
            ToString::to_string,
        );
        reader.bool("DTX_SAMPLE_DATA", &mut settings.sample_data);
        reader.bool("DTX_COOKIE_SECURE", &mut settings.cookie_secure);
        reader.bool("DTX_DEBUG_ROUTES", &mut settings.debug_routes);
        reader.parsed(
            "DTX_SHUTDOWN_TIMEOUT",
            &mut settings.shutdown_timeout,
            parse_seconds,
            Duration::as_secs,
        );
        reader.parsed(
            "DTX_PICK_SECONDS",
            &mut settings.pick_time,
            |text| parse_seconds_from(1, text),
            Duration::as_secs,
        );
        if settings.debug_routes && !is_local {
            let problem = "may only be true when DTX_BIND is a loopback address such as \
                           127.0.0.1:8000";
            reader.warn("DTX_DEBUG_ROUTES", problem, false);
        }
        let problems: Vec<_> = reader
            .into_warnings()
            .into_iter()
            .map(|warning| format!("{}: {}", warning.variable, warning.problem))
            .collect();
        if !problems.is_empty() {
            bail!("{}", problems.join("; "));
        }
        Ok(settings)
    }
}

fn parse_address(text: &str, example: SocketAddr) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not an address and port such as {example}"))
}

fn parse_url(text: &str, example: &str) -> Result<String, String> {
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    match text.parse() {
        Ok(uri) if is_http(&uri) => Ok(text.to_owned()),
        _ => Err(format!("it is not a URL such as {example}")),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| format!("{text:?} is not a number of whole seconds"))
}

/// Reads seconds from `least` to an hour.
fn parse_seconds_from(least: u64, text: &str) -> Result<Duration, String> {
    let range = least..=LONGEST_SECONDS;
    let seconds = parse_seconds(text)?;
    range
        .contains(&seconds.as_secs())
        .then_some(seconds)
        .ok_or_else(|| format!("{text:?} is not from {least} to {LONGEST_SECONDS}"))
}

#[cfg(test)]
mod tests {
    use telemetry_core::Variable;

    use super::*;

    fn read<const N: usize>(pairs: [(&str, &str); N]) -> anyhow::Result<Settings> {
        Settings::from_environment(&Environment::from_iter(pairs))
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let settings = read([]).unwrap();
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8000");
        assert_eq!(settings.database_url.to_string(), "data/dtx.sqlite");
        assert_eq!(settings.cache.redis_url, None);
        assert!(settings.sample_data);
        assert!(!settings.cookie_secure);
        assert!(!settings.debug_routes);
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(30));
        assert_eq!(settings.pick_time, Duration::from_secs(30));
        assert_eq!(settings.jobs.backoff, Duration::from_secs(1));
        assert_eq!(settings.jobs.worker_timeout, Duration::from_secs(15));
        assert_eq!(settings.jobs.clean_up.to_string(), "0 0 3 * * *");
        assert_eq!(settings.bot.bind.to_string(), "127.0.0.1:8001");
        assert_eq!(settings.bot.public_key, None);
        assert_eq!(settings.bot.api_url, None);
        assert_eq!(settings.bot.api_token, None);
        assert_eq!(settings.steam.url, "https://api.steampowered.com");
        assert_eq!(settings.steam.key, None);
    }

    #[test]
    fn each_variable_is_read() {
        let settings = read([
            ("DTX_BIND", "[::1]:0"),
            ("DATABASE_URL", "sqlite:///var/lib/dtx.sqlite"),
            ("REDIS_URL", "redis://:s3cret@10.0.0.1:6379/2"),
            ("DTX_SAMPLE_DATA", "no"),
            ("DTX_COOKIE_SECURE", "yes"),
            ("DTX_DEBUG_ROUTES", "1"),
            ("DTX_PICK_SECONDS", "7"),
            ("DTX_JOB_BACKOFF_MS", "250"),
            ("DTX_WORKER_TIMEOUT", "2"),
            ("DTX_CLEANUP_SCHEDULE", "* * * * * *"),
            ("DTX_SHUTDOWN_TIMEOUT", "5"),
            ("DTX_BOT_BIND", "0.0.0.0:80"),
            ("DISCORD_PUBLIC_KEY", &"0f".repeat(32)),
            ("DTX_API_URL", "http://api.internal/"),
            ("DTX_API_TOKEN", "0123456789-s3cret"),
            ("STEAM_API_URL", "http://127.0.0.1:9"),
            ("STEAM_API_KEY", "s3cret"),
        ])
        .unwrap();
        assert_eq!(settings.bind.to_string(), "[::1]:0");
        assert_eq!(settings.database_url.to_string(), "/var/lib/dtx.sqlite");
        let redis = settings.cache.redis_url.as_deref();
        assert_eq!(redis, Some("redis://:s3cret@10.0.0.1:6379/2"));
        assert!(!settings.sample_data);
        assert!(settings.cookie_secure);
        assert!(settings.debug_routes);
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(5));
        assert_eq!(settings.pick_time, Duration::from_secs(7));
        assert_eq!(settings.jobs.backoff, Duration::from_millis(250));
        assert_eq!(settings.jobs.worker_timeout, Duration::from_secs(2));
        assert_eq!(settings.jobs.clean_up.to_string(), "* * * * * *");
        assert_eq!(settings.bot.bind.to_string(), "0.0.0.0:80");
        assert_eq!(settings.bot.public_key, Some([15; 32]));
        assert_eq!(
            settings.bot.api_url.as_deref(),
            Some("http://api.internal/")
        );
        let token = settings.bot.api_token.as_deref();
        assert_eq!(token, Some("0123456789-s3cret"));
        assert_eq!(settings.steam.url, "http://127.0.0.1:9");
        assert_eq!(settings.steam.key.as_deref(), Some("s3cret"));
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn a_bad_value_is_an_error_that_names_the_variable_and_what_would_be_right() {
        for (name, value, expected) in [
            (
                "DTX_BIND",
                "8000",
                "DTX_BIND: \"8000\" is not an address and port such as 127.0.0.1:8000",
            ),
            (
                "DATABASE_URL",
                "mysql://root:secret@db/dtx",
                "DATABASE_URL: not the URL of a database such as \
                 postgres://user:password@localhost/dtx, or of a SQLite file such as \
                 sqlite:data/dtx.sqlite",
            ),
            (
                "REDIS_URL",
                "http://:secret@cache/",
                "REDIS_URL: it is not the URL of a Redis such as redis://127.0.0.1:6379/",
            ),
            (
                "DTX_COOKIE_SECURE",
                "maybe",
                "DTX_COOKIE_SECURE: \"maybe\" is neither true, 1, yes nor false, 0, no",
            ),
            (
                "DTX_SHUTDOWN_TIMEOUT",
                "-1",
                "DTX_SHUTDOWN_TIMEOUT: \"-1\" is not a number of whole seconds",
            ),
            (
                "DTX_JOB_BACKOFF_MS",
                "0",
                "DTX_JOB_BACKOFF_MS: \"0\" is not from 1 to 3600000",
            ),
            (
                "DTX_WORKER_TIMEOUT",
                "1",
                "DTX_WORKER_TIMEOUT: \"1\" is not from 2 to 3600",
            ),
            (
                "DTX_CLEANUP_SCHEDULE",
                "nightly",
                "DTX_CLEANUP_SCHEDULE: \"nightly\" is not a cron schedule such as 0 0 3 * * *",
            ),
            (
                "DISCORD_PUBLIC_KEY",
                "0f0f",
                "DISCORD_PUBLIC_KEY: it is not a key of 64 hexadecimal digits",
            ),
            (
                "DTX_API_URL",
                "127.0.0.1:8000",
                "DTX_API_URL: it is not a URL such as http://127.0.0.1:8000",
            ),
            (
                "DTX_API_TOKEN",
                "s3cret",
                "DTX_API_TOKEN: it is not at least 16 characters of ASCII",
            ),
            (
                "STEAM_API_URL",
                "api.steampowered.com",
                "STEAM_API_URL: it is not a URL such as https://api.steampowered.com",
            ),
        ] {
            let error = read([(name, value)]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn all_bad_values_are_told_in_one_line() {
        let error = read([("DTX_BIND", "x\ny"), ("DTX_SHUTDOWN_TIMEOUT", "y")]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("DTX_BIND") && message.contains("DTX_SHUTDOWN_TIMEOUT"));
        assert_eq!(message.lines().count(), 1, "{message}");
    }

    #[test]
    fn debug_routes_are_refused_unless_bound_to_a_loopback_address() {
        for (bind, is_allowed) in [
            ("127.0.0.1:8000", true),
            ("127.8.0.1:8000", true),
            ("[::1]:8000", true),
            ("[::ffff:127.0.0.1]:8000", true),
            ("0.0.0.0:8000", false),
            ("[::]:8000", false),
            ("192.0.2.1:8000", false),
        ] {
            let settings = read([("DTX_BIND", bind), ("DTX_DEBUG_ROUTES", "true")]);
            assert_eq!(settings.is_ok(), is_allowed, "{bind}");
        }
        let error = read([("DTX_BIND", "0.0.0.0:1"), ("DTX_DEBUG_ROUTES", "true")]).unwrap_err();
        assert!(
            error.to_string().starts_with("DTX_DEBUG_ROUTES: "),
            "{error}"
        );
    }

    #[test]
    fn sample_data_with_its_known_login_is_off_where_others_can_reach_it() {
        assert!(!read([("DTX_BIND", "0.0.0.0:8000")]).unwrap().sample_data);
        let settings = read([("DTX_BIND", "0.0.0.0:8000"), ("DTX_SAMPLE_DATA", "true")]);
        assert!(settings.unwrap().sample_data);
    }

    #[test]
    fn the_readme_has_every_variable() {
        let readme = include_str!("../README.md");
        for variable in VARIABLES {
            let Variable {
                name,
                default,
                meaning,
            } = variable;
            let rows = [
                format!("| `{name}` | `{default}` | {meaning} |"),
                format!("| `{name}` | {default} | {meaning} |"),
            ];
            assert!(rows.iter().any(|row| readme.contains(row)), "{name}");
        }
    }
}
