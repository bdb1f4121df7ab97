//! The container: the memory of the control group that bounds this process.

use crate::cgroup::MemoryBound;
use crate::instruments::{Description, Instruments, amount};
use crate::names::{CONTAINER_MEMORY_AVAILABLE, CONTAINER_MEMORY_LIMIT, CONTAINER_MEMORY_USAGE};

/// Adds the container's instruments. They report nothing while there is no limit.
pub(crate) fn register(instruments: &Instruments<'_>) {
    instruments.amount(
        Description {
            name: CONTAINER_MEMORY_USAGE,
            unit: "By",
            text: "Memory that the container uses, caches of files among it.",
        },
        |snapshot, instrument| {
            if let Some(memory) = snapshot.bounds.memory {
                instrument.observe(amount(memory.usage), &[]);
            }
        },
    );
    instruments.amount(
        Description {
            name: CONTAINER_MEMORY_LIMIT,
            unit: "By",
            text: "Memory that the container may use.",
        },
        |snapshot, instrument| {
            if let Some(memory) = snapshot.bounds.memory {
                instrument.observe(amount(memory.limit), &[]);
            }
        },
    );
    instruments.amount(
        Description {
            name: CONTAINER_MEMORY_AVAILABLE,
            unit: "By",
            text: "The limit without what is used and cannot be taken back from caches of files.",
        },
        |snapshot, instrument| {
            if let Some(memory) = snapshot.bounds.memory {
                instrument.observe(amount(available(memory)), &[]);
            }
        },
    );
}

fn available(memory: MemoryBound) -> u64 {
    let working_set = memory.usage.saturating_sub(memory.reclaimable);
    memory.limit.saturating_sub(working_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_taken_back_is_available() {
        let memory = MemoryBound {
            usage: 90,
            limit: 100,
            reclaimable: 30,
        };
        assert_eq!(available(memory), 40);
    }

    #[test]
    fn more_usage_than_the_limit_leaves_nothing() {
        let memory = MemoryBound {
            usage: 130,
            limit: 100,
            reclaimable: 0,
        };
        assert_eq!(available(memory), 0);
        let all_of_it = MemoryBound {
            reclaimable: 200,
            ..memory
        };
        assert_eq!(available(all_of_it), 100);
    }
}
