//! How sums and histograms are exported.

use std::fmt;

use opentelemetry_sdk::metrics::Temporality;

/// A temporality by its name in the specification.
#[derive(Clone, Copy, Debug)]
pub(super) struct TemporalityPreference(pub(super) Temporality);

impl TemporalityPreference {
    pub(super) const NAMES: [(&'static str, Self); 3] = [
        ("cumulative", Self(Temporality::Cumulative)),
        ("delta", Self(Temporality::Delta)),
        ("lowmemory", Self(Temporality::LowMemory)),
    ];
}

impl Default for TemporalityPreference {
    fn default() -> Self {
        Self(Temporality::Cumulative)
    }
}

impl fmt::Display for TemporalityPreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, it)| it.0 == self.0);
        f.write_str(name.map_or("cumulative", |(name, _)| name))
    }
}
