//! RabbitMQ.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::leave_out;
use crate::port::Port;
use crate::server::{Greeting, Server};
use crate::shared::shared;

/// Not the one in the search path, which is a shell that runs it as another user.
const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// The protocol's header, and the beginning of a frame with a method.
const GREETING: Greeting = Greeting(b"AMQP\x00\x00\x09\x01", &[1]);
/// Asks Erlang's port mapper for a node that there is not.
const GREETING_OF_MAPPER: Greeting = Greeting(b"\x00\x02z?", b"w\x01");

/// A node with the usual guest.
#[derive(Debug)]
pub struct RabbitMqServer {
    node: Server,
    /// Erlang's port mapper: one of its own, for the node would start one that stays.
    mapper: Server,
    distribution: Port,
}

impl RabbitMqServer {
    /// Starts one. Gives `None` where RabbitMQ is not installed, and says so on the standard error.
    pub fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            leave_out(&format!("there is no {PROGRAM}"));
            return None;
        }
        let mapper = Server::new();
        let mut command = Command::new("epmd");
        let port = mapper.port().to_string();
        command.args(["-address", "127.0.0.1", "-port", &port]);
        mapper.start(command, Signal::KILL, GREETING_OF_MAPPER);
        let server = Self {
            node: Server::new(),
            mapper,
            distribution: Port::any(),
        };
        server.start_again();
        Some(server)
    }

    /// Gives the URL of the server that tests share, if it answers: the one that `TEST_AMQP_URL`
    /// names, which then has to, or one on the usual port of this machine. Says on the standard
    /// error when none does.
    ///
    /// # Panics
    ///
    /// When one is named and does not answer.
    pub fn shared() -> Option<String> {
        let usual = "amqp://guest:guest@127.0.0.1:5672/%2f";
        shared("RabbitMQ", "TEST_AMQP_URL", usual)
    }

    /// Gives the URL of its usual virtual host, which it keeps.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.node.port())
    }

    /// Ends it as a power cut does: what is durable stays.
    pub fn crash(&self) {
        self.node.crash();
    }

    /// Starts it where it was, with what it has kept, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it runs, or does not start.
    pub fn start_again(&self) {
        let directory = self.node.directory();
        let mut command = Command::new(PROGRAM);
        command
            .env("HOME", directory)
            // Without a shell between, which would outlive a signal.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env(
                "RABBITMQ_NODENAME",
                format!("test{}@localhost", self.node.port()),
            )
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.node.port().to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution.number.to_string())
            .env("ERL_EPMD_PORT", self.mapper.port().to_string())
            .env("RABBITMQ_MNESIA_BASE", directory.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", directory)
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", directory.join("plugins"))
            .env("RABBITMQ_CONFIG_FILE", directory.join("none"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", directory.join("none"))
            .env("RABBITMQ_CONF_ENV_FILE", directory.join("none"));
        self.node.start(command, Signal::KILL, GREETING);
    }
}
