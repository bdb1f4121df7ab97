//! Paths with and without their trailing slash.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn every_path_answers_the_same_with_and_without_its_slash() {
    let site = Site::with([("DTX_DEBUG_ROUTES", "true")]).await;
    let captain = site.sample_user("captain").await;
    for path in [
        "/api/organizations",
        "/api/organizations/1",
        "/api/leagues",
        "/api/leagues/1",
        "/api/leagues/1/standings",
        "/api/tournaments",
        "/api/tournaments/1",
        "/api/tournaments/1/bracket",
        "/api/tournaments/1/games",
        "/api/tournaments/1/standings",
        "/api/tournaments/1/draft/1",
        "/api/teams",
        "/api/teams/1",
        "/api/users",
        "/api/users/1",
        "/api/users/me",
        "/api/drafts",
        "/api/drafts/1",
        "/api/games",
        "/api/games/1",
        "/api/matches",
        "/api/matches/1",
        "/healthz",
        "/readyz",
    ] {
        let without = captain.get(path).await;
        let with = captain.get(&format!("{path}/")).await;
        assert_eq!(
            without.assert_status(200).body,
            with.assert_status(200).body,
            "{path}"
        );
        assert_eq!(without.header("content-type"), Some("application/json"));
    }
    for path in ["/api/debug/error", "/api/debug/panic"] {
        captain.get(path).await.assert_status(500);
        captain.get(&format!("{path}/")).await.assert_status(500);
    }
}

#[tokio::test]
async fn changes_take_both_forms_too() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    let id = user
        .create("/api/organizations", json!({"name": "a"}))
        .await;
    let path = format!("/api/organizations/{id}");
    let answer = user.patch(&path, json!({"name": "b"})).await;
    assert_eq!(answer.assert_status(200).body["name"], "b");
    user.delete(&path).await.assert_status(204);
    user.post("/api/logout", json!({})).await.assert_status(204);
}
