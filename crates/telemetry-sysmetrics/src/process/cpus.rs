//! How many CPUs this process may use.

/// Gives the CPUs that the process may use at a time: those of its affinity, and no more than
/// its quota. The quota is a fraction: with 1.5 CPUs one busy thread is two thirds of all.
pub(super) fn usable(quota: Option<f64>) -> f64 {
    let affinity = affinity();
    quota.map_or(affinity, |quota| quota.min(affinity))
}

/// The affinity of the calling thread, which it has of the one that made it.
///
/// [`std::thread::available_parallelism`] has quotas in it, cut to whole CPUs.
#[cfg(target_os = "linux")]
fn affinity() -> f64 {
    let cpus = rustix::thread::sched_getaffinity(None).map(|set| set.count());
    match cpus {
        Ok(cpus) if cpus > 0 => f64::from(cpus),
        // The set is too small for the machine.
        _ => available_parallelism(),
    }
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> f64 {
    available_parallelism()
}

fn available_parallelism() -> f64 {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_below_the_affinity_is_the_bound() {
        assert_eq!(usable(Some(0.25)), 0.25);
    }

    #[test]
    fn an_affinity_below_the_quota_is_the_bound() {
        assert_eq!(usable(Some(1e6)), affinity());
        assert_eq!(usable(None), affinity());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_affinity_is_read_anew_each_time() {
        let before = rustix::thread::sched_getaffinity(None).unwrap();
        let first = (0..rustix::thread::CpuSet::MAX_CPU).find(|cpu| before.is_set(*cpu));
        let mut one = rustix::thread::CpuSet::new();
        one.set(first.unwrap());
        // Of this test's own thread.
        rustix::thread::sched_setaffinity(None, &one).unwrap();
        assert_eq!(usable(None), 1.0);
        rustix::thread::sched_setaffinity(None, &before).unwrap();
        assert_eq!(usable(None), f64::from(before.count()));
    }
}
