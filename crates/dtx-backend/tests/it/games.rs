//! The states of games, who plays them, and their results.

use serde_json::{Value, json};

use crate::site::{Site, World};

async fn new_game(world: &World) -> String {
    let new = json!({
        "tournament_id": world.tournament,
        "first_team_id": world.teams[0],
        "second_team_id": world.teams[1],
    });
    let id = world.owner.create("/api/games/", new).await;
    format!("/api/games/{id}/")
}

#[tokio::test]
async fn a_game_goes_from_scheduled_to_running_to_finished() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let path = new_game(&world).await;
    let game = world.owner.get(&path).await.body;
    assert_eq!(game["state"], "scheduled");
    assert_eq!(
        [&game["started_at"], &game["finished_at"]],
        [&Value::Null; 2]
    );

    let game = world
        .owner
        .patch(&path, json!({"state": "running"}))
        .await
        .body;
    assert_eq!(game["state"], "running");
    assert!(game["started_at"].is_string() && game["finished_at"].is_null());

    let finished = world
        .owner
        .patch(&path, json!({"state": "finished"}))
        .await
        .body;
    assert_eq!(finished["state"], "finished");
    assert_eq!(finished["started_at"], game["started_at"]);
    assert!(finished["finished_at"].is_string());
}

#[tokio::test]
async fn no_other_way_is_allowed() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let path = new_game(&world).await;
    for (state, refused) in [
        ("scheduled", &["finished"][..]),
        ("running", &["scheduled"]),
        ("finished", &["scheduled", "running"]),
    ] {
        let before = world.owner.patch(&path, json!({"state": state})).await;
        assert_eq!(before.assert_status(200).body["state"], state);
        for next in refused {
            let answer = world.owner.patch(&path, json!({"state": next})).await;
            answer.assert_error(409, "conflict");
        }
        let same = world.owner.patch(&path, json!({"state": state})).await;
        assert_eq!(same.assert_status(200).body, before.body);
    }
    let answer = world.owner.patch(&path, json!({"state": "paused"})).await;
    answer.assert_error(422, "invalid");
}

#[tokio::test]
async fn two_different_teams_of_the_league_play() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let owner = &world.owner;
    let other = json!({"organization_id": world.organization, "name": "Dire League"});
    let other = owner.create("/api/leagues/", other).await;
    let strangers = json!({"league_id": other, "name": "Strangers"});
    let strangers = owner.create("/api/teams/", strangers).await;
    let [axes, bows] = world.teams;
    let foreign = "there is no such team in the league";
    for collection in ["/api/games/", "/api/drafts/"] {
        for (first, second, field, problem) in [
            (axes, strangers, "second_team_id", foreign),
            (strangers, bows, "first_team_id", foreign),
            (axes, 99, "second_team_id", foreign),
            (0, bows, "first_team_id", foreign),
            (
                axes,
                axes,
                "second_team_id",
                "must be another team than the first",
            ),
        ] {
            let new = json!({
                "tournament_id": world.tournament,
                "first_team_id": first,
                "second_team_id": second,
            });
            let answer = owner.post(collection, new).await;
            answer.assert_invalid(field, problem);
        }
    }
}

#[tokio::test]
async fn rounds_count_from_one() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let path = new_game(&world).await;
    for round in [0, -1, 1_001] {
        let answer = world.owner.patch(&path, json!({"round": round})).await;
        answer.assert_invalid("round", "must be from 1 to 1000");
    }
}

#[tokio::test]
async fn a_match_needs_a_game_that_is_finished_and_has_none() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let path = new_game(&world).await;
    let id = world.owner.get(&path).await.body["id"].clone();
    let result = json!({"game_id": id, "winner_id": world.teams[1]});
    for state in ["scheduled", "running", "finished"] {
        let answer = world.owner.patch(&path, json!({"state": state})).await;
        answer.assert_status(200);
        if state != "finished" {
            let answer = world.owner.post("/api/matches/", result.clone()).await;
            answer.assert_error(409, "conflict");
        }
    }
    world.owner.create("/api/matches/", result.clone()).await;
    let answer = world.owner.post("/api/matches/", result).await;
    answer.assert_error(409, "conflict");
}

#[tokio::test]
async fn the_winner_is_one_of_the_two_and_scores_are_not_negative() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let third = json!({"league_id": world.league, "name": "Third"});
    let third = world.owner.create("/api/teams/", third).await;
    let path = format!("/api/matches/{}/", world.match_);
    let range = "must be from 0 to 1000000";
    let winner = "must be one of the two teams, or null after a draw";
    for (change, field, problem) in [
        (json!({"winner_id": third}), "winner_id", winner),
        (json!({"winner_id": 0}), "winner_id", winner),
        (json!({"first_score": -1}), "first_score", range),
        (json!({"second_score": i64::MAX}), "second_score", range),
    ] {
        let answer = world.owner.patch(&path, change.clone()).await;
        answer.assert_invalid(field, problem);
    }
    let new = json!({"game_id": world.game, "winner_id": third, "first_score": -1});
    let answer = world.owner.post("/api/matches/", new).await;
    answer.assert_error(422, "invalid");
    let fields = answer.body["error"]["fields"].as_object().unwrap();
    assert_eq!(
        fields.keys().collect::<Vec<_>>(),
        ["first_score", "winner_id"]
    );
}

#[tokio::test]
async fn the_database_itself_keeps_results_sound() {
    let site = Site::with_sample_data().await;
    let database = site.database().await;
    for change in [
        "UPDATE matches SET winner_id = 8 WHERE id = 1",
        "UPDATE matches SET first_score = -1",
        "UPDATE games SET second_team_id = 8 WHERE id = 6",
        "UPDATE games SET second_team_id = first_team_id",
        "UPDATE games SET state = 'finished' WHERE id = 7",
        "UPDATE games SET state = 'paused' WHERE id = 7",
        "UPDATE drafts SET first_team_id = 8 WHERE id = 1",
        "DELETE FROM teams WHERE id = 1",
    ] {
        let result = database.execute(change).await;
        assert!(result.is_err(), "{change}");
    }
}
