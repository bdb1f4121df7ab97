//! One contender in one suite, measured by itself in a process of its own.
//!
//! `bench SUITE CONTENDER ITERATIONS SAMPLES` runs the work `ITERATIONS` times for each
//! sample and prints the nanoseconds that each sample took, one a line. `bench list` prints
//! what there is. `bench count SUITE CONTENDER ITERATIONS` prints how many allocations these
//! iterations make, the bytes of these, and the bytes of the lines that they write.
//!
//! `bench in-turns SUITE TURNS` measures all contenders of a suite with servers and threads, each
//! in a process of its own, which is `bench one-of SUITE CONTENDER`. The suites are `http`,
//! `writer` and `memory`; `demo` and `load` have the program of the demo as a last argument. See
//! the files of these names, and `series` for what they print.

#![expect(
    clippy::disallowed_methods,
    reason = "contenders set up OpenTelemetry's SDK as their users do"
)]

mod client;
mod concurrency;
mod cores;
mod counts;
mod demo;
mod fields;
mod http;
mod job;
mod labels;
mod line;
mod load;
mod memory;
mod otlp_sink;
mod process;
mod request;
mod scope;
mod sdk;
mod series;
mod span;
mod sql;
mod sysmetrics;
mod threads;
mod turns;
mod websocket;
mod writer;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use counts::Sink;

/// Work to be measured: called once for each iteration.
type Work = Box<dyn FnMut()>;

/// A contender: its name and how to set it up.
struct Contender {
    name: &'static str,
    set_up: fn() -> Work,
}

const SUITES: &[(&str, &[Contender])] = &[
    ("line", line::CONTENDERS),
    ("scope", scope::CONTENDERS),
    ("labels", labels::CONTENDERS),
    ("request", request::CONTENDERS),
    ("span", span::CONTENDERS),
    ("websocket", websocket::CONTENDERS),
    ("job", job::CONTENDERS),
    ("sql", sql::CONTENDERS),
    ("sysmetrics", sysmetrics::CONTENDERS),
    ("fields", fields::CONTENDERS),
    ("concurrency", concurrency::CONTENDERS),
    ("threads", threads::CONTENDERS),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &arguments[..] {
        ["list"] => {
            for (suite, contenders) in SUITES {
                for contender in *contenders {
                    println!("{suite} {}", contender.name);
                }
            }
            ExitCode::SUCCESS
        }
        ["in-turns", suite, turns, rest @ ..] => {
            match (*suite, turns.parse(), rest) {
                ("http", Ok(turns), []) => http::run(turns),
                ("writer", Ok(turns), []) => writer::run(turns),
                ("memory", Ok(turns), []) => memory::run(turns),
                ("demo", Ok(turns), [program]) => demo::run(turns, Path::new(program)),
                ("load", Ok(turns), [program]) => load::run(turns, Path::new(program)),
                _ => {
                    eprintln!("no such suite or number: {arguments:?}");
                    return ExitCode::FAILURE;
                }
            }
            ExitCode::SUCCESS
        }
        ["one-of", suite, contender, rest @ ..] => {
            match (*suite, rest) {
                ("http", []) => http::serve(contender),
                ("writer", [regime]) => writer::measure(contender, regime),
                ("memory", []) => memory::measure(contender),
                ("streams", []) => memory::streams::measure(contender),
                _ => {
                    eprintln!("no such suite: {arguments:?}");
                    return ExitCode::FAILURE;
                }
            }
            ExitCode::SUCCESS
        }
        ["count", suite, contender, iterations] => {
            let (Some(found), Ok(iterations)) = (find(suite, contender), iterations.parse()) else {
                eprintln!("no such suite, contender or number: {arguments:?}");
                return ExitCode::FAILURE;
            };
            counts::count(found, iterations);
            ExitCode::SUCCESS
        }
        [suite, contender, iterations, samples] => {
            let (Some(found), Ok(iterations), Ok(samples)) =
                (find(suite, contender), iterations.parse(), samples.parse())
            else {
                eprintln!("no such suite, contender or number: {arguments:?}");
                return ExitCode::FAILURE;
            };
            measure(found, iterations, samples);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!(
                "usage: bench list | bench SUITE CONTENDER ITERATIONS SAMPLES | \
                 bench count SUITE CONTENDER ITERATIONS | bench in-turns SUITE TURNS [DEMO]"
            );
            ExitCode::FAILURE
        }
    }
}

fn find(suite: &str, contender: &str) -> Option<&'static Contender> {
    let (_, contenders) = SUITES.iter().find(|(name, _)| *name == suite)?;
    contenders.iter().find(|found| found.name == contender)
}

fn measure(contender: &Contender, iterations: u64, samples: u32) {
    let mut work = (contender.set_up)();
    for _ in 0..samples {
        let start = Instant::now();
        for _ in 0..iterations {
            work();
        }
        println!("{}", start.elapsed().as_nanos());
    }
}

/// The reference request: what every line of it carries.
struct Request {
    id: &'static str,
    user: u64,
    labels: &'static [&'static str],
    tournament: u64,
    method: &'static str,
    route: &'static str,
    status: u16,
    duration_ms: f64,
}

/// The reference request, hidden from the optimiser.
fn request() -> Request {
    black_box(Request {
        id: "7d9c4f0e-3b52-4a6e-9f0a-1c2d3e4f5a6b",
        user: 42,
        labels: &["tournament"],
        tournament: 5,
        method: "GET",
        route: "/api/tournaments/5/",
        status: 200,
        duration_ms: 12.34,
    })
}
