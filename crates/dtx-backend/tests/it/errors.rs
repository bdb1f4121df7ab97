//! Every kind of error: its status, its code, its shape and its request id.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use telemetry_core::testing::capture_logs;

use crate::site::{Site, World};

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let site = Site::empty().await;
    for path in ["/api", "/api/", "/nope", "/api/nope/", "/api//teams/"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = site.nobody().send(method, path, None).await;
            answer.assert_error(404, "not_found");
        }
    }
}

#[tokio::test]
async fn an_id_that_is_no_positive_integer_or_of_no_record_is_not_found() {
    let site = Site::with_sample_data().await;
    for id in [
        "",
        "0",
        "-1",
        "+1",
        "1.0",
        "1e0",
        "0x1",
        "abc",
        "1abc",
        "%20",
        "%ff",
        "99",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        for path in [
            format!("/api/teams/{id}/"),
            format!("/api/users/{id}/"),
            format!("/api/leagues/{id}/standings/"),
            format!("/api/tournaments/{id}/bracket/"),
            format!("/api/tournaments/{id}/games/"),
            format!("/api/tournaments/{id}/standings/"),
            format!("/api/tournaments/{id}/draft/1/"),
            format!("/api/tournaments/1/draft/{id}/"),
        ] {
            let answer = site.nobody().get(&path).await;
            answer.assert_error(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_draft_is_found_beneath_its_own_tournament_alone() {
    let site = Site::with_sample_data().await;
    let answer = site.nobody().get("/api/tournaments/1/draft/1/").await;
    let direct = site.nobody().get("/api/drafts/1/").await;
    assert_eq!(answer.assert_status(200).body, direct.body);
    let answer = site.nobody().get("/api/tournaments/2/draft/1/").await;
    answer.assert_error(404, "not_found");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_with_those_it_does() {
    let site = Site::empty().await;
    for (method, path, allowed) in [
        ("PUT", "/api/teams/", "GET,HEAD,POST"),
        ("DELETE", "/api/teams", "GET,HEAD,POST"),
        ("POST", "/api/teams/1/", "GET,HEAD,PATCH,DELETE"),
        ("GET", "/api/login/", "POST"),
        ("PATCH", "/api/leagues/1/standings/", "GET,HEAD"),
        ("OPTIONS", "/api/users/me/", "GET,HEAD,PATCH"),
        ("POST", "/healthz", "GET,HEAD"),
    ] {
        let method = method.parse().unwrap();
        let answer = site.nobody().send(method, path, None).await;
        answer.assert_error(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_malformed() {
    let site = Site::empty().await;
    for body in [
        "",
        "{",
        "{\"username\":\"x\"",
        "{} {}",
        "nonsense",
        "{\"username\":\"\u{1}\"}",
    ] {
        let request = request("POST", "/api/users/").header("content-type", "application/json");
        let answer = site
            .nobody()
            .send_request(request.body(body.into()).unwrap())
            .await;
        answer.assert_error(400, "malformed");
    }
}

#[tokio::test]
async fn a_body_of_another_content_type_is_refused() {
    let site = Site::empty().await;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let mut request = request("POST", "/api/users/");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::from("{}")).unwrap();
        let answer = site.nobody().send_request(request).await;
        answer.assert_error(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_beyond_two_megabytes_is_too_large() {
    let site = Site::empty().await;
    let new = json!({"username": "x".repeat(2 * 1024 * 1024), "password": "x"});
    let answer = site.nobody().post("/api/users/", new).await;
    answer.assert_error(413, "too_large");
}

#[tokio::test]
async fn a_change_without_a_session_is_unauthenticated() {
    let site = Site::with_sample_data().await;
    for (method, path) in [
        ("POST", "/api/organizations/"),
        ("POST", "/api/leagues/"),
        ("POST", "/api/tournaments/"),
        ("POST", "/api/teams/"),
        ("POST", "/api/drafts/"),
        ("POST", "/api/games/"),
        ("POST", "/api/matches/"),
        ("PATCH", "/api/organizations/1/"),
        ("PATCH", "/api/leagues/1/"),
        ("PATCH", "/api/tournaments/1/"),
        ("PATCH", "/api/teams/1/"),
        ("PATCH", "/api/users/1/"),
        ("PATCH", "/api/users/me/"),
        ("PATCH", "/api/drafts/1/"),
        ("PATCH", "/api/games/1/"),
        ("PATCH", "/api/matches/1/"),
        ("DELETE", "/api/organizations/1/"),
        ("DELETE", "/api/users/1/"),
        ("DELETE", "/api/matches/1/"),
        ("GET", "/api/users/me/"),
    ] {
        let method: Method = method.parse().unwrap();
        for body in [None, Some(json!({}))] {
            let answer = site.nobody().send(method.clone(), path, body).await;
            answer.assert_error(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn all_fields_that_are_not_valid_are_named_at_once() {
    let site = Site::empty().await;
    let new = json!({"username": "no spaces", "password": "short"});
    let answer = site.nobody().post("/api/users/", new).await;
    answer.assert_error(422, "invalid");
    assert_eq!(
        answer.body,
        json!({"error": {
            "code": "invalid",
            "message": "not valid: password, username",
            "fields": {
                "password": ["must be 8 to 128 characters long"],
                "username": ["must be 3 to 32 characters of A-Z a-z 0-9 - _ ."],
            },
        }})
    );
}

#[tokio::test]
async fn names_are_neither_empty_nor_long_nor_odd() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    let odd = "must not begin or end with white space or hold control characters";
    for (name, problem) in [
        (String::new(), "must not be empty"),
        ("x".repeat(101), "must be at most 100 characters long"),
        (" x".into(), odd),
        ("x\n".into(), odd),
        ("x\u{0}y".into(), odd),
        ("x\u{1b}[31my".into(), odd),
    ] {
        let answer = user
            .post("/api/organizations/", json!({"name": name}))
            .await;
        answer.assert_invalid("name", problem);
    }
    let answer = user.post("/api/organizations/", json!({})).await;
    answer.assert_invalid("name", "must not be empty");
    user.create("/api/organizations/", json!({"name": "é".repeat(100)}))
        .await;
}

#[tokio::test]
async fn a_field_of_another_type_or_name_is_named() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    for (body, field, problem) in [
        (
            json!({"league_id": "1", "name": "x"}),
            "league_id",
            "invalid type: string \"1\", expected i64",
        ),
        (
            json!({"league_id": 1, "name": null}),
            "name",
            "invalid type: null, expected a string",
        ),
        (
            json!({"league_id": 1, "nmae": "x"}),
            "nmae",
            "unknown field `nmae`, expected `league_id` or `name`",
        ),
        (
            json!("x"),
            "the body",
            "invalid type: string \"x\", expected struct NewTeam",
        ),
    ] {
        let answer = user.post("/api/teams/", body).await;
        answer.assert_invalid(field, problem);
    }
}

#[tokio::test]
async fn the_request_id_of_the_client_comes_back_with_every_error() {
    let site = Site::with([("DTX_DEBUG_ROUTES", "true")]).await;
    for (method, path, status) in [
        ("GET", "/nope", 404),
        ("PUT", "/api/teams/", 405),
        ("POST", "/api/teams/", 401),
        ("POST", "/api/login/", 415),
        ("GET", "/api/teams/?page=0", 422),
        ("GET", "/api/debug/error/", 500),
        ("GET", "/api/debug/panic/", 500),
    ] {
        let request = request(method, path).header("x-request-id", "abc-123");
        let request = request.body(Body::empty()).unwrap();
        let answer = site.nobody().send_request(request).await;
        assert_eq!(
            answer.assert_status(status).header("x-request-id"),
            Some("abc-123")
        );
    }
}

#[tokio::test]
async fn a_failure_of_the_database_is_told_to_the_log_alone() {
    let site = Site::empty().await;
    let database = site.database().await;
    let rename = "ALTER TABLE teams RENAME TO hidden";
    database.execute(rename).await.unwrap();
    let logs = capture_logs();
    let answer = site.nobody().get("/api/teams/").await;
    answer.assert_error(500, "internal");
    assert_eq!(answer.body["error"]["message"], "something went wrong here");
    let line = logs.single("request_failed");
    assert_eq!(line["error"], "the database failed");
    let causes = line["exception"].as_str().unwrap();
    let cause = database.choose("no such table: teams", "relation \"teams\" does not exist");
    assert!(causes.contains(cause), "{causes}");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_and_why_to_the_log_alone() {
    let site = Site::empty().await;
    let logs = capture_logs();
    site.application.close().await;
    let answer = site.nobody().get("/api/teams/").await;
    answer.assert_error(503, "unavailable");
    let line = logs.single("request_failed");
    assert_eq!(line["error"], "the database does not answer");
    let causes = "the database does not answer\n\
                  caused by: attempted to acquire a connection on a closed pool";
    assert_eq!(line["exception"], causes);
}

#[tokio::test]
async fn a_head_request_is_answered_as_get_without_the_body() {
    let site = Site::empty().await;
    let world = World::create(&site).await;
    let answer = site
        .nobody()
        .send(Method::HEAD, "/api/teams/99/", None)
        .await;
    answer.assert_status(404);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.text.is_empty());
    let answer = world.owner.send(Method::HEAD, "/api/teams/1/", None).await;
    answer.assert_status(200);
    assert!(answer.text.is_empty());
}
