//! A wrapper over sqlx.

mod attributes;
mod connection;
mod drivers;
mod executor;
mod instrumentation;
mod instruments;
mod names;
mod pool;
mod pool_metrics;
mod query;
mod recording;
mod settings;
mod sql;
mod statements;
mod transaction;

pub use connection::{TracedConnection, TracedPoolConnection};
pub use executor::TracedDatabase;
pub use pool::{TracedPool, TracedPoolBuilder};
pub use transaction::TracedTransaction;
