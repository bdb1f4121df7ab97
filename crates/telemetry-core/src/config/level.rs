//! Levels, and the directives made of them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

use crate::config::{EnvironmentReader, LineFilter};
use crate::line::level_name;

/// Whose warnings are about telemetry itself, such as a bad setting: they are few, and
/// `LOG_LEVEL=ERROR` is where nobody would learn of them otherwise.
const SAID_AT_ANY_LEVEL: [&str; 2] = ["telemetry_core", "telemetry_otel"];

/// Reads a level in any case; `WARN` is `WARNING`, and `CRITICAL` is `ERROR`.
pub(super) fn parse(text: &str) -> Result<LevelFilter, String> {
    match &*text.to_ascii_uppercase() {
        "TRACE" => Ok(LevelFilter::TRACE),
        "DEBUG" => Ok(LevelFilter::DEBUG),
        "INFO" => Ok(LevelFilter::INFO),
        "WARNING" | "WARN" => Ok(LevelFilter::WARN),
        "ERROR" | "CRITICAL" => Ok(LevelFilter::ERROR),
        _ => Err(format!(
            "{text:?} is not one of TRACE, DEBUG, INFO, WARNING, ERROR"
        )),
    }
}

/// The name of a level in the words of the `level` field.
pub(super) fn name(level: &LevelFilter) -> &'static str {
    level.into_level().map_or("off", level_name)
}

/// Reads the directives of `RUST_LOG`; a bad one is left out.
pub(super) fn directives(reader: &mut EnvironmentReader<'_>) -> Vec<Directive> {
    let Some(list) = reader.get("RUST_LOG") else {
        return Vec::new();
    };
    let mut directives = Vec::new();
    for text in list.split(',').map(str::trim) {
        if text.is_empty() {
            continue;
        }
        match text.parse() {
            Ok(directive) => directives.push(directive),
            Err(_) => reader.warn(
                "RUST_LOG",
                format!("{text:?} is not a directive such as my_crate=debug"),
                "the other directives",
            ),
        }
    }
    directives
}

/// Makes a filter of the level, what must be said at any level, and the directives.
pub(super) fn filter(level: LevelFilter, directives: &[Directive]) -> LineFilter {
    let mut filter = EnvFilter::default().add_directive(level.into());
    let targets: Vec<_> = directives.iter().filter_map(target_of).collect();
    if effective(level, directives) == LevelFilter::ERROR {
        for target in SAID_AT_ANY_LEVEL {
            // Of two directives the longer target wins: a shorter one would lose to ours.
            let is_overruled = targets.iter().any(|own| target.starts_with(own));
            if !is_overruled && let Ok(directive) = format!("{target}=warn").parse() {
                filter = filter.add_directive(directive);
            }
        }
    }
    for directive in directives {
        filter = filter.add_directive(directive.clone());
    }
    LineFilter::new(filter, targets)
}

/// The level of what no directive names: the last one that is a level and no more.
fn effective(level: LevelFilter, directives: &[Directive]) -> LevelFilter {
    let levels = directives.iter().rev();
    levels
        .filter_map(|directive| directive.to_string().parse().ok())
        .next()
        .unwrap_or(level)
}

/// Makes the filter of the spans whose fields are on lines: that of lines, but with spans up to INFO
/// wherever lines of any level are written, other than those of quieted libraries.
pub(super) fn span_filter(level: LevelFilter, directives: &[Directive]) -> LineFilter {
    let directives: Vec<_> = directives.iter().filter_map(span_directive).collect();
    filter(with_spans(level), &directives)
}

/// Makes the filter of lines without the directives that depend on spans.
pub(super) fn filter_without_spans(level: LevelFilter, directives: &[Directive]) -> LineFilter {
    let depends = |directive: &&Directive| directive.to_string().contains('[');
    let directives: Vec<_> = directives
        .iter()
        .filter(|it| !depends(it))
        .cloned()
        .collect();
    filter(level, &directives)
}

/// The level at which there are spans where lines have this one.
fn with_spans(level: LevelFilter) -> LevelFilter {
    if level == LevelFilter::OFF {
        level
    } else {
        level.max(LevelFilter::INFO)
    }
}

/// The directive for spans that follows from one for lines; `None` for one that depends on spans
/// itself, which the filter of lines applies.
fn span_directive(directive: &Directive) -> Option<Directive> {
    let text = directive.to_string();
    if text.contains('[') {
        return None;
    }
    let (target, level) = text.rsplit_once('=').unwrap_or(("", &text));
    if LineFilter::is_of_library(target) {
        return Some(directive.clone());
    }
    let level = with_spans(level.parse().ok()?);
    if target.is_empty() {
        Some(level.into())
    } else {
        format!("{target}={level}").parse().ok()
    }
}

/// The target of a directive; `None` when it has none.
fn target_of(directive: &Directive) -> Option<String> {
    let text = directive.to_string();
    let (target, _) = text.split_once(['[', '='])?;
    (!target.is_empty()).then(|| target.to_owned())
}
