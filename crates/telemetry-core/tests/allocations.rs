//! What is allocated for a log line. A program of its own: counting takes an allocator of
//! its own.

use allocation_counter::measure;
use telemetry_core::{LineLayer, LogFormat, Scope};
use tracing_subscriber::layer::SubscriberExt as _;

fn log(scope: &Scope) {
    scope.in_scope(|| {
        tracing::info!(
            http.method = "GET",
            http.route = "/api/tournaments/5/",
            http.status_code = 200,
            duration_ms = 12.34,
            "request_completed"
        );
    });
}

#[test]
fn a_line_with_its_context_allocates_nothing() {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _level| {
        assert!(line.ends_with(b"\"tournament.id\":5}\n"));
    });
    let subscriber = tracing_subscriber::registry().with(layer);
    let mut fields = Scope::builder();
    fields
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament"])
        .field("tournament.id", 5);
    let scope = fields.build();
    tracing::subscriber::with_default(subscriber, || {
        // The first line makes the buffer of the thread, and what is kept of the callsite.
        log(&scope);
        let counted = measure(|| {
            for _ in 0..100 {
                log(&scope);
            }
        });
        assert_eq!(counted.count_total, 0);
    });
}
