//! The cases in which a scope inside OpenTelemetry's context would be lost or swapped,
//! because tracing-opentelemetry activates the context that a span was made in.

use opentelemetry::trace::{TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry_core::{Config, FutureExt as _, LogFormat, Scope, Telemetry, bind, spawn};
use tracing::Instrument as _;

use crate::Kept;

fn scope(id: i64) -> Scope {
    Scope::builder().field("id", id).build()
}

/// Runs `work` with lines and with spans that tracing-opentelemetry records, and returns
/// the lines.
fn lines_with_spans(work: impl FnOnce()) -> Vec<String> {
    let provider = SdkTracerProvider::builder().build();
    let kept = Kept::default();
    let telemetry = Telemetry::builder()
        .with_config(Config::default().with_format(LogFormat::Json))
        .with_layer(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with_output(kept.clone())
        .build()
        .unwrap();
    telemetry.run(work);
    assert!(telemetry.flush(std::time::Duration::from_secs(10)));
    let text = kept.take();
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_scope(lines: &[String], id: i64) {
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains(&format!(r#""id":{id}"#)), "{}", lines[0]);
    assert!(lines[0].contains(r#""trace_id":""#), "{}", lines[0]);
}

#[test]
fn a_span_made_before_the_scope_and_entered_inside_it_keeps_the_scope() {
    let lines = lines_with_spans(|| {
        let span = tracing::info_span!("before");
        span.in_scope(|| {});
        scope(8).in_scope(|| span.in_scope(|| tracing::info!("x")));
    });
    assert_scope(&lines, 8);
}

#[test]
fn a_span_without_a_parent_keeps_the_scope() {
    let lines = lines_with_spans(|| {
        scope(8).in_scope(|| {
            tracing::info_span!(parent: None, "root").in_scope(|| tracing::info!("x"));
        });
    });
    assert_scope(&lines, 8);
}

#[test]
fn a_span_with_an_explicit_older_parent_keeps_the_scope() {
    let lines = lines_with_spans(|| {
        let older = tracing::info_span!("older");
        older.in_scope(|| {});
        scope(8).in_scope(|| {
            tracing::info_span!(parent: &older, "child").in_scope(|| tracing::info!("x"));
        });
    });
    assert_scope(&lines, 8);
}

#[test]
fn a_span_of_one_unit_entered_in_another_shows_the_other_units_scope() {
    let (one, two) = (scope(1), scope(2));
    let lines = lines_with_spans(|| {
        let span = one.in_scope(|| tracing::info_span!("of_one"));
        two.in_scope(|| {
            span.in_scope(|| {
                tracing::info!("x");
                bind("bound", true);
            });
        });
    });
    assert_scope(&lines, 2);
    assert!(two.get("bound").is_some());
    assert!(one.get("bound").is_none());
}

#[test]
fn a_spawned_task_is_beneath_the_span_it_was_spawned_in() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let lines = lines_with_spans(|| {
        runtime.block_on(
            async {
                async {
                    tracing::info!("parent");
                    spawn(async { tracing::info!("child") }).await.unwrap();
                }
                .instrument(tracing::info_span!("span"))
                .await;
            }
            .in_scope(scope(5)),
        );
    });
    let ids = |line: &str| -> Vec<String> {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        ["id", "trace_id", "span_id"]
            .iter()
            .map(|key| line[*key].to_string())
            .collect()
    };
    assert_eq!(ids(&lines[0]), ids(&lines[1]));
    assert_eq!(ids(&lines[0])[0], "5");
}

#[test]
fn a_scope_within_a_span_has_the_spans_ids_and_one_of_its_own_its_own() {
    let provider = SdkTracerProvider::builder().build();
    let tracer = provider.tracer("test");
    let context = opentelemetry::Context::new().with_span(tracer.start("unit"));
    let own = Scope::builder().trace(&context).build();
    let lines = lines_with_spans(|| {
        own.in_scope(|| {
            tracing::info!("unit");
            tracing::info_span!("user").in_scope(|| tracing::info!("beneath"));
        });
    });
    let value = |line: &str, key: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()[key]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let unit = context.span().span_context().clone();
    assert_eq!(value(&lines[0], "span_id"), unit.span_id().to_string());
    assert_eq!(value(&lines[1], "trace_id"), unit.trace_id().to_string());
    assert_ne!(value(&lines[1], "span_id"), unit.span_id().to_string());
}
