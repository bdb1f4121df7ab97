//! What is known of the statements that were recorded, so that each is looked at once.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use opentelemetry::metrics::BoundHistogram;
use opentelemetry::{KeyValue, StringValue};
use opentelemetry_semantic_conventions::attribute::{
    DB_COLLECTION_NAME, DB_NAMESPACE, DB_OPERATION_NAME, DB_QUERY_SUMMARY, DB_QUERY_TEXT,
};
use rustc_hash::FxHashMap;

use crate::drivers::Dialect;
use crate::instruments::{COLLECTIONS, NAMESPACES, OPERATIONS, SUMMARIES, SqlInstruments};
use crate::sql::{Analysis, Effect};

/// How many statements are kept. An application has fewer, unless it writes values into them.
const MOST_STATEMENTS: usize = 1_024;
/// How long a statement that is kept may be, in bytes.
const MOST_BYTES: usize = 8_192;

/// The statements of a pool.
#[derive(Debug)]
pub(crate) struct Statements {
    dialect: Dialect,
    system: &'static str,
    /// Of all statements: system, namespace, server.
    shared: Vec<KeyValue>,
    known: RwLock<FxHashMap<Box<str>, Arc<Statement>>>,
}

/// What is recorded of a statement each time.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Of the span.
    pub(crate) name: StringValue,
    /// Of the span.
    pub(crate) attributes: Vec<KeyValue>,
    /// Of the metric: the same, of few values.
    few: Vec<KeyValue>,
    /// Of the span alone: the text.
    pub(crate) text: Option<KeyValue>,
    pub(crate) effect: Effect,
    /// The series of those that do not fail.
    series: OnceLock<BoundHistogram<f64>>,
}

impl Statements {
    pub(crate) fn new(system: &'static str, dialect: Dialect, shared: Vec<KeyValue>) -> Self {
        Self {
            dialect,
            system,
            shared,
            known: RwLock::default(),
        }
    }

    /// Gives what is known of a statement, or of an operation that only looks at one, such as
    /// `PREPARE`.
    pub(crate) fn get_as(&self, operation: Option<&'static str>, sql: &str) -> Arc<Statement> {
        match operation {
            Some(operation) => self.look_at(operation, sql),
            None => self.get(sql),
        }
    }

    /// Gives what is known of a statement, or looks at it.
    fn get(&self, sql: &str) -> Arc<Statement> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = known.get(sql) {
            return Arc::clone(statement);
        }
        drop(known);
        let analysis = Analysis::of(sql, self.dialect);
        let statement = Arc::new(self.describe(analysis));
        if sql.len() <= MOST_BYTES {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() == MOST_STATEMENTS {
                // Those that come again are soon back.
                known.clear();
            }
            known.insert(sql.into(), Arc::clone(&statement));
        }
        statement
    }

    /// Describes what is done to a statement without carrying it out, such as `PREPARE`.
    fn look_at(&self, operation: &'static str, sql: &str) -> Arc<Statement> {
        let analysis = Analysis::of(sql, self.dialect);
        Arc::new(self.describe(Analysis {
            summary: match analysis.summary.as_str() {
                "" => operation.to_owned(),
                summary => [operation, " ", summary].concat(),
            },
            operation: Some(operation.to_owned()),
            effect: Effect::Other,
            ..analysis
        }))
    }

    fn describe(&self, analysis: Analysis) -> Statement {
        let Analysis {
            text,
            summary,
            operation,
            collection,
            effect,
        } = analysis;
        let mut attributes = self.shared.clone();
        let shared = |text: String| StringValue::from(Arc::<str>::from(text));
        for (key, value) in [
            (DB_OPERATION_NAME, operation),
            (DB_COLLECTION_NAME, collection),
        ] {
            attributes.extend(value.map(|value| KeyValue::new(key, shared(value))));
        }
        let name = if summary.is_empty() {
            // By the conventions, when nothing else is known.
            self.system.into()
        } else {
            let summary = shared(summary);
            attributes.push(KeyValue::new(DB_QUERY_SUMMARY, summary.clone()));
            summary
        };
        let few = attributes.iter().map(bounded).collect();
        Statement {
            name,
            attributes,
            few,
            text: (!text.is_empty()).then(|| KeyValue::new(DB_QUERY_TEXT, shared(text))),
            effect,
            series: OnceLock::new(),
        }
    }
}

/// An attribute of a span as the metric has it.
fn bounded(attribute: &KeyValue) -> KeyValue {
    let names = match attribute.key.as_str() {
        DB_NAMESPACE => &NAMESPACES,
        DB_OPERATION_NAME => &OPERATIONS,
        DB_COLLECTION_NAME => &COLLECTIONS,
        DB_QUERY_SUMMARY => &SUMMARIES,
        _ => return attribute.clone(),
    };
    let name = names.get(&attribute.value.as_str());
    KeyValue::new(attribute.key.clone(), name)
}

impl Statement {
    /// Records how long the statement took, in seconds, with attributes on top of its own.
    pub(crate) fn record_duration(
        &self,
        instruments: &SqlInstruments,
        seconds: f64,
        more: &[KeyValue],
    ) {
        if !more.is_empty() {
            let attributes = [&self.few, more].concat();
            instruments.duration.record(seconds, &attributes);
        } else if telemetry_core::are_instruments_bound() {
            self.series
                .get_or_init(|| instruments.duration.bind(&self.few))
                .record(seconds);
        } else {
            instruments.duration.record(seconds, &self.few);
        }
    }
}
