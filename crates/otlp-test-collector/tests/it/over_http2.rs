//! The exporters of OpenTelemetry, over both protocols.
