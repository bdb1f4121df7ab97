//! A server as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::cores::Cores;

/// A server that listens; ended when it is dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a program on the core of servers and waits until it says on its standard error
    /// where it listens. What it writes to its standard output is forgotten.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub(crate) fn start(mut command: Command, cores: &Cores) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let process = cores.on_the_servers(|| command.spawn());
        let mut process = process.expect("the server starts");
        let stderr = process.stderr.take().expect("its standard error");
        let mut line = String::new();
        BufReader::new(stderr)
            .read_line(&mut line)
            .expect("a line of the server");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
        let Some(address) = address else {
            panic!("the server does not listen: {line}");
        };
        Self { process, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// For how many nanoseconds its threads that live have run. Exact while they are idle.
    pub(crate) fn processor_nanoseconds(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.process.id());
        let tasks = std::fs::read_dir(tasks).expect("the threads of the server");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
            .sum()
    }

    pub(crate) fn resident_mebibytes(&self) -> f64 {
        resident_kibibytes(&self.process.id().to_string(), "VmRSS:") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// Reads a size of a process, or of `self`: `VmRSS:` as it is, `VmHWM:` the largest so far.
pub(crate) fn resident_kibibytes(process: &str, size: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(size));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kibibytes.unwrap_or(f64::NAN)
}
