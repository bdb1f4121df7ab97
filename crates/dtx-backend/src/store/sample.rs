//! Sample data, so that a new site has something to show.

use time::Duration;

use crate::store::GameState::{self, Finished, Running, Scheduled};
use crate::store::query::Query;
use crate::store::{Store, StoreError, Transaction, User};
use crate::timestamp::Timestamp;

const USERS: [&str; 8] = [
    "captain",
    "organizer",
    "mira",
    "juno",
    "pavel",
    "sven",
    "lina",
    "rhasta",
];
/// The one of them who is of the staff.
const STAFF: usize = 1;

/// Names and owners.
const ORGANIZATIONS: [(&str, usize); 2] = [("DTX Community", 0), ("Northern Lights Gaming", 2)];

/// Names and organizations.
const LEAGUES: [(&str, usize); 3] = [
    ("Captains League", 0),
    ("Weekend Cups", 0),
    ("Aurora League", 1),
];

/// Names, leagues, and in how many days they start.
const TOURNAMENTS: [(&str, usize, i64); 4] = [
    ("Spring Draft", 0, -90),
    ("Summer Draft", 0, -1),
    ("Weekend Cup 7", 1, 5),
    ("Aurora Open", 2, -14),
];

/// Names, leagues and captains.
const TEAMS: [(&str, usize, usize); 8] = [
    ("Roshan Raiders", 0, 0),
    ("Midlane Monks", 0, 2),
    ("Creep Wave", 0, 3),
    ("Ward Wardens", 0, 4),
    ("Saturday Stacks", 1, 5),
    ("Sunday Smokes", 1, 6),
    ("Polar Pudges", 2, 2),
    ("Frost Furions", 2, 7),
];

/// Tournaments, their two teams, and in how many days.
const DRAFTS: [(usize, usize, usize, i64); 4] =
    [(0, 0, 1, -91), (1, 2, 3, -2), (2, 4, 5, 4), (3, 6, 7, -15)];

/// Tournaments, rounds, their two teams, in how many days, states and results.
const GAMES: [SampleGame; 11] = [
    (0, 1, (0, 1), -90, Finished, Some((Some(0), 38, 21))),
    (0, 1, (2, 3), -90, Finished, Some((Some(3), 30, 27))),
    (0, 2, (0, 3), -89, Finished, Some((Some(3), 24, 25))),
    (0, 2, (1, 2), -89, Finished, Some((None, 19, 19))),
    (1, 1, (0, 2), -1, Finished, Some((Some(0), 41, 12))),
    (1, 1, (1, 3), 0, Running, None),
    (1, 2, (0, 1), 2, Scheduled, None),
    (2, 1, (4, 5), 5, Scheduled, None),
    (3, 1, (6, 7), -14, Finished, Some((Some(7), 15, 33))),
    (3, 2, (7, 6), -13, Finished, Some((Some(7), 29, 28))),
    (3, 3, (6, 7), -12, Finished, None),
];

type SampleGame = (
    usize,
    i64,
    (usize, usize),
    i64,
    GameState,
    Option<SampleResult>,
);

/// The winner, if it is no draw, and both scores.
type SampleResult = (Option<usize>, i64, i64);

const HAS_USERS: &str = "SELECT EXISTS (SELECT 1 FROM users)";

impl Store {
    /// Says whether there is any user yet.
    pub(crate) async fn has_users(&self) -> Result<bool, StoreError> {
        let (has_users,) = self.query(HAS_USERS).fetch_one().await?;
        Ok(has_users)
    }

    /// Fills the database with sample data unless it has users already. All users of the
    /// sample have the one password. Says whether it did.
    pub(crate) async fn add_sample_data(&self, password_hash: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // Of two processes that start at once, the second sees what the first has written.
        transaction.lock_all::<User>().await?;
        let (has_users,) = transaction.query(HAS_USERS).fetch_one().await?;
        if has_users {
            return Ok(false);
        }
        let mut sample = Sample {
            transaction,
            now: Timestamp::now(),
        };
        sample.add_everything(password_hash).await?;
        sample.transaction.commit().await?;
        Ok(true)
    }
}

struct Sample {
    transaction: Transaction,
    now: Timestamp,
}

impl Sample {
    async fn add_everything(&mut self, password_hash: &str) -> Result<(), sqlx::Error> {
        let users = self.add_users(password_hash).await?;
        let mut organizations = Vec::new();
        for (name, owner) in ORGANIZATIONS {
            let query = "INSERT INTO organizations (name, owner_id, created_at) \
                         VALUES ($1, $2, $3) RETURNING id";
            let query = self.transaction.query(query).bind(name).bind(users[owner]);
            organizations.push(inserted(query.bind(self.now)).await?);
        }
        let mut leagues = Vec::new();
        for (name, organization) in LEAGUES {
            let query = "INSERT INTO leagues (name, organization_id, created_at) \
                         VALUES ($1, $2, $3) RETURNING id";
            let query = self
                .transaction
                .query(query)
                .bind(name)
                .bind(organizations[organization]);
            leagues.push(inserted(query.bind(self.now)).await?);
        }
        let mut teams = Vec::new();
        for (name, league, captain) in TEAMS {
            let query = "INSERT INTO teams (name, league_id, captain_id, created_at) \
                         VALUES ($1, $2, $3, $4) RETURNING id";
            let query = self
                .transaction
                .query(query)
                .bind(name)
                .bind(leagues[league]);
            teams.push(inserted(query.bind(users[captain]).bind(self.now)).await?);
        }
        let tournaments = self.add_tournaments(&leagues).await?;
        self.add_drafts(&tournaments, &teams).await?;
        for game in GAMES {
            self.add_game(game, &tournaments, &teams).await?;
        }
        Ok(())
    }

    async fn add_users(&mut self, password_hash: &str) -> Result<Vec<i64>, sqlx::Error> {
        let mut users = Vec::new();
        for (at, name) in USERS.into_iter().enumerate() {
            let query = "INSERT INTO users (username, password_hash, is_staff, created_at) \
                         VALUES ($1, $2, $3, $4) RETURNING id";
            let query = self
                .transaction
                .query(query)
                .bind(name)
                .bind(password_hash)
                .bind(at == STAFF)
                .bind(self.now);
            users.push(inserted(query).await?);
        }
        Ok(users)
    }

    async fn add_tournaments(&mut self, leagues: &[i64]) -> Result<Vec<i64>, sqlx::Error> {
        let mut tournaments = Vec::new();
        for (name, league, in_days) in TOURNAMENTS {
            let starts_at = self.day(in_days);
            let query = "INSERT INTO tournaments (name, league_id, starts_at, created_at) \
                         VALUES ($1, $2, $3, $4) RETURNING id";
            let query = self
                .transaction
                .query(query)
                .bind(name)
                .bind(leagues[league])
                .bind(starts_at)
                .bind(self.now);
            tournaments.push(inserted(query).await?);
        }
        Ok(tournaments)
    }

    async fn add_drafts(&mut self, tournaments: &[i64], teams: &[i64]) -> Result<(), sqlx::Error> {
        for (tournament, first, second, in_days) in DRAFTS {
            let starts_at = self.day(in_days);
            let query = "INSERT INTO drafts (tournament_id, league_id, first_team_id, \
                         second_team_id, starts_at, created_at) \
                         SELECT id, league_id, $2, $3, $4, $5 FROM tournaments WHERE id = $1 \
                         RETURNING id";
            let query = self
                .transaction
                .query(query)
                .bind(tournaments[tournament])
                .bind(teams[first])
                .bind(teams[second])
                .bind(starts_at)
                .bind(self.now);
            inserted(query).await?;
        }
        Ok(())
    }

    async fn add_game(
        &mut self,
        (tournament, round, (first, second), in_days, state, result): SampleGame,
        tournaments: &[i64],
        teams: &[i64],
    ) -> Result<(), sqlx::Error> {
        let scheduled_at = self.day(in_days);
        let has_started = state != Scheduled;
        let has_finished = state == Finished;
        let query = "INSERT INTO games (tournament_id, league_id, round, first_team_id, \
                     second_team_id, state, scheduled_at, started_at, finished_at, created_at) \
                     SELECT id, league_id, $2, $3, $4, $5, $6, $7, $8, $9 FROM tournaments \
                     WHERE id = $1 RETURNING id";
        let query = self
            .transaction
            .query(query)
            .bind(tournaments[tournament])
            .bind(round)
            .bind(teams[first])
            .bind(teams[second])
            .bind(state)
            .bind(scheduled_at)
            .bind(has_started.then_some(scheduled_at))
            .bind(has_finished.then(|| scheduled_at.plus(Duration::minutes(47))))
            .bind(self.now);
        let id = inserted(query).await?;
        let Some((winner, first_score, second_score)) = result else {
            return Ok(());
        };
        let query = "INSERT INTO matches (game_id, first_team_id, second_team_id, winner_id, \
                     first_score, second_score, created_at) \
                     SELECT id, first_team_id, second_team_id, $2, $3, $4, $5 FROM games \
                     WHERE id = $1 RETURNING id";
        let query = self
            .transaction
            .query(query)
            .bind(id)
            .bind(winner.map(|team| teams[team]))
            .bind(first_score)
            .bind(second_score)
            .bind(self.now);
        inserted(query).await?;
        Ok(())
    }

    fn day(&self, in_days: i64) -> Timestamp {
        self.now.plus(Duration::days(in_days))
    }
}

/// Runs an `INSERT … RETURNING id`; the id.
async fn inserted(query: Query<'_>) -> Result<i64, sqlx::Error> {
    let (id,) = query.fetch_one().await?;
    Ok(id)
}
