//! Events that are to be told to others.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow};
use telemetry_core::propagation;
use time::Duration;

use crate::events::Event;
use crate::store::transaction::Transaction;
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// How long whoever takes an event has to tell it, until others do.
const CLAIM: Duration = Duration::seconds(30);

/// An event that is to be told.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct StoredEvent {
    pub(crate) id: String,
    pub(crate) routing_key: String,
    /// An [`Event`] in JSON.
    pub(crate) body: String,
    headers: String,
}

impl StoredEvent {
    /// What propagators read: the context of whoever stored it.
    pub(crate) fn headers(&self) -> HashMap<String, String> {
        // Stored by us. Without it the event is told all the same.
        serde_json::from_str(&self.headers).unwrap_or_default()
    }
}

impl Transaction {
    /// Stores an event with the current context: it is told once this is
    /// [committed](Store::commit).
    pub(super) async fn store_event(&mut self, event: &Event) -> Result<(), StoreError> {
        let mut headers = HashMap::new();
        let trace = propagation::current().unwrap_or_default();
        propagation::inject_trusted(&trace, &mut headers);
        let query = "INSERT INTO outbox (id, routing_key, body, headers, created_at, claimed_until) \
                     VALUES ($1, $2, $3, $4, $5, $5)";
        self.query(query)
            .bind(event.id())
            .bind(event.routing_key())
            .bind(json(event)?)
            .bind(json(&headers)?)
            .bind(Timestamp::now())
            .execute()
            .await?;
        Ok(())
    }
}

impl Store {
    /// Waits until this process has stored an event.
    pub(crate) async fn wait_for_events(&self) {
        self.events.notified().await;
    }

    /// Whether there are events that nobody is telling. Not recorded: it is asked all the time.
    pub(crate) async fn has_events(&self) -> Result<bool, StoreError> {
        let query = "SELECT id FROM outbox WHERE claimed_until <= $1 LIMIT 1";
        let query = self.database.query_unrecorded(query).bind(Timestamp::now());
        Ok(query.fetch_optional::<(String,)>().await?.is_some())
    }

    /// Takes events that nobody is telling, the oldest first. They are the caller's for 30 s.
    pub(crate) async fn claim_events(&self, limit: i64) -> Result<Vec<StoredEvent>, StoreError> {
        let now = Timestamp::now();
        let query = format!(
            "UPDATE outbox SET claimed_until = $2 WHERE id IN (SELECT id FROM outbox \
             WHERE claimed_until <= $1 ORDER BY created_at, id LIMIT $3{}) \
             RETURNING id, routing_key, body, headers",
            self.database.skip_locked()
        );
        let query = self.query(AssertSqlSafe(query));
        let query = query.bind(now).bind(now.plus(CLAIM)).bind(limit);
        Ok(query.fetch_all().await?)
    }

    /// Forgets an event that was told.
    pub(crate) async fn delete_event(&self, id: &str) -> Result<(), StoreError> {
        let query = self.query("DELETE FROM outbox WHERE id = $1").bind(id);
        query.execute().await?;
        Ok(())
    }

    /// Leaves an event that could not be told to whoever asks next.
    pub(crate) async fn release_event(&self, id: &str) -> Result<(), StoreError> {
        let query = self.query("UPDATE outbox SET claimed_until = $2 WHERE id = $1");
        query.bind(id).bind(Timestamp::now()).execute().await?;
        Ok(())
    }

    /// Forgets events that nobody has told since then, and those that were announced before: they
    /// are not brought again. How many.
    pub(crate) async fn delete_old_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        let untold = self.query("DELETE FROM outbox WHERE created_at < $1");
        let untold = untold.bind(before).execute().await?;
        let announced = self.query("DELETE FROM announcements WHERE claimed_until < $1");
        Ok(untold + announced.bind(before).execute().await?)
    }
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()).into())
}
