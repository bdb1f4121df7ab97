//! Discord, as the bot sees it: somebody who signs interactions.

use std::time::SystemTime;

use axum::body::Body;
use axum::http::{Request, Response};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::program::{PATIENCE, Program, http_client, json as read};

/// Whoever sends commands, and where from.
pub(crate) const GUILD: &str = "81384788765712384";
pub(crate) const CHANNEL: &str = "645027906669510667";
pub(crate) const ACCOUNT: &str = "80351110224678912";

/// Sends interactions to a bot.
#[derive(Debug)]
pub(crate) struct Discord {
    url: String,
}

/// An interaction that has been signed.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) signature: String,
    pub(crate) timestamp: String,
    pub(crate) body: String,
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// The key that a bot is to know, in hexadecimal.
pub(crate) fn public_key() -> String {
    hex::encode(pair().public_key())
}

impl Discord {
    /// Waits until the bot of a program takes interactions.
    pub(crate) async fn of(program: &mut Program) -> Self {
        let line = program.event("interactions_started").await;
        let address = line["address"].as_str().unwrap();
        Self {
            url: format!("http://{address}/interactions"),
        }
    }

    /// Signs an interaction, as of so many seconds from now.
    pub(crate) fn sign(interaction: &Value, seconds: i64) -> Signed {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let timestamp = now.checked_add_signed(seconds).unwrap().to_string();
        let body = interaction.to_string();
        let message = format!("{timestamp}{body}");
        Signed {
            signature: hex::encode(pair().sign(message.as_bytes())),
            timestamp,
            body,
        }
    }

    pub(crate) async fn send(&self, signed: Signed) -> Response<Body> {
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("x-signature-ed25519", signed.signature)
            .header("x-signature-timestamp", signed.timestamp)
            .body(Body::from(signed.body))
            .unwrap();
        let response = timeout(PATIENCE, http_client().request(request)).await;
        response.unwrap().unwrap().map(Body::new)
    }

    /// Sends a command in a guild; the id of the request, and what the bot says.
    pub(crate) async fn command(&self, name: &str, options: &[(&str, Value)]) -> (String, String) {
        let options: Vec<_> = options
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let interaction = json!({
            "id": "1",
            "type": 2,
            "guild_id": GUILD,
            "channel_id": CHANNEL,
            "member": {"user": {"id": ACCOUNT, "username": "mira"}},
            "data": {"id": "2", "name": name, "options": options},
        });
        let response = self.send(Self::sign(&interaction, 0)).await;
        assert_eq!(response.status(), 200, "{response:?}");
        let id = response.headers()["x-request-id"].to_str().unwrap();
        let id = id.to_owned();
        let reply = read(response).await;
        assert_eq!(reply["type"], 4, "{reply}");
        assert_eq!(reply["data"]["allowed_mentions"], json!({"parse": []}));
        (id, reply["data"]["content"].as_str().unwrap().to_owned())
    }
}
