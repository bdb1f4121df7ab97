//! What is read from and written to the headers of requests.

use std::fmt;

use crate::config::unsupported::unknown;

/// The propagators that this crate has.
const SUPPORTED: [&str; 3] = ["tracecontext", "baggage", "none"];
/// Those of the specification that it does not have.
const UNSUPPORTED: [&str; 5] = ["b3", "b3multi", "jaeger", "xray", "ottrace"];

/// What is read from and written to the headers of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagators {
    /// `traceparent` and `tracestate`.
    pub trace_context: bool,
    /// `baggage`, where the peer is trusted.
    pub baggage: bool,
}

impl Propagators {
    pub(super) fn parse(list: &str) -> Result<Self, String> {
        let mut propagators = Self {
            trace_context: false,
            baggage: false,
        };
        for name in list
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match name {
                "tracecontext" => propagators.trace_context = true,
                "baggage" => propagators.baggage = true,
                "none" => {}
                _ => return Err(unknown(name, "propagator", &UNSUPPORTED, &SUPPORTED)),
            }
        }
        Ok(propagators)
    }
}

impl Default for Propagators {
    fn default() -> Self {
        Self {
            trace_context: true,
            baggage: true,
        }
    }
}

impl fmt::Display for Propagators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.trace_context, self.baggage) {
            (true, true) => "tracecontext,baggage",
            (true, false) => "tracecontext",
            (false, true) => "baggage",
            (false, false) => "none",
        })
    }
}
