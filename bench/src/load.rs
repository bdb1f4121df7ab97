//! The demo under load over HTTP, with export off and with collectors in every state.
//!
//! `bench load PROGRAM [RATE…]` starts the demo once for each case, and asks all of them in turns,
//! in rounds. A rate is in requests a second, or `full`: as fast as the answers come.

mod client;
mod server;

use std::path::Path;
use std::time::Duration;

use otlp_test_collector::{Behaviour, Collector, Rejection};

use client::Load;
pub(crate) use client::Pace;
use server::Server;

/// How often each case is asked, and for how long each time.
const ROUNDS: usize = 32;
const ROUND: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 8;

/// What the demo exports to.
struct Case {
    name: &'static str,
    /// `None` where export is off.
    collector: Option<Collector>,
    server: Server,
}

/// What was measured of one case at one pace, over all rounds.
#[derive(Default)]
struct Measured {
    /// In nanoseconds.
    latencies: Vec<u64>,
    /// One for each round, in nanoseconds: the noise of the machine hits single rounds.
    p99_of_rounds: Vec<u64>,
    seconds: f64,
    processor_seconds: f64,
}

/// Measures and prints a table for each pace.
///
/// # Panics
///
/// When the demo cannot be started or does not answer.
pub(crate) fn run(program: &Path, paces: &[Pace]) {
    // Each runs in a directory of its own.
    let program = std::fs::canonicalize(program).expect("the program");
    let directory = std::env::temp_dir().join(format!("bench-load-{}", std::process::id()));
    let mut cases: Vec<Case> = behaviours()
        .into_iter()
        .map(|(name, behaviour)| {
            let collector = behaviour.map(|behaviour| {
                let collector = Collector::start();
                collector.set_behaviour(behaviour);
                collector
            });
            let endpoint = collector.as_ref().map(Collector::endpoint);
            let server = Server::start(&program, &directory.join(name), endpoint.as_deref());
            Case {
                name,
                collector,
                server,
            }
        })
        .collect();
    for pace in paces {
        measure(&mut cases, *pace);
    }
    drop(cases);
    let _left_behind = std::fs::remove_dir_all(directory);
}

fn behaviours() -> [(&'static str, Option<Behaviour>); 7] {
    [
        ("off", None),
        ("well", Some(Behaviour::Accept)),
        ("refuses", Some(Behaviour::Refuse)),
        ("silent", Some(Behaviour::BlackHole)),
        ("503", Some(Behaviour::Reject(Rejection::unavailable()))),
        ("nonsense", Some(Behaviour::Garbage)),
        ("breaks-off", Some(Behaviour::Truncate)),
    ]
}

fn measure(cases: &mut [Case], pace: Pace) {
    let mut measured: Vec<Measured> = cases.iter().map(|_| Measured::default()).collect();
    for case in &*cases {
        Load::new(case.server.address(), CONNECTIONS, pace).run(WARM_UP);
    }
    for round in 0..ROUNDS {
        for index in 0..cases.len() {
            // Each comes first, and after each other, as often.
            let index = (index + round) % cases.len();
            let case = &mut cases[index];
            let before = case.server.processor_seconds();
            let mut latencies = Load::new(case.server.address(), CONNECTIONS, pace).run(ROUND);
            let result = &mut measured[index];
            result.processor_seconds += case.server.processor_seconds() - before;
            result.seconds += ROUND.as_secs_f64();
            latencies.sort_unstable();
            result.p99_of_rounds.push(quantile(&latencies, 0.99));
            result.latencies.append(&mut latencies);
            if let Some(collector) = &case.collector {
                collector.clear();
            }
        }
    }
    println!("\n{pace}\n");
    println!(
        "| the collector | P50 | P95 | P99 | P99 of rounds | of off | requests/s | processor | memory |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut off = 0.0;
    for (case, result) in cases.iter().zip(&mut measured) {
        result.latencies.sort_unstable();
        result.p99_of_rounds.sort_unstable();
        let count = result.latencies.len() as f64;
        let median = quantile(&result.p99_of_rounds, 0.5) as f64 / 1e6;
        if case.collector.is_none() {
            off = median;
        }
        println!(
            "| {} | {:.3} ms | {:.3} ms | {:.3} ms | {median:.3} ms | {:.2} | {:.0} | {:.1} µs | {} MiB |",
            case.name,
            quantile(&result.latencies, 0.5) as f64 / 1e6,
            quantile(&result.latencies, 0.95) as f64 / 1e6,
            quantile(&result.latencies, 0.99) as f64 / 1e6,
            median / off,
            count / result.seconds,
            result.processor_seconds / count * 1e6,
            case.server.resident_mebibytes(),
        );
    }
}

/// A quantile of sorted values; 0 when there is none.
fn quantile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or_default()
}
