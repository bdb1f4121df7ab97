//! What a line costs the thread that logs it, by how it gets to the output: paced, as fast as
//! it goes, and while the output stalls. And how whole lines are where two processes have one pipe.
//!
//! Each contender has a process of its own for each regime and turn. The line is the reference line of the suite `line`, and is
//! made by our layer for all contenders: what differs is who takes it.

mod contenders;
mod output;
mod pipe;

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use contenders::CONTENDERS;
use output::Output;

use crate::cores::Cores;
use crate::process::resident_kibibytes;
use crate::series::{self, Series, quantile};

/// How lines come.
struct Regime {
    name: &'static str,
    /// The table that it has.
    title: &'static str,
    lines: usize,
    /// How long after one line the next is due.
    interval: Duration,
    /// For how long the output stands still in the midst of it.
    stall: Duration,
}

const REGIMES: [Regime; 4] = [
    Regime {
        name: "25k",
        title: "25,000 lines a second",
        lines: 25_000,
        interval: Duration::from_micros(40),
        stall: Duration::ZERO,
    },
    Regime {
        name: "200k",
        title: "200,000 lines a second",
        lines: 200_000,
        interval: Duration::from_micros(5),
        stall: Duration::ZERO,
    },
    Regime {
        name: "full",
        title: "as fast as lines can be logged",
        lines: 1_000_000,
        interval: Duration::ZERO,
        stall: Duration::ZERO,
    },
    Regime {
        name: "stall",
        title: "200,000 lines a second, and the output stalls for two seconds",
        lines: 600_000,
        interval: Duration::from_micros(5),
        stall: Duration::from_secs(2),
    },
];

/// Logged before anything is measured.
const WARM_UP: usize = 2_000;

/// Measures all contenders.
pub(crate) fn run(turns: u32) {
    for regime in &REGIMES {
        let mut series = Series::default();
        for turn in 1..=turns {
            eprintln!("{}: turn {turn} of {turns}", regime.title);
            for contender in &CONTENDERS {
                let of_turn =
                    series::of_process(&["one-of", "writer", contender.name, regime.name]);
                for (measure, value) in of_turn {
                    series.add(contender.name, &measure, value);
                }
            }
        }
        series.print(regime.title);
    }
    pipe::run(turns);
}

/// Is one contender in one regime, and prints what was measured.
///
/// # Panics
///
/// When there is none of such a name.
pub(crate) fn measure(name: &str, regime: &str) {
    if regime == pipe::REGIME {
        return pipe::log(name);
    }
    let contender = CONTENDERS.iter().find(|known| known.name == name);
    let contender = contender.unwrap_or_else(|| panic!("no contender {name:?}"));
    let regime = REGIMES.iter().find(|known| known.name == regime);
    let regime = regime.unwrap_or_else(|| panic!("no such regime"));
    let output = Output::default();
    let cores = Cores::take();
    let take_counts = cores.on_the_servers(|| (contender.set_up)(output.clone()));
    let mut log = crate::line::in_reference_scope();
    // All of it is written once, so that it is resident before memory is looked at.
    let mut nanoseconds = vec![u32::MAX; regime.lines];

    for _ in 0..WARM_UP {
        log();
    }
    let before = resident_kibibytes("self", "VmRSS:");
    let start = Instant::now();
    for (index, took) in nanoseconds.iter_mut().enumerate() {
        if index == regime.lines / 10 {
            output.stall(regime.stall);
        }
        let due = start + regime.interval * index as u32;
        let mut now = Instant::now();
        while now < due {
            spin_loop();
            now = Instant::now();
        }
        log();
        *took = now.elapsed().as_nanos() as u32;
    }
    let took = start.elapsed();
    // The largest so far: what had been freed before the lines is too little to hide any.
    let memory = resident_kibibytes("self", "VmHWM:") - before;
    let counts = take_counts();

    let emitted = (WARM_UP + regime.lines) as f64;
    nanoseconds.sort_unstable();
    for (measure, share) in [("median", 0.5), ("p99", 0.99), ("p99.99", 0.9999)] {
        println!("{measure}\t{}", quantile(&nanoseconds, share));
    }
    println!("worst\t{}", f64::from(quantile(&nanoseconds, 1.0)) / 1e3);
    println!("rate\t{}", regime.lines as f64 / took.as_secs_f64());
    println!("memory\t{}", memory / 1024.0);
    println!("written\t{}", output.lines() as f64 / emitted * 100.0);
    if let Some(dropped) = counts.dropped {
        let unaccounted = emitted - output.lines() as f64 - dropped as f64;
        println!("unaccounted\t{unaccounted}");
    }
}
