//! Programs that answer over HTTP, each on a port of its own, until they are dropped.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::metrics::Metrics;

/// How long a program may take to begin, and to show what has happened.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that runs.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Program {
    /// Starts it with a command that is given the address to listen on; `None`, and a word on the
    /// standard error, when it is not installed.
    pub(crate) fn start(
        name: &str,
        command: impl FnOnce(&mut Command, SocketAddr),
    ) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut program = Command::new(name);
        program
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command(&mut program, address);
        match program.spawn() {
            Ok(process) => Some(Self { address, process }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                leave_out(&format!(
                    "{name} is not installed; `cargo xtask test` does it, for root"
                ));
                None
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// Asks for a path, and gives the body of the answer.
    pub(crate) fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned());
        body.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// Waits until `is_there` finds what it looks for in the body of an answer.
    pub(crate) fn wait_for_answer(&self, path: &str, is_there: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let answer = self.get(path);
            if let Ok(body) = &answer
                && is_there(body)
            {
                return body.clone();
            }
            let late = began.elapsed() > PATIENCE;
            assert!(!late, "{path} of {}: {answer:?}", self.address);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Gives the metrics, once there are any.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(&self.wait_for_answer("/metrics", |body| body.contains("_up 1")))
    }

    /// Waits until the metrics are as they should be.
    pub(crate) fn wait_for(&self, are_there: impl Fn(&Metrics) -> bool) {
        self.wait_for_answer("/metrics", |body| are_there(&Metrics::parse(body)));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says that a test is left out. Not by `eprintln`, which shows nothing of a test that passes.
pub(crate) fn leave_out(why: &str) {
    let _ = writeln!(std::io::stderr(), "left out: {why}");
}
