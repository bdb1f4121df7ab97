//! The built-in rules, one by one.

use telemetry_labels::LabelExtractor;

use crate::extract;

fn labels(path: &str) -> Vec<String> {
    extract(&LabelExtractor::new(), path).0
}

fn ids(path: &str) -> Vec<(String, String)> {
    extract(&LabelExtractor::new(), path).1
}

#[test]
fn only_the_known_prefixes_are_looked_at() {
    for path in [
        "/teams/1/",
        "/static/teams/1/",
        "/apiary/teams/1/",
        "api/teams/1/",
        "/API/teams/1/",
    ] {
        assert!(labels(path).is_empty(), "{path}");
    }
    for path in [
        "/api/teams/1/",
        "/ws/teams/1/",
        "/draft/x/teams/1/",
        "/tournament/x/teams/1/",
    ] {
        assert!(labels(path).contains(&"team".to_owned()), "{path}");
    }
}

#[test]
fn the_query_string_and_the_fragment_are_ignored() {
    assert_eq!(labels("/api/games/?next=/api/teams/3/"), ["game"]);
    assert_eq!(labels("/api/games/#/teams/3/"), ["game"]);
    assert_eq!(labels("/api/games/3/stats?x=1"), ["game", "stats"]);
}

#[test]
fn a_label_is_given_once_at_its_first_occurrence() {
    assert_eq!(labels("/api/team/1/games/2/teams/3/"), ["team", "game"]);
    assert_eq!(ids("/api/teams/me/teams/3/"), []);
}

#[test]
fn ids_are_digits_alone_that_fit_64_bits() {
    assert_eq!(
        ids("/api/games/18446744073709551615/"),
        [("game.id".into(), u64::MAX.to_string())]
    );
    assert_eq!(ids("/api/games/007/"), [("game.id".into(), "7".into())]);
    for path in [
        "/api/games/18446744073709551616/",
        "/api/games/-1/",
        "/api/games/+1/",
        "/api/games/1.0/",
        "/api/games/1 /",
        "/api/games//1/",
    ] {
        assert_eq!(ids(path), [], "{path}");
    }
}

#[test]
fn users_give_no_id() {
    assert_eq!(
        extract(&LabelExtractor::new(), "/api/users/42/teams/1/"),
        (
            vec!["user".into(), "team".into()],
            vec![("team.id".into(), "1".into())]
        )
    );
}

#[test]
fn markers_count_only_as_the_last_segment() {
    assert_eq!(labels("/api/leagues/3/standings"), ["league", "standings"]);
    assert_eq!(labels("/api/leagues/3/standings/"), ["league", "standings"]);
    assert_eq!(labels("/api/leagues/3/standings/5/"), ["league"]);
    assert_eq!(ids("/api/stats/"), []);
    assert_eq!(labels("/api/stats/stats/"), ["stats"]);
}

#[test]
fn percent_encoding_is_not_decoded() {
    assert_eq!(labels("/api/%74eams/5/"), Vec::<String>::new());
}
