//! Secrets stay off the lines.

use telemetry_core::{Scope, bind, bind_temporarily, context};

use crate::line_of;

#[test]
fn a_secret_of_the_event_is_redacted() {
    let line = line_of(|| {
        tracing::info!(
            password = "hunter2",
            user.accessToken = 12,
            http.request.header.authorization = %"Basic abc",
            cookie = ?"c",
            api_key = true,
            tokens = 3,
            "x"
        );
    });
    assert!(
        line.ends_with(
            r#""event":"x","password":"[redacted]","user.accessToken":"[redacted]","http.request.header.authorization":"[redacted]","cookie":"[redacted]","api_key":"[redacted]","tokens":3}"#
        ),
        "{line}"
    );
}

#[test]
fn a_secret_of_a_span_is_redacted() {
    let line = line_of(|| {
        let span = tracing::info_span!("s", secret = 1, token = tracing::field::Empty);
        span.record("token", "abc");
        span.in_scope(|| tracing::info!("x"));
    });
    assert!(
        line.ends_with(r#""secret":"[redacted]","token":"[redacted]"}"#),
        "{line}"
    );
}

#[test]
fn a_secret_of_the_context_is_redacted_and_never_kept() {
    let line = line_of(|| {
        Scope::builder()
            .field("set-cookie", "a=b")
            .build()
            .in_scope(|| {
                bind("client_secret", "s");
                let _bound = bind_temporarily("x-api-key", "k");
                tracing::info!("x");
                assert!(context().iter().all(|(_, value)| *value == "[redacted]"));
            });
    });
    assert!(
        line.ends_with(
            r#""set-cookie":"[redacted]","client_secret":"[redacted]","x-api-key":"[redacted]"}"#
        ),
        "{line}"
    );
}

#[test]
fn a_secret_among_fields_that_need_sorting_out_is_redacted() {
    let line = line_of(|| tracing::info!(a = 1, token = "t", a = 2, "x"));
    assert!(line.ends_with(r#""token":"[redacted]","a":2}"#), "{line}");
}
