//! A control group of the CPU controller, of version 1 or 2, for a test.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The microseconds that a quota is of.
const PERIOD: u64 = 100_000;

/// How long a group may take to be empty after its last process ended.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(10);

/// A control group, which lasts until it is removed.
pub(crate) struct Group {
    directory: PathBuf,
    v2: bool,
}

impl Group {
    /// Makes a group beneath the root of the controller.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let v2 = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let root = ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu"]
            .map(Path::new)
            .into_iter()
            .find(|root| !v2 && root.exists())
            .unwrap_or(Path::new("/sys/fs/cgroup"));
        let id = std::process::id();
        let directory = root.join(format!("telemetry-sysmetrics-{name}-{id}"));
        fs::create_dir(&directory)?;
        Ok(Self { directory, v2 })
    }

    /// Makes a group inside of this one, whose own processes leave it.
    pub(crate) fn inner(&self, name: &str) -> io::Result<Self> {
        let directory = self.directory.join(name);
        fs::create_dir(&directory)?;
        let inner = Self {
            directory,
            v2: self.v2,
        };
        if self.v2 {
            // A group with processes of its own must not have controllers for inner groups.
            let processes = fs::read_to_string(self.directory.join("cgroup.procs"))?;
            for process in processes.lines() {
                fs::write(inner.directory.join("cgroup.procs"), process)?;
            }
            fs::write(self.directory.join("cgroup.subtree_control"), "+cpu")?;
        }
        Ok(inner)
    }

    pub(crate) fn set_quota(&self, cpus: f64) -> io::Result<()> {
        let quota = (cpus * PERIOD as f64) as u64;
        if self.v2 {
            return self.write("cpu.max", &format!("{quota} {PERIOD}"));
        }
        self.write("cpu.cfs_period_us", &PERIOD.to_string())?;
        self.write("cpu.cfs_quota_us", &quota.to_string())
    }

    pub(crate) fn remove_quota(&self) -> io::Result<()> {
        if self.v2 {
            return self.write("cpu.max", "max");
        }
        self.write("cpu.cfs_quota_us", "-1")
    }

    /// Moves a process into the group.
    pub(crate) fn add(&self, process: u32) -> io::Result<()> {
        self.write("cgroup.procs", &process.to_string())
    }

    fn write(&self, file: &str, value: &str) -> io::Result<()> {
        let path = self.directory.join(file);
        // Written, not created: a controller that is missing has no such file.
        fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| io::Write::write_all(&mut file, value.as_bytes()))
    }

    /// Removes the group, whose processes have ended.
    pub(crate) fn remove(self) {
        let deadline = Instant::now() + REMOVAL_TIMEOUT;
        while fs::remove_dir(&self.directory).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
