//! Tables and brackets, computed from results.

use serde_json::{Value, json};

use crate::client::Client;
use crate::site::Site;

/// A league of teams with a tournament or more.
struct League {
    owner: Client,
    id: i64,
    teams: Vec<i64>,
}

impl League {
    async fn create(site: &Site, teams: &[&str]) -> Self {
        let owner = site.user("owner").await;
        let organization = owner
            .create("/api/organizations/", json!({"name": "o"}))
            .await;
        let league = json!({"organization_id": organization, "name": "l"});
        let id = owner.create("/api/leagues/", league).await;
        let mut ids = Vec::new();
        for name in teams {
            let team = json!({"league_id": id, "name": name});
            ids.push(owner.create("/api/teams/", team).await);
        }
        Self {
            owner,
            id,
            teams: ids,
        }
    }

    async fn tournament(&self, name: &str) -> i64 {
        let new = json!({"league_id": self.id, "name": name});
        self.owner.create("/api/tournaments/", new).await
    }

    async fn game(&self, tournament: i64, first: usize, second: usize) -> i64 {
        let game = json!({
            "tournament_id": tournament,
            "first_team_id": self.teams[first],
            "second_team_id": self.teams[second],
        });
        self.owner.create("/api/games/", game).await
    }

    async fn play(
        &self,
        tournament: i64,
        (first, second): (usize, usize),
        (first_score, second_score): (i64, i64),
        winner: Option<usize>,
    ) {
        let game = self.game(tournament, first, second).await;
        for state in ["running", "finished"] {
            let path = format!("/api/games/{game}/");
            self.owner
                .patch(&path, json!({"state": state}))
                .await
                .assert_status(200);
        }
        let result = json!({
            "game_id": game,
            "winner_id": winner.map(|winner| self.teams[winner]),
            "first_score": first_score,
            "second_score": second_score,
        });
        self.owner.create("/api/matches/", result).await;
    }

    async fn table(&self) -> Vec<String> {
        table(&self.owner, &format!("/api/leagues/{}/standings/", self.id)).await
    }
}

/// A table in short: team, played, won, drawn, lost, scored, conceded, points.
async fn table(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    let standings = answer.assert_status(200).body["standings"]
        .as_array()
        .unwrap();
    let line = |(at, line): (usize, &Value)| {
        assert_eq!(line["position"], at + 1, "{answer:?}");
        let numbers = [
            "played", "won", "drawn", "lost", "scored", "conceded", "points",
        ];
        let numbers: Vec<_> = numbers.iter().map(|key| line[key].to_string()).collect();
        format!("{} {}", line["team"].as_str().unwrap(), numbers.join(" "))
    };
    standings.iter().enumerate().map(line).collect()
}

#[tokio::test]
async fn a_win_gives_three_points_and_a_draw_one() {
    let site = Site::empty().await;
    let league = League::create(&site, &["Axes", "Bows", "Clubs", "Darts"]).await;
    let spring = league.tournament("Spring").await;
    league.play(spring, (0, 1), (30, 20), Some(0)).await;
    league.play(spring, (2, 0), (25, 25), None).await;
    league.play(spring, (1, 2), (10, 12), Some(1)).await;
    assert_eq!(
        league.table().await,
        [
            "Axes 2 1 1 0 55 45 4",
            "Bows 2 1 0 1 30 42 3",
            "Clubs 2 0 1 1 37 35 1",
            "Darts 0 0 0 0 0 0 0",
        ]
    );
}

#[tokio::test]
async fn equal_points_are_told_apart_by_difference_then_score_then_name() {
    let site = Site::empty().await;
    let league = League::create(&site, &["Zeds", "Eves", "Axes", "Bows", "Clubs", "Darts"]).await;
    let spring = league.tournament("Spring").await;
    // The same difference, and Axes scored more than Zeds.
    league.play(spring, (0, 5), (10, 5), Some(0)).await;
    league.play(spring, (2, 5), (20, 15), Some(2)).await;
    // A better difference.
    league.play(spring, (3, 5), (9, 0), Some(3)).await;
    assert_eq!(
        league.table().await,
        [
            "Bows 1 1 0 0 9 0 3",
            "Axes 1 1 0 0 20 15 3",
            "Zeds 1 1 0 0 10 5 3",
            "Clubs 0 0 0 0 0 0 0",
            "Eves 0 0 0 0 0 0 0",
            "Darts 3 0 0 3 20 39 0",
        ]
    );
}

#[tokio::test]
async fn the_league_counts_all_its_tournaments_and_a_tournament_its_own() {
    let site = Site::empty().await;
    let league = League::create(&site, &["Axes", "Bows", "Clubs"]).await;
    let spring = league.tournament("Spring").await;
    let summer = league.tournament("Summer").await;
    league.play(spring, (0, 1), (3, 1), Some(0)).await;
    league.play(summer, (0, 1), (2, 4), Some(1)).await;
    league.game(summer, 1, 2).await;
    assert_eq!(
        league.table().await,
        [
            "Axes 2 1 0 1 5 5 3",
            "Bows 2 1 0 1 5 5 3",
            "Clubs 0 0 0 0 0 0 0",
        ]
    );
    let of_spring = format!("/api/tournaments/{spring}/standings/");
    assert_eq!(
        table(&league.owner, &of_spring).await,
        ["Axes 1 1 0 0 3 1 3", "Bows 1 0 0 1 1 3 0"]
    );
    let of_summer = format!("/api/tournaments/{summer}/standings/");
    assert_eq!(
        table(&league.owner, &of_summer).await,
        [
            "Bows 1 1 0 0 4 2 3",
            "Clubs 0 0 0 0 0 0 0",
            "Axes 1 0 0 1 2 4 0",
        ]
    );
}

#[tokio::test]
async fn a_corrected_result_changes_the_table() {
    let site = Site::empty().await;
    let league = League::create(&site, &["Axes", "Bows"]).await;
    let spring = league.tournament("Spring").await;
    league.play(spring, (0, 1), (3, 1), Some(0)).await;
    let change = json!({"winner_id": null, "second_score": 3});
    league
        .owner
        .patch("/api/matches/1/", change)
        .await
        .assert_status(200);
    assert_eq!(
        league.table().await,
        ["Axes 1 0 1 0 3 3 1", "Bows 1 0 1 0 3 3 1"]
    );
    league
        .owner
        .delete("/api/matches/1/")
        .await
        .assert_status(204);
    assert_eq!(
        league.table().await,
        ["Axes 0 0 0 0 0 0 0", "Bows 0 0 0 0 0 0 0"]
    );
}

#[tokio::test]
async fn a_league_without_teams_and_a_tournament_without_games_are_empty() {
    let site = Site::empty().await;
    let league = League::create(&site, &[]).await;
    let spring = league.tournament("Spring").await;
    assert!(league.table().await.is_empty());
    let path = format!("/api/tournaments/{spring}/standings/");
    assert!(table(&league.owner, &path).await.is_empty());
    let bracket = league
        .owner
        .get(&format!("/api/tournaments/{spring}/bracket/"))
        .await;
    assert_eq!(bracket.body, json!({"tournament_id": spring, "rounds": []}));
}

#[tokio::test]
async fn a_bracket_holds_the_games_by_round_with_their_results() {
    let site = Site::with_sample_data().await;
    let answer = site.nobody().get("/api/tournaments/2/bracket/").await;
    let rounds = answer.assert_status(200).body["rounds"].as_array().unwrap();
    let shape: Vec<_> = rounds
        .iter()
        .map(|round| {
            (
                round["round"].as_i64(),
                round["games"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(shape, [(Some(1), 2), (Some(2), 1)]);
    let finished = &rounds[0]["games"][0];
    assert_eq!(finished["first_team"], "Roshan Raiders");
    assert_eq!(finished["winner_id"], finished["first_team_id"]);
    assert_eq!(finished["first_score"], 41);
    let running = &rounds[0]["games"][1];
    assert_eq!(running["state"], "running");
    assert!(running["winner_id"].is_null() && running["first_score"].is_null());
}
