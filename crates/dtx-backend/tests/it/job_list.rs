//! The list of jobs, for the staff.

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn the_staff_alone_sees_jobs_and_puts_them_back() {
    let site = Site::with_sample_data().await;
    for path in ["/api/jobs/", "/api/jobs/?status=all"] {
        site.nobody()
            .get(path)
            .await
            .assert_error(401, "unauthenticated");
        let captain = site.sample_user("captain").await;
        captain.get(path).await.assert_error(403, "forbidden");
    }
    let path = "/api/jobs/01M7YKKF0DQCRANFCHHTQVKYMS/retry/";
    let answer = site.nobody().post(path, json!({})).await;
    answer.assert_error(401, "unauthenticated");
    let captain = site.sample_user("captain").await;
    captain
        .post(path, json!({}))
        .await
        .assert_error(403, "forbidden");
    let staff = site.sample_user("organizer").await;
    staff
        .post(path, json!({}))
        .await
        .assert_error(404, "not_found");
    let answer = staff.get("/api/jobs/").await;
    let empty = json!({"count": 0, "page": 1, "page_size": 20, "results": []});
    assert_eq!(answer.assert_status(200).body, empty);
}

#[tokio::test]
async fn results_and_finished_games_enqueue_jobs_that_are_listed_by_status() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let staff = site.sample_user("organizer").await;
    let finished = json!({"state": "finished"});
    captain
        .patch("/api/games/6/", finished)
        .await
        .assert_status(200);
    let result = json!({"game_id": 6, "winner_id": 2, "steam_match_id": 77});
    let created = captain.post("/api/matches/", result).await;
    created.assert_status(201);
    let id = created.body["id"].as_i64().unwrap();
    captain
        .delete(&format!("/api/matches/{id}/"))
        .await
        .assert_status(204);

    let answer = staff.get("/api/jobs/?status=pending").await;
    let jobs = answer.assert_status(200).body["results"]
        .as_array()
        .unwrap()
        .clone();
    let names: Vec<_> = jobs
        .iter()
        .map(|job| job["name"].as_str().unwrap())
        .collect();
    let standings = "recompute_standings";
    assert_eq!(
        names,
        [standings, "process_match_stats", standings, standings]
    );
    let job = &jobs[1];
    assert_eq!(job["request_id"], created.header("x-request-id").unwrap());
    assert_eq!(job["status"], "pending");
    assert_eq!(
        (&job["attempts"], &job["max_attempts"]),
        (&json!(0), &json!(5))
    );
    assert!(
        job["last_error"].is_null() && job["finished_at"].is_null(),
        "{job}"
    );
    assert!(job["run_at"].as_str().unwrap().ends_with('Z'), "{job}");

    for (query, count) in [
        ("", 0),
        ("?status=dead", 0),
        ("?status=running", 0),
        ("?status=done", 0),
        ("?status=all", 4),
    ] {
        let answer = staff.get(&format!("/api/jobs/{query}")).await;
        assert_eq!(answer.assert_status(200).body["count"], count, "{query}");
    }
    let page = staff.get("/api/jobs/?status=all&page=2&page_size=3").await;
    assert_eq!(page.body["results"].as_array().unwrap(), &jobs[3..]);
    let answer = staff.get("/api/jobs/?status=lost").await;
    answer.assert_status(422);
    // One that is not dead stays where it is.
    let path = format!("/api/jobs/{}/retry/", job["id"].as_str().unwrap());
    staff
        .post(&path, json!({}))
        .await
        .assert_error(409, "conflict");
}

#[tokio::test]
async fn a_job_that_cannot_be_enqueued_does_not_fail_the_request() {
    let site = Site::with_sample_data().await;
    let captain = site.sample_user("captain").await;
    let database = site.database().await;
    let rename = database.choose(
        "ALTER TABLE Jobs RENAME TO hidden",
        "ALTER TABLE apalis.jobs RENAME TO hidden",
    );
    database.execute(rename).await.unwrap();
    let logs = telemetry_core::testing::capture_logs();
    let answer = captain
        .patch("/api/matches/1/", json!({"steam_match_id": 77}))
        .await;
    answer.assert_status(200);
    let failures = logs.named("enqueue_failed");
    assert_eq!(failures.len(), 2, "{}", logs.text());
    assert!(
        failures[1]["error"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("jobs"),
        "{}",
        logs.text()
    );
}
