//! Signing up, and changing oneself.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn whoever_signs_up_is_an_ordinary_user_and_not_logged_in() {
    let site = Site::empty().await;
    let new = json!({"username": "mira", "password": "first-pick-roshan"});
    let answer = site.nobody().post("/api/users/", new).await;
    assert_eq!(
        answer.assert_status(201).header("location"),
        Some("/api/users/1/")
    );
    assert!(answer.header("set-cookie").is_none());
    let fields: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["created_at", "discord_id", "id", "is_staff", "username"]
    );
    assert_eq!(answer.body["is_staff"], false);
    let read = site.nobody().get("/api/users/1/").await;
    assert_eq!(read.assert_status(200).body, answer.body);
}

#[tokio::test]
async fn nobody_signs_up_as_staff() {
    let site = Site::empty().await;
    let new = json!({"username": "mira", "password": "first-pick-roshan", "is_staff": true});
    let answer = site.nobody().post("/api/users/", new).await;
    answer.assert_error(422, "invalid");
}

#[tokio::test]
async fn a_username_is_taken_once_in_any_case() {
    let site = Site::empty().await;
    site.user("mira").await;
    let juno = site.user("juno").await;
    for username in ["mira", "MIRA"] {
        let new = json!({"username": username, "password": "first-pick-roshan"});
        let answer = site.nobody().post("/api/users/", new).await;
        answer.assert_error(409, "conflict");
        let answer = juno
            .patch("/api/users/me/", json!({"username": username}))
            .await;
        answer.assert_error(409, "conflict");
    }
}

#[tokio::test]
async fn usernames_and_passwords_have_their_bounds() {
    let site = Site::empty().await;
    let good = "first-pick-roshan";
    for (username, password, status) in [
        ("ab", good, 422),
        (&*"a".repeat(33), good, 422),
        ("mi ra", good, 422),
        ("míra", good, 422),
        ("mira", "seven77", 422),
        ("mira", &"x".repeat(129), 422),
        ("mira", "éééééééé", 201),
        (&"a".repeat(32), &"x".repeat(128), 201),
    ] {
        let new = json!({"username": username, "password": password});
        let answer = site.nobody().post("/api/users/", new).await;
        answer.assert_status(status);
    }
}

#[tokio::test]
async fn users_change_themselves_and_a_new_password_ends_their_sessions() {
    let site = Site::empty().await;
    let mut user = site.user("mira").await;
    let answer = user
        .patch("/api/users/me/", json!({"username": "miranda"}))
        .await;
    assert_eq!(answer.assert_status(200).body["username"], "miranda");
    let answer = user
        .patch("/api/users/1/", json!({"password": "second-pick"}))
        .await;
    answer.assert_status(200);
    let answer = user.get("/api/users/me/").await;
    answer.assert_error(401, "unauthenticated");
    user.log_in("miranda", "second-pick").await;
    user.get("/api/users/me/").await.assert_status(200);
}

#[tokio::test]
async fn only_the_staff_makes_staff() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let answer = captain
        .patch("/api/users/me/", json!({"is_staff": true}))
        .await;
    answer.assert_error(403, "forbidden");
    let staff = site.sample_user("organizer").await;
    let answer = staff
        .patch("/api/users/1/", json!({"is_staff": true}))
        .await;
    assert_eq!(answer.assert_status(200).body["is_staff"], true);
    assert_eq!(captain.get("/api/users/me/").await.body["is_staff"], true);
}

#[tokio::test]
async fn a_user_who_owns_nothing_may_leave() {
    let site = Site::empty().await;
    let user = site.user("mira").await;
    let organization = user
        .create("/api/organizations/", json!({"name": "a"}))
        .await;
    let answer = user.delete("/api/users/1/").await;
    answer.assert_error(409, "conflict");
    let path = format!("/api/organizations/{organization}/");
    user.delete(&path).await.assert_status(204);
    user.delete("/api/users/1/").await.assert_status(204);
    let answer = user.get("/api/users/me/").await;
    answer.assert_error(401, "unauthenticated");
}
