//! What is exported, and when it ends. What is global to a process is tried in processes of
//! its own: see `child`.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its child tells it what it sees"
)]

mod child;
mod doctor;
mod doctor_settings;
mod door;
mod ends;
mod health;
mod logs;
mod network;
mod outages;
mod redaction;
mod scenarios;
mod settings;
mod spans;
mod tls;
mod variables;
