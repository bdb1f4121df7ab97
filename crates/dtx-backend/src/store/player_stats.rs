//! How players did in matches.

use serde::Serialize;
use sqlx::FromRow;

use crate::store::{Match, Score, Store, StoreError};

/// What Steam has of a match.
#[derive(Debug)]
pub(crate) struct MatchStats {
    pub(crate) score: Score,
    pub(crate) players: Vec<PlayerStats>,
}

/// How a player did in one match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlayerStats {
    pub(crate) account_id: i64,
    pub(crate) kills: i64,
    pub(crate) deaths: i64,
    pub(crate) assists: i64,
}

/// How a player did in all matches of a tournament.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct PlayerTotals {
    pub(crate) account_id: i64,
    pub(crate) matches: i64,
    pub(crate) kills: i64,
    pub(crate) deaths: i64,
    pub(crate) assists: i64,
}

impl Store {
    /// Records what Steam has of a match, in place of what was recorded of it before; `false`
    /// when the match is gone, or is another one on Steam meanwhile.
    pub(crate) async fn record_match_stats(
        &self,
        of: &Match,
        stats: &MatchStats,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let query = "UPDATE matches SET winner_id = $3, first_score = $4, second_score = $5 \
                     WHERE id = $1 AND steam_match_id = $2";
        let updated = transaction
            .query(query)
            .bind(of.id)
            .bind(of.steam_match_id)
            .bind(stats.score.winner_id)
            .bind(stats.score.first_score)
            .bind(stats.score.second_score);
        if updated.execute().await? == 0 {
            return Ok(false);
        }
        transaction
            .query("DELETE FROM player_stats WHERE match_id = $1")
            .bind(of.id)
            .execute()
            .await?;
        for player in &stats.players {
            let query = "INSERT INTO player_stats (match_id, account_id, kills, deaths, assists) \
                         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
            transaction
                .query(query)
                .bind(of.id)
                .bind(player.account_id)
                .bind(player.kills)
                .bind(player.deaths)
                .bind(player.assists)
                .execute()
                .await?;
        }
        transaction.commit().await?;
        self.changed();
        Ok(true)
    }

    /// The totals of the players of a tournament: who has the most kills comes first.
    pub(crate) async fn player_totals(
        &self,
        tournament_id: i64,
    ) -> Result<Vec<PlayerTotals>, StoreError> {
        let query = "SELECT account_id, COUNT(*) AS matches, \
                     CAST(SUM(kills) AS BIGINT) AS kills, \
                     CAST(SUM(deaths) AS BIGINT) AS deaths, \
                     CAST(SUM(assists) AS BIGINT) AS assists FROM player_stats \
                     JOIN matches ON matches.id = match_id JOIN games ON games.id = game_id \
                     WHERE tournament_id = $1 GROUP BY account_id \
                     ORDER BY kills DESC, deaths, assists DESC, account_id";
        let totals = self.query(query).bind(tournament_id);
        Ok(totals.fetch_all().await?)
    }
}
