//! The bounds of processes, read from directories that look like the kernel's, and from real
//! groups.

use std::path::Path;

use tempfile::TempDir;

use super::*;

const MIB: u64 = 1 << 20;

/// A `/proc/self` and the file systems that its `mountinfo` names.
struct Machine {
    root: TempDir,
}

impl Machine {
    /// Makes one with the content of `/proc/self/cgroup` and the mounts: root, mount point
    /// beneath `/sys/fs/cgroup`, type and options.
    fn new(membership: &str, mounts: &[(&str, &str, &str, &str)]) -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
        };
        machine.join(membership);
        let point = machine.path("sys");
        let lines = mounts.iter().map(|(root, name, kind, options)| {
            let point = point.join(name);
            let point = point.to_str().unwrap().trim_end_matches('/');
            format!("32 31 0:29 {root} {point} rw,nosuid shared:9 - {kind} {kind} rw,{options}\n")
        });
        let others = "23 28 0:22 / /sys rw shared:7 - sysfs sysfs rw\n\ngarbage\n1 2 3 - \n";
        let content = others.to_owned() + &lines.collect::<String>();
        machine.write("proc/mountinfo", &content);
        machine
    }

    /// One with version 2 alone.
    fn unified(path: &str) -> Self {
        let membership = format!("0::{path}\n");
        Self::new(&membership, &[("/", "", "cgroup2", "nsdelegate")])
    }

    fn join(&self, membership: &str) {
        self.write("proc/cgroup", membership);
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn cgroups(&self) -> Cgroups {
        Cgroups::at(self.path("proc"))
    }

    fn bounds(&self) -> Bounds {
        self.cgroups().read()
    }
}

fn memory(usage: u64, limit: u64, reclaimable: u64) -> Option<MemoryBound> {
    Some(MemoryBound {
        usage,
        limit,
        reclaimable,
    })
}

#[test]
fn a_quota_of_version_2_is_a_fraction_of_its_period() {
    let machine = Machine::unified("/app");
    for (content, cpus) in [
        ("150000 100000\n", Some(1.5)),
        ("50000 100000\n", Some(0.5)),
        ("20000 10000\n", Some(2.0)),
        ("1000 1000000\n", Some(0.001)),
        ("250000\n", Some(2.5)),
        ("max 100000\n", None),
        ("max", None),
        ("0 100000\n", None),
        ("-1 100000\n", None),
        ("100000 0\n", None),
        ("100000 x\n", None),
        ("inf 1\n", None),
        ("NaN NaN\n", None),
        ("nonsense\n", None),
        ("\n", None),
        ("", None),
    ] {
        machine.write("sys/app/cpu.max", content);
        assert_eq!(machine.bounds().cpus, cpus, "{content:?}");
    }
}

#[test]
fn a_quota_of_version_1_is_a_fraction_of_its_period() {
    let machine = Machine::new(
        "4:memory:/app\n3:cpu,cpuacct:/app\n0::/\n",
        &[("/", "cpu,cpuacct", "cgroup", "cpu,cpuacct")],
    );
    for (quota, period, cpus) in [
        ("150000\n", "100000\n", Some(1.5)),
        ("5000\n", "10000\n", Some(0.5)),
        ("-1\n", "100000\n", None),
        ("0\n", "100000\n", None),
        ("100000\n", "0\n", None),
        ("100000\n", "", None),
        ("what\n", "100000\n", None),
    ] {
        machine.write("sys/cpu,cpuacct/app/cpu.cfs_quota_us", quota);
        machine.write("sys/cpu,cpuacct/app/cpu.cfs_period_us", period);
        assert_eq!(machine.bounds().cpus, cpus, "{quota:?} {period:?}");
    }
}

#[test]
fn the_tightest_of_all_groups_around_counts() {
    let machine = Machine::unified("/slice/pod/app");
    machine.write("sys/slice/pod/app/cpu.max", "300000 100000\n");
    machine.write("sys/slice/cpu.max", "150000 100000\n");
    machine.write("sys/slice/pod/app/memory.max", "max\n");
    machine.write("sys/slice/pod/memory.max", "104857600\n");
    machine.write("sys/slice/pod/memory.current", "52428800\n");
    machine.write("sys/slice/memory.max", "209715200\n");
    machine.write("sys/slice/memory.current", "199715200\n");
    let bounds = machine.bounds();
    assert_eq!(bounds.cpus, Some(1.5));
    assert_eq!(bounds.memory, memory(50 * MIB, 100 * MIB, 0));
}

#[test]
fn a_limit_of_version_2_has_its_usage_beside_it() {
    let machine = Machine::unified("/app");
    machine.write("sys/app/memory.max", "104857600\n");
    machine.write("sys/app/memory.current", "94371840\n");
    let statistics = "anon 1\ninactive_file_x 7\nactive_file 3\ninactive_file 10485760\n";
    machine.write("sys/app/memory.stat", statistics);
    assert_eq!(
        machine.bounds().memory,
        memory(90 * MIB, 100 * MIB, 10 * MIB)
    );

    for no_limit in ["max\n", "", "-5\n", "1e6\n", "99999999999999999999999\n"] {
        machine.write("sys/app/memory.max", no_limit);
        assert_eq!(machine.bounds().memory, None, "{no_limit:?}");
    }
}

#[test]
fn a_limit_of_version_1_has_its_usage_beside_it() {
    let machine = Machine::new("7:memory:/app\n", &[("/", "memory", "cgroup", "memory")]);
    machine.write("sys/memory/memory.limit_in_bytes", "9223372036854771712\n");
    machine.write("sys/memory/app/memory.limit_in_bytes", "104857600\n");
    machine.write("sys/memory/app/memory.usage_in_bytes", "94371840\n");
    let statistics = "inactive_file 4096\ntotal_inactive_file 10485760\n";
    machine.write("sys/memory/app/memory.stat", statistics);
    assert_eq!(
        machine.bounds().memory,
        memory(90 * MIB, 100 * MIB, 10 * MIB)
    );

    // The largest number of pages, of 4 and of 64 KiB.
    for no_limit in ["9223372036854771712\n", "9223372036854710272\n"] {
        machine.write("sys/memory/app/memory.limit_in_bytes", no_limit);
        assert_eq!(machine.bounds().memory, None, "{no_limit:?}");
    }
}

#[test]
fn a_controller_is_read_in_the_version_that_has_it() {
    let machine = Machine::new(
        "5:cpu:/of-1\n0::/of-2\n",
        &[
            ("/", "unified", "cgroup2", "rw"),
            ("/", "cpu", "cgroup", "cpu"),
        ],
    );
    machine.write("sys/cpu/of-1/cpu.cfs_quota_us", "50000");
    machine.write("sys/cpu/of-1/cpu.cfs_period_us", "100000");
    machine.write("sys/unified/of-2/cpu.max", "300000 100000");
    machine.write("sys/unified/of-2/memory.max", "100");
    machine.write("sys/unified/of-2/memory.current", "50");
    let bounds = machine.bounds();
    assert_eq!(bounds.cpus, Some(0.5));
    assert_eq!(bounds.memory, memory(50, 100, 0));
}

#[test]
fn a_container_that_sees_only_its_own_group_finds_it_by_the_path_of_the_host() {
    for (root, membership) in [
        ("/docker/f00", "0::/docker/f00\n"),
        // Of a namespace other than the mount's.
        ("/docker/f00", "0::/\n"),
        ("/docker/f00", "0::/elsewhere\n"),
        ("/", "0::/\n"),
        ("/a\\040b\\134c", "0::/a b\\c\n"),
    ] {
        let machine = Machine::new(membership, &[(root, "", "cgroup2", "rw")]);
        machine.write("sys/cpu.max", "50000 100000");
        assert_eq!(machine.bounds().cpus, Some(0.5), "{root} {membership}");
    }
    let inner = Machine::new("0::/docker/f00/x\n", &[("/docker/f00", "", "cgroup2", "")]);
    inner.write("sys/cpu.max", "150000 100000");
    inner.write("sys/x/cpu.max", "50000 100000");
    assert_eq!(inner.bounds().cpus, Some(0.5));
}

#[test]
fn of_several_mounts_that_with_the_group_is_read() {
    let machine = Machine::new(
        "0::/pod/app\n",
        &[
            ("/other", "other", "cgroup2", ""),
            ("/pod", "pod", "cgroup2", ""),
        ],
    );
    machine.write("sys/other/cpu.max", "50000 100000");
    machine.write("sys/pod/app/cpu.max", "150000 100000");
    assert_eq!(machine.bounds().cpus, Some(1.5));
}

#[test]
fn a_process_outside_of_the_namespace_has_no_known_bound() {
    let machine = Machine::unified("/../other");
    machine.write("sys/cpu.max", "50000 100000");
    machine.write("other/cpu.max", "50000 100000");
    assert_eq!(machine.bounds(), Bounds::default());
}

#[test]
fn what_is_missing_or_garbage_is_no_bound() {
    let nothing = Cgroups::at(PathBuf::from("/nonexistent/proc/self")).read();
    assert_eq!(nothing, Bounds::default());
    for membership in ["", "\n", "garbage\n", "1:cpu\n", "::\n", "0::\n", ":::::\n"] {
        let machine = Machine::new(membership, &[("/", "", "cgroup2", "rw")]);
        assert_eq!(machine.bounds(), Bounds::default(), "{membership:?}");
    }
    let without_mounts = Machine::new("4:cpu:/a\n0::/a\n", &[]);
    assert_eq!(without_mounts.bounds(), Bounds::default());
    let without_files = Machine::unified("/a (deleted)");
    assert_eq!(without_files.bounds(), Bounds::default());
    // A limit of nothing known.
    let without_usage = Machine::unified("/a");
    without_usage.write("sys/a/memory.max", "100");
    assert_eq!(without_usage.bounds(), Bounds::default());
}

#[test]
fn later_bounds_and_another_group_are_seen_by_the_next_reading() {
    let machine = Machine::unified("/a");
    let mut cgroups = machine.cgroups();
    assert_eq!(cgroups.read().cpus, None);
    machine.write("sys/a/cpu.max", "50000 100000");
    machine.write("sys/b/cpu.max", "70000 100000");
    assert_eq!(cgroups.read().cpus, Some(0.5));
    machine.write("sys/a/cpu.max", "200000 100000");
    assert_eq!(cgroups.read().cpus, Some(2.0));
    machine.join("0::/b\n");
    assert_eq!(cgroups.read().cpus, Some(0.7));
}

/// A real group without processes, where this process may make one.
struct RealGroup(PathBuf);

impl RealGroup {
    fn new() -> Option<Self> {
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let root = if unified { "" } else { "memory" };
        let name = format!("telemetry-sysmetrics-memory-{}", std::process::id());
        let directory = Path::new("/sys/fs/cgroup").join(root).join(name);
        fs::create_dir(&directory).ok()?;
        let group = Self(directory);
        let file = ["memory.limit_in_bytes", "memory.max"][usize::from(unified)];
        fs::write(group.0.join(file), "104857600").ok()?;
        Some(group)
    }
}

impl Drop for RealGroup {
    fn drop(&mut self) {
        let removed = fs::remove_dir(&self.0);
        assert!(removed.is_ok(), "{removed:?}");
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "a test says why it was skipped")]
fn the_limit_of_a_real_group_is_read() {
    let Some(group) = RealGroup::new() else {
        println!("skipped: a control group with a limit of memory cannot be made");
        return;
    };
    let name = group.0.file_name().unwrap().to_str().unwrap();
    let machine = Machine::new(&format!("3:memory:/{name}\n"), &[]);
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        machine.join(&format!("0::/{name}\n"));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    machine.write("proc/mountinfo", &mounts);
    let memory = machine.bounds().memory.unwrap();
    assert_eq!(memory.limit, 100 * MIB);
    assert!(memory.usage < memory.limit && memory.reclaimable <= memory.usage);
}
