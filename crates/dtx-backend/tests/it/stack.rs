//! All servers that the site can be run with, of a test's own, and roles as processes on them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use test_servers::{PostgresServer, RabbitMqServer, RedisServer};

use crate::database::Database;
use crate::program::{Program, log_in};
use crate::stub::Stub;
use crate::watched::Watched;
use crate::workers;

const TOKEN: &str = "0123456789-s3cret";
/// How long all that is due may take to be told, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(300);

/// PostgreSQL, Redis, RabbitMQ, a chat, and the API.
pub(crate) struct Stack {
    pub(crate) postgres: PostgresServer,
    pub(crate) redis: RedisServer,
    pub(crate) broker: RabbitMqServer,
    pub(crate) chat: Stub,
    pub(crate) serve: Watched,
    pub(crate) url: String,
    variables: Vec<(String, String)>,
    directory: TempDir,
}

impl Stack {
    /// Starts the servers and the API; says so and gives nothing where one is not installed.
    pub(crate) async fn start(more: &[(&str, &str)]) -> Option<Self> {
        let postgres = PostgresServer::start()?;
        let redis = RedisServer::start()?;
        let broker = RabbitMqServer::start()?;
        let chat = Stub::answering(Value::Null).await;
        let directory = tempfile::tempdir().unwrap();
        let webhook = format!("{}/api/webhooks/1/t0ken", chat.url);
        let (database, cache, amqp) = (postgres.url(), redis.url(), broker.url());
        let mut variables: Vec<_> = [
            ("DATABASE_URL", &*database),
            ("REDIS_URL", &cache),
            ("AMQP_URL", &amqp),
            ("DISCORD_WEBHOOK_URL", &webhook),
            ("DTX_API_TOKEN", TOKEN),
            ("DTX_CYCLE_SECONDS", "1"),
        ]
        .into_iter()
        .chain(more.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut serve = start(&directory, "serve", &variables);
        let url = serve.url().await;
        variables.push(("DTX_API_URL".to_owned(), url.clone()));
        Some(Self {
            postgres,
            redis,
            broker,
            chat,
            serve: Watched::new(serve),
            url,
            variables,
            directory,
        })
    }

    /// Starts a role, and waits until it has.
    pub(crate) async fn play(&self, role: &str) -> Watched {
        let program = start(&self.directory, role, &self.variables);
        let program = Watched::new(program);
        program.told(&format!("{role}_started")).await;
        program
    }

    /// The captain's cookie.
    pub(crate) async fn captain(&self) -> String {
        log_in(&self.url).await
    }

    pub(crate) async fn database(&self) -> Database {
        Database::open(&self.postgres.url()).await
    }

    /// How often each text was posted in the chat.
    pub(crate) fn posts(&self) -> BTreeMap<String, usize> {
        let mut posts = BTreeMap::new();
        for request in self.chat.requests() {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            // Without the time, which differs.
            let text = body["content"].as_str().unwrap();
            let text = text.split(" <t:").next().unwrap().to_owned();
            *posts.entry(text).or_default() += 1;
        }
        posts
    }

    /// Waits until something holds, with a bound.
    pub(crate) async fn until<T: Debug + PartialEq>(
        &self,
        expected: T,
        found: impl AsyncFn() -> T,
    ) {
        let begun = Instant::now();
        loop {
            let found = found().await;
            if found == expected {
                return;
            }
            let posts = self.posts().len();
            assert!(
                begun.elapsed() < PATIENCE,
                "{found:?} is not {expected:?}, and there are {posts} posts"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn start(directory: &TempDir, role: &str, variables: &[(String, String)]) -> Program {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .chain([("DTX_BOT_BIND", "127.0.0.1:0"), ("OTEL_SERVICE_NAME", role)])
        .collect();
    workers::start(directory, &[role], &variables)
}
