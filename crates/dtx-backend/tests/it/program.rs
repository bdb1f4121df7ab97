//! The program, run as a user runs it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::database;

/// How long anything may take, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. It ends with the test.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// Absent when it is not a pipe, or closed.
    stdout: Option<Lines<BufReader<ChildStdout>>>,
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
        Self::spawn(directory, variables, arguments, Stdio::piped())
    }

    /// Starts the program with the standard output elsewhere than in a pipe.
    pub(crate) fn start_into(
        directory: &TempDir,
        variables: &[(&str, &str)],
        stdout: Stdio,
    ) -> Self {
        Self::spawn(directory, variables, &[], stdout)
    }

    fn spawn(
        directory: &TempDir,
        variables: &[(&str, &str)],
        arguments: &[&str],
        stdout: Stdio,
    ) -> Self {
        let url = database::url_for(directory.path());
        let url = url.as_deref().map(|url| ("DATABASE_URL", url));
        let mut child = Command::new(env!("CARGO_BIN_EXE_dtx-backend"))
            .args(arguments)
            .current_dir(directory.path())
            .env_clear()
            .envs(url)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            stdout: child
                .stdout
                .take()
                .map(|stdout| BufReader::new(stdout).lines()),
            stderr: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    /// Closes the reading end of the standard output.
    pub(crate) fn close_stdout(&mut self) {
        drop(self.take_stdout());
    }

    /// Gives the standard output away, for somebody else to read.
    pub(crate) fn take_stdout(&mut self) -> Lines<BufReader<ChildStdout>> {
        self.stdout.take().unwrap()
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
            let line = self.line().await;
            let line = line.unwrap_or_else(|| panic!("no {event} before the end"));
            if line["event"] == event {
                return line;
            }
        }
    }

    /// Waits for the next log line, in JSON; nothing at the end of the standard output.
    pub(crate) async fn line(&mut self) -> Option<Value> {
        let line = next(self.stdout.as_mut()?).await?;
        Some(serde_json::from_str(&line).unwrap())
    }

    pub(crate) async fn next_stderr(&mut self) -> String {
        next(&mut self.stderr).await.unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let pid = id.and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// The CPU time that it has had, in hundredths of a second.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.child.id().unwrap());
        let stat = std::fs::read_to_string(path).unwrap();
        // Behind the name, which may hold anything.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let times = fields.split(' ').skip(11).take(2);
        times.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Waits until it ends, without reading what it writes.
    pub(crate) async fn status(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    /// Waits until it ends, and reads what it writes until then.
    pub(crate) async fn ended(mut self) -> Ended {
        let stdout = async {
            match &mut self.stdout {
                Some(stdout) => rest(stdout).await,
                None => Vec::new(),
            }
        };
        let (stdout, stderr) = tokio::join!(stdout, rest(&mut self.stderr));
        Ended {
            status: self.status().await,
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
    request_by(&http_client(), url).await
}

/// Gets a URL as a part of a trace.
pub(crate) async fn get_in_trace(url: String, traceparent: &str) {
    let request = Request::get(url).header("traceparent", traceparent);
    let request = request.body(Body::empty()).unwrap();
    let response = timeout(PATIENCE, http_client().request(request)).await;
    assert!(response.unwrap().unwrap().status().is_success());
}

/// Logs in as the captain of the sample data; the session's cookie.
pub(crate) async fn log_in(url: &str) -> String {
    log_in_as(url, "captain").await
}

/// Logs in as a user of the sample data; the session's cookie.
pub(crate) async fn log_in_as(url: &str, username: &str) -> String {
    let credentials = json!({"username": username, "password": "first-pick-roshan"});
    let response = post(format!("{url}/api/login/"), "", &credentials).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Posts JSON with a cookie; the response, which is a success.
pub(crate) async fn post(url: String, cookie: &str, body: &Value) -> Response<Body> {
    succeed(Request::post(url), cookie, body).await
}

/// Sends JSON with a cookie; the response, which is a success.
pub(crate) async fn succeed(request: Builder, cookie: &str, body: &Value) -> Response<Body> {
    let response = send(request, cookie, body).await;
    assert!(response.status().is_success(), "{response:?}");
    response
}

/// Sends JSON with a cookie; the response.
pub(crate) async fn send(request: Builder, cookie: &str, body: &Value) -> Response<Body> {
    let request = request
        .header("content-type", "application/json")
        .header("cookie", cookie)
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = timeout(PATIENCE, http_client().request(request)).await;
    response.unwrap().unwrap().map(Body::new)
}

/// The JSON of a response.
pub(crate) async fn json(response: Response<Body>) -> Value {
    let body = timeout(PATIENCE, response.into_body().collect()).await;
    serde_json::from_slice(&body.unwrap().unwrap().to_bytes()).unwrap()
}

/// Makes a client that keeps its connections.
pub(crate) fn http_client() -> HttpClient<HttpConnector, Body> {
    HttpClient::builder(TokioExecutor::new()).build_http()
}

/// Gets a URL by a client.
pub(crate) async fn request_by(
    client: &HttpClient<HttpConnector, Body>,
    url: String,
) -> Response<Body> {
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
