//! Redis.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::leave_out;
use crate::server::{Greeting, Server};
use crate::shared::shared;

const PROGRAM: &str = "redis-server";
const GREETING: Greeting = Greeting(b"PING\r\n", b"+PONG\r\n");

/// A server that keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer(Server);

impl RedisServer {
    /// Starts one. Gives `None` where `redis-server` is not installed, and says so on the standard
    /// error.
    pub fn start() -> Option<Self> {
        let mut version = Command::new(PROGRAM);
        if version.arg("-v").stdout(Stdio::null()).status().is_err() {
            leave_out("there is no redis-server");
            return None;
        }
        let server = Self(Server::new());
        server.start_again();
        Some(server)
    }

    /// Gives the URL of the server that tests share, if it answers: the one that `TEST_REDIS_URL`
    /// names, which then has to, or one on the usual port of this machine. Says on the standard
    /// error when none does.
    ///
    /// # Panics
    ///
    /// When one is named and does not answer.
    pub fn shared() -> Option<String> {
        shared("Redis", "TEST_REDIS_URL", "redis://127.0.0.1:6379/")
    }

    /// Gives its URL, which it keeps.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.0.port())
    }

    /// Ends it as a power cut does: all that it had is lost.
    pub fn crash(&self) {
        self.0.crash();
    }

    /// Starts it where it was, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it runs, or does not start.
    pub fn start_again(&self) {
        let mut command = Command::new(PROGRAM);
        let port = self.0.port().to_string();
        command.args(["--bind", "127.0.0.1", "--port", &port]);
        command.args(["--save", "", "--appendonly", "no"]);
        self.0.start(command, Signal::KILL, GREETING);
    }

    /// Lets it answer nothing, while its connections stay open.
    pub fn hang(&self) {
        self.0.signal(Signal::STOP);
    }

    /// Lets it go on after it hung.
    pub fn go_on(&self) {
        self.0.signal(Signal::CONT);
    }
}
