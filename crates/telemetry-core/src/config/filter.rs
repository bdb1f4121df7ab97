//! The filter of lines, which quiets libraries.

use std::borrow::Cow;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter, Layer};

use crate::log_records;

/// Crates whose informational events say nothing to the application's readers: only their
/// warnings and errors are lines. Sorted, with underscores.
const QUIETED: [&str; 46] = [
    "amq_protocol",
    "amq_protocol_tcp",
    "apalis",
    "apalis_core",
    "apalis_cron",
    "apalis_postgres",
    "apalis_redis",
    "apalis_sql",
    "apalis_sqlite",
    "h2",
    "hickory_net",
    "hickory_proto",
    "hickory_resolver",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "iana_time_zone",
    "jni",
    "mio",
    "opentelemetry",
    "opentelemetry_http",
    "opentelemetry_otlp",
    "opentelemetry_proto",
    "opentelemetry_sdk",
    "opentelemetry_stdout",
    "quinn",
    "quinn_proto",
    "redis",
    "reqwest",
    "rustls",
    "rustls_connector",
    "rustls_native_certs",
    "rustls_platform_verifier",
    "sqlx",
    "sqlx_core",
    "sqlx_mysql",
    "sqlx_postgres",
    "sqlx_sqlite",
    "tokio",
    "tokio_tungstenite",
    "tokio_util",
    "tonic",
    "tower",
    "tracing_opentelemetry",
    "tungstenite",
    "want",
];

/// Crates and modules whose warnings and errors are those of their results, once more, with what
/// must not be shown: lapin's have whole messages, and those of sqlx about slow statements have the
/// text with its literals.
const SILENCED: [&str; 2] = ["lapin", "sqlx::query"];

/// Decides which events are lines: by the level and the directives of the settings. Of libraries
/// that no directive names only warnings and errors are.
///
/// Made by [`Config::line_filter`](crate::Config::line_filter), for a subscriber of your own: a
/// [`Filter`] of one layer, or a [`Layer`] that filters for all.
#[derive(Debug)]
pub struct LineFilter {
    directives: EnvFilter,
    /// The targets that the settings name.
    targets: Vec<String>,
}

impl LineFilter {
    pub(super) fn new(directives: EnvFilter, targets: Vec<String>) -> Self {
        Self {
            directives,
            targets,
        }
    }

    /// Says whether a target is within a library that is quiet unless a directive names it.
    pub(super) fn is_of_library(target: &str) -> bool {
        QUIETED.binary_search(&&*crate_of(target)).is_ok() || is_silenced(target)
    }

    /// Says whether this is what a library need not say. What remains is for the directives to
    /// decide: a library is never louder than they are.
    fn is_quieted(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_too_much = match *metadata.level() {
            Level::ERROR | Level::WARN => is_silenced(target),
            _ => Self::is_of_library(target),
        };
        is_too_much && !self.targets.iter().any(|named| target.starts_with(named))
    }
}

/// Says whether a target is one of those that are silenced, or within it.
fn is_silenced(target: &str) -> bool {
    SILENCED.iter().any(|silenced| {
        let rest = target.strip_prefix(silenced);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// The crate that a target begins with.
fn crate_of(target: &str) -> Cow<'_, str> {
    let name = target.split("::").next().unwrap_or(target);
    if name.contains('-') {
        name.replace('-', "_").into()
    } else {
        name.into()
    }
}

impl<S> Filter<S> for LineFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        !self.is_quieted(metadata) && Filter::enabled(&self.directives, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        log_records::register_callsite(metadata);
        if self.is_quieted(metadata) {
            return Interest::never();
        }
        Filter::<S>::callsite_enabled(&self.directives, metadata)
    }

    fn event_enabled(&self, event: &Event<'_>, context: &Context<'_, S>) -> bool {
        Filter::event_enabled(&self.directives, event, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.directives)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::on_new_span(&self.directives, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        Filter::on_record(&self.directives, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_enter(&self.directives, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_exit(&self.directives, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::on_close(&self.directives, id, context);
    }
}

impl<S: Subscriber> Layer<S> for LineFilter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        Filter::<S>::callsite_enabled(self, metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        Filter::enabled(self, metadata, &context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(self)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::on_new_span(self, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        Filter::on_record(self, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_enter(self, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_exit(self, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::on_close(self, id, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_crates_can_be_searched() {
        assert!(QUIETED.is_sorted());
        assert!(QUIETED.iter().all(|name| crate_of(name) == *name));
    }

    #[test]
    fn a_module_is_silenced_with_all_within_it() {
        for (target, expected) in [
            ("lapin", true),
            ("lapin::channels", true),
            ("sqlx::query", true),
            ("sqlx::pool::acquire", false),
            ("sqlx::query_builder", false),
            ("lapin_pool", false),
        ] {
            assert_eq!(is_silenced(target), expected, "{target}");
        }
    }

    #[test]
    fn a_crate_is_the_first_part_of_a_target() {
        for (target, name) in [
            ("sqlx::query", "sqlx"),
            ("want", "want"),
            ("opentelemetry-otlp", "opentelemetry_otlp"),
            ("tower_defense::game", "tower_defense"),
            ("", ""),
        ] {
            assert_eq!(crate_of(target), name);
        }
    }
}
