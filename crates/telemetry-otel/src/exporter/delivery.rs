//! The delivery of a batch: in requests that are small enough, each tried until its time is over.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder as _;
use backon::ExponentialBuilder;
use bytes::Bytes;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{Protocol, Signal};
use crate::exporter::error::{ExportError, LossCause};
use crate::exporter::health::Health;
use crate::exporter::request::{Answer, ExportRequest};
use crate::exporter::runtime::ExportRuntime;
use crate::exporter::transport::Transport;

/// The largest request that is sent where it can be split, before compression. Collectors take 4 MiB
/// by default.
const MAX_REQUEST_SIZE: usize = 4 * 1024 * 1024 - 64 * 1024;
/// How long the first pause between two tries is; each further one is twice as long.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(100);
/// How long a pause is at most, before jitter and unless the collector asks for more. Short beside
/// the ten seconds that a request has.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Delivers the batches of one signal to its collector.
#[derive(Debug)]
pub(super) struct Delivery {
    transport: Transport,
    protocol: Protocol,
    /// How long one request may take, with all tries.
    request_timeout: Duration,
    /// How long all requests of a batch may take.
    batch_timeout: Duration,
    runtime: ExportRuntime,
    health: Arc<Health>,
}

impl Delivery {
    pub(super) fn new(
        transport: Transport,
        protocol: Protocol,
        request_timeout: Duration,
        batch_timeout: Duration,
        runtime: &ExportRuntime,
        health: &Arc<Health>,
    ) -> Self {
        Self {
            transport,
            protocol,
            request_timeout,
            batch_timeout,
            runtime: runtime.clone(),
            health: Arc::clone(health),
        }
    }

    /// Counts the items of a batch as recorded, where nothing did before.
    pub(super) fn made<R: ExportRequest>(&self, batch: &R) {
        self.health.made(R::SIGNAL, batch.count());
    }

    /// Delivers a batch. Each of its items is counted, as sent or as lost.
    ///
    /// # Errors
    ///
    /// When one of its requests is lost.
    pub(super) async fn deliver<R: ExportRequest>(&self, batch: R) -> OTelSdkResult {
        self.health.submitted(R::SIGNAL, batch.count());
        let result = self.runtime.within(self.deliver_parts(batch)).await;
        self.health.observe(R::SIGNAL, &result);
        result.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
    }

    async fn deliver_parts<R: ExportRequest>(&self, batch: R) -> Result<(), ExportError> {
        let deadline = Instant::now() + self.batch_timeout;
        let mut result = Ok(());
        // The next is the last.
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            let count = part.count();
            if part.encoded_len() > MAX_REQUEST_SIZE
                && let Some((first, second)) = part.split()
            {
                parts.extend([second, first]);
                continue;
            }
            match self.send::<R>(&part, deadline).await {
                Ok(answer) => self.health.answered(R::SIGNAL, count, &answer),
                Err(error) => {
                    if error.is_too_large()
                        && let Some((first, second)) = part.split()
                    {
                        parts.extend([second, first]);
                        continue;
                    }
                    let cause = LossCause::from(&error);
                    self.health.lost(R::SIGNAL, count, cause);
                    // A single item that is too large says nothing of the others.
                    if !error.is_too_large() {
                        let others = parts.drain(..).map(|part| part.count()).sum();
                        self.health.lost(R::SIGNAL, others, cause);
                    }
                    result = Err(error);
                }
            }
        }
        result
    }

    /// Sends a request, again and again where that may help.
    async fn send<R: ExportRequest>(
        &self,
        request: &R,
        batch_deadline: Instant,
    ) -> Result<Answer, ExportError> {
        let body = request
            .encode_for(self.protocol)
            .map_err(ExportError::Request)?;
        let body = Bytes::from(body);
        let deadline = batch_deadline.min(Instant::now() + self.request_timeout);
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(MIN_RETRY_DELAY)
            .with_max_delay(MAX_RETRY_DELAY)
            .without_max_times()
            .with_jitter()
            .build();
        let mut last = None;
        loop {
            let tried = timeout_at(deadline, self.transport.send(body.clone())).await;
            let error = match tried {
                Ok(Ok(answer)) => {
                    return R::decode_answer(&answer, self.protocol).map_err(ExportError::Answer);
                }
                Ok(Err(error)) => error,
                // What an earlier try ended with says more.
                Err(_) => return Err(last.unwrap_or(ExportError::TimedOut(self.request_timeout))),
            };
            let Some(least) = self.retry_after(R::SIGNAL, &error) else {
                return Err(error);
            };
            let pause = pauses.next().unwrap_or(MAX_RETRY_DELAY).max(least);
            if Instant::now() + pause >= deadline {
                return Err(error);
            }
            sleep(pause).await;
            last = Some(error);
        }
    }

    /// How long to wait at least before the next try; `None` where there is none.
    fn retry_after(&self, signal: Signal, error: &ExportError) -> Option<Duration> {
        // The end of the process does not wait for a collector that was not there before.
        if self.health.is_ending() && self.health.is_failing(signal) {
            return None;
        }
        error.retry_after()
    }
}
