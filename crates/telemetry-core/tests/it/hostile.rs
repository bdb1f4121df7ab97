//! Whatever is logged, a line is one JSON object.

use proptest::prelude::*;
use serde_json::Value;
use telemetry_core::{Config, LogFormat, Scope};

use crate::{lines_of, text_of};

/// Text that breaks careless loggers, and any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "\n",
            "\r\n",
            "\0",
            "\"",
            "\\",
            "\\\"",
            "\u{1b}[31mred\u{1b}[0m",
            "\u{9b}31m",
            "\u{7f}",
            "\u{2028}\u{2029}",
            "{\"event\":\"forged\"}",
            "\n{\"event\":\"forged\"}\n",
            "é中🦀",
            "\u{feff}",
        ])
        .prop_map(str::to_owned),
        "(?s).{0,40}",
    ]
}

proptest! {
    #[test]
    fn any_text_anywhere_gives_one_object_a_line(
        message in text(), value in text(), key in "(?s).{1,12}", bound in text(), listed in text(),
    ) {
        let key = format!("bound {key}");
        let lines = lines_of(|| {
            let scope = Scope::builder().field(&key, &bound).field("list", [&listed]).build();
            scope.in_scope(|| {
                let span = tracing::info_span!("s", span = %value);
                span.in_scope(|| tracing::info!(value, debug = ?value, "{message}"));
            });
        });
        prop_assert_eq!(lines.len(), 1);
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        prop_assert_eq!(&line["event"], &message);
        prop_assert_eq!(&line["value"], &value);
        prop_assert_eq!(&line["span"], &value);
        prop_assert_eq!(&line["list"][0], &listed);
        if !telemetry_core::is_sensitive(&key) {
            prop_assert_eq!(&line[&key], &bound);
        }
        prop_assert!(!lines[0].contains(char::is_control));
    }

    #[test]
    fn any_text_gives_one_line_on_a_terminal(message in text(), value in text()) {
        let text = text_of(Config::default().with_format(LogFormat::Pretty), || {
            tracing::info!(value, list = ?[&value], "{message}");
        });
        prop_assert_eq!(text.matches('\n').count(), 1);
        prop_assert!(!text.trim_end_matches('\n').contains(char::is_control), "{}", text);
    }
}

#[test]
fn sixty_four_kilobytes_are_one_line_where_there_is_no_limit() {
    let long = "\u{1b}[31m\n\"é".repeat(64 * 1024 / 8);
    let config = Config::default()
        .with_format(LogFormat::Json)
        .with_line_limit(0);
    let text = text_of(config, || {
        Scope::builder()
            .field("bound", &long)
            .build()
            .in_scope(|| tracing::info!(long, "{long}"));
    });
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["event"], long);
    assert_eq!(line["long"], long);
    assert_eq!(line["bound"], long);
}

#[test]
fn an_event_with_more_fields_than_a_word_has_bits_is_whole() {
    macro_rules! many {
        ($($name:ident)*) => { tracing::info!($($name = stringify!($name),)* "x") };
    }
    let lines = lines_of(|| {
        many!(a b c d e f g h i j k l m n o p q r s t u v w x y z
              aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp qq rr ss tt uu vv ww xx yy zz
              a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1 o1 p1 q1 r1 s1 t1);
    });
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line.as_object().unwrap().len(), 3 + 72);
    assert_eq!(line["t1"], "t1");
}
