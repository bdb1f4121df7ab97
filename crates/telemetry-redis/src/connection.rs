//! The connection.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};

use crate::builder::{Settings, TracedConnectionBuilder};
use crate::command::{self, Operation};
use crate::failure;
use crate::recording::{Recorded, Recording};
use crate::text;

/// A connection whose commands are recorded.
///
/// It is used as the one that it wraps: by `AsyncCommands`, `redis::cmd` and `redis::pipe`, and by
/// whatever takes a `ConnectionLike`. What else that one can do is reached by [`Deref`]; what is
/// sent so, subscriptions for one, is not recorded.
#[derive(Clone)]
pub struct TracedConnection<C> {
    inner: C,
    settings: Arc<Settings>,
}

impl<C: ConnectionLike> TracedConnection<C> {
    /// Wraps a connection, of which nothing else is told.
    pub fn new(connection: C) -> Self {
        TracedConnectionBuilder::default().build(connection)
    }
}

impl TracedConnection<()> {
    /// Begins to say what is recorded.
    pub fn builder() -> TracedConnectionBuilder {
        TracedConnectionBuilder::default()
    }
}

impl<C> TracedConnection<C> {
    pub(crate) fn with_settings(inner: C, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// The connection, as it was.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

impl<C: ConnectionLike + Send> ConnectionLike for TracedConnection<C> {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let settings = &self.settings;
        let operation = || Operation {
            name: command::name(cmd),
            size: 1,
        };
        let recording = Recording::start(settings, operation, || text::of([cmd], settings.text));
        match recording {
            Some(recording) => {
                let inner = recording.within(|| self.inner.req_packed_command(cmd));
                let failure = |result: &Result<Value, _>| match result {
                    Ok(Value::ServerError(error)) => Some(failure::from_code(error.code())),
                    Ok(_) => None,
                    Err(error) => Some(failure::from_error(error)),
                };
                Box::pin(Recorded::new(inner, recording, failure))
            }
            None => self.inner.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let settings = &self.settings;
        let operation = || Operation {
            name: command::name_of_pipeline(pipeline),
            size: pipeline.len(),
        };
        let recording = Recording::start(settings, operation, || {
            text::of(pipeline.cmd_iter(), settings.text)
        });
        match recording {
            Some(recording) => {
                let inner =
                    recording.within(|| self.inner.req_packed_commands(pipeline, offset, count));
                let failure = |result: &Result<Vec<Value>, _>| match result {
                    Ok(values) => values.iter().find_map(failure::from_value),
                    Err(error) => Some(failure::from_error(error)),
                };
                Box::pin(Recorded::new(inner, recording, failure))
            }
            None => self.inner.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}

impl<C> Deref for TracedConnection<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.inner
    }
}

impl<C> DerefMut for TracedConnection<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.inner
    }
}

impl<C> fmt::Debug for TracedConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedConnection")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
