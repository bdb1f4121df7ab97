//! The bounds that control groups set to this process: its CPUs and its memory. On Linux.
//!
//! A process is a member of one group of each hierarchy, and bound by it and by each group
//! around it. With version 1 of control groups each controller may have a hierarchy of its own,
//! with version 2 all share one. A container sees its own group as the root, or by the path that
//! it has on the host.

mod bounds;
mod hierarchy;

use std::fs;
use std::path::PathBuf;

pub(crate) use bounds::MemoryBound;
use hierarchy::Hierarchy;

/// What the groups of this process allow it at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Bounds {
    /// CPUs that it may use at a time, on average; `None` without a quota.
    pub(crate) cpus: Option<f64>,
    /// The tightest bound of its memory; `None` without one.
    pub(crate) memory: Option<MemoryBound>,
}

/// The groups of this process, which are looked for again when it is moved.
pub(crate) struct Cgroups {
    proc: PathBuf,
    /// The content of `/proc/self/cgroup` that the hierarchies were found for.
    membership: String,
    cpu: Option<Hierarchy>,
    memory: Option<Hierarchy>,
}

impl Cgroups {
    pub(crate) fn open() -> Self {
        Self::at(PathBuf::from("/proc/self"))
    }

    fn at(proc: PathBuf) -> Self {
        Self {
            proc,
            membership: String::new(),
            cpu: None,
            memory: None,
        }
    }

    /// Reads the bounds of this moment. What cannot be read is no bound.
    pub(crate) fn read(&mut self) -> Bounds {
        let membership = fs::read_to_string(self.proc.join("cgroup")).unwrap_or_default();
        if membership != self.membership {
            let mounts = fs::read_to_string(self.proc.join("mountinfo")).unwrap_or_default();
            self.cpu = Hierarchy::find("cpu", &membership, &mounts);
            self.memory = Hierarchy::find("memory", &membership, &mounts);
            self.membership = membership;
        }
        Bounds {
            cpus: self.cpu.as_ref().and_then(bounds::cpus),
            memory: self.memory.as_ref().and_then(bounds::memory),
        }
    }
}

#[cfg(test)]
mod tests;
