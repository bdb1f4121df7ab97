//! Whether the site lives, and whether it can work.

use serde_json::json;
use telemetry_core::testing::capture_logs;

use crate::site::Site;

#[tokio::test]
async fn a_site_with_its_database_lives_and_is_ready() {
    let site = Site::empty().await;
    let logs = capture_logs();
    for path in ["/healthz", "/readyz"] {
        let answer = site.nobody().get(path).await;
        assert_eq!(answer.assert_status(200).body, json!({"status": "ok"}));
    }
    assert!(
        logs.named("request_completed").is_empty(),
        "{}",
        logs.text()
    );
}

#[tokio::test]
async fn a_site_without_its_database_lives_and_is_not_ready() {
    let site = Site::empty().await;
    let logs = capture_logs();
    site.application.close().await;
    site.nobody().get("/healthz").await.assert_status(200);
    let answer = site.nobody().get("/readyz").await;
    answer.assert_error(503, "unavailable");
    let line = logs.single("request_failed");
    let problem = "attempted to acquire a connection on a closed pool";
    assert_eq!(line["error"], problem);
}

#[tokio::test]
async fn a_database_that_is_damaged_while_the_site_runs_makes_it_not_ready() {
    let site = Site::empty().await;
    let database = site.database().await;
    let rename = "ALTER TABLE users RENAME TO hidden";
    database.execute(rename).await.unwrap();
    site.nobody().get("/healthz").await.assert_status(200);
    let answer = site.nobody().get("/readyz").await;
    answer.assert_error(503, "unavailable");
}

#[tokio::test]
async fn a_cookie_makes_no_difference_to_health() {
    let site = Site::empty().await;
    let user = site.user("captain").await;
    site.application.close().await;
    user.get("/healthz").await.assert_status(200);
}
