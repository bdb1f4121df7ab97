//! Taking events from where they are stored to those who want to know.

use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use telemetry_amqp::Message;
use telemetry_core::instrument::request_id_from;
use telemetry_core::{
    FutureExt as _, Scope, UnitOfWork, error_chain, names, propagation, record_error,
};
use tokio::time::sleep;

use crate::bot::Announcer;
use crate::events::EventBroker;
use crate::roles::Stop;
use crate::store::{Store, StoredEvent};

/// How many events are taken at once.
const BATCH: i64 = 100;
/// How many of them are told side by side.
const CONCURRENCY: usize = 16;
/// How often the relay looks for what other processes have stored, or could not tell.
const OTHERS: Duration = Duration::from_secs(1);

/// Tells events, as long as this process runs.
#[derive(Debug)]
pub(crate) struct Relay {
    store: Store,
    sink: Sink,
    /// Whether the last batch failed: then that is known.
    is_failing: bool,
}

/// Who is told.
#[derive(Debug)]
pub(crate) enum Sink {
    /// The broker, and by it whoever listens.
    Broker(EventBroker),
    /// The bot, in this process.
    Bot(Announcer),
}

impl Relay {
    pub(crate) fn new(store: Store, sink: Sink) -> Self {
        Self {
            store,
            sink,
            is_failing: false,
        }
    }

    /// Tells events until told to stop. What is left then is for others, or the next time.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        loop {
            if self.relay_some().await {
                if stop.is_requested() {
                    return;
                }
                continue;
            }
            tokio::select! {
                _ = stop.requested() => return,
                () = self.store.wait_for_events(), if !self.is_failing => {}
                () = sleep(OTHERS) => {}
            }
        }
    }

    /// Relays the events of one batch, as a unit of work; whether there may be more.
    async fn relay_some(&mut self) -> bool {
        let has_events = self.store.has_events().await;
        // Looking for nothing is no unit of work.
        if !self.is_failing && matches!(has_events, Ok(false)) {
            return false;
        }
        let relaying = async {
            let relayed = match has_events {
                Ok(true) => self.relay_batch().await,
                Ok(false) => Ok(false),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = &relayed {
                record_error("relay_failed", &**error);
            }
            self.note(relayed.as_ref().err());
            relayed.unwrap_or_default()
        };
        UnitOfWork::new("relay_events").run(relaying).await
    }

    async fn relay_batch(&self) -> anyhow::Result<bool> {
        let events = self.store.claim_events(BATCH).await?;
        let count = events.len();
        let telling = stream::iter(events).map(|event| self.relay_one(event));
        let mut told = pin!(telling.buffer_unordered(CONCURRENCY));
        let mut result = Ok(count as i64 == BATCH);
        while let Some(one) = told.next().await {
            if let Err(error) = one {
                result = Err(error);
            }
        }
        result
    }

    /// Tells one event, in the context of whoever stored it.
    async fn relay_one(&self, event: StoredEvent) -> anyhow::Result<()> {
        let mut scope = Scope::builder();
        // Replaced by the request id that the event was stored with, if there is one.
        scope.field(names::REQUEST_ID, &*request_id_from(&event.id));
        if let Some(trace) = propagation::extract_trusted(&event.headers(), &mut scope) {
            scope.trace(&trace);
        }
        let telling = async {
            match &self.sink {
                Sink::Broker(broker) => publish(broker, &event).await,
                Sink::Bot(announcer) => announcer.announce(&event.id, event.body.as_bytes()).await,
            }
        };
        match telling.in_scope(scope.build()).await {
            Ok(()) => self.store.delete_event(&event.id).await?,
            Err(error) => {
                self.store.release_event(&event.id).await?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Logs when events can no longer be told, and when they can again.
    fn note(&mut self, error: Option<&anyhow::Error>) {
        let is_failing = error.is_some();
        match error {
            Some(error) if !self.is_failing => {
                tracing::warn!(error = &*error_chain::sentence(&**error), "events_delayed");
            }
            None if self.is_failing => tracing::info!("events_resumed"),
            _ => {}
        }
        self.is_failing = is_failing;
    }
}

async fn publish(to: &EventBroker, event: &StoredEvent) -> anyhow::Result<()> {
    let message = Message::new(&to.exchange, &event.routing_key, event.body.clone())
        .with_id(&event.id)
        .with_content_type("application/json");
    Ok(to.broker.publish(message).await?)
}
