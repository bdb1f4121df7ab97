//! One line while another thread writes lines as fast as it can, and while none does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use telemetry_core::Overflow;

use crate::{Contender, Work, line};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "floor-1",
        set_up: line::floor,
    },
    Contender {
        name: "floor-2",
        set_up: || beside_another(line::floor),
    },
    Contender {
        name: "telemetry-1",
        set_up: || {
            line::install();
            line::in_reference_scope()
        },
    },
    Contender {
        name: "telemetry-2",
        set_up: || {
            line::install();
            beside_another(line::in_reference_scope)
        },
    },
    Contender {
        name: "telemetry-with-writer-1",
        set_up: || {
            line::install_with_writer(Overflow::Block);
            line::in_reference_scope()
        },
    },
    Contender {
        name: "telemetry-with-writer-2",
        set_up: || {
            line::install_with_writer(Overflow::Block);
            beside_another(line::in_reference_scope)
        },
    },
    Contender {
        name: "slog-json-1",
        set_up: || line::slog_line(line::slog_json_root()),
    },
    Contender {
        name: "slog-json-2",
        set_up: || {
            let logger = line::slog_json_root();
            beside_another(move || line::slog_line(logger.clone()))
        },
    },
    Contender {
        name: "tracing-subscriber-json-1",
        set_up: || {
            line::install_tracing_subscriber_json();
            line::in_reference_span()
        },
    },
    Contender {
        name: "tracing-subscriber-json-2",
        set_up: || {
            line::install_tracing_subscriber_json();
            beside_another(line::in_reference_span)
        },
    },
];

/// Makes the work of two threads. One does it from now on, until the program ends.
fn beside_another(make: impl Fn() -> Work + Send + Sync + 'static) -> Work {
    static STARTED: AtomicBool = AtomicBool::new(false);

    let ours = make();
    thread::spawn(move || {
        let mut work = make();
        loop {
            work();
            STARTED.store(true, Ordering::Relaxed);
        }
    });
    while !STARTED.load(Ordering::Relaxed) {
        thread::yield_now();
    }
    ours
}
