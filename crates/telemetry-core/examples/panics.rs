//! A thread that nothing of these crates started panics, and then `main` does: each is one line.
//!
//! ```sh
//! LOG_FORMAT=json cargo run -p telemetry-core --example panics
//! ```

#![expect(clippy::expect_used, reason = "panics are what it shows")]

use std::thread;

use telemetry_core::Scope;

fn main() -> Result<(), telemetry_core::InstallError> {
    let _telemetry = telemetry_core::init()?;
    let importer = thread::spawn(|| {
        let batch = Scope::builder().field("batch", 3).build();
        batch.in_scope(|| import("four"));
    });
    assert!(importer.join().is_err());
    import("five");
    Ok(())
}

fn import(players: &str) {
    let players: u32 = players.parse().expect("a number of players");
    tracing::info!(players, "imported");
}
