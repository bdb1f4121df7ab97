//! What is shown of arguments.

use proptest::prelude::*;
use redis::Value;
use telemetry_otel::testing::capture_spans;
use telemetry_redis::{QueryText, TracedConnection};

use crate::Fake;

/// Sends a command; all that its span has, as text.
fn sent(command: &redis::Cmd, text: QueryText) -> (Option<String>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let spans = capture_spans();
        let mut cache = TracedConnection::builder()
            .with_query_text(text)
            .build(Fake([Ok(Value::Okay)].into()));
        let _: Value = command.query_async(&mut cache).await.unwrap();
        let span = &spans.spans()[0];
        let text = span.get("db.query.text").map(ToString::to_string);
        (text, format!("{span:?}"))
    })
}

#[test]
fn arguments_are_shown_when_they_are_asked_for() {
    let mut command = redis::cmd("set");
    command.arg("session:5").arg("s3cret").arg("EX").arg(60);
    assert_eq!(sent(&command, QueryText::None).0, None);
    let keys = sent(&command, QueryText::Keys).0;
    assert_eq!(keys.as_deref(), Some("SET session:5 ? ? ?"));
    let values = sent(&command, QueryText::Values).0;
    assert_eq!(values.as_deref(), Some("SET session:5 s3cret EX 60"));
}

#[test]
fn a_script_is_shown_by_its_hash() {
    let script = "return redis.call('SET', KEYS[1], 's3cret')";
    let hash = redis::Script::new(script).get_hash().to_owned();
    for name in ["eval", "EVAL_RO"] {
        let mut command = redis::cmd(name);
        command.arg(script).arg(1).arg("s3cret");
        let (text, span) = sent(&command, QueryText::Keys);
        assert_eq!(text, Some(format!("{} {hash} ? ?", name.to_uppercase())));
        assert!(!span.contains("s3cret"), "{span}");
    }
    let mut command = redis::cmd("SCRIPT");
    command.arg("LOAD").arg(script);
    assert_eq!(sent(&command, QueryText::Keys).0.unwrap(), "SCRIPT LOAD ?");
    let mut command = redis::cmd("EVALSHA");
    command.arg(&hash).arg(0);
    let text = sent(&command, QueryText::Keys).0.unwrap();
    assert_eq!(text, format!("EVALSHA {hash} ?"));
}

#[test]
fn a_first_argument_that_is_no_key_is_not_shown() {
    for name in ["ECHO", "PING"] {
        let mut command = redis::cmd(name);
        command.arg("s3cret");
        let (text, _) = sent(&command, QueryText::Keys);
        assert_eq!(text, Some(format!("{name} ?")));
    }
}

#[test]
fn credentials_are_never_shown() {
    for name in ["AUTH", "hello", "CONFIG", "ACL", "MIGRATE"] {
        let mut command = redis::cmd(name);
        command.arg("s3cret").arg("s3cret");
        let (text, span) = sent(&command, QueryText::Values);
        assert_eq!(text, Some(format!("{} ? ?", name.to_uppercase())));
        assert!(!span.contains("s3cret"), "{span}");
    }
}

#[test]
fn a_long_text_is_cut() {
    let mut command = redis::cmd("MSET");
    for index in 0..1000 {
        command
            .arg(format!("schl\u{fc}ssel:{index}"))
            .arg("x".repeat(10_000));
    }
    let text = sent(&command, QueryText::Values).0.unwrap();
    assert!(text.len() <= 1024 && text.len() > 1000, "{}", text.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_argument_is_recorded_unless_it_is_asked_for(
        arguments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6)
    ) {
        let mut command = redis::cmd("SET");
        for argument in &arguments {
            command.arg([b"s3cret-", &argument[..]].concat());
        }
        let (text, span) = sent(&command, QueryText::None);
        prop_assert_eq!(text, None);
        prop_assert!(!span.contains("s3cret"));
        let (text, _) = sent(&command, QueryText::Keys);
        prop_assert_eq!(text.unwrap().matches("s3cret").count(), 1);
    }
}
