//! Settings: from the environment, or in code.

mod duration;
mod environment;
mod fields;
mod filter;
mod level;
mod limit;
mod spelling;
mod variables;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Directive;

pub use environment::{Environment, EnvironmentReader};
pub use filter::LineFilter;
pub use variables::standard_variables;
pub use variables::{VARIABLES, Variable};

use crate::client_value::{DEFAULT_VALUE_LIMIT, MIN_VALUE_LIMIT};
use crate::in_effect::InEffect;
use crate::line::{DEFAULT_LINE_LIMIT, EventAndSpanFilter, LogFormat, MIN_LINE_LIMIT};
use crate::redact::SensitiveKeys;
use crate::slow_statement::DEFAULT_SLOW_STATEMENT;
use crate::value::Value;
use crate::writer::Overflow;

/// How many bytes of lines may wait to be written.
const DEFAULT_BUFFER_CAPACITY: usize = 8 * 1024 * 1024;

/// The settings of telemetry.
///
/// What is said later wins, so the order of calls is the order of precedence. An
/// application with a service name of its own, that the environment may replace:
///
/// ```
/// use telemetry_core::{Config, Environment};
///
/// let config = Config::default()
///     .with_service_name("dtx-backend")
///     .with_environment(&Environment::from_iter([("LOG_LEVEL", "debug")]));
/// assert_eq!(config.level(), "debug");
/// assert_eq!(config.service_name(), "dtx-backend");
/// ```
///
/// Nothing here reads or changes the state of the process; [`Telemetry`](crate::Telemetry)
/// puts the settings into effect.
#[derive(Clone, Debug)]
pub struct Config {
    enabled: bool,
    structured: bool,
    deployment: String,
    level: LevelFilter,
    directives: Vec<Directive>,
    format: Option<LogFormat>,
    overflow: Overflow,
    buffer_capacity: usize,
    value_limit: usize,
    line_limit: usize,
    slow_statement: Duration,
    colors: bool,
    otel_enabled: bool,
    service_name: Option<String>,
    http_names: HttpNames,
    redacted_keys: Vec<String>,
    fields: Vec<(String, Value)>,
    warnings: Vec<ConfigWarning>,
}

/// Which names the fields of HTTP events have on log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpNames {
    /// `http.method`, `http.status_code`, and `http.route` with the path of the request.
    #[default]
    Classic,
    /// The stable semantic conventions: `http.request.method`,
    /// `http.response.status_code`, `url.path`, and `http.route` with the route template.
    Stable,
    /// All of them; `http.route` is the route template.
    Both,
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigWarning {
    /// The environment variable.
    pub variable: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
    /// What is used in its place.
    pub using: String,
}

impl Default for Config {
    /// The defaults, as with an empty environment.
    fn default() -> Self {
        Self {
            enabled: true,
            structured: true,
            deployment: "dev".into(),
            level: LevelFilter::INFO,
            directives: Vec::new(),
            format: None,
            overflow: Overflow::Drop,
            buffer_capacity: DEFAULT_BUFFER_CAPACITY,
            value_limit: DEFAULT_VALUE_LIMIT,
            line_limit: DEFAULT_LINE_LIMIT,
            slow_statement: DEFAULT_SLOW_STATEMENT,
            colors: true,
            otel_enabled: false,
            service_name: None,
            http_names: HttpNames::Classic,
            redacted_keys: Vec::new(),
            fields: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the settings from the environment of the process.
    #[must_use]
    pub fn from_env() -> Self {
        Self::default().with_environment(&Environment::from_process())
    }

    /// Takes over what the environment sets. A bad value is not taken over: it leaves the
    /// setting as it was and adds a [warning](Self::warnings), and so does a misspelt name.
    #[must_use]
    pub fn with_environment(mut self, environment: &Environment) -> Self {
        let mut reader = EnvironmentReader::new(environment);
        reader.bool("TELEMETRY_ENABLED", &mut self.enabled);
        reader.bool("STRUCTLOG_ENABLED", &mut self.structured);
        reader.text("NODE_ENV", &mut self.deployment);
        reader.parsed("LOG_LEVEL", &mut self.level, level::parse, level::name);
        self.directives.extend(level::directives(&mut reader));
        let mut format = self.format();
        let is_format_set = reader.choice(
            "LOG_FORMAT",
            &mut format,
            &[
                ("json", LogFormat::Json),
                ("pretty", LogFormat::Pretty),
                ("console", LogFormat::Pretty),
            ],
        );
        if is_format_set {
            self.format = Some(format);
        }
        reader.choice(
            "LOG_OVERFLOW",
            &mut self.overflow,
            &[("drop", Overflow::Drop), ("block", Overflow::Block)],
        );
        for (name, setting, least) in [
            ("LOG_VALUE_LIMIT", &mut self.value_limit, MIN_VALUE_LIMIT),
            ("LOG_LINE_LIMIT", &mut self.line_limit, MIN_LINE_LIMIT),
        ] {
            reader.parsed(
                name,
                setting,
                |text| limit::parse(text, least),
                usize::clone,
            );
        }
        reader.parsed(
            "TELEMETRY_SLOW_STATEMENT",
            &mut self.slow_statement,
            duration::parse,
            duration::name,
        );
        if reader.get("NO_COLOR").is_some() {
            self.colors = false;
        }
        for (name, value) in fields::read(&mut reader) {
            self = self.with_field(name, value);
        }
        reader.bool("OTEL_ENABLED", &mut self.otel_enabled);
        let mut otel_disabled = false;
        reader.bool("OTEL_SDK_DISABLED", &mut otel_disabled);
        self.otel_enabled &= !otel_disabled;
        if let Some(name) = reader.get("OTEL_SERVICE_NAME") {
            self.service_name = Some(name.to_owned());
        }
        if let Some(opt_in) = reader.get("OTEL_SEMCONV_STABILITY_OPT_IN") {
            self.http_names = HttpNames::from_opt_in(opt_in);
        }
        self.warnings.extend(reader.into_warnings());
        self.warnings.extend(spelling::check(environment));
        self
    }

    /// Switches log lines and export on or off altogether.
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Chooses between the structured formats and `tracing-subscriber`'s plain text.
    #[must_use]
    pub fn with_structured(mut self, structured: bool) -> Self {
        self.structured = structured;
        self
    }

    /// Sets the name of the deployment, such as `dev`, `test` or `prod`.
    #[must_use]
    pub fn with_deployment(mut self, deployment: impl Into<String>) -> Self {
        self.deployment = deployment.into();
        self
    }

    /// Sets the level below which events give no line.
    #[must_use]
    pub fn with_level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.level = level.into();
        self
    }

    /// Adds a directive for one target, as `RUST_LOG` does.
    #[must_use]
    pub fn with_directive(mut self, directive: Directive) -> Self {
        self.directives.push(directive);
        self
    }

    /// Sets the format of log lines.
    #[must_use]
    pub fn with_format(mut self, format: LogFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets what happens to a line when the buffer is full.
    #[must_use]
    pub fn with_overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets how many bytes of lines may wait to be written. 8 MiB by default.
    #[must_use]
    pub fn with_buffer_capacity(mut self, bytes: usize) -> Self {
        self.buffer_capacity = bytes;
        self
    }

    /// Sets how long a value that a client chose may be, in bytes: a longer one is cut. 2,048 by
    /// default; zero is no limit, and no other is below 16.
    #[must_use]
    pub fn with_value_limit(mut self, bytes: usize) -> Self {
        self.value_limit = limit::at_least(bytes, MIN_VALUE_LIMIT);
        self
    }

    /// Sets how long a line may be, in bytes and with its line end: of a longer one, values are
    /// cut and fields left out. 16,000 by default; zero is no limit, and no other is below 1,000.
    #[must_use]
    pub fn with_line_limit(mut self, bytes: usize) -> Self {
        self.line_limit = limit::at_least(bytes, MIN_LINE_LIMIT);
        self
    }

    /// Sets how long a statement of a database may take: a longer one is a line, `slow_statement`.
    /// One second by default; with zero none is.
    #[must_use]
    pub fn with_slow_statement(mut self, duration: Duration) -> Self {
        self.slow_statement = duration;
        self
    }

    /// Allows or forbids colours. Without a terminal there are none in any case.
    #[must_use]
    pub fn with_colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }

    /// Switches export on or off.
    #[must_use]
    pub fn with_otel_enabled(mut self, enabled: bool) -> Self {
        self.otel_enabled = enabled;
        self
    }

    /// Sets the service name. By default it is the name of the executable.
    #[must_use]
    pub fn with_service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Sets which names the fields of HTTP events have.
    #[must_use]
    pub fn with_http_names(mut self, names: HttpNames) -> Self {
        self.http_names = names;
        self
    }

    /// Adds keys whose values are secrets, as [`is_sensitive`](crate::is_sensitive) matches
    /// them. In effect for the whole process once telemetry is installed, and on its thread where
    /// telemetry [runs](crate::Telemetry::run).
    #[must_use]
    pub fn with_redacted_keys<S: Into<String>>(
        mut self,
        keys: impl IntoIterator<Item = S>,
    ) -> Self {
        self.redacted_keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Adds what is wrong with settings that others read, to be logged with its own.
    #[must_use]
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = ConfigWarning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Whether there is any telemetry.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether lines are structured, rather than plain text.
    #[must_use]
    pub fn is_structured(&self) -> bool {
        self.structured
    }

    /// The name of the deployment: `NODE_ENV`.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The level below which events give no line, in the words of the `level` field.
    #[must_use]
    pub fn level(&self) -> &'static str {
        level::name(&self.level)
    }

    /// The format of structured lines: the one set, else `Pretty` in a `dev` deployment
    /// and `Json` in any other.
    #[must_use]
    pub fn format(&self) -> LogFormat {
        self.format.unwrap_or(match &*self.deployment {
            "dev" | "development" => LogFormat::Pretty,
            _ => LogFormat::Json,
        })
    }

    /// What happens to a line when the buffer is full.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// How many bytes of lines may wait to be written.
    #[must_use]
    pub fn buffer_capacity(&self) -> usize {
        self.buffer_capacity
    }

    /// How long a value that a client chose may be, in bytes; zero is no limit.
    #[must_use]
    pub fn value_limit(&self) -> usize {
        self.value_limit
    }

    /// How long a line may be, in bytes and with its line end; zero is no limit.
    #[must_use]
    pub fn line_limit(&self) -> usize {
        self.line_limit
    }

    /// How long a statement of a database may take without being a line; zero: any time.
    #[must_use]
    pub fn slow_statement(&self) -> Duration {
        self.slow_statement
    }

    /// Whether colours are allowed.
    #[must_use]
    pub fn colors(&self) -> bool {
        self.colors
    }

    /// Whether OpenTelemetry export is asked for.
    #[must_use]
    pub fn is_otel_enabled(&self) -> bool {
        self.otel_enabled
    }

    /// The service name: the one set, else the name of the executable.
    #[must_use]
    pub fn service_name(&self) -> String {
        self.service_name.clone().unwrap_or_else(executable_name)
    }

    /// Which names the fields of HTTP events have.
    #[must_use]
    pub fn http_names(&self) -> HttpNames {
        self.http_names
    }

    /// What is wrong with the settings.
    #[must_use]
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// The filter for lines: `LOG_LEVEL`, the directives of `RUST_LOG` on top, and libraries that
    /// none of them names quieted to warnings.
    #[must_use]
    pub fn line_filter(&self) -> LineFilter {
        level::filter(self.level, &self.directives)
    }

    /// Which events become lines, and which spans are kept for them.
    pub(crate) fn event_and_span_filter(&self) -> EventAndSpanFilter {
        EventAndSpanFilter {
            lines: self.line_filter(),
            lines_without_spans: level::filter_without_spans(self.level, &self.directives),
            spans: level::span_filter(self.level, &self.directives),
        }
    }

    /// Says whether anything exports. When nothing does, export that is asked for cannot
    /// be had.
    pub(crate) fn set_exports(&mut self, exports: bool) {
        if self.otel_enabled && !exports {
            self.otel_enabled = false;
            self.warnings.push(ConfigWarning {
                variable: "OTEL_ENABLED".into(),
                problem: "this program is built without OpenTelemetry export".into(),
                using: "false".into(),
            });
        }
    }

    /// The settings that matter where something is recorded. Every other one is of the lines that are
    /// written: which, what they look like, and where they go.
    pub(crate) fn in_effect(&self) -> InEffect {
        // A setting that is added is to be decided on here.
        let Self {
            redacted_keys,
            value_limit,
            line_limit,
            slow_statement,
            http_names,
            enabled: _,
            structured: _,
            deployment: _,
            level: _,
            directives: _,
            format: _,
            overflow: _,
            buffer_capacity: _,
            colors: _,
            otel_enabled: _,
            service_name: _,
            fields: _,
            warnings: _,
        } = self;
        #[cfg(not(feature = "testing"))]
        let _only_captures_read_it = line_limit;
        InEffect {
            sensitive_keys: SensitiveKeys::with(redacted_keys),
            value_limit: *value_limit,
            #[cfg(feature = "testing")]
            line_limit: *line_limit,
            http_names: *http_names,
            slow_statement: *slow_statement,
        }
    }
}

/// Whether any settings of the process have other names than the classic ones.
static HAS_OTHER_NAMES: AtomicBool = AtomicBool::new(false);

impl HttpNames {
    /// Takes names into account that settings have.
    pub(crate) fn note(self) {
        if self != Self::Classic {
            HAS_OTHER_NAMES.store(true, Ordering::Release);
        }
    }

    /// Whether no settings of the process have other names.
    #[inline]
    pub(crate) fn are_classic_alone() -> bool {
        !HAS_OTHER_NAMES.load(Ordering::Acquire)
    }

    /// Reads `OTEL_SEMCONV_STABILITY_OPT_IN`: a list of which only `http` and `http/dup`
    /// matter here.
    fn from_opt_in(list: &str) -> Self {
        let has = |wanted: &str| list.split(',').any(|entry| entry.trim() == wanted);
        if has("http/dup") {
            Self::Both
        } else if has("http") {
            Self::Stable
        } else {
            Self::Classic
        }
    }
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            problem,
            using,
        } = self;
        write!(f, "{variable}: {problem}; using {using}")
    }
}

fn executable_name() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown_service".into())
}

#[cfg(test)]
mod tests;
