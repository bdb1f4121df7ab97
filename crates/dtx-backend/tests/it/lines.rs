//! What the log says of requests.

use serde_json::json;
use telemetry_core::Value;
use telemetry_core::testing::{CapturedEvent, capture_logs};

use crate::site::{Site, World};

#[tokio::test]
async fn every_line_of_a_request_has_the_user_of_its_session() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let logs = capture_logs();
    let new = json!({"league_id": 1, "name": "Aegis"});
    captain.create("/api/teams/", new).await;
    for event in ["team_created", "request_completed"] {
        assert_eq!(logs.single(event)["user.id"], 1, "{event}");
    }
}

#[tokio::test]
async fn a_request_without_a_session_has_no_user() {
    let site = Site::with_sample_data().await;
    let logs = capture_logs();
    site.nobody().get("/api/users/2/").await.assert_status(200);
    let line = logs.single("request_completed");
    assert_eq!(line.get("user.id"), None);
    assert_eq!(line["labels"], Value::List(vec!["user".into()]));
}

#[tokio::test]
async fn errors_that_no_handler_sees_have_the_user_too() {
    let site = Site::with([("DTX_DEBUG_ROUTES", "true")]).await;
    let captain = site.sample_user("captain").await;
    for (path, event) in [
        ("/nope", "request_completed"),
        ("/api/login/", "request_completed"),
        ("/api/debug/panic/", "request_failed"),
    ] {
        let logs = capture_logs();
        captain.get(path).await;
        assert_eq!(logs.single(event)["user.id"], 1, "{path}");
    }
}

#[tokio::test]
async fn the_path_is_on_the_line_as_the_client_sent_it() {
    let site = Site::with_sample_data().await;
    for path in ["/api/tournaments/2/draft/2/", "/api/tournaments/2/draft/2"] {
        let logs = capture_logs();
        site.nobody().get(path).await.assert_status(200);
        let line = logs.single("request_completed");
        assert_eq!(line["http.route"], path);
        assert_eq!(line["tournament.id"], 2);
        assert_eq!(line["draft.id"], 2);
        let labels = Value::List(vec!["tournament".into(), "draft".into()]);
        assert_eq!(line["labels"], labels);
    }
}

#[tokio::test]
async fn what_is_created_names_its_id_and_what_is_changed_has_it_from_the_path() {
    let site = Site::empty().await;
    let logs = capture_logs();
    let world = World::create(&site).await;
    for (event, key, id) in [
        (
            "organization_created",
            "organization.id",
            world.organization,
        ),
        ("league_created", "league.id", world.league),
        ("tournament_created", "tournament.id", world.tournament),
        ("draft_created", "draft.id", world.draft),
        ("game_created", "game.id", world.game),
        ("game_started", "game.id", world.game),
        ("game_finished", "game.id", world.game),
        ("match_created", "match.id", world.match_),
    ] {
        assert_eq!(logs.single(event)[key], id, "{event}");
    }
    let path = format!("/api/matches/{}/", world.match_);
    world.owner.patch(&path, json!({"first_score": 31})).await;
    world.owner.delete(&path).await;
    for event in ["match_updated", "match_deleted"] {
        assert_eq!(logs.single(event)["match.id"], world.match_, "{event}");
    }
}

#[tokio::test]
async fn a_login_names_who_logged_in_and_a_failed_one_nobody() {
    let site = Site::with_sample_data().await;
    let logs = capture_logs();
    site.sample_user("mira").await;
    for event in ["user_logged_in", "request_completed"] {
        assert_eq!(logs.single(event)["user.id"], 3, "{event}");
    }
    let credentials = json!({"username": "mira", "password": "wrong"});
    site.nobody().post("/api/login/", credentials).await;
    assert_eq!(logs.single("login_failed").get("user.id"), None);
}

#[tokio::test]
async fn passwords_hashes_and_tokens_are_on_no_line_and_in_no_answer() {
    let site = Site::empty().await;
    let logs = capture_logs();
    let user = site.user("captain").await;
    let answers = [
        user.get("/api/users/").await,
        user.get("/api/users/me/").await,
        user.patch("/api/users/me/", json!({"password": "second-pick"}))
            .await,
        user.post(
            "/api/login/",
            json!({"username": "captain", "password": "wrong-pick"}),
        )
        .await,
    ];
    let text = answers
        .iter()
        .fold(logs.text(), |text, answer| text + &answer.text);
    let token = user.cookie.unwrap();
    let token = token.strip_prefix("dtx_session=").unwrap();
    for secret in ["first-pick", "second-pick", "wrong-pick", "argon2", token] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_do_not_see_each_others_context() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let mira = site.sample_user("mira").await;
    let nobody = site.nobody();
    let logs = capture_logs();
    for _ in 0..20 {
        tokio::join!(
            captain.get("/api/tournaments/1/"),
            mira.get("/api/leagues/2/standings/"),
            nobody.get("/api/games/3/"),
        );
    }
    let is = |event: &CapturedEvent, key: &str, id: i64| {
        event.get(key).is_some_and(|value| *value == id)
    };
    let lines = logs.named("request_completed");
    assert_eq!(lines.len(), 60);
    for line in lines {
        let route = line["http.route"].to_string();
        let (user, resource) = match &*route {
            "/api/tournaments/1/" => (Some(1), ("tournament.id", 1)),
            "/api/leagues/2/standings/" => (Some(3), ("league.id", 2)),
            _ => (None, ("game.id", 3)),
        };
        assert!(is(&line, resource.0, resource.1), "{}", line.line);
        let has_user = user.is_none_or(|user| is(&line, "user.id", user));
        assert!(
            has_user && line.get("user.id").is_some() == user.is_some(),
            "{}",
            line.line
        );
        let ids = line.keys().filter(|key| key.ends_with(".id")).count();
        assert_eq!(ids, 2 + usize::from(user.is_some()), "{}", line.line);
    }
}
