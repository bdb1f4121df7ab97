//! A headless Chromium, spoken to by its DevTools protocol.

use std::process::Stdio;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::PATIENCE;

/// Without it Chromium looks for hosts of its maker.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
];

/// A browser that ends with the test.
pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
    _process: Child,
    _profile: TempDir,
}

/// A page in a window whose cookies no other has.
pub(crate) struct Page {
    session: String,
}

impl Browser {
    /// Starts one; `None`, and a word on the standard error, where there is no Chromium.
    #[expect(
        clippy::print_stderr,
        reason = "whoever runs the tests shall know what was left out"
    )]
    pub(crate) async fn start() -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new("chromium")
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut process) = process else {
            eprintln!("left out: there is no chromium on this machine");
            return None;
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
            let line = line.unwrap().unwrap();
            if let Some(address) = line.strip_prefix("DevTools listening on ") {
                break address.to_owned();
            }
        };
        telemetry_core::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self {
            socket: connect_async(address).await.unwrap().0,
            calls: 0,
            _process: process,
            _profile: profile,
        })
    }

    /// Opens a page.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let context = self
            .call("", "Target.createBrowserContext", json!({}))
            .await;
        let target = json!({
            "url": url,
            "browserContextId": context["browserContextId"],
            "width": 1200,
            "height": 640,
        });
        let target = self.call("", "Target.createTarget", target).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call("", "Target.attachToTarget", attach).await;
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        Page { session }
    }

    /// Waits until an expression of the page is true, and evaluates another then.
    pub(crate) async fn when(&mut self, page: &Page, condition: &str, then: &str) -> Value {
        let script = format!(
            "new Promise(done => {{ const look = () => {{ let is = false; \
             try {{ is = {condition} }} catch {{}} \
             is ? done((() => ({then}))()) : setTimeout(look, 20) }}; look() }})"
        );
        let evaluate = json!({
            "expression": script,
            "awaitPromise": true,
            "returnByValue": true,
        });
        let called = self.call(&page.session, "Runtime.evaluate", evaluate);
        let result = timeout(PATIENCE, called)
            .await
            .unwrap_or_else(|_| panic!("never true: {condition}"));
        assert!(result["exceptionDetails"].is_null(), "{result}");
        result["result"]["value"].clone()
    }

    async fn call(&mut self, session: &str, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({"id": self.calls, "method": method, "params": parameters});
        if !session.is_empty() {
            call["sessionId"] = session.into();
        }
        self.socket
            .send(Message::text(call.to_string()))
            .await
            .unwrap();
        loop {
            let message = self.socket.next().await.unwrap().unwrap();
            let Ok(text) = message.to_text() else {
                continue;
            };
            let answer: Value = serde_json::from_str(text).unwrap();
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}
