//! Names that the semantic conventions do not have.

/// The histogram of how long jobs wait, in seconds: from when a job is due to when its first
/// attempt begins.
pub(crate) const MESSAGING_QUEUE_LATENCY: &str = "messaging.queue.latency";

/// The `messaging.system` of jobs.
pub(crate) const APALIS: &str = "apalis";
