//! Whoever acts for users, known by a token.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use telemetry_core::testing::capture_logs;

use crate::client::Answer;
use crate::site::Site;

const TOKEN: &str = "0123456789-s3cret";
const ACCOUNT: &str = "80351110224678912";

async fn site() -> Site {
    Site::with([("DTX_API_TOKEN", TOKEN)]).await
}

/// Sends a request with these headers.
async fn send(site: &Site, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let request = request.header("content-type", "application/json");
    let request = request.body(Body::from("{}")).unwrap();
    site.nobody().send_request(request).await
}

#[tokio::test]
async fn the_bearer_acts_for_the_user_who_has_the_discord_account() {
    let site = site().await;
    let mira = site.sample_user("mira").await;
    let change = json!({"discord_id": ACCOUNT});
    let answer = mira.patch("/api/users/me/", change).await;
    assert_eq!(answer.assert_status(200).body["discord_id"], ACCOUNT);
    for scheme in ["Bearer", "bearer"] {
        let authorization = format!("{scheme} {TOKEN}");
        let headers = [
            ("authorization", &*authorization),
            ("dtx-discord-user", ACCOUNT),
        ];
        let logs = capture_logs();
        let me = send(&site, "GET", "/api/users/me/", &headers).await;
        assert_eq!(me.assert_status(200).body["username"], "mira");
        assert_eq!(logs.single("request_completed")["user.id"], 3);
    }
    // None any more.
    let change = json!({"discord_id": null});
    let answer = mira.patch("/api/users/me/", change).await;
    assert_eq!(answer.assert_status(200).body["discord_id"], Value::Null);
    let authorization = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", &*authorization),
        ("dtx-discord-user", ACCOUNT),
    ];
    let me = send(&site, "GET", "/api/users/me/", &headers).await;
    me.assert_error(403, "forbidden");
    let message = me.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("discord_id"), "{message}");
}

#[tokio::test]
async fn a_wrong_token_is_nobodys_even_with_a_session() {
    let site = site().await;
    let mira = site.sample_user("mira").await;
    let cookie = mira.cookie.clone().unwrap();
    for token in ["", "0123456789-s3creT", "0123456789-s3cret0"] {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", &*authorization), ("cookie", &cookie)];
        let answer = send(&site, "GET", "/api/teams/", &headers).await;
        answer.assert_error(401, "unauthenticated");
    }
}

#[tokio::test]
async fn without_the_token_the_header_says_nothing() {
    let site = site().await;
    let mira = site.sample_user("mira").await;
    let change = json!({"discord_id": ACCOUNT});
    mira.patch("/api/users/me/", change)
        .await
        .assert_status(200);
    let account = ("dtx-discord-user", ACCOUNT);
    for headers in [
        &[account][..],
        // Of whoever stands before the site.
        &[account, ("authorization", "Basic dXNlcjpwYXNz")],
    ] {
        let me = send(&site, "GET", "/api/users/me/", headers).await;
        me.assert_error(401, "unauthenticated");
    }
    // The token alone is nobody's, who may read.
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", &*authorization)];
    let answer = send(&site, "GET", "/api/teams/", &headers).await;
    answer.assert_status(200);
    let answer = send(&site, "POST", "/api/games/7/join/", &headers).await;
    answer.assert_error(401, "unauthenticated");
}

#[tokio::test]
async fn without_a_setting_no_token_is_right() {
    let site = Site::with_sample_data().await;
    for token in ["Bearer ", "Bearer null", &format!("Bearer {TOKEN}")] {
        let answer = send(&site, "GET", "/api/teams/", &[("authorization", token)]).await;
        answer.assert_error(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_discord_account_is_one_users_who_sets_it_or_the_staff_does() {
    let site = site().await;
    let [mira, juno] = ["mira", "juno"].map(|name| site.sample_user(name));
    let (mira, juno) = (mira.await, juno.await);
    let account = json!({"discord_id": ACCOUNT});
    mira.patch("/api/users/me/", account.clone())
        .await
        .assert_status(200);
    let answer = juno.patch("/api/users/me/", account.clone()).await;
    answer.assert_error(409, "conflict");
    let answer = juno.patch("/api/users/3/", account).await;
    answer.assert_error(403, "forbidden");
    let staff = site.sample_user("organizer").await;
    let other = json!({"discord_id": "1"});
    let answer = staff.patch("/api/users/3/", other).await;
    assert_eq!(answer.assert_status(200).body["discord_id"], "1");
    // What else is changed leaves it.
    let answer = mira
        .patch("/api/users/me/", json!({"username": "miranda"}))
        .await;
    assert_eq!(answer.assert_status(200).body["discord_id"], "1");
    for bad in ["", "0", "007", "-1", "+1", "1e3", "18446744073709551616"] {
        let answer = juno
            .patch("/api/users/me/", json!({"discord_id": bad}))
            .await;
        answer.assert_invalid("discord_id", "must be an id of Discord, in digits");
    }
}
