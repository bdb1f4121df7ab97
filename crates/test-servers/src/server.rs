//! What all servers have: a process, a directory and a port.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::port::Port;
use crate::process::Process;

/// How long one may take to start, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to answer before it is asked again.
const ANSWER: Duration = Duration::from_secs(1);

/// What is said to a server to learn whether it is ready, and how its answer then begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting(pub(crate) &'static [u8], pub(crate) &'static [u8]);

/// A server, which may be away.
#[derive(Debug)]
pub(crate) struct Server {
    // Ends before its directory.
    process: Mutex<Option<Process>>,
    directory: TempDir,
    port: Port,
}

impl Server {
    /// Makes one that does not run yet.
    pub(crate) fn new() -> Self {
        Self {
            process: Mutex::default(),
            directory: tempfile::tempdir().unwrap(),
            port: Port::any(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts it in its directory, and waits until it is ready. Ends it later by a signal.
    ///
    /// # Panics
    ///
    /// When it runs already, or does not become ready, with what it has written.
    pub(crate) fn start(&self, mut command: Command, end: Signal, greeting: Greeting) {
        let mut process = self.process.lock().unwrap();
        assert!(process.is_none(), "it runs already");
        let path = self.directory().join("output");
        let output = File::create(&path).unwrap();
        command
            .current_dir(self.directory())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            // Never the terminal's. A test that is killed closes it.
            .stdin(Stdio::piped());
        let process = process.insert(Process::start(&mut command, end).unwrap());
        let begun = Instant::now();
        while !greeting.is_answered(self.port()) {
            let is_late = begun.elapsed() > PATIENCE;
            if is_late || process.has_ended() {
                let output = std::fs::read_to_string(path).unwrap();
                panic!("{command:?} does not start:\n{output}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once, if it runs.
    pub(crate) fn crash(&self) {
        *self.process.lock().unwrap() = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let mut process = self.process.lock().unwrap();
        process.as_mut().unwrap().signal(signal);
    }
}

impl Greeting {
    fn is_answered(self, port: u16) -> bool {
        self.answer(port).is_ok_and(|answer| answer == self.1)
    }

    fn answer(self, port: u16) -> std::io::Result<Vec<u8>> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        connection.set_read_timeout(Some(ANSWER))?;
        connection.write_all(self.0)?;
        let mut answer = vec![0; self.1.len()];
        connection.read_exact(&mut answer)?;
        Ok(answer)
    }
}
