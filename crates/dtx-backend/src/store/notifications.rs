//! Notices of games that are about to begin.

use sqlx::{AssertSqlSafe, FromRow};
use time::Duration;

use crate::events::Event;
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// How long a game that was due is still worth a notice.
const WORTH_A_NOTICE: Duration = Duration::days(1);
/// How long whoever takes a notification has to send it, until others do.
const CLAIM: Duration = Duration::minutes(1);

/// A notification that is due.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct DueNotification {
    pub(crate) id: i64,
    pub(crate) game_id: i64,
    /// When the game was to begin when it was planned.
    pub(crate) scheduled_at: Timestamp,
    /// How often it was tried, this time included.
    pub(crate) attempts: i64,
}

impl Store {
    /// Plans a notification for each game that begins until then and has none.
    pub(crate) async fn plan_notifications(&self, until: Timestamp) -> Result<u64, StoreError> {
        let now = Timestamp::now();
        let query = "INSERT INTO notifications (game_id, scheduled_at, next_attempt_at) \
                     SELECT id, scheduled_at, $3 FROM games \
                     WHERE scheduled_at <= $1 AND scheduled_at > $2 AND state <> 'finished' \
                     AND NOT EXISTS (SELECT 1 FROM notifications AS planned \
                     WHERE planned.game_id = games.id \
                     AND planned.scheduled_at = games.scheduled_at) \
                     ON CONFLICT (game_id, scheduled_at) DO NOTHING";
        let query = self.query(query).bind(until);
        let query = query.bind(now.plus(-WORTH_A_NOTICE)).bind(now);
        Ok(query.execute().await?)
    }

    /// Takes notifications that are due, those that have waited longest first. They are the
    /// caller's for a minute.
    pub(crate) async fn claim_notifications(
        &self,
        limit: i64,
    ) -> Result<Vec<DueNotification>, StoreError> {
        let now = Timestamp::now();
        let query = format!(
            "UPDATE notifications SET attempts = attempts + 1, next_attempt_at = $2 \
             WHERE id IN (SELECT id FROM notifications WHERE sent_at IS NULL \
             AND next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT $3{}) \
             RETURNING id, game_id, scheduled_at, attempts",
            self.database.skip_locked()
        );
        let query = self.query(AssertSqlSafe(query));
        let query = query.bind(now).bind(now.plus(CLAIM)).bind(limit);
        Ok(query.fetch_all().await?)
    }

    /// Marks a notification as sent, and has its event told; `false` when somebody else has.
    pub(crate) async fn send_notification(
        &self,
        id: i64,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let query = "UPDATE notifications SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL";
        let query = transaction.query(query).bind(id).bind(Timestamp::now());
        if query.execute().await? == 0 {
            return Ok(false);
        }
        transaction.store_event(event).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Has a notification that could not be sent tried again then.
    pub(crate) async fn postpone_notification(
        &self,
        id: i64,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let query = "UPDATE notifications SET next_attempt_at = $2 WHERE id = $1";
        self.query(query).bind(id).bind(until).execute().await?;
        Ok(())
    }

    /// Forgets a notification of a game that has ended, or was put off: it has another one then.
    pub(crate) async fn drop_notification(&self, id: i64) -> Result<(), StoreError> {
        let query = self.query("DELETE FROM notifications WHERE id = $1");
        query.bind(id).execute().await?;
        Ok(())
    }
}
