//! Secrets in what is exported.

use otlp_test_collector::Collector;

use crate::child::play;

#[test]
fn secrets_of_spans_are_exported_as_little_as_those_of_lines() {
    let collector = Collector::start();
    let ended = play("secrets", &collector, &[]);
    let span = collector.wait_for_span("login").attributes;
    let record = collector.wait_for_log("logged_in").attributes;
    let line = ended.single("logged_in");
    for key in ["password", "api_key", "refresh_token", "steam_guard", "pin"] {
        assert_eq!(span[key], "[redacted]", "{key}");
        assert_eq!(record[key], "[redacted]", "{key}");
        assert_eq!(line[key], "[redacted]", "{key}");
    }
    assert_eq!(span["token_count"], 3);
}

#[test]
fn secrets_of_own_spans_their_events_and_links_are_redacted() {
    let collector = Collector::start();
    play("secrets", &collector, &[]);
    let span = collector.wait_for_span("own");
    assert_eq!(span.attributes["session.id"], "[redacted]");
    assert_eq!(span.attributes["passwords"], "[redacted]");
    assert_eq!(span.attributes["player"], "sven");
    assert_eq!(span.events[0].attributes["session.id"], "[redacted]");
    assert_eq!(span.events[0].attributes["tries"], 2);
    let everything = format!("{:?}{:?}", collector.spans(), collector.logs());
    assert!(!everything.contains("sesame"), "{everything}");
}

#[test]
fn secrets_are_redacted_on_the_console_too() {
    let collector = Collector::start();
    let ended = play(
        "secrets",
        &collector,
        &[("OTEL_TRACES_EXPORTER", "console")],
    );
    assert!(ended.stderr.contains("password=[redacted]"), "{ended:?}");
    assert!(!ended.stderr.contains("sesame"), "{ended:?}");
}
