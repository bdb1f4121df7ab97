//! PostgreSQL and Redis as their exporters see them: the same two that are parts of Alloy, from
//! Debian's packages, on servers that answer. What is asked for under `docker/grafana/` is there.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod labels;
mod metrics;
mod program;
mod servers;

use metrics::Metrics;
use servers::{Postgres, Redis};

#[tokio::test]
async fn postgres_is_measured() {
    let Some(server) = Postgres::with_database().await else {
        return;
    };
    let Some(exporter) = server.exporter() else {
        return server.remove().await;
    };
    server.make_traffic().await;

    let database = [("datname", server.database.as_str())];
    exporter.wait_for(|metrics: &Metrics| {
        let count = |name: &str| metrics.sum(&format!("pg_stat_database_{name}"), &database);
        metrics.sum("pg_up", &[]) == 1.0
            && count("numbackends") >= 1.0
            && count("xact_commit") >= 4.0
            && count("xact_rollback") >= 2.0
            && count("blks_read") > 0.0
            && count("blks_hit") > 0.0
            && count("tup_inserted") >= 10.0
            && count("tup_updated") >= 5.0
            && count("tup_deleted") >= 3.0
            && count("tup_returned") >= 10.0
            && count("tup_fetched") > 0.0
            && metrics.sum("pg_database_size_bytes", &database) > 0.0
    });
    server.remove().await;
}

#[test]
fn redis_is_measured() {
    let Some(server) = Redis::connect() else {
        return;
    };
    let Some(exporter) = server.exporter() else {
        return;
    };
    let before = exporter.metrics();
    server.make_traffic();

    exporter.wait_for(|metrics: &Metrics| {
        let grown = |name: &str| metrics.sum(name, &[]) - before.sum(name, &[]);
        metrics.sum("redis_up", &[]) == 1.0
            && metrics.sum("redis_memory_used_bytes", &[]) > 0.0
            && metrics.sum("redis_connected_clients", &[]) >= 1.0
            && grown("redis_commands_processed_total") >= 7.0
            && grown("redis_keyspace_hits_total") >= 3.0
            && grown("redis_keyspace_misses_total") >= 2.0
    });
}
