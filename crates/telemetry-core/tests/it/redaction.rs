//! Secrets stay off the lines.

use telemetry_core::{Scope, bind, bind_temporarily, context};

use crate::{line_of, lines_of};

#[test]
fn a_secret_of_the_event_is_redacted() {
    let line = line_of(|| {
        tracing::info!(
            password = "hunter2",
            user.accessToken = "abc",
            http.request.header.authorization = %"Basic abc",
            cookie = ?"c",
            api_key = "k",
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
        let span = tracing::info_span!("s", secret = "s", token = tracing::field::Empty);
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

#[test]
fn keys_that_hold_secrets_in_other_words_are_redacted() {
    let line = line_of(|| {
        tracing::info!(
            password1 = "s",
            password_confirmation = "s",
            passwords = ?["s"],
            api_keys = "s",
            access_tokens = "s",
            pass = "s",
            passcode = "s",
            otp = "s",
            pin = "s",
            bearer = "s",
            session_id = "s",
            sid = "s",
            signing_key = %"s",
            "x"
        );
    });
    assert_eq!(line.matches(r#":"[redacted]""#).count(), 13, "{line}");
}

#[test]
fn keys_that_only_look_like_secrets_are_kept() {
    let line = line_of(|| {
        tracing::info!(
            max_tokens = 1,
            input_tokens = "2",
            close_code = 3,
            http.status_code = 4,
            code.function.name = "f",
            session_count = 5,
            rules.pass = "6",
            "x"
        );
    });
    assert!(
        line.ends_with(
            r#""max_tokens":1,"input_tokens":"2","close_code":3,"http.status_code":4,"code.function.name":"f","session_count":5,"rules.pass":"6"}"#
        ),
        "{line}"
    );
}

#[test]
fn a_number_is_a_secret_where_it_authorizes_and_nowhere_else() {
    let line = line_of(|| {
        let span = tracing::info_span!("s", secret = 5, passcode = 6);
        let scope = Scope::builder()
            .field("pin", 7)
            .field("api_keys", 8)
            .build();
        let _entered = span.entered();
        scope.in_scope(|| tracing::info!(token = 1, otp = 2, password = true, pin1 = false, "x"));
    });
    assert!(
        line.ends_with(
            r#""token":1,"otp":"[redacted]","password":true,"pin1":"[redacted]","secret":5,"passcode":"[redacted]","pin":"[redacted]","api_keys":8}"#
        ),
        "{line}"
    );
}

#[test]
fn a_url_keeps_its_host_and_loses_its_secrets() {
    let dsn = "postgres://app:hunter2@db.internal:5432/dtx?sslmode=on";
    let line = line_of(|| {
        let scope = Scope::builder().field("database_url", dsn).build();
        let _span = tracing::info_span!("s", broker = %dsn).entered();
        scope.in_scope(|| tracing::info!(dsn, target_url = "http://h/?page=2&token=t", "x"));
    });
    let masked = "postgres://[redacted]@db.internal:5432/dtx?sslmode=on";
    assert!(
        line.ends_with(&format!(
            r#""dsn":"{masked}","target_url":"http://h/?page=2&token=[redacted]","broker":"{masked}","database_url":"{masked}"}}"#
        )),
        "{line}"
    );
}

#[test]
fn a_url_inside_a_text_loses_its_secrets_however_it_is_written() {
    use std::fmt;

    /// Written in pieces, as the URIs of the `http` crate are.
    struct Pieces;
    impl fmt::Display for Pieces {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for piece in [
                "http",
                "://",
                "user:",
                "hunter2",
                "@h/?a=1&",
                "token=",
                "hunter2\n",
            ] {
                f.write_str(piece)?;
            }
            Ok(())
        }
    }
    let lines = lines_of(|| {
        let url = "amqp://u:hunter2@mq/";
        bind_list(&[url]);
        tracing::info!(uri = %Pieces, list = ?[url], "connecting to {url} now");
        tracing::info!(a = 1, "{}", Pieces);
        tracing::info!(
            error = &std::io::Error::other(url) as &dyn std::error::Error,
            "x"
        );
    });
    for line in &lines {
        assert!(!line.contains("hunter2"), "{line}");
    }
    assert!(
        lines[0].contains(
            r#""event":"connecting to amqp://[redacted]@mq/ now","uri":"http://[redacted]@h/?a=1&token=[redacted]\n","list":"[\"amqp://[redacted]@mq/\"]""#
        ),
        "{lines:#?}"
    );
}

fn bind_list(urls: &[&str]) {
    Scope::builder()
        .field("urls", urls)
        .build()
        .in_scope(|| assert_eq!(context()[0].1, ["amqp://[redacted]@mq/"]));
}
