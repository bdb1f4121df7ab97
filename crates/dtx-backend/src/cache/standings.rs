//! Tables of tournaments and leagues, cached.

use serde::{Deserialize, Serialize};
use telemetry_core::names;

use crate::cache::Cache;
use crate::store::{League, Standing, Store, StoreError, Tournament};
use crate::timestamp::Timestamp;

/// The tables. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Standings {
    store: Store,
    cache: Cache,
}

/// The table of a tournament.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct TournamentStandings {
    tournament_id: i64,
    /// When a job did so; `None` when it was computed for an answer.
    computed_at: Option<Timestamp>,
    standings: Vec<Standing>,
}

/// The table of a league.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct LeagueStandings {
    league_id: i64,
    standings: Vec<Standing>,
}

/// Tables that something has its part in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tables {
    /// That of a tournament, and that of its league.
    OfTournament(i64),
    /// That of a league, and those of all its tournaments.
    OfLeague(i64),
}

impl Standings {
    pub(crate) fn new(store: Store, cache: Cache) -> Self {
        Self { store, cache }
    }

    /// The table of a tournament; `None` when there is no such tournament.
    pub(crate) async fn of_tournament(
        &self,
        id: i64,
    ) -> Result<Option<TournamentStandings>, StoreError> {
        let read = async {
            if self.store.find::<Tournament>(id).await?.is_none() {
                return Ok(None);
            }
            let (computed_at, standings) = match self.store.stored_standings(id).await? {
                Some((computed_at, standings)) => (Some(computed_at), standings),
                None => (None, self.store.tournament_standings(id).await?),
            };
            Ok(Some(TournamentStandings {
                tournament_id: id,
                computed_at,
                standings,
            }))
        };
        self.cache.value(&tournament_key(id), read).await
    }

    /// The table of a league; `None` when there is no such league.
    pub(crate) async fn of_league(&self, id: i64) -> Result<Option<LeagueStandings>, StoreError> {
        let read = async {
            if self.store.find::<League>(id).await?.is_none() {
                return Ok(None);
            }
            Ok(Some(LeagueStandings {
                league_id: id,
                standings: self.store.league_standings(id).await?,
            }))
        };
        self.cache.value(&league_key(id), read).await
    }

    /// Something has been changed, created or deleted that has its part in these tables.
    pub(crate) async fn changed(&self, tables: Tables) {
        let keys = match self.keys(tables).await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!({ names::ERROR } = %error, "cached_standings_stale");
                return;
            }
        };
        self.cache.changed(keys).await;
    }

    async fn keys(&self, tables: Tables) -> Result<Vec<String>, StoreError> {
        Ok(match tables {
            Tables::OfTournament(id) => {
                let tournament: Option<Tournament> = self.store.find(id).await?;
                let league = tournament.map(|tournament| league_key(tournament.league_id));
                [tournament_key(id)].into_iter().chain(league).collect()
            }
            Tables::OfLeague(id) => {
                let tournaments = self.store.tournaments_of_league(id).await?;
                let tournaments = tournaments.into_iter().map(tournament_key);
                tournaments.chain([league_key(id)]).collect()
            }
        })
    }
}

fn tournament_key(id: i64) -> String {
    format!("dtx:standings:tournament:{id}")
}

fn league_key(id: i64) -> String {
    format!("dtx:standings:league:{id}")
}
