//! Pages and filters.

use serde_json::{Value, json};

use crate::site::Site;

fn ids(body: &Value) -> Vec<i64> {
    let results = body["results"].as_array().unwrap();
    results
        .iter()
        .map(|one| one["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let site = Site::empty().await;
    let user = site.user("founder").await;
    for name in ["a", "b", "c", "d", "e"] {
        user.create("/api/organizations/", json!({"name": name}))
            .await;
    }
    for (query, page, page_size, expected) in [
        ("", 1, 20, &[1, 2, 3, 4, 5][..]),
        ("?page_size=2", 1, 2, &[1, 2]),
        ("?page=2&page_size=2", 2, 2, &[3, 4]),
        ("?page=3&page_size=2", 3, 2, &[5]),
        ("?page=4&page_size=2", 4, 2, &[]),
        (
            "?page=4294967295&page_size=100",
            4_294_967_295_u32,
            100,
            &[],
        ),
    ] {
        let answer = user.get(&format!("/api/organizations/{query}")).await;
        let body = &answer.assert_status(200).body;
        assert_eq!(body["count"], 5, "{query}");
        assert_eq!(body["page"], page, "{query}");
        assert_eq!(body["page_size"], page_size, "{query}");
        assert_eq!(ids(body), expected, "{query}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let site = Site::empty().await;
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=4294967296", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=", "page_size"),
    ] {
        let answer = site.nobody().get(&format!("/api/teams/?{query}")).await;
        answer.assert_error(422, "invalid");
        assert!(
            answer.body["error"]["fields"][field].is_array(),
            "{query}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn every_resource_has_a_list() {
    let site = Site::with_sample_data().await;
    for (resource, count) in [
        ("organizations", 2),
        ("leagues", 3),
        ("tournaments", 4),
        ("teams", 8),
        ("users", 8),
        ("drafts", 4),
        ("games", 11),
        ("matches", 7),
    ] {
        let answer = site
            .nobody()
            .get(&format!("/api/{resource}/?page_size=1"))
            .await;
        assert_eq!(answer.assert_status(200).body["count"], count, "{resource}");
        assert_eq!(
            answer.body["results"].as_array().unwrap().len(),
            1,
            "{resource}"
        );
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_the_query() {
    let site = Site::with_sample_data().await;
    for (path, expected) in [
        ("/api/organizations/?owner=3", &[2][..]),
        ("/api/leagues/?organization=1", &[1, 2]),
        ("/api/tournaments/?league=1", &[1, 2]),
        ("/api/tournaments/?organization=2", &[4]),
        ("/api/tournaments/?organization=1&league=2", &[3]),
        ("/api/teams/?league=2", &[5, 6]),
        ("/api/teams/?captain=3", &[2, 7]),
        ("/api/drafts/?tournament=3", &[3]),
        ("/api/games/?tournament=2", &[5, 6, 7]),
        ("/api/games/?league=1&state=finished", &[1, 2, 3, 4, 5]),
        ("/api/games/?state=running", &[6]),
        ("/api/matches/?tournament=4", &[6, 7]),
        ("/api/matches/?game=5", &[5]),
        ("/api/matches/?league=2", &[]),
        ("/api/teams/?league=99", &[]),
        ("/api/tournaments/2/games/?page_size=2", &[5, 6]),
    ] {
        let answer = site.nobody().get(path).await;
        assert_eq!(ids(&answer.assert_status(200).body), expected, "{path}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_refused() {
    let site = Site::empty().await;
    for (path, field) in [
        ("/api/teams/?league=x", "league"),
        ("/api/games/?tournament=1.5", "tournament"),
        ("/api/games/?state=paused", "state"),
    ] {
        let answer = site.nobody().get(path).await;
        answer.assert_error(422, "invalid");
        assert!(
            answer.body["error"]["fields"][field].is_array(),
            "{answer:?}"
        );
    }
}
