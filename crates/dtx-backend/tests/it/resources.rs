//! Creating, reading, changing and deleting.

use serde_json::{Value, json};

use crate::client::Client;
use crate::site::{Site, World};

/// Creates a record, reads, finds, changes and deletes it.
async fn live_and_die(client: &Client, collection: &str, new: Value, change: Value) {
    let answer = client.post(collection, new.clone()).await;
    let created = &answer.assert_status(201).body;
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("{collection}{}/", created["id"]));
    assert_contains(created, &new);
    assert_eq!(client.get(location).await.assert_status(200).body, *created);

    let listed = client.get(&format!("{collection}?page_size=100")).await;
    let results = listed.assert_status(200).body["results"].as_array();
    assert!(results.unwrap().contains(created), "{listed:?}");

    let answer = client.patch(location, change.clone()).await;
    let changed = &answer.assert_status(200).body;
    assert_contains(changed, &change);
    for (field, value) in created.as_object().unwrap() {
        if change.get(field).is_none() {
            assert_eq!(changed[field], *value, "{field}");
        }
    }
    let unchanged = client.patch(location, json!({})).await;
    assert_eq!(unchanged.assert_status(200).body, *changed);
    assert_eq!(client.get(location).await.body, *changed);

    client.delete(location).await.assert_status(204);
    client.get(location).await.assert_error(404, "not_found");
    let change = client.patch(location, change).await;
    change.assert_error(404, "not_found");
    client.delete(location).await.assert_error(404, "not_found");
}

#[track_caller]
fn assert_contains(record: &Value, fields: &Value) {
    for (field, value) in fields.as_object().unwrap() {
        assert_eq!(record[field], *value, "{field} of {record}");
    }
}

#[tokio::test]
async fn an_organization_lives_and_dies() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    let new = json!({"name": "Ancients"});
    let change = json!({"name": "Élder Ancients 🛡"});
    live_and_die(&user, "/api/organizations/", new, change).await;
}

#[tokio::test]
async fn a_league_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let new = json!({"organization_id": world.organization, "name": "Dire League"});
    let change = json!({"name": "Direst League"});
    live_and_die(&world.owner, "/api/leagues/", new, change).await;
}

#[tokio::test]
async fn a_tournament_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let new = json!({
        "league_id": world.league,
        "name": "Summer",
        "starts_at": "2026-07-01T18:00:00Z",
    });
    let change = json!({"starts_at": "2026-07-02T18:00:00Z"});
    live_and_die(&world.owner, "/api/tournaments/", new, change).await;
}

#[tokio::test]
async fn a_team_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let new = json!({"league_id": world.league, "name": "Cleavers"});
    let change = json!({"name": "Clovers"});
    live_and_die(&world.owner, "/api/teams/", new, change).await;
}

#[tokio::test]
async fn a_draft_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let new = json!({
        "tournament_id": world.tournament,
        "first_team_id": world.teams[1],
        "second_team_id": world.teams[0],
        "starts_at": "2026-07-01T18:00:00Z",
    });
    let change = json!({"starts_at": "2026-07-01T19:00:00Z"});
    live_and_die(&world.owner, "/api/drafts/", new, change).await;
}

#[tokio::test]
async fn a_game_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let new = json!({
        "tournament_id": world.tournament,
        "round": 2,
        "first_team_id": world.teams[1],
        "second_team_id": world.teams[0],
        "scheduled_at": "2026-07-01T18:00:00Z",
    });
    let change = json!({"round": 3, "scheduled_at": "2026-07-01T19:00:00Z"});
    live_and_die(&world.owner, "/api/games/", new, change).await;
}

#[tokio::test]
async fn a_match_lives_and_dies() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let owner = &world.owner;
    let match_ = format!("/api/matches/{}/", world.match_);
    owner.delete(&match_).await.assert_status(204);
    let new = json!({
        "game_id": world.game,
        "winner_id": world.teams[1],
        "first_score": 1,
        "second_score": 2,
    });
    let change = json!({"winner_id": null, "first_score": 2});
    live_and_die(owner, "/api/matches/", new, change).await;
}

#[tokio::test]
async fn a_draft_names_its_two_captains() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let captain = world.owner.get("/api/users/me/").await.body["id"].clone();
    let draft = world
        .owner
        .get(&format!("/api/drafts/{}/", world.draft))
        .await;
    assert_eq!(draft.body["first_captain_id"], captain);
    assert_eq!(draft.body["second_captain_id"], captain);
}

#[tokio::test]
async fn a_time_that_is_left_out_is_now_and_any_offset_is_understood() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let before = world
        .owner
        .get(&format!("/api/tournaments/{}/", world.tournament))
        .await;
    assert_eq!(before.body["starts_at"], before.body["created_at"]);
    let new = json!({
        "league_id": world.league,
        "name": "Summer",
        "starts_at": "2026-07-01T20:00:00.25+02:00",
    });
    let answer = world.owner.post("/api/tournaments/", new).await;
    assert_eq!(
        answer.assert_status(201).body["starts_at"],
        "2026-07-01T18:00:00Z"
    );
}

#[tokio::test]
async fn what_others_refer_to_cannot_be_deleted() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    for path in world.paths().iter().rev() {
        if !path.contains("/matches/") && !path.contains("/drafts/") {
            let answer = world.owner.delete(path).await;
            answer.assert_error(409, "conflict");
        }
    }
    for path in world.paths() {
        world.owner.delete(&path).await.assert_status(204);
    }
}

#[tokio::test]
async fn names_are_taken_once_within_their_parent() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let owner = &world.owner;
    let other = json!({"organization_id": world.organization, "name": "Dire League"});
    let other = owner.create("/api/leagues/", other).await;
    for (collection, body) in [
        ("/api/organizations/", json!({"name": "Ancients"})),
        (
            "/api/leagues/",
            json!({"organization_id": world.organization, "name": "Radiant League"}),
        ),
        (
            "/api/tournaments/",
            json!({"league_id": world.league, "name": "Spring"}),
        ),
        (
            "/api/teams/",
            json!({"league_id": world.league, "name": "Axes"}),
        ),
    ] {
        let answer = owner.post(collection, body).await;
        answer.assert_error(409, "conflict");
    }
    let axes = json!({"league_id": other, "name": "Axes"});
    owner.create("/api/teams/", axes).await;
    let bows = format!("/api/teams/{}/", world.teams[1]);
    let answer = owner.patch(&bows, json!({"name": "Axes"})).await;
    answer.assert_error(409, "conflict");
}

#[tokio::test]
async fn the_parent_of_a_new_record_must_be_there() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    for (collection, field, body) in [
        (
            "/api/leagues/",
            "organization_id",
            json!({"organization_id": 99, "name": "x"}),
        ),
        (
            "/api/tournaments/",
            "league_id",
            json!({"league_id": 99, "name": "x"}),
        ),
        (
            "/api/teams/",
            "league_id",
            json!({"league_id": 99, "name": "x"}),
        ),
        (
            "/api/drafts/",
            "tournament_id",
            json!({"tournament_id": 99}),
        ),
        ("/api/games/", "tournament_id", json!({"tournament_id": 99})),
        ("/api/matches/", "game_id", json!({"game_id": 99})),
    ] {
        let answer = world.owner.post(collection, body).await;
        let parent = field.trim_end_matches("_id");
        answer.assert_invalid(field, &format!("there is no such {parent}"));
    }
}

#[tokio::test]
async fn an_id_that_is_deleted_is_not_given_again() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    let first = user
        .create("/api/organizations/", json!({"name": "a"}))
        .await;
    let path = format!("/api/organizations/{first}/");
    user.delete(&path).await.assert_status(204);
    let second = user
        .create("/api/organizations/", json!({"name": "a"}))
        .await;
    assert_ne!(first, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_changes_at_once_none_is_lost() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let user = user.clone();
            telemetry_core::spawn(async move {
                let new = json!({"name": number.to_string()});
                user.create("/api/organizations/", new).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let answer = user.get("/api/organizations/").await;
    assert_eq!(answer.body["count"], 100);
}
