//! WebSockets: drafts and tournaments as they happen.

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use serde::Serialize;
use telemetry_ws::{TelemetrySocket, TelemetryUpgrade};
use tokio::sync::watch;

use crate::api::error::Error;
use crate::api::extract::{Id, Path};
use crate::api::session::Actor;
use crate::live::{self, Command, HEROES, Live, Refusal, Room};
use crate::store::{Store, Tournament};

/// What a client is told beside the state.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Said<'a> {
    /// The first message.
    Welcome {
        user_id: Option<i64>,
        /// The team that the user picks for.
        team_id: Option<i64>,
        heroes: &'a [&'a str],
    },
    /// A command was refused.
    Error { code: &'a str, message: &'a str },
}

/// Plays a draft: its captains pick, everybody else watches.
pub(super) async fn draft(
    State(live): State<Live>,
    Path(Id(id)): Path<Id>,
    actor: Option<Extension<Actor>>,
    upgrade: TelemetryUpgrade,
) -> Result<Response, Error> {
    let user = actor.map(|Extension(Actor(user))| user.id);
    let draft = live.draft(id).await?.ok_or(Error::NotFound("draft"))?;
    let welcome = Said::Welcome {
        user_id: user,
        team_id: draft.team_of(user),
        heroes: &HEROES,
    };
    let welcome = text(&welcome)?;
    Ok(upgrade.on_upgrade(async move |mut socket| {
        if socket.send(welcome).await.is_ok() {
            play(socket, &live, id, user).await;
        }
    }))
}

/// Shows the bracket, the results and the standings of a tournament.
pub(super) async fn tournament(
    State(store): State<Store>,
    State(live): State<Live>,
    Path(Id(id)): Path<Id>,
    upgrade: TelemetryUpgrade,
) -> Result<Response, Error> {
    if store.find::<Tournament>(id).await?.is_none() {
        return Err(Error::NotFound("tournament"));
    }
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let mut states = live.watch(Room::Tournament(id));
        states.mark_changed();
        loop {
            tokio::select! {
                sent = next(&mut states) => match sent {
                    Some(state) => if socket.send(state).await.is_err() { break },
                    None => break,
                },
                // What they say is of no interest, only that they are there.
                message = socket.recv() => if !matches!(message, Some(Ok(_))) { break },
            }
        }
    }))
}

async fn play(mut socket: TelemetrySocket<WebSocket>, live: &Live, id: i64, user: Option<i64>) {
    let mut states = live.watch(Room::Draft(id));
    states.mark_changed();
    let handling = socket.handling();
    loop {
        let answer = tokio::select! {
            state = next(&mut states) => match state {
                Some(state) => Some(state),
                None => break,
            },
            message = socket.recv() => {
                let Some(Ok(message)) = message else { break };
                let Message::Text(command) = &message else { continue };
                let work = act(live, id, user, command);
                match handling.handle(&message, work).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "command_failed");
                        break;
                    }
                }
            }
        };
        if let Some(answer) = answer
            && socket.send(answer).await.is_err()
        {
            break;
        }
    }
}

/// The next state to be told; `None` when there will be none.
async fn next(states: &mut watch::Receiver<live::State>) -> Option<Message> {
    loop {
        states.changed().await.ok()?;
        let state = states.borrow_and_update().clone();
        // It is empty until it was read once.
        if !state.is_empty() {
            return Some(Message::text(&*state));
        }
    }
}

/// Does what a message asks for, and answers when that may not be.
async fn act(
    live: &Live,
    id: i64,
    user: Option<i64>,
    command: &str,
) -> Result<Option<Message>, Error> {
    let done = match serde_json::from_str::<Command>(command) {
        Ok(command) => live.act(id, user, command).await?,
        Err(_) => Err(Refusal::Malformed),
    };
    let Err(refusal) = done else { return Ok(None) };
    let (code, message) = (refusal.code(), refusal.to_string());
    tracing::info!(code, "command_refused");
    let message = &message;
    Ok(Some(text(&Said::Error { code, message })?))
}

fn text(said: &Said<'_>) -> Result<Message, Error> {
    let text = serde_json::to_string(said).map_err(anyhow::Error::from)?;
    Ok(Message::text(text))
}
