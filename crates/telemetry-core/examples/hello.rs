//! x
use telemetry_core::*;
fn main() {
    let t = telemetry_core::init().unwrap();
    tracing::info!(a = 1, "outside");
    Scope::builder()
        .field("request.id", "abc")
        .field("user.id", 42)
        .field("labels", ["tournament"])
        .build()
        .in_scope(|| {
            bind("x", 1.5);
            bind("password", "hunter2");
            let s = tracing::info_span!("sp", depth = 1, x = 9);
            let _e = s.enter();
            tracing::warn!(
                message = "request_completed",
                http.method = "GET",
                duration_ms = 12.34,
                level = "mine",
                token = "abc"
            );
            let e = std::io::Error::new(
                std::io::ErrorKind::Other,
                std::num::ParseIntError::from("x".parse::<i32>().unwrap_err()),
            );
            tracing::error!(error = &e as &dyn std::error::Error, "bad\nthing");
            tracing::info!(request.id = "other", "say \"{}\"", 5);
            log_it();
        });
    drop(t);
}
fn log_it() {
    tracing::debug!("dbg");
}
