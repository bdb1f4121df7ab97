//! Servers from Debian's packages, as processes of their own on the loopback address.
//!
//! They keep what they store in a directory of theirs, apart from what Debian sets up, and need no
//! systemd. `epmd`, which tells Erlang's nodes their ports, is shared by all nodes of a machine: it
//! is left running.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::Service;
use super::probe::Protocol;
use super::started::{self, Started};
use crate::{packages, process};

/// How long a server may take to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Installs and starts them.
///
/// # Errors
///
/// When that fails.
pub(super) fn up(services: &[&Service]) -> anyhow::Result<()> {
    let packages = services.iter().map(|service| match service.protocol {
        Protocol::Postgres => "postgresql",
        Protocol::Redis => "redis-server",
        Protocol::Amqp => "rabbitmq-server",
    });
    packages::install(&packages.collect::<Vec<_>>())?;
    fs::create_dir_all(started::directory()).context("cannot make target/services")?;
    // Where there is a systemd, Debian has started what it installed.
    let mut silent = services.iter().filter(|s| !s.answers(s.url));
    silent.try_for_each(|service| start(service))
}

fn start(service: &Service) -> anyhow::Result<()> {
    let user = service.key;
    let data = data(service);
    remove(&data)?;
    fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    run(Command::new("chown").arg(user).arg(&data))?;
    let mut server = match service.protocol {
        Protocol::Postgres => postgres(&data)?,
        Protocol::Redis => redis(&data),
        Protocol::Amqp => rabbitmq(&data),
    };
    let log = File::create(started::directory().join(format!("{}.log", service.key)))?;
    server
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    // So that Ctrl-C is not for it, once this program has ended.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut server, 0);
    println!("$ {}", process::line(&server));
    let process = server
        .spawn()
        .with_context(|| format!("cannot start {}", service.name))?;
    Started::Process(process.id()).note(service.key)
}

/// Stops the process, and removes what it stored.
///
/// # Errors
///
/// When it does not stop.
pub(super) fn down(service: &Service, id: u32) -> anyhow::Result<()> {
    // After a restart of the machine, another process may have the id.
    if is_of(service, id) {
        let signal = match service.protocol {
            // The others' SIGTERM: SIGTERM itself would wait for clients.
            Protocol::Postgres => "-INT",
            Protocol::Redis | Protocol::Amqp => "-TERM",
        };
        run(Command::new("kill").arg(signal).arg(id.to_string()))?;
        let asked = Instant::now();
        while is_of(service, id) {
            ensure!(
                asked.elapsed() < PATIENCE,
                "{} does not stop: process {id}",
                service.name
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    remove(&data(service))
}

/// Says whether the process runs and is the one of [`up`], which works in its directory.
fn is_of(service: &Service, id: u32) -> bool {
    fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|cwd| cwd.starts_with(data(service)))
}

fn postgres(data: &Path) -> anyhow::Result<Command> {
    let programs = Path::new("/usr/lib/postgresql");
    let versions = fs::read_dir(programs).context("PostgreSQL's programs are not there")?;
    let newest = versions.flatten().map(|version| version.path()).max();
    let programs = newest
        .context("PostgreSQL's programs are not there")?
        .join("bin");
    let mut initdb = as_user("postgres", &programs.join("initdb"), data);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
    run(initdb
        .arg("--no-sync")
        .arg("--pgdata")
        .arg(data.join("cluster")))?;
    let mut server = as_user("postgres", &programs.join("postgres"), data);
    server.arg("-D").arg(data.join("cluster"));
    // Nobody minds when what tests store is lost with the machine.
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
    ] {
        server.args(["-c", setting]);
    }
    Ok(server)
}

fn redis(data: &Path) -> Command {
    let mut server = as_user("redis", Path::new("/usr/bin/redis-server"), data);
    server.args(["--bind", "127.0.0.1", "--port", "6379"]);
    server.args(["--save", "", "--appendonly", "no"]);
    server
}

fn rabbitmq(data: &Path) -> Command {
    // Not the one of PATH, which writes to the directories of Debian's own node.
    let program = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let mut server = as_user("rabbitmq", program, data);
    server.env("HOME", data);
    server.env("RABBITMQ_NODENAME", "telemetry-tests@localhost");
    server.env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
    server.env("ERL_EPMD_ADDRESS", "127.0.0.1");
    // In place of its shell, so that the id is that of the node.
    server.env("RUNNING_UNDER_SYSTEMD", "1");
    for (variable, file) in [
        ("RABBITMQ_CONFIG_FILE", "rabbitmq"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_MNESIA_BASE", "mnesia"),
    ] {
        server.env(variable, data.join(file));
    }
    server
}

/// Gives a command that becomes the program, as another user, in the directory.
fn as_user(user: &str, program: &Path, directory: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={user}"));
    command.arg("--init-groups").arg("--").arg(program);
    command.current_dir(directory);
    command
}

/// Not beneath `target`, which other users may not be allowed to enter.
fn data(service: &Service) -> PathBuf {
    std::env::temp_dir()
        .join("telemetry-services")
        .join(service.key)
}

fn remove(directory: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", process::line(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` failed: {}",
            process::line(command),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
