//! What a new site shows.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn every_read_of_a_new_site_shows_something() {
    let site = Site::with_sample_data().await;
    for path in [
        "/api/organizations/1/",
        "/api/leagues/1/",
        "/api/tournaments/1/",
        "/api/teams/1/",
        "/api/users/1/",
        "/api/drafts/1/",
        "/api/games/1/",
        "/api/matches/1/",
        "/api/tournaments/1/draft/1/",
    ] {
        let answer = site.nobody().get(path).await;
        assert_eq!(answer.assert_status(200).body["id"], 1, "{path}");
    }
    for state in ["scheduled", "running", "finished"] {
        let answer = site
            .nobody()
            .get(&format!("/api/games/?state={state}"))
            .await;
        assert_ne!(answer.assert_status(200).body["count"], 0, "{state}");
    }
    for (path, list) in [
        ("/api/leagues/1/standings/", "standings"),
        ("/api/tournaments/1/standings/", "standings"),
        ("/api/tournaments/1/bracket/", "rounds"),
        ("/api/tournaments/1/games/", "results"),
    ] {
        let answer = site.nobody().get(path).await;
        let list = answer.assert_status(200).body[list].as_array().unwrap();
        assert!(!list.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn the_demo_login_owns_an_organization() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let new = json!({"league_id": 1, "name": "Autumn Draft"});
    captain.create("/api/tournaments/", new).await;
}

#[tokio::test]
async fn it_is_added_to_an_empty_database_alone() {
    let site = Site::with_sample_data().await.restarted().await;
    let answer = site.nobody().get("/api/users/").await;
    assert_eq!(answer.assert_status(200).body["count"], 8);
}

#[tokio::test]
async fn it_is_left_out_when_the_settings_say_so() {
    let site = Site::empty().await;
    for resource in ["users", "organizations", "games"] {
        let answer = site.nobody().get(&format!("/api/{resource}/")).await;
        assert_eq!(answer.assert_status(200).body["count"], 0, "{resource}");
    }
}
