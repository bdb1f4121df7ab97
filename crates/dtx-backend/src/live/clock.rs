//! The clock of a draft: it picks for a captain who does not.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::live::draft::{LiveDraft, Turn};
use crate::live::room::{Reading, Source, State};
use crate::store::Store;
use crate::timestamp::Timestamp;

/// A draft as its watchers see it.
#[derive(Debug)]
pub(super) struct DraftSource {
    store: Store,
    id: i64,
    pick_time: Duration,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Message<'a> {
    Draft(&'a LiveDraft),
}

impl DraftSource {
    pub(super) fn new(store: Store, id: i64, pick_time: Duration) -> Self {
        Self {
            store,
            id,
            pick_time,
        }
    }

    async fn draft(&self) -> anyhow::Result<Option<LiveDraft>> {
        let stored = self.store.stored_draft(self.id).await?;
        Ok(stored.map(|stored| LiveDraft::new(stored, self.pick_time)))
    }

    /// Picks the first hero that is left.
    async fn pick(&self, draft: &LiveDraft, turn: Turn) -> anyhow::Result<()> {
        let Some(hero) = draft.heroes.first() else {
            return Ok(());
        };
        let (position, team) = (turn.position, turn.team_id);
        let added = self.store.add_pick(self.id, position, team, hero, true);
        // Otherwise the captain, or the clock of another process, was faster.
        if added.await? {
            tracing::info!(hero, position, is_automatic = true, "hero_picked");
        }
        Ok(())
    }
}

impl Source for DraftSource {
    async fn read(&mut self) -> anyhow::Result<Reading> {
        loop {
            let Some(draft) = self.draft().await? else {
                return Ok(Reading {
                    state: None,
                    due: None,
                });
            };
            if let Some(turn) = draft.turn
                && turn.ends_at <= Timestamp::now()
            {
                self.pick(&draft, turn).await?;
                continue;
            }
            let message = serde_json::to_string(&Message::Draft(&draft))?;
            return Ok(Reading {
                state: Some(State::from(message)),
                due: draft
                    .turn
                    .map(|turn| Instant::now() + turn.ends_at.time_left()),
            });
        }
    }
}
