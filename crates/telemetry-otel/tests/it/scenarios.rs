//! What the processes do.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value, global};
use telemetry_core::{BuildError, Config, Scope, propagation};
use telemetry_otel::{Otel, OtelGuard, init};
use tokio::runtime::{Builder, Runtime};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn play(scenario: &str) {
    match scenario {
        "work" => work(),
        "burst" => burst(),
        "fetched" => fetched(),
        "large" => large(),
        "limits" => limits(),
        "many" => many(),
        "minutes" => minutes(),
        "failures" => failures(),
        "flush" => flush(),
        "flushing" => flushing(),
        "logs" => logs(),
        "priorities" => priorities(),
        "propagate" => propagate(),
        "secrets" => secrets(),
        "shutdown" => shutdown(),
        "spans" => spans(),
        "twice" => twice(),
        "first_of_two" => first_of_two(),
        #[cfg(unix)]
        "fork" => fork(),
        other => panic!("no scenario {other}"),
    }
}

/// Says something to the test.
fn say(name: &str, value: impl std::fmt::Display) {
    eprintln!("{name}={value}");
}

fn end(telemetry: OtelGuard) {
    let runtime = Builder::new_current_thread().build().unwrap();
    say("is_done", runtime.block_on(telemetry.shutdown(PATIENCE)));
}

#[tracing::instrument]
fn draw_bracket(teams: u64, rounds: i64) {
    tracing::debug_span!("shuffle").in_scope(|| {});
    tracing::info!(teams, "bracket_drawn");
}

fn work() {
    let telemetry = init().unwrap();
    say("exports", telemetry.exports());
    draw_bracket(8, 3);
    end(telemetry);
}

/// Records more than waits. What is exported elsewhere has five seconds to get there.
fn burst() {
    let telemetry = init().unwrap();
    for _ in 0..100 {
        draw_bracket(8, 3);
    }
    let runtime = Builder::new_current_thread().build().unwrap();
    let is_done = runtime.block_on(telemetry.shutdown(Duration::from_secs(5)));
    say("is_done", is_done);
}

/// Counts, and fetches the metrics as Prometheus does.
fn fetched() {
    let telemetry = init().unwrap();
    let counter = global::meter("test").u64_counter("brackets").build();
    counter.add(1, &[KeyValue::new("teams", 8)]);
    let (metrics, other) = crate::variables::fetched();
    say("metrics", metrics.escape_default());
    say("other", other.escape_default());
    end(telemetry);
}

/// Records a span with long values, three events and two links, and a line of the same.
fn limits() {
    let telemetry = init().unwrap();
    let list = vec!["1234567".into(), "1".into()];
    let attributes = [
        KeyValue::new("text", "äöüß€äöüß€"),
        KeyValue::new("short", "abc"),
        KeyValue::new("number", 1_234_567),
        KeyValue::new("list", Value::Array(Array::String(list))),
    ];
    let long = || {
        vec![
            KeyValue::new("text", "1234567"),
            KeyValue::new("more", "1234567"),
        ]
    };
    let linked = remote(TraceFlags::SAMPLED).span().span_context().clone();
    let tracer = global::tracer("test");
    let mut span = tracer.start("limited");
    span.set_attributes(attributes);
    for event in ["drawn", "exception", "played"] {
        span.add_event(event, long());
    }
    span.add_link(linked.clone(), long());
    span.add_link(linked, long());
    span.end();
    tracing::info!(
        text = "äöüß€äöüß€",
        short = "abc",
        number = 1_234_567,
        "limited"
    );
    end(telemetry);
}

/// Records 600 lines of 8 KiB at once.
fn large() {
    let telemetry = init().unwrap();
    let text = "x".repeat(8 * 1024);
    for at in 0..600 {
        tracing::info!(at, text, "large");
    }
    end(telemetry);
}

/// Records 2,000 spans with a line each, and has a second for the end.
fn many() {
    let telemetry = init().unwrap();
    for _ in 0..2000 {
        tracing::info_span!("match").in_scope(|| tracing::info!("match_played"));
    }
    let runtime = Builder::new_current_thread().build().unwrap();
    let is_done = runtime.block_on(telemetry.shutdown(Duration::from_secs(1)));
    say("is_done", is_done);
}

/// Logs a line ten times a second, for as long as the test says.
fn minutes() {
    let telemetry = init().unwrap();
    let seconds: u64 = std::env::var("TEST_SECONDS").unwrap().parse().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        tracing::info!(at = begun.elapsed().as_secs(), "tick");
        std::thread::sleep(Duration::from_millis(100));
    }
    end(telemetry);
}

fn flush() {
    let telemetry = init().unwrap();
    draw_bracket(8, 3);
    say("is_flushed", telemetry.flush(PATIENCE));
    // Without its end.
    std::process::exit(0);
}

/// Exports three times and once more.
fn flushing() {
    let telemetry = init().unwrap();
    for _ in 0..3 {
        draw_bracket(8, 3);
        say("is_flushed", telemetry.flush(PATIENCE));
    }
    end(telemetry);
}

/// Says how nice its threads are, after a first export.
fn priorities() {
    let telemetry = init().unwrap();
    draw_bracket(8, 3);
    say("is_flushed", telemetry.flush(PATIENCE));
    for thread in std::fs::read_dir("/proc/self/task").unwrap() {
        // Some have just ended.
        let Ok(stat) = std::fs::read_to_string(thread.unwrap().path().join("stat")) else {
            continue;
        };
        let (name, fields) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        // proc_pid_stat(5), field 19; the third is the first behind the name.
        let nice = fields.split_whitespace().nth(16).unwrap();
        say(&name.replace(' ', "-"), nice);
    }
    end(telemetry);
}

fn logs() {
    let telemetry = init().unwrap();
    let tracer = global::tracer("test");
    let context = Context::new().with_span(tracer.start("request"));
    let mut scope = Scope::builder();
    scope
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", &["tournament", "draft"][..]);
    scope.trace(&context);
    scope.build().in_scope(|| {
        tracing::info!(
            text = "a \"b\"\n",
            integer = -5,
            unsigned = 7_u64,
            largest = u64::MAX,
            float = 0.5,
            boolean = true,
            password = "hidden",
            "tournament_shown"
        );
        tracing::trace!("at_trace");
        tracing::debug!("at_debug");
        tracing::warn!("at_warning");
        tracing::error!("at_error");
    });
    tracing::info!(trace_id = "not an id", "outside");
    drop(context);
    end(telemetry);
}

fn remote(flags: TraceFlags) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(0xabc_u128),
        SpanId::from(0xdef_u64),
        flags,
        true,
        TraceState::default(),
    ))
}

fn propagate() {
    let telemetry = init().unwrap();
    let mut headers = HashMap::new();
    let scope = Scope::builder().field("request.id", "abc-123").build();
    scope.in_scope(|| propagation::inject_trusted(&remote(TraceFlags::SAMPLED), &mut headers));
    let mut names: Vec<_> = headers.into_keys().collect();
    names.sort_unstable();
    say("written", names.join(","));
    let incoming = HashMap::from([(
        "traceparent".to_owned(),
        "00-00000000000000000000000000000abc-0000000000000def-01".to_owned(),
    )]);
    say("is_read", propagation::extract(&incoming).is_some());
    end(telemetry);
}

fn shutdown() {
    let runtime = match &*std::env::var("TEST_RUNTIME").unwrap() {
        "current thread" => Builder::new_current_thread().enable_all().build(),
        "one worker" => Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build(),
        _ => Runtime::new(),
    };
    let runtime = runtime.unwrap();
    let work = async {
        let telemetry = init().unwrap();
        draw_bracket(8, 3);
        global::meter("test")
            .u64_counter("brackets")
            .build()
            .add(1, &[]);
        let begun = Instant::now();
        say("is_done", telemetry.shutdown(Duration::from_secs(1)).await);
        say("took", begun.elapsed().as_millis());
    };
    // On a worker, where there are any.
    runtime.block_on(async { telemetry_core::spawn(work).await.unwrap() });
}

fn spans() {
    let telemetry = init().unwrap();
    let request = global::tracer("test").start("request");
    {
        let _attached = Context::new().with_span(request).attach();
        draw_bracket(8, 3);
        tracing::info_span!(target: "hyper::proto", "of_hyper").in_scope(|| {});
        tracing::info_span!(target: "opentelemetry_sdk", "of_the_sdk").in_scope(|| {});
        tracing::info_span!(target: "telemetry_otel", "of_export").in_scope(|| {});
        tracing::info_span!(target: "tower_defense", "of_a_game").in_scope(|| {});
    }
    {
        let _attached = remote(TraceFlags::NOT_SAMPLED).attach();
        tracing::info_span!("beneath_unsampled").in_scope(|| {
            tracing::info_span!("further_beneath_unsampled").in_scope(|| {});
        });
    }
    {
        let _attached = remote(TraceFlags::SAMPLED).attach();
        tracing::info_span!("beneath_sampled").in_scope(|| {});
    }
    end(telemetry);
}

/// Logs names, messages and failures.
fn failures() {
    let telemetry = init().unwrap();
    for message in ["Hero 7 was picked", "picked!", "7_picked"] {
        tracing::info!("{message}");
    }
    let longest = format!("a{}", "_".repeat(63));
    tracing::info!("{longest}");
    tracing::info!("{longest}_");
    tracing::error!(error = "no such hero", "pick_failed");
    tracing::warn!(error = "no such hero", "pick_retried");
    let broken = BuildError::WriterThread(std::io::Error::other("no memory"));
    let broken: &(dyn std::error::Error + 'static) = &broken;
    tracing::warn!(error = broken, "pick_broken");
    {
        let _attached = remote(TraceFlags::NOT_SAMPLED).attach();
        tracing::info!("beneath_unsampled");
    }
    log::info!("of_log");
    telemetry_core::spawn_thread(|| panic!("out of heroes"))
        .join()
        .unwrap_err();
    end(telemetry);
}

/// Records `sesame` wherever a key says that it is a secret.
fn secrets() {
    let config = Config::from_env().with_redacted_keys(["steam_guard"]);
    let telemetry = Otel::builder().with_config(config).install().unwrap();
    let login = tracing::info_span!(
        "login",
        password = "sesame",
        api_key = "sesame",
        steam_guard = 4711,
        pin = 4711,
        token_count = 3,
        refresh_token = tracing::field::Empty,
    );
    login.record("refresh_token", "sesame");
    login.in_scope(|| tracing::info!("logged_in"));
    drop(login);
    let tracer = global::tracer("test");
    let secret = || KeyValue::new("session.id", "sesame");
    let mut own = tracer
        .span_builder("own")
        .with_attributes([secret(), KeyValue::new("player", "sven")])
        .with_links(vec![Link::new(
            remote(TraceFlags::SAMPLED).span().span_context().clone(),
            vec![secret()],
            0,
        )])
        .start(&tracer);
    let codes = vec![StringValue::from("sesame")];
    own.set_attribute(KeyValue::new("passwords", Value::Array(codes.into())));
    own.add_event("checked", vec![secret(), KeyValue::new("tries", 2)]);
    own.end();
    end(telemetry);
}

fn first_of_two() {
    let first = init().unwrap();
    let second = init().unwrap();
    drop(first);
    tracing::info!("after");
    drop(second);
    say("exports_after", init().unwrap().exports());
}

/// A child that records and drops the guard: it has 50 ms for that.
#[cfg(unix)]
fn fork() {
    let telemetry = init().unwrap();
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            tracing::info_span!("child").in_scope(|| tracing::info!("of_child"));
            let begun = Instant::now();
            drop(telemetry);
            let is_in_time = begun.elapsed() < Duration::from_millis(50);
            std::process::exit(i32::from(!is_in_time));
        }
        fork::Fork::Parent(pid) => say("status", fork::waitpid(pid).unwrap()),
    }
    tracing::info!("of_parent");
    end(telemetry);
}

fn twice() {
    let first = init().unwrap();
    let second = init().unwrap();
    say(
        "exports",
        format_args!("{} {}", first.exports(), second.exports()),
    );
    tracing::info!("before");
    drop(second);
    tracing::info!("after");
    end(first);
}
