//! WebSocket connections with their context, their lines and their metrics.

#[cfg(feature = "axum")]
mod axum;
mod close_code;
mod connection;
mod handling;
mod handshake;
mod keep_alive;
mod line;
mod names;
mod origins;
mod recording;
mod settings;
mod socket;
mod stall;
mod state;
mod supervised;
mod tracker;
mod transport;
#[cfg(feature = "tungstenite")]
mod tungstenite;

#[cfg(feature = "axum")]
pub use axum::{TelemetryUpgrade, UpgradeRejection};
pub use handling::{Handling, MessageHandling};
pub use origins::{AllowedOrigins, AllowedOriginsError};
pub use settings::WebSocketTelemetry;
pub use socket::TelemetrySocket;
pub use tracker::ConnectionTracker;
pub use transport::Transport;
