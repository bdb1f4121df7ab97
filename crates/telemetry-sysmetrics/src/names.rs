//! The one home of every metric and attribute name of this crate.
//!
//! Those of OpenTelemetry's semantic conventions are taken from
//! `opentelemetry-semantic-conventions`; the others are the contract of this workspace.

pub(crate) use opentelemetry_semantic_conventions::attribute::{CPU_MODE, SYSTEM_MEMORY_STATE};
pub(crate) use opentelemetry_semantic_conventions::metric::{
    CONTAINER_MEMORY_AVAILABLE, CONTAINER_MEMORY_USAGE, PROCESS_CPU_TIME, PROCESS_CPU_UTILIZATION,
    PROCESS_MEMORY_USAGE, PROCESS_MEMORY_VIRTUAL, PROCESS_THREAD_COUNT, PROCESS_UPTIME,
    SYSTEM_CPU_UTILIZATION, SYSTEM_MEMORY_USAGE, SYSTEM_MEMORY_UTILIZATION,
};

// What dashboards have asked for since before the conventions had the two above.
pub(crate) const PROCESS_RUNTIME_CPU_UTILIZATION: &str = "process.runtime.cpu.utilization";
pub(crate) const PROCESS_RUNTIME_MEMORY: &str = "process.runtime.memory";

// The conventions have a limit only for containers of Kubernetes.
pub(crate) const CONTAINER_MEMORY_LIMIT: &str = "container.memory.limit";

// The conventions have nothing for tokio. The words are those of `tokio::runtime::RuntimeMetrics`.
pub(crate) const TOKIO_RUNTIME_WORKERS: &str = "tokio.runtime.workers";
pub(crate) const TOKIO_RUNTIME_ALIVE_TASKS: &str = "tokio.runtime.alive_tasks";
pub(crate) const TOKIO_RUNTIME_GLOBAL_QUEUE_DEPTH: &str = "tokio.runtime.global_queue_depth";
pub(crate) const TOKIO_RUNTIME_BUSY_TIME: &str = "tokio.runtime.busy_time";
pub(crate) const TOKIO_RUNTIME_PARKS: &str = "tokio.runtime.parks";

// Values of `CPU_MODE` and `SYSTEM_MEMORY_STATE`.
pub(crate) const MODE_USER: &str = "user";
pub(crate) const MODE_SYSTEM: &str = "system";
pub(crate) const STATE_USED: &str = "used";
pub(crate) const STATE_FREE: &str = "free";
