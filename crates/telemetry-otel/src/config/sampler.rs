//! Which traces are recorded.

use std::fmt;

use opentelemetry_sdk::trace::Sampler as SdkSampler;
use telemetry_core::EnvironmentReader;

use crate::config::unsupported::unknown;

/// The samplers of the specification that this crate does not have.
const UNSUPPORTED: [&str; 3] = ["jaeger_remote", "parentbased_jaeger_remote", "xray"];
/// The default of `OTEL_TRACES_SAMPLER_ARG`.
const DEFAULT_RATIO: f64 = 0.1;

/// Decides which traces are recorded. The names are the specification's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampler {
    /// `always_on`
    AlwaysOn,
    /// `always_off`
    AlwaysOff,
    /// `traceidratio`: this part of them, from 0 to 1.
    TraceIdRatio(f64),
    /// `parentbased_always_on`: as the caller decided, else all.
    ParentBasedAlwaysOn,
    /// `parentbased_always_off`: as the caller decided, else none.
    ParentBasedAlwaysOff,
    /// `parentbased_traceidratio`: as the caller decided, else this part of them.
    ParentBasedTraceIdRatio(f64),
}

impl Sampler {
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut ratio = DEFAULT_RATIO;
        reader.parsed(
            "OTEL_TRACES_SAMPLER_ARG",
            &mut ratio,
            parse_ratio,
            f64::clone,
        );
        let mut sampler = Self::ParentBasedTraceIdRatio(ratio);
        reader.parsed(
            "OTEL_TRACES_SAMPLER",
            &mut sampler,
            |name| Self::parse(name, ratio),
            Self::to_string,
        );
        sampler
    }

    fn parse(name: &str, ratio: f64) -> Result<Self, String> {
        let samplers = [
            Self::AlwaysOn,
            Self::AlwaysOff,
            Self::TraceIdRatio(ratio),
            Self::ParentBasedAlwaysOn,
            Self::ParentBasedAlwaysOff,
            Self::ParentBasedTraceIdRatio(ratio),
        ];
        let mut named = samplers.into_iter();
        named
            .find(|sampler| sampler.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| unknown(name, "sampler", &UNSUPPORTED, &samplers.map(Self::name)))
    }

    /// Its name in the specification.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlwaysOn => "always_on",
            Self::AlwaysOff => "always_off",
            Self::TraceIdRatio(_) => "traceidratio",
            Self::ParentBasedAlwaysOn => "parentbased_always_on",
            Self::ParentBasedAlwaysOff => "parentbased_always_off",
            Self::ParentBasedTraceIdRatio(_) => "parentbased_traceidratio",
        }
    }

    /// Says whether its ratio, if it has one, is from 0 to 1.
    pub(super) fn is_valid(self) -> bool {
        self.ratio()
            .is_none_or(|ratio| (0.0..=1.0).contains(&ratio))
    }

    /// The part of the traces that it records, where it has one.
    pub(crate) fn ratio(self) -> Option<f64> {
        match self {
            Self::TraceIdRatio(ratio) | Self::ParentBasedTraceIdRatio(ratio) => Some(ratio),
            _ => None,
        }
    }

    pub(crate) fn to_sdk(self) -> SdkSampler {
        let parent_based = |root| SdkSampler::ParentBased(Box::new(root));
        match self {
            Self::AlwaysOn => SdkSampler::AlwaysOn,
            Self::AlwaysOff => SdkSampler::AlwaysOff,
            Self::TraceIdRatio(ratio) => SdkSampler::TraceIdRatioBased(ratio),
            Self::ParentBasedAlwaysOn => parent_based(SdkSampler::AlwaysOn),
            Self::ParentBasedAlwaysOff => parent_based(SdkSampler::AlwaysOff),
            Self::ParentBasedTraceIdRatio(ratio) => {
                parent_based(SdkSampler::TraceIdRatioBased(ratio))
            }
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self.ratio() {
            Some(ratio) => write!(f, "{name} with {ratio}"),
            None => f.write_str(name),
        }
    }
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(format!("{text:?} is not a number from 0 to 1")),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        Span as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        Tracer as _, TracerProvider as _,
    };
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    fn provider() -> SdkTracerProvider {
        let sampler = Sampler::ParentBasedTraceIdRatio(DEFAULT_RATIO);
        SdkTracerProvider::builder()
            .with_sampler(sampler.to_sdk())
            .build()
    }

    #[test]
    fn a_tenth_of_the_roots_is_sampled_and_each_child_follows_its_root() {
        const ROOTS: u32 = 20_000;
        let tracer = provider().tracer("test");
        let mut sampled = 0;
        for _ in 0..ROOTS {
            let root = tracer.start("root");
            let is_sampled = root.span_context().is_sampled();
            sampled += u32::from(is_sampled);
            let parent = Context::new().with_span(root);
            let child = tracer.start_with_context("child", &parent);
            assert_eq!(child.span_context().is_sampled(), is_sampled);
        }
        // Six standard deviations of 42.
        assert!((1_750..=2_250).contains(&sampled), "{sampled}");
    }

    #[test]
    fn what_another_process_has_decided_is_kept() {
        let tracer = provider().tracer("test");
        for id in 1..=1_000_u128 {
            for flags in [TraceFlags::SAMPLED, TraceFlags::NOT_SAMPLED] {
                // Multiplied, so that ids are spread over what the ratio looks at.
                let trace_id = TraceId::from(id * (u128::MAX / 1_000));
                let remote = SpanContext::new(
                    trace_id,
                    SpanId::from(1_u64),
                    flags,
                    true,
                    TraceState::default(),
                );
                let parent = Context::new().with_remote_span_context(remote);
                let span = tracer.start_with_context("child", &parent);
                let decision = span.span_context();
                assert_eq!(decision.trace_id(), trace_id);
                assert_eq!(decision.is_sampled(), flags == TraceFlags::SAMPLED);
            }
        }
    }
}
