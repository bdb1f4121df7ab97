//! A site of a test's own.

use std::path::PathBuf;

use dtx_backend::{Application, DatabaseUrl, Settings};
use serde_json::json;
use telemetry_core::Environment;
use tempfile::TempDir;

use crate::client::Client;
use crate::database::{self, Database};

/// A site whose database nobody else has.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) application: Application,
    settings: Settings,
    url: String,
    directory: TempDir,
}

impl Site {
    /// An empty site.
    pub(crate) async fn empty() -> Self {
        Self::with([("DTX_SAMPLE_DATA", "false")]).await
    }

    /// A site with the sample data.
    pub(crate) async fn with_sample_data() -> Self {
        Self::with([]).await
    }

    /// A site with these settings.
    pub(crate) async fn with<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment::from_iter(variables);
        let mut settings = Settings::from_environment(&environment).unwrap();
        let file = directory.path().join("dtx.sqlite");
        let url = database::url_for(directory.path());
        let url = url.unwrap_or_else(|| format!("sqlite:{}", file.display()));
        settings.database_url = DatabaseUrl::parse(&url).unwrap();
        Self {
            application: Application::open(&settings).await.unwrap(),
            settings,
            url,
            directory,
        }
    }

    /// The same site after a restart.
    pub(crate) async fn restarted(self) -> Self {
        self.application.close().await;
        Self {
            application: Application::open(&self.settings).await.unwrap(),
            ..self
        }
    }

    /// The same site once more, as another process has it.
    pub(crate) async fn another_process(&self) -> Application {
        Application::open(&self.settings).await.unwrap()
    }

    /// Somebody who is not logged in.
    pub(crate) fn nobody(&self) -> Client {
        Client::new(self.application.router())
    }

    /// A new user, logged in.
    pub(crate) async fn user(&self, username: &str) -> Client {
        self.nobody().sign_up(username).await
    }

    /// A user of the sample data, logged in.
    pub(crate) async fn sample_user(&self, username: &str) -> Client {
        let mut client = self.nobody();
        client.log_in(username, "first-pick-roshan").await;
        client
    }

    /// The database, by the back door.
    pub(crate) async fn database(&self) -> Database {
        Database::open(&self.url).await
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.directory.path().join("dtx.sqlite")
    }
}

/// One of each resource, all of one owner.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) owner: Client,
    pub(crate) organization: i64,
    pub(crate) league: i64,
    pub(crate) tournament: i64,
    pub(crate) teams: [i64; 2],
    pub(crate) draft: i64,
    /// Finished.
    pub(crate) game: i64,
    pub(crate) match_: i64,
}

impl World {
    /// Creates it in a site.
    pub(crate) async fn create(site: &Site) -> Self {
        let owner = site.user("owner").await;
        let organization = json!({"name": "Ancients"});
        let organization = owner.create("/api/organizations/", organization).await;
        let league = json!({"organization_id": organization, "name": "Radiant League"});
        let league = owner.create("/api/leagues/", league).await;
        let tournament = json!({"league_id": league, "name": "Spring"});
        let tournament = owner.create("/api/tournaments/", tournament).await;
        let mut teams = [0; 2];
        for (team, name) in teams.iter_mut().zip(["Axes", "Bows"]) {
            let body = json!({"league_id": league, "name": name});
            *team = owner.create("/api/teams/", body).await;
        }
        let opponents = json!({
            "tournament_id": tournament,
            "first_team_id": teams[0],
            "second_team_id": teams[1],
        });
        let draft = owner.create("/api/drafts/", opponents.clone()).await;
        let game = owner.create("/api/games/", opponents).await;
        for state in ["running", "finished"] {
            let game = format!("/api/games/{game}/");
            let answer = owner.patch(&game, json!({"state": state})).await;
            answer.assert_status(200);
        }
        let result = json!({
            "game_id": game,
            "winner_id": teams[0],
            "first_score": 30,
            "second_score": 20,
        });
        Self {
            match_: owner.create("/api/matches/", result).await,
            owner,
            organization,
            league,
            tournament,
            teams,
            draft,
            game,
        }
    }

    /// The paths of all of its records, those that nothing refers to first.
    pub(crate) fn paths(&self) -> [String; 8] {
        [
            format!("/api/matches/{}/", self.match_),
            format!("/api/games/{}/", self.game),
            format!("/api/drafts/{}/", self.draft),
            format!("/api/teams/{}/", self.teams[0]),
            format!("/api/teams/{}/", self.teams[1]),
            format!("/api/tournaments/{}/", self.tournament),
            format!("/api/leagues/{}/", self.league),
            format!("/api/organizations/{}/", self.organization),
        ]
    }
}
