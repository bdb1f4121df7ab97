//! The channels of a connection that messages are published on.

use std::sync::{Arc, Mutex, PoisonError};

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many messages are published at once on a connection: RabbitMQ allows some 2,000 channels.
const MOST_AT_ONCE: usize = 256;
/// How many channels are kept open for the next message.
const MOST_IDLE: usize = 32;

/// A connection with its channels.
///
/// Each message has a channel to itself until it is confirmed: what the broker returns, refuses
/// or closes the channel for is then about that message, and concerns no other.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) connection: Connection,
    idle: Mutex<Vec<Channel>>,
    permits: Arc<Semaphore>,
}

/// A channel that one message has to itself. Closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) channel: Channel,
    live: Arc<Live>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Live {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.status().connected()
    }

    /// Takes a channel with confirmations, or opens one.
    pub(crate) async fn lease(self: &Arc<Self>) -> lapin::Result<Leased> {
        // Never closed: there is always one to wait for.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let idle = self.idle().pop();
        let channel = match idle {
            Some(channel) => channel,
            None => {
                let channel = self.connection.create_channel().await?;
                let options = ConfirmSelectOptions::default();
                channel.confirm_select(options).await?;
                channel
            }
        };
        Ok(Leased {
            channel,
            live: Arc::clone(self),
            _permit: permit,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leased {
    /// Keeps the channel for another message, now that nothing of this one is under way.
    pub(crate) fn give_back(self) {
        let mut idle = self.live.idle();
        if idle.len() < MOST_IDLE && self.channel.status().connected() {
            idle.push(self.channel.clone());
        }
    }
}
