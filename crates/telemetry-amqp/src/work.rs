//! Handling one message, to what the broker is told of it.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder as _;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use telemetry_core::FutureExt as _;
use telemetry_core::{error_chain, panic};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use crate::attempt::{Attempt, BoxError};
use crate::broker::Broker;
use crate::consumer::Settings;
use crate::delivered::Delivered;
use crate::{failure, line, retry};

/// What all messages of a consumer have in common.
pub(crate) struct Work<H> {
    pub(crate) broker: Broker,
    pub(crate) queue: String,
    pub(crate) settings: Settings,
    pub(crate) handler: H,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the broker is told of a message.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    /// It was handled.
    Done,
    /// It is to be delivered again.
    Again,
    /// It is for the dead letters.
    Dead,
}

impl<H, F, E> Work<H>
where
    H: Fn(Delivered) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    /// Handles a message, and tells the broker. The permit is for the handler alone, the channel
    /// is to be there until the broker was told.
    pub(crate) async fn handle(
        self: Arc<Self>,
        message: Delivered,
        _channel: Channel,
        permit: OwnedSemaphorePermit,
    ) {
        let attempt = Attempt::start(&message, &self.broker.link.settings.server);
        let scope = attempt.scope.clone();
        let handled = async { (self.handler)(message.clone()).await.map_err(Into::into) };
        let mut outcome = panic::catch_async(handled.in_scope(scope.clone())).await;
        let has_failed = !matches!(outcome, Ok(Ok(())));
        let is_retried = has_failed && message.attempt() < self.settings.attempts;
        attempt.end(&mut outcome, is_retried);
        drop((outcome, permit));
        let settling = async {
            let verdict = if is_retried {
                self.put_back(&message).await
            } else if has_failed {
                Verdict::Dead
            } else {
                Verdict::Done
            };
            self.tell(&message, verdict).await;
        };
        settling.in_scope(scope).await;
    }

    /// Waits, and puts a message back to its queue with the attempt counted. It is not
    /// acknowledged until the broker has confirmed that.
    async fn put_back(&self, message: &Delivered) -> Verdict {
        let earlier = message.attempt().saturating_sub(1) as usize;
        let delay = self.settings.retry_delays.build().nth(earlier);
        // A consumer that is to stop does not wait.
        let _over = timeout(delay.unwrap_or_default(), self.stopped()).await;
        let Some(again) = retry::again(message) else {
            return Verdict::Again;
        };
        match self.broker.send(again).await {
            Ok(()) => Verdict::Done,
            Err(error) => {
                line::write_unsettled(&failure::from_publish_error(&error).error);
                Verdict::Again
            }
        }
    }

    /// Tells the broker what became of a message. If that fails, it delivers it again.
    async fn tell(&self, message: &Delivered, verdict: Verdict) {
        let acker = &message.delivery().acker;
        let telling = async {
            match verdict {
                Verdict::Done => acker.ack(BasicAckOptions::default()).await,
                Verdict::Again | Verdict::Dead => {
                    let options = BasicNackOptions {
                        requeue: matches!(verdict, Verdict::Again),
                        ..BasicNackOptions::default()
                    };
                    acker.nack(options).await
                }
            }
        };
        let error = match timeout(self.patience(), telling).await {
            Ok(Ok(true)) => return,
            Ok(Ok(false)) => "the connection was lost".to_owned(),
            Ok(Err(error)) => error_chain::message(&error),
            Err(_) => "the broker takes nothing".to_owned(),
        };
        // Of one that comes again anyway, it was told why.
        if !matches!(verdict, Verdict::Again) {
            line::write_unsettled(&error);
        }
    }

    fn patience(&self) -> Duration {
        self.broker.link.settings.publish_timeout
    }

    /// Waits until the consumer is to stop.
    pub(crate) async fn stopped(&self) {
        // Without its sender there is nobody to wait for.
        let mut stopping = self.stopping.clone();
        let _stopped = stopping.wait_for(|is_stopping| *is_stopping).await;
    }
}
