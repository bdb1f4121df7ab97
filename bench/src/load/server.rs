//! The demo as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A demo that listens; ended when it is dropped.
pub(super) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts the program in a directory, which exports to `endpoint`, or not at all.
    pub(super) fn start(program: &Path, directory: &Path, endpoint: Option<&str>) -> Self {
        std::fs::create_dir_all(directory).expect("a directory for the demo");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("DTX_BIND", "127.0.0.1:0")
            .env("NODE_ENV", "test")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(endpoint) = endpoint {
            command
                .env("OTEL_ENABLED", "true")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        }
        let mut process = command.spawn().expect("the demo starts");
        let stderr = process.stderr.take().expect("its standard error");
        let mut line = String::new();
        BufReader::new(stderr)
            .read_line(&mut line)
            .expect("a line of the demo");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
        let Some(address) = address else {
            panic!("the demo does not listen: {line}");
        };
        Self { process, address }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long it has kept a processor busy.
    pub(super) fn processor_seconds(&self) -> f64 {
        let stat = self.read("stat");
        // The name of the program, in parentheses, may have spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let mut ticks = fields.split_whitespace().skip(11).take(2);
        let mut ticks_of = || ticks.next().and_then(|field| field.parse::<f64>().ok());
        let busy = ticks_of().unwrap_or_default() + ticks_of().unwrap_or_default();
        // Linux tells it in hundredths on all that it runs on.
        busy / 100.0
    }

    pub(super) fn resident_mebibytes(&self) -> u64 {
        let status = self.read("status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kibibytes.unwrap_or_default() / 1024
    }

    fn read(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.process.id());
        std::fs::read_to_string(path).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _gone = self.process.wait();
    }
}
