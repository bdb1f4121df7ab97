//! What the `event` of a line is: the message, else the span, else the place.

use std::error::Error;
use std::fmt;

use tracing::Level;
use tracing::field::Empty;

use crate::{line_of, lines_of};

#[derive(Debug)]
struct NotCharged(Option<NoConnection>);

#[derive(Debug)]
struct NoConnection;

impl fmt::Display for NotCharged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not charged")
    }
}

impl Error for NotCharged {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|source| source as _)
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for NoConnection {}

#[test]
fn an_error_as_the_message_is_the_event() {
    let error = &NotCharged(None) as &(dyn Error + 'static);
    let line = line_of(|| tracing::info!(a = 1, message = error));
    assert!(line.ends_with(r#""event":"not charged","a":1}"#), "{line}");
    let line = line_of(|| tracing::info!(message = error, a = 1));
    assert!(line.ends_with(r#""event":"not charged","a":1}"#), "{line}");
    let line = line_of(|| tracing::info!(message = error));
    assert!(line.ends_with(r#""event":"not charged"}"#), "{line}");
}

#[test]
fn an_error_as_the_message_shows_its_causes_as_the_exception() {
    let error = &NotCharged(Some(NoConnection)) as &(dyn Error + 'static);
    let first = line_of(|| tracing::info!(message = error, a = 1));
    let later = line_of(|| tracing::info!(a = 1, message = error));
    for line in [first, later] {
        assert!(
            line.ends_with(
                r#""event":"not charged","a":1,"exception":"not charged\ncaused by: no connection"}"#
            ),
            "{line}"
        );
    }
}

#[test]
fn a_message_of_any_type_is_a_string() {
    let lines = lines_of(|| {
        tracing::info!(message = 5, a = 1);
        tracing::info!(a = 1, message = 5);
        tracing::info!(message = 5);
        tracing::info!(a = 1, message = -5_i64);
        tracing::info!(message = 1.5, a = 1);
        tracing::info!(message = f64::NAN, a = 1);
        tracing::info!(a = 1, message = u128::MAX);
        tracing::info!(message = true, a = 1);
        tracing::info!(a = 1, message = true);
        tracing::info!(a = 1, message = ?Some("x"));
        tracing::info!(message = ?Some(2), a = 1);
        tracing::info!(a = 1, message = %"shown");
        tracing::info!(a = 1, message = b"\xff".as_slice());
    });
    let events: Vec<String> = lines
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(line.get("message").is_none(), "{line}");
            line["event"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = [
        "5",
        "5",
        "5",
        "-5",
        "1.5",
        "NaN",
        "340282366920938463463374607431768211455",
        "true",
        "true",
        "Some(\"x\")",
        "Some(2)",
        "shown",
        "[ff]",
    ];
    assert_eq!(events, expected);
}

#[tracing::instrument(err)]
fn charge(order: u64) -> Result<u64, NotCharged> {
    if order == 7 {
        Err(NotCharged(None))
    } else {
        Ok(order)
    }
}

#[tracing::instrument(ret)]
fn total(order: u64) -> u64 {
    order * 2
}

#[tracing::instrument(ret, err)]
async fn refund(order: u64) -> Result<u64, NotCharged> {
    charge(order)
}

#[test]
fn an_event_without_a_message_is_named_after_its_span() {
    let line = line_of(|| {
        let _failed = charge(7);
    });
    assert!(
        line.ends_with(r#""event":"charge","error":"not charged","order":7}"#),
        "{line}"
    );
    let line = line_of(|| {
        total(4);
    });
    assert!(
        line.ends_with(r#""event":"total","return":"8","order":4}"#),
        "{line}"
    );
    let line = line_of(|| {
        tracing::info_span!("shipping").in_scope(|| tracing::event!(Level::INFO, only = 1));
    });
    assert!(line.ends_with(r#""event":"shipping","only":1}"#), "{line}");
}

#[test]
fn an_async_function_names_what_it_returns() {
    let lines = lines_of(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let _failed = runtime.unwrap().block_on(refund(7));
    });
    let [inner, outer] = &*lines else {
        panic!("{lines:#?}")
    };
    assert!(inner.contains(r#""event":"charge""#), "{inner}");
    assert!(outer.contains(r#""event":"refund""#), "{outer}");
}

#[test]
fn the_nearest_span_names_the_event() {
    let lines = lines_of(|| {
        let outer = tracing::info_span!("outer");
        outer.in_scope(|| {
            tracing::info_span!("inner").in_scope(|| tracing::info!(a = 1));
            tracing::info!(a = 2);
            let other = tracing::info_span!("other");
            tracing::info!(parent: &other, a = 3);
            tracing::info!(parent: None, a = 4);
            tracing::info!(message = Empty, a = 5);
            tracing::info!(message = None::<&str>, a = 6);
            tracing::info!(a = 7, message = None::<&str>);
        });
        tracing::info!(parent: &outer, a = 8);
        tracing::info!(a = 9);
        tracing::info!(message = Empty, a = 10);
    });
    let names = [
        "inner",
        "outer",
        "other",
        "naming.rs:",
        "outer",
        "outer",
        "outer",
        "outer",
        "naming.rs:",
        "naming.rs:",
    ];
    assert_eq!(lines.len(), names.len());
    for (line, name) in lines.iter().zip(names) {
        assert!(line.contains(&format!(r#""event":"{name}"#)), "{line}");
    }
}

#[test]
fn a_name_or_a_message_of_its_own_comes_before_that_of_the_span() {
    let lines = lines_of(|| {
        tracing::info_span!("span").in_scope(|| {
            tracing::info!(name: "moved", a = 1);
            tracing::info!(a = 1, "said");
            tracing::info!("");
        });
    });
    for (line, name) in lines.iter().zip(["moved", "said", ""]) {
        assert!(line.contains(&format!(r#""event":"{name}""#)), "{line}");
    }
}
