//! The DTX tournament site: the demo of the telemetry crates.
mod api;
mod application;
mod password;
mod settings;
mod store;
mod timestamp;
mod token;

pub use application::Application;
pub use settings::Settings;
pub use store::DatabaseUrl;
