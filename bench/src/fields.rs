//! One line in a context of one field, and of more.

use slog::{Drain, KV, Key, Logger, OwnedKV, Record, Serializer, o};
use telemetry_core::Scope;

use crate::line::event;
use crate::{Contender, Sink, Work, line};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry-1",
        set_up: || telemetry(1),
    },
    Contender {
        name: "slog-json-1",
        set_up: || slog_json(1),
    },
    Contender {
        name: "telemetry-4",
        set_up: || telemetry(4),
    },
    Contender {
        name: "slog-json-4",
        set_up: || slog_json(4),
    },
    Contender {
        name: "telemetry-16",
        set_up: || telemetry(16),
    },
    Contender {
        name: "slog-json-16",
        set_up: || slog_json(16),
    },
    Contender {
        name: "telemetry-64",
        set_up: || telemetry(64),
    },
    Contender {
        name: "slog-json-64",
        set_up: || slog_json(64),
    },
];

const VALUE: &str = "Winter Wolves";

/// The key of a field. All have the same length, so that each field has.
fn key(index: usize) -> String {
    format!("field.{index:02}")
}

fn telemetry(count: usize) -> Work {
    line::install();
    let mut builder = Scope::builder();
    for index in 0..count {
        builder.field(&key(index), VALUE);
    }
    let mut scope = Some(builder.build());
    Box::new(move || Scope::with_owned(&mut scope, event))
}

/// The context as `slog` takes what is not known when the program is built.
struct Fields(Vec<Key>);

impl KV for Fields {
    fn serialize(&self, _: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        self.0
            .iter()
            .try_for_each(|key| serializer.emit_str(key, VALUE))
    }
}

fn slog_json(count: usize) -> Work {
    let drain = slog_json::Json::new(Sink).add_default_keys().build();
    let drain = std::sync::Mutex::new(drain.fuse()).fuse();
    let keys = (0..count).map(|index| Key::from(key(index).leak() as &str));
    let logger = Logger::root(drain, o!(OwnedKV(Fields(keys.collect()))));
    line::slog_line(logger)
}
