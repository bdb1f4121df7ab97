//! The table of environment variables: what is documented is what is read.

/// An environment variable that this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is unset or empty.
    pub default: &'static str,
    /// What it sets, and the values that it takes.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($name:literal, $default:literal, $meaning:literal;)*) => {
        /// Every variable that this crate reads.
        pub static VARIABLES: &[Variable] = &[$(Variable {
            name: $name,
            default: $default,
            meaning: $meaning,
        }),*];
    };
}

variables! {
    "TELEMETRY_ENABLED", "true", "The master switch: `false` for no log lines and no export.";
    "STRUCTLOG_ENABLED", "true", "`false` for plain text lines, in the shape of `tracing-subscriber`'s, in place of the structured formats.";
    "NODE_ENV", "dev", "The deployment. `dev` and `development` make `pretty` the default format.";
    "LOG_LEVEL", "INFO", "`TRACE`, `DEBUG`, `INFO`, `WARNING` (or `WARN`) or `ERROR` (or `CRITICAL`), in any case.";
    "RUST_LOG", "unset", "Directives for single targets on top of `LOG_LEVEL`, such as `sqlx=debug,my_crate=trace`. A level without a target takes its place.";
    "LOG_FORMAT", "from `NODE_ENV`", "`json` or `pretty` (or `console`).";
    "LOG_OVERFLOW", "drop", "What happens to a line when the buffer is full: `drop` (counted and reported) or `block`.";
    "LOG_VALUE_LIMIT", "2048", "How many bytes a value may have that a client chose, such as a path: a longer one is cut. `0`: no limit.";
    "LOG_LINE_LIMIT", "16000", "How many bytes a line may have: of a longer one, values are cut and fields left out. `0`: no limit.";
    "TELEMETRY_SLOW_STATEMENT", "1s", "How long a statement of a database may take, such as `500ms`, `2s` or `1m`: a longer one is a line, `slow_statement`. `0`: none is.";
    "NO_COLOR", "unset", "Any value: no colours. Without a terminal there are none in any case.";
    "COLUMNS", "80", "The width of a terminal that does not say its own.";
    "TELEMETRY_FIELDS", "unset", "`region=eu,pod=web-1`: fields of every line, and attributes of the resource. Values are percent-decoded.";
    "OTEL_ENABLED", "false", "OpenTelemetry export on or off.";
    "OTEL_SDK_DISABLED", "false", "The standard off switch; wins over `OTEL_ENABLED`.";
    "OTEL_SERVICE_NAME", "the application's", "The service name.";
    "OTEL_SEMCONV_STABILITY_OPT_IN", "unset", "`http`: the stable OpenTelemetry names on HTTP log lines; `http/dup`: both.";
}

/// Every variable of the OpenTelemetry specification, one a line behind its page.
const STANDARD_VARIABLES: &str = include_str!("standard_variables.txt");

/// The variables of the OpenTelemetry specification, as `(page, name)`. The pages and their versions
/// are those of `standard_variables.txt`.
///
/// For the crates that read them: [`VARIABLES`] has those of this one.
pub fn standard_variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = STANDARD_VARIABLES.lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
}

/// Prefixes of variables that belong to OpenTelemetry for other languages.
pub(super) const OTHER_SYSTEMS: [&str; 10] = [
    "OTEL_CPP_",
    "OTEL_DOTNET_",
    "OTEL_ERLANG_",
    "OTEL_GO_",
    "OTEL_INSTRUMENTATION_",
    "OTEL_JAVA",
    "OTEL_NODE_",
    "OTEL_PHP_",
    "OTEL_PYTHON_",
    "OTEL_RUBY_",
];
