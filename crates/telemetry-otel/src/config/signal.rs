//! The signals, where they go, and how OTLP is spoken.

use std::fmt;

use telemetry_core::EnvironmentReader;

use crate::config::unsupported::unknown;

/// The exporters of the specification that this crate does not have.
const UNSUPPORTED_EXPORTERS: [&str; 4] = ["zipkin", "logging", "otlp/stdout", "jaeger"];

/// What OpenTelemetry exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Measurements.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Its name in the names of variables.
    pub(crate) fn upper(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// What an endpoint for all signals is followed by, over HTTP.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        })
    }
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exporter {
    /// To a collector, by OTLP.
    #[default]
    Otlp,
    /// To the standard error, for people: the standard output is the log's.
    Console,
    /// To Prometheus, which fetches it: metrics alone.
    Prometheus,
    /// Nowhere.
    None,
}

/// Where one signal goes: each place once, and never [`Exporter::None`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exporters(pub(super) Vec<Exporter>);

impl Exporters {
    /// # Errors
    ///
    /// When one of them does not take this signal: what is wrong.
    pub(super) fn new(
        signal: Signal,
        exporters: impl IntoIterator<Item = Exporter>,
    ) -> Result<Self, String> {
        let mut list = Vec::new();
        for exporter in exporters {
            if exporter == Exporter::Prometheus && signal != Signal::Metrics {
                return Err("prometheus fetches metrics alone".to_owned());
            }
            if exporter != Exporter::None && !list.contains(&exporter) {
                list.push(exporter);
            }
        }
        Ok(Self(list))
    }

    pub(super) fn read(reader: &mut EnvironmentReader<'_>, signal: Signal) -> Self {
        let mut exporters = Self(vec![Exporter::default()]);
        reader.parsed(
            &format!("OTEL_{}_EXPORTER", signal.upper()),
            &mut exporters,
            |list| Self::parse(signal, list),
            Self::to_string,
        );
        exporters
    }

    fn parse(signal: Signal, list: &str) -> Result<Self, String> {
        let known = [
            Exporter::Otlp,
            Exporter::Console,
            Exporter::Prometheus,
            Exporter::None,
        ];
        let known = known
            .into_iter()
            .filter(|it| signal == Signal::Metrics || *it != Exporter::Prometheus);
        let names: Vec<_> = known.clone().map(Exporter::name).collect();
        let mut exporters = Vec::new();
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match known
                .clone()
                .find(|it| it.name().eq_ignore_ascii_case(name))
            {
                Some(exporter) => exporters.push(exporter),
                None => return Err(unknown(name, "exporter", &UNSUPPORTED_EXPORTERS, &names)),
            }
        }
        Self::new(signal, exporters)
    }
}

impl fmt::Display for Exporters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(Exporter::None.name());
        }
        let names: Vec<_> = self.0.iter().map(|it| it.name()).collect();
        f.write_str(&names.join(","))
    }
}

impl Exporter {
    /// Its name in the specification.
    fn name(self) -> &'static str {
        match self {
            Self::Otlp => "otlp",
            Self::Console => "console",
            Self::Prometheus => "prometheus",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `grpc`
    Grpc,
    /// `http/protobuf`
    HttpProtobuf,
    /// `http/json`
    HttpJson,
}

impl Protocol {
    /// Says whether it is spoken over HTTP without gRPC.
    pub(crate) fn is_http(self) -> bool {
        self != Self::Grpc
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
        })
    }
}
