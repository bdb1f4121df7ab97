//! The behaviour of the site: through its API, in process, and as a program.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod browser;
mod client;
mod debug_routes;
mod doctor;
mod errors;
mod export;
mod games;
mod health;
mod job_list;
mod jobs;
mod lines;
mod lists;
mod live;
mod output;
mod page;
mod permissions;
mod process;
mod program;
mod resources;
mod sample_data;
mod sessions;
mod site;
mod slashes;
mod standings;
mod steam;
mod stub;
mod users;
mod workers;
