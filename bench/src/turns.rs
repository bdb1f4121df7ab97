//! Servers that are asked in turns.

use std::thread;
use std::time::Duration;

use crate::client::{self, Pace, Requests};
use crate::process::Server;
use crate::series::{Series, quantile};

/// How long a server has after a turn to send what it exports, which is work of that turn.
const SETTLING: Duration = Duration::from_millis(400);
const WARM_UP: Duration = Duration::from_millis(500);

/// A server, and what is known of what it exports.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    /// Forgets what has been exported, and counts its spans where they are of interest.
    pub(crate) take_exported: Box<dyn FnMut() -> Option<u64>>,
}

/// How often, how long and how fast servers are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    pub(crate) pace: Pace,
    pub(crate) count: u32,
    pub(crate) length: Duration,
}

impl Turns {
    /// Asks all servers in turns, and prints a table of what was measured. `requests` gives what
    /// a server is asked.
    pub(crate) fn run(
        &self,
        table: &str,
        contenders: &mut [Contender],
        mut requests: impl FnMut(&Contender) -> Requests,
    ) {
        let mut requests: Vec<_> = contenders.iter().map(&mut requests).collect();
        for (contender, requests) in contenders.iter().zip(&mut requests) {
            client::ask(contender.server.address(), self.pace, WARM_UP, requests);
        }
        thread::sleep(SETTLING);
        let mut series = Series::default();
        for turn in 0..self.count {
            eprintln!("{table}: turn {} of {}", turn + 1, self.count);
            for index in 0..contenders.len() {
                // Each comes first, and after each other, as often.
                let index = (index + turn as usize) % contenders.len();
                self.turn(&mut contenders[index], &mut requests[index], &mut series);
            }
        }
        for contender in contenders {
            let resident = contender.server.resident_mebibytes();
            series.add(contender.name, "resident", resident);
        }
        series.print(table);
    }

    fn turn(&self, contender: &mut Contender, requests: &mut Requests, series: &mut Series) {
        let Contender {
            name,
            server,
            take_exported,
        } = contender;
        let _of_before = take_exported();
        let before = server.processor_nanoseconds();
        let mut latencies = client::ask(server.address(), self.pace, self.length, requests);
        thread::sleep(SETTLING);
        let processor = server.processor_nanoseconds().saturating_sub(before);
        let count = latencies.len() as f64;
        latencies.sort_unstable();
        for (measure, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            series.add(name, measure, quantile(&latencies, share) as f64 / 1e3);
        }
        series.add(name, "rate", count / self.length.as_secs_f64());
        series.add(name, "processor", processor as f64 / 1e3 / count);
        if let Some(spans) = take_exported() {
            series.add(name, "spans", spans as f64 / count);
        }
    }
}
