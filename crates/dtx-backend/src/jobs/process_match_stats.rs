//! Taking the result and the players of a match from Steam.

use apalis::prelude::BoxDynError;
use apalis_core::error::AbortError;
use serde::{Deserialize, Serialize};

use crate::cache::Tables;
use crate::jobs::{Job, RecomputeStandings, Work};
use crate::steam::SteamError;
use crate::store::Match;

/// Records what Steam has of a match, and then has the table recomputed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ProcessMatchStats {
    pub(crate) match_id: i64,
}

impl Job for ProcessMatchStats {
    const QUEUE: &'static str = "process_match_stats";

    async fn run(self, work: &Work) -> Result<(), BoxDynError> {
        telemetry_core::bind("match.id", self.match_id);
        let recorded = work.store.find::<Match>(self.match_id).await?;
        let Some((recorded, id)) =
            recorded.and_then(|recorded| recorded.steam_match_id.map(|id| (recorded, id)))
        else {
            tracing::info!("match_gone");
            return Ok(());
        };
        telemetry_core::bind("tournament.id", recorded.tournament_id);
        let details = match work.steam.match_details(id).await {
            Ok(details) => details,
            // It will know of none later either.
            Err(error @ SteamError::NotFound) => return Err(AbortError::new(error).into()),
            Err(error) => return Err(error.into()),
        };
        let stats = details.stats(&recorded);
        let players = stats.players.len();
        if work.store.record_match_stats(&recorded, &stats).await? {
            let tables = Tables::OfTournament(recorded.tournament_id);
            work.standings.changed(tables).await;
            tracing::info!(players, "match_stats_recorded");
        } else {
            tracing::info!("match_gone");
        }
        let tournament_id = recorded.tournament_id;
        work.queues.push(RecomputeStandings { tournament_id }).await
    }
}
