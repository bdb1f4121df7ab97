//! Taking part in games, and which are next.

use serde_json::json;
use telemetry_core::testing::capture_logs;

use crate::site::Site;

#[tokio::test]
async fn joining_a_game_twice_is_as_joining_it_once() {
    let site = Site::with_sample_data().await;
    let mira = site.sample_user("mira").await;
    let logs = capture_logs();
    let first = mira.post("/api/games/7/join/", json!({})).await;
    let again = mira.post("/api/games/7/join/", json!({})).await;
    assert_eq!(first.assert_status(201).body, again.assert_status(200).body);
    let line = logs.single("game_joined");
    assert_eq!(line["game.id"], 7);
    assert_eq!(line["user.id"], 3);

    let juno = site.sample_user("juno").await;
    let answer = juno.post("/api/games/7/join/", json!({})).await;
    answer.assert_status(201);
    let players = site.nobody().get("/api/games/7/players/").await;
    assert_eq!(players.assert_status(200).body, answer.body);
    assert_eq!(players.body["game_id"], 7);
    let names = players.body["players"].as_array().unwrap();
    let names: Vec<_> = names.iter().map(|player| &player["username"]).collect();
    assert_eq!(names, ["mira", "juno"]);
}

#[tokio::test]
async fn a_finished_game_takes_nobody_and_keeps_who_is_in_it() {
    let site = Site::with_sample_data().await;
    let mira = site.sample_user("mira").await;
    let answer = mira.post("/api/games/1/join/", json!({})).await;
    answer.assert_error(409, "conflict");
    // A running one does.
    let join = mira.post("/api/games/6/join/", json!({})).await;
    join.assert_status(201);
    let captain = site.sample_user("captain").await;
    let finish = json!({"state": "finished"});
    captain
        .patch("/api/games/6/", finish)
        .await
        .assert_status(200);
    let again = mira.post("/api/games/6/join/", json!({})).await;
    assert_eq!(again.assert_status(200).body, join.body);
    let answer = captain.post("/api/games/6/join/", json!({})).await;
    answer.assert_error(409, "conflict");
}

#[tokio::test]
async fn joining_needs_a_session_and_a_game() {
    let site = Site::with_sample_data().await;
    let answer = site.nobody().post("/api/games/7/join/", json!({})).await;
    answer.assert_error(401, "unauthenticated");
    let mira = site.sample_user("mira").await;
    let answer = mira.post("/api/games/99/join/", json!({})).await;
    answer.assert_error(404, "not_found");
    let answer = mira.get("/api/games/99/players/").await;
    answer.assert_error(404, "not_found");
}

#[tokio::test]
async fn players_go_with_their_game_and_with_themselves() {
    let site = Site::with_sample_data().await;
    let guest = site.user("guest").await;
    for game in [7, 8] {
        let path = format!("/api/games/{game}/join/");
        guest.post(&path, json!({})).await.assert_status(201);
    }
    let staff = site.sample_user("organizer").await;
    staff.delete("/api/games/8/").await.assert_status(204);
    guest.delete("/api/users/9/").await.assert_status(204);
    let players = staff.get("/api/games/7/players/").await;
    assert_eq!(players.body["players"], json!([]));
}

#[tokio::test]
async fn the_upcoming_games_are_those_that_are_scheduled_in_the_order_of_their_times() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let soon = json!({
        "tournament_id": 2,
        "first_team_id": 3,
        "second_team_id": 4,
        "scheduled_at": "2020-01-01T00:00:00Z",
    });
    captain.create("/api/games/", soon).await;
    let answer = site.nobody().get("/api/games/upcoming/").await;
    let games = answer.assert_status(200).body["games"].as_array().unwrap();
    let ids: Vec<_> = games.iter().map(|game| &game["game_id"]).collect();
    assert_eq!(ids, [12, 7, 8]);
    assert_eq!(games[1]["tournament"], "Summer Draft");
    assert_eq!(games[1]["first_team"], "Roshan Raiders");
    assert_eq!(games[1]["second_team"], "Midlane Monks");
}
