//! Which origins meet which rules.

use http::HeaderValue;

use super::*;

fn headers(host: &str, origins: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
    for origin in origins {
        headers.append(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
    }
    headers
}

fn allows(rules: &AllowedOrigins, host: &str, origins: &[&str]) -> bool {
    rules.allow(&Uri::from_static("/ws/"), &headers(host, origins))
}

#[test]
fn by_default_a_page_is_of_the_host_that_it_asks_for() {
    let same = AllowedOrigins::same();
    for (host, origin, expected) in [
        ("dtx.example", "https://dtx.example", true),
        ("dtx.example", "http://dtx.example", true),
        ("DTX.example", "https://dtx.EXAMPLE", true),
        ("dtx.example:443", "https://dtx.example", true),
        ("dtx.example", "https://dtx.example:443", true),
        ("localhost:8000", "http://localhost:8000", true),
        ("[::1]:8000", "http://[::1]:8000", true),
        ("dtx.example", "https://dtx.example:8443", false),
        ("localhost:8000", "http://localhost:5173", false),
        ("dtx.example", "https://evil.example", false),
        ("dtx.example", "https://dtx.example.evil.example", false),
        ("dtx.example", "https://sub.dtx.example", false),
        ("dtx.example", "null", false),
        ("dtx.example", "", false),
        ("dtx.example", "dtx.example", false),
        ("dtx.example", "https://user@dtx.example", false),
        ("dtx.example", "https://dtx.example/", false),
        (
            "dtx.example",
            "https://dtx.example https://evil.example",
            false,
        ),
        ("null", "null", false),
    ] {
        assert_eq!(allows(&same, host, &[origin]), expected, "{host} {origin}");
    }
}

#[test]
fn hosts_that_are_named_are_allowed_and_no_others() {
    let rules = AllowedOrigins::hosts([
        "dtx.example",
        "*.dtx.example",
        "localhost:5173",
        "https://secure.example",
        "*.dev.example:8443",
    ])
    .unwrap();
    for (origin, expected) in [
        ("https://dtx.example", true),
        ("http://dtx.example:80", true),
        ("https://dtx.example:80", false),
        ("https://play.dtx.example", true),
        ("https://a.b.dtx.example", true),
        ("https://evildtx.example", false),
        ("https://.dtx.example", false),
        ("https://dtx.example.evil.example", false),
        ("http://localhost:5173", true),
        ("http://localhost", false),
        ("https://secure.example", true),
        ("http://secure.example", false),
        ("https://a.dev.example:8443", true),
        ("https://a.dev.example", false),
        ("https://dev.example:8443", false),
        ("null", false),
    ] {
        assert_eq!(allows(&rules, "proxy", &[origin]), expected, "{origin}");
    }
}

#[test]
fn who_sends_no_origin_is_allowed_unless_one_is_required() {
    assert!(allows(&AllowedOrigins::same(), "dtx.example", &[]));
    assert!(!allows(
        &AllowedOrigins::same().require_origin(),
        "dtx.example",
        &[]
    ));
    assert!(!allows(
        &AllowedOrigins::any().require_origin(),
        "dtx.example",
        &[]
    ));
    assert!(allows(&AllowedOrigins::any(), "dtx.example", &["null"]));
}

#[test]
fn a_second_origin_is_refused() {
    let both = ["https://dtx.example", "https://evil.example"];
    assert!(!allows(&AllowedOrigins::same(), "dtx.example", &both));
}

#[test]
fn without_a_host_nothing_is_of_the_same_origin() {
    let mut headers = headers("x", &["https://dtx.example"]);
    headers.remove(header::HOST);
    let same = AllowedOrigins::same();
    assert!(!same.allow(&Uri::from_static("/ws/"), &headers));
    // HTTP/2 has it in the URI.
    assert!(same.allow(&Uri::from_static("https://dtx.example/ws/"), &headers));
}

#[test]
fn a_bad_host_is_named() {
    for bad in [
        "",
        "*",
        "*.",
        "https://",
        "a/b",
        "dtx.example:",
        "dtx.example:x",
        "user@dtx.example",
        "a b",
    ] {
        let error = AllowedOrigins::hosts(["dtx.example", bad]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{bad:?} is neither a host nor an origin")
        );
    }
}
