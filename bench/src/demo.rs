//! The demo without telemetry, with its lines, and with everything, over HTTP: started once for
//! each, with a SQLite database of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::client::{self, Pace, Requests};
use crate::cores::Cores;
use crate::otlp_sink::OtlpSink;
use crate::process::Server;
use crate::series;
use crate::turns::{Contender, Turns};

/// A third of what the demo can do on its core, or less.
const READS: Pace = Pace::Rate(1_000);
const READING: Duration = Duration::from_secs(1);
/// Each writes and publishes in a transaction.
const WRITES: Pace = Pace::Rate(200);
const WRITING: Duration = Duration::from_secs(2);

/// Games that the sample data has.
const SAMPLE_GAMES: u64 = 11;
/// Nothing of it is a secret: it is in the documentation of the demo.
const LOGIN: &str = r#"{"username":"organizer","password":"first-pick-roshan"}"#;
const NEW_GAME: &str = r#"{"tournament_id":2,"round":1,"first_team_id":1,"second_team_id":2,"scheduled_at":"2099-01-01T12:00:00Z"}"#;
const START: &str = r#"{"state":"running"}"#;

/// What is sent within the turn that it belongs to, all of it sampled.
const EVERYTHING: [(&str, &str); 4] = [
    ("OTEL_ENABLED", "true"),
    ("OTEL_TRACES_SAMPLER_ARG", "1"),
    ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
];

/// Measures the demo.
///
/// # Panics
///
/// When it cannot be started or does not answer.
pub(crate) fn run(turns: u32, program: &Path) {
    let cores = Cores::take();
    series::note(&cores.to_string());
    let demos = Demos::new(program);
    let sink = OtlpSink::start();
    let everything = EVERYTHING.map(|(name, value)| (name, value.to_owned()));
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint());
    let everything = everything.into_iter().chain([endpoint]).collect();
    let off = vec![("TELEMETRY_ENABLED", "false".to_owned())];
    let mut contenders = [
        without_export("off", demos.start("off", off, &cores)),
        without_export("lines", demos.start("lines", Vec::new(), &cores)),
        Contender {
            name: "everything",
            server: demos.start("everything", everything, &cores),
            take_exported: Box::new(move || Some(sink.take_spans())),
        },
    ];
    let read = |path: &str| {
        let request = request("GET", path, "", "");
        move |_: &Contender| -> Requests {
            let request = request.clone();
            Box::new(move || request.clone())
        }
    };
    let reads = Turns {
        pace: READS,
        count: turns,
        length: READING,
    };
    let writes = Turns {
        pace: WRITES,
        count: turns,
        length: WRITING,
    };
    reads.run("GET /api/games/", &mut contenders, read("/api/games/"));
    let upcoming = "/api/games/upcoming/";
    reads.run("GET /api/games/upcoming/", &mut contenders, read(upcoming));
    writes.run("POST /api/games/", &mut contenders, |demo| {
        let request = request("POST", "/api/games/", &log_in(demo), NEW_GAME);
        Box::new(move || request.clone())
    });
    // The games that were made just now are started, one after the other.
    writes.run("PATCH /api/games/{id}/", &mut contenders, |demo| {
        let session = log_in(demo);
        let mut game = SAMPLE_GAMES;
        Box::new(move || {
            game += 1;
            request("PATCH", &format!("/api/games/{game}/"), &session, START)
        })
    });
}

fn without_export(name: &'static str, server: Server) -> Contender {
    Contender {
        name,
        server,
        take_exported: Box::new(|| None),
    }
}

/// Begins a session of a user who may change everything. Gives its cookie as a line of a head.
fn log_in(demo: &Contender) -> String {
    let request = request("POST", "/api/login/", "", LOGIN);
    let answer = client::ask_once(demo.server.address(), &request);
    let cookie = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_cookie = name.eq_ignore_ascii_case("set-cookie");
        is_cookie.then(|| value.split(';').next().unwrap_or_default())
    });
    format!("cookie:{}\r\n", cookie.expect("a session"))
}

/// A request; `headers` are whole lines of its head.
fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Where demos run, each in a directory of its own; removed at the end.
pub(crate) struct Demos {
    program: PathBuf,
    directory: PathBuf,
}

impl Demos {
    pub(crate) fn new(program: &Path) -> Self {
        let directory = format!("bench-demo-{}", std::process::id());
        Self {
            program: std::fs::canonicalize(program).expect("the program"),
            directory: std::env::temp_dir().join(directory),
        }
    }

    /// Starts one with nothing but these variables.
    pub(crate) fn start(
        &self,
        name: &str,
        environment: Vec<(&str, String)>,
        cores: &Cores,
    ) -> Server {
        let directory = self.directory.join(name);
        std::fs::create_dir_all(&directory).expect("a directory for the demo");
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("DTX_BIND", "127.0.0.1:0")
            .env("DTX_BOT_BIND", "127.0.0.1:0")
            .env("NODE_ENV", "test")
            .envs(environment)
            .current_dir(directory);
        Server::start(command, cores)
    }
}

impl Drop for Demos {
    fn drop(&mut self) {
        // What is left is in a directory for what is temporary.
        let _left_behind = std::fs::remove_dir_all(&self.directory);
    }
}
