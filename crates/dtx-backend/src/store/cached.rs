//! What the cache must know to forget what has changed.

use crate::store::{Store, StoreError};

impl Store {
    /// The hashes of the tokens of all sessions of a user.
    pub(crate) async fn session_hashes(&self, user_id: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let query = "SELECT token_hash FROM sessions WHERE user_id = $1";
        let hashes = self.query(query).bind(user_id);
        let hashes: Vec<(Vec<u8>,)> = hashes.fetch_all().await?;
        Ok(hashes.into_iter().map(|(hash,)| hash).collect())
    }

    /// The tournaments of a league.
    pub(crate) async fn tournaments_of_league(
        &self,
        league_id: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let query = "SELECT id FROM tournaments WHERE league_id = $1";
        let tournaments = self.query(query).bind(league_id);
        let tournaments: Vec<(i64,)> = tournaments.fetch_all().await?;
        Ok(tournaments.into_iter().map(|(id,)| id).collect())
    }
}
