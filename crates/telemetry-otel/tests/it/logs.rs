//! Log records.

use otlp_test_collector::{Collector, LogRecord, Value as OtlpValue};
use serde_json::Value;

use crate::child::play;

/// Says whether a value is what the line has.
fn is_same(exported: &OtlpValue, line: &Value) -> bool {
    match (exported, line) {
        (OtlpValue::Text(text), Value::String(line)) => text == line,
        (OtlpValue::Bool(value), Value::Bool(line)) => value == line,
        (OtlpValue::Integer(value), line) => line.as_i64() == Some(*value),
        (OtlpValue::Float(value), line) => line.is_f64() && line.as_f64() == Some(*value),
        (OtlpValue::Array(values), Value::Array(line)) => {
            let mut pairs = values.iter().zip(line);
            values.len() == line.len() && pairs.all(|(value, line)| is_same(value, line))
        }
        // OTLP has no larger integers.
        (OtlpValue::Text(text), line) => {
            line.as_i64().is_none() && Ok(line.as_u64()) == text.parse().map(Some)
        }
        _ => false,
    }
}

#[test]
fn a_record_has_the_fields_of_the_line_with_their_types() {
    let collector = Collector::start();
    let ended = play("logs", &collector, &[]);
    let record = collector.wait_for_log("tournament_shown");
    let Value::Object(mut line) = ended.single("tournament_shown").clone() else {
        panic!("{ended:?}")
    };
    let mut take = |name: &str| line.remove(name).unwrap();
    assert!(take("timestamp").is_string());
    assert_eq!(take("level"), *record.severity_text);
    assert_eq!(take("logger"), *record.scope.name);
    assert_eq!(take("event"), *record.body.as_str().unwrap());
    assert_eq!(take("trace_id"), *record.trace_id.as_ref().unwrap());
    assert_eq!(take("span_id"), *record.span_id.as_ref().unwrap());
    // Where the event is in the code is on the record only.
    let of_code = record
        .attributes
        .keys()
        .filter(|key| key.starts_with("code."));
    assert_eq!(of_code.count(), 2, "{record:?}");
    assert_eq!(record.attributes.len(), line.len() + 2, "{record:?}");
    for (name, value) in &line {
        assert!(
            is_same(&record.attributes[name], value),
            "{name}: {record:?}"
        );
    }
    assert_eq!(record.attributes["largest"], "18446744073709551615");
    assert_eq!(record.attributes["unsigned"], 7);
    assert_eq!(record.attributes["labels"], ["tournament", "draft"]);
    assert_eq!(record.attributes["password"], "[redacted]");
    let span = collector.wait_for_span("request");
    assert_eq!(record.trace_id, Some(span.trace_id));
    assert_eq!(record.span_id, Some(span.span_id));
}

#[test]
fn records_have_the_severity_of_the_line_and_there_are_as_many() {
    let collector = Collector::start();
    let ended = play("logs", &collector, &[("LOG_LEVEL", "TRACE")]);
    for (event, number, text) in [
        ("at_trace", 1, "trace"),
        ("at_debug", 5, "debug"),
        ("tournament_shown", 9, "info"),
        ("at_warning", 13, "warning"),
        ("at_error", 17, "error"),
    ] {
        let record = collector.wait_for_log(event);
        assert_eq!(
            (record.severity_number, &*record.severity_text),
            (number, text)
        );
        assert_eq!(ended.single(event)["level"], text);
    }
    // Those of a logger come together.
    let mut exported: Vec<_> = collector.logs().iter().map(body).collect();
    let mut written = ended.events();
    exported.sort_unstable();
    written.sort_unstable();
    assert_eq!(exported, written);
}

#[test]
fn a_field_that_is_no_id_stays_a_field() {
    let collector = Collector::start();
    play("logs", &collector, &[]);
    let record = collector.wait_for_log("outside");
    assert_eq!(record.attributes["trace_id"], "not an id");
    assert_eq!(record.trace_id, None);
}

#[test]
fn a_level_that_gives_no_line_gives_no_record() {
    let collector = Collector::start();
    play("logs", &collector, &[("LOG_LEVEL", "WARNING")]);
    let exported: Vec<_> = collector.logs().iter().map(body).collect();
    assert_eq!(exported, ["at_warning", "at_error"]);
}

#[test]
fn an_event_that_is_an_identifier_names_its_record_and_a_message_does_not() {
    let collector = Collector::start();
    play("failures", &collector, &[]);
    let record = collector.wait_for_log("pick_failed");
    assert_eq!(record.event_name, "pick_failed");
    assert_eq!(record.body.as_str(), Some("pick_failed"));
    let longest = format!("a{}", "_".repeat(63));
    assert_eq!(collector.wait_for_log(&longest).event_name, longest);
    for message in [
        "Hero 7 was picked",
        "picked!",
        "7_picked",
        &format!("{longest}_"),
    ] {
        assert_eq!(collector.wait_for_log(message).event_name, "", "{message}");
    }
}

#[test]
fn a_record_has_the_flags_of_its_span_and_the_place_in_the_code() {
    let collector = Collector::start();
    play("logs", &collector, &[]);
    let record = collector.wait_for_log("tournament_shown");
    assert_eq!(record.flags & 1, 1, "{record:?}");
    let file = record.attributes["code.file.path"].as_str().unwrap();
    assert!(file.ends_with("tests/it/scenarios.rs"), "{file}");
    assert!(matches!(
        record.attributes["code.line.number"],
        OtlpValue::Integer(1..)
    ));
    assert_eq!(collector.wait_for_log("outside").flags, 0);
    let ended = play("failures", &collector, &[]);
    let unsampled = collector.wait_for_log("beneath_unsampled");
    assert!(unsampled.trace_id.is_some());
    assert_eq!(unsampled.flags & 1, 0);
    // A record of `log` does not say where it is.
    let of_log = collector.wait_for_log("of_log").attributes;
    assert!(!of_log.contains_key("code.file.path"), "{of_log:?}");
    let line = ended.single("beneath_unsampled").as_object().unwrap();
    assert!(line.keys().all(|key| !key.starts_with("code.")), "{line:?}");
}

#[test]
fn a_record_of_a_failure_has_the_attributes_of_an_exception() {
    let collector = Collector::start();
    let ended = play("failures", &collector, &[]);
    let failed = collector.wait_for_log("pick_failed").attributes;
    assert_eq!(failed["error"], "no such hero");
    assert_eq!(failed["exception.message"], "no such hero");
    assert!(!failed.contains_key("exception.type"), "{failed:?}");
    let retried = collector.wait_for_log("pick_retried").attributes;
    assert_eq!(retried["error"], "no such hero");
    assert!(!retried.contains_key("exception.message"), "{retried:?}");

    let caused = collector.wait_for_log("pick_broken").attributes;
    let line = ended.single("pick_broken");
    assert_eq!(
        caused["exception.stacktrace"],
        line["exception"].as_str().unwrap()
    );
    assert_eq!(caused["exception.message"], line["error"].as_str().unwrap());
    assert!(!caused.contains_key("exception"), "{caused:?}");

    let panicked = collector.wait_for_log("work_panicked").attributes;
    assert_eq!(panicked["exception.type"], "panic");
    assert_eq!(panicked["exception.message"], "panic: out of heroes");
    assert!(
        panicked["exception.stacktrace"]
            .as_str()
            .unwrap()
            .contains("scenarios.rs")
    );
}

fn body(record: &LogRecord) -> String {
    record.body.as_str().unwrap().to_owned()
}
