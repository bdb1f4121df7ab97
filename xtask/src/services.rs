//! `services`: the servers that tests use.
//!
//! A server that answers is used as it is, whoever runs it. What does not answer is started, by
//! Docker Compose or from Debian's packages, and is noted in `target/services`, so that `down` stops
//! what was started here and nothing else.

mod compose;
mod debian;
mod probe;
mod started;

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::packages;
pub(crate) use compose::with_passwords as compose_with_passwords;
use probe::{Address, Protocol};
use started::Started;

/// How long a server may take to answer once it was started.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be done with the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    Status,
}

/// A server that tests use.
#[derive(Debug)]
struct Service {
    name: &'static str,
    /// Its name in the Compose file, and of what is noted about it.
    key: &'static str,
    protocol: Protocol,
    /// The variable that names another one.
    variable: &'static str,
    /// Where tests look without the variable: the usual port, and what a fresh server lets in.
    url: &'static str,
    /// Where it is when Compose runs it.
    compose_url: &'static str,
}

static SERVICES: [Service; 3] = [
    Service {
        name: "PostgreSQL",
        key: "postgres",
        protocol: Protocol::Postgres,
        variable: "TEST_POSTGRES_URL",
        url: "postgres://postgres:postgres@127.0.0.1:5432/postgres",
        compose_url: "postgres://dtx:tests@127.0.0.1:5432/dtx",
    },
    Service {
        name: "Redis",
        key: "redis",
        protocol: Protocol::Redis,
        variable: "TEST_REDIS_URL",
        url: "redis://127.0.0.1:6379/",
        compose_url: "redis://:tests@127.0.0.1:6379/",
    },
    Service {
        name: "RabbitMQ",
        key: "rabbitmq",
        protocol: Protocol::Amqp,
        variable: "TEST_AMQP_URL",
        url: "amqp://guest:guest@127.0.0.1:5672/%2f",
        compose_url: "amqp://dtx:tests@127.0.0.1:5672/%2f",
    },
];

/// Does it, and says what it does.
///
/// # Errors
///
/// When a server cannot be started or stopped, and of `status`, when one does not answer.
pub(crate) fn run(action: Action) -> anyhow::Result<()> {
    match action {
        Action::Up => {
            for (variable, url) in up()? {
                println!("{variable}={url}");
            }
            Ok(())
        }
        Action::Down => down(),
        Action::Status => status(),
    }
}

/// Makes all servers answer, and gives the variables that tell tests where they are.
///
/// # Errors
///
/// When one does not answer and cannot be started. The error says what to do.
pub(crate) fn up() -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut missing = Vec::new();
    for service in &SERVICES {
        let url = service.current_url();
        let address = Address::of(&url)?;
        if service.answers(&url) {
            println!("{} answers at {address}", service.name);
            continue;
        }
        ensure!(
            service.named().is_none(),
            "{} does not answer at {address}, which {} names: start it there, or unset the variable",
            service.name,
            service.variable
        );
        missing.push(service);
    }
    start(&missing)?;
    for service in missing {
        service.wait()?;
    }
    let urls = SERVICES.iter().map(|s| (s.variable, s.current_url()));
    Ok(urls.collect())
}

fn start(missing: &[&'static Service]) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    if compose::is_there() {
        return compose::up(missing);
    }
    if packages::can_install() {
        return debian::up(missing);
    }
    let names: Vec<_> = missing.iter().map(|s| s.name).collect();
    let variables: Vec<_> = missing.iter().map(|s| s.variable).collect();
    bail!(
        "no answer on the usual port from {}; start it, or name another one's URL with {}, or \
         install Docker with its Compose plugin, or be root on Debian or Ubuntu; `cargo test` alone \
         runs the tests that need no server",
        names.join(", "),
        variables.join(", ")
    )
}

fn down() -> anyhow::Result<()> {
    let mut by_compose = false;
    for service in &SERVICES {
        match Started::of(service.key)? {
            None => println!("{} was not started here", service.name),
            Some(Started::ByCompose) => by_compose = true,
            Some(Started::Process(id)) => {
                debian::down(service, id)?;
                println!("{} is stopped", service.name);
            }
        }
    }
    if by_compose {
        compose::down()?;
    }
    started::forget_all()
}

fn status() -> anyhow::Result<()> {
    let mut silent = Vec::new();
    for service in &SERVICES {
        let url = service.current_url();
        let address = Address::of(&url)?;
        let whose = match (service.named(), Started::of(service.key)?) {
            (Some(_), _) => format!("named by {}", service.variable),
            (None, Some(Started::ByCompose)) => "started here by Docker Compose".to_owned(),
            (None, Some(Started::Process(id))) => format!("started here, process {id}"),
            (None, None) => "not started here".to_owned(),
        };
        let answers = if service.answers(&url) {
            "answers"
        } else {
            silent.push(service.name);
            "does not answer"
        };
        println!("{:10}  {address}  {answers}, {whose}", service.name);
    }
    ensure!(silent.is_empty(), "no answer from {}", silent.join(", "));
    Ok(())
}

impl Service {
    /// What the variable says, unless it is empty.
    fn named(&self) -> Option<String> {
        std::env::var(self.variable)
            .ok()
            .filter(|url| !url.is_empty())
    }

    fn current_url(&self) -> String {
        let by_compose = matches!(Started::of(self.key), Ok(Some(Started::ByCompose)));
        let own = if by_compose {
            self.compose_url
        } else {
            self.url
        };
        self.named().unwrap_or_else(|| own.to_owned())
    }

    fn answers(&self, url: &str) -> bool {
        Address::of(url).is_ok_and(|address| self.protocol.answers(&address))
    }

    fn wait(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let url = self.current_url();
        while !self.answers(&url) {
            ensure!(
                started.elapsed() < PATIENCE,
                "{} was started and does not answer after {} s; its log is in {}",
                self.name,
                PATIENCE.as_secs(),
                started::directory().display()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("{} answers", self.name);
        Ok(())
    }
}
