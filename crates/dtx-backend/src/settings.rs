//! The settings of the application.

mod jobs;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use http::Uri;
use telemetry_core::{Environment, EnvironmentReader, Variable};

pub use jobs::JobSettings;

use crate::store::DatabaseUrl;

const DEFAULT_BIND: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8000);
const DEFAULT_STEAM_URL: &str = "https://api.steampowered.com";
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_PICK_TIME: Duration = Duration::from_secs(30);
const LONGEST_PICK_TIME: Duration = Duration::from_secs(3600);

/// Every variable that the application reads, beside those of telemetry.
pub static VARIABLES: &[Variable] = &[
    Variable {
        name: "DTX_BIND",
        default: "127.0.0.1:8000",
        meaning: "The address and port to listen on. Port 0 is any free one.",
    },
    Variable {
        name: "DATABASE_URL",
        default: "sqlite:data/dtx.sqlite",
        meaning: "The SQLite file, which is made when it is not there.",
    },
    Variable {
        name: "DTX_SAMPLE_DATA",
        default: "true on a loopback address, else false",
        meaning: "Fill an empty database with sample data, a login that everybody knows included.",
    },
    Variable {
        name: "DTX_COOKIE_SECURE",
        default: "false",
        meaning: "Let browsers send the session cookie over TLS alone.",
    },
    Variable {
        name: "DTX_DEBUG_ROUTES",
        default: "false",
        meaning: "Add routes that panic, fail, wait and stream. On a loopback address alone.",
    },
    Variable {
        name: "STEAM_API_URL",
        default: "https://api.steampowered.com",
        meaning: "The Steam web API, which matches are refreshed from.",
    },
    Variable {
        name: "STEAM_API_KEY",
        default: "unset",
        meaning: "The key of the Steam web API. Never shown.",
    },
    Variable {
        name: "DTX_SHUTDOWN_TIMEOUT",
        default: "30",
        meaning: "How many seconds requests in flight, WebSockets and running jobs have to finish.",
    },
    Variable {
        name: "DTX_PICK_SECONDS",
        default: "30",
        meaning: "How many seconds a captain has for a pick, until the clock picks.",
    },
    Variable {
        name: "DTX_JOB_BACKOFF_MS",
        default: "1000",
        meaning: "How many milliseconds a job that failed waits to be tried again; then twice as long each time.",
    },
    Variable {
        name: "DTX_WORKER_TIMEOUT",
        default: "15",
        meaning: "How many seconds a worker may be silent until others do its jobs.",
    },
    Variable {
        name: "DTX_CLEANUP_SCHEDULE",
        default: "0 0 3 * * *",
        meaning: "When old sessions and jobs are removed, in UTC: second, minute, hour, day, month, weekday.",
    },
];

/// The settings of the application. Those of telemetry are
/// [`telemetry_core::Config`]'s. See [`VARIABLES`] for what each means.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `DTX_BIND`.
    pub bind: SocketAddr,
    /// `DATABASE_URL`.
    pub database_url: DatabaseUrl,
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
    /// `STEAM_API_URL` and `STEAM_API_KEY`.
    pub steam: SteamSettings,
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
        reader.parsed("DTX_BIND", &mut bind, parse_address, ToString::to_string);
        let is_local = bind.ip().to_canonical().is_loopback();
        let mut settings = Self {
            bind,
            database_url: DatabaseUrl::default(),
            sample_data: is_local,
            cookie_secure: false,
            debug_routes: false,
            shutdown_timeout: DEFAULT_SHUTDOWN_TIMEOUT,
            pick_time: DEFAULT_PICK_TIME,
            jobs: JobSettings::read(&mut reader)?,
            steam: SteamSettings {
                url: DEFAULT_STEAM_URL.to_owned(),
                key: reader.get("STEAM_API_KEY").map(str::to_owned),
            },
        };
        reader.parsed(
            "STEAM_API_URL",
            &mut settings.steam.url,
            parse_url,
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
            parse_pick_time,
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

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not an address and port such as {DEFAULT_BIND}"))
}

fn parse_url(text: &str) -> Result<String, String> {
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    match text.parse() {
        Ok(uri) if is_http(&uri) => Ok(text.to_owned()),
        _ => Err(format!("it is not a URL such as {DEFAULT_STEAM_URL}")),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .map(Duration::from_secs)
        .map_err(|_| format!("{text:?} is not a number of whole seconds"))
}

fn parse_pick_time(text: &str) -> Result<Duration, String> {
    parse_seconds(text).and_then(|time| {
        let is_valid = !time.is_zero() && time <= LONGEST_PICK_TIME;
        is_valid
            .then_some(time)
            .ok_or_else(|| format!("{text:?} is not from 1 to 3600"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(pairs: [(&str, &str); N]) -> anyhow::Result<Settings> {
        Settings::from_environment(&Environment::from_iter(pairs))
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let settings = read([]).unwrap();
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8000");
        assert_eq!(settings.database_url.to_string(), "data/dtx.sqlite");
        assert!(settings.sample_data);
        assert!(!settings.cookie_secure);
        assert!(!settings.debug_routes);
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(30));
        assert_eq!(settings.pick_time, Duration::from_secs(30));
        assert_eq!(settings.jobs.backoff, Duration::from_secs(1));
        assert_eq!(settings.jobs.worker_timeout, Duration::from_secs(15));
        assert_eq!(settings.jobs.clean_up.to_string(), "0 0 3 * * *");
        assert_eq!(settings.steam.url, "https://api.steampowered.com");
        assert_eq!(settings.steam.key, None);
    }

    #[test]
    fn each_variable_is_read() {
        let settings = read([
            ("DTX_BIND", "[::1]:0"),
            ("DATABASE_URL", "sqlite:///var/lib/dtx.sqlite"),
            ("DTX_SAMPLE_DATA", "no"),
            ("DTX_COOKIE_SECURE", "yes"),
            ("DTX_DEBUG_ROUTES", "1"),
            ("DTX_PICK_SECONDS", "7"),
            ("DTX_JOB_BACKOFF_MS", "250"),
            ("DTX_WORKER_TIMEOUT", "2"),
            ("DTX_CLEANUP_SCHEDULE", "* * * * * *"),
            ("DTX_SHUTDOWN_TIMEOUT", "5"),
            ("STEAM_API_URL", "http://127.0.0.1:9"),
            ("STEAM_API_KEY", "s3cret"),
        ])
        .unwrap();
        assert_eq!(settings.bind.to_string(), "[::1]:0");
        assert_eq!(settings.database_url.to_string(), "/var/lib/dtx.sqlite");
        assert!(!settings.sample_data);
        assert!(settings.cookie_secure);
        assert!(settings.debug_routes);
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(5));
        assert_eq!(settings.pick_time, Duration::from_secs(7));
        assert_eq!(settings.jobs.backoff, Duration::from_millis(250));
        assert_eq!(settings.jobs.worker_timeout, Duration::from_secs(2));
        assert_eq!(settings.jobs.clean_up.to_string(), "* * * * * *");
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
                "DATABASE_URL: not the URL of a SQLite file such as sqlite:data/dtx.sqlite",
            ),
            (
                "DATABASE_URL",
                "postgres://root:secret@db/dtx",
                "DATABASE_URL: PostgreSQL is not supported yet; give the URL of a SQLite file \
                 such as sqlite:data/dtx.sqlite",
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
