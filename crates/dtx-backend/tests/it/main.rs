//! The behaviour of the site: through its API, in process, and as a program.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod announcements;
mod authority;
mod bearer;
mod bot;
mod browser;
mod cache;
mod cache_contents;
mod cache_outages;
mod client;
mod cycles;
mod database;
mod debug_routes;
mod discord;
mod doctor;
mod door;
mod errors;
mod exactly_once;
mod export;
mod export_failures;
mod games;
mod half_open;
mod health;
mod job_list;
mod jobs;
mod joining;
mod levels;
mod lines;
mod lists;
mod live;
mod one_trace;
mod output;
mod page;
mod permissions;
mod postgres;
mod process;
mod program;
mod proxies;
mod resources;
mod sample_data;
mod secrets;
mod sessions;
mod site;
mod slashes;
mod stack;
mod standings;
mod steam;
mod stub;
mod tls;
mod users;
mod watched;
mod workers;
