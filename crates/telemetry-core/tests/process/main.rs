//! The writer at the borders of a process: pipes that others write to as well, exits, crashes and
//! forks. Each scenario is a process of its own.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a scenario prints as applications do"
)]

mod child;
mod exits;
mod forks;
mod guards;
mod pipes;
