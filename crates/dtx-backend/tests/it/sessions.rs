//! Logging in and out.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::client::Client;
use crate::site::Site;

async fn log_in(client: &Client, username: &str, password: &str) -> crate::client::Answer {
    let credentials = json!({"username": username, "password": password});
    client.post("/api/login/", credentials).await
}

#[tokio::test]
async fn a_login_answers_with_the_user_and_a_cookie_that_scripts_cannot_read() {
    let site = Site::empty().await;
    let user = site.user("captain").await;
    let answer = log_in(&site.nobody(), "captain", "first-pick-roshan").await;
    assert_eq!(
        answer.assert_status(200).body,
        user.get("/api/users/me/").await.body
    );
    let cookie = answer.header("set-cookie").unwrap();
    let (token, attributes) = cookie.split_once("; ").unwrap();
    let token = token.strip_prefix("dtx_session=").unwrap();
    assert_eq!(token.len(), 43, "256 bits in base64");
    assert_eq!(
        attributes,
        "HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600"
    );
}

#[tokio::test]
async fn the_cookie_is_for_tls_alone_when_the_settings_say_so() {
    let site = Site::with([("DTX_COOKIE_SECURE", "true")]).await;
    let answer = log_in(&site.nobody(), "captain", "first-pick-roshan").await;
    let cookie = answer.assert_status(200).header("set-cookie").unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_wrong_login_does_not_say_what_is_wrong() {
    let site = Site::empty().await;
    site.user("captain").await;
    let mut answers = Vec::new();
    for (username, password) in [
        ("captain", "second-pick-roshan"),
        ("captain", ""),
        ("nobody", "first-pick-roshan"),
        ("", ""),
    ] {
        let answer = log_in(&site.nobody(), username, password).await;
        answer.assert_error(401, "unauthenticated");
        assert!(answer.header("set-cookie").is_none());
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_username_logs_in_in_any_case() {
    let site = Site::empty().await;
    site.user("Captain").await;
    let answer = log_in(&site.nobody(), "cAPTAIN", "first-pick-roshan").await;
    assert_eq!(answer.assert_status(200).body["username"], "Captain");
}

#[tokio::test]
async fn a_logout_ends_this_session_and_no_other() {
    let site = Site::empty().await;
    let here = site.user("captain").await;
    let mut there = site.nobody();
    there.log_in("captain", "first-pick-roshan").await;
    let answer = here.post("/api/logout/", json!({})).await;
    let cookie = answer.assert_status(204).header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("dtx_session=; ") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    let answer = here.get("/api/users/me/").await;
    answer.assert_error(401, "unauthenticated");
    there.get("/api/users/me/").await.assert_status(200);
    site.nobody()
        .post("/api/logout/", json!({}))
        .await
        .assert_status(204);
}

#[tokio::test]
async fn a_cookie_of_no_session_is_nobodys() {
    let site = Site::empty().await;
    for cookie in [
        "dtx_session=x",
        "dtx_session=",
        "dtx_session",
        "other=x",
        "=;;=",
        "é",
    ] {
        for (path, status) in [("/api/teams/", 200), ("/api/users/me/", 401)] {
            let request = Request::get(path).header("cookie", cookie.as_bytes());
            let request = request.body(Body::empty()).unwrap();
            let answer = site.nobody().send_request(request).await;
            answer.assert_status(status);
        }
    }
}

#[tokio::test]
async fn a_session_that_has_expired_is_nobodys_and_goes_with_the_next_login() {
    let site = Site::empty().await;
    let user = site.user("captain").await;
    let database = site.database().await;
    let expire = "UPDATE sessions SET expires_at = '2020-01-01T00:00:00Z'";
    database.execute(expire).await.unwrap();
    let answer = user.get("/api/users/me/").await;
    answer.assert_error(401, "unauthenticated");
    site.nobody().log_in("captain", "first-pick-roshan").await;
    assert_eq!(database.count("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn the_database_holds_neither_tokens_nor_passwords() {
    let site = Site::empty().await;
    let user = site.user("captain").await;
    site.application.close().await;
    let bytes = std::fs::read(site.database_file()).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("captain") && holds("$argon2id$"));
    assert!(!holds("first-pick-roshan"));
    let cookie = user.cookie.unwrap();
    assert!(!holds(cookie.strip_prefix("dtx_session=").unwrap()));
}

#[tokio::test]
async fn a_session_outlives_a_restart() {
    let site = Site::empty().await;
    let cookie = site.user("captain").await.cookie;
    let site = site.restarted().await;
    let mut client = site.nobody();
    client.cookie = cookie;
    client.get("/api/users/me/").await.assert_status(200);
}
