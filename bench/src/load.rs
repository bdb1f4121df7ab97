//! The demo under load over HTTP, with export off and with collectors in every state: started
//! once for each.

use std::path::Path;
use std::time::Duration;

use otlp_test_collector::{Behaviour, Collector, Rejection};

use crate::client::{Pace, Requests};
use crate::cores::Cores;
use crate::demo::Demos;
use crate::series;
use crate::turns::{Contender, Turns};

/// Far from what the demo can do, and all that it can.
const PACES: [Pace; 2] = [Pace::Rate(2_000), Pace::Full];
const LENGTH: Duration = Duration::from_secs(1);

const REQUEST: &[u8] = b"GET /api/tournaments/2/ HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Measures the demo.
///
/// # Panics
///
/// When it cannot be started or does not answer.
pub(crate) fn run(turns: u32, program: &Path) {
    let cores = Cores::take();
    series::note(&cores.to_string());
    let demos = Demos::new(program);
    let mut cases = behaviours().map(|(name, behaviour)| {
        let collector = behaviour.map(|behaviour| {
            let collector = Collector::start();
            collector.set_behaviour(behaviour);
            collector
        });
        let mut environment = Vec::new();
        if let Some(collector) = &collector {
            environment.push(("OTEL_ENABLED", "true".to_owned()));
            environment.push(("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()));
        }
        Contender {
            name,
            server: demos.start(name, environment, &cores),
            take_exported: Box::new(move || {
                if let Some(collector) = &collector {
                    collector.clear();
                }
                None
            }),
        }
    });
    for pace in PACES {
        let turns = Turns {
            pace,
            count: turns,
            length: LENGTH,
        };
        let requests = |_: &Contender| -> Requests { Box::new(|| REQUEST.to_vec()) };
        turns.run(&pace.to_string(), &mut cases, requests);
    }
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
