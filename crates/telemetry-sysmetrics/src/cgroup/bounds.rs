//! What the files of groups say.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use super::hierarchy::{Hierarchy, Version};

/// The microseconds that a quota is of where the group does not say it.
const DEFAULT_PERIOD_MICROS: f64 = 100_000.0;

/// Two of the largest numbers that the kernel writes.
const MAX_LINE_BYTES: usize = 64;

/// From this many bytes on a limit of version 1 is none: the kernel writes the largest number of
/// pages, which depends on their size.
const MIN_UNLIMITED_BYTES: u64 = 1 << 62;

/// The memory of the group that bounds a process most, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryBound {
    /// All that its processes use, caches of files among it.
    pub(crate) usage: u64,
    pub(crate) limit: u64,
    /// The part of the usage that the kernel can take back at once: caches of files that were
    /// not used for a while.
    pub(crate) reclaimable: u64,
}

/// Reads the tightest quota of all groups, in CPUs.
pub(super) fn cpus(hierarchy: &Hierarchy) -> Option<f64> {
    let groups = hierarchy.groups.iter();
    let quotas = groups.filter_map(|group| quota(hierarchy.version, group));
    quotas.min_by(f64::total_cmp)
}

fn quota(version: Version, group: &Path) -> Option<f64> {
    let (quota, period) = match version {
        Version::One => {
            let quota = parse::<f64>(&read(group, "cpu.cfs_quota_us")?)?;
            // Most groups have no quota: there the second file need not be read.
            let limited = (quota > 0.0).then_some(quota)?;
            (limited, parse(&read(group, "cpu.cfs_period_us")?)?)
        }
        Version::Two => {
            let content = read(group, "cpu.max")?;
            let mut words = content.split_whitespace();
            let quota = parse(words.next()?)?;
            (
                quota,
                words.next().map_or(Some(DEFAULT_PERIOD_MICROS), parse)?,
            )
        }
    };
    let cpus: f64 = quota / period;
    (cpus.is_finite() && cpus > 0.0).then_some(cpus)
}

/// Reads the memory of the group with the lowest limit; of several, that of the innermost.
pub(super) fn memory(hierarchy: &Hierarchy) -> Option<MemoryBound> {
    let version = hierarchy.version;
    let groups = hierarchy.groups.iter();
    let limits = groups.filter_map(|group| Some((limit(version, group)?, group)));
    let (limit, group) = limits.min_by_key(|(limit, _)| *limit)?;
    let (usage, inactive) = match version {
        Version::One => ("memory.usage_in_bytes", "total_inactive_file"),
        Version::Two => ("memory.current", "inactive_file"),
    };
    Some(MemoryBound {
        usage: parse(&read(group, usage)?)?,
        limit,
        reclaimable: statistic(group, inactive).unwrap_or_default(),
    })
}

fn limit(version: Version, group: &Path) -> Option<u64> {
    let file = match version {
        Version::One => "memory.limit_in_bytes",
        Version::Two => "memory.max",
    };
    let limit = parse(&read(group, file)?)?;
    (limit < MIN_UNLIMITED_BYTES).then_some(limit)
}

fn statistic(group: &Path, name: &str) -> Option<u64> {
    let statistics = fs::read_to_string(group.join("memory.stat")).ok()?;
    let lines = statistics.lines();
    let mut values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    parse(values.next()?)
}

/// Reads a file of one line by a single call: [`fs::read_to_string`] makes four.
fn read(group: &Path, file: &str) -> Option<String> {
    let mut line = [0; MAX_LINE_BYTES];
    let count = File::open(group.join(file)).ok()?.read(&mut line).ok()?;
    std::str::from_utf8(&line[..count]).ok().map(str::to_owned)
}

/// Parses a number. A word, as the `max` of a group without a bound, is none.
fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}
