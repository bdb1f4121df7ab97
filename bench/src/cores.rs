//! Which processor cores servers and the load have, each one of its own.

use std::fmt;

/// The core of the servers and that of the load; none where they cannot be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores(Option<[usize; 2]>);

impl Cores {
    /// Takes a core for the load, on which this thread and all that it starts stay, and leaves
    /// another to the servers.
    pub(crate) fn take() -> Self {
        let cores = Self(allowed());
        cores.pin(|[_, load]| load);
        cores
    }

    /// Leaves this thread and all that it starts a single core.
    pub(crate) fn share_one() {
        Self(allowed()).pin(|[core, _]| core);
    }

    /// Starts something on the core of the servers.
    pub(crate) fn on_the_servers<T>(&self, start: impl FnOnce() -> T) -> T {
        self.pin(|[servers, _]| servers);
        let started = start();
        self.pin(|[_, load]| load);
        started
    }

    fn pin(&self, choose: impl FnOnce([usize; 2]) -> usize) {
        if let Some(cores) = self.0 {
            pin(choose(cores));
        }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some([servers, load]) => {
                write!(f, "the server has core {servers}, the load core {load}")
            }
            None => f.write_str("server and load share all cores: they could not be pinned"),
        }
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Option<[usize; 2]> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    let mut cores = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core));
    Some([cores.next()?, cores.next()?])
}

#[cfg(target_os = "linux")]
fn pin(core: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    rustix::thread::sched_setaffinity(None, &set).expect("a core that is allowed");
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Option<[usize; 2]> {
    None
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {}
