//! The DTX tournament site: the demo of the telemetry crates.
mod password;
mod settings;
mod store;
mod timestamp;
mod token;

pub use settings::Settings;
pub use store::DatabaseUrl;
