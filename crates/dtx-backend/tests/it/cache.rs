//! What is cached, and that no change is overlooked.

use std::time::{Duration, Instant};

use axum::http::{Method, Request};
use serde_json::{Value, json};
use test_servers::RedisServer;

use crate::cache_contents::CacheContents as _;
use crate::client::Client;
use crate::program::{PATIENCE, succeed};
use crate::site::{Site, World};
use crate::workers::{self, Server};

/// The table of the first tournament of a site.
pub(crate) const TABLE: &str = "/api/tournaments/1/standings/";
const LEAGUE_TABLE: &str = "/api/leagues/1/standings/";

/// A site with the sample data, cached there.
pub(crate) async fn site(redis: &RedisServer) -> Site {
    Site::with([("REDIS_URL", &redis.url())]).await
}

/// Changes something by the back door, so that the cache is not told.
async fn behind_the_back(site: &Site, sql: &'static str) {
    let database = site.database().await;
    database.execute(sql).await.unwrap();
}

const RENAME: &str = "UPDATE teams SET name = 'Renamed' WHERE id = 1";

#[tokio::test]
async fn a_table_that_is_cached_spares_the_database() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let site = site(&redis).await;
    for path in [TABLE, LEAGUE_TABLE] {
        let first = site.nobody().get(path).await.text;
        behind_the_back(&site, RENAME).await;
        assert_eq!(site.nobody().get(path).await.text, first);
        redis.empty().await;
        let now = site.nobody().get(path).await.text;
        assert!(now.contains("Renamed") && !first.contains("Renamed"));
        behind_the_back(&site, "UPDATE teams SET name = 'Before' WHERE id = 1").await;
        redis.empty().await;
    }
}

#[tokio::test]
async fn a_table_is_cached_within_the_process_for_a_second_where_there_is_no_redis() {
    let site = Site::with_sample_data().await;
    let begun = Instant::now();
    let first = site.nobody().get(TABLE).await.text;
    behind_the_back(&site, RENAME).await;
    let second = site.nobody().get(TABLE).await.text;
    if begun.elapsed() < Duration::from_millis(900) {
        assert_eq!(second, first);
    }
    until(async || site.nobody().get(TABLE).await.text.contains("Renamed")).await;
}

#[tokio::test]
async fn each_change_of_what_a_table_follows_from_is_seen_at_once() {
    let redis = RedisServer::start();
    let Some(redis) = &redis else { return };
    for url in ["", &redis.url()] {
        let site = Site::with([("REDIS_URL", url), ("DTX_SAMPLE_DATA", "false")]).await;
        let world = World::create(&site).await;
        let owner = &world.owner;
        let new_team = json!({"league_id": world.league, "name": "Crows"});
        let third = {
            let [before, _] = tables(&site, &world, redis).await;
            let third = owner.create("/api/teams/", new_team).await;
            let after = owner.get(&league_table(&world)).await.body;
            assert_ne!(after, before, "a team");
            third
        };
        let game = json!({
            "tournament_id": world.tournament,
            "first_team_id": third,
            "second_team_id": world.teams[0],
        });
        let result = format!("/api/matches/{}/", world.match_);
        // What is changed, and whether that is seen in the table of the league and of the tournament.
        let mut changes = vec![
            (
                Method::PATCH,
                result.clone(),
                Some(json!({"first_score": 99})),
                [true, true],
            ),
            (
                Method::PATCH,
                format!("/api/teams/{}/", world.teams[0]),
                Some(json!({"name": "Axes and more"})),
                [true, true],
            ),
            (
                Method::POST,
                "/api/games/".to_owned(),
                Some(game),
                [false, true],
            ),
            (
                Method::DELETE,
                "/api/games/2/".to_owned(),
                None,
                [false, true],
            ),
            (Method::DELETE, result, None, [true, true]),
            (
                Method::DELETE,
                format!("/api/teams/{third}/"),
                None,
                [true, false],
            ),
        ];
        let again = json!({"game_id": world.game, "first_score": 1, "second_score": 2});
        let again = (
            Method::POST,
            "/api/matches/".to_owned(),
            Some(again),
            [true, true],
        );
        changes.push(again);
        for (method, path, body, is_seen) in changes {
            let before = tables(&site, &world, redis).await;
            let answer = owner.send(method.clone(), &path, body).await;
            assert!(answer.status.is_success(), "{answer:?}");
            let paths = [league_table(&world), tournament_table(&world)];
            for ((path, before), is_seen) in paths.iter().zip(before).zip(is_seen) {
                let after = site.nobody().get(path).await.body;
                let what = format!("{method} {path} at {url:?}");
                assert_eq!(after != before, is_seen, "{what}: {after}");
            }
        }
    }
}

fn league_table(world: &World) -> String {
    format!("/api/leagues/{}/standings/", world.league)
}

fn tournament_table(world: &World) -> String {
    format!("/api/tournaments/{}/standings/", world.tournament)
}

/// The tables of a league and a tournament, which are cached now.
async fn tables(site: &Site, world: &World, redis: &RedisServer) -> [Value; 2] {
    // What was changed a moment ago is not cached.
    redis.empty().await;
    let league = site.nobody().get(&league_table(world)).await.body;
    let tournament = site.nobody().get(&tournament_table(world)).await.body;
    [league, tournament]
}

#[tokio::test]
async fn a_tournament_that_is_deleted_has_no_table_any_more() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let site = site(&redis).await;
    let captain = site.sample_user("captain").await;
    let new = json!({"league_id": 1, "name": "Autumn"});
    let id = captain.create("/api/tournaments/", new).await;
    let path = format!("/api/tournaments/{id}/standings/");
    captain.get(&path).await.assert_status(200);
    assert!(redis.keys().await.len() >= 2, "the session too");
    let record = format!("/api/tournaments/{id}/");
    captain.delete(&record).await.assert_status(204);
    captain.get(&path).await.assert_error(404, "not_found");
}

#[tokio::test]
async fn what_another_process_changes_is_seen_at_once_in_redis() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let site = site(&redis).await;
    let other = site.another_process().await;
    let captain = site.sample_user("captain").await;
    let there = Client {
        cookie: captain.cookie.clone(),
        ..Client::new(other.router())
    };
    let before = captain.get(TABLE).await.body;
    let change = json!({"first_score": 99});
    let answer = there.patch("/api/matches/1/", change).await;
    answer.assert_status(200);
    assert_ne!(captain.get(TABLE).await.body, before);

    captain.get("/api/users/me/").await.assert_status(200);
    let answer = there.post("/api/logout/", json!({})).await;
    answer.assert_status(204);
    let answer = captain.get("/api/users/me/").await;
    answer.assert_error(401, "unauthenticated");
}

#[tokio::test]
async fn a_table_that_a_worker_has_stored_is_seen() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let url = redis.url();
    let directory = tempfile::tempdir().unwrap();
    let variables = [("REDIS_URL", &*url)];
    let server = Server::start(&directory, &variables).await;
    let change = json!({"first_score": 40});
    let url = format!("{}/api/matches/1/", server.url);
    succeed(Request::patch(url), &server.captain, &change).await;
    // Nothing stands in the way of its being cached without the time.
    redis.empty().await;
    let before = server.get(TABLE).await;
    assert_eq!(before["computed_at"], Value::Null);
    assert!(
        redis
            .keys()
            .await
            .iter()
            .any(|key| key.contains("tournament"))
    );
    let worker = workers::worker(&directory, &variables).await;
    server
        .until(TABLE, |table| table["computed_at"].is_string())
        .await;
    workers::end(worker).await;
    server.end().await;
}

#[tokio::test]
async fn a_session_is_cached_by_the_hash_of_its_token_and_ends_at_once() {
    let redis = RedisServer::start();
    let Some(redis) = &redis else { return };
    for url in ["", &redis.url()] {
        let site = Site::with([("REDIS_URL", url)]).await;
        let captain = site.sample_user("captain").await;
        let me = captain.get("/api/users/me/").await;
        me.assert_status(200);
        if !url.is_empty() {
            let keys = redis.keys().await;
            assert_eq!(keys.len(), 1, "{keys:?}");
            assert!(keys[0].starts_with("dtx:session:"), "{keys:?}");
            let cookie = captain.cookie.clone().unwrap();
            let token = cookie.strip_prefix("dtx_session=").unwrap();
            assert!(!keys[0].contains(token), "{keys:?}");
            behind_the_back(&site, "DELETE FROM sessions").await;
            // It is not asked.
            let again = captain.get("/api/users/me/").await;
            assert_eq!(again.assert_status(200).text, me.text);
        }
        let answer = captain.post("/api/logout/", json!({})).await;
        answer.assert_status(204);
        let answer = captain.get("/api/users/me/").await;
        answer.assert_error(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_change_of_a_user_is_seen_at_once_in_all_their_sessions() {
    let redis = RedisServer::start();
    let Some(redis) = &redis else { return };
    for url in ["", &redis.url()] {
        let site = Site::with([("REDIS_URL", url), ("DTX_SAMPLE_DATA", "false")]).await;
        let here = site.user("mira").await;
        let mut there = site.nobody();
        there.log_in("mira", "first-pick-roshan").await;
        let me = async |client: &Client| client.get("/api/users/me/").await;
        for client in [&here, &there] {
            assert_eq!(me(client).await.body["username"], "mira");
        }
        let change = json!({"username": "miranda"});
        here.patch("/api/users/me/", change)
            .await
            .assert_status(200);
        redis.empty().await;
        for client in [&here, &there] {
            assert_eq!(me(client).await.body["username"], "miranda");
        }
        let change = json!({"password": "second-pick-roshan"});
        here.patch("/api/users/me/", change)
            .await
            .assert_status(200);
        for client in [&here, &there] {
            me(client).await.assert_error(401, "unauthenticated");
        }
        let mut here = here;
        here.log_in("miranda", "second-pick-roshan").await;
        me(&here).await.assert_status(200);
        here.delete("/api/users/1/").await.assert_status(204);
        me(&here).await.assert_error(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_session_ends_at_its_time_although_it_is_cached() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let site = site(&redis).await;
    let captain = site.sample_user("captain").await;
    let database = site.database().await;
    let soon = database.choose(
        "UPDATE sessions SET expires_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+5 seconds')",
        "UPDATE sessions SET expires_at = now() + interval '5 seconds'",
    );
    database.execute(soon).await.unwrap();
    captain.get("/api/users/me/").await.assert_status(200);
    until(async || captain.get("/api/users/me/").await.status == 401).await;
    // What is cached is there still.
    assert_eq!(redis.keys().await.len(), 1);
}

/// Waits until something holds.
pub(crate) async fn until(holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE);
    }
}
