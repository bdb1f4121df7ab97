//! Who may change what.

use axum::http::Method;
use serde_json::json;

use crate::site::{Site, World};

#[tokio::test]
async fn a_stranger_may_change_nothing() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let stranger = site.user("stranger").await;
    for path in world.paths().iter().chain(&["/api/users/1/".to_owned()]) {
        for (method, body) in [(Method::PATCH, Some(json!({}))), (Method::DELETE, None)] {
            let before = world.owner.get(path).await.body;
            let answer = stranger.send(method, path, body).await;
            answer.assert_error(403, "forbidden");
            assert_eq!(world.owner.get(path).await.body, before);
        }
    }
}

#[tokio::test]
async fn a_stranger_may_add_nothing_beneath_what_others_own() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let stranger = site.user("stranger").await;
    let [first, second] = world.teams;
    let opponents = json!({
        "tournament_id": world.tournament,
        "first_team_id": first,
        "second_team_id": second,
    });
    for (collection, body) in [
        (
            "/api/leagues/",
            json!({"organization_id": world.organization, "name": "x"}),
        ),
        (
            "/api/tournaments/",
            json!({"league_id": world.league, "name": "x"}),
        ),
        ("/api/drafts/", opponents.clone()),
        ("/api/games/", opponents),
        ("/api/matches/", json!({"game_id": world.game})),
    ] {
        let answer = stranger.post(collection, body).await;
        answer.assert_error(403, "forbidden");
    }
}

#[tokio::test]
async fn anybody_enters_a_team_into_a_league_and_is_its_captain() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let captain = site.user("captain").await;
    let me = captain.get("/api/users/me/").await.body["id"].clone();
    let new = json!({"league_id": world.league, "name": "Cleavers"});
    let answer = captain.post("/api/teams/", new).await;
    assert_eq!(answer.assert_status(201).body["captain_id"], me);
    let path = answer.header("location").unwrap();
    let answer = captain.patch(path, json!({"name": "Clovers"})).await;
    answer.assert_status(200);
    let answer = world.owner.patch(path, json!({"name": "Cloves"})).await;
    answer.assert_error(403, "forbidden");
}

#[tokio::test]
async fn what_is_handed_to_another_is_theirs() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let heir = site.user("heir").await;
    let me = heir.get("/api/users/me/").await.body["id"].clone();
    let team = format!("/api/teams/{}/", world.teams[0]);
    let answer = world.owner.patch(&team, json!({"captain_id": 99})).await;
    answer.assert_invalid("captain_id", "there is no such user");
    let answer = world.owner.patch(&team, json!({"captain_id": me})).await;
    answer.assert_status(200);
    heir.patch(&team, json!({"name": "x"}))
        .await
        .assert_status(200);

    let organization = format!("/api/organizations/{}/", world.organization);
    let answer = world
        .owner
        .patch(&organization, json!({"owner_id": 99}))
        .await;
    answer.assert_invalid("owner_id", "there is no such user");
    let answer = world
        .owner
        .patch(&organization, json!({"owner_id": me}))
        .await;
    answer.assert_status(200);
    let game = format!("/api/games/{}/", world.game);
    heir.patch(&game, json!({"round": 2}))
        .await
        .assert_status(200);
    let answer = world.owner.patch(&game, json!({"round": 3})).await;
    answer.assert_error(403, "forbidden");
}

#[tokio::test]
async fn the_staff_may_change_everything() {
    let site = Site::with_sample_data().await;
    let staff = site.sample_user("organizer").await;
    for resource in [
        "organizations",
        "leagues",
        "tournaments",
        "teams",
        "users",
        "drafts",
        "games",
        "matches",
    ] {
        let path = format!("/api/{resource}/1/");
        staff.patch(&path, json!({})).await.assert_status(200);
    }
    let new = json!({"league_id": 3, "name": "By the staff"});
    staff.create("/api/tournaments/", new).await;
    staff.delete("/api/matches/1/").await.assert_status(204);
}
