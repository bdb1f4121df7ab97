//! Recomputing the stored table of a tournament.

use apalis::prelude::BoxDynError;
use serde::{Deserialize, Serialize};

use crate::cache::Tables;
use crate::jobs::{Job, Work};

/// Replaces the stored table of a tournament by one made from its results.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RecomputeStandings {
    pub(crate) tournament_id: i64,
}

impl Job for RecomputeStandings {
    const QUEUE: &'static str = "recompute_standings";

    async fn run(self, work: &Work) -> Result<(), BoxDynError> {
        telemetry_core::bind("tournament.id", self.tournament_id);
        match work.store.store_standings(self.tournament_id).await? {
            Some(teams) => {
                let tables = Tables::OfTournament(self.tournament_id);
                work.standings.changed(tables).await;
                tracing::info!(teams, "standings_recomputed");
            }
            None => tracing::info!("tournament_gone"),
        }
        Ok(())
    }
}
