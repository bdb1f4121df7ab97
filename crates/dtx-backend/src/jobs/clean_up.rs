//! Removing what nobody needs any more, on a schedule.

use apalis::prelude::{BoxDynError, Data};
use apalis_cron::Tick;
use time::Duration;

use crate::jobs::Work;
use crate::timestamp::Timestamp;

/// The name of the work: all ticks are of one type.
pub(super) const NAME: &str = "clean_up";
/// How long jobs are kept once they have ended.
const JOBS_KEPT: Duration = Duration::days(7);
/// How long events are, that nobody has told or that were announced.
const EVENTS_KEPT: Duration = Duration::days(7);

/// Removes sessions that have expired, and jobs that ended long ago. Several workers that do so
/// at the same time do no harm.
pub(super) async fn run(_: Tick, work: Data<Work>) -> Result<(), BoxDynError> {
    let sessions = work.store.delete_expired_sessions().await?;
    let before = Timestamp::now().plus(-JOBS_KEPT);
    let jobs = work.store.delete_ended_jobs(before).await?;
    let before = Timestamp::now().plus(-EVENTS_KEPT);
    let events = work.store.delete_old_events(before).await?;
    tracing::info!(sessions, jobs, events, "cleaned_up");
    Ok(())
}
