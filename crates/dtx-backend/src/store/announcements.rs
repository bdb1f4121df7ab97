//! Which events were announced.

use time::Duration;

use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// How long whoever takes an event has to announce it, until others do.
const CLAIM: Duration = Duration::seconds(20);

/// Whether an event is the caller's to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is.
    Granted,
    /// Somebody else is about to.
    Taken,
    /// It was announced.
    Announced,
}

impl Store {
    /// Takes an event, to announce it within 20 s.
    pub(crate) async fn claim_announcement(&self, event_id: &str) -> Result<Claim, StoreError> {
        let now = Timestamp::now();
        let query = "INSERT INTO announcements (event_id, claimed_until) VALUES ($1, $3) \
                     ON CONFLICT (event_id) DO UPDATE SET claimed_until = $3 \
                     WHERE announcements.announced_at IS NULL \
                     AND announcements.claimed_until <= $2";
        let query = self.query(query).bind(event_id);
        let query = query.bind(now).bind(now.plus(CLAIM));
        if query.execute().await? > 0 {
            return Ok(Claim::Granted);
        }
        let query = "SELECT announced_at FROM announcements WHERE event_id = $1";
        let found = self.query(query).bind(event_id).fetch_optional().await?;
        Ok(match found {
            Some((Option::<Timestamp>::None,)) | None => Claim::Taken,
            Some(_) => Claim::Announced,
        })
    }

    /// Notes that an event was announced.
    pub(crate) async fn announced(&self, event_id: &str) -> Result<(), StoreError> {
        let query = "UPDATE announcements SET announced_at = $2 WHERE event_id = $1";
        let query = self.query(query).bind(event_id).bind(Timestamp::now());
        query.execute().await?;
        Ok(())
    }

    /// Leaves an event that could not be announced to whoever tries next.
    pub(crate) async fn release_announcement(&self, event_id: &str) -> Result<(), StoreError> {
        let query = "DELETE FROM announcements WHERE event_id = $1 AND announced_at IS NULL";
        self.query(query).bind(event_id).execute().await?;
        Ok(())
    }
}
