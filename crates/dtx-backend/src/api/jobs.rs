//! Background jobs, for the staff.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use telemetry_core::names;

use crate::api::error::Error;
use crate::api::extract::{Page, Path, Query};
use crate::api::session::Actor;
use crate::store::{JobStatus, Listing, Store, StoredJob};

#[derive(Debug, Deserialize)]
pub(super) struct JobQuery {
    #[serde(default)]
    status: Listed,
}

/// Which jobs are listed: by default those that somebody must look after.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Listed {
    #[default]
    Dead,
    Pending,
    Running,
    Done,
    All,
}

impl Listed {
    fn status(self) -> Option<JobStatus> {
        match self {
            Self::Dead => Some(JobStatus::Dead),
            Self::Pending => Some(JobStatus::Pending),
            Self::Running => Some(JobStatus::Running),
            Self::Done => Some(JobStatus::Done),
            Self::All => None,
        }
    }
}

pub(super) async fn list(
    State(store): State<Store>,
    actor: Actor,
    Page(page): Page,
    Query(query): Query<JobQuery>,
) -> Result<Json<Listing<StoredJob>>, Error> {
    actor.must_be_staff()?;
    Ok(Json(store.jobs(query.status.status(), page).await?))
}

/// Puts a dead job back on its queue.
pub(super) async fn retry(
    State(store): State<Store>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<StoredJob>, Error> {
    actor.must_be_staff()?;
    find(&store, &id).await?;
    if !store.revive_job(&id).await? {
        return Err(Error::Conflict("the job is not dead"));
    }
    let job = find(&store, &id).await?;
    tracing::info!({ names::CHILD_TASK_ID } = job.id, "job_revived");
    Ok(Json(job))
}

async fn find(store: &Store, id: &str) -> Result<StoredJob, Error> {
    store.job(id).await?.ok_or(Error::NotFound("job"))
}
