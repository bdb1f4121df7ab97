//! No secret of the settings leaves: neither on lines, nor with what is exported, nor in answers.

use axum::http::Request;
use otlp_test_collector::Collector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::announcements::create_game;
use crate::discord::{Discord, public_key};
use crate::export::exporting;
use crate::program::{Program, get, log_in, send};
use crate::stub::{Reply, Stub};
use crate::watched::Watched;
use crate::workers::{details, start};

/// What stands in each secret. It is long enough for a token, and nothing else has it.
const WORD: &str = "sesamesesame";

/// The settings that have a secret, with the word in it. Where the flag is set nothing answers, or
/// with a failure.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn new(chat: &str, steam: &str, outage: bool) -> Self {
        let host = |url: &str| url.trim_start_matches("http://").to_owned();
        let mut secrets = vec![
            ("DTX_API_TOKEN", format!("{WORD}-token")),
            ("STEAM_API_KEY", WORD.to_owned()),
            ("STEAM_API_URL", steam.to_owned()),
            (
                "DISCORD_WEBHOOK_URL",
                format!(
                    "http://{WORD}:{WORD}@{}/api/webhooks/1/{WORD}?thread={WORD}",
                    host(chat)
                ),
            ),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("x-api-key={WORD}")),
            ("HTTPS_PROXY", format!("http://{WORD}:{WORD}@127.0.0.1:9")),
        ];
        if outage {
            secrets.extend([
                ("REDIS_URL", format!("redis://:{WORD}@127.0.0.1:9/")),
                ("AMQP_URL", format!("amqp://guest:{WORD}@127.0.0.1:9/%2f")),
            ]);
        }
        Self(secrets)
    }

    fn with<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let own = self.0.iter().map(|(name, value)| (*name, &**value));
        own.chain(more.iter().copied()).collect()
    }
}

#[track_caller]
fn assert_is_not_in(what: &str, text: &str) {
    let at = text.find(WORD);
    let around = at.map(|at| text.get(at.saturating_sub(300)..at + 20));
    assert!(at.is_none(), "{what}: {around:?}");
}

/// Calls what there is to call; what is answered.
async fn walk(program: &mut Program, discord: &Discord) -> String {
    let url = program.url().await;
    let cookie = log_in(&url).await;
    let mut answers = String::new();
    for path in [
        "/healthz",
        "/readyz",
        "/",
        "/api/tournaments/",
        "/api/tournaments/1/standings/",
        "/api/leagues/1/standings/",
        "/api/users/",
        "/api/jobs/",
        "/api/nothing/",
        "/api/debug/error/",
        "/api/debug/panic/",
    ] {
        answers += &get(format!("{url}{path}")).await.1;
    }
    for (request, body) in [
        (
            Request::patch(format!("{url}/api/matches/1/")),
            json!({"steam_match_id": 77}),
        ),
        (
            Request::post(format!("{url}/api/matches/1/refresh/")),
            json!({}),
        ),
        (
            Request::post(format!("{url}/api/matches/")),
            json!({"x": []}),
        ),
    ] {
        let response = send(request, &cookie, &body).await;
        answers += &format!("{response:?}");
        answers += &axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .map(|body| String::from_utf8_lossy(&body).into_owned())
            .unwrap();
    }
    create_game(&url).await;
    for (name, options) in [
        ("games", &[][..]),
        ("standings", &[("tournament", json!(1))]),
        ("join", &[("game", json!(1))]),
        ("nothing", &[]),
    ] {
        answers += &discord.command(name, options).await.1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_the_settings_leaves_with_anything() {
    for outage in [false, true] {
        let collector = Collector::start();
        let chat = Stub::start(move |before| match outage && before < 3 {
            true => Reply::Failure,
            false => Reply::Json(Value::Null),
        })
        .await;
        let steam = match outage {
            true => "http://127.0.0.1:9".to_owned(),
            false => Stub::answering(details()).await.url,
        };
        let secrets = Secrets::new(&chat.url, &steam, outage);
        let (endpoint, key) = (collector.endpoint(), public_key());
        let mut more = exporting(&endpoint);
        more.extend([
            ("DTX_BOT_BIND", "127.0.0.1:0"),
            ("DISCORD_PUBLIC_KEY", &key),
            ("DTX_DEBUG_ROUTES", "true"),
            ("DTX_CYCLE_SECONDS", "1"),
            ("LOG_LEVEL", "TRACE"),
        ]);
        let directory = tempfile::tempdir().unwrap();
        let mut program = start(&directory, &[], &secrets.with(&more));
        let discord = Discord::of(&mut program).await;
        let answers = walk(&mut program, &discord).await;
        let program = Watched::new(program);
        if outage {
            program.told("events_delayed").await;
        } else {
            program.told("event_announced").await;
            let posted = &chat.requests()[0].target;
            assert!(posted.contains(WORD), "{posted}");
            let post = collector.wait_for_span("POST /api/webhooks/{id}/{token}");
            let url = format!("{}/api/webhooks/1/REDACTED?thread=REDACTED", chat.url);
            assert_eq!(post.attributes["url.full"], &*url);
        }
        let lines = program.end().await;
        assert_is_not_in("answers", &answers);
        assert_is_not_in("lines", &format!("{lines:?}"));
        assert!(!collector.spans().is_empty() && !collector.metrics().is_empty());
        assert_is_not_in("spans", &format!("{:?}", collector.spans()));
        assert_is_not_in("metrics", &format!("{:?}", collector.metrics()));
        assert_is_not_in("records", &format!("{:?}", collector.logs()));
    }
}

#[tokio::test]
async fn no_secret_is_in_the_help_or_in_what_the_doctor_and_an_error_say() {
    let directory: TempDir = tempfile::tempdir().unwrap();
    let secrets = Secrets::new("http://127.0.0.1:9", "http://127.0.0.1:9", true);
    let database = format!("postgres://x:{WORD}@127.0.0.1:1/dtx");
    let endpoint = "http://127.0.0.1:9".to_owned();
    let variables = secrets.with(&[
        ("DATABASE_URL", &database),
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
    ]);
    for arguments in [&["--help"][..], &["doctor"], &["serve"], &["worker"]] {
        let ended = Program::start_with(&directory, &variables, arguments)
            .ended()
            .await;
        let shown = format!("{:?} {:?}", ended.stdout, ended.stderr);
        assert_is_not_in(arguments[0], &shown);
    }
    // Settings that cannot be, one by one.
    for name in [
        "DATABASE_URL",
        "REDIS_URL",
        "AMQP_URL",
        "DISCORD_WEBHOOK_URL",
        "DISCORD_PUBLIC_KEY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "STEAM_API_URL",
        "DTX_API_URL",
    ] {
        let value = format!("nonsense://x:{WORD}@");
        let program = Program::start_with(&directory, &[(name, &*value)], &["serve"]);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        assert_is_not_in(name, &format!("{ended:?}"));
    }
}
