//! What was found out, for people and for programs.

use std::fmt;

use crate::config::{Exporter, OtelConfig, Protocol, Signal, shown};
use crate::doctor::settings::Setting;

/// What [`doctor`](crate::doctor()) has found out. Shown, it is for people: no value of a
/// header and no password is in it.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) settings: Vec<Setting>,
    /// Empty when export is off.
    pub(super) signals: Vec<SignalReport>,
    /// Why export is off, where it is.
    pub(super) off: Option<&'static str>,
}

/// What became of one signal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignalReport {
    /// The signal.
    pub signal: Signal,
    /// Where it goes: nowhere when there is none.
    pub exporters: Vec<Exporter>,
    /// The collector's URL, without what may be secret in it; `None` when there is none.
    pub endpoint: Option<String>,
    /// How it is sent there.
    pub protocol: Option<Protocol>,
    /// Where Prometheus fetches it: a host and a port.
    pub fetched_at: Option<String>,
    /// What worked, step by step.
    pub steps: Vec<String>,
    /// What did not work.
    pub problem: Option<String>,
    /// What to do about that.
    pub advice: Option<String>,
}

impl Report {
    /// Says whether export can work as it is set; `false` when it is on and cannot.
    #[must_use]
    pub fn can_export(&self) -> bool {
        let mut signals = self.signals.iter();
        let is_wanted = |signal: &SignalReport| !signal.exporters.is_empty();
        if !signals.clone().any(is_wanted) {
            return true;
        }
        signals.clone().any(SignalReport::is_exported)
            && signals.all(|signal| signal.problem.is_none())
    }

    /// Says whether export is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.off.is_none()
    }

    /// The settings: those that have a default, and those that are set.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The signals; none when export is off.
    #[must_use]
    pub fn signals(&self) -> &[SignalReport] {
        &self.signals
    }
}

impl SignalReport {
    pub(super) fn new(signal: Signal, otel: &OtelConfig) -> Self {
        let exporters = otel.exporters(signal).to_vec();
        let settings = otel.otlp(signal);
        let settings = settings.filter(|_| exporters.contains(&Exporter::Otlp));
        let is_fetched = exporters.contains(&Exporter::Prometheus);
        Self {
            signal,
            exporters,
            endpoint: settings.as_ref().map(|settings| shown(&settings.endpoint)),
            protocol: settings.as_ref().map(|settings| settings.protocol),
            fetched_at: is_fetched.then(|| otel.prometheus_address().to_string()),
            steps: Vec::new(),
            problem: None,
            advice: None,
        }
    }

    fn is_exported(&self) -> bool {
        self.exporters.iter().any(|exporter| match exporter {
            Exporter::Otlp => self.endpoint.is_some(),
            Exporter::Console | Exporter::Prometheus => true,
            Exporter::None => false,
        })
    }

    pub(super) fn is_sent_to(&self, exporter: Exporter) -> bool {
        self.exporters.contains(&exporter)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Setting) -> &str| {
            let widths = self
                .settings
                .iter()
                .map(|setting| of(setting).chars().count());
            widths.max().unwrap_or_default()
        };
        let (names, values) = (
            width(|setting| &setting.name),
            width(|setting| &setting.value),
        );
        writeln!(f, "Settings")?;
        for setting in &self.settings {
            let Setting { name, value, .. } = setting;
            let from = if setting.is_set {
                "environment"
            } else {
                "default"
            };
            writeln!(f, "  {name:names$}  {value:values$}  {from}")?;
            for problem in &setting.problems {
                writeln!(f, "    ! {problem}")?;
            }
        }
        writeln!(f, "\nExport")?;
        for signal in &self.signals {
            write!(f, "{signal}")?;
        }
        match self.off {
            Some(why) => writeln!(f, "  off: {why}"),
            None if !self.can_export() => writeln!(f, "\nExport cannot work."),
            None if self.signals.iter().any(SignalReport::is_exported) => {
                writeln!(f, "\nExport works.")
            }
            None => writeln!(f, "\nNothing is exported."),
        }
    }
}

impl fmt::Display for SignalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = self.signal;
        if self.exporters.is_empty() {
            let name = signal.upper();
            writeln!(f, "  {signal}: nowhere, OTEL_{name}_EXPORTER is none")?;
        }
        if let Some(address) = &self.fetched_at {
            writeln!(f, "  {signal}: Prometheus fetches http://{address}/metrics")?;
        }
        if self.is_sent_to(Exporter::Console) {
            writeln!(f, "  {signal}: to the standard error")?;
        }
        // Last, for the steps behind it are those of OTLP.
        match (&self.endpoint, self.protocol) {
            (Some(endpoint), Some(protocol)) => {
                writeln!(f, "  {signal}: to {endpoint} by {protocol}")?;
            }
            _ if self.is_sent_to(Exporter::Otlp) => writeln!(
                f,
                "  {signal}: nowhere, OTEL_EXPORTER_OTLP_ENDPOINT is not set to a URL"
            )?,
            _ => {}
        }
        for step in &self.steps {
            writeln!(f, "    {step}")?;
        }
        if let Some(problem) = &self.problem {
            writeln!(f, "    ! {problem}")?;
        }
        if let Some(advice) = &self.advice {
            writeln!(f, "      {advice}")?;
        }
        Ok(())
    }
}
