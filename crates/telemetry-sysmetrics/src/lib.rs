//! Metrics of the host, the process and the tokio runtime, through OpenTelemetry's API.
//!
//! [`start`] registers them with the global meter provider, once the SDK is installed:
//!
//! ```
//! use opentelemetry_sdk::metrics::SdkMeterProvider;
//!
//! #[tokio::main]
//! async fn main() {
//!     let provider = SdkMeterProvider::default(); // with a reader and an exporter of yours
//!     opentelemetry::global::set_meter_provider(provider);
//!
//!     telemetry_sysmetrics::start();
//! }
//! ```
//!
//! # What it records
//!
//! All of it at each collection, by observable instruments; nothing runs in between.
//!
//! | metric | unit | kind | what |
//! |---|---|---|---|
//! | `system.cpu.utilization` | `1` | gauge | the busy fraction of all CPUs of the host |
//! | `system.memory.utilization` | `1` | gauge | the used fraction of the host's memory, with `system.memory.state=used` |
//! | `system.memory.usage` | `By` | up-down counter | by `system.memory.state`: `used`, and `free` for what can be had without swapping; together all there is |
//! | `process.cpu.time` | `s` | counter | by `cpu.mode`: `user` and `system` |
//! | `process.cpu.utilization` | `1` | gauge | the same as a fraction of the CPUs that the process may use, its container's quota included |
//! | `process.memory.usage` | `By` | up-down counter | physical memory |
//! | `process.memory.virtual` | `By` | up-down counter | virtual memory |
//! | `process.thread.count` | `{thread}` | up-down counter | threads; on Linux |
//! | `process.uptime` | `s` | gauge | how long the process has run |
//! | `process.runtime.cpu.utilization` | `1` | gauge | `process.cpu.utilization` of all modes, under the name used before the conventions had one |
//! | `process.runtime.memory` | `By` | up-down counter | `process.memory.usage`, likewise |
//! | `container.memory.usage` | `By` | up-down counter | memory of the control group with the lowest limit, caches of files included; on Linux, where there is a limit |
//! | `container.memory.limit` | `By` | up-down counter | its limit |
//! | `container.memory.available` | `By` | up-down counter | the limit without the working set, which is the usage without caches of files that were not used for a while |
//! | `tokio.runtime.workers` | `{worker}` | up-down counter | worker threads |
//! | `tokio.runtime.alive_tasks` | `{task}` | up-down counter | tasks that have not ended |
//! | `tokio.runtime.global_queue_depth` | `{task}` | up-down counter | tasks that wait in the global queue |
//! | `tokio.runtime.busy_time` | `s` | counter | time that all workers were busy; divided by time and workers it is their utilization |
//! | `tokio.runtime.parks` | `{park}` | counter | times that workers went idle |
//!
//! Those of `tokio.runtime` are of the runtime that [`start`] is called in; called outside of
//! one, there are none. No metric has attributes other than these, and none has a field of a
//! context. A figure that cannot be read is left out.
//!
//! Some of what `examples/figures.rs` prints:
//!
//! ```text
//! system.cpu.utilization 0.32729427337646483
//! system.memory.usage system.memory.state=free 24492830720
//! system.memory.usage system.memory.state=used 783683584
//! process.memory.usage 3276800
//! process.thread.count 4
//! ```
//!
//! # How it measures
//!
//! - **One reading a collection.** The first instrument that is asked reads everything, and for
//!   the next 200 ms the others report the same reading. A collection takes some 270 µs on
//!   Linux, 3 µs of which are the SDK's; `examples/collection.rs` measures it.
//! - **Utilizations are fractions from 0 to 1**, of the time since the reading before. The first
//!   reading is taken when the instruments are registered: it is of the time since boot, or
//!   since the process began, and reported by collections in the first 200 ms. With more than
//!   one reader, each reading is of the time since the last one of any of them.
//! - **The CPUs that the process may use** are those of its affinity, and no more than the quota
//!   of its control group and of each group around it, as a fraction: with a quota of 1.5 CPUs
//!   one busy thread is a utilization of 0.67. They are read with each reading, so that a quota
//!   that is changed counts from the next one on. Control groups of version 1 and 2 are read.
//! - **Whose figures these are**: those of `system` are the host's, in a container too. Those of
//!   `process` are this process's. Those of `container` are of the control group with the lowest
//!   limit of memory, be it the process's own or one around it: all processes in it count. They
//!   exist while there is a limit, on Linux. `container.memory.usage / container.memory.limit` is
//!   the fraction that is used; `container.memory.available` is what is left before the kernel
//!   kills. The conventions call the usage a counter, though it shrinks, and have a limit only
//!   for containers of Kubernetes.
//! - **A reading that panics** costs that collection these metrics, and nothing else.
//! - **Other platforms than Linux** have CPU time without its mode, and no count of threads.
//!   How good their first CPU utilization of the host is depends on `sysinfo`.

mod cgroup;
mod container;
mod fraction;
mod host;
mod instruments;
mod names;
mod process;
mod register;
mod runtime;
mod sampler;
mod snapshot;

pub use register::{register, start};
