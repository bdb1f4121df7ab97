//! The DTX tournament site: the demo of the telemetry crates.
mod api;
mod application;
mod command;
mod password;
mod run;
mod server;
mod settings;
mod signals;
mod store;
mod timestamp;
mod token;

pub use application::Application;
pub use run::run;
pub use settings::Settings;
pub use store::DatabaseUrl;
