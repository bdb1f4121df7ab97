//! All figures of one collection, and where they come from.

use tokio::runtime::RuntimeMetrics;

use crate::host::{Host, HostSource};
use crate::process::{Process, ProcessSource};
use crate::runtime::{self, Runtime};

/// All figures of one collection. What could not be read is `None` and is not reported.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) host: Option<Host>,
    pub(crate) process: Option<Process>,
    pub(crate) runtime: Option<Runtime>,
}

/// Where the figures come from.
pub(crate) struct Sources {
    host: Option<HostSource>,
    process: ProcessSource,
    runtime: Option<RuntimeMetrics>,
}

impl Sources {
    /// Opens the sources. Without `runtime` there are no figures of a runtime.
    pub(crate) fn open(runtime: Option<RuntimeMetrics>) -> Self {
        Self {
            host: HostSource::open(),
            process: ProcessSource::open(),
            runtime,
        }
    }

    /// Reads them all, once.
    pub(crate) fn read(&mut self) -> Snapshot {
        Snapshot {
            host: self.host.as_mut().map(HostSource::read),
            process: self.process.read(),
            runtime: self.runtime.as_ref().map(runtime::read),
        }
    }
}
