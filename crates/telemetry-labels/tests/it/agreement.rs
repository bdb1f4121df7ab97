//! The fast matcher against a slow, plain reading of the same rules with `regex`.

use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;
use telemetry_labels::LabelExtractor;

use crate::extract;

static QUERY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[?#](?s:.*)$").unwrap());
static LOOKED_AT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^/(?:api|ws|draft|tournament)/").unwrap());
static RESOURCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^(?:(tournament|draft|league|organization|game|team|user)s?|(match)(?:es)?)$")
        .unwrap()
});
static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[0-9]+$").unwrap());
static MARKER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^(?:standings|bracket|stats)$").unwrap());

/// The rules of the contract, one regular expression each, in no hurry.
fn plain_reading(path: &str) -> (Vec<String>, Vec<(String, String)>) {
    let path = QUERY.replace(path, "");
    let (mut labels, mut ids) = (Vec::new(), Vec::new());
    if !LOOKED_AT.is_match(&path) {
        return (labels, ids);
    }
    let segments: Vec<&str> = path.split('/').collect();
    for (at, segment) in segments.iter().enumerate() {
        let is_last =
            at + 1 == segments.len() || (at + 2 == segments.len() && segments[at + 1].is_empty());
        let label = match RESOURCE.captures(segment) {
            Some(found) => found.get(1).or(found.get(2)).unwrap().as_str(),
            None if is_last && MARKER.is_match(segment) => segment,
            None => continue,
        };
        if labels.iter().any(|known| known == label) {
            continue;
        }
        labels.push(label.to_owned());
        let next = segments.get(at + 1).copied().unwrap_or_default();
        if DIGITS.is_match(next)
            && label != "user"
            && RESOURCE.is_match(segment)
            && let Ok(id) = next.parse::<u64>()
        {
            ids.push((format!("{label}.id"), id.to_string()));
        }
    }
    (labels, ids)
}

/// Segments that matter, near misses of them, and anything at all.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "api", "ws", "tournament", "tournaments", "draft", "drafts", "league", "leagues",
            "organization", "organizations", "match", "matches", "game", "games", "team", "teams",
            "user", "users", "standings", "bracket", "stats", "me", "matchs", "Teams", "teamss",
            "", "5abc", "+5", "-1", "0x10", "18446744073709551615", "18446744073709551616",
            "00000000000000000000000000000000007", "٣", "5 ", "stats ", "draft\0", "game\0\0\0\0", "5\0",
        ]).prop_map(str::to_owned),
        2 => "[0-9]{1,22}",
        1 => "\\PC{0,6}",
    ]
}

fn path() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(vec![
        "/api/",
        "/ws/",
        "/draft/",
        "/tournament/",
        "/",
        "",
        "/apiary/",
        "api/",
        "/API/",
        "//api/",
    ]);
    let tail = prop::sample::select(vec![
        "",
        "/",
        "//",
        "?page=2",
        "/?a=/teams/3/",
        "#stats",
        "/#?",
    ]);
    (prefix, prop::collection::vec(segment(), 0..7), tail)
        .prop_map(|(prefix, segments, tail)| format!("{prefix}{}{tail}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_matcher_agrees_with_a_plain_reading(path in path()) {
        prop_assert_eq!(extract(&LabelExtractor::new(), &path), plain_reading(&path));
    }

    #[test]
    fn no_input_panics(path in "(?s).{0,200}") {
        let own = LabelExtractor::builder()
            .prefix("/")
            .resource("article", ["articles"], telemetry_labels::IdKind::Slug)
            .resource("upload", ["uploads"], telemetry_labels::IdKind::Uuid)
            .pattern("any", r"(?<id>.)/")
            .build()
            .unwrap();
        for extractor in [&own, &LabelExtractor::new()] {
            prop_assert!(extractor.extract(&path).count() <= 64);
        }
    }
}
