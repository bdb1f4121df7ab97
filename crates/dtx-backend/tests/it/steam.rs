//! Refreshing a match from Steam, and other requests that the site sends.

use serde_json::json;
use telemetry_core::testing::capture_logs;

use crate::site::Site;
use crate::stub::Stub;

/// A site with a match that Steam knows as 77, and its owner's answer to refreshing it.
async fn site(steam_url: &str) -> Site {
    Site::with([("STEAM_API_URL", steam_url), ("STEAM_API_KEY", "s3cret")]).await
}

#[tokio::test]
async fn a_match_is_refreshed_from_steam() {
    let details = json!({
        "result": {"match_id": 77, "radiant_win": false, "radiant_score": 12, "dire_score": 40}
    });
    let steam = Stub::answering(details).await;
    let site = site(&steam.url).await;
    let captain = site.sample_user("captain").await;
    let path = "/api/matches/1/";
    let change = json!({"steam_match_id": 77});
    let before = captain
        .patch(path, change)
        .await
        .assert_status(200)
        .body
        .clone();

    let logs = capture_logs();
    let answer = captain.post(&format!("{path}refresh/"), json!({})).await;
    let refreshed = &answer.assert_status(200).body;
    assert_eq!(refreshed["winner_id"], before["second_team_id"]);
    assert_eq!(refreshed["first_score"], 12);
    assert_eq!(refreshed["second_score"], 40);
    assert_eq!(captain.get(path).await.body, *refreshed);
    assert_eq!(logs.single("match_refreshed")["match.id"], 1);

    let [request] = &steam.requests()[..] else {
        panic!("{:?}", steam.requests());
    };
    let target = "/IDOTA2Match_570/GetMatchDetails/v1/?match_id=77&key=s3cret";
    assert_eq!(request.target, target);
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(request.headers["x-request-id"], id);
}

#[tokio::test]
async fn a_match_without_a_steam_match_cannot_be_refreshed() {
    let steam = Stub::answering(json!({})).await;
    let site = site(&steam.url).await;
    let path = "/api/matches/1/refresh/";
    let captain = site.sample_user("captain").await;
    let answer = captain.post(path, json!({})).await;
    answer.assert_error(409, "conflict");
    let answer = site.nobody().post(path, json!({})).await;
    answer.assert_error(401, "unauthenticated");
    let answer = site.user("stranger").await.post(path, json!({})).await;
    answer.assert_error(403, "forbidden");
    assert!(steam.requests().is_empty());
}

#[tokio::test]
async fn what_steam_says_of_an_unknown_match_is_a_conflict() {
    let steam = Stub::answering(json!({"result": {"error": "Match ID not found"}})).await;
    let site = site(&steam.url).await;
    let captain = site.sample_user("captain").await;
    let change = json!({"steam_match_id": 77});
    captain
        .patch("/api/matches/1/", change)
        .await
        .assert_status(200);
    let logs = capture_logs();
    let answer = captain.post("/api/matches/1/refresh/", json!({})).await;
    answer.assert_error(409, "conflict");
    assert_eq!(
        logs.single("steam_match_unknown")["error"],
        "Match ID not found"
    );
}

#[tokio::test]
async fn a_steam_that_does_not_answer_is_a_bad_gateway_and_its_key_is_not_told() {
    let nonsense = Stub::answering(json!(["nonsense"])).await.url;
    // Port 9 discards, where it is open at all.
    for url in [&*nonsense, "http://127.0.0.1:9"] {
        let site = site(url).await;
        let captain = site.sample_user("captain").await;
        let change = json!({"steam_match_id": 77});
        captain
            .patch("/api/matches/1/", change)
            .await
            .assert_status(200);
        let logs = capture_logs();
        let answer = captain.post("/api/matches/1/refresh/", json!({})).await;
        answer.assert_error(502, "bad_gateway");
        let line = logs.single("request_failed");
        assert!(line["error"].as_str().is_some(), "{}", line.line);
        assert!(!logs.text().contains("s3cret"), "{}", logs.text());
    }
}

#[tokio::test]
async fn calls_are_posted_to_their_services_with_the_requests_id() {
    let service = Stub::answering(json!("any answer")).await;
    let site = Site::with([("DTX_DEBUG_ROUTES", "true"), ("DTX_SAMPLE_DATA", "false")]).await;
    let calls = json!([
        {"url": format!("{}/first", service.url), "arguments": [{"deeper": true}]},
        {"url": format!("{}/second", service.url), "arguments": []},
    ]);
    let answer = site.nobody().post("/api/debug/fan-out/", calls).await;
    assert_eq!(answer.assert_status(200).body, json!({"calls": 2}));
    let requests = service.requests();
    let seen: Vec<_> = requests.iter().map(|r| (&*r.target, &*r.body)).collect();
    assert_eq!(
        seen,
        [("/first", r#"[{"deeper":true}]"#), ("/second", "[]")]
    );
    let id = answer.header("x-request-id").unwrap();
    for request in &requests {
        assert_eq!(request.headers["x-request-id"], id);
    }

    let calls = json!([{"url": "http://127.0.0.1:9/", "arguments": []}]);
    let answer = site.nobody().post("/api/debug/fan-out/", calls).await;
    answer.assert_error(502, "bad_gateway");
    let answer = site.nobody().post("/api/debug/fan-out/", json!({})).await;
    answer.assert_error(400, "malformed");
}
