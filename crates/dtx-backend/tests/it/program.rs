//! The program, run as a user runs it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. It ends with the test.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

/// What a program left when it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The lines of the standard output that were not read before.
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

impl Program {
    /// Starts the program in a directory, with these variables and no others.
    pub(crate) fn start(directory: &TempDir, variables: &[(&str, &str)]) -> Self {
        Self::start_with(directory, variables, &[])
    }

    pub(crate) fn start_with(
        directory: &TempDir,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dtx-backend"))
            .args(arguments)
            .current_dir(directory.path())
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            stdout: BufReader::new(child.stdout.take().unwrap()).lines(),
            stderr: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    /// Waits until it says where it listens; the URL.
    pub(crate) async fn url(&mut self) -> String {
        let line = self.next_stderr().await;
        let url = line.strip_prefix("Listening on ");
        let url = url.and_then(|rest| rest.split(',').next());
        url.unwrap_or_else(|| panic!("{line}")).to_owned()
    }

    /// Waits for the log line of an event, in JSON; those before it are left out.
    pub(crate) async fn event(&mut self, event: &str) -> Value {
        loop {
            let line = next(&mut self.stdout).await;
            let line = line.unwrap_or_else(|| panic!("no {event} before the end"));
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }

    pub(crate) async fn next_stderr(&mut self) -> String {
        next(&mut self.stderr).await.unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let pid = id.and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it ends.
    pub(crate) async fn ended(mut self) -> Ended {
        let (stdout, stderr) = tokio::join!(rest(&mut self.stdout), rest(&mut self.stderr));
        Ended {
            status: timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap(),
            stdout,
            stderr,
        }
    }
}

/// Gets a URL; the status and the body.
pub(crate) async fn get(url: String) -> (StatusCode, String) {
    let response = request(url).await;
    let status = response.status();
    let body = timeout(PATIENCE, response.into_body().collect()).await;
    let body = body.unwrap().unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Gets a URL; the response, whose body may still be on its way.
pub(crate) async fn request(url: String) -> Response<Body> {
    let client: HttpClient<HttpConnector, Body> =
        HttpClient::builder(TokioExecutor::new()).build_http();
    let request = Request::get(url).body(Body::empty()).unwrap();
    let response = timeout(PATIENCE, client.request(request)).await;
    response.unwrap().unwrap().map(Body::new)
}

async fn next<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>) -> Option<String> {
    timeout(PATIENCE, lines.next_line())
        .await
        .unwrap_or_else(|_| panic!("no line came"))
        .unwrap()
}

async fn rest<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>) -> Vec<String> {
    let mut rest = Vec::new();
    while let Some(line) = next(lines).await {
        rest.push(line);
    }
    rest
}
