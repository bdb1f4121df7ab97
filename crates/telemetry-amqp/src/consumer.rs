//! Taking messages from a queue.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::StreamExt as _;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use telemetry_core::{error_chain, panic};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::attempt::BoxError;
use crate::broker::Broker;
use crate::delivered::Delivered;
use crate::line;
use crate::work::Work;

/// How long is waited before a queue that could not be consumed is tried again.
const SUBSCRIBING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// How long the broker may take to answer at the end.
const GOODBYE: Duration = Duration::from_secs(1);

/// Takes messages from a queue. Made by [`Broker::consume`].
#[derive(Clone, Debug)]
#[must_use = "a consumer does nothing until it is run"]
pub struct Consumer {
    broker: Broker,
    queue: String,
    settings: Settings,
}

/// How messages are taken.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) attempts: u32,
    concurrency: u16,
    prefetch: Option<u16>,
    drain: Duration,
    pub(crate) retry_delays: ExponentialBuilder,
}

impl Consumer {
    pub(crate) fn new(broker: Broker, queue: String) -> Self {
        let settings = Settings {
            attempts: 5,
            concurrency: 1,
            prefetch: None,
            drain: Duration::from_secs(10),
            retry_delays: delays(Duration::from_millis(500), Duration::from_secs(30)),
        };
        Self {
            broker,
            queue,
            settings,
        }
    }

    /// Sets how many attempts a message has before it goes to the dead letters; 5 by default.
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts.max(1);
        self
    }

    /// Sets how many messages are handled at once; 1 by default.
    pub fn with_concurrency(mut self, concurrency: u16) -> Self {
        self.settings.concurrency = concurrency.max(1);
        self
    }

    /// Sets how many messages the broker delivers ahead, those that wait for another attempt
    /// included; four times the concurrency by default.
    pub fn with_prefetch(mut self, prefetch: u16) -> Self {
        self.settings.prefetch = Some(prefetch.max(1));
        self
    }

    /// Sets how long a message waits for its next attempt: about `first`, then each time twice as
    /// long, to at most `longest`; 500 ms and 30 s by default.
    pub fn with_retry_delays(mut self, first: Duration, longest: Duration) -> Self {
        self.settings.retry_delays = delays(first, longest);
        self
    }

    /// Sets how long handlers that run may take to end when the consumer is to stop; 10 s by
    /// default.
    pub fn with_drain_deadline(mut self, deadline: Duration) -> Self {
        self.settings.drain = deadline;
        self
    }

    /// Takes messages until `shutdown` is ready, whatever the broker does meanwhile.
    ///
    /// Each message is handled on a task of its own, within a scope that has the context of who
    /// published it. It is acknowledged once `handler` has succeeded. When that fails or panics,
    /// the message waits, and is then put back to the queue with its attempts counted; after the
    /// last it is rejected, which sends it to the queue's dead letters. In the end no more are
    /// taken, and handlers that run are waited for; what they do not finish goes back to the
    /// broker, as does everything when the future is dropped.
    ///
    /// A message is lost at no step. It may be handled twice: when the connection or the process
    /// is lost before the broker knows that it was.
    pub async fn run<H, F, E>(self, handler: H, shutdown: impl Future<Output = ()>)
    where
        H: Fn(Delivered) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        panic::watch();
        let (stop, stopping) = watch::channel(false);
        let work = Arc::new(Work {
            broker: self.broker,
            queue: self.queue,
            settings: self.settings,
            handler,
            stopping,
        });
        let mut tasks = JoinSet::new();
        let mut channel = None;
        {
            let mut shutdown = pin!(shutdown);
            let mut taking = pin!(work.take_all(&mut tasks, &mut channel));
            tokio::select! {
                () = &mut shutdown => {
                    stop.send_replace(true);
                    taking.await;
                }
                () = &mut taking => {}
            }
        }
        let ended = async { while tasks.join_next().await.is_some() {} };
        if timeout(work.settings.drain, ended).await.is_err() {
            // Dropped, they end as cancelled.
            tasks.shutdown().await;
        }
        if let Some(channel) = channel {
            // What was not acknowledged is then for others to take. If it does not come to that,
            // the connection is lost, with the same end.
            let _lost = timeout(GOODBYE, channel.close(200, ShortString::default())).await;
        }
    }
}

impl<H, F, E> Work<H>
where
    H: Fn(Delivered) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    /// Takes messages on one connection after another, until it is to stop. Leaves the last
    /// channel, which handlers may still need.
    async fn take_all(self: &Arc<Self>, tasks: &mut JoinSet<()>, last: &mut Option<Channel>) {
        let permits = Arc::new(Semaphore::new(self.settings.concurrency.into()));
        let new_delays = delays(SUBSCRIBING.0, SUBSCRIBING.1);
        let mut delays = new_delays.build();
        let mut is_interrupted = false;
        loop {
            let live = tokio::select! {
                () = self.stopped() => return,
                live = self.broker.link.live_at_last() => live,
            };
            let error = match self.subscribe(&live.connection).await {
                Ok((channel, mut consumer)) => {
                    line::write_started(&self.queue);
                    is_interrupted = false;
                    *last = Some(channel.clone());
                    match self.take(tasks, &permits, &channel, &mut consumer).await {
                        Ok(has_taken) if has_taken => delays = new_delays.build(),
                        Ok(_) => {}
                        Err(Stopped) => {
                            self.cancel(&channel, &mut consumer).await;
                            return;
                        }
                    }
                    "the broker ended it".to_owned()
                }
                Err(error) => error_chain::message(&error),
            };
            // A lost connection is told of as such.
            if live.is_connected() {
                if !is_interrupted {
                    line::write_interrupted(&self.queue, &error);
                    is_interrupted = true;
                }
                tokio::select! {
                    () = self.stopped() => return,
                    () = sleep(delays.next().unwrap_or(SUBSCRIBING.1)) => {}
                }
            }
        }
    }

    async fn subscribe(
        &self,
        connection: &Connection,
    ) -> lapin::Result<(Channel, lapin::Consumer)> {
        let Settings {
            concurrency,
            prefetch,
            ..
        } = self.settings;
        let queue = ShortString::try_new(self.queue.as_str());
        let queue = queue.map_err(std::io::Error::other)?;
        let channel = connection.create_channel().await?;
        let prefetch = prefetch.unwrap_or(concurrency.saturating_mul(4));
        channel
            .basic_qos(prefetch, BasicQosOptions::default())
            .await?;
        let consumer = channel.basic_consume(
            queue,
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = consumer.await?;
        Ok((channel, consumer))
    }

    /// Takes messages on one channel, until that ends; whether there were any.
    async fn take(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        permits: &Arc<Semaphore>,
        channel: &Channel,
        consumer: &mut lapin::Consumer,
    ) -> Result<bool, Stopped> {
        let mut has_taken = false;
        loop {
            let next = async {
                // Never closed.
                let permit = Arc::clone(permits).acquire_owned().await.ok()?;
                let delivery = consumer.next().await?.ok()?;
                Some((permit, delivery))
            };
            let next = tokio::select! {
                biased;
                () = self.stopped() => return Err(Stopped),
                next = next => next,
            };
            let Some((permit, delivery)) = next else {
                return Ok(has_taken);
            };
            has_taken = true;
            while tasks.try_join_next().is_some() {}
            let message = Delivered::new(delivery, self.queue.clone());
            tasks.spawn(Arc::clone(self).handle(message, channel.clone(), permit));
        }
    }

    /// Takes no more, and gives back what was delivered ahead.
    async fn cancel(&self, channel: &Channel, consumer: &mut lapin::Consumer) {
        let giving_back = async {
            let options = BasicCancelOptions::default();
            channel.basic_cancel(consumer.tag(), options).await?;
            while let Some(delivery) = consumer.next().await {
                let again = BasicNackOptions {
                    requeue: true,
                    ..BasicNackOptions::default()
                };
                delivery?.nack(again).await?;
            }
            Ok::<_, lapin::Error>(())
        };
        // If that fails, they go back with the channel.
        let _with_the_channel = timeout(GOODBYE, giving_back).await;
    }
}

/// The consumer is to stop.
struct Stopped;

fn delays(first: Duration, longest: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_jitter()
        .without_max_times()
}
