//! All figures of one collection, and where they come from.

use tokio::runtime::RuntimeMetrics;

use crate::cgroup::{Bounds, Cgroups};
use crate::host::{Host, HostSource};
use crate::process::{Process, ProcessSource};
use crate::runtime::{self, Runtime};

/// All figures of one collection. What could not be read is `None` and is not reported.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) host: Option<Host>,
    pub(crate) process: Option<Process>,
    pub(crate) bounds: Bounds,
    pub(crate) runtime: Option<Runtime>,
}

/// Where the figures come from.
pub(crate) struct Sources {
    host: Option<HostSource>,
    process: ProcessSource,
    cgroups: Cgroups,
    runtime: Option<RuntimeMetrics>,
}

impl Sources {
    /// Opens the sources. Without `runtime` there are no figures of a runtime.
    pub(crate) fn open(runtime: Option<RuntimeMetrics>) -> Self {
        Self {
            host: HostSource::open(),
            process: ProcessSource::open(),
            cgroups: Cgroups::open(),
            runtime,
        }
    }

    /// Reads them all, once.
    pub(crate) fn read(&mut self) -> Snapshot {
        let bounds = self.cgroups.read();
        Snapshot {
            host: self.host.as_mut().map(HostSource::read),
            process: self.process.read(bounds.cpus),
            bounds,
            runtime: self.runtime.as_ref().map(runtime::read),
        }
    }
}
